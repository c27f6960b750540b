"""The statements that count the events of some days: evaluations, cards, overrides, red flags.

A card counts under the evaluation that it leads with, and by its last feedback. Each statement names the days that it
reads, so that PostgreSQL opens only their partitions, and gives its columns in the order of the table that it fills.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Label,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    select,
    union_all,
)

from cds_service.cardlog.partitions import month_of
from cds_service.cardlog.schema import card, evaluation, feedback
from cds_service.pathway.outcomes import RED_FLAGS

MISSING: Final[dict[str, ColumnElement[bool]]] = {
    "without_indication": evaluation.c.indication_present.is_(False),
    "setting_unknown": evaluation.c.setting == "unknown",
    "oncology_unknown": evaluation.c.oncology == "unknown",
    "known_by_text": evaluation.c.known_by == "text",
}
"""What may be missing in an order, by the column that counts it."""

_ONE_DAY: Final = timedelta(days=1)
_ACCEPTED: Final = "accepted"
_OVERRIDDEN: Final = "overridden"


def evaluations_and_cards(
    period: ColumnElement[date],
    keys: Iterable[str],
    missing: dict[str, ColumnElement[bool]],
    days: tuple[date, date],
) -> Select[tuple[object, ...]]:
    """Evaluations, and cards by their last feedback.

    Args:
        period: the day or week that is counted, the first column.
        keys: the columns of evaluations by which it is counted.
        missing: some of `MISSING`.
        days: the first and the last day.
    """
    places = [_known(evaluation.c[key]) for key in keys]
    none = literal(0)
    evaluated = select(
        *places,
        literal(1).label("evaluations"),
        *(none.label(name) for name in ("cards", "accepted", "suggestions_accepted", "overridden")),
        *(one_if(condition).label(name) for name, condition in missing.items()),
    ).where(evaluation.c.occurred_on.between(*days))
    last = last_feedback(_cards_shown(days), days[0])
    shown = (
        select(
            *places,
            none.label("evaluations"),
            literal(1).label("cards"),
            one_if(last.c.outcome == _ACCEPTED).label("accepted"),
            one_if(last.c.suggestion_accepted.is_(True)).label("suggestions_accepted"),
            one_if(last.c.outcome == _OVERRIDDEN).label("overridden"),
            *(none.label(name) for name in missing),
        )
        .select_from(card)
        .join(evaluation, _lead())
        .outerjoin(last, last.c.card_id == card.c.card_id)
        .where(card.c.occurred_on.between(*days), evaluation.c.occurred_on.between(*days))
    )
    both = union_all(evaluated, shown).subquery()
    grouped = [both.c[place.name] for place in places]
    sums = [func.sum(column) for column in list(both.c)[len(grouped) :]]
    return select(period, *grouped, *sums).group_by(*grouped)


def overrides(period: ColumnElement[date], days: tuple[date, date]) -> Select[tuple[object, ...]]:
    """Overridden cards by place, client and reason; arguments as above."""
    last = last_feedback(_cards_shown(days), days[0])
    keys = ("region", "borough", "pcn", "organisation", "client_id", "modality", "outcome")
    grouped = (
        *(_known(evaluation.c[key]) for key in keys),
        _known(last.c.override_reason_system),
        _known(last.c.override_reason_code),
    )
    each = (
        select(*grouped, last.c.had_comment)
        .select_from(card)
        .join(evaluation, _lead())
        .join(last, last.c.card_id == card.c.card_id)
        .where(card.c.occurred_on.between(*days), evaluation.c.occurred_on.between(*days))
        .where(last.c.outcome == _OVERRIDDEN)
        .subquery()
    )
    names = [each.c[column.name] for column in grouped]
    return select(period, *names, func.count(), func.sum(one_if(each.c.had_comment.is_(True)))).group_by(*names)


def red_flag_cards(period: ColumnElement[date], days: tuple[date, date]) -> Select[tuple[object, ...]]:
    """Red-flag cards by place, client, hook, modality, outcome and answer; arguments as above."""
    red_flags = card.c.outcome.in_([outcome.value for outcome in RED_FLAGS])
    last = last_feedback(_cards_shown(days).where(red_flags), days[0])
    keys = ("region", "borough", "client_id", "hook", "modality", "outcome")
    each = (
        select(*(_known(evaluation.c[key]) for key in keys), func.coalesce(last.c.outcome, "").label("answer"))
        .select_from(card)
        .join(evaluation, _lead())
        .outerjoin(last, last.c.card_id == card.c.card_id)
        .where(card.c.occurred_on.between(*days), evaluation.c.occurred_on.between(*days), red_flags)
        .subquery()
    )
    return select(period, *each.c, func.count()).group_by(*each.c)


def heard_since(first: date) -> date:
    """The first day of the feedback that is looked at for cards shown from a day on: the first of the month before.

    A card is answered after it was shown, but a clock may have been ahead and put right. The bound is there so that
    PostgreSQL opens few months of feedback.
    """
    return month_of(month_of(first) - _ONE_DAY)


def last_feedback(cards: Select[tuple[str]], first: date) -> Subquery:
    """The entry that counts of each card: the last by the clinician's time, of two the one received later.

    Within an hour the ids tell which that was; those of two processes do not, and then one of them counts by chance.

    Args:
        cards: ids of cards.
        first: the first day on which one of them was shown.
    """
    latest_first = (
        feedback.c.outcome_timestamp.desc(),
        feedback.c.received_on.desc(),
        feedback.c.received_hour.desc(),
        feedback.c.event_id.desc(),
    )
    ranked = (
        select(feedback, func.row_number().over(partition_by=feedback.c.card_id, order_by=latest_first).label("place"))
        .where(feedback.c.received_on >= heard_since(first), feedback.c.card_id.in_(cards))
        .subquery()
    )
    return select(ranked).where(ranked.c.place == 1).subquery("last_feedback")


def _cards_shown(days: tuple[date, date]) -> Select[tuple[str]]:
    return select(card.c.card_id).where(card.c.occurred_on.between(*days))


def _lead() -> ColumnElement[bool]:
    """A card's first order: place, client and hook of the card are its."""
    return and_(evaluation.c.event_id == card.c.event_id, evaluation.c.occurred_on == card.c.occurred_on)


def _known(column: "Column[str] | ColumnElement[str]") -> Label[str]:
    return func.coalesce(column, "").label(column.name)


def one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """What adds up to the rows for which a condition holds."""
    return case((condition, 1), else_=0)
