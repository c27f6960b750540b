"""The file of prescribing cost centres that ODS publishes (`epraccur`): 27 columns, no header line.

What stands where is `terminology/README.md` §7. Only what the directory needs is read; a row that does not look as it
should stops the reading with its line, because columns that have moved would make practices of nonsense.
"""

import csv
import io
import re
from pathlib import Path
from typing import Final

from cds_service.directory.errors import Problem, SourceFileError
from cds_service.directory.practices import OdsPractice, OdsStatus

COLUMNS: Final = 27

_CODE, _NAME, _GEOGRAPHY, _STATUS, _COMMISSIONER, _ROLE = 0, 1, 3, 12, 14, 25
_ODS_CODE: Final = re.compile(r"[A-Z0-9]{3,12}")
# With a letter: in the next column stands the day on which the practice joined, which is no commissioner.
_COMMISSIONER_OR_NONE: Final = re.compile(r"(?=[0-9]*[A-Z])[A-Z0-9]{2,12}|")
_ROLE_OR_NUMBER: Final = re.compile(r"RO[0-9]+|[0-9]{1,2}|")
_STATUS_OF: Final[dict[str, OdsStatus]] = {
    "ACTIVE": "active",
    "A": "active",
    "INACTIVE": "closed",
    "C": "closed",
    "D": "neither",  # dormant
    "P": "neither",  # proposed
}


def read_epraccur(path: Path) -> list[OdsPractice]:
    """Read the file.

    Args:
        path: the CSV file, as downloaded and unpacked.

    Raises:
        SourceFileError: it cannot be read, or is not this file; with each line and mend.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SourceFileError(
            path, [_whole(path, f"cannot be read ({error.strerror})", "Give a readable file")]
        ) from None
    except UnicodeDecodeError:
        mend = "Unpack the download first, and give the CSV file in it"
        raise SourceFileError(path, [_whole(path, "is not UTF-8 text", mend)]) from None
    practices: list[OdsPractice] = []
    problems: list[Problem] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if cells and not (line == 1 and _is_header(cells)):
                found = _practice(path, line, [cell.strip() for cell in cells])
                (practices if isinstance(found, OdsPractice) else problems).append(found)  # type: ignore[arg-type] # each list its own
            line = reader.line_num + 1
    except csv.Error as error:
        problems.append(Problem(path.name, f"cannot be read as CSV ({error})", "Download it again", line))
    if not practices and not problems:
        problems.append(_whole(path, "holds no row", "Download it again"))
    if problems:
        raise SourceFileError(path, problems)
    return practices


def _whole(path: Path, fault: str, mend: str) -> Problem:
    return Problem(path.name, fault, mend)


def _is_header(cells: list[str]) -> bool:
    """Some exports put the columns' names first; none of them is an ODS code."""
    return len(cells) == COLUMNS and not _ODS_CODE.fullmatch(cells[_CODE].strip()) and bool(cells[_STATUS].strip())


def _practice(path: Path, line: int, cells: list[str]) -> OdsPractice | Problem:
    if len(cells) != COLUMNS:
        mend = "Give the file epraccur as ODS publishes it"
        return Problem(path.name, f"the row has {len(cells)} cells where the file has {COLUMNS}", mend, line)
    code, role = cells[_CODE].upper(), cells[_ROLE].upper()
    commissioner, status = cells[_COMMISSIONER].upper(), _STATUS_OF.get(cells[_STATUS].upper())
    misread = "The columns may have moved: compare the file with its description at ODS"
    if not _ODS_CODE.fullmatch(code):
        return Problem(path.name, "is not an ODS code", misread, line, "1", cells[_CODE])
    if status is None:
        fault = f"is none of {', '.join(_STATUS_OF)}"
        return Problem(path.name, fault, misread, line, str(_STATUS + 1), cells[_STATUS])
    if not _COMMISSIONER_OR_NONE.fullmatch(commissioner):
        fault = "is not the ODS code of a commissioner"
        return Problem(path.name, fault, misread, line, str(_COMMISSIONER + 1), cells[_COMMISSIONER])
    if not _ROLE_OR_NUMBER.fullmatch(role):
        fault = "is no prescribing setting"
        return Problem(path.name, fault, misread, line, str(_ROLE + 1), cells[_ROLE])
    return OdsPractice(code, cells[_NAME], role, commissioner, cells[_GEOGRAPHY].upper(), status)
