"""`cds-service pathways`: what the owner of a pathway reads, proves and signs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import click

from cds_service.cardlog.coarse import london_day_and_hour
from cds_service.directory import ConfigurationError, load_directory
from cds_service.directory.vocabulary import KINDS
from cds_service.pathway.checking import Finding, Level, check_pathway
from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import PathwayFileError, footprint_regions, load_pathways
from cds_service.pathway.model import Pathway

_TOLD: Final = (ConfigurationError, PathwayFileError)
"""What an operator can mend: shown as a message, without a traceback."""

_COLOURS: Final = {Level.NOTE: "yellow", Level.PROBLEM: "red"}

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=None,
    envvar="CDS_SERVICE_CONFIG",
    help="The configuration folder; without it, the packaged pathways.",
)
"""The option that every command of the group has."""


@click.group()
def pathways() -> None:
    """The governed pathways: check them, and see what they do."""


@pathways.command()
@config_option
def check(config: Path | None) -> None:
    """Say what the owner of each pathway should look at; exit with 1 when something is wrong."""
    today = _today()
    problems = 0
    with faults_told():
        loaded = load_pathways(_pathway_folder(config))
        for pathway in loaded.values():
            click.secho(f"{pathway.title} v{pathway.version}", bold=True)
            findings = [*check_pathway(pathway, today), *_of_destinations(config, loaded, pathway)]
            for finding in findings:
                level = click.style(f"{finding.level:<8}", fg=_COLOURS[finding.level])
                click.echo(f"  {level} {finding.field}: {finding.text}")
                problems += finding.level is Level.PROBLEM
    click.echo(f"{len(loaded)} pathway(s), {problems} problem(s)")
    if problems:
        raise SystemExit(1)


_NEEDED_KINDS: Final = tuple(kind for kind in KINDS if kind not in {"lump", "paediatric"})
"""Kinds of destination to which a card may propose a referral."""


def _of_destinations(config: Path | None, loaded: Mapping[RegionId, Pathway], pathway: Pathway) -> Iterator[Finding]:
    """Tell of each borough without somebody to refer to: its cards then propose no referral (A30)."""
    if config is None:
        return
    directory = load_directory(config, footprint_regions(loaded))
    for kind in _NEEDED_KINDS:
        boroughs = pathway.footprint.boroughs
        without = [name for name in boroughs if directory.destination(pathway.id, name, kind) is None]
        if without:
            where = "the whole region" if len(without) == len(boroughs) else ", ".join(without)
            text = f"no '{kind}' destination for {where}: cards there propose no referral"
            yield Finding(Level.PROBLEM, "destinations.csv", text)


@contextmanager
def faults_told() -> Iterator[None]:
    """Tell what the operator can mend as a message."""
    try:
        yield
    except _TOLD as error:
        raise click.ClickException(str(error)) from None


def _pathway_folder(config: Path | None) -> Path | None:
    return None if config is None else config / "pathways"


def _today() -> date:
    return london_day_and_hour(datetime.now(UTC))[0]
