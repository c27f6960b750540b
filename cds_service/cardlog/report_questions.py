"""How a question about the card log is put: which table of figures answers it, narrowed by what, added up over what."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Engine, Integer, Table, cast, func, select, text

from cds_service.cardlog.databases import transaction
from cds_service.cardlog.report_rows import (
    CallCount,
    ClientCount,
    EpisodeState,
    Filters,
    OverrideReason,
    PlaceOverrideReason,
    PracticeCount,
    WeeklyCount,
)
from cds_service.cardlog.rollup_schema import (
    CHOICES,
    EVERY,
    daily_call_count,
    episode_state_count,
    weekly_choice_count,
    weekly_override_count,
    weekly_practice_count,
    weekly_practice_outcome_count,
    weekly_reason_choice_count,
)
from cds_service.cardlog.table_days import day_of

Answer = TypeVar("Answer", bound=NamedTuple)

# The rows of an answer lie together in a table of figures and are grouped in memory; taken for scattered, PostgreSQL
# would read the whole table, and sort the groups on disk. How many rows there are hangs on what is asked for: a plan
# that is kept for any, as from the tenth time on, takes four times as long for a year of the country.
_PLAN_FOR_FIGURES: Final = text(
    "SELECT set_config('random_page_cost', '1.1', true), set_config('work_mem', '32MB', true),"
    " set_config('plan_cache_mode', 'force_custom_plan', true)"
)


def _table_for(answer: type, filters: Filters) -> Table:
    """The smallest table that can answer a question: the larger ones know more of what may be chosen.

    Args:
        answer: the rows of the answer.
        filters: what is chosen.
    """
    if answer is PracticeCount and filters.hook is None and filters.modality is None:
        return weekly_practice_outcome_count
    return _LARGEST_NEEDED[answer]


_LARGEST_NEEDED: Final[dict[type, Table]] = {
    WeeklyCount: weekly_choice_count,
    ClientCount: weekly_choice_count,
    PracticeCount: weekly_practice_count,
    OverrideReason: weekly_reason_choice_count,
    PlaceOverrideReason: weekly_override_count,
    EpisodeState: episode_state_count,
    CallCount: daily_call_count,
}


def summed(engine: Engine, answer: type[Answer], filters: Filters) -> list[Answer]:
    """An answer from a table of figures, in the order of its keys.

    Raises:
        ValueError: something is chosen by which the answer is not counted.
        CardLogStoreError: the database failed.
    """
    table = _table_for(answer, filters)
    keys, counts = keys_and_counts(answer, table)
    pinned = [name for name in CHOICES.get(table.name, ()) if name not in answer._fields]
    conditions = [*conditions_of(table, filters), *all_but_chosen(table, filters, pinned)]
    with question(engine) as connection:
        conditions += [
            table.c[name].in_(each_of(connection, table.c[name]))
            for name in CHOICES.get(table.name, ())
            if name not in pinned
        ]
        if len(keys) + len(pinned) == len(table.primary_key):
            statement = select(*keys, *counts).where(*conditions)
        else:
            statement = select(*keys, *sums(counts)).where(*conditions).group_by(*keys)
        # One row after the other: a list of all of them first takes a third longer, by its memory.
        return [*map(answer._make, connection.execute(statement.order_by(*keys)))]


def keys_and_counts(answer: type[NamedTuple], table: Table) -> tuple[list["Column[Any]"], list["Column[Any]"]]:
    """The columns of a table that make up an answer: what it is counted by, and the counts."""
    columns = [table.c[name] for name in answer._fields]
    return [each for each in columns if each.primary_key], [each for each in columns if not each.primary_key]


def sums(counts: Sequence["Column[Any]"]) -> list[ColumnElement[int]]:
    """Counts added up; each as a short integer, of which PostgreSQL adds up twice as many as of long ones in a second.

    A row of figures counts one place in one period, which no country fills. Long ones would be added up as decimals.
    """
    return [func.sum(cast(count, Integer)) for count in counts]


@contextmanager
def question(engine: Engine) -> Iterator[Connection]:
    """A connection on which to ask for figures. Raises `CardLogStoreError`: the database failed."""
    with transaction(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(_PLAN_FOR_FIGURES)
        yield connection


def all_but_chosen(table: Table, filters: Filters, pinned: Sequence[str]) -> list[ColumnElement[bool]]:
    """Of what may be chosen and was not, the rows where all values are added up."""
    chosen = {name for name, _ in _chosen(filters)}
    return [table.c[name] == EVERY for name in pinned if name not in chosen]


def each_of(connection: Connection, column: "Column[str]") -> list[str]:
    """The values of the column that the table's key begins with, one by one: there are few, and very many rows."""
    values: list[str] = []
    value = connection.scalar(select(func.min(column)))
    while value is not None:
        values.append(value)
        value = connection.scalar(select(func.min(column)).where(column > value))
    return [value for value in values if value != EVERY]


def conditions_of(table: Table, filters: Filters, *, first: date | None = None) -> list[ColumnElement[bool]]:
    """What a table is narrowed to.

    Args:
        table: of figures, or of counts.
        filters: what is chosen.
        first: the first day, in place of the one chosen.

    Raises:
        ValueError: something is chosen by which the table is not counted.
    """
    period: Column[Any] = day_of(table)
    first = first or filters.first
    conditions: list[ColumnElement[bool]] = []
    if first is not None:
        conditions.append(period >= first)
    if filters.last is not None:
        conditions.append(period <= filters.last)
    for name, values in _chosen(filters):
        if name not in table.c:
            raise ValueError(f"filters: {name}: {table.name} is not counted by it; leave it out")
        conditions.append(table.c[name].in_(values))
    return conditions


def _chosen(filters: Filters) -> list[tuple[str, Sequence[str]]]:
    """The columns that are narrowed, each with the values that are let through."""
    one_of = (("region", filters.regions), ("outcome", filters.outcomes))
    exactly = (("modality", filters.modality), ("hook", filters.hook), ("client_id", filters.client_id))
    return [
        *((name, values) for name, values in one_of if values),
        *((name, (value,)) for name, value in exactly if value is not None),
    ]
