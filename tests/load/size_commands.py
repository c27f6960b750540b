"""How long `cds-service log` takes on a large log."""

import subprocess
import sys
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from servers import ROOT
from size_figures import Step, timed

from cds_service.cardlog.partitions import month_of


def log_commands(database_url: str, folder: Path, last: date) -> list[Step]:
    """Run each command once, as an operator does; the export is of the last whole month's evaluations.

    Args:
        database_url: the card log's.
        folder: where the export goes.
        last: the last day of the log.

    Raises:
        subprocess.CalledProcessError: a command says that something is wrong.
    """
    month_ends = month_of(last) - timedelta(days=1)
    period = ["--from", str(month_of(month_ends)), "--to", str(month_ends)]
    spool = ["--spool", str(folder)]
    commands = (
        ["status", *spool],
        ["verify", *spool],
        ["export", "--table", "evaluation", "--format", "parquet", *period, "--output", str(folder / "export")],
        ["purge", "--keep-months", "6"],
    )
    return [timed(f"log {command[0]}", partial(_last_line, command, database_url)) for command in commands]


def _last_line(command: list[str], database_url: str) -> str:
    said = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "cds_service", "log", *command, "--database-url", database_url],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return said.stdout.strip().rpartition("\n")[2].rpartition("/")[2]
