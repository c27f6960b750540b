"""What the card log tells an ICB: counts by week and practice, overrides, episodes, calls, and red-flag cards.

Each question is answered from the smallest table of figures that can; none reads the events. The counts are exact:
whoever shows them holds them to the rules of disclosure first. An empty text means "not known".
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain, islice, repeat
from typing import Any, Final

from sqlalchemy import (
    Engine,
    Select,
    exists,
    func,
    or_,
    select,
    union_all,
)

from cds_service.cardlog.partitions import month_of
from cds_service.cardlog.report_questions import (
    all_but_chosen,
    conditions_of,
    each_of,
    keys_and_counts,
    question,
    summed,
    sums,
)
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
)
from cds_service.cardlog.rollup_schema import (
    CHOICES,
    daily_count,
    weekly_choice_count,
    weekly_practice_count,
    weekly_red_flag_count,
)
from cds_service.cardlog.schema import rollup_due, unknown_procedure_count

MOST_RED_FLAGS: Final = 1_000
"""How many red-flag cards are listed, unless less are asked for."""

_FEW_REGIONS: Final = 10


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
    everything = [*conditions_of(weekly, of_log), *all_but_chosen(weekly, of_log, CHOICES[weekly.name])]
    with question(engine) as connection:
        week: date | None = connection.scalar(select(func.min(weekly.c.week)).where(*everything))
        if week is None:
            return None
        of_week = conditions_of(daily_count, replace(of_log, first=week, last=week + timedelta(days=6)))
        day: date | None = connection.scalar(select(func.min(daily_count.c.day)).where(*of_week))
    # Retention leaves a week that reaches into the oldest month kept, without its days.
    return day or week


def days_due(engine: Engine, filters: Filters) -> list[date]:
    """The days whose figures are still to be worked out, in order; until then they are missing, or too low.

    Args:
        engine: to the card log's database.
        filters: of which days; a mark says nothing of what came on its day.

    Raises:
        CardLogStoreError: the database failed.
    """
    day = rollup_due.c.day
    statement = select(day).distinct().order_by(day)
    if filters.first is not None:
        statement = statement.where(day >= filters.first)
    if filters.last is not None:
        statement = statement.where(day <= filters.last)
    with question(engine) as connection:
        return [*connection.scalars(statement)]


def weekly_counts(engine: Engine, filters: Filters) -> list[WeeklyCount]:
    """Evaluations and cards by week, region and outcome. Raises `CardLogStoreError`."""
    return summed(engine, WeeklyCount, filters)


def client_counts(engine: Engine, filters: Filters) -> list[ClientCount]:
    """Evaluations and cards by region, EHR and outcome. Raises `CardLogStoreError`."""
    return summed(engine, ClientCount, filters)


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
        *conditions_of(table, filters),
        *all_but_chosen(table, filters, ("hook", "modality")),
        table.c.region.not_in(outside),
    ]
    with question(engine) as connection:
        return {
            client
            for client in each_of(connection, table.c.client_id)
            if connection.scalar(select(exists().where(table.c.client_id == client, *conditions)))
        }


def practice_counts(engine: Engine, filters: Filters) -> list[PracticeCount]:
    """Evaluations and cards by practice and outcome; name a region, since a country has very many practices.

    Raises:
        ValueError: a client is asked for, by which practices are not counted.
        CardLogStoreError: the database failed.
    """
    return summed(engine, PracticeCount, filters)


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
    keys, counts = keys_and_counts(PracticeCount, table)
    conditions = conditions_of(table, replace(filters, hook=None, modality=None))
    if len(choices) > 1:  # all of one hook, and all of one modality
        conditions.append(or_(*(table.c[name] == value for name, value in choices.items())))
    statement = select(*keys, *sums(counts), *chosen).where(*conditions).group_by(*keys, *chosen).order_by(*keys)
    answers: dict[tuple[str, ...], list[PracticeCount]] = defaultdict(list)
    width = len(PracticeCount._fields)
    with question(engine) as connection:
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
    return summed(engine, OverrideReason, filters)


def override_reasons_by_practice(engine: Engine, filters: Filters) -> list[PlaceOverrideReason]:
    """Overridden cards by practice, outcome and reason; name a region.

    Raises:
        ValueError: a hook is asked for, by which overrides are not counted.
        CardLogStoreError: the database failed.
    """
    return summed(engine, PlaceOverrideReason, filters)


def episode_states(engine: Engine, filters: Filters) -> list[EpisodeState]:
    """What became of orders, by window, region, outcome and modality.

    Raises:
        ValueError: a hook is asked for; an episode is made of both.
        CardLogStoreError: the database failed.
    """
    return summed(engine, EpisodeState, filters)


def call_counts(engine: Engine, filters: Filters) -> list[CallCount]:
    """Hook calls by client, hook and result.

    Raises:
        ValueError: a region, outcome or modality is asked for; a call has none.
        CardLogStoreError: the database failed.
    """
    return summed(engine, CallCount, filters)


def unknown_procedures(engine: Engine, filters: Filters) -> list[UnknownProcedure]:
    """Procedure codes that no list knows, the most frequent first; of whole months, that of the first day included.

    Raises:
        ValueError: a region, outcome, modality or hook is asked for, by which they are not counted.
        CardLogStoreError: the database failed.
    """
    table = unknown_procedure_count
    keys = (table.c.client_id, table.c.code_system, table.c.code)
    (summed_orders,) = sums([table.c.orders])
    where = conditions_of(table, filters, first=filters.first and month_of(filters.first))
    summed = select(*keys, summed_orders).where(*where).group_by(*keys).order_by(summed_orders.desc(), *keys)
    with question(engine) as connection:
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
    with question(engine) as connection:
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
    conditions = conditions_of(table, replace(filters, regions=()))
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
