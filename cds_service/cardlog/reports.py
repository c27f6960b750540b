"""What the card log tells an ICB: counts by week and practice, overrides, episodes, calls, and red-flag cards.

Each question is answered from the smallest table of figures that can; none reads the events. The counts are exact:
whoever shows them holds them to the rules of disclosure first. An empty text means "not known".
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain, islice, repeat
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    cast,
    exists,
    func,
    or_,
    select,
    text,
    union_all,
)

from cds_service.cardlog.databases import transaction
from cds_service.cardlog.partitions import month_of
from cds_service.cardlog.report_rows import (
    CallCount,
    ClientCount,
    EpisodeState,
    Filters,
    OverrideReason,
    PlaceOverrideReason,
    PracticeCount,
    RedFlagCard,
    UnknownProcedure,
    WeeklyCount,
    WeeklyOverrideReason,
)
from cds_service.cardlog.rollup_schema import (
    CHOICES,
    EVERY,
    daily_call_count,
    daily_count,
    episode_count,
    episode_state_count,
    weekly_choice_count,
    weekly_override_count,
    weekly_practice_count,
    weekly_practice_outcome_count,
    weekly_reason_choice_count,
    weekly_red_flag_count,
)
from cds_service.cardlog.schema import unknown_procedure_count
from cds_service.cardlog.table_days import day_of

MOST_RED_FLAGS: Final = 1_000
"""How many red-flag cards are listed, unless less are asked for."""

_FEW_REGIONS: Final = 10

Answer = TypeVar("Answer", bound=NamedTuple)

# The rows of an answer lie together in a table of figures and are grouped in memory; taken for scattered, PostgreSQL
# would read the whole table, and sort the groups on disk.
_PLAN_FOR_FIGURES: Final = text(
    "SELECT set_config('random_page_cost', '1.1', true), set_config('work_mem', '32MB', true)"
)


def _table_for(answer: type, filters: Filters) -> Table:
    """The smallest table that can answer a question: the larger ones know more of what may be chosen.

    Args:
        answer: the rows of the answer.
        filters: what is chosen.
    """
    if answer is PracticeCount and filters.hook is None and filters.modality is None:
        return weekly_practice_outcome_count
    if answer is EpisodeState and filters.client_id is None:
        return episode_state_count
    return _LARGEST_NEEDED[answer]


_LARGEST_NEEDED: Final[dict[type, Table]] = {
    WeeklyCount: weekly_choice_count,
    ClientCount: weekly_choice_count,
    PracticeCount: weekly_practice_count,
    WeeklyOverrideReason: weekly_reason_choice_count,
    OverrideReason: weekly_reason_choice_count,
    PlaceOverrideReason: weekly_override_count,
    EpisodeState: episode_count,
    CallCount: daily_call_count,
}


def first_day(engine: Engine, filters: Filters) -> date | None:
    """The first day that has figures; None of an empty log.

    Args:
        engine: to the card log's database.
        filters: of which regions and client; others do not bear on when a log begins.

    Raises:
        CardLogStoreError: the database failed.
    """
    of_log = Filters(regions=filters.regions, client_id=filters.client_id)
    weekly = weekly_choice_count
    everything = [*_conditions(weekly, of_log), *_all_but_chosen(weekly, of_log, CHOICES[weekly.name])]
    with _question(engine) as connection:
        week: date | None = connection.scalar(select(func.min(weekly.c.week)).where(*everything))
        if week is None:
            return None
        of_week = _conditions(daily_count, replace(of_log, first=week, last=week + timedelta(days=6)))
        day: date | None = connection.scalar(select(func.min(daily_count.c.day)).where(*of_week))
    # Retention leaves a week that reaches into the oldest month kept, without its days.
    return day or week


def weekly_counts(engine: Engine, filters: Filters) -> list[WeeklyCount]:
    """Evaluations and cards by week, region and outcome. Raises `CardLogStoreError`."""
    return _summed(engine, WeeklyCount, filters)


def client_counts(engine: Engine, filters: Filters) -> list[ClientCount]:
    """Evaluations and cards by region, EHR and outcome. Raises `CardLogStoreError`."""
    return _summed(engine, ClientCount, filters)


def clients_with_orders(engine: Engine, filters: Filters, *, outside: Sequence[str] = ()) -> set[str]:
    """The EHRs that have evaluations: one of each is looked for, and none is counted.

    Args:
        engine: to the card log's database.
        filters: of which days and regions.
        outside: regions that do not bear on it.

    Raises:
        CardLogStoreError: the database failed.
    """
    table = weekly_choice_count
    conditions = [
        *_conditions(table, filters),
        *_all_but_chosen(table, filters, ("hook", "modality")),
        table.c.region.not_in(outside),
    ]
    with _question(engine) as connection:
        return {
            client
            for client in _each_of(connection, table.c.client_id)
            if connection.scalar(select(exists().where(table.c.client_id == client, *conditions)))
        }


def practice_counts(engine: Engine, filters: Filters) -> list[PracticeCount]:
    """Evaluations and cards by practice and outcome; name a region, since a country has very many practices.

    Raises:
        ValueError: a client is asked for, by which practices are not counted.
        CardLogStoreError: the database failed.
    """
    return _summed(engine, PracticeCount, filters)


def practice_counts_around(engine: Engine, filters: Filters) -> dict[Filters, list[PracticeCount]]:
    """What `practice_counts` answers to a question, and to those that differ from it in the hook or in the modality.

    They are asked at once, since they are about the same rows, and it takes longest to find these.

    Args:
        engine: to the card log's database.
        filters: the question, which chooses a hook, a modality or both.

    Returns:
        For each of the questions that has rows, its answer.

    Raises:
        ValueError: a client is asked for, by which practices are not counted.
        CardLogStoreError: the database failed.
    """
    table = weekly_practice_count
    choices = {name: value for name in ("hook", "modality") if (value := getattr(filters, name)) is not None}
    chosen = [table.c[name] for name in choices]
    keys, counts = _keys_and_counts(PracticeCount, table)
    conditions = _conditions(table, replace(filters, hook=None, modality=None))
    if len(choices) > 1:  # all of one hook, and all of one modality
        conditions.append(or_(*(table.c[name] == value for name, value in choices.items())))
    statement = select(*keys, *_sums(counts), *chosen).where(*conditions).group_by(*keys, *chosen).order_by(*keys)
    answers: dict[tuple[str, ...], list[PracticeCount]] = defaultdict(list)
    width = len(PracticeCount._fields)
    with _question(engine) as connection:
        for row in connection.execute(statement).all():
            answers[row[width:]].append(PracticeCount._make(row[:width]))
    questions = (dict(zip(choices, values, strict=True)) for values in answers)
    return {
        replace(filters, hook=each.get("hook"), modality=each.get("modality")): rows
        for each, rows in zip(questions, answers.values(), strict=True)
    }


def override_reasons(engine: Engine, filters: Filters) -> list[OverrideReason]:
    """Overridden cards by region, outcome and reason.

    Raises:
        ValueError: a hook is asked for, by which overrides are not counted.
        CardLogStoreError: the database failed.
    """
    return _summed(engine, OverrideReason, filters)


def weekly_override_reasons(engine: Engine, filters: Filters) -> list[WeeklyOverrideReason]:
    """Overridden cards by week in which they were shown, region, outcome and reason.

    Raises:
        ValueError: a hook is asked for, by which overrides are not counted.
        CardLogStoreError: the database failed.
    """
    return _summed(engine, WeeklyOverrideReason, filters)


def override_reasons_by_practice(engine: Engine, filters: Filters) -> list[PlaceOverrideReason]:
    """Overridden cards by practice, outcome and reason; name a region.

    Raises:
        ValueError: a hook is asked for, by which overrides are not counted.
        CardLogStoreError: the database failed.
    """
    return _summed(engine, PlaceOverrideReason, filters)


def episode_states(engine: Engine, filters: Filters) -> list[EpisodeState]:
    """What became of orders, by window, region, outcome and modality.

    Raises:
        ValueError: a hook is asked for; an episode is made of both.
        CardLogStoreError: the database failed.
    """
    return _summed(engine, EpisodeState, filters)


def call_counts(engine: Engine, filters: Filters) -> list[CallCount]:
    """Hook calls by client, hook and result.

    Raises:
        ValueError: a region, outcome or modality is asked for; a call has none.
        CardLogStoreError: the database failed.
    """
    return _summed(engine, CallCount, filters)


def unknown_procedures(engine: Engine, filters: Filters) -> list[UnknownProcedure]:
    """Procedure codes that no list knows, the most frequent first; of whole months, that of the first day included.

    Raises:
        ValueError: a region, outcome, modality or hook is asked for, by which they are not counted.
        CardLogStoreError: the database failed.
    """
    table = unknown_procedure_count
    keys = (table.c.client_id, table.c.code_system, table.c.code)
    summed_orders = cast(func.sum(table.c.orders), BigInteger)
    where = _conditions(table, filters, first=filters.first and month_of(filters.first))
    summed = select(*keys, summed_orders).where(*where).group_by(*keys).order_by(summed_orders.desc(), *keys)
    with _question(engine) as connection:
        return [UnknownProcedure._make(row) for row in connection.execute(summed)]


def red_flag_cards(engine: Engine, filters: Filters, most: int = MOST_RED_FLAGS) -> list[RedFlagCard]:
    """Red-flag cards one by one, those of the latest week first.

    Args:
        engine: to the card log's database.
        filters: which; a card of several orders has the hook and modality of the first.
        most: how many at most; of the earliest week shown, any.

    Raises:
        CardLogStoreError: the database failed.
    """
    with _question(engine) as connection:
        rows = connection.execute(_latest_red_flags(filters, most)).all()
    one_by_one = chain.from_iterable(repeat(RedFlagCard(*card), cards) for *card, cards in rows)
    return sorted(islice(one_by_one, most), key=lambda card: (-card.week.toordinal(), *card[1:]))


def _latest_red_flags(filters: Filters, most: int) -> Select[Any]:
    """As many rows, each of one card at least, as can be needed.

    An index has the rows of a region, and those of the country, week by week, so that no more are read than are needed.
    Of several regions together a database would sort the year: a few are asked for one by one, many by week.
    """
    table = weekly_red_flag_count
    regions = sorted(set(filters.regions))
    if 0 < len(regions) <= _FEW_REGIONS:
        narrowed = [[table.c.region == region] for region in regions]
    else:
        # With an empty text behind it, so that the index by region is not taken in place of that by week.
        narrowed = [[(table.c.region + "").in_(regions)] if regions else []]
    conditions = _conditions(table, replace(filters, regions=()))
    latest = [
        select(table)
        .where(*conditions, *each)
        .order_by(*(key.desc() for key in table.primary_key))
        .limit(most)
        .subquery()
        for each in narrowed
    ]
    together = union_all(*map(select, latest)).subquery()
    shown = [together.c[name] for name in (*RedFlagCard._fields, table.c.cards.name)]
    return select(*shown).order_by(*(together.c[key.name].desc() for key in table.primary_key)).limit(most)


def _summed(engine: Engine, answer: type[Answer], filters: Filters) -> list[Answer]:
    """An answer from a table of figures, in the order of its keys."""
    table = _table_for(answer, filters)
    keys, counts = _keys_and_counts(answer, table)
    pinned = [name for name in CHOICES.get(table.name, ()) if name not in answer._fields]
    conditions = [*_conditions(table, filters), *_all_but_chosen(table, filters, pinned)]
    with _question(engine) as connection:
        conditions += [
            table.c[name].in_(_each_of(connection, table.c[name]))
            for name in CHOICES.get(table.name, ())
            if name not in pinned
        ]
        if len(keys) + len(pinned) == len(table.primary_key):
            statement = select(*keys, *counts).where(*conditions)
        else:
            statement = select(*keys, *_sums(counts)).where(*conditions).group_by(*keys)
        return [answer._make(row) for row in connection.execute(statement.order_by(*keys)).all()]


def _keys_and_counts(answer: type[NamedTuple], table: Table) -> tuple[list["Column[Any]"], list["Column[Any]"]]:
    columns = [table.c[name] for name in answer._fields]
    return [each for each in columns if each.primary_key], [each for each in columns if not each.primary_key]


def _sums(counts: Sequence["Column[Any]"]) -> list[ColumnElement[int]]:
    # As integers: PostgreSQL would add up to decimals, which are slow to read.
    return [cast(func.sum(count), BigInteger) for count in counts]


@contextmanager
def _question(engine: Engine) -> Iterator[Connection]:
    with transaction(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(_PLAN_FOR_FIGURES)
        yield connection


def _all_but_chosen(table: Table, filters: Filters, pinned: Sequence[str]) -> list[ColumnElement[bool]]:
    """Of what may be chosen and was not, the rows where all values are added up."""
    chosen = {name for name, _ in _chosen(filters)}
    return [table.c[name] == EVERY for name in pinned if name not in chosen]


def _each_of(connection: Connection, column: "Column[str]") -> list[str]:
    """The values of the column that the table's key begins with, one by one: there are few, and very many rows."""
    values: list[str] = []
    value = connection.scalar(select(func.min(column)))
    while value is not None:
        values.append(value)
        value = connection.scalar(select(func.min(column)).where(column > value))
    return [value for value in values if value != EVERY]


def _conditions(table: Table, filters: Filters, *, first: date | None = None) -> list[ColumnElement[bool]]:
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
