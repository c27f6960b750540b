"""How long it takes to work out the figures: the whole year once, then what each minute brings."""

import time
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Final, NamedTuple

from size_loading import WRITER_IDS
from sqlalchemy import Engine, func, select, text

from cds_service.cardlog.databases import transaction, write_at_once
from cds_service.cardlog.episodes import windows_with_keys, work_out_window
from cds_service.cardlog.inserts import marks_of_days
from cds_service.cardlog.rollup_schema import ROLLUP_TABLES
from cds_service.cardlog.rollups import roll_up_due
from cds_service.cardlog.schema import EVENT_TABLES
from cds_service.cardlog.table_days import COUNT_TABLES

WINDOW_DAYS: Final = 7


class Step(NamedTuple):
    """Something done once.

    Attributes:
        name: what it was.
        seconds: how long it took.
        done: what it came to, such as days worked out.
    """

    name: str
    seconds: float
    done: str


def timed(name: str, work: Callable[[], str]) -> Step:
    """Do something once and say how long it took; it tells what it came to."""
    began = time.perf_counter()
    done = work()
    return Step(name, time.perf_counter() - began, done)


def work_out_all(engine: Engine, today: date) -> list[Step]:
    """Work out the figures of all days that are due, the episodes, and both again for a day and a window.

    Args:
        engine: to the filled log.
        today: its last day.
    """
    is_postgresql = engine.dialect.name == "postgresql"
    analysed = timed("ANALYZE", partial(_analysed, engine)) if is_postgresql else None
    steps = [timed("figures of all days", lambda: f"{roll_up_due(engine)} days")]
    windows = windows_with_keys(engine, WINDOW_DAYS, today)
    steps += [
        timed(f"episodes of the window from {start}", partial(_worked_out, engine, start, today)) for start in windows
    ]
    if analysed is not None:
        steps = [analysed, *steps, timed("ANALYZE", partial(_analysed, engine))]
    friday = date.fromordinal(today.toordinal() - (today.weekday() - 4) % 7)
    for name, day in (("a full week again, one day of it due", friday), ("today's week again", today)):
        write_at_once(engine, [marks_of_days(engine.dialect.name, [day], WRITER_IDS[0])])
        steps.append(timed(name, lambda: f"{roll_up_due(engine)} day"))
    if len(windows) > 1:
        steps.append(timed("a full window again", partial(_worked_out, engine, windows[1], today)))
    return steps


def sizes(engine: Engine) -> list[tuple[str, int]]:
    """Rows of each table."""
    with transaction(engine) as connection:
        return [
            (table.name, connection.execute(select(func.count()).select_from(table)).scalar_one())
            for table in (*EVENT_TABLES, *COUNT_TABLES, *ROLLUP_TABLES)
        ]


def _worked_out(engine: Engine, start: date, today: date) -> str:
    return "worked out" if work_out_window(engine, start, WINDOW_DAYS, today) else "left as it was"


def _analysed(engine: Engine) -> str:
    """Statistics, as PostgreSQL takes them by itself some minutes after so many rows."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return "all tables"
