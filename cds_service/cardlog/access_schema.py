"""The tables of the monitor's access: who is signed in, whose API tokens count, and who looked at what.

They stand in the card log's database because every worker and replica has to agree on them. No export has them, and
nothing in them is joined with an event. Of a secret there is its SHA-256 alone.
"""

from typing import Final

from sqlalchemy import Column, Date, Index, String, Table

from cds_service.cardlog.schema import UtcDateTime, metadata

access_session: Final = Table(
    "access_session",
    metadata,
    Column("secret_hash", String(64), primary_key=True),
    Column("began_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("subject", String(255), nullable=False),
    Column("via", String(16), nullable=False),
    Column("grants", String(2000), nullable=False),
    Column("form_token", String(64), nullable=False),
    Column("policy", String(64), nullable=False),
)
"""One row for each sign-in that has not ended."""

access_sign_in: Final = Table(
    "access_sign_in",
    metadata,
    Column("state_hash", String(64), primary_key=True),
    Column("browser_hash", String(64), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("code_verifier", String(128), nullable=False),
    Column("return_path", String(2000), nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
)
"""One row for each sign-in for which somebody has been sent to the provider and is not back yet."""

access_token: Final = Table(
    "access_token",
    metadata,
    Column("token_id", String(36), primary_key=True),
    Column("secret_hash", String(64), nullable=False),
    Column("label", String(64), nullable=False),
    Column("role", String(32), nullable=False),
    Column("footprints", String(500), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)
"""One row for each API token that was ever made."""

access_event: Final = Table(
    "access_event",
    metadata,
    Column("event_id", String(36), primary_key=True),
    Column("occurred_on", Date, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("what", String(32), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("via", String(16), nullable=False),
    Column("roles", String(200), nullable=False),
    Column("footprints", String(500), nullable=False),
    Column("page", String(200), nullable=False),
    Column("filters", String(500), nullable=False),
    Column("reason", String(64), nullable=False),
    Index(None, "occurred_on"),
)
"""The access log: one row for each sign-in, refusal, export and look at red-flag cards."""

ACCESS_TABLES: Final = (access_session, access_sign_in, access_token, access_event)
