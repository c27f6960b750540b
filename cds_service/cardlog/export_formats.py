"""The files that an export can be: CSV for a spreadsheet, NDJSON for a program, Parquet for an analyst's tools.

Each writer takes rows a few thousand at a time and keeps none of them, so that a year of events needs no more memory
than a day's.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from io import TextIOWrapper
from types import MappingProxyType
from typing import BinaryIO, Final, Protocol

import orjson

from cds_service.cardlog.data_dictionary import DictionaryField, FieldType

Rows = Sequence[Sequence[object]]

# A spreadsheet takes a cell that begins so for a formula.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


class ExportFormat(StrEnum):
    """A kind of file, named by its ending."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


class TableWriter(Protocol):
    """Writes one table into a file that the caller opened and closes."""

    def write(self, rows: Rows) -> None:
        """Add rows, their values in the order of the fields."""

    def finish(self) -> None:
        """Write what has to stand at the end of the file. Nothing can be added afterwards."""


class CsvWriter:
    """UTF-8 with one header row and no byte order mark (RFC 4180, and the Government Statistical Service's guidance).

    Days are in ISO 8601, times too and in UTC, yes/no is `true` or `false`, and what is not known is empty. A text that
    a spreadsheet would take for a formula gets an apostrophe in front.

    Args:
        file: an open binary file.
        fields: the table's fields.
    """

    def __init__(self, file: BinaryIO, fields: Sequence[DictionaryField]) -> None:
        self._text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        self._rows = csv.writer(self._text)
        self._rows.writerow([field.field for field in fields])

    def write(self, rows: Rows) -> None:
        """Add rows, their values in the order of the fields."""
        self._rows.writerows([_cell(value) for value in row] for row in rows)

    def finish(self) -> None:
        """Leave the file to its owner."""
        self._text.detach()


class NdjsonWriter:
    """One JSON object in a line, with every field; what is not known is `null`.

    Args:
        file: an open binary file.
        fields: the table's fields.
    """

    def __init__(self, file: BinaryIO, fields: Sequence[DictionaryField]) -> None:
        self._file = file
        self._names = [field.field for field in fields]

    def write(self, rows: Rows) -> None:
        """Add rows, their values in the order of the fields."""
        options = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
        self._file.writelines(orjson.dumps(dict(zip(self._names, row, strict=True)), option=options) for row in rows)

    def finish(self) -> None:
        """Nothing stands at the end."""


class ParquetWriter:
    """Apache Parquet with typed columns; the rows of each `write` are a row group.

    Args:
        file: an open binary file.
        fields: the table's fields; none may hold bytes, which are not exported.
    """

    def __init__(self, file: BinaryIO, fields: Sequence[DictionaryField]) -> None:
        # Slow to load and large, and needed for this alone; it comes without types.
        import pyarrow  # type: ignore[import-untyped]  # noqa: PLC0415 - see above
        from pyarrow import parquet  # noqa: PLC0415 - see above

        types = {
            FieldType.TEXT: pyarrow.string(),
            FieldType.DATE: pyarrow.date32(),
            FieldType.INTEGER: pyarrow.int64(),
            FieldType.YES_NO: pyarrow.bool_(),
            FieldType.TIME: pyarrow.timestamp("ms", tz="UTC"),
        }
        self._schema = pyarrow.schema([(field.field, types[field.type]) for field in fields])
        self._record_batch = pyarrow.record_batch
        self._writer = parquet.ParquetWriter(file, self._schema)

    def write(self, rows: Rows) -> None:
        """Add rows, their values in the order of the fields."""
        columns = list(zip(*rows, strict=True)) or [()] * len(self._schema)
        self._writer.write_batch(self._record_batch(columns, schema=self._schema))

    def finish(self) -> None:
        """Write the footer, without which the file cannot be read."""
        self._writer.close()


WRITERS: Final[Mapping[ExportFormat, Callable[[BinaryIO, Sequence[DictionaryField]], TableWriter]]] = MappingProxyType(
    {
        ExportFormat.CSV: CsvWriter,
        ExportFormat.NDJSON: NdjsonWriter,
        ExportFormat.PARQUET: ParquetWriter,
    }
)
"""What writes each kind of file."""


def spreadsheet_safe(value: str) -> str:
    """A text that no spreadsheet takes for a formula: where it begins like one, an apostrophe stands in front."""
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value


def _cell(value: object) -> object:
    if isinstance(value, str):
        return spreadsheet_safe(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value
