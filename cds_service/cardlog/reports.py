"""What the card log tells an ICB: counts by week and practice, overrides, episodes, calls, and red-flag cards.

Each question is answered from the smallest table of figures that can, or by an index; none reads all events of a
period. The counts are exact: whoever shows them holds them to the rules of disclosure first. An empty text means "not
known".
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Engine, Select, Table, and_, func, select

from cds_service.cardlog.databases import transaction
from cds_service.cardlog.partitions import month_of
from cds_service.cardlog.report_rows import (
    CallCount,
    ClientCount,
    CriticalCard,
    EpisodeState,
    Filters,
    OverrideReason,
    PlaceOverrideReason,
    PracticeCount,
    UnknownProcedure,
    WeeklyCount,
    WeeklyOverrideReason,
)
from cds_service.cardlog.rollup_schema import (
    episode_count,
    episode_state_count,
    weekly_count,
    weekly_override_count,
    weekly_practice_count,
    weekly_reason_count,
)
from cds_service.cardlog.rollups import last_feedback, week_of
from cds_service.cardlog.schema import call_count, card, evaluation, unknown_procedure_count

_CRITICAL: Final = "critical"
_MOST_CRITICAL: Final = 1_000
_MOST_ORDERS_OF_A_CARD: Final = 4  # on average, which is far more than anybody orders
_BEFORE_ANY_CARD: Final = date(2000, 1, 1)


def weekly_counts(engine: Engine, filters: Filters) -> list[WeeklyCount]:
    """Evaluations and cards by week, region and outcome. Raises `CardLogStoreError`."""
    return [WeeklyCount(*row) for row in _summed(engine, weekly_count, WeeklyCount._fields, filters)]


def client_counts(engine: Engine, filters: Filters) -> list[ClientCount]:
    """Evaluations and cards by region, EHR and outcome. Raises `CardLogStoreError`."""
    return [ClientCount(*row) for row in _summed(engine, weekly_count, ClientCount._fields, filters)]


def practice_counts(engine: Engine, filters: Filters) -> list[PracticeCount]:
    """Evaluations and cards by practice and outcome; name a region, since a country has very many practices.

    Raises:
        ValueError: a client is asked for, by which practices are not counted.
        CardLogStoreError: the database failed.
    """
    return [PracticeCount(*row) for row in _summed(engine, weekly_practice_count, PracticeCount._fields, filters)]


def override_reasons(engine: Engine, filters: Filters) -> list[OverrideReason]:
    """Overridden cards by region, outcome and reason.

    Raises:
        ValueError: a hook is asked for, by which overrides are not counted.
        CardLogStoreError: the database failed.
    """
    return [OverrideReason(*row) for row in _summed(engine, weekly_reason_count, OverrideReason._fields, filters)]


def weekly_override_reasons(engine: Engine, filters: Filters) -> list[WeeklyOverrideReason]:
    """Overridden cards by week in which they were shown, region, outcome and reason.

    Raises:
        ValueError: a hook is asked for, by which overrides are not counted.
        CardLogStoreError: the database failed.
    """
    return [
        WeeklyOverrideReason(*row)
        for row in _summed(engine, weekly_reason_count, WeeklyOverrideReason._fields, filters)
    ]


def override_reasons_by_practice(engine: Engine, filters: Filters) -> list[PlaceOverrideReason]:
    """Overridden cards by practice, outcome and reason; name a region.

    Raises:
        ValueError: a hook is asked for, by which overrides are not counted.
        CardLogStoreError: the database failed.
    """
    return [
        PlaceOverrideReason(*row)
        for row in _summed(engine, weekly_override_count, PlaceOverrideReason._fields, filters)
    ]


def episode_states(engine: Engine, filters: Filters) -> list[EpisodeState]:
    """What became of orders, by window, region, outcome and modality.

    Raises:
        ValueError: a hook is asked for; an episode is made of both.
        CardLogStoreError: the database failed.
    """
    # Only the larger table knows the client.
    table = episode_state_count if filters.client_id is None else episode_count
    return [EpisodeState(*row) for row in _summed(engine, table, EpisodeState._fields, filters)]


def call_counts(engine: Engine, filters: Filters) -> list[CallCount]:
    """Hook calls by day, client, hook and result.

    Raises:
        ValueError: a region, outcome or modality is asked for; a call has none.
        CardLogStoreError: the database failed.
    """
    keys = (call_count.c.occurred_on, call_count.c.client_id, call_count.c.hook, call_count.c.result)
    where = _conditions(call_count, filters, call_count.c.occurred_on)
    summed = select(*keys, func.sum(call_count.c.calls)).where(*where).group_by(*keys).order_by(*keys)
    return [
        CallCount(day, client, hook, result, int(calls)) for day, client, hook, result, calls in _rows(engine, summed)
    ]


def unknown_procedures(engine: Engine, filters: Filters) -> list[UnknownProcedure]:
    """Procedure codes that no list knows, the most frequent first; of whole months, that of the first day included.

    Raises:
        ValueError: a region, outcome, modality or hook is asked for, by which they are not counted.
        CardLogStoreError: the database failed.
    """
    table = unknown_procedure_count
    keys = (table.c.client_id, table.c.code_system, table.c.code)
    summed_orders = func.sum(table.c.orders)
    where = _conditions(table, filters, table.c.month, first=filters.first and month_of(filters.first))
    summed = select(*keys, summed_orders).where(*where).group_by(*keys).order_by(summed_orders.desc(), *keys)
    return [
        UnknownProcedure(client, system, code, int(orders)) for client, system, code, orders in _rows(engine, summed)
    ]


def critical_cards(engine: Engine, filters: Filters, most: int = _MOST_CRITICAL) -> list[CriticalCard]:
    """Red-flag cards one by one, the latest first; several orders of one card count once.

    Args:
        engine: to the card log's database.
        filters: which; name a period.
        most: how many at most.

    Raises:
        CardLogStoreError: the database failed.
    """
    lead = and_(card.c.card_id == evaluation.c.card_id, card.c.event_id == evaluation.c.event_id)
    conditions = (evaluation.c.indicator == _CRITICAL, *_conditions(evaluation, filters, evaluation.c.occurred_on))
    # The first day of which there can be a place on the list, found in the index of red flags alone: without it, each
    # of a year would be joined to its card first.
    earliest = (
        select(evaluation.c.occurred_on)
        .where(*conditions)
        .order_by(evaluation.c.occurred_on.desc())
        .offset(most * _MOST_ORDERS_OF_A_CARD)
        .limit(1)
        .scalar_subquery()
    )
    shown = (
        select(evaluation, card.c.card_id.label("shown_card_id"))
        .join(card, and_(lead, card.c.occurred_on == evaluation.c.occurred_on))
        .where(*conditions, evaluation.c.occurred_on >= func.coalesce(earliest, filters.first or _BEFORE_ANY_CARD))
        .order_by(evaluation.c.occurred_on.desc(), evaluation.c.event_id)
        .limit(most)
        .cte("shown")
    )
    last = last_feedback(select(shown.c.shown_card_id), filters.first or _BEFORE_ANY_CARD)
    listed = (
        select(
            shown.c.occurred_on,
            shown.c.region,
            func.coalesce(shown.c.borough, ""),
            shown.c.client_id,
            shown.c.outcome,
            func.coalesce(last.c.outcome, ""),
        )
        .outerjoin(last, last.c.card_id == shown.c.shown_card_id)
        .order_by(shown.c.occurred_on.desc(), shown.c.event_id)
    )
    return [CriticalCard(week_of(row[0]), *row[1:]) for row in _rows(engine, listed)]


def _summed(engine: Engine, table: Table, fields: Sequence[str], filters: Filters) -> list[tuple[Any, ...]]:
    """Sums over a table of figures, grouped and ordered by those of the fields that are in its key."""
    keys = [table.c[name] for name in fields if table.c[name].primary_key]
    sums = [func.sum(table.c[name]) for name in fields if not table.c[name].primary_key]
    period = next(iter(table.columns))
    summed = select(*keys, *sums).where(*_conditions(table, filters, period)).group_by(*keys).order_by(*keys)
    return [(*row[: len(keys)], *map(int, row[len(keys) :])) for row in _rows(engine, summed)]


def _conditions(
    table: Table, filters: Filters, period: "Column[date]", *, first: date | None = None
) -> list[ColumnElement[bool]]:
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


def _rows(engine: Engine, statement: Select[Any]) -> list[tuple[Any, ...]]:
    with transaction(engine) as connection:
        return [tuple(row) for row in connection.execute(statement)]
