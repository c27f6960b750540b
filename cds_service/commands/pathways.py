"""`cds-service pathways`: what the owner of a pathway reads, proves and signs."""

import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Final

import click

from cds_service.commands.faults import told
from cds_service.commands.folder import folder_option
from cds_service.directory import ConfigurationError, load_directory
from cds_service.directory.csv_edits import replace_file
from cds_service.directory.vocabulary import KINDS
from cds_service.london_time import today_in_london
from cds_service.pathway.checking import Finding, Level, check_pathway
from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import PathwayFile, PathwayFileError
from cds_service.pathway.matrix_pages import html, markdown
from cds_service.pathway.model import Pathway
from cds_service.pathway.proof_record import (
    RECORD,
    UnsafePathwayError,
    not_proved,
    read_record,
    record_of,
    require_proof,
)
from cds_service.pathway.properties import PROPERTIES
from cds_service.pathway.proving import prove
from cds_service.pathway.register import PathwayRegister
from cds_service.pathway.sign_off import SIGN_OFFS, drawn_hash, read_sign_offs, sign, signed, state_of, with_signature
from cds_service.terminology import ValueSetError

FAULTS: Final = (ConfigurationError, PathwayFileError, ValueSetError)
"""What an operator can mend in a pathway file."""

_COLOURS: Final = {Level.NOTE: "yellow", Level.PROBLEM: "red"}

_CONFIG: Final = "CDS_SERVICE_CONFIG"

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=None,
    envvar=_CONFIG,
    help="The configuration folder; without it, the packaged pathways.",
)
"""For a command that also looks at the packaged pathways alone."""


@click.group()
def pathways() -> None:
    """The governed pathways: check them, and see what they do."""


@pathways.command()
@config_option
def check(config: Path | None) -> None:
    """Say what the owner of each pathway should look at; exit with 1 when something is wrong."""
    today = today_in_london()
    problems = 0
    with told(*FAULTS):
        register = PathwayRegister.load(config)
        for file in register.files:
            pathway = file.pathway
            click.secho(f"{pathway.title} v{pathway.version}", bold=True)
            findings = [
                *check_pathway(pathway, today),
                *_of_destinations(config, register, pathway),
                *_of_sign_off(config, file),
            ]
            for finding in findings:
                level = click.style(f"{finding.level:<8}", fg=_COLOURS[finding.level])
                click.echo(f"  {level} {finding.field}: {finding.text}")
                problems += finding.level is Level.PROBLEM
        problems += _told_of_silence(register, today) + _told_of_gaps(register)
    click.echo(f"{len(register.files)} pathway(s), {problems} problem(s)")
    if problems:
        raise SystemExit(1)


def _of_sign_off(config: Path | None, file: PathwayFile) -> Iterator[Finding]:
    sign_offs = read_sign_offs(config)
    if signed(file, sign_offs) is None:
        yield Finding(Level.PROBLEM, SIGN_OFFS, f"{state_of(file, sign_offs)}: read the matrix, and sign it")


def _told_of_silence(register: PathwayRegister, today: date) -> int:
    return _told(f"{region}: {why}" for region, why in register.silent(today).items())


def _told_of_gaps(register: PathwayRegister) -> int:
    return _told(
        f"{gap.region}: no version is in force from {gap.first} to {gap.last}: only CES and MSCC speak"
        for gap in register.gaps()
    )


def _told(problems: Iterable[str]) -> int:
    count = 0
    for count, problem in enumerate(problems, start=1):  # noqa: B007 - counted as they are told
        click.echo(f"{click.style('problem ', fg='red')} {problem}")
    return count


