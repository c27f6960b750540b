"""The EHRs that may call: one entry of `clients.yaml` each, checked as far as it can be without asking anybody."""

import ipaddress
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    model_validator,
)

from cds_service.security.urls import split_url

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
SANDBOX_ISSUER = "https://sandbox.cds-hooks.org"
"""The public CDS Hooks Sandbox: its private key is published, so its tokens prove nothing (`demo` alone trusts it)."""

LONGEST_LIFE = 3600
"""Seconds that a client may ask for as the longest life of its tokens."""

MOST_SKEW = 600
"""Seconds by which a client's clock may be allowed to differ."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
RegionName = Annotated[str, StringConstraints(to_lower=True, strip_whitespace=True, min_length=1)]
Issuer = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
Algorithm = Literal["ES256", "ES384", "RS384", "PS384", "EdDSA"]


def _address(value: str, what: str, form: str = "https://host/path") -> str:
    """An absolute http or https URL without user, query, fragment or trailing slash; http on loopback alone.

    Scheme and host are kept in lower case, since they are compared without case (RFC 3986, 6.2.2.1). A value that may
    hold a password is not repeated.
    """
    if any(sign in value for sign in "@?#"):
        msg = f"holds a user name, a query or a fragment; write {what} without them"
        raise ValueError(msg)
    parts = split_url(value)
    if parts is None:
        msg = f"'{value}' is not an absolute URL; write {what} as {form}"
        raise ValueError(msg)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        msg = f"'{value}' is plain http, which is for this machine alone; use https"
        raise ValueError(msg)
    return parts._replace(netloc=parts.netloc.lower()).geturl().rstrip("/")


def _key_address(value: str) -> str:
    return _address(value, "the key set's address")


def _audience(value: str) -> str:
    return _address(value, "the address at which this client reaches the service")


def _fhir_base(value: str) -> str:
    return _address(value, "the FHIR server's base address")


def _origin(value: str) -> str:
    """An origin as browsers send it: scheme, host and port, and nothing after them."""
    origin = _address(value, "the origin", "https://host")
    if value.endswith("/") or urlsplit(origin).path:
        msg = f"'{value}' is not an origin; write scheme and host alone, as https://ehr.example.nhs.uk"
        raise ValueError(msg)
    return origin


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError as error:
        msg = f"'{value}' is not a network; write an address or a network such as 10.20.30.0/24"
        raise ValueError(msg) from error


def _rate(value: str) -> str:
    from cds_service.security.rates import parse_rate  # noqa: PLC0415 - read only where a client sets a rate

    parse_rate(value)
    return value


def _check_default_region(footprints: tuple[str, ...], default_region: str | None) -> None:
    if footprints and default_region is not None and default_region not in footprints:
        msg = f"default_region '{default_region}' is not among its footprints; add it there or change it"
        raise ValueError(msg)


def _some(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        msg = "is an empty list, which would mean every region; name the regions, or leave the line out"
        raise ValueError(msg)
    return value


Footprints = Annotated[tuple[RegionName, ...], AfterValidator(_some)]
"""The regions that a client is bound to. The default, to none, cannot be written down by mistake."""


class Tenant(BaseModel):
    """What a token's `tenant` claim stands for, when one EHR vendor signs for several organisations."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    footprints: Footprints = ()
    default_region: RegionName | None = None

    @model_validator(mode="after")
    def _default_region_is_its_own(self) -> Self:
        _check_default_region(self.footprints, self.default_region)
        return self


