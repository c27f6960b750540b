"""Figures by day, week and month, worked out anew from the events of the days that are marked as due.

A card counts under the evaluation that it leads with, and by its last feedback. Each statement names the days that it
reads, so that PostgreSQL opens only their partitions. Decision 0022 says why figures are kept at all.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Label,
    Select,
    Subquery,
    Table,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    union_all,
)

from cds_service.cardlog.databases import transaction
from cds_service.cardlog.figures import (
    add_up_choices,
    begin_writing,
    empty_working_table,
    replace,
    sum_up,
    turn,
    would_shrink,
)
from cds_service.cardlog.partitions import month_of, next_month
from cds_service.cardlog.rollup_schema import (
    daily_call_count,
    daily_count,
    monthly_count,
    weekly_choice_count,
    weekly_count,
    weekly_override_count,
    weekly_practice_count,
    weekly_practice_outcome_count,
    weekly_reason_choice_count,
    weekly_reason_count,
)
from cds_service.cardlog.schema import call_count, card, evaluation, feedback, rollup_due

_ONE_DAY: Final = timedelta(days=1)
_SIX_DAYS: Final = timedelta(days=6)
_ACCEPTED: Final = "accepted"
_OVERRIDDEN: Final = "overridden"
_MISSING: Final[dict[str, ColumnElement[bool]]] = {
    "without_indication": evaluation.c.indication_present.is_(False),
    "setting_unknown": evaluation.c.setting == "unknown",
    "oncology_unknown": evaluation.c.oncology == "unknown",
    "known_by_text": evaluation.c.known_by == "text",
}

_Mark = tuple[date, str, int]


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def roll_up_due(
    engine: Engine,
    enough: Callable[[], bool] = lambda: False,
    also: Callable[[Connection, Sequence[date]], None] = lambda _connection, _days: None,
) -> int:
    """Work out the figures of the days that are due, a week at a time, the latest first.

    Several processes may do so at once: one works, the others return. A day to which an event is added meanwhile stays
    due. Where fewer evaluations are found than were counted before, events have been deleted since, and the figures
    stay as they are.

    Args:
        engine: to the card log's database.
        enough: asked between weeks; true to leave the rest for another time.
        also: what else a week's due days change; they stay due where it fails.

    Returns:
        How many days were worked out.

    Raises:
        CardLogStoreError: the database failed; the days in hand stay due.
    """
    with transaction(engine) as connection:
        weeks = sorted({week_of(day) for day in connection.scalars(select(rollup_due.c.day))}, reverse=True)
    days = 0
    for week in weeks:
        if enough():
            break
        with turn(engine) as working:
            if working is None:
                break
            days += _roll_up_week(working, week, also)
    return days


def heard_since(first: date) -> date:
    """The first day of the feedback that is looked at for cards shown from a day on: the first of the month before.

    A card is answered after it was shown, but a clock may have been ahead and put right. The bound is there so that
    PostgreSQL opens few months of feedback.
    """
    return month_of(month_of(first) - _ONE_DAY)


def last_feedback(cards: Select[tuple[str]] | Sequence[str], first: date) -> Subquery:
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


def _roll_up_week(connection: Connection, week: date, also: Callable[[Connection, Sequence[date]], None]) -> int:
    marks = _marks(connection, week)
    days = sorted({day for day, _, _ in marks})
    if not days:
        return 0
    whole_days = _work_out_days(connection, days)
    whole_week = _work_out_week(connection, week)
    begin_writing(connection)
    for day in whole_days:
        replace(connection, daily_count, day)
    sunday = week + _SIX_DAYS
    _replace_sums(connection, daily_count, weekly_count, (week, sunday), week)
    if whole_week:
        replace(connection, weekly_practice_count, week)
        replace(connection, weekly_override_count, week)
        sum_up(connection, weekly_override_count, weekly_reason_count, week, week, week)
        replace(connection, weekly_reason_count, week)
    for month in sorted({month_of(day) for day in days}):
        _replace_sums(connection, daily_count, monthly_count, (month, next_month(month) - _ONE_DAY), month)
    for day in days:
        _replace_sums(connection, call_count, daily_call_count, (day, day), day)
    _add_up_week(connection, week)
    begin_writing(connection)
    also(connection, days)
    # Last: while a mark stands, all of its week is worked out again, also where this ends half way.
    _delete_unmoved(connection, marks)
    return len(days)


def _add_up_week(connection: Connection, week: date) -> None:
    """Replace what is added up from a week's larger tables, as they are now stored; writers need not wait meanwhile."""
    begin_writing(connection)
    add_up_choices(connection, weekly_count, weekly_choice_count, week)
    add_up_choices(connection, weekly_reason_count, weekly_reason_choice_count, week)
    sum_up(connection, weekly_practice_count, weekly_practice_outcome_count, week, week, week)
    begin_writing(connection)
    for figures in (weekly_choice_count, weekly_reason_choice_count, weekly_practice_outcome_count):
        replace(connection, figures, week)


