from pathlib import Path

import pytest

from cds_service.directory.errors import Findings
from cds_service.directory.sheet import Sheet, read_sheet


def read(tmp_path: Path, content: str | bytes) -> tuple[Sheet | None, list[str]]:
    """Read a file of this content; return the sheet and the problems."""
    path = tmp_path / "sheet.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    findings = Findings()
    sheet = read_sheet(path, findings, required=True)
    return sheet, [str(problem) for problem in findings.problems]


def rows(tmp_path: Path, content: str | bytes) -> list[tuple[int, dict[str, str]]]:
    """Return the lines and cells of a file that has no problem."""
    sheet, problems = read(tmp_path, content)
    assert problems == []
    assert sheet is not None
    return [(row.line, dict(row.cells)) for row in sheet.rows]


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n",
        b"a,b\r\n1,2\r\n",
        b"\xef\xbb\xbfa,b\r\n1,2\r\n",
        b"a,b\r1,2\r",
        b" A , B \n 1 , 2 \n",
        b"a,b,,\n1,2,,\n",
        b'"a","b"\n"1","2"',
    ],
    ids=["unix", "windows", "excel", "old-mac", "spaces", "emptied-columns", "quoted"],
)
def test_the_same_table_is_read_from_every_dialect(tmp_path: Path, content: bytes) -> None:
    """Line ends, byte-order mark, spaces and commas left behind make no difference."""
    assert rows(tmp_path, content) == [(2, {"a": "1", "b": "2"})]


def test_blank_lines_are_skipped_and_counted(tmp_path: Path) -> None:
    """The line told is the line that an editor shows."""
    assert rows(tmp_path, "\na,b\n\n1,2\n , \n,\n3,4\n") == [
        (4, {"a": "1", "b": "2"}),
        (7, {"a": "3", "b": "4"}),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_right_after_a_quoted_line_end(tmp_path: Path, end: str) -> None:
    """A cell of three lines moves the rows below it by three."""
    text = end.join(["a,b", f'"one{end}two{end}three",2', "3,4", ""])
    assert [line for line, _ in rows(tmp_path, text)] == [2, 5]


def test_a_short_row_is_blank_at_its_end(tmp_path: Path) -> None:
    """Some spreadsheets leave out the commas of empty last cells."""
    assert rows(tmp_path, "a,b,c\n1\n") == [(2, {"a": "1", "b": "", "c": ""})]


def test_a_row_with_too_many_cells_is_told_and_left_out(tmp_path: Path) -> None:
    """A comma without quotation marks would shift every cell after it."""
    sheet, problems = read(tmp_path, "a,b\n1,2,3\n4,5\n")
    assert sheet is not None
    assert [row.line for row in sheet.rows] == [3]
    assert problems == [
        (
            "sheet.csv, line 2: the row has 3 cells where the header has 2. "
            "Put quotation marks round a value that holds a comma."
        )
    ]


def test_an_open_quotation_mark_is_told_where_its_row_begins(tmp_path: Path) -> None:
    """It would otherwise swallow every row below it."""
    _, problems = read(tmp_path, 'a,b\n1,2\n"3,4\n5,6\n')
    assert problems == [
        (
            "sheet.csv, line 3: cannot be read as CSV (unexpected end of data). "
            "Close every quotation mark, and double one that belongs to the text."
        )
    ]


def test_text_that_is_not_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    """Excel's plain "CSV" is not UTF-8 as soon as a name has an accent."""
    sheet, problems = read(tmp_path, b"a,b\n1,2\n3,caf\xe9\n")
    assert (sheet, problems) == (
        None,
        ['sheet.csv, line 3: is not UTF-8 text. Save the file as "CSV UTF-8".'],
    )


@pytest.mark.parametrize("content", ["", "\n \n", ",,\n"])
def test_a_file_without_a_header_is_told(tmp_path: Path, content: str) -> None:
    """An empty file is a mistake; an empty table has a header or no file."""
    sheet, problems = read(tmp_path, content)
    assert (sheet, problems) == (
        None,
        ["sheet.csv: has no header line. Write the header line, or remove the file."],
    )


def test_columns_named_twice_or_not_at_all_are_told(tmp_path: Path) -> None:
    """Which of two columns was meant cannot be known."""
    _, problems = read(tmp_path, "a,,A\n1,2,3\n")
    assert problems == [
        "sheet.csv, line 1: column 2 has no name. Name the column or delete it.",
        "sheet.csv, line 1: 'a' is the name of 2 columns. Keep one of them.",
    ]


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    """What the operating system refuses is a problem of the configuration, not a crash."""
    (tmp_path / "sheet.csv").mkdir()
    findings = Findings()
    assert read_sheet(tmp_path / "sheet.csv", findings, required=False) is None
    assert [str(problem) for problem in findings.problems] == [
        "sheet.csv: cannot be read (Is a directory). Make it a plain file that the service may read."
    ]


def test_a_missing_file_is_a_problem_only_when_it_is_required(tmp_path: Path) -> None:
    """The caller knows whether the file may be missing."""
    findings = Findings()
    assert read_sheet(tmp_path / "sheet.csv", findings, required=False) is None
    assert findings.problems == []
    assert read_sheet(tmp_path / "sheet.csv", findings, required=True) is None
    assert [problem.fault for problem in findings.problems] == ["is missing"]
