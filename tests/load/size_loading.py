"""Filling the card log: each day of the invented England in one transaction, with all indexes in place.

On PostgreSQL by COPY, in several processes; on SQLite by the service's own statements of many rows.
"""

import multiprocessing
import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from itertools import chain, groupby, product
from typing import Any, Final

from size_days import rows_of_day
from size_england import CLIENTS
from sqlalchemy import Engine

from cds_service.cardlog.databases import open_engine, write_at_once
from cds_service.cardlog.inserts import insertions, marks_of_days
from cds_service.cardlog.migrating import bring_up_to_date
from cds_service.cardlog.partitions import ensure_partitions, month_of
from cds_service.cardlog.rows import Row, Rows
from cds_service.cardlog.schema import EVENT_TABLES, call_count, unknown_procedure_count

WRITER_IDS: Final = tuple(f"00000000-0000-4000-8000-00000000000{number}" for number in range(4))
"""Processes of the service: two replicas of two workers."""

_HOOKS: Final = ("order-select", "order-sign")
_RESULTS: Final = ("out_of_scope", "cards", "silent")
_UNKNOWN_CODES: Final = 200
_CODE_SYSTEM: Final = "https://ehr.example.nhs.uk/imaging-catalogue"


def load(database_url: str, evaluations: Mapping[date, int], processes: int) -> None:
    """Make the tables, fill them day by day, and mark the days as due, as the service does.

    Args:
        database_url: of an empty database.
        evaluations: how many evaluations each day gets.
        processes: how many fill PostgreSQL at once, a month each; SQLite has one writer.
    """
    bring_up_to_date(database_url)
    engine = open_engine(database_url)
    ensure_partitions(engine, {month_of(day) for day in evaluations})
    last = max(evaluations)
    if engine.dialect.name == "sqlite":
        _load_days(database_url, evaluations, last)
    else:
        months = [dict(days) for _, days in groupby(sorted(evaluations.items()), lambda each: month_of(each[0]))]
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=spawn) as pool:
            for filled in [pool.submit(_load_days, database_url, month, last) for month in months]:
                filled.result()
    write_at_once(engine, [marks_of_days(engine.dialect.name, sorted(evaluations), WRITER_IDS[0])])
    engine.dispose()


def _load_days(database_url: str, evaluations: Mapping[date, int], last: date) -> None:
    engine = open_engine(database_url)
    dialect = engine.dialect.name
    for day, how_many in evaluations.items():
        rows = rows_of_day(day, last, how_many)
        if dialect == "sqlite":
            write_at_once(
                engine,
                chain.from_iterable(insertions(dialect, table, getattr(rows, table.name)) for table in EVENT_TABLES),
            )
        else:
            _copy(engine, rows)
        write_at_once(engine, insertions(dialect, call_count, list(_calls_of(day)), replacing=True))
    codes = [code for month in {month_of(day) for day in evaluations} for code in _unknown_codes(month)]
    write_at_once(engine, insertions(dialect, unknown_procedure_count, codes, replacing=True))
    engine.dispose()


def _copy(engine: Engine, rows: Rows) -> None:
    connection = engine.raw_connection()
    driver: Any = connection.driver_connection
    with driver.cursor() as cursor:
        for table in EVENT_TABLES:
            with cursor.copy(f"COPY {table.name} FROM STDIN") as copy:
                copy.write("".join(_lines(getattr(rows, table.name))))
    driver.commit()
    connection.close()


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    """Rows in PostgreSQL's text format; no value of ours holds a tab, a line end or a backslash."""
    for row in rows:
        yield "\t".join([_as_text(value) for value in row]) + "\n"


def _as_text(value: object) -> str:
    if value is None:
        return "\\N"
    return f"\\\\x{value.hex()}" if isinstance(value, bytes) else str(value)


def _calls_of(day: date) -> Iterator[Row]:
    """Each process's own sums of a day; at nearly every hour somebody orders something, a drug most of all."""
    choose = random.Random(day.toordinal())
    for hour, client, hook, result, writer in product(range(24), CLIENTS, _HOOKS, _RESULTS, WRITER_IDS):
        yield (day, hour, client, hook, result, writer, choose.randrange(1, 5_000))


def _unknown_codes(month: date) -> Iterator[Row]:
    choose = random.Random(month.toordinal())
    for number, client, writer in product(range(_UNKNOWN_CODES), CLIENTS, WRITER_IDS):
        yield (month, client, _CODE_SYSTEM, f"LOCAL-{number:03}", writer, choose.randrange(1, 300))
