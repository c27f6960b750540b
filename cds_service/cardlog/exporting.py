"""Exports of the card log: a table's rows in a file, with the dictionary of their fields beside it.

Rows leave as they are stored: nobody is named in them, and small numbers are not suppressed. What ties the firings of
an order together never leaves, nor do the marks and ids by which the service's processes work.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, cast

from sqlalchemy import BigInteger, ColumnElement, Engine, Select, Table, and_, exists, func, select

from cds_service.cardlog import forms
from cds_service.cardlog.data_dictionary import FILE_NAME, DictionaryField, data_dictionary, dictionary_csv
from cds_service.cardlog.databases import transaction
from cds_service.cardlog.export_formats import WRITERS, ExportFormat
from cds_service.cardlog.rollup_schema import CHOICES, ROLLUP_TABLES
from cds_service.cardlog.schema import card, evaluation, feedback, suggestion
from cds_service.cardlog.table_days import COUNT_TABLES, day_of
from cds_service.pathway.outcomes import Outcome

EXPORTED_TABLES: Final = {
    table.name: table
    for table in (evaluation, card, suggestion, feedback, *COUNT_TABLES, *ROLLUP_TABLES)
    if table.name not in CHOICES
}
"""The tables that can be exported, by name. A table of choices counts each order several times over."""

ROWS_AT_A_TIME: Final = 5_000
"""As many rows are in memory at once."""

STATE: Final = "unsuppressed"
"""Stands in each file's name: small numbers are in it as they are."""

_NEVER_EXPORTED: Final = "writer_id"
_OUTCOME_OF_ITS_OWN: Final = feedback  # there the column says accepted or overridden


class ExportError(Exception):
    """The export was asked for something that cannot be; the message names the option and the mend."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows are wanted; what is left out does not restrict.

    Attributes:
        first: the first day.
        last: the last day. A week, window or month belongs to the day with which it begins.
        regions: footprints, or `other` and `unresolved`, in lower case.
        outcome: what the order or its card was answered.
        client_id: the configured id of the EHR.

    Raises:
        ExportError: the period is empty, or a region or client cannot be one.
    """

    first: date | None = None
    last: date | None = None
    regions: tuple[str, ...] = ()
    outcome: Outcome | None = None
    client_id: str | None = None

    def __post_init__(self) -> None:
        """Hold texts to their form, since they become part of a file's name."""
        if self.first is not None and self.last is not None and self.first > self.last:
            raise ExportError(f"--from {self.first} lies after --to {self.last}; give the earlier day first")
        asked = [("--region", region) for region in self.regions]
        if self.client_id is not None:
            asked.append(("--client", self.client_id))
        for option, value in asked:
            if forms.token(value) != value:
                raise ExportError(f"{option} {value!r}: no row can have it; give an id as in the configuration")

    def by_column(self) -> dict[str, tuple[str, ...]]:
        """The values asked for, by the column of `evaluation` that holds them."""
        asked = {
            "region": self.regions,
            "outcome": () if self.outcome is None else (self.outcome.value,),
            "client_id": () if self.client_id is None else (self.client_id,),
        }
        return {column: values for column, values in asked.items() if values}


class Exported(NamedTuple):
    """A finished export.

    Attributes:
        path: the file.
        rows: how many are in it.
    """

    path: Path
    rows: int


def exported_fields(table: str) -> tuple[DictionaryField, ...]:
    """The fields of an exported table."""
    return tuple(field for field in data_dictionary()[table] if field.field != _NEVER_EXPORTED)


def count_rows(engine: Engine, table: str, filters: Filters) -> int:
    """How many rows an export would have.

    Raises:
        ExportError: the table cannot be exported, or has not got what a filter asks for.
        CardLogStoreError: the database failed.
    """
    counted = select(func.count()).select_from(_statement(table, filters).order_by(None).subquery())
    with transaction(engine) as connection:
        return connection.scalars(counted).one()


