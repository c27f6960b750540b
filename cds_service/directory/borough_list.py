"""The list of boroughs that an ICB keeps: `ods_code,borough`, by contract and not by postcode."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from cds_service.directory.columns import OdsCode, Text
from cds_service.directory.errors import Findings, SourceFileError
from cds_service.directory.tables import TableFormat, read_table
from cds_service.directory.vocabulary import code_key


class BoroughRow(BaseModel):
    """A row of the list."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ods_code: OdsCode
    borough: Text


def read_borough_list(path: Path) -> Mapping[str, str]:
    """The borough of each ODS code, upper case.

    Args:
        path: the CSV file, with the header line `ods_code,borough`.

    Raises:
        SourceFileError: it cannot be read, a cell is wrong, or a code stands twice.
    """
    listed = TableFormat(
        path.name, BoroughRow, ("ods_code",), lambda cells: (code_key(cells["ods_code"]),), required=True
    )
    findings = Findings()
    records = read_table(path.parent, listed, frozenset(), findings)
    if findings.problems:
        raise SourceFileError(path, findings.problems)
    return {record.row.ods_code: record.row.borough for record in records}
