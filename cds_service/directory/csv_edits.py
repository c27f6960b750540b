"""A CSV file of the configuration folder, changed by a command: whole or not at all, and as its owner wrote it.

The order of rows and columns, further columns, line ends and a byte-order mark stay, so that the difference which the
ICB sees in git is the change and nothing else.
"""

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cds_service.directory.errors import ConfigurationError, Findings
from cds_service.directory.loader import load_directory
from cds_service.directory.sheet import read_sheet
from cds_service.directory.tables import FILES, RowT, TableFormat, check_header

_BYTE_ORDER_MARK = "\ufeff"


class CsvEditError(Exception):
    """The file could not be written; it is as it was before."""


@dataclass(slots=True)
class EditableCsv:
    """The rows of a file, to be changed in place and saved.

    Attributes:
        path: the file.
        columns: its columns, in the order of the file; those of the contract that it lacks come last.
        rows: its rows as text, by column.
    """

    path: Path
    columns: list[str]
    rows: list[dict[str, str]]
    _before: bytes | None = None
    _rows_before: list[dict[str, str]] = field(default_factory=list)

    @property
    def is_changed(self) -> bool:
        """Whether a row was changed, added or removed since the file was read."""
        return self.rows != self._rows_before

    def check(self, footprints: Mapping[str, str], regions: Iterable[str] = ()) -> None:
        """See that the service would start with the folder as it will be.

        Args:
            footprints: as for `load_directory`.
            regions: as for `load_directory`.

        Raises:
            ConfigurationError: it would not; with every problem.
        """
        with tempfile.TemporaryDirectory() as name:
            trial = Path(name)
            for file in FILES:
                if (self.path.parent / file).is_file():
                    shutil.copyfile(self.path.parent / file, trial / file)
            (trial / self.path.name).write_bytes(self._rendered())
            try:
                load_directory(trial, footprints, regions)
            except ConfigurationError as error:
                raise ConfigurationError(self.path.parent, error.problems) from None

    def save(self) -> None:
        """Put the changed file in the place of the old one, in one step.

        Raises:
            CsvEditError: it was changed by another meanwhile, or cannot be written.
        """
        if not self.is_changed:
            return
        try:
            now = self.path.read_bytes() if self.path.exists() else None
            if now != self._before:
                msg = f"{self.path}: changed by another while this command ran. Run it again"
                raise CsvEditError(msg)
            replace_file(self.path, self._rendered())
        except OSError as error:
            msg = f"{self.path}: {error.strerror}. Run the command as a user who may write the folder"
            raise CsvEditError(msg) from None

    def _rendered(self) -> bytes:
        before = self._before or b""
        text = io.StringIO(newline="")
        if before.startswith(_BYTE_ORDER_MARK.encode()):
            text.write(_BYTE_ORDER_MARK)
        writer = csv.writer(text, lineterminator="\r\n" if b"\r\n" in before else "\n")
        writer.writerow(self.columns)
        writer.writerows([row.get(column, "") for column in self.columns] for row in self.rows)
        return text.getvalue().encode()


def open_csv(folder: Path, table: TableFormat[RowT]) -> EditableCsv:
    """Read a file of the folder for changing; an absent one has no row yet.

    Args:
        folder: the configuration folder.
        table: what the file must look like.

    Raises:
        ConfigurationError: the file cannot be read as a CSV file, or its header lacks a column.
    """
    path = folder / table.file
    findings = Findings()
    before = path.read_bytes() if path.is_file() else None
    sheet = read_sheet(path, findings, required=False)
    if sheet is not None:
        check_header(table, sheet, findings)
    if findings.problems:
        raise ConfigurationError(folder, findings.problems)
    present = list(sheet.columns) if sheet is not None else []
    present += [column for column in table.columns if column not in present]
    rows = [dict(row.cells) for row in sheet.rows] if sheet is not None else []
    return EditableCsv(path, present, rows, before, [dict(row) for row in rows])


def cells_of(values: Mapping[str, object]) -> dict[str, str]:
    """A row's values as cells: nothing is a blank cell, yes and no are words."""
    words = {True: "yes", False: "no"}
    return {
        column: "" if value is None else words[value] if isinstance(value, bool) else str(value)
        for column, value in values.items()
    }


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in its place, whole or not at all; its mode stays.

    Raises:
        OSError: it cannot be written.
    """
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
