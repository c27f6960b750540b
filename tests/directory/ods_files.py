"""Rows of the ODS file of prescribing cost centres, as it is published: 27 columns without a header line."""

from pathlib import Path


def ods_row(
    code: str,
    name: str = "LARKSPUR DEMO SURGERY",
    *,
    commissioner: str = "W2U3Z",
    geography: str = "Z9B2Z",
    status: str = "ACTIVE",
    role: str = "RO76",
) -> str:
    """One row; what the service does not read is filled as ODS fills it."""
    cells = [""] * 27
    cells[0], cells[1], cells[2], cells[3] = code, name, "Y56", geography
    cells[4], cells[9], cells[10], cells[12], cells[13] = "1 DEMO ROAD", "ZZ99 3ZZ", "19740401", status, "B"
    cells[14], cells[15], cells[17], cells[21], cells[23], cells[25] = (
        commissioner,
        "20130401",
        "",
        "0",
        commissioner,
        role,
    )
    return ",".join(f'"{cell}"' for cell in cells)


def write_epraccur(path: Path, *rows: str) -> Path:
    """Write the file."""
    path.write_text("".join(f"{row}\n" for row in rows), "utf-8")
    return path
