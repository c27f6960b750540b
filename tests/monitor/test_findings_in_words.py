"""Pieces of sentences: what is said of a count that is not shown."""

from cds_service.monitor.disclosure import Shown, disclose_percentage
from cds_service.monitor.findings_in_words import amount, number, of


def test_a_masked_count_is_not_said_to_be_small() -> None:
    """It may be masked for the sake of another."""
    assert amount(Shown(None), "order") == "a masked number of orders"
    assert of(disclose_percentage(Shown(None), Shown(40))) == "masked"


def test_nothing_and_a_count_are_said_as_they_are() -> None:
    """0 is never masked for its size."""
    assert amount(Shown(0), "order") == "no orders"
    assert amount(Shown(1_205), "order") == "1,205 orders"


def test_one_thing_is_not_told_as_several() -> None:
    """`1 EHRs` looks as if nobody had read the page."""
    assert [number(of_things, "EHR") for of_things in (0, 1, 1200)] == ["0 EHRs", "1 EHR", "1,200 EHRs"]
