"""What a deployment can set, from the command line or from `CDS_SERVICE_<NAME>`."""

from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not listened on
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_WEEKS_TO_LOCK: Final = range(16, 105, 4)

_IN_WORDS: Final = {
    "bool_parsing": "write true or false",
    "float_parsing": "write a number",
    "greater_than_equal": "write {ge} or more",
    "int_from_float": "write a whole number",
    "int_parsing": "write a whole number",
    "less_than_equal": "write {le} or less",
    "literal_error": "write {expected}",
    "too_short": "write {min_length} or more characters",
}
"""What an operator is told of a value, by pydantic's name for what is wrong; its own words are those of Python."""


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
    monitor_trend_points: Literal[6, 7] = Field(default=7, description="Weeks in a row that make a trend.")
    monitor_screen_moving_ranges: Literal["on", "off"] = Field(
        default="off", description="Leave the largest steps between weeks out of control limits."
    )
    monitor_lock_after: int | None = Field(
        default=None, description="Weeks from which control limits are worked out, and then stay."
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

    @field_validator("monitor_trend_points", mode="before")
    @classmethod
    def _digits_are_a_number(cls, value: object) -> object:
        """A literal is not read from text."""
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @field_validator("monitor_lock_after")
    @classmethod
    def _whole_blocks_are_locked(cls, value: int | None) -> int | None:
        """Limits of other numbers of weeks would lie a week beside the periods that can be chosen, and tell it."""
        if value is not None and value not in _WEEKS_TO_LOCK:
            msg = (
                f"write a multiple of {_WEEKS_TO_LOCK.step} from {_WEEKS_TO_LOCK[0]} to {_WEEKS_TO_LOCK[-1]}, or leave "
                "it out for limits of all weeks"
            )
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


def problems(error: ValidationError) -> list[tuple[str, str]]:
    """What is wrong with settings: for each problem the field, and what to write there; no value is repeated.

    The field is empty where it is several together; then the words name them.
    """
    return [
        (
            "".join(map(str, problem["loc"][:1])),
            _IN_WORDS[problem["type"]].format_map(problem.get("ctx", {}))
            if problem["type"] in _IN_WORDS
            else problem["msg"].removeprefix("Value error, "),
        )
        for problem in error.errors(include_url=False, include_input=False)
    ]
