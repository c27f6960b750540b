"""What a deployment can set, from the command line or from `CDS_SERVICE_<NAME>`."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not listened on
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Settings(BaseSettings):
    """Settings of one process; each has an environment variable with the prefix `CDS_SERVICE_`."""

    model_config = SettingsConfigDict(env_prefix="CDS_SERVICE_", frozen=True, extra="ignore")

    config: Path = Field(description="The configuration folder.")
    database_url: str = Field(default="sqlite:///var/card-log.sqlite3", description="The card log's database.")
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8000, ge=1, le=65535, description="The port to listen on.")
    workers: int = Field(default=1, ge=1, le=64, description="Worker processes.")
    auth: Literal["required", "off"] = Field(default="required", description="Client authentication.")
    base_url: str | None = Field(default=None, description="The service's public address.")
    demo: bool = Field(default=False, description="Serve the fixture FHIR server at /fhir.")
    demo_history: Literal["on", "off"] = Field(default="off", description="In the demo, invent the months before.")
    card_log: Literal["on", "off"] = Field(default="on", description="`off` is for measuring alone.")
    spool: Path | None = Field(default=None, description="The folder where events wait for an absent database.")
    episodes: Literal["on", "off"] = Field(default="on", description="Tie the firings of one order together.")
    episode_secrets: Path | None = Field(default=None, description="The folder of the secret behind order episodes.")
    episode_window_days: int = Field(default=7, ge=1, le=28, description="Days after which that secret is dropped.")
    checker: Literal["on", "off"] = Field(default="on", description="Serve the pathway checker at /checker.")
    metrics_token: SecretStr | None = Field(default=None, min_length=16, description="What /metrics asks for.")
    reload_seconds: float = Field(
        default=5, ge=0, le=3600, description="How often the configuration folder is looked at; 0 never."
    )
    monitor_client_secret: SecretStr | None = Field(
        default=None, min_length=1, description="The service's secret at the provider of monitor-access.yaml."
    )
    fhir_budget_ms: int = Field(default=300, ge=50, le=450, description="Milliseconds for reading what prefetch lacks.")

    @field_validator("base_url")
    @classmethod
    def _base_url_is_an_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            msg = "write it as https://host or https://host/path"
            raise ValueError(msg)
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            msg = "plain http is for this machine alone; write the https address at which EHRs reach the service"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _tokens_need_a_public_address(self) -> Self:
        if self.auth == "required" and self.base_url is None and self.host not in LOOPBACK:
            msg = (
                "CDS_SERVICE_BASE_URL is missing: a client's token names the public URL that it calls, which cannot be "
                f"told from --host {self.host}. Set it, for example https://cds.example.nhs.uk"
            )
            raise ValueError(msg)
        return self

    def notices(self) -> list[str]:
        """What an operator must not overlook, one line each."""
        said = {
            "CLIENT AUTHENTICATION IS OFF (CDS_SERVICE_AUTH=off): anyone who can reach this address can call": (
                self.auth == "off"
            ),
            "THE CARD LOG IS OFF (CDS_SERVICE_CARD_LOG=off): nothing is recorded; for measuring alone": (
                self.card_log == "off"
            ),
            f"PLAIN HTTP BEYOND THIS MACHINE ({self.host}): put a proxy that speaks TLS in front": (
                self.host not in LOOPBACK
            ),
        }
        return [notice for notice, holds in said.items() if holds]

    @property
    def public_url(self) -> str:
        """The service's public address without a trailing slash."""
        if self.base_url is not None:
            return self.base_url.rstrip("/")
        host = "127.0.0.1" if self.host in EVERYWHERE else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
