"""What the room is given: the function that answers a hook call as the service does, and what it gives back."""

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

from cds_service.pathway.decision import Decision
from cds_service.pathway.model import Rule

JsonObject = dict[str, Any]


class Decided(NamedTuple):
    """What was decided of one order, and on what it rests.

    Attributes:
        decision: the decision.
        rule: the rule as its pathway states it; None when that pathway does not state it.
        pathway: title and version of the pathway that speaks.
    """

    decision: Decision
    rule: Rule | None
    pathway: str


class Answered(NamedTuple):
    """The answer to one call.

    Attributes:
        status: the HTTP status.
        body: the body: cards, or an OperationOutcome.
        decided: one for each evaluated order; none when no order is an MSK MRI or ultrasound.
    """

    status: int
    body: JsonObject
    decided: tuple[Decided, ...]


Ask = Callable[[JsonObject, date], Answered]
"""Answers a hook call as on a day in Europe/London, and keeps nothing of it."""