class Client(BaseModel):
    """One trusted EHR; `docs/configuration.md` describes each key.

    Raises:
        ValueError: keys contradict each other; the message says how to mend it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Identifier
    issuer: Issuer | None = None
    jwks: dict[str, Any] | None = Field(default=None, repr=False)
    jwks_url: Annotated[str, AfterValidator(_key_address)] | None = None
    jkus: tuple[Annotated[str, AfterValidator(_key_address)], ...] = ()
    audiences: tuple[Annotated[str, AfterValidator(_audience)], ...] = ()
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("ES384", "RS384")
    clock_skew: Annotated[int, Field(strict=True, ge=0, le=MOST_SKEW)] = 60
    maximum_life: Annotated[int, Field(strict=True, ge=30, le=LONGEST_LIFE)] = 300
    tenants: dict[str, Tenant] = Field(default_factory=dict)
    rate: Annotated[str, AfterValidator(_rate)] | None = None
    fhir_servers: tuple[Annotated[str, AfterValidator(_fhir_base)], ...] = ()
    private_networks: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    footprints: Footprints = ()
    default_region: RegionName | None = None
    cors_origins: tuple[Annotated[str, AfterValidator(_origin)], ...] = ()
    on_unresolved: Literal["error", "card"] = "error"

    _by_tenant: dict[str, "Client"] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _default_region_is_its_own(self) -> Self:
        _check_default_region(self.footprints, self.default_region)
        return self

    @model_validator(mode="after")
    def _tenants_stay_within_its_footprints(self) -> Self:
        for name, tenant in self.tenants.items():
            beyond = sorted({*tenant.footprints} - {*self.footprints}) if self.footprints else []
            if beyond:
                msg = f"tenant '{name}' has footprint {', '.join(beyond)}, which the client has not; add it there too"
                raise ValueError(msg)
            _check_default_region(tenant.footprints or self.footprints, tenant.default_region or self.default_region)
        return self

    @model_validator(mode="after")
    def _keys_are_usable(self) -> Self:
        if self.jwks is not None:
            from cds_service.security.jwks import KeySet, KeySetError  # noqa: PLC0415 - cryptography is slow to load

            try:
                KeySet.pinned(self.jwks, self.algorithms)
            except KeySetError as error:
                msg = f"jwks: {error}"
                raise ValueError(msg) from None
        return self

    @model_validator(mode="after")
    def _one_home_for_its_keys(self) -> Self:
        if self.jwks is not None and self.jwks_url is not None:
            msg = "has both jwks and jwks_url; keep the one that holds the client's keys"
            raise ValueError(msg)
        return self

    def model_post_init(self, _context: object) -> None:
        """Prepare each tenant's own view of the client."""
        for name, tenant in self.tenants.items():
            view = self.model_copy(
                update={
                    "footprints": tenant.footprints or self.footprints,
                    "default_region": tenant.default_region or self.default_region,
                    "tenants": {},
                }
            )
            view._by_tenant = {}  # noqa: SLF001 - a copy shares what is private, and must not lead back to itself
            self._by_tenant[name] = view

    @property
    def can_be_authenticated(self) -> bool:
        """Whether a token of this client could be checked: an issuer, and somewhere its keys come from."""
        return self.issuer is not None and (self.jwks is not None or self.jwks_url is not None or bool(self.jkus))

    @property
    def every_footprint(self) -> frozenset[str]:
        """The regions to which it is bound, whatever its tenant; empty when it, or a tenant of it, is bound to none."""
        views = [*self._by_tenant.values()] or [self]
        bound = all(view.footprints for view in views)
        return frozenset(region for view in views for region in view.footprints) if bound else frozenset()

    def for_tenant(self, claim: object) -> "Client | None":
        """The client as seen for one tenant; None when it has tenants and the claim names none of them.

        Args:
            claim: the token's `tenant`, whatever its type.
        """
        if not self.tenants:
            return self
        return self._by_tenant.get(claim) if isinstance(claim, str) else None

    def may_act_in(self, region: str) -> bool:
        """Whether the client's footprints hold this region; a client without footprints is bound to none."""
        return not self.footprints or region in self.footprints


ANYONE = Client(id="anyone")
"""Stands for the caller when authentication is off and no single client is configured."""


def unauthenticated_caller(clients: tuple[Client, ...]) -> Client:
    """Whose preferences apply while nobody proves who calls: the one client there is, else nobody's."""
    return clients[0] if len(clients) == 1 else ANYONE
