"""CSV text into rows of named cells, with the line on which each row begins.

It takes what Excel writes (byte-order mark, CRLF, empty lines, rows of nothing but commas) and refuses what
would shift or swallow cells unseen: an open quotation mark, more cells than columns.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cds_service.directory.errors import Findings, Problem

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: the line on which it begins, and its trimmed cells by column name."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV file: the line and names of its header (lower case), and its rows."""

    header_line: int
    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]


def read_sheet(path: Path, findings: Findings, *, required: bool) -> Sheet | None:
    """Read a CSV file, adding what is wrong with it to `findings`.

    Args:
        path: the file.
        findings: where problems go.
        required: whether it is a problem that the file is missing.

    Returns:
        The rows that could be read, or None when the file is missing or has no readable header.
    """
    file = path.name
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        if required:
            mend = f"Write it, and check that {path.parent} is the configuration folder"
            findings.stop(Problem(file, "is missing", mend))
        return None
    except OSError as error:
        fault = f"cannot be read ({error.strerror or type(error).__name__})"
        findings.stop(Problem(file, fault, "Make it a plain file that the service may read"))
        return None
    text = _decode(file, data, findings)
    return None if text is None else _lay_out(file, _split(file, text, findings), findings)


def _decode(file: str, data: bytes, findings: Findings) -> str | None:
    data = data.removeprefix(_BYTE_ORDER_MARK)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        findings.stop(Problem(file, "is not UTF-8 text", 'Save the file as "CSV UTF-8"', line))
        return None


def _split(file: str, text: str, findings: Findings) -> list[tuple[int, list[str]]]:
    """Return each row that is not blank with the line on which it begins."""
    # newline="" leaves CRLF to the csv module, so that a quoted line end stays what it is.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            mend = "Close every quotation mark, and double one that belongs to the text"
            findings.stop(Problem(file, f"cannot be read as CSV ({error})", mend, line))
            return rows
        if cells is None:
            return rows
        trimmed = [cell.strip() for cell in cells]
        if any(trimmed):
            rows.append((line, trimmed))


def _lay_out(file: str, rows: list[tuple[int, list[str]]], findings: Findings) -> Sheet | None:
    if not rows:
        findings.stop(Problem(file, "has no header line", "Write the header line, or remove the file"))
        return None
    header_line, header = rows[0]
    columns = _columns(file, header_line, header, findings)
    laid_out = (_cells(file, line, columns, cells, findings) for line, cells in rows[1:])
    return Sheet(header_line, columns, tuple(row for row in laid_out if row is not None))


def _columns(file: str, line: int, header: list[str], findings: Findings) -> tuple[str, ...]:
    names = [name.lower() for name in header]
    while not names[-1]:  # a spreadsheet leaves commas behind for emptied columns
        names.pop()
    for number, name in enumerate(names, start=1):
        if not name:
            findings.stop(Problem(file, f"column {number} has no name", "Name the column or delete it", line))
    for name, count in Counter(names).items():
        if name and count > 1:
            findings.stop(Problem(file, f"is the name of {count} columns", "Keep one of them", line, value=name))
    return tuple(names)


def _cells(file: str, line: int, columns: tuple[str, ...], cells: list[str], findings: Findings) -> SheetRow | None:
    while len(cells) > len(columns) and not cells[-1]:
        cells.pop()
    if len(cells) > len(columns):
        fault = f"the row has {len(cells)} cells where the header has {len(columns)}"
        mend = "Put quotation marks round a value that holds a comma"
        findings.stop(Problem(file, fault, mend, line))
        return None
    padded = cells + [""] * (len(columns) - len(cells))
    return SheetRow(line, dict(zip(columns, padded, strict=True)))
