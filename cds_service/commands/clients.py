"""`cds-service clients`: the EHRs that may call, checked, added and tried."""

import asyncio
import json
from ipaddress import ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import click
from pydantic import ValidationError

from cds_service.commands.faults import told
from cds_service.directory.csv_edits import replace_file
from cds_service.security.clients import Algorithm, Client
from cds_service.security.clients_file import NAME, ClientsFileError, load_clients
from cds_service.security.strict_yaml import in_words
from cds_service.security.urls import split_url

if TYPE_CHECKING:
    from cds_service.security.jwks import KeySet

_KEY_SERVER_SECONDS = 5.0
_LARGEST_KEY_SET = 256 * 1024
_LONGEST_SHOWN = 80
_KEY_SERVER_MENDS = {
    "not-sendable": "write its address in ASCII",
    "not-https": "use https",
    "refused-address": "it is at a private address; name its network in private_networks if that is meant",
    "unreachable": "check the address, and that this machine may reach it",
    "tls": "it needs TLS, and a certificate for this host that this machine trusts",
    "timeout": f"it must answer within {_KEY_SERVER_SECONDS:g} s",
    "redirect": "give the address to which it leads",
    "status-401": "it must show public keys to all",
    "status-403": "it must show public keys to all",
    "status-404": "check the path",
    "status": "its owner must mend it",
    "encoded": "it must answer without compression",
    "too-large": f"it must answer with {_LARGEST_KEY_SET // 1024} KiB at most",
    "not-json": "it must answer with a key set in JSON; check the path",
}
"""How to mend what keeps a key server's keys from coming, by the reason of the outbound error."""

_OPTIONS = {"id": "--id", "issuer": "--issuer", "jwks_url": "--jwks-url", "footprints": "--footprint"}


class _Finding(NamedTuple):
    """One line of a report: `ok`, `note` or `problem`."""

    level: str
    text: str


