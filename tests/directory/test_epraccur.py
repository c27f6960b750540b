from pathlib import Path

import pytest

from cds_service.directory.epraccur import read_epraccur
from cds_service.directory.errors import SourceFileError
from cds_service.directory.practices import OdsPractice
from tests.directory.ods_files import ods_row, write_epraccur

LARKSPUR = OdsPractice("Z99001", "LARKSPUR DEMO SURGERY", "RO76", "W2U3Z", "Z9B2Z", "active")


def refused(path: Path) -> str:
    """What is said of a file that cannot be used."""
    with pytest.raises(SourceFileError) as caught:
        read_epraccur(path)
    return str(caught.value)


def test_the_file_is_read_as_it_is_published(tmp_path: Path) -> None:
    """27 columns, no header line: code, name, commissioner, setting and state come from their places."""
    path = write_epraccur(tmp_path / "epraccur.csv", ods_row("Z99001"))
    assert read_epraccur(path) == [LARKSPUR]


@pytest.mark.parametrize("heading", ["Organisation Code", "ORG CODE"])
def test_a_header_line_is_passed_over(tmp_path: Path, heading: str) -> None:
    """Some exports begin with the names of the columns."""
    header = ods_row(heading, "Name", status="Status Code")
    assert read_epraccur(write_epraccur(tmp_path / "epraccur.csv", header, ods_row("Z99001"))) == [LARKSPUR]


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("ACTIVE", "active"),
        ("A", "active"),
        ("INACTIVE", "closed"),
        ("C", "closed"),
        ("D", "neither"),
        ("P", "neither"),
    ],
)
def test_words_and_letters_of_a_status_are_both_read(tmp_path: Path, written: str, status: str) -> None:
    """Older files hold a letter, newer ones a word; dormant and proposed are neither open nor closed."""
    (found,) = read_epraccur(write_epraccur(tmp_path / "e.csv", ods_row("Z99001", status=written)))
    assert found.status == status


def test_a_byte_order_mark_and_windows_line_ends_do_not_count(tmp_path: Path) -> None:
    """The file may have been through a spreadsheet."""
    path = tmp_path / "epraccur.csv"
    path.write_bytes(b"\xef\xbb\xbf" + ods_row("Z99001").encode() + b"\r\n\r\n")
    assert read_epraccur(path) == [LARKSPUR]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Z99001,LARKSPUR", "line 2: the row has 2 cells where the file has 27"),
        (ods_row("Z99-01"), "line 2, column 1: 'Z99-01' is not an ODS code"),
        (ods_row("Z99001", status="OPEN"), "line 2, column 13: 'OPEN' is none of ACTIVE"),
        (ods_row("Z99001", commissioner="North West"), "line 2, column 15: 'North West' is not the ODS code"),
        (ods_row("Z99001", commissioner="20130401"), "line 2, column 15: '20130401' is not the ODS code"),
        (ods_row("Z99001", commissioner="B"), "line 2, column 15: 'B' is not the ODS code"),
        (ods_row("Z99001", role="GP"), "line 2, column 26: 'GP' is no prescribing setting"),
        ('"Z99001', "line 2: cannot be read as CSV"),
    ],
)
def test_a_row_that_looks_otherwise_is_told_with_its_line(tmp_path: Path, row: str, said: str) -> None:
    """Columns that have moved are noticed, and nothing is made of them."""
    assert said in refused(write_epraccur(tmp_path / "epraccur.csv", ods_row("Z99009"), row))


def test_the_first_rows_of_a_wrong_file_are_told_and_the_rest_is_counted(tmp_path: Path) -> None:
    """Thousands of lines would tell an operator no more than twenty."""
    said = refused(write_epraccur(tmp_path / "wrong.csv", *["Z99001,LARKSPUR"] * 50)).splitlines()
    assert (said[0].endswith("has 50 problems:"), len(said), said[-1]) == (True, 22, "- and 30 more.")


def test_a_file_that_is_no_file_is_told(tmp_path: Path) -> None:
    """Missing, empty, or still packed."""
    (tmp_path / "packed.zip").write_bytes(b"PK\x03\x04\xff\xfe")
    (tmp_path / "empty.csv").write_bytes(b"")
    assert "cannot be read (No such file or directory)" in refused(tmp_path / "absent.csv")
    assert "holds no row" in refused(tmp_path / "empty.csv")
    assert "Unpack the download first" in refused(tmp_path / "packed.zip")
