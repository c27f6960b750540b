from collections.abc import Callable
from datetime import date

import pytest
from event_builders import evaluations_in
from sqlalchemy import Engine

from cds_service.cardlog import status as module
from cds_service.cardlog.access_schema import ACCESS_TABLES
from cds_service.cardlog.events import CallRecord
from cds_service.cardlog.rows import rows_of
from cds_service.cardlog.schema import metadata
from cds_service.cardlog.status import TableSize, status
from cds_service.cardlog.store import CardLogStore

BuildCall = Callable[..., CallRecord]

OCTOBER = date(2026, 10, 5)
NOVEMBER = date(2026, 11, 21)


def size_of(table: str, engine: Engine, *, exact: bool = False) -> TableSize:
    """The size of one table."""
    return next(size for size in status(engine, exact=exact).sizes if size.table == table)


def test_an_empty_log_has_no_days(store: CardLogStore, engine: Engine) -> None:
    """Every table that holds events or figures is listed; who may see the monitor is another matter."""
    assert evaluations_in(store) == 0

    found = status(engine, exact=False)

    assert (found.first, found.last, found.days_due) == (None, None, [])
    assert {size.table for size in found.sizes} == set(metadata.tables) - {
        "rollup_due",
        *(table.name for table in ACCESS_TABLES),
    }
    assert {size.rows for size in found.sizes} == {0}


def test_what_is_there_is_told(store: CardLogStore, engine: Engine, a_call: BuildCall) -> None:
    """First and last day, rows, months, and the days whose figures are to be worked out."""
    store.write(rows_of([a_call(occurred_on=NOVEMBER), a_call(occurred_on=OCTOBER), a_call(occurred_on=OCTOBER)]))

    found = status(engine, exact=False)

    assert (found.first, found.last, found.days_due) == (OCTOBER, NOVEMBER, [OCTOBER, NOVEMBER])
    assert size_of("card", engine) == TableSize("card", 3, estimated=False)
    assert (date(2026, 10, 1) in found.partitions) == (engine.dialect.name == "postgresql")


def test_the_rows_of_a_large_table_are_estimated_where_the_database_can(
    store: CardLogStore,
    engine: Engine,
    a_call: BuildCall,
    run_sql: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Counting millions takes long; an estimate is marked as one, and an exact count can be had."""
    monkeypatch.setattr(module, "_COUNTED_EXACTLY", 2)
    store.write(rows_of([a_call(occurred_on=day) for day in (OCTOBER, OCTOBER, NOVEMBER)]))
    assert size_of("evaluation", engine) == TableSize("evaluation", 3, estimated=False)  # never analysed

    run_sql("ANALYZE")

    on_postgresql = engine.dialect.name == "postgresql"
    assert size_of("evaluation", engine) == TableSize("evaluation", 3, estimated=on_postgresql)
    assert size_of("evaluation", engine, exact=True) == TableSize("evaluation", 3, estimated=False)
    assert size_of("feedback", engine) == TableSize("feedback", 0, estimated=False)
