"""Where the service keeps or tells anything: files byte by byte, tables as text, exports, and what commands print."""

import base64
import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner
from identity_markers import Markers
from sqlalchemy import create_engine, inspect, text

from cds_service.cardlog.databases import open_engine
from cds_service.cardlog.export_formats import ExportFormat
from cds_service.cardlog.exporting import EXPORTED_TABLES
from cds_service.cardlog.upkeep import Upkeep
from cds_service.commands.log import log


class Place(NamedTuple):
    """Something that the service left.

    Attributes:
        kind: what kind of thing: `database`, `spool`, `exports` and so on.
        name: which.
        content: all of it.
    """

    kind: str
    name: str
    content: bytes


class CommandError(Exception):
    """A command of ours failed; the message holds what it said."""


def files_in(folder: Path, kind: str, *, since: float = 0.0) -> Iterator[Place]:
    """The files of a folder and its folders as they are now; one that goes away meanwhile is left out.

    Args:
        folder: the folder.
        kind: what kind of thing its files are.
        since: seconds since 1970; files that nobody wrote to from then on are left out.
    """
    for path in sorted(folder.rglob("*")):
        with suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_mtime >= since:
                yield Place(kind, str(path.relative_to(folder)), path.read_bytes())


def rows_of(database_url: str) -> list[Place]:
    """Every row of every table as text, so that what a file compresses or packs is seen too."""
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    places = []
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            rows = connection.execute(text(f'SELECT * FROM "{table}"'))  # noqa: S608 - the database's own names
            lines = ["\t".join(_as_text(value) for value in row) for row in rows]
            places.append(Place("rows", table, "\n".join(lines).encode()))
    engine.dispose()
    return places


def work_out_figures(database_url: str) -> None:
    """Do what upkeep does each minute, so that the tables of figures hold all that they ever will."""
    upkeep = Upkeep(open_engine(database_url))
    try:
        upkeep.run_once()
    finally:
        upkeep.stop()


def exports_of(database_url: str, spool: Path, folder: Path) -> list[Place]:
    """Export every table in every format; what the commands of the log print, and what Parquet files hold unpacked.

    Args:
        database_url: the card log.
        spool: the folder of its spools.
        folder: an empty folder, where the exports then are.

    Raises:
        CommandError: a command failed.
    """
    tables = [part for table in EXPORTED_TABLES for part in ("--table", table)]
    commands = [["status", "--exact", "--spool", str(spool)], ["verify", "--spool", str(spool)]]
    commands += [["export", *tables, "--format", kind.value, "--output", str(folder)] for kind in ExportFormat]
    places = []
    for name, *options in commands:
        result = CliRunner().invoke(log, [name, "--database-url", database_url, *options])
        if result.exit_code:
            raise CommandError(f"log {name} ended with {result.exit_code}: {result.output}") from result.exception
        places.append(Place("commands", f"log {name}", result.output.encode()))
    places += [
        Place("exports", f"{path.name} read back", parquet_text(path)) for path in sorted(folder.glob("*.parquet"))
    ]
    return places


def parquet_text(path: Path) -> bytes:
    """The rows of a Parquet file, whose bytes are compressed."""
    rows = pq.read_table(path).to_pylist()
    return "\n".join("\t".join(_as_text(value) for value in row.values()) for row in rows).encode()


def blind_spots(folder: Path) -> list[str]:
    """Plant each kind of value in each kind of place, and name those that the search does not find.

    Args:
        folder: an empty folder.
    """
    markers = Markers()
    return [
        f"{what} in {place.kind}"
        for number, (what, value) in enumerate(_planted(markers).items())
        for place in _hidden(value, folder / str(number))
        if not markers.found_in(place.content)
    ]


def _planted(markers: Markers) -> dict[str, str]:
    person = markers.person(2)
    nhs_number = person.nhs_number
    year, month, day = person.birth_date.split("-")
    return {
        "a patient's id": person.patient_id,
        "a name in capitals": person.family.upper(),
        "a name in Base64": base64.b64encode(f"of {person.family}".encode()).decode(),
        "a name in hexadecimal": person.given.encode().hex(),
        "an NHS number": nhs_number,
        "an NHS number in a row of digits": f"9{nhs_number}2026",
        "a grouped NHS number": person.grouped_nhs_number,
        "an NHS number with hyphens": person.grouped_nhs_number.replace(" ", "-"),
        "a date of birth": person.birth_date,
        "a date of birth, day first": f"{day}/{month}/{year}",
        "a date of birth without hyphens": f"{year}{month}{day}",
        "a uuid": markers.uuid().upper(),
        "a uuid without hyphens": markers.uuid().replace("-", ""),
        "a digest of an NHS number": hashlib.sha256(nhs_number.encode()).hexdigest(),
        "a digest cut short": hashlib.sha256(nhs_number.encode()).hexdigest()[:32],
    }


def _hidden(value: str, folder: Path) -> Iterator[Place]:
    folder.mkdir()
    yield Place("text", "line", f'2026-11-22 INFO "{value}"\n'.encode())
    database = folder / "planted.sqlite3"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE planted (number INTEGER, value TEXT)")
        connection.execute("INSERT INTO planted VALUES (1, ?)", (value,))
    yield from files_in(folder, "a SQLite file")
    yield from rows_of(f"sqlite:///{database}")
    parquet = folder / "planted.parquet"
    pq.write_table(pa.table({"value": [value]}), parquet)
    yield Place("Parquet", parquet.name, parquet_text(parquet))


def _as_text(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
