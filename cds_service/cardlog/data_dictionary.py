"""The data dictionary: what each column of the card log means, where it comes from and why it is needed.

`data_dictionary.csv` is the allow list of the project's information-governance rules: a column without a row there
fails a test, and so does a row without a column. Exports carry the rows of their tables with them.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from enum import StrEnum
from functools import cache
from importlib import resources
from io import StringIO
from types import MappingProxyType
from typing import Final

FILE_NAME: Final = "data_dictionary.csv"


class FieldType(StrEnum):
    """What a field holds."""

    TEXT = "text"
    DATE = "date"
    INTEGER = "integer"
    YES_NO = "yes/no"
    TIME = "time"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class DictionaryField:
    """One column of one table.

    Attributes:
        table: the table's name.
        field: the column's name.
        type: what it holds; a date is a day in London, a time is in UTC.
        meaning: what a value says.
        source: where it comes from.
        need: why it is needed.
    """

    table: str
    field: str
    type: FieldType
    meaning: str
    source: str
    need: str


HEADER: Final = tuple(each.name for each in fields(DictionaryField))
"""The first row of the file."""


@cache
def data_dictionary() -> Mapping[str, tuple[DictionaryField, ...]]:
    """The packaged dictionary: by table, its fields in the order of the columns."""
    text = (resources.files("cds_service.cardlog") / FILE_NAME).read_text("utf-8")
    return read_dictionary(text)


def read_dictionary(text: str) -> Mapping[str, tuple[DictionaryField, ...]]:
    """The fields of a dictionary, by table.

    Args:
        text: CSV with `HEADER` as its first row.

    Raises:
        ValueError: a row is not what the header says, or a field stands there twice.
    """
    rows = csv.reader(StringIO(text, newline=""), strict=True)
    if tuple(next(rows, ())) != HEADER:
        raise ValueError(f"{FILE_NAME} line 1: is not the header; write {','.join(HEADER)}")
    tables: dict[str, dict[str, DictionaryField]] = {}
    for row in rows:
        entry = _field(row, rows.line_num)
        table = tables.setdefault(entry.table, {})
        if entry.field in table:
            raise ValueError(f"{FILE_NAME} line {rows.line_num}: {entry.table}.{entry.field} is there twice; keep one")
        table[entry.field] = entry
    return MappingProxyType({table: tuple(entries.values()) for table, entries in tables.items()})


def dictionary_csv(entries: Iterable[DictionaryField]) -> str:
    """Fields as they stand in the file, under its header."""
    written = StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(astuple(entry) for entry in entries)
    return written.getvalue()


def _field(row: list[str], line: int) -> DictionaryField:
    if len(row) != len(HEADER) or not all(row):
        raise ValueError(f"{FILE_NAME} line {line}: has an empty or a missing value; fill in {', '.join(HEADER)}")
    table, name, kind, meaning, source, need = row
    if kind not in set(FieldType):
        raise ValueError(f"{FILE_NAME} line {line}: type {kind!r} is unknown; write one of {', '.join(FieldType)}")
    return DictionaryField(table, name, FieldType(kind), meaning, source, need)
