"""What came from elsewhere is made short and harmless; nulls and empties are found wherever they stand."""

import pytest

from cds_service.vendor.words import LONGEST_QUOTE, empty_elements, printable, quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, naïve", "plain text, naïve"),
        ("two\nlines", "two\nlines"),
        ("\x1b[2Jgone", " [2Jgone"),
        ("bell\x07", "bell "),
        ("\u202ereversed", "reversed"),
        ("join\u2060ed", "joined"),
        ("\x9b31m", " 31m"),
    ],
)
def test_text_cannot_steer_a_terminal(text: str, shown: str) -> None:
    """Neither by control characters nor by direction marks."""
    assert printable(text) == shown


def test_a_quotation_is_one_short_line() -> None:
    """At most 80 characters."""
    assert quoted("a\n  b") == "'a b'"
    assert len(quoted("x" * 1000)) == LONGEST_QUOTE + len("''")


def test_empty_elements_are_found_at_any_depth() -> None:
    """By their place."""
    content = {"cards": [{"detail": "", "links": [], "source": {"url": None, "label": "x"}, "ok": [0, False]}]}

    assert set(empty_elements(content)) == {"cards[0].detail", "cards[0].links", "cards[0].source.url"}


def test_a_null_beside_an_extended_primitive_is_left_alone() -> None:
    """FHIR writes it so inside arrays of a resource, and nowhere else."""
    resource = {"resourceType": "Patient", "_given": [None, {"id": "a"}], "birthDate": None}

    assert list(empty_elements({"resource": resource})) == ["resource.birthDate"]


def test_very_deep_content_is_looked_through() -> None:
    """Without recursion."""
    deep: object = None
    for _ in range(50_000):
        deep = [deep]

    assert len(list(empty_elements(deep))) == 1
