"""`monitor-access.yaml` of the configuration folder: who signs people in to the monitor, and what they may see.

It holds no secret: the provider's client secret is an environment variable.
"""

from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from cds_service.monitor.access.permissions import ROLES
from cds_service.pathway.facts import OUTSIDE, UNRESOLVED
from cds_service.security.clients import LOOPBACK_HOSTS
from cds_service.security.strict_yaml import StrictYaml
from cds_service.security.urls import split_url

NAME: Final = "monitor-access.yaml"

WITHOUT_FOOTPRINT: Final = (OUTSIDE, UNRESOLVED)
"""What the card log has as region where no footprint applied: seen by those alone to whom it was granted by name."""

_STRICT: Final = ConfigDict(frozen=True, extra="forbid")
_SHAPE: Final = "starts with 'provider:' and 'grants:'"


class AccessFileError(Exception):
    """`monitor-access.yaml` cannot be used; the message names the line, the key and the mend."""


class NoClientSecretError(Exception):
    """`monitor-access.yaml` names a provider, and the service has no secret to show there."""

    def __init__(self) -> None:
        super().__init__(
            f"{NAME} names a provider, and CDS_SERVICE_MONITOR_CLIENT_SECRET is not set. Set it to the client secret"
            " that the provider gave, in the environment alone; or take the file away, and the monitor is off"
        )


def is_safe_address(address: str) -> bool:
    """Whether an address of a provider may be asked: https, or http on this machine."""
    parts = split_url(address)
    return parts is not None and (parts.scheme == "https" or parts.hostname in LOOPBACK_HOSTS)


def _issuer(value: str) -> str:
    if not is_safe_address(value) or urlsplit(value).query or "#" in value:
        msg = f"'{value}' is not an issuer; write it as https://host/path, exactly as the provider's tokens have it"
        raise ValueError(msg)
    return value


def _role(value: str) -> str:
    if value not in ROLES:
        msg = f"'{value}' is not a role; write one of {', '.join(ROLES)}"
        raise ValueError(msg)
    return value


def _with_openid(value: tuple[str, ...]) -> tuple[str, ...]:
    if "openid" not in value:
        msg = "lacks 'openid', without which a provider signs nobody in; add it"
        raise ValueError(msg)
    return value


Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Footprint = Annotated[str, StringConstraints(to_lower=True, strip_whitespace=True, min_length=1)]


class SelectedRole(BaseModel):
    """Which of several roles somebody chose at sign-in, as NHS CIS2 tells it.

    Attributes:
        claim: the claim with the id of the chosen role: `selected_roleid`.
        member: where each entry of the roles has its id: `person_roleid`.
    """

    model_config = _STRICT

    claim: Name
    member: Name


class Provider(BaseModel):
    """The OpenID provider; `docs/monitor-access.md` describes each key."""

    model_config = _STRICT

    issuer: Annotated[Name, AfterValidator(_issuer)]
    client_id: Name
    client_authentication: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"
    scopes: Annotated[tuple[Name, ...], AfterValidator(_with_openid)] = ("openid",)
    algorithms: Annotated[
        tuple[Literal["RS256", "RS384", "RS512", "PS256", "PS384", "ES256", "ES384"], ...], Field(min_length=1)
    ] = ("RS256",)
    claims_from: Literal["id-token", "userinfo"] = "id-token"
    subject_claim: Name = "sub"
    roles_claim: Name
    selected_role: SelectedRole | None = None


class Mapping(BaseModel):
    """What an entry of the roles claim gives.

    Attributes:
        value: the entry itself when it is text; or members that an entry must have, all of them, when it is an object.
        role: the role that it gives.
        footprints: for which regions.
    """

    model_config = _STRICT

    value: Name | Annotated[dict[Name, Name], Field(min_length=1)]
    role: Annotated[str, AfterValidator(_role)]
    footprints: Annotated[tuple[Footprint, ...], Field(min_length=1)]


class SessionSettings(BaseModel):
    """How long a session lives."""

    model_config = _STRICT

    idle_minutes: Annotated[int, Field(strict=True, ge=5, le=120)] = 30
    absolute_hours: Annotated[int, Field(strict=True, ge=1, le=24)] = 8


class MonitorAccess(BaseModel):
    """The file."""

    model_config = _STRICT

    provider: Provider
    grants: Annotated[tuple[Mapping, ...], Field(min_length=1)]
    session: SessionSettings = SessionSettings()


class ReadAccess(NamedTuple):
    """The file as it was read at one moment.

    Attributes:
        access: what it says.
        policy: the SHA-256 of its content, by which sessions are told that began under another.
    """

    access: MonitorAccess
    policy: str


def load_access(path: Path, regions: frozenset[str]) -> ReadAccess | None:
    """Read `monitor-access.yaml`; None where there is no such file.

    Args:
        path: the file.
        regions: what a footprint may be, beside `WITHOUT_FOOTPRINT`: the ids of the pathways.

    Raises:
        AccessFileError: the file is not YAML, or breaks the contract.
    """
    if not path.is_file():
        return None
    file = StrictYaml(path, AccessFileError, what="this file", shape=_SHAPE, described="docs/monitor-access.md")
    try:
        access = MonitorAccess.model_validate(file.mapping())
    except ValidationError as error:
        raise AccessFileError(file.problems(error)) from None
    footprints = regions | {*WITHOUT_FOOTPRINT}
    for position, grant in enumerate(access.grants):
        unknown = sorted({*grant.footprints} - footprints)
        if unknown:
            line = file.line(("grants", position, "footprints"))
            raise AccessFileError(
                f"{NAME}:{line}: grants.{position}.footprints: no region {', '.join(unknown)}; use one of "
                f"{', '.join(sorted(footprints))}"
            )
    return ReadAccess(access, sha256(path.read_bytes()).hexdigest())