def _issuer(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """An issuer that a client may have."""
    _require_values(issuer=value)
    return value


def _audience(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """An audience that an endpoint may have: what is not plainly a URL is no endpoint's. A password is not repeated."""
    mend = "give the public URL of the endpoint, such as https://cds.example.nhs.uk/cds-services/msk-imaging-pathway"
    if "@" in value:
        raise click.BadParameter(f"holds a user name, which no endpoint's URL has; {mend}")
    if "?" in value or "#" in value:
        raise click.BadParameter(f"{value!r} has a query or a fragment, which no endpoint's URL has; {mend}")
    if split_url(value) is None:
        raise click.BadParameter(f"{value!r} is not an absolute http or https URL, so no endpoint accepts it; {mend}")
    return value


@click.group()
def clients() -> None:
    """EHRs that may call: check the file, write an entry, mint a test token."""


@clients.command()
@click.option("--config", type=click.Path(path_type=Path), required=True, envvar="CDS_SERVICE_CONFIG")
@click.option("--fetch/--no-fetch", default=True, show_default=True, help="Ask each key server for its keys.")
def check(config: Path, fetch: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Read clients.yaml, fetch each client's keys, and say what is wrong."""
    path = config / NAME
    with told():
        if not config.is_dir():
            raise click.ClickException(f"--config {config}: no such folder; name the configuration folder")
        if not path.exists():
            raise click.ClickException(f"{path}: there is none; cds-service clients new writes an entry")
        if not path.is_file():
            raise click.ClickException(f"{path}: not a file; put the file {NAME} in its place")
    registered = _loaded(config, path)
    if not registered:
        raise click.ClickException(f"{path}: names no client; cds-service clients new writes an entry")
    problems = 0
    for client in registered:
        click.secho(client.id, bold=True)
        for finding in [*_of_entry(client), *asyncio.run(_of_keys(client, fetch=fetch))]:
            click.echo(f"  {finding.level:<8} {finding.text}")
            problems += finding.level == "problem"
    click.echo(f"{len(registered)} client(s), {problems} problem(s)")
    if problems:
        raise SystemExit(1)


@clients.command()
@click.option("--id", "identifier", required=True, help="A short name; it stands in the card log.")
@click.option("--issuer", required=True, help="The iss of the EHR's tokens.")
@click.option("--jwks-url", default=None, help="Where the EHR publishes its keys.")
@click.option("--jwks", type=click.Path(path_type=Path, exists=True), default=None, help="Or a file with its key set.")
@click.option("--footprint", "footprints", multiple=True, help="A region it may act in; repeat for more.")
@click.option("--config", type=click.Path(path_type=Path), default=None, help="Add the entry to this folder's file.")
def new(
    identifier: str,
    issuer: str,
    jwks_url: str | None,
    jwks: Path | None,
    footprints: tuple[str, ...],
    config: Path | None,
) -> None:
    """Write a commented entry for clients.yaml: printed, or added to the file of --config."""
    from cds_service.security.new_entry import entry, with_entry  # noqa: PLC0415 - read by this command alone

    if (jwks_url is None) == (jwks is None):
        raise click.UsageError("Say where its keys are: --jwks-url or --jwks, one of them.")
    keys = _public_keys(jwks) if jwks is not None else None
    _require_values(id=identifier, issuer=issuer, jwks_url=jwks_url, footprints=footprints)
    written = entry(identifier, issuer, jwks_url=jwks_url, jwks=keys, footprints=footprints)
    if config is None:
        click.echo(written, nl=False)
        return
    path = config / NAME
    try:
        before = path.read_text("utf-8") if path.is_file() else ""
        after = with_entry(before, written)
        _require_sound(config, after)
        replace_file(path, after.encode())
    except UnicodeDecodeError:
        raise click.ClickException(f"{path}: not UTF-8 text; save it as UTF-8") from None
    except ValueError as error:
        _loaded(config, path)  # a file that is wrong in itself is told of that
        raise click.ClickException(f"{path}: {error}") from None
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}; name a folder that can be written") from None
    click.echo(f"{path}: client {identifier} added. Check it: cds-service clients check --config {config}")


@clients.command()
@click.option("--issuer", required=True, callback=_issuer, help="The iss to claim.")
@click.option(
    "--audience", required=True, callback=_audience, help="The public URL of the endpoint that will be called."
)
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    default=Path("test-client-key.pem"),
    show_default=True,
    help="A private key in PEM; made when the file is not there.",
)
@click.option("--algorithm", type=click.Choice(get_args(Algorithm)), default=None, help="ES384 for a new key.")
@click.option("--life", type=click.IntRange(1, 3600), default=300, show_default=True, help="Seconds until it expires.")
@click.option("--tenant", default=None, help="The tenant to claim.")
def token(issuer: str, audience: str, key: Path, algorithm: Algorithm | None, life: int, tenant: str | None) -> None:
    """Mint a test token, from a key that it makes; the key's public half goes to standard error."""
    from cds_service.security.minting import SigningKey, SigningKeyError  # noqa: PLC0415 - read by this command alone

    try:
        if key.exists():
            signing = SigningKey.read(key, algorithm)
        else:
            signing = SigningKey.made(algorithm or "ES384")
            signing.save(key)
            click.echo(f"New key in {key}: keep it to yourself, and use it for tests alone.", err=True)
    except SigningKeyError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"--key {key}: {error.strerror}; name another file") from None
    click.echo("Register the public half (clients.yaml, jwks):", err=True)
    click.echo(json.dumps({"keys": [signing.public_jwk]}), err=True)
    click.echo(signing.token(issuer, audience, life=life, tenant=tenant))


def _loaded(config: Path, path: Path) -> tuple[Client, ...]:
    """The clients of a file, held against the folder's regions, as the service reads them."""
    from cds_service.pathway.loading import PathwayFileError  # noqa: PLC0415 - `token` and `new` without a folder need none
    from cds_service.pathway.register import PathwayRegister  # noqa: PLC0415 - as above

    with told(ClientsFileError, PathwayFileError):
        return load_clients(path, PathwayRegister.load(config).regions)


def _require_values(**stated: object) -> None:
    """Refuse an option's value that no entry of clients.yaml may have; a file would be told of it by its line."""
    try:
        Client.model_validate(
            {"id": "any"} | {name: value for name, value in stated.items() if value not in (None, ())}
        )
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        name = str(problem["loc"][0])
        words = in_words(problem["type"], problem["msg"], problem.get("ctx", {}))
        words = words.removesuffix(", or leave the line out")  # a file's mend
        option = f"'{_OPTIONS[name]}'"
        # Our own words repeat the value where it holds no secret.
        shown = "" if problem["type"] == "value_error" else f"{str(problem['input'])[:_LONGEST_SHOWN]!r} "
        raise click.BadParameter(f"{shown}{words}", param_hint=option) from None


