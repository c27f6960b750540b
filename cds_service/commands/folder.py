"""What the commands over a configuration folder share: its footprints, and a change written."""

from pathlib import Path
from typing import Final

import click

from cds_service.directory import ConfigurationError
from cds_service.directory.csv_edits import CsvEditError, EditableCsv
from cds_service.directory.errors import SourceFileError
from cds_service.directory.importing import Footprints
from cds_service.directory.register_edits import RegisterEditError
from cds_service.london_time import today_in_london
from cds_service.pathway.loading import PathwayFileError
from cds_service.pathway.register import PathwayRegister

FAULTS: Final = (ConfigurationError, CsvEditError, PathwayFileError, RegisterEditError, SourceFileError)
"""What an operator can mend in a folder."""

folder_option = click.option(
    "--config",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    envvar="CDS_SERVICE_CONFIG",
    help="The configuration folder.",
)


def footprints_of(config: Path) -> Footprints:
    """Where the folder's pathways reach today.

    Raises:
        PathwayFileError: a pathway file of the folder is wrong.
    """
    register = PathwayRegister.load(config)
    in_force = register.in_force(today_in_london())
    boroughs = {str(region): pathway.footprint.boroughs for region, pathway in in_force.items()}
    return Footprints({code: str(region) for code, region in register.footprints(today_in_london()).items()}, boroughs)


def finish(table: EditableCsv, footprints: Footprints, *, accept: bool) -> None:
    """Check the changed file, and write it where that was asked for.

    Raises:
        ConfigurationError: the service would not start with it.
        CsvEditError: it cannot be written.
    """
    if not table.is_changed:
        click.echo(f"{table.path} is up to date.")
        return
    table.check(footprints.region_of, footprints.boroughs)
    if accept:
        table.save()
        click.echo(f"{table.path} written.")
    else:
        click.echo("Nothing is written yet. Repeat the command with --accept to write it.")
