"""Filling the demo's card log once, a day at a time, with what the card log itself writes for a call."""

from collections.abc import Mapping
from datetime import date
from itertools import chain
from typing import Final

from sqlalchemy import Engine, select

from cds_service.cardlog.databases import transaction, write_at_once
from cds_service.cardlog.inserts import insertions, marks_of_days
from cds_service.cardlog.mode_of_log import DEMO
from cds_service.cardlog.partitions import ensure_partitions, month_of
from cds_service.cardlog.rows import Row, rows_of
from cds_service.cardlog.schema import EVENT_TABLES, call_count, evaluation, unknown_procedure_count
from cds_service.invented_history.day import InventedDay, Made, Version
from cds_service.invented_history.places import MAIN_EHR, SILENT_EHR
from cds_service.invented_history.story import Story

SEED: Final = 1948
"""Of the history that the demo shows."""

_WRITER_ID: Final = "00000000-0000-4000-8000-000000001948"
_CATALOGUE: Final = "https://imaging.example.nhs.uk/catalogue"
_UNKNOWN_CODES: Final = (
    (MAIN_EHR, "MRLSPW", 19),
    (MAIN_EHR, "USSHLR", 12),
    (MAIN_EHR, "MRKNEB", 3),
    (SILENT_EHR, "X-4471", 31),
    (SILENT_EHR, "X-4480", 9),
)


class InventedHistory:
    """Keeps the demo's card log filled: looks once in a process, and writes what is missing.

    Args:
        effective: for each region the version that is in force and since when.
        software_version: of this service.
    """

    def __init__(self, effective: Mapping[str, tuple[str, date]], software_version: str) -> None:
        self._effective = effective
        self._software_version = software_version
        self._is_looked_after = False

    def look_after(self, engine: Engine, today: date) -> None:
        """Fill the log once. Raises `CardLogStoreError`; then it is tried again the next time."""
        if not self._is_looked_after:
            fill_once(engine, self._effective, Story(today), self._software_version)
            self._is_looked_after = True


def fill_once(engine: Engine, effective: Mapping[str, tuple[str, date]], story: Story, software_version: str) -> int:
    """Write the history up to yesterday, unless it is there already or the log holds anything but a demo's events.

    The latest day is written first and the first day last, so that one that broke off is made whole the next time:
    its events have the same ids. Figures are worked out by the card log's upkeep, which finds the days marked as due.

    Args:
        engine: to the card log's database.
        effective: for each region the version that is in force and since when.
        story: what happens when.
        software_version: of this service.

    Returns:
        How many days were written.

    Raises:
        CardLogStoreError: the database failed.
    """
    if not _is_wanted(engine, story):
        return 0
    days = story.days()
    ensure_partitions(engine, {month_of(day) for day in days})
    for day in days:
        versions = {region: _version(day, *since) for region, since in effective.items()}
        _write(engine, day, InventedDay(SEED, story, day, versions, software_version).make())
    return len(days)


def _is_wanted(engine: Engine, story: Story) -> bool:
    _, end_of_first_week = story.first_week()
    real = select(evaluation.c.event_id).where(evaluation.c.mode != DEMO).limit(1)
    old = select(evaluation.c.event_id).where(evaluation.c.occurred_on <= end_of_first_week).limit(1)
    with transaction(engine) as connection:
        return connection.execute(real).first() is None and connection.execute(old).first() is None


def _version(day: date, version: str, effective: date) -> Version:
    """The version in force on a day; before it the one before, which is as invented as the rest."""
    if day >= effective:
        return Version(version, is_current=True)
    head, _, last = version.rpartition(".")
    before = f"{head}.{int(last) - 1}" if last.isdecimal() and int(last) else f"before {version}"
    return Version(before, is_current=False)


def _write(engine: Engine, day: date, made: Made) -> None:
    dialect = engine.dialect.name
    rows = rows_of(made.records)
    calls: list[Row] = [
        (day, hour, client, hook, result, _WRITER_ID, count)
        for (hour, client, hook, result), count in sorted(made.calls.items())
        if count
    ]
    statements = [insertions(dialect, table, getattr(rows, table.name)) for table in EVENT_TABLES]
    statements.append(insertions(dialect, call_count, calls, replacing=True))
    if day.day == 1:
        codes: list[Row] = [
            (day, client, _CATALOGUE, code, _WRITER_ID, often) for client, code, often in _UNKNOWN_CODES
        ]
        statements.append(insertions(dialect, unknown_procedure_count, codes, replacing=True))
    statements.append(iter([marks_of_days(dialect, [day], _WRITER_ID)]))
    write_at_once(engine, chain.from_iterable(statements))
