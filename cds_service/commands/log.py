"""`cds-service log`: the card log looked at, exported, checked, brought up to date, and rid of what is old."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

import click

from cds_service.cardlog import migrating
from cds_service.cardlog.databases import CardLogStoreError
from cds_service.cardlog.export_formats import ExportFormat
from cds_service.cardlog.exporting import EXPORTED_TABLES, ExportError, Filters, count_rows, export_table
from cds_service.cardlog.retention import MonthOfTable, NotRolledUpError, oldest_month_kept, purge, to_be_deleted
from cds_service.cardlog.spool import SpoolError, SpoolFile, SpoolInUseError, waiting_in
from cds_service.cardlog.spool_import import import_spool
from cds_service.cardlog.status import Status, status
from cds_service.cardlog.store import CardLogStore
from cds_service.cardlog.verifying import Level, verify
from cds_service.commands.existing_log import database_option, existing_log, outdated, require_head
from cds_service.commands.faults import told
from cds_service.london_time import today_in_london
from cds_service.pathway.outcomes import Outcome
from cds_service.settings import Settings
from cds_service.wiring.log import spool_folder

_FAULTS: Final = (
    CardLogStoreError,
    ExportError,
    NotRolledUpError,
    SpoolError,
    SpoolInUseError,
    migrating.SchemaError,
)
"""What an operator can mend."""

_COLOURS: Final = {Level.OK: "green", Level.NOTE: "yellow", Level.PROBLEM: "red"}

_spool_option = click.option(
    "--spool",
    type=click.Path(path_type=Path),
    default=None,
    envvar="CDS_SERVICE_SPOOL",
    help="The folder where events wait for an absent database; where the service has it unless given.",
)
_DAY: Final = click.DateTime(formats=["%Y-%m-%d"])
_MONTHS: Final = click.IntRange(1, 1200)
_FORMATS: Final = [kind.value for kind in ExportFormat]
_OUTCOMES: Final = [outcome.value for outcome in Outcome]
_REVISION: Final = click.Choice([*migrating.REVISIONS, "head", "base"])


@click.group()
def log() -> None:
    """The card log: what is in it, exports, retention, checks, migrations."""


@log.command("status")
@database_option
@_spool_option
@click.option("--exact", is_flag=True, help="Count every row, however long that takes.")
def status_command(database_url: str, spool: Path | None, exact: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Say what is in the card log and what waits to get there."""
    with told(*_FAULTS), existing_log(database_url) as engine:
        revision = migrating.current_revision(database_url)
        click.echo(f"schema    {revision or 'no tables'}{outdated(revision)}")
        if revision == migrating.HEAD:
            _show(status(engine, exact=exact))
        _show_spools(waiting_in(_spool_folder(database_url, spool)))


@log.command()
@database_option
@click.option(
    "--table", "tables", type=click.Choice(list(EXPORTED_TABLES)), multiple=True, required=True, help="Repeat for more."
)
@click.option("--format", "kind", type=click.Choice(_FORMATS), default="csv", show_default=True)
@click.option("--from", "first", type=_DAY, default=None, help="The first day, for example 2026-10-01.")
@click.option("--to", "last", type=_DAY, default=None, help="The last day.")
@click.option("--region", "regions", multiple=True, help="A footprint, for example nwl; repeat for more.")
@click.option("--outcome", type=click.Choice(_OUTCOMES), default=None, help="What the order or its card was told.")
@click.option("--client", default=None, help="The configured id of an EHR.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder.")
def export(  # noqa: PLR0913, PLR0917 - click hands over each option by its name
    database_url: str,
    tables: tuple[str, ...],
    kind: str,
    first: datetime | None,
    last: datetime | None,
    regions: tuple[str, ...],
    outcome: str | None,
    client: str | None,
    output: Path,
) -> None:
    """Write tables to files, with a data dictionary beside them.

    A week, window or month counts to the day with which it begins. Cards, suggestions and feedback are told by the
    order that they belong to.
    """
    with told(*_FAULTS), existing_log(database_url) as engine:
        filters = Filters(
            first=first.date() if first is not None else None,
            last=last.date() if last is not None else None,
            regions=tuple(sorted({region.lower() for region in regions})),
            outcome=Outcome(outcome) if outcome is not None else None,
            client_id=client,
        )
        require_head(database_url)
        click.secho(
            "Row-level and not disclosure-controlled: small numbers are in it as they are. Keep it confidential.",
            err=True,
            bold=True,
        )
        for table in dict.fromkeys(tables):
            with _progress(table, partial(count_rows, engine, table, filters)) as on_rows:
                exported = export_table(engine, table, filters, ExportFormat(kind), output, on_rows)
            click.echo(f"{exported.path}: {exported.rows:,} row(s)")