def _marks(connection: Connection, week: date) -> list[_Mark]:
    due = select(rollup_due.c.day, rollup_due.c.writer_id, rollup_due.c.version)
    rows = connection.execute(due.where(rollup_due.c.day >= week, rollup_due.c.day <= week + _SIX_DAYS))
    return [(day, writer_id, version) for day, writer_id, version in rows]


def _delete_unmoved(connection: Connection, marks: Iterable[_Mark]) -> None:
    """A writer that added an event meanwhile has moved its mark on; its day is done again."""
    for day, writer_id, version in marks:
        unmoved = and_(rollup_due.c.day == day, rollup_due.c.writer_id == writer_id, rollup_due.c.version == version)
        connection.execute(delete(rollup_due).where(unmoved))


def _replace_sums(connection: Connection, source: Table, figures: Table, days: tuple[date, date], period: date) -> None:
    sum_up(connection, source, figures, *days, period)
    measure = next(column.name for column in figures.columns if not column.primary_key)
    if not would_shrink(connection, figures, period, measure):
        replace(connection, figures, period)


def _work_out_days(connection: Connection, days: Iterable[date]) -> list[date]:
    """Fill the working table with days; those of which no event was deleted are given back."""
    keys = ("region", "client_id", "hook", "modality", "outcome")
    fresh = empty_working_table(connection, daily_count)
    names = [column.name for column in daily_count.columns]
    whole = []
    for day in days:
        rows = _counted(literal(day, daily_count.c.day.type), keys, _MISSING, (day, day))
        connection.execute(insert(fresh).from_select(names, rows))
        if not would_shrink(connection, daily_count, day, "evaluations"):
            whole.append(day)
    return whole


def _work_out_week(connection: Connection, week: date) -> bool:
    """Fill the working tables with a week by practice; false when some of its events were deleted."""
    days = (week, week + _SIX_DAYS)
    this_week = literal(week, weekly_practice_count.c.week.type)
    fresh = empty_working_table(connection, weekly_practice_count)
    keys = ("region", "borough", "pcn", "organisation", "hook", "modality", "outcome")
    rows = _counted(this_week, keys, {}, days)
    connection.execute(insert(fresh).from_select([column.name for column in weekly_practice_count.columns], rows))
    if would_shrink(connection, weekly_practice_count, week, "evaluations"):
        return False
    fresh = empty_working_table(connection, weekly_override_count)
    rows = _overridden(this_week, days)
    connection.execute(insert(fresh).from_select([column.name for column in weekly_override_count.columns], rows))
    return True


def _counted(
    period: ColumnElement[date],
    keys: Iterable[str],
    missing: dict[str, ColumnElement[bool]],
    days: tuple[date, date],
) -> Select[tuple[object, ...]]:
    """Evaluations, and cards by their last feedback, grouped; in the order of the tables' columns."""
    places = [_known(evaluation.c[key]) for key in keys]
    none = literal(0)
    evaluated = select(
        *places,
        literal(1).label("evaluations"),
        *(none.label(name) for name in ("cards", "accepted", "suggestions_accepted", "overridden")),
        *(_one_if(condition).label(name) for name, condition in missing.items()),
    ).where(evaluation.c.occurred_on.between(*days))
    last = last_feedback(_cards_shown(days), days[0])
    shown = (
        select(
            *places,
            none.label("evaluations"),
            literal(1).label("cards"),
            _one_if(last.c.outcome == _ACCEPTED).label("accepted"),
            _one_if(last.c.suggestion_accepted.is_(True)).label("suggestions_accepted"),
            _one_if(last.c.outcome == _OVERRIDDEN).label("overridden"),
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


def _overridden(period: ColumnElement[date], days: tuple[date, date]) -> Select[tuple[object, ...]]:
    """Overridden cards by place, client and reason, in the order of the table's columns."""
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
    return select(period, *names, func.count(), func.sum(_one_if(each.c.had_comment.is_(True)))).group_by(*names)


def _cards_shown(days: tuple[date, date]) -> Select[tuple[str]]:
    return select(card.c.card_id).where(card.c.occurred_on.between(*days))


def _lead() -> ColumnElement[bool]:
    """A card's first order: place, client and hook of the card are its."""
    return and_(evaluation.c.event_id == card.c.event_id, evaluation.c.occurred_on == card.c.occurred_on)


def _known(column: "Column[str] | ColumnElement[str]") -> Label[str]:
    return func.coalesce(column, "").label(column.name)


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)
