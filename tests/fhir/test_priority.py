import pytest
from fhir_builders import KNEE_PAIN, concept, order

from cds_service.fhir.priority import PRIORITY_REASON, Priority, read_priority

REASON = concept(KNEE_PAIN)


@pytest.mark.parametrize(
    ("sent", "code", "is_high"),
    [
        ({}, "routine", False),
        ({"priority": None}, "routine", False),
        ({"priority": "routine"}, "routine", False),
        ({"priority": "urgent"}, "urgent", False),
        ({"priority": "asap"}, "asap", True),
        ({"priority": "STAT"}, "stat", True),
        ({"priority": "two weeks"}, "two weeks", True),
        ({"priority": " "}, None, True),
        ({"priority": ["stat"]}, None, True),
    ],
)
def test_the_priority_of_an_order(sent: dict[str, object], code: str | None, is_high: bool) -> None:
    """None is routine; what nobody here knows is not taken for something that can wait."""
    priority = read_priority(order(**sent))

    assert (priority, priority.is_high) == (Priority(code, ()), is_high)


def test_its_reasons_are_uk_cores() -> None:
    """Several may stand there; other extensions, and junk, are passed over."""
    extensions = [
        {"url": PRIORITY_REASON, "valueCodeableConcept": REASON},
        {"url": "https://other.example", "valueCodeableConcept": {"text": "other"}},
        {"url": PRIORITY_REASON, "valueCodeableConcept": "junk"},
        {"url": PRIORITY_REASON, "valueCodeableConcept": {}},
        {"url": PRIORITY_REASON},
        "junk",
        {"url": PRIORITY_REASON, "valueCodeableConcept": {"text": "fell"}},
    ]

    assert read_priority(order(priority="asap", _priority={"extension": extensions})).reasons == (
        REASON,
        {"text": "fell"},
    )


@pytest.mark.parametrize("element", [None, "junk", [], {}, {"extension": {}}, {"extension": None}])
def test_an_extension_of_another_form_is_none(element: object) -> None:
    """It is shown and nothing rests on it, so that nothing is refused for it."""
    assert read_priority(order(_priority=element)).reasons == ()
