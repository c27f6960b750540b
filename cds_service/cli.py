"""The command line: `cds-service demo` for a newcomer, `cds-service serve` for a deployment."""

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module, resources
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlencode

import click
import uvicorn
from pydantic import ValidationError
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE

from cds_service import __version__
from cds_service.app import create_app
from cds_service.cardlog.databases import CardLogStoreError
from cds_service.cardlog.episode_keys import EpisodeSecretError
from cds_service.cardlog.migrating import SchemaError
from cds_service.cardlog.spool import SpoolError
from cds_service.hooks.openapi import openapi_document
from cds_service.server import keep_words_out_of_tracebacks, tune_interpreter, uvicorn_options
from cds_service.settings import Settings, problems
from cds_service.wiring.folder_watch import REFUSED
from cds_service.wiring.log import DatabaseSettingError
from cds_service.workers import run_workers

STARTING_ERRORS = (
    *REFUSED,
    CardLogStoreError,
    DatabaseSettingError,
    EpisodeSecretError,
    SchemaError,
    SpoolError,
)
"""What an operator can mend, in the configuration folder or at the card log: a message, without a traceback."""

_SECRETS = {"metrics_token", "monitor_client_secret"}
"""Settings that come by the environment alone."""

HOSTED_SANDBOX = "https://sandbox.cds-hooks.org/"
DEMO_PATIENT = "nwl-adult"


_ELSEWHERE = {
    "access": "commands.access",
    "call": "vendor.commands",
    "clients": "commands.clients",
    "directory": "commands.directory",
    "doctor": "vendor.commands",
    "log": "commands.log",
    "pathways": "commands.pathways_group",
    "terminology": "commands.terminology",
}
"""Commands and groups by name, and the module of each."""


