from collections.abc import Callable

import pytest

from cds_service.fhir.shapes import (
    MalformedOrderError,
    as_object,
    as_text,
    codings,
    codings_of,
    concept_words,
    has_coding,
    objects,
    status_codes,
)

JUNK: list[object] = [
    None,
    True,
    False,
    0,
    -1.5,
    "",
    "  ",
    "text",
    [],
    [None],
    [[]],
    ["text", 7],
    [[{"coding": []}]],
    {},
    {"coding": None},
    {"coding": "text"},
    {"coding": {}},
    {"coding": [None, 7, "text", [], {}]},
    {"coding": [{"system": 1, "code": 2}]},
    {"coding": [{"system": ["a"], "code": {"b": 1}}]},
    {"coding": [{"system": "a"}, {"code": "  "}]},
    {"text": 7},
    {"text": {"div": "text"}},
]


@pytest.mark.parametrize("value", JUNK)
@pytest.mark.parametrize("reader", [codings, codings_of])
def test_junk_holds_no_coding(reader: Callable[[object], list[tuple[str, str]]], value: object) -> None:
    """Whatever stands in place of a CodeableConcept, a coding needs a system and a code."""
    assert reader(value) == []


@pytest.mark.parametrize("value", JUNK)
def test_junk_says_nothing_in_words_and_holds_no_code(value: object) -> None:
    """No word and no code is read where a concept should be."""
    assert (concept_words(value), has_coding(value)) == ([], False)


@pytest.mark.parametrize("value", [value for value in JUNK if not isinstance(value, dict)])
def test_what_is_no_object_is_read_as_an_empty_one(value: object) -> None:
    """A reader may ask for members at once."""
    assert as_object(value) == {}


def test_an_object_is_read_as_it_is() -> None:
    """Nothing is dropped from an object."""
    assert as_object({"a": None}) == {"a": None}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ("text", []),
        ({"a": 1}, []),
        ([], []),
        ([{"a": 1}], [{"a": 1}]),
        ([None, {"a": 1}, "text", [], {"b": 2}], [{"a": 1}, {"b": 2}]),
    ],
)
def test_only_the_objects_of_an_array_are_read(value: object, expected: list[object]) -> None:
    """Strings, nulls and nested arrays among them are passed over."""
    assert objects(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), (7, None), (True, None), ([], None), ("", None), (" \t\n", None), ("a", "a"), (" a b ", "a b")],
)
def test_text_is_a_trimmed_string_that_is_not_blank(value: object, expected: str | None) -> None:
    """Anything else is no text."""
    assert as_text(value) == expected


def test_every_coding_that_has_both_parts_is_read_in_order() -> None:
    """Translations of one concept stand side by side."""
    concept = {"coding": [{"system": "a", "code": "1"}, {"display": "no code"}, {"system": "b", "code": "2"}]}
    assert codings(concept) == [("a", "1"), ("b", "2")]


def test_codings_of_several_concepts_are_joined() -> None:
    """One concept or a list of them is read alike, since elements differ in that."""
    one, other = {"coding": [{"system": "a", "code": "1"}]}, {"coding": [{"system": "b", "code": "2"}]}
    assert codings_of([one, None, other]) == codings_of(one) + codings_of(other) == [("a", "1"), ("b", "2")]


def test_the_words_of_a_concept_are_its_text_and_then_its_displays() -> None:
    """The text is what the clinician saw."""
    concept = {"coding": [{"display": "first"}, {"display": " "}, {"display": "second"}], "text": " said "}
    assert concept_words(concept) == ["said", "first", "second"]


def test_a_status_is_read_with_and_without_its_system() -> None:
    """What is no code is passed over."""
    concept = {"coding": [{"system": "a", "code": "active"}, {"code": "resolved"}, {"code": 7}, {"display": "x"}, None]}
    assert status_codes(concept) == ["active", "resolved"]


@pytest.mark.parametrize("value", [None, "active", 7, [], ["active"], {}, {"coding": "active"}, {"text": "active"}])
def test_junk_is_no_status(value: object) -> None:
    """A status in words is none of the fixed codes."""
    assert status_codes(value) == []


def test_a_code_without_a_system_is_still_a_code() -> None:
    """It is not known, and it is there."""
    assert has_coding({"coding": [{"code": "X1"}]})


def test_a_malformed_order_names_the_element_and_what_belongs_there() -> None:
    """The caller can mend the call by the message alone."""
    error = MalformedOrderError("context.draftOrders.entry", "an array of entries")
    assert (str(error), error.path, error.expected) == (
        "context.draftOrders.entry: expected an array of entries",
        "context.draftOrders.entry",
        "an array of entries",
    )
