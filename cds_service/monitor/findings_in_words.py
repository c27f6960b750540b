"""Pieces of the sentences that pages say of figures; every number in them is as it may be shown."""

from collections.abc import Sequence
from typing import Final

from cds_service.monitor.asked import Asked
from cds_service.monitor.disclosure import Shown, ShownPercentage
from cds_service.monitor.sums import CRITICAL
from cds_service.pathway.outcomes import Outcome

EMPTY_LOG: Final = "Nothing was logged for this choice"
"""The finding where there is nothing to find."""

WHY_EMPTY: Final = (
    "No order was evaluated in these weeks for this choice. Choose a longer period or fewer filters. "
    "In a new deployment, figures of a week come when the week is over."
)

_NONE_OF_ALL_BEFORE: Final = "No figures of the whole period before"
_NO_WHOLE_WEEK: Final = "No whole week was logged for this choice"
_WHY_NO_WHOLE_WEEK: Final = (
    "The log of this choice begins within these weeks. A week is shown by itself when it was logged from its Monday to "
    "its Sunday."
)


def nothing_by_week(asked: Asked, name: str) -> tuple[str, str]:
    """Finding and sentence where no week has anything: the log has none, or only a part of a week, or all are 0.

    Args:
        asked: the request.
        name: what is counted, as the subject of a sentence.

    Raises:
        CardLogStoreError: the database failed.
    """
    begun = asked.first_day
    if begun is None or begun > asked.period.last:
        return EMPTY_LOG, WHY_EMPTY
    if begun > asked.period.last_monday:
        return _NO_WHOLE_WEEK, _WHY_NO_WHOLE_WEEK
    if asked.weeks_to_come:
        return f"{name}: none in the weeks that are worked out", "Others of these weeks are still being worked out."
    return f"{name}: none in these weeks", f"The log has these weeks, and in them none{for_choice(asked)}."


def being_worked_out(asked: Asked) -> list[str]:
    """What the reader has to know of a period whose figures are not all there; nothing as a rule.

    Raises:
        CardLogStoreError: the database failed.
    """
    due = len(asked.days_due)
    if not due:
        return []
    told = (
        f"Figures of {number(due, 'day')} are still being worked out: what is told of these weeks may be too low, or "
        "missing. They are there in some minutes, as a rule; if not, the log of the service says why."
    )
    if asked.weeks_to_come:
        weeks = number(len(asked.weeks_to_come), "week")
        told += f" Of {weeks} there is nothing yet: tables and charts leave such out."
    return [told]


def amount(count: Shown, one: str) -> str:
    """`1,205 orders`; `a masked number of orders` where it is not shown, for whatever reason; `no orders`."""
    many = f"{one}s"
    if count.rounded is None:
        return f"a masked number of {many}"
    return f"no {many}" if count.rounded == 0 else f"{count} {many}"


def number(of_things: int, one: str) -> str:
    """`1 practice`, `12 practices`: of things that are not people."""
    return f"{of_things:,} {one if of_things == 1 else f'{one}s'}"


def of(part: ShownPercentage) -> str:
    """`62% (3,105 of 5,010)`; words where a count is masked or there is nothing to divide by."""
    if part.percent is not None:
        return f"{part} ({part.numerator} of {part.denominator})"
    return "none" if part.denominator.rounded == 0 else "masked"


def looked_at(asked: Asked, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those of some outcomes that the page's choice of an outcome leaves; of the others it can say nothing."""
    chosen = asked.selection.outcome
    return [outcome for outcome in outcomes if chosen is None or outcome == chosen]


def not_looked_at(what: str) -> str:
    """What is said in place of figures that a choice of another outcome leaves out: they are not 0."""
    return f"{what} are not looked at: another outcome is chosen"


def for_choice(asked: Asked) -> str:
    """What follows "none was shown" where a page is narrowed: elsewhere there may be some."""
    return " for this choice" if asked.selection.narrowed_by() else ""


def critical_words(asked: Asked) -> str:
    """Which critical cards a page looks at; it looks at one at least."""
    left = looked_at(asked, CRITICAL)
    return "CES, MSCC" if len(left) == len(CRITICAL) else f"{left[0].value.upper()} alone, as chosen"


def of_one_critical(asked: Asked) -> str:
    """What a label says after "critical cards" where only one kind of them is chosen."""
    return "" if asked.selection.outcome is None else f" ({critical_words(asked)})"


def unanswered_critical(asked: Asked, shown: Shown, not_answered: ShownPercentage) -> str:
    """How many critical cards went unanswered; where none was shown, that is not good news by itself.

    Args:
        asked: the request, which may have chosen another outcome.
        shown: critical cards shown.
        not_answered: the part of them that was not answered.
    """
    if not looked_at(asked, CRITICAL):
        return f"{not_looked_at('Critical cards (CES, MSCC)')}."
    if shown.rounded == 0:
        return (
            f"No critical card ({critical_words(asked)}) was shown{for_choice(asked)}: the page Data quality says "
            "whether reasons reach the service as codes."
        )
    return f"Critical cards ({critical_words(asked)}) that were not answered: {of(not_answered)}."


def before_note(asked: Asked, before: Shown | ShownPercentage) -> str | None:
    """What the same was in the period before; None when there was nothing to measure.

    Args:
        asked: the request, which knows whether there are figures of all that period.
        before: the same figure of the period before.

    Raises:
        CardLogStoreError: the database failed.
    """
    if not asked.has_period_before:
        return "The period before is still being worked out" if asked.days_before_due else _NONE_OF_ALL_BEFORE
    if isinstance(before, ShownPercentage) and before.percent is None and before.denominator.rounded == 0:
        return None
    return f"Period before: {before}"
