"""`cds-service directory`: organisations from ODS, the register, and what of the folder should be looked at."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cds_service.commands.directory_report import show_import
from cds_service.commands.faults import told
from cds_service.commands.fcp_register import fcp
from cds_service.commands.folder import FAULTS, finish, folder_option, footprints_of
from cds_service.directory import Directory, load_directory
from cds_service.directory.borough_list import read_borough_list
from cds_service.directory.checking import check_directory
from cds_service.directory.csv_edits import open_csv
from cds_service.directory.epraccur import read_epraccur
from cds_service.directory.errors import Findings
from cds_service.directory.importing import Footprints, lay_over
from cds_service.directory.practices import OdsPractice, commissioners_concerned
from cds_service.directory.tables import FCP_REGISTER, ORGANISATIONS, read_table
from cds_service.directory.vocabulary import KINDS, REFERRING_SETTINGS, code_key
from cds_service.london_time import today_in_london

if TYPE_CHECKING:
    from cds_service.directory.ods_api import OdsApi

_COLOURS: Final = {"note": "yellow", "problem": "red"}
_FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)

_boroughs_option = click.option(
    "--boroughs", type=_FILE, default=None, help="A CSV file ods_code,borough: by contract, not by postcode."
)
_sub_icb_option = click.option(
    "--sub-icb", "sub_icbs", multiple=True, help="A further sub-ICB location whose practices shall be known."
)
_accept_option = click.option("--accept", is_flag=True, help="Write the change; without it, it is only shown.")
_server_option = click.option("--server", default=None, help="Another address of ODS (ORD 2-0-0).")


@click.group()
def directory() -> None:
    """Organisations, destinations and the register, kept up to date."""


directory.add_command(fcp)


@directory.command("import")
@click.option("--epraccur", type=_FILE, required=True, help="The ODS file of prescribing cost centres, as published.")
@_boroughs_option
@_sub_icb_option
@folder_option
@_accept_option
def import_(epraccur: Path, boroughs: Path | None, sub_icbs: tuple[str, ...], config: Path, accept: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Bring organisations.csv up to date from the file that ODS publishes."""
    with told(*FAULTS):
        footprints = footprints_of(config)
        practices = read_epraccur(epraccur)
        concerned = commissioners_concerned(practices, footprints.region_of, map(code_key, sub_icbs))
        if not any(practice.commissioner in footprints.region_of for practice in practices):
            codes = ", ".join(sorted(footprints.region_of))
            raise click.ClickException(f"{epraccur}: no practice of {codes}. Is it the current file, and whole?")
        _bring_up_to_date(config, practices, boroughs, concerned, footprints, accept=accept)