def _require_sound(config: Path, text: str) -> None:
    """Refuse a text with which the service could not start: one that runs would refuse its whole folder."""
    with TemporaryDirectory() as elsewhere:
        trial = Path(elsewhere) / NAME
        trial.write_text(text, "utf-8")
        try:
            _loaded(config, trial)
        except click.ClickException as error:
            raise click.ClickException(f"{error.message}\nNothing was changed in {config / NAME}.") from None


def _public_keys(path: Path) -> dict[str, Any]:
    """A file's key set, which goes into a folder that is kept in git: public keys, and nothing else."""
    from cds_service.security.jwks import KeySet, KeySetError  # noqa: PLC0415 - cryptography is slow to load

    try:
        keys: dict[str, Any] = json.loads(path.read_text("utf-8-sig"))  # Windows puts a byte order mark before UTF-8
        KeySet.pinned(keys, get_args(Algorithm))
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}; give the file with the EHR's public key set") from None
    except KeySetError as error:
        raise click.ClickException(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{path}: not UTF-8 text; save it as UTF-8") from None
    except (ValueError, RecursionError) as error:
        place = f", line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise click.ClickException(f"{path}: not JSON{place}; give the file with the EHR's public key set") from None
    return keys


def _of_entry(client: Client) -> list[_Finding]:
    findings = []
    if not client.can_be_authenticated:
        findings.append(
            _Finding("problem", "needs issuer, and jwks, jwks_url or jkus: none of its tokens can be checked")
        )
    views = [view for name in client.tenants if (view := client.for_tenant(name)) is not None]
    if not all(view.footprints for view in views or [client]):
        findings.append(_Finding("note", "bound to no footprint: it may act in every region"))
    if client.fhir_servers:
        findings.append(_Finding("note", f"its FHIR servers are read: {', '.join(client.fhir_servers)}"))
    if client.private_networks:
        findings.append(_Finding("note", f"may be reached at private addresses: {', '.join(client.private_networks)}"))
    return findings


async def _of_keys(client: Client, *, fetch: bool) -> list[_Finding]:
    from cds_service.security.jwks import KeySet  # noqa: PLC0415 - cryptography is slow to load

    if client.jwks is not None:
        return [_Finding("ok", f"{_described(KeySet.pinned(client.jwks, client.algorithms))}, in the file")]
    if not fetch:
        return [_Finding("note", "its keys were not fetched (--no-fetch)")] if client.can_be_authenticated else []
    urls = dict.fromkeys([client.jwks_url, *client.jkus])
    return [finding for url in urls if url for finding in await _of_key_server(client, url)]


async def _of_key_server(client: Client, url: str) -> list[_Finding]:
    from cds_service.security.jwks import KeySet, KeySetError  # noqa: PLC0415 - cryptography is slow to load
    from cds_service.security.outbound import (  # noqa: PLC0415 - read by this command alone
        AddressGuard,
        OutboundClient,
        OutboundError,
    )

    guard = AddressGuard([ip_network(network) for network in client.private_networks], listed_urls=[url])
    outbound = OutboundClient(guard, allow_http=url.startswith("http://"))
    try:
        keys = KeySet.fetched(await outbound.get_json(url, timeout=_KEY_SERVER_SECONDS, limit=_LARGEST_KEY_SET))
    except OutboundError as error:
        return [_Finding("problem", f"{url}: {error}; {_KEY_SERVER_MENDS[error.reason]}")]
    except KeySetError as error:
        return [_Finding("problem", f"{url}: {error}")]
    finally:
        await outbound.aclose()
    shown = [_Finding("problem", f"{url}: shows a private or symmetric key; its owner must replace it")]
    secrets = shown if keys.holds_a_secret else []
    if not keys.has_one_for(client.algorithms):
        text = f"{url}: no key for {', '.join(client.algorithms)}; it has {_described(keys)}"
        return [_Finding("problem", text), *secrets]
    return [_Finding("ok", f"{_described(keys)}, from {url}"), *secrets]


def _described(keys: "KeySet") -> str:
    return ", ".join(f"{kid} ({'/'.join(sorted(algorithms))})" for kid, algorithms in keys.described) or "no usable key"
