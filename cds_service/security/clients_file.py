"""Reading `clients.yaml` of the configuration folder: strict, and each problem with its line and the mend."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cds_service.security.clients import SANDBOX_ISSUER, Client
from cds_service.security.strict_yaml import StrictYaml

NAME = "clients.yaml"


class ClientsFileError(Exception):
    """`clients.yaml` cannot be used; the message names the line, the key and the mend."""


class _ClientsFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    clients: tuple[Client, ...] = Field(default=())


def load_clients(path: Path, regions: frozenset[str], *, demo: bool = False) -> tuple[Client, ...]:
    """Read `clients.yaml`; a missing file means no client.

    Args:
        path: the file.
        regions: ids of the loaded pathways, which `footprints` and `default_region` must name.
        demo: whether this is the demo, which alone may trust the public sandbox and read FHIR over plain http.

    Raises:
        ClientsFileError: the file is not YAML, or an entry breaks the contract.
    """
    if not path.is_file():
        return ()
    shape = "starts with 'clients:' and a list of entries below it"
    file = StrictYaml(path, ClientsFileError, what="a client", shape=shape, described="docs/configuration.md")
    # `clients:` with nothing below it means that there are none yet.
    stated = {key: value for key, value in file.mapping().items() if not (key == "clients" and value is None)}
    try:
        clients = _ClientsFile.model_validate(stated).clients
    except ValidationError as error:
        raise ClientsFileError(file.problems(error)) from None
    _check_told_apart(clients, file)
    for position, client in enumerate(clients):
        for key, problem in (*_regions_unknown(client, regions), *(() if demo else _only_in_the_demo(client))):
            raise ClientsFileError(
                f"{NAME}:{file.line(('clients', position, key))}: client {client.id}: {key}: {problem}"
            )
    return clients


def _check_told_apart(clients: Sequence[Client], file: StrictYaml) -> None:
    """Ids and issuers are each client's own."""
    for key in ("id", "issuer"):
        seen: set[str] = set()
        for position, client in enumerate(clients):
            value = client.id if key == "id" else client.issuer
            if value is not None and value in seen:
                line = file.line(("clients", position, key))
                raise ClientsFileError(
                    f"{NAME}:{line}: {key} {value} stands more than once; give each client an {key} of its own"
                )
            seen |= {value} if value is not None else set()


def _regions_unknown(client: Client, regions: frozenset[str]) -> list[tuple[str, str]]:
    named = {
        "footprints": {*client.footprints},
        "default_region": {*filter(None, [client.default_region])},
        "tenants": {
            region
            for tenant in client.tenants.values()
            for region in (*tenant.footprints, *filter(None, [tenant.default_region]))
        },
    }
    return [
        (key, f"no pathway for {', '.join(sorted(unknown))}; use one of {', '.join(sorted(regions))}")
        for key, values in named.items()
        if (unknown := values - regions)
    ]


def _only_in_the_demo(client: Client) -> list[tuple[str, str]]:
    problems = [
        ("fhir_servers", f"'{server}' is plain http; a FHIR server is read over https alone")
        for server in client.fhir_servers
        if not server.startswith("https://")
    ]
    addresses = {"issuer": [client.issuer or ""], "jwks_url": [client.jwks_url or ""], "jkus": list(client.jkus)}
    problems += [
        (key, "the public CDS Hooks Sandbox proves nothing, since anyone has its private key; take this client out")
        for key, named in addresses.items()
        if any(address.lower().startswith(SANDBOX_ISSUER) for address in named)
    ]
    if _has_the_sandbox_key(client):
        problems.append(("jwks", "holds the public sandbox's key, whose private half is published; take it out"))
    return problems


def _has_the_sandbox_key(client: Client) -> bool:
    from cds_service.security.jwks import KeySet  # noqa: PLC0415 - cryptography is slow to load; read if needed

    return client.jwks is not None and KeySet.pinned(client.jwks, client.algorithms).holds_a_published_key