@directory.command()
@_boroughs_option
@_sub_icb_option
@_server_option
@folder_option
@_accept_option
def sync(boroughs: Path | None, sub_icbs: tuple[str, ...], server: str | None, config: Path, accept: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Bring organisations.csv up to date from ODS itself, primary care networks included."""
    with told(*FAULTS), _ods(server) as ods:
        footprints = footprints_of(config)
        concerned = commissioners_concerned([], footprints.region_of, map(code_key, sub_icbs))
        codes = {code for sub_icb in sorted(concerned) for code in ods.codes_commissioned_by(sub_icb)}
        if not codes:
            raise click.ClickException(f"ODS lists no practice of {', '.join(sorted(concerned))}. Check the codes.")
        rows = open_csv(config, ORGANISATIONS).rows
        codes |= {code_key(row["ods_code"]) for row in rows if row["setting"].lower() in REFERRING_SETTINGS}
        practices = []
        with click.progressbar(sorted(codes), label="Asking ODS", file=sys.stderr) as bar:
            practices = [practice for code in bar if (practice := ods.practice(code)) is not None]
        _bring_up_to_date(config, practices, boroughs, concerned, footprints, accept=accept)


@directory.command()
@click.argument("code")
@folder_option
@click.option("--ods", "ask_ods", is_flag=True, help="Ask ODS as well, and show what it says.")
@_server_option
def lookup(code: str, config: Path, ask_ods: bool, server: str | None) -> None:  # noqa: FBT001 - click passes options by name
    """Show what the folder says of an organisation, and where its patients are sent."""
    with told(*FAULTS):
        known = _loaded(config)
        found = known.organisation(code)
        if found is None:
            click.echo(f"{code_key(code)} is not in organisations.csv: its setting and region are unknown.")
        else:
            region = found.region or "in no footprint"
            click.echo(f"{found.ods_code}  {found.name}")
            click.echo(f"  setting   {found.setting}")
            click.echo(f"  sub-ICB   {found.sub_icb} ({region})")
            click.echo(f"  borough   {found.borough or 'none'}")
            click.echo(f"  network   {found.pcn or 'none'}")
            for kind in KINDS:
                destination = known.destination(found.region, found.borough, kind)
                shown = (
                    "none" if destination is None else ", ".join(filter(None, [destination.name, destination.phone]))
                )
                click.echo(f"  {kind:<14} {shown}")
        if ask_ods:
            with _ods(server) as ods:
                _show_ods(ods.practice(code_key(code)))
        if found is None:
            raise SystemExit(1)


@directory.command()
@folder_option
@click.option("--ending-within", type=click.IntRange(0, 3650), default=30, show_default=True, help="Days ahead.")
def check(config: Path, ending_within: int) -> None:
    """Find telephones nobody verified, gaps in destinations, organisations without borough, listings that end."""
    with told(*FAULTS):
        known = _loaded(config)
        footprints = footprints_of(config)
        register = read_table(config, FCP_REGISTER, frozenset(footprints.boroughs), Findings())
        found = check_directory(known, register, footprints.boroughs, today_in_london(), timedelta(days=ending_within))
    for finding in found:
        click.secho(f"{finding.level:<8}", fg=_COLOURS[finding.level], nl=False)
        click.echo(f" {finding.text}")
    problems = sum(finding.level == "problem" for finding in found)
    click.echo(
        f"{len(known.organisations)} organisation(s), {len(known.destinations)} destination(s), {problems} problem(s)"
    )
    if problems:
        raise SystemExit(1)


def _loaded(config: Path) -> Directory:
    footprints = footprints_of(config)
    return load_directory(config, footprints.region_of, footprints.boroughs)


@contextmanager
def _ods(server: str | None) -> Iterator["OdsApi"]:
    from cds_service.directory.ods_api import ORD, OdsApi, OdsApiError  # noqa: PLC0415 - httpx is read by this alone

    ods = OdsApi(server or ORD)
    try:
        yield ods
    except OdsApiError as error:
        raise click.ClickException(str(error)) from None
    finally:
        ods.close()


def _bring_up_to_date(
    config: Path,
    practices: Sequence[OdsPractice],
    boroughs: Path | None,
    concerned: frozenset[str],
    footprints: Footprints,
    *,
    accept: bool,
) -> None:
    borough_of = read_borough_list(boroughs) if boroughs is not None else {}
    table = open_csv(config, ORGANISATIONS)
    report = lay_over(table, practices, borough_of, concerned, footprints)
    register = read_table(config, FCP_REGISTER, frozenset(footprints.boroughs), Findings())
    today = today_in_london()
    exempting = {record.row.organisation for record in register if (record.row.valid_to or today) >= today}
    click.echo(f"Practices of {', '.join(sorted(concerned))}.")
    show_import(report, table.rows, footprints.region_of, exempting)
    finish(table, footprints, accept=accept)


def _show_ods(practice: OdsPractice | None) -> None:
    if practice is None:
        click.echo("ODS answered 404: it knows no such organisation, or the address (--server) is wrong.")
        return
    click.echo(f"ODS: {practice.name}, {practice.status}")
    click.echo(f"  setting   {practice.role or 'none stated'}")
    click.echo(f"  sub-ICB   {practice.commissioner or 'none stated'}")
    click.echo(f"  network   {practice.pcn or 'none stated'}")