@log.command("purge")
@database_option
@click.option(
    "--keep-months", type=_MONTHS, default=24, show_default=True, help="Whole months to keep besides this one."
)
@click.option("--yes", is_flag=True, help="Delete; without it nothing is deleted.")
def purge_command(database_url: str, keep_months: int, yes: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Delete events, counts and figures that are old enough; the monthly figures stay."""
    with told(*_FAULTS), existing_log(database_url) as engine:
        before = oldest_month_kept(today_in_london(), keep_months)
        require_head(database_url)
        rows = 0
        for old in purge(engine, before) if yes else to_be_deleted(engine, before):
            click.echo(_deleted(old))
            rows += old.rows
        if yes:
            click.echo(f"Deleted {rows:,} row(s) from before {before}.")
        else:
            click.echo(f"{rows:,} row(s) are from before {before}. Nothing was deleted; add --yes to delete them.")


@log.command("verify")
@database_option
@_spool_option
def verify_command(database_url: str, spool: Path | None) -> None:
    """Check schema, figures, links and spool; exit with 1 when something is wrong."""
    problems = 0
    with told(*_FAULTS), existing_log(database_url) as engine:
        for level, check, said in verify(engine, database_url, _spool_folder(database_url, spool)):
            click.echo(f"{click.style(f'{level:<8}', fg=_COLOURS[level])} {check}: {said}")
            problems += level == Level.PROBLEM
    click.echo(f"{problems} problem(s)")
    if problems:
        raise SystemExit(1)


@log.command()
@database_option
@click.option("--to", "revision", type=_REVISION, default="head", show_default=True, help="`base` is no tables at all.")
@click.option("--dry-run", is_flag=True, help="Say what would be done.")
@click.option("--yes", is_flag=True, help="Do not ask before going back.")
def migrate(database_url: str, revision: str, dry_run: bool, yes: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Bring the tables to the form that this version works with, or to another; the service does so as it starts."""
    with told(*_FAULTS), existing_log(database_url):
        steps = migrating.steps(database_url, revision)
        for step in steps:
            click.echo(f"{step.direction} {step.revision}: {step.summary}")
        going_back = any(step.direction == "downgrade" for step in steps)
        if dry_run:
            click.echo("Nothing was changed.")
            return
        if going_back and not yes:
            click.confirm("What older tables cannot hold is lost. Is there a backup, and shall it go on?", abort=True)
        if going_back:
            migrating.downgrade(database_url, revision)
        elif revision in {"head", migrating.HEAD}:
            migrating.bring_up_to_date(database_url)
        else:
            migrating.upgrade(database_url, revision)
        click.echo(f"The tables are at {migrating.current_revision(database_url) or 'base: there are none'}.")


@log.command("import-spool")
@click.argument("source", metavar="FOLDER|FILE", type=click.Path(path_type=Path, exists=True))
@database_option
def import_spool_command(source: Path, database_url: str) -> None:
    """Bring what waits in a spool to the database, from a machine that is gone or a service that will not start."""
    refused = 0
    with told(*_FAULTS), existing_log(database_url):
        require_head(database_url)
        store = CardLogStore(database_url, str(uuid4()))
        try:
            for path in _to_import(source):
                with _progress(path.name, partial(_waiting, path)) as on_records:
                    imported = import_spool(path, store, on_records)
                click.echo(f"{path}: {imported.stored:,} record(s) delivered")
                refused += imported.refused
                if imported.unreadable:
                    click.echo(f"{path}: {imported.unreadable:,} record(s) cannot be read; they are kept apart in it")
        finally:
            store.dispose()
    if refused:
        raise click.ClickException(f"{refused:,} record(s) were refused by the database: lost")


def _to_import(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
        return
    found = waiting_in(source)
    for spool in found:
        if spool.in_use:
            told = f"in use by a running service, which delivers its {spool.records:,} record(s) itself"
            click.echo(f"{spool.path}: {told}")
        else:
            yield spool.path
    if not found:
        click.echo(f"{source}: no spool is there")


def _waiting(path: Path) -> int:
    return sum(spool.records for spool in waiting_in(path.parent) if spool.path == path)


def _show(found: Status) -> None:
    days = "none yet" if found.first is None else f"{found.first} to {found.last}"
    click.echo(f"days      {days}")
    if found.partitions:
        click.echo(f"months    {len(found.partitions)} on PostgreSQL, the last is {found.partitions[-1]:%Y-%m}")
    due = found.days_due
    click.echo(f"days due  {f'{len(due)}, the first is {due[0]}' if due else 'none'}")
    for size in found.sizes:
        click.echo(f"  {size.table:<30} {'about ' if size.estimated else '':>6}{size.rows:>14,} row(s)")


def _show_spools(spools: Sequence[SpoolFile]) -> None:
    for spool in spools:
        held = "held by a running service" if spool.in_use else "held by nobody"
        click.echo(f"spool     {spool.path}: {spool.records:,} record(s) wait, {held}")
    if not spools:
        click.echo("spool     none")


def _deleted(old: MonthOfTable) -> str:
    return f"  {old.table:<30} {old.month:%Y-%m} {old.rows:>14,} row(s)"


def _spool_folder(database_url: str, spool: Path | None) -> Path:
    # The folder of settings plays no part in where a spool is.
    return spool_folder(Settings.model_construct(config=Path(), database_url=database_url, spool=spool))


@contextmanager
def _progress(label: str, total: Callable[[], int]) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; elsewhere nothing, and the total is not asked for."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=total(), label=label, file=sys.stderr) as bar:
        yield bar.update
