"""One configuration file into checked rows: its format, its header, its cells, no row twice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cds_service.directory.columns import cell_error
from cds_service.directory.errors import Findings, Problem
from cds_service.directory.rows import DestinationRow, OrganisationRow, ProcedureRow, RegisterRow
from cds_service.directory.sheet import Sheet, SheetRow, read_sheet
from cds_service.directory.vocabulary import borough_key, code_key, region_key

RowT = TypeVar("RowT", bound=BaseModel)
RowKey = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record(Generic[RowT]):
    """A checked row and the line on which it begins."""

    line: int
    row: RowT


@dataclass(frozen=True, slots=True)
class TableFormat(Generic[RowT]):
    """A configuration file's contract.

    Attributes:
        file: its name in the configuration folder.
        model: the model of a row.
        key_columns: the columns that together name a row; empty when rows may repeat.
        key: those cells as they are compared.
        required: whether the file must be there.
    """

    file: str
    model: type[RowT]
    key_columns: tuple[str, ...] = ()
    key: Callable[[Mapping[str, str]], RowKey] = lambda _: ()
    required: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the file may have, in the order of the contract."""
        return tuple(self.model.model_fields)

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The columns that the header must have."""
        return tuple(name for name, field in self.model.model_fields.items() if field.is_required())


ORGANISATIONS = TableFormat(
    "organisations.csv",
    OrganisationRow,
    ("ods_code",),
    lambda cells: (code_key(cells["ods_code"]),),
    required=True,
)
FCP_REGISTER = TableFormat("fcp-register.csv", RegisterRow)
DESTINATIONS = TableFormat(
    "destinations.csv",
    DestinationRow,
    ("region", "borough", "kind"),
    lambda cells: (region_key(cells["region"]), borough_key(cells["borough"]), cells["kind"].lower()),
)
PROCEDURES = TableFormat(
    "procedures.csv",
    ProcedureRow,
    ("system", "code"),
    lambda cells: (cells["system"], code_key(cells["code"])),
)

FILES = tuple(table.file for table in (ORGANISATIONS, FCP_REGISTER, DESTINATIONS, PROCEDURES))

YAML_FILES = ("clients.yaml", "monitor-access.yaml", "sign-offs.yaml", "suspensions.yaml")
"""What other rooms read of the folder, to tell a misspelt name."""


def read_table(
    folder: Path, table: TableFormat[RowT], regions: frozenset[str], findings: Findings
) -> list[Record[RowT]]:
    """Read one file of the folder, adding its problems and warnings to `findings`.

    Args:
        folder: the configuration folder.
        table: what the file must look like.
        regions: the region ids that are known, lower case.
        findings: where problems and warnings go.

    Returns:
        The rows that are sound; none when an optional file is missing.
    """
    sheet = read_sheet(folder / table.file, findings, required=table.required)
    if sheet is None:
        return []
    check_header(table, sheet, findings)
    _check_duplicates(table, sheet, findings)
    checked = (_check_row(table, row, regions, findings) for row in sheet.rows)
    return [record for record in checked if record is not None]


def check_header(table: TableFormat[RowT], sheet: Sheet, findings: Findings) -> None:
    """Add to `findings` the columns that a file lacks, and those that nothing reads."""
    for column in table.required_columns:
        if column not in sheet.columns:
            mend = f"Make the header line {','.join(table.required_columns)}, separated by commas"
            findings.stop(Problem(table.file, "is missing from the header", mend, sheet.header_line, column))
    for column in sheet.columns:
        if column and column not in table.columns:
            known = ", ".join(table.columns)
            findings.warn(f"{table.file}: the column {column!r} is not read. The columns are {known}.")


def _check_duplicates(table: TableFormat[RowT], sheet: Sheet, findings: Findings) -> None:
    if not table.key_columns or not set(table.key_columns) <= set(sheet.columns):
        return
    first_line: dict[RowKey, int] = {}
    for row in sheet.rows:
        key = table.key(row.cells)
        earlier = first_line.setdefault(key, row.line)
        # A blank first cell is told as blank; that two rows share it is no news.
        if earlier != row.line and key[0]:
            value = ", ".join(row.cells[column] or "(blank)" for column in table.key_columns)
            column = ", ".join(table.key_columns)
            fault = f"is already on line {earlier}"
            findings.stop(Problem(table.file, fault, "Keep one of the two rows", row.line, column, value))


def _check_row(
    table: TableFormat[RowT], row: SheetRow, regions: frozenset[str], findings: Findings
) -> Record[RowT] | None:
    try:
        model = table.model.model_validate(dict(row.cells), context={"regions": regions})
    except ValidationError as invalid:
        for details in invalid.errors(include_url=False):
            if details["type"] != "missing":  # a column that is missing is told once, of the header
                findings.stop(_cell_problem(table.file, row, details))
        return None
    return Record(row.line, model)


def _cell_problem(file: str, row: SheetRow, details: ErrorDetails) -> Problem:
    column = str(details["loc"][0])
    value = row.cells[column]
    error = cell_error(details)
    return Problem(file, error.fault if value else "is blank", error.mend, row.line, column, value)