@pathways.command("prove")
@config_option
@click.option(
    "--record", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Where the proof is kept."
)
@click.option("--again", is_flag=True, help="Prove also what a record names as proved.")
def prove_command(config: Path | None, record: Path | None, again: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Prove that no combination of facts does harm, and keep the proof for the service's start.

    With --config it is kept in the folder's pathways/proofs.json.
    """
    folder = _pathway_folder(config)
    with told(*FAULTS):
        files = PathwayRegister.load(config).files
        new = list(files) if again else not_proved(files, read_record(folder))
        if new:
            _prove_nation()
        for file in files:
            if file not in new:
                click.echo(f"{file.name}: proved before")
                continue
            with click.progressbar(length=200_000, label=file.name, file=sys.stderr) as bar:
                proof = require_proof(file, bar.update)
            click.echo(
                f"{file.name}: {len(PROPERTIES) + 1} properties hold on all {proof.ways:,} ways, {proof.rules} rules"
            )
        _keep_record(record or (folder / RECORD if folder is not None and folder.is_dir() else None), files)


def _prove_nation() -> None:
    proof = prove(None)
    if proof.broken:
        raise UnsafePathwayError("national.yaml", proof)
    click.echo(f"national.yaml: {len(PROPERTIES)} properties hold on all {proof.ways:,} ways")


def _keep_record(path: Path | None, files: tuple[PathwayFile, ...]) -> None:
    if path is not None:
        path.write_text(record_of(files), encoding="utf-8")
        click.echo(f"{path}: kept, so that a start need not prove it again")


_version_option = click.option("--version", default=None, help="The version; the one in force today unless given.")


@pathways.command()
@click.argument("region")
@config_option
@_version_option
@click.option("--format", "kind", type=click.Choice(["markdown", "html"]), default="markdown", show_default=True)
def matrix(region: str, config: Path | None, version: str | None, kind: str) -> None:
    """Print the whole behaviour of a pathway as a short decision table."""
    with told(*FAULTS):
        pathway = file_of(PathwayRegister.load(config), region, version).pathway
    click.echo(markdown(pathway) if kind == "markdown" else html(pathway), nl=False)


def stated(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """A name or a reason that is blank is none."""
    if not value.strip():
        raise click.BadParameter("is blank: state it")
    return value


@pathways.command("sign-off")
@click.argument("region")
@folder_option
@_version_option
@click.option("--by", required=True, callback=stated, help="Who signs.")
@click.option("--role", required=True, callback=stated, help="As what, for example: Clinical Safety Officer.")
@click.option("--matrix-sha256", "read", required=True, help="The hash that stands below the matrix that was read.")
def sign_off_command(region: str, config: Path, version: str | None, by: str, role: str, read: str) -> None:
    """Record that somebody has read the matrix of a pathway and signs it."""
    with told(*FAULTS):
        file = file_of(PathwayRegister.load(config), region, version)
        if read.lower() != drawn_hash(file):
            msg = (
                f"{file.name}: --matrix-sha256 {read} is of another matrix than this service draws of it: read what "
                "cds-service pathways matrix prints, and sign that"
            )
            raise PathwayFileError(msg)
        signature = sign(file, by, role, today_in_london())
        record = with_signature(config, signature)
    keep(config / SIGN_OFFS, record)
    click.echo(f"{file.name}: {state_of(file, (signature,))}, matrix {signature.matrix_sha256}")


def file_of(register: PathwayRegister, region: str, version: str | None) -> PathwayFile:
    """The file of a version of a region; of the one in force today when none is named.

    Raises:
        PathwayFileError: there is none; the message names those that there are.
    """
    wanted = RegionId(region.lower())
    if wanted not in register.regions:
        msg = f"no pathway '{region}': there are {', '.join(sorted(register.regions))}"
        raise PathwayFileError(msg)
    if version is None:
        return register.file_in_force(wanted, today_in_london())
    found = [file for file in register.versions(wanted) if file.pathway.version == version]
    if not found:
        known = ", ".join(file.pathway.version for file in register.versions(wanted))
        msg = f"no version '{version}' of {wanted}: there are {known}"
        raise PathwayFileError(msg)
    return found[0]


_NEEDED_KINDS: Final = tuple(kind for kind in KINDS if kind not in {"lump", "paediatric"})
"""Kinds of destination to which a card may propose a referral."""


def _of_destinations(config: Path | None, register: PathwayRegister, pathway: Pathway) -> Iterator[Finding]:
    """Tell of each borough without somebody to refer to: its cards then propose no referral (A30)."""
    if config is None:
        return
    directory = load_directory(config, register.footprints(today_in_london()), register.regions)
    for kind in _NEEDED_KINDS:
        boroughs = pathway.footprint.boroughs
        without = [name for name in boroughs if directory.destination(pathway.id, name, kind) is None]
        if without:
            where = "the whole region" if len(without) == len(boroughs) else ", ".join(without)
            text = f"no '{kind}' destination for {where}: cards there propose no referral"
            yield Finding(Level.PROBLEM, "destinations.csv", text)


def keep(path: Path, text: str) -> None:
    """Write a file of the folder, whole or not at all."""
    try:
        replace_file(path, text.encode())
    except OSError as error:
        said = f"{path}: {error.strerror}. Run the command as a user who may write the folder"
        raise click.ClickException(said) from None


def _pathway_folder(config: Path | None) -> Path | None:
    return None if config is None else config / "pathways"
