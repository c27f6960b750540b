"""Dates and numbers as pages write them."""

from datetime import date


def day_in_words(day: date) -> str:
    """A date as a person reads it: `1 January 2027`."""
    return f"{day.day} {day:%B %Y}"


def number_in_words(number: float | str) -> str:
    """A number with its thousands apart: `12,345`; a text, such as the `*` of a hidden count, as it is."""
    return number if isinstance(number, str) else f"{number:,}"