def export_table(
    engine: Engine,
    table: str,
    filters: Filters,
    kind: ExportFormat,
    folder: Path,
    on_rows: Callable[[int], None],
) -> Exported:
    """Write a table's rows into a new file, in the order of their days, and the dictionary beside it.

    The file has its name only once it is whole, and replaces one of the same name. Only its owner may read it.

    Args:
        engine: to the card log's database.
        table: one of `EXPORTED_TABLES`.
        filters: which rows.
        kind: what kind of file.
        folder: where it goes; made when missing.
        on_rows: told, now and then, how many more rows are written.

    Raises:
        ExportError: the table cannot be exported, or has not got what a filter asks for.
        CardLogStoreError: the database failed; there is no new file.
        OSError: the file cannot be written; there is no new file.
    """
    statement = _statement(table, filters)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(table, filters, kind)
    written = 0
    with _whole_file(path) as file:
        writer = WRITERS[kind](file, exported_fields(table))
        # The database hands out so many rows at a time, from a cursor on its side.
        with (
            transaction(engine) as connection,
            connection.execution_options(yield_per=ROWS_AT_A_TIME).execute(statement) as rows,
        ):
            for some in rows.partitions():
                writer.write(some)
                written += len(some)
                on_rows(len(some))
        writer.finish()
    _write_dictionary(folder)
    return Exported(path, written)


def file_name(table: str, filters: Filters, kind: ExportFormat) -> str:
    """A name that says what is in the file: table, footprints, other filters, period and state of suppression."""
    parts = [table, "-".join(sorted(filters.regions)) or "all"]
    if filters.outcome is not None:
        parts.append(f"outcome-{filters.outcome}")
    if filters.client_id is not None:
        parts.append(f"client-{filters.client_id}")
    parts += [str(filters.first or "earliest"), str(filters.last or "latest"), STATE]
    return f"{'_'.join(parts)}.{kind}"


def _statement(name: str, filters: Filters) -> Select[tuple[object, ...]]:
    if name not in EXPORTED_TABLES:
        raise ExportError(f"--table {name}: is not exported; choose from {', '.join(EXPORTED_TABLES)}")
    table = EXPORTED_TABLES[name]
    columns = [table.c[field.field] for field in exported_fields(name)]
    keys = [column for column in columns if column.primary_key and column is not day_of(table)]
    conditions = [*_in_period(table, filters), *_of_kind(table, filters)]
    if table in COUNT_TABLES:
        *grouped, counted = columns
        total = func.sum(counted).cast(BigInteger).label(counted.name)
        statement = select(*grouped, total).group_by(*grouped)
    else:
        statement = select(*columns)
    return statement.where(*conditions).order_by(day_of(table), *keys)


def _in_period(table: Table, filters: Filters) -> Iterator[ColumnElement[bool]]:
    if filters.first is not None:
        yield day_of(table) >= filters.first
    if filters.last is not None:
        yield day_of(table) <= filters.last


def _of_kind(table: Table, filters: Filters) -> Iterator[ColumnElement[bool]]:
    """Conditions on the table's own columns; what it has not got is asked of the evaluation that it belongs to."""
    of_evaluation = []
    for name, values in filters.by_column().items():
        if name in table.c and not (name == "outcome" and table is _OUTCOME_OF_ITS_OWN):
            yield table.c[name].in_(values)
        elif table in (card, suggestion, feedback):
            of_evaluation.append(evaluation.c[name].in_(values))
        else:
            raise ExportError(_no_such_filter(table, name))
    if of_evaluation:
        yield _has_evaluation(table, and_(*of_evaluation))


def _has_evaluation(table: Table, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """That the evaluation of the first order of a row's card meets a condition."""
    belongs = and_(evaluation.c.event_id == card.c.event_id, evaluation.c.occurred_on == card.c.occurred_on, condition)
    if table is card:
        return exists().where(belongs)
    return exists().where(card.c.card_id == table.c.card_id, belongs)


def _no_such_filter(table: Table, column: str) -> str:
    option = "--client" if column == "client_id" else f"--{column}"
    having = [
        other.name for other in EXPORTED_TABLES.values() if column in other.c or other in (card, suggestion, feedback)
    ]
    return f"{option}: {table.name} has nothing to tell it by; leave it out, or export one of {', '.join(having)}"


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that has its name only once it is written to the end; without one when it could not be."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".partial", delete=False) as file:
        try:
            yield cast("BinaryIO", file)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        finally:
            Path(file.name).unlink(missing_ok=True)  # unless it has its name by now


def _write_dictionary(folder: Path) -> None:
    """The fields of every table that has an export in the folder."""
    tables = [table for table in EXPORTED_TABLES if any(folder.glob(f"{table}_*_{STATE}.*"))]
    fields: Sequence[DictionaryField] = [field for table in tables for field in exported_fields(table)]
    with _whole_file(folder / FILE_NAME) as file:
        file.write(dictionary_csv(fields).encode())