class _Commands(click.Group):
    """The program's commands. Those that stand elsewhere are read when they are asked for: a start needs none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, for the help."""
        return sorted([*super().list_commands(ctx), *_ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by its name; None when there is none."""
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(f"cds_service.{_ELSEWHERE[cmd_name]}"), cmd_name)
        return command


@click.group(cls=_Commands)
@click.version_option(__version__)
@click.pass_context
def main(context: click.Context) -> None:
    """A CDS Hooks service that holds MSK imaging orders against the region's own pathway."""
    context.obj = _mint_with_key


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, envvar="CDS_SERVICE_HOST")
@click.option("--port", default=8000, show_default=True, envvar="CDS_SERVICE_PORT")
@click.option(
    "--database-url",
    default="sqlite:///var/demo-card-log.sqlite3",
    show_default=True,
    envvar="CDS_SERVICE_DATABASE_URL",
    help="Its card log's database, which must hold no deployment's orders.",
)
@click.option(
    "--auth",
    type=click.Choice(["off", "required"]),
    default="off",
    show_default=True,
    help="`required` accepts the public sandbox's tokens and no others.",
)
@click.option(
    "--history",
    type=click.Choice(["on", "off"]),
    default="on",
    show_default=True,
    envvar="CDS_SERVICE_DEMO_HISTORY",
    help="Fill an empty card log with eighteen months of invented orders.",
)
def demo(host: str, port: int, database_url: str, auth: str, history: str) -> None:
    """Start with invented organisations and patients, ready for the public CDS Hooks Sandbox."""
    settings = _settings(
        config=Path(str(resources.files("cds_service.demo") / "configuration")),
        database_url=database_url,
        host=host,
        port=port,
        auth=auth,
        demo=True,
        demo_history=history,
        # A deployment's, where the environment names one: it would be delivered into the demo's log.
        spool=None,
        episode_secrets=None,
        workers=1,
    )
    click.echo(_demo_banner(settings.public_url, auth))
    _run(settings)


@main.command()
@click.option("--config", type=click.Path(path_type=Path), required=True, envvar="CDS_SERVICE_CONFIG")
@click.option(
    "--database-url",
    default="sqlite:///var/card-log.sqlite3",
    show_default=True,
    envvar="CDS_SERVICE_DATABASE_URL",
    help="The card log's database: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE.",
)
@click.option("--host", default="127.0.0.1", show_default=True, envvar="CDS_SERVICE_HOST")
@click.option("--port", default=8000, show_default=True, envvar="CDS_SERVICE_PORT")
@click.option("--workers", default=1, show_default=True, envvar="CDS_SERVICE_WORKERS")
@click.option("--base-url", default=None, envvar="CDS_SERVICE_BASE_URL", help="The service's public address.")
@click.option(
    "--auth",
    type=click.Choice(["required", "off"]),
    default="required",
    show_default=True,
    envvar="CDS_SERVICE_AUTH",
    help="Client authentication.",
)
def serve(config: Path, database_url: str, host: str, port: int, workers: int, base_url: str | None, auth: str) -> None:
    """Serve a deployment from its own configuration folder.

    Clients (EHRs) are named in its clients.yaml. What scrapes /metrics needs the token in CDS_SERVICE_METRICS_TOKEN.
    """
    settings = _settings(
        config=config,
        database_url=database_url,
        host=host,
        port=port,
        workers=workers,
        base_url=base_url,
        auth=auth,
        demo=False,  # whatever the environment says: the demo trusts the public sandbox, and opens /fhir and /metrics
    )
    for notice in settings.notices():
        click.secho(f"*** {notice} ***", err=True, bold=True)
    _run(settings)


@main.command()
def openapi() -> None:
    """Print the OpenAPI document, as it is kept in openapi/openapi.json."""
    click.echo(json.dumps(openapi_document(), indent=2, ensure_ascii=False))


def _mint_with_key(key: Path, issuer: str, kid: str | None, algorithm: str) -> Callable[[str], str]:
    """What signs test tokens for `call` and `doctor`: one for each request, for the URL that it goes to.

    Raises:
        ValueError: the key cannot sign such tokens.
    """
    from cds_service.security.minting import SigningKey  # noqa: PLC0415 - cryptography is slow to load; read if needed

    signing = SigningKey.read(key, algorithm)
    return lambda audience: signing.token(issuer, audience, kid=kid)


def _run(settings: Settings) -> None:
    """Serve until stopped; several workers read the same settings from the environment."""
    try:
        app = create_app(settings)
    except STARTING_ERRORS as error:
        _stop(str(error))
    keep_words_out_of_tracebacks()
    tune_interpreter()
    where: dict[str, Any] = {"host": settings.host, "port": settings.port, **uvicorn_options()}
    if settings.workers == 1:
        _listen(uvicorn.run, app, where)
        return
    # These have no option: they stand in the environment already.
    for name, value in settings.model_dump(mode="json", exclude_none=True, exclude=_SECRETS).items():
        os.environ[f"CDS_SERVICE_{name.upper()}"] = str(value)
    several = {"factory": True, "workers": settings.workers, **where}
    _listen(run_workers, "cds_service.server:worker_application", several)


def _listen(run: Callable[..., None], app: ASGIApp | str, options: dict[str, Any]) -> None:
    """Serve until stopped. Where that cannot begin the log has said why, of a taken port in the system's words."""
    try:
        run(app, **options)
    except SystemExit as end:
        if end.code == STARTUP_FAILURE:
            _stop(
                f"The log's last ERROR says why. If it is the address, port {options['port']} of {options['host']}, end"
                " what listens there, or name another with --port or --host."
            )
        raise


def _settings(**stated: Any) -> Settings:  # noqa: ANN401 - settings of several types, checked by the model
    try:
        return Settings(**stated)
    except ValidationError as error:
        _stop("\n".join(f"{_ways_to_state(name)}: {said}" if name else said for name, said in problems(error)))


def _stop(reason: str) -> NoReturn:
    click.echo(f"cds-service cannot start.\n{reason}", err=True)
    sys.exit(1)


def _ways_to_state(name: str) -> str:
    """Where a setting may have come from: its variable, and the option, for those that the command has one for."""
    variable = f"CDS_SERVICE_{name.upper()}"
    for option in click.get_current_context().command.params:
        if option.name == name:
            return f"{variable} (or {option.opts[0]})" if option.envvar else option.opts[0]
    return variable


_ABOUT_AUTHENTICATION = {
    "off": "Authentication is off, because this is the demo.",
    "required": "Only the public sandbox's tokens are accepted. They prove nothing: anyone has its private key.",
}


def _demo_banner(base: str, auth: str) -> str:
    sandbox = (
        HOSTED_SANDBOX
        + "?"
        + urlencode(
            {
                "hook": "order-select",
                "screen": "pama",
                "fhirServiceUrl": f"{base}/fhir",
                "patientId": DEMO_PATIENT,
                "serviceDiscoveryURL": f"{base}/cds-services",
            }
        )
    )
    return f"""\
CDS Hooks service for MSK imaging orders: demo with invented data

  Monitor              {base}/monitor
  Checker              {base}/checker
  Discovery            {base}/cds-services
  Fixture FHIR server  {base}/fhir
  Health               {base}/health/ready

Open the public CDS Hooks Sandbox, already pointed here:

  {sandbox}

Pick an MRI and a reason on its PAMA Imaging screen and read the card.
Chrome may ask to let the page reach this machine: allow it.
{_ABOUT_AUTHENTICATION[auth]} Stop with Ctrl-C.
"""
