"""`cds-service pathways suspend`: a region's pathway put out of force, by somebody and for a reason."""

from datetime import date
from pathlib import Path

import click

from cds_service.commands.faults import told
from cds_service.commands.folder import folder_option
from cds_service.commands.pathways import FAULTS, file_of, keep, pathways, stated
from cds_service.london_time import today_in_london
from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import PathwayFileError
from cds_service.pathway.model import Suspension
from cds_service.pathway.register import PathwayRegister
from cds_service.pathway.suspensions import SUSPENSIONS, in_file, read_suspensions
from cds_service.settings import Settings
from cds_service.wiring.folder import read_folder
from cds_service.wiring.folder_watch import REFUSED


@pathways.command()
@click.argument("region")
@folder_option
@click.option("--by", required=True, callback=stated, help="The name of who decides it.")
@click.option("--reason", required=True, callback=stated, help="Why.")
def suspend(region: str, config: Path, by: str, reason: str) -> None:
    """Put a region's pathway out of force from today, whichever version; CES and MSCC speak on, nationally.

    It is written into suspensions.yaml of the folder, and ends with the last day that is given there as 'until'.
    Exits with 1 where a running service would refuse the folder, so that the pathway speaks on.
    """
    today = today_in_london()
    with told(*FAULTS):
        register = PathwayRegister.load(config)
        wanted = file_of(register, region, None).pathway.id
        before = read_suspensions(config)
        if wanted in before:
            _refuse_a_second(wanted, before[wanted], today)
        suspensions = {**before, wanted: Suspension(by=by, reason=reason, since=today)}
        PathwayRegister(register.files, suspensions)
    keep(config / SUSPENSIONS, in_file(config, suspensions, wanted))
    _require_in_force(config, wanted, today)
    click.echo(f"{wanted}: suspended from {today}. A running service follows within seconds:")
    click.echo(f"see that /health/ready names no refused folder, and that /pathways/{wanted} says so.")


def _refuse_a_second(region: RegionId, suspension: Suspension, today: date) -> None:
    """One suspension stands for a region: only one that is over makes room for another."""
    if suspension.holds(today):
        msg = f"{SUSPENSIONS}: {region} is suspended already, since {suspension.since}; change it there"
        raise PathwayFileError(msg)
    if suspension.since > today:
        msg = f"{SUSPENSIONS}: {region} is to be suspended from {suspension.since}; change 'since' there"
        raise PathwayFileError(msg)


def _require_in_force(config: Path, region: RegionId, today: date) -> None:
    """Read the folder as a running service will: what is wrong with another file of it holds a suspension up."""
    try:
        # Of the process's settings only the folder is known here.
        read_folder(Settings.model_construct(config=config), today)
    except REFUSED as error:
        said = (
            f"{region}: NOT in force: {SUSPENSIONS} is written, but a running service refuses the folder, and its "
            f"pathway speaks on until this is mended:\n{error}"
        )
        raise click.ClickException(said) from None
