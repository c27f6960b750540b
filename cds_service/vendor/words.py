"""What came from a service, made fit to be shown: short, on one line, without control characters; and JSON's shapes."""

import unicodedata
from collections.abc import Iterator
from typing import Any

JsonObject = dict[str, Any]
"""A JSON object as parsed."""

LONGEST_QUOTE = 80
"""Characters of a service's own words that a finding repeats."""


def printable(text: str) -> str:
    """Text that cannot steer a terminal: control characters but the line feed become blanks, invisible ones go."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Cc" and character != "\n":
        return " "
    return "" if kind in {"Cf", "Cs"} else character


def quoted(value: object) -> str:
    """A value as it came, in quotation marks, on one line, cut at 80 characters."""
    text = " ".join(printable(str(value)).split())
    return f"'{text}'" if len(text) <= LONGEST_QUOTE else f"'{text[: LONGEST_QUOTE - 1]}…'"


def is_text(value: object) -> bool:
    """Whether a value is a string with something in it."""
    return isinstance(value, str) and bool(value.strip())


def objects(value: object) -> list[JsonObject]:
    """The objects of an array; nothing when it is no array."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def placed_objects(value: object, place: str) -> Iterator[tuple[JsonObject, str]]:
    """The objects of an array, each with its place, as `cards[0]`."""
    for position, one in enumerate(value if isinstance(value, list) else ()):
        if isinstance(one, dict):
            yield one, f"{place}[{position}]"


def empty_elements(value: object, place: str = "") -> Iterator[str]:
    """The places of null and empty values at any depth (r3), in no particular order.

    A `null` inside an array of a FHIR resource is left alone: FHIR writes it beside an extended primitive. It does
    not recurse, since what is looked at comes from elsewhere and may be nested deeply.
    """
    waiting: list[tuple[object, str, bool]] = [(value, place, False)]
    while waiting:
        one, where, in_resource = waiting.pop()
        if (one is None and not (in_resource and where.endswith("]"))) or one in ("", [], {}):
            yield where
        elif isinstance(one, dict):
            fhir = in_resource or "resourceType" in one
            waiting.extend((member, f"{where}.{name}" if where else str(name), fhir) for name, member in one.items())
        elif isinstance(one, list):
            waiting.extend((member, f"{where}[{position}]", in_resource) for position, member in enumerate(one))
