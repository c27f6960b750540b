"""Figures by day, week and month, worked out anew from the events of the days that are marked as due.

Decision 0022 says why figures are kept at all; the statements that count are in `counting`.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, Select, Table, and_, delete, insert, literal, select

from cds_service.cardlog import counting
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
    weekly_red_flag_count,
)
from cds_service.cardlog.schema import call_count, rollup_due

_ONE_DAY: Final = timedelta(days=1)
_SIX_DAYS: Final = timedelta(days=6)

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
        replace(connection, weekly_red_flag_count, week)
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
    whole = []
    for day in days:
        this_day = literal(day, daily_count.c.day.type)
        _fill(connection, fresh, counting.evaluations_and_cards(this_day, keys, counting.MISSING, (day, day)))
        if not would_shrink(connection, daily_count, day, "evaluations"):
            whole.append(day)
    return whole


def _work_out_week(connection: Connection, week: date) -> bool:
    """Fill the working tables with a week by practice; false when some of its events were deleted."""
    days = (week, week + _SIX_DAYS)
    this_week = literal(week, weekly_practice_count.c.week.type)
    keys = ("region", "borough", "pcn", "organisation", "hook", "modality", "outcome")
    fresh = empty_working_table(connection, weekly_practice_count)
    _fill(connection, fresh, counting.evaluations_and_cards(this_week, keys, {}, days))
    if would_shrink(connection, weekly_practice_count, week, "evaluations"):
        return False
    _fill(connection, empty_working_table(connection, weekly_override_count), counting.overrides(this_week, days))
    _fill(connection, empty_working_table(connection, weekly_red_flag_count), counting.red_flag_cards(this_week, days))
    return True


def _fill(connection: Connection, fresh: Table, rows: Select[tuple[object, ...]]) -> None:
    """Add rows to a working table, whose columns are in their order."""
    connection.execute(insert(fresh).from_select([column.name for column in fresh.columns], rows))
