"""`cds-service directory fcp`: the register of assured First Contact Practitioners, kept."""

from datetime import date, datetime
from pathlib import Path
from typing import Final

import click

from cds_service.commands.faults import told
from cds_service.commands.folder import FAULTS, finish, folder_option, footprints_of
from cds_service.directory import load_directory
from cds_service.directory.csv_edits import open_csv
from cds_service.directory.errors import Findings
from cds_service.directory.model import RegisterEntry
from cds_service.directory.register_edits import Listing, add_listing, expire_listings, told_of_later
from cds_service.directory.tables import FCP_REGISTER, read_table
from cds_service.directory.vocabulary import code_key
from cds_service.london_time import today_in_london

_DAY: Final = click.DateTime(formats=["%Y-%m-%d"])
_SDS_USER: Final = "https://fhir.nhs.uk/Id/sds-user-id"

_system_option = click.option(
    "--system", default=_SDS_USER, show_default=True, help="The identifier's system, as the EHR sends it."
)
_identifier_option = click.option("--identifier", required=True, help="The practitioner's identifier.")


@click.group()
def fcp() -> None:
    """The register of assured First Contact Practitioners: who orders without a card, and where."""


@fcp.command()
@_system_option
@_identifier_option
@click.option("--organisation", required=True, help="ODS code of the practice or primary care network.")
@click.option("--from", "valid_from", type=_DAY, default=None, help="First day; today when left out.")
@click.option("--to", "valid_to", type=_DAY, default=None, help="Last day; open when left out.")
@click.option("--spine/--no-spine", default=False, show_default=True, help="Whether the spine is covered (E13).")
@click.option("--assured-by", required=True, help="Who assured the practitioner for the ICB: name and role.")
@click.option("--assured-on", type=_DAY, default=None, help="When; today when left out.")
@folder_option
def add(  # noqa: PLR0913, PLR0917 - an option for each column of the register
    system: str,
    identifier: str,
    organisation: str,
    valid_from: datetime | None,
    valid_to: datetime | None,
    spine: bool,  # noqa: FBT001 - click passes options by name
    assured_by: str,
    assured_on: datetime | None,
    config: Path,
) -> None:
    """Add a listing: only when the ICB has assured that practitioner at that place."""
    with told(*FAULTS):
        footprints = footprints_of(config)
        table = open_csv(config, FCP_REGISTER)
        listing = Listing(
            system=system,
            value=identifier,
            organisation=organisation,
            valid_from=_day(valid_from),
            valid_to=None if valid_to is None else valid_to.date(),
            spine=spine,
            assured_by=assured_by,
            assured_on=_day(assured_on),
        )
        directory = load_directory(config, footprints.region_of, footprints.boroughs)
        add_listing(table, directory, listing)
        finish(table, footprints, accept=True)


@fcp.command()
@_system_option
@_identifier_option
@click.option("--organisation", default=None, help="Only the listings at this place; everywhere when left out.")
@click.option("--on", "last_day", type=_DAY, default=None, help="The last day that counts; today when left out.")
@folder_option
def expire(system: str, identifier: str, organisation: str | None, last_day: datetime | None, config: Path) -> None:
    """End a practitioner's listings; the rows stay, so that the past can be read."""
    with told(*FAULTS):
        table = open_csv(config, FCP_REGISTER)
        place = None if organisation is None else code_key(organisation)
        day = _day(last_day)
        ending = expire_listings(table, system, identifier, place, day)
        finish(table, footprints_of(config), accept=True)
        places = f": at {', '.join(ending.ended)}" if ending.ended else ""
        click.echo(f"{len(ending.ended)} listing(s) ended{places}.")
        if ending.ended and day < today_in_london():
            click.secho(f"Backdated to {day}: until now orders were still answered as listed there.", fg="yellow")
        for listing in ending.later:
            click.secho(told_of_later(listing, day), fg="yellow")


@fcp.command("list")
@click.option("--organisation", default=None, help="Only this practice or network.")
@click.option("--all", "show_all", is_flag=True, help="Those that have ended as well.")
@folder_option
def list_(organisation: str | None, show_all: bool, config: Path) -> None:  # noqa: FBT001 - click passes options by name
    """Show the register."""
    with told(*FAULTS):
        footprints = footprints_of(config)
        load_directory(config, footprints.region_of, footprints.boroughs)
        records = read_table(config, FCP_REGISTER, frozenset(footprints.boroughs), Findings())
    shown = 0
    for record in records:
        row = record.row
        state = _state(RegisterEntry(row.organisation, row.valid_from, row.valid_to, row.spine), today_in_london())
        if organisation not in {None, row.organisation} and code_key(organisation or "") != row.organisation:
            continue
        if state == "ended" and not show_all:
            continue
        shown += 1
        click.echo(
            f"{row.identifier_value}  {row.organisation}  {row.valid_from} to {row.valid_to or 'open'}  {state}  "
            f"{'with' if row.spine else 'without'} spine  assured by {row.assured_by or 'nobody named'}"
        )
    click.echo(f"{shown} listing(s)")


def _state(entry: RegisterEntry, day: date) -> str:
    if day < entry.valid_from:
        return "not begun"
    return "ended" if entry.state(day) == "expired" else "current"


def _day(given: datetime | None) -> date:
    return today_in_london() if given is None else given.date()
