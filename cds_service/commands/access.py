"""`cds-service access`: API tokens for scheduled exports of the monitor, and a check of `monitor-access.yaml`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import click
from sqlalchemy import Engine

from cds_service.cardlog import migrating
from cds_service.cardlog.databases import CardLogStoreError
from cds_service.commands.existing_log import database_option, existing_log, require_head
from cds_service.commands.faults import told
from cds_service.commands.folder import folder_option
from cds_service.monitor.access.access_file import NAME, WITHOUT_FOOTPRINT, AccessFileError, load_access
from cds_service.monitor.access.access_log import AccessEntry, AccessLog, Happening
from cds_service.monitor.access.api_tokens import LONGEST_LIFE, ROLES_OF_TOKENS, ApiToken, ApiTokens
from cds_service.pathway.loading import PathwayFileError
from cds_service.pathway.register import PathwayRegister

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")


@click.group()
def access() -> None:
    """Who may see the monitor: check the file, make and revoke API tokens."""


@access.command()
@folder_option
def check(config: Path) -> None:
    """Read monitor-access.yaml and say what is wrong, or who gets which role."""
    path = config / NAME
    with told(AccessFileError):
        read = load_access(path, _regions(config))
    if read is None:
        raise click.ClickException(f"{path}: there is none, so the monitor is off; docs/monitor-access.md shows one")
    click.echo(f"Sign-in: {read[0].provider.issuer}")
    for grant in read[0].grants:
        click.echo(f"{grant.role} for {', '.join(grant.footprints)}: {grant.value}")


@access.group()
def token() -> None:
    """API tokens with which programs fetch exports."""


@token.command("new")
@folder_option
@database_option
@click.option("--label", required=True, help="What it is for, for example nightly export.")
@click.option("--role", type=click.Choice(ROLES_OF_TOKENS), default=ROLES_OF_TOKENS[0], show_default=True)
@click.option("--footprint", "footprints", multiple=True, required=True, help="A region; repeat for more.")
@click.option("--days", type=click.IntRange(1, LONGEST_LIFE.days), default=90, show_default=True, help="Its life.")
def new(config: Path, database_url: str, label: str, role: str, footprints: tuple[str, ...], days: int) -> None:
    """Make a token and show it, once."""
    if not _LABEL.fullmatch(label):
        raise click.UsageError("--label: up to 64 letters, digits, spaces, dots and hyphens, and nobody's name.")
    wanted = tuple(footprint.lower() for footprint in footprints)
    unknown = sorted({*wanted} - _regions(config))
    if unknown:
        raise click.UsageError(f"--footprint {', '.join(unknown)}: use one of {', '.join(sorted(_regions(config)))}.")
    with _engine(database_url) as engine:
        made, secret = ApiTokens(engine).make(label, role, wanted, timedelta(days=days))
        _write_down(engine, Happening.TOKEN_MADE, made.token_id, role, made.footprints)
    click.echo(f"Token {made.token_id}, until {made.expires:%Y-%m-%d}. It is shown once; keep it secret.", err=True)
    click.echo(secret)


@token.command("list")
@database_option
def list_command(database_url: str) -> None:
    """List the tokens, the latest first; their secrets are nowhere."""
    with _engine(database_url) as engine:
        for one, state in ApiTokens(engine).all():
            click.echo(_told(one, state))


@token.command()
@database_option
@click.argument("token_id")
def revoke(database_url: str, token_id: str) -> None:
    """End a token now."""
    with _engine(database_url) as engine:
        tokens = ApiTokens(engine)
        if not tokens.revoke(token_id):
            raise click.ClickException(f"{token_id}: there is no such token, or it is revoked; list them")
        footprints = next(one.footprints for one, _ in tokens.all() if one.token_id == token_id)
        _write_down(engine, Happening.TOKEN_REVOKED, token_id, "", footprints)
    click.echo(f"{token_id} counts no longer.")


def _regions(config: Path) -> frozenset[str]:
    with told(PathwayFileError):
        return frozenset({*PathwayRegister.load(config).regions, *WITHOUT_FOOTPRINT})


def _write_down(engine: Engine, what: Happening, token_id: str, role: str, footprints: tuple[str, ...]) -> None:
    roles = (role,) if role else ()
    AccessLog(engine).write(
        AccessEntry(what=what, subject="operator", via="command", roles=roles, footprints=footprints, reason=token_id)
    )


def _told(one: ApiToken, state: str) -> str:
    return (
        f"{one.token_id}  {state:<8}  until {one.expires:%Y-%m-%d}  {one.role} for {', '.join(one.footprints)}"
        f"  {one.label}"
    )


@contextmanager
def _engine(database_url: str) -> Iterator[Engine]:
    """The way to a database that is there and has the tables of this version: looking at tokens changes neither."""
    with told(CardLogStoreError, migrating.SchemaError), existing_log(database_url) as engine:
        require_head(database_url)
        yield engine
