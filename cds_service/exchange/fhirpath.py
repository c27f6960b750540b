"""Writing FHIRPath that is true or false for any input, and never empty.

An applicability condition that came out empty would leave an action out, and with it a red flag. Every test
here asks whether something is in a variable, or exists in it, so that an empty variable is unknown and no more.
Source: FHIRPath (Normative Release 2.0), sections "Collections", "Existence" and "Environment variables".
"""

from collections.abc import Iterable
from datetime import date

from cds_service.exchange.facts import FactName

FHIRPATH = "text/fhirpath"
"""The language code of these expressions (HL7 value set `expression-language`)."""

NEVER = "false"
"""An expression that holds for nothing."""


def states(fact: FactName, *values: str) -> str:
    """Whether the fact has one of the values."""
    if len(values) == 1:
        return f"'{values[0]}' in {_values(fact)}"
    tests = " or ".join(f"$this = '{value}'" for value in values)
    return f"{_values(fact)}.where({tests}).exists()"


def states_other_than(fact: FactName, *values: str) -> str:
    """Whether the fact has any other value than these."""
    tests = " and ".join(f"$this != '{value}'" for value in values)
    return f"{_values(fact)}.where({tests}).exists()"


def says(fact: FactName, *, value: bool) -> str:
    """Whether a yes-or-no fact has this value."""
    return f"{str(value).lower()} in {_values(fact)}"


def is_known(fact: FactName) -> str:
    """Whether the fact is known at all."""
    return f"{_values(fact)}.exists()"


def below(fact: FactName, bound: int) -> str:
    """Whether the number is known and is less than the bound."""
    return f"{_values(fact)}.where($this < {bound}).exists()"


def before(fact: FactName, day: date) -> str:
    """Whether the date is known and lies before the day."""
    return f"{_values(fact)}.where($this < @{day.isoformat()}).exists()"


def after(fact: FactName, day: date) -> str:
    """Whether the date is known and lies after the day."""
    return f"{_values(fact)}.where($this > @{day.isoformat()}).exists()"


def none(expression: str) -> str:
    """The contrary."""
    return f"({expression}).not()"


def either(*expressions: str) -> str:
    """Whether at least one holds; `NEVER` among them is left out."""
    return _joined(" or ", [one for one in expressions if one != NEVER]) or NEVER


def both(*expressions: str) -> str:
    """Whether all hold."""
    return NEVER if NEVER in expressions else _joined(" and ", expressions)


def _joined(word: str, expressions: Iterable[str]) -> str:
    parts = list(expressions)
    return parts[0] if len(parts) == 1 else word.join(f"({part})" for part in parts)


def _values(fact: FactName) -> str:
    return f"%{fact}"
