"""The log's rows added up as pages need them: exact counts, which go through disclosure before anybody sees them."""

from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Iterable
from typing import Final, NamedTuple, Protocol, TypeVar

from cds_service.pathway.outcomes import RED_FLAGS, Outcome

ACCEPTED: Final = "accepted"
OVERRIDDEN: Final = "overridden"
NOT_ANSWERED: Final = "not_answered"
ANSWERS: Final = (ACCEPTED, OVERRIDDEN, NOT_ANSWERED)
"""What can become of a card that was shown; together they are all cards shown."""

CRITICAL: Final = (Outcome.CES, Outcome.MSCC)
"""Outcomes of minutes and hours."""

REDIRECTS: Final = (Outcome.REDIRECT,)
"""Outcomes whose card can be accepted in place of the scan; a redirect of unknown setting suggests nothing."""

OUT_OF_SCOPE: Final = frozenset(
    {
        Outcome.NOT_APPLICABLE,
        Outcome.OUTSIDE_FOOTPRINT,
        Outcome.NOT_EFFECTIVE,
        Outcome.COULD_NOT_EVALUATE,
        Outcome.OUT_OF_POLICY,
    }
)
"""Outcomes of orders that no pathway in force speaks of; all others are in scope."""

TOLD_OF_PLACES: Final = tuple(outcome.value for outcome in Outcome if outcome not in {*OUT_OF_SCOPE, *RED_FLAGS})
"""Outcomes in scope that may be told of places below a footprint (docs/monitor.md, "Small numbers"): no red flags."""


class Counted(Protocol):
    """A row of a report with evaluations and what became of their cards."""

    @property
    def evaluations(self) -> int:
        """Evaluated orders."""

    @property
    def cards(self) -> int:
        """Cards shown."""

    @property
    def accepted(self) -> int:
        """Of those, accepted."""

    @property
    def suggestions_accepted(self) -> int:
        """Of those, with an accepted suggestion."""

    @property
    def overridden(self) -> int:
        """Cards overridden."""


class Sums(NamedTuple):
    """Exact sums over rows of a report."""

    evaluations: int = 0
    cards: int = 0
    accepted: int = 0
    suggestions_accepted: int = 0
    overridden: int = 0

    @property
    def answers(self) -> dict[str, int]:
        """Cards by what became of them."""
        return {
            ACCEPTED: self.accepted,
            OVERRIDDEN: self.overridden,
            NOT_ANSWERED: self.cards - self.accepted - self.overridden,
        }


class OfOutcome(Protocol):
    """A row of one outcome."""

    @property
    def outcome(self) -> str:
        """What the rules answered."""


_Row = TypeVar("_Row", bound=Counted)
_RowOfOutcome = TypeVar("_RowOfOutcome", bound=OfOutcome)
_Group = TypeVar("_Group", bound=Hashable)


def in_scope(rows: Iterable[_RowOfOutcome]) -> list[_RowOfOutcome]:
    """The rows of orders that a pathway in force speaks of."""
    return [row for row in rows if row.outcome not in OUT_OF_SCOPE]


def of_outcomes(rows: Iterable[_RowOfOutcome], outcomes: Container[str]) -> list[_RowOfOutcome]:
    """The rows of some outcomes."""
    return [row for row in rows if row.outcome in outcomes]


def but_red_flags(rows: Iterable[_RowOfOutcome]) -> list[_RowOfOutcome]:
    """The rows of what may be told of places below a footprint (docs/monitor.md, "Small numbers")."""
    return [row for row in rows if row.outcome not in RED_FLAGS]


def in_precedence(outcomes: Iterable[str]) -> list[str]:
    """Outcomes in the order in which the rules are asked; those that this version does not know come last."""
    order = {outcome.value: place for place, outcome in enumerate(Outcome)}
    return sorted(outcomes, key=lambda outcome: (order.get(outcome, len(order)), outcome))


def grouped(rows: Iterable[_Row], group_of: Callable[[_Row], _Group]) -> dict[_Group, Sums]:
    """The sums of each group of rows, in the order in which the groups come."""
    sums: dict[_Group, list[int]] = defaultdict(lambda: [0] * len(Sums._fields))
    for row in rows:
        of_group = sums[group_of(row)]
        of_group[0] += row.evaluations
        of_group[1] += row.cards
        of_group[2] += row.accepted
        of_group[3] += row.suggestions_accepted
        of_group[4] += row.overridden
    return {group: Sums._make(counts) for group, counts in sums.items()}
