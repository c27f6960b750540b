from pathlib import Path

import pytest

from cds_service.directory import ConfigurationError, load_directory
from cds_service.directory.csv_edits import CsvEditError, EditableCsv, cells_of, open_csv
from cds_service.directory.tables import FCP_REGISTER, ORGANISATIONS

HEADER = "ods_code,name,setting,sub_icb,borough,pcn"
ROW = "Z99001,Larkspur Demo Surgery,general-practice,W2U3Z,Brent,"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder's organisations.csv with one row."""
    path = tmp_path / "organisations.csv"
    path.write_text(f"{HEADER}\n{ROW}\n", "utf-8")
    return path


def edited(path: Path) -> EditableCsv:
    """The file with another name in its row."""
    table = open_csv(path.parent, ORGANISATIONS)
    table.rows[0]["name"] = "Bluebell, Demo"
    return table


def test_a_change_is_all_that_changes(path: Path) -> None:
    """Order of columns, a further column, Windows line ends and the byte-order mark stay as their owner has them."""
    path.write_bytes(b"\xef\xbb\xbfname,note,ods_code,setting,sub_icb,borough,pcn\r\nLarkspur,x,Z99001,a,b,,\r\n")
    edited(path).save()
    expected = b'\xef\xbb\xbfname,note,ods_code,setting,sub_icb,borough,pcn\r\n"Bluebell, Demo",x,Z99001,a,b,,\r\n'
    assert path.read_bytes() == expected


def test_a_file_whose_header_lacks_a_column_is_not_opened(path: Path) -> None:
    """As at the start: with file, line, column and mend."""
    path.write_text("code,name,setting,sub_icb,borough,pcn\nZ99001,Larkspur,general-practice,W2U3Z,,\n", "utf-8")
    with pytest.raises(ConfigurationError, match=r"organisations\.csv, line 1, column ods_code: is missing from the"):
        open_csv(path.parent, ORGANISATIONS)


def test_a_file_without_a_change_is_not_touched(path: Path) -> None:
    """Not even its time."""
    before = path.stat()
    open_csv(path.parent, ORGANISATIONS).save()
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_a_file_that_another_changed_meanwhile_is_left_alone(path: Path) -> None:
    """The other's change is not lost."""
    table = edited(path)
    path.write_text(f"{HEADER}\n", "utf-8")
    with pytest.raises(CsvEditError, match=r"changed by another while this command ran\. Run it again"):
        table.save()
    assert path.read_text("utf-8") == f"{HEADER}\n"


def test_a_file_that_cannot_be_written_stays_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No half file, and nothing left beside it."""
    table = edited(path)

    def full(_self: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CsvEditError, match="No space left on device"):
        table.save()
    assert path.read_text("utf-8") == f"{HEADER}\n{ROW}\n"
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_the_mode_of_a_file_stays(path: Path) -> None:
    """Who could read it before can read it after."""
    path.chmod(0o640)
    edited(path).save()
    assert path.stat().st_mode & 0o777 == 0o640


def test_an_absent_file_is_made_with_every_column(tmp_path: Path) -> None:
    """The first listing makes the register."""
    table = open_csv(tmp_path, FCP_REGISTER)
    table.rows.append(cells_of({"identifier_system": "urn:z99", "spine": False, "valid_to": None}))
    table.save()
    header, row = (tmp_path / "fcp-register.csv").read_text("utf-8").splitlines()
    assert header == ",".join(FCP_REGISTER.columns)
    assert row == "urn:z99,,,,,no,,"


def test_a_file_that_cannot_be_read_is_not_edited(path: Path) -> None:
    """What is in it would be lost."""
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="is not UTF-8"):
        open_csv(path.parent, ORGANISATIONS)


def test_a_change_with_which_the_service_would_not_start_is_refused(path: Path) -> None:
    """The trial names the real folder, and leaves it as it is."""
    table = edited(path)
    table.rows[0]["setting"] = "GP"
    with pytest.raises(ConfigurationError, match="'GP' is not a setting") as caught:
        table.check({"W2U3Z": "nwl"})
    assert caught.value.folder == path.parent
    assert load_directory(path.parent, {"W2U3Z": "nwl"}).organisation("Z99001") is not None
