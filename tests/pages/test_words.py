"""Dates and numbers as pages write them."""

from datetime import date

import pytest

from cds_service.pages.words import day_in_words, number_in_words


@pytest.mark.parametrize(("number", "words"), [(1234, "1,234"), (0, "0"), ("*", "*"), (12.5, "12.5")])
def test_numbers_are_read_at_a_glance(number: float | str, words: str) -> None:
    """And what is hidden stays hidden."""
    assert number_in_words(number) == words


def test_a_day_is_written_out() -> None:
    """No reader takes it for the second of January."""
    assert day_in_words(date(2027, 2, 1)) == "1 February 2027"
