"""The EHRs that may call, from `clients.yaml` of the configuration folder.

This version reads and checks the whole file and uses `default_region` and `on_unresolved`; who a caller is cannot be
proved yet, so a deployment says `CDS_SERVICE_AUTH=off`.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    ValidationError,
    model_validator,
)

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
RegionName = Annotated[str, StringConstraints(to_lower=True, strip_whitespace=True, min_length=1)]
Algorithm = Literal["ES256", "ES384", "RS384", "PS384", "EdDSA"]


class ClientsFileError(Exception):
    """`clients.yaml` cannot be used; the message names the entry, the key and the mend."""


class Client(BaseModel):
    """One trusted EHR; the keys are those of the configuration contract."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Identifier
    issuer: str | None = None
    jwks: dict[str, Any] | None = None
    jwks_url: HttpUrl | None = None
    audiences: tuple[str, ...] = ()
    algorithms: tuple[Algorithm, ...] = ("ES384", "RS384")
    fhir_servers: tuple[HttpUrl, ...] = ()
    footprints: tuple[RegionName, ...] = ()
    default_region: RegionName | None = None
    cors_origins: tuple[str, ...] = ()
    on_unresolved: Literal["error", "card"] = "error"

    @model_validator(mode="after")
    def _default_region_is_its_own(self) -> Self:
        if self.footprints and self.default_region is not None and self.default_region not in self.footprints:
            msg = f"default_region '{self.default_region}' is not among its footprints; add it there or change it"
            raise ValueError(msg)
        return self


class _ClientsFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    clients: tuple[Client, ...] = Field(default=())

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [client.id for client in self.clients]
        doubled = sorted({identity for identity in ids if ids.count(identity) > 1})
        if doubled:
            msg = f"id {', '.join(doubled)} stands more than once; give each client an id of its own"
            raise ValueError(msg)
        return self


ANYONE = Client(id="anyone")
"""Stands for the caller when authentication is off and no single client is configured."""


def load_clients(path: Path, regions: frozenset[str]) -> tuple[Client, ...]:
    """Read `clients.yaml`; a missing file means no client.

    Args:
        path: the file.
        regions: ids of the loaded pathways, which `footprints` and `default_region` must name.

    Raises:
        ClientsFileError: the file is not YAML, or an entry breaks the contract.
    """
    if not path.is_file():
        return ()
    try:
        read = yaml.safe_load(path.read_text("utf-8")) or {}
        clients = _ClientsFile.model_validate(_with_entries(read, path)).clients
    except UnicodeDecodeError as error:
        msg = f"{path.name}: not UTF-8 text; save it as UTF-8"
        raise ClientsFileError(msg) from error
    except yaml.YAMLError as error:
        msg = f"{path.name}: not YAML: {error}"
        raise ClientsFileError(msg) from error
    except ValidationError as error:
        msg = "\n".join(
            f"{path.name}: {'.'.join(str(part) for part in problem['loc']) or 'file'}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False, include_context=False)
        )
        raise ClientsFileError(msg) from error
    for client in clients:
        unknown = {*client.footprints, *filter(None, [client.default_region])} - regions
        if unknown:
            known = ", ".join(sorted(regions))
            msg = f"{path.name}: client {client.id}: no pathway for {', '.join(sorted(unknown))}; use one of {known}"
            raise ClientsFileError(msg)
    return clients


def _with_entries(read: object, path: Path) -> dict[str, Any]:
    """The file's mapping; `clients:` with nothing below it means that there are none yet."""
    if not isinstance(read, dict):
        msg = f"{path.name}: starts with 'clients:' and a list of entries below it"
        raise ClientsFileError(msg)
    return {key: value for key, value in read.items() if not (key == "clients" and value is None)}


def unauthenticated_caller(clients: tuple[Client, ...]) -> Client:
    """Whose preferences apply while nobody proves who calls: the one client there is, else nobody's."""
    return clients[0] if len(clients) == 1 else ANYONE
