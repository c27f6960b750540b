"""The tables of the monitor's access, as they were in revision 0004."""

from typing import Final

from alembic import op
from sqlalchemy import Column, Date, DateTime, PrimaryKeyConstraint, String

ACCESS_TABLES: Final = ("access_session", "access_sign_in", "access_token", "access_event")
"""Their names."""


def create_tables() -> None:
    """Make them."""
    op.create_table(
        "access_session",
        _text("secret_hash", 64),
        _time("began_at"),
        _time("seen_at"),
        _text("subject", 255),
        _text("via", 16),
        _text("grants", 2000),
        _text("form_token", 64),
        _text("policy", 64),
        PrimaryKeyConstraint("secret_hash", name="pk_access_session"),
    )
    op.create_table(
        "access_sign_in",
        _text("state_hash", 64),
        _text("browser_hash", 64),
        _text("nonce", 64),
        _text("code_verifier", 128),
        _text("return_path", 2000),
        _time("began_at"),
        PrimaryKeyConstraint("state_hash", name="pk_access_sign_in"),
    )
    op.create_table(
        "access_token",
        _text("token_id", 36),
        _text("secret_hash", 64),
        _text("label", 64),
        _text("role", 32),
        _text("footprints", 500),
        _time("created_at"),
        _time("expires_at"),
        Column("revoked_at", DateTime(timezone=True)),
        PrimaryKeyConstraint("token_id", name="pk_access_token"),
    )
    op.create_table(
        "access_event",
        _text("event_id", 36),
        Column("occurred_on", Date, nullable=False),
        _time("occurred_at"),
        _text("what", 32),
        _text("subject", 255),
        _text("via", 16),
        _text("roles", 200),
        _text("footprints", 500),
        _text("page", 200),
        _text("filters", 500),
        _text("reason", 64),
        PrimaryKeyConstraint("event_id", name="pk_access_event"),
    )
    op.create_index("ix_access_event_occurred_on", "access_event", ["occurred_on"])


def _text(name: str, width: int) -> "Column[str]":
    return Column(name, String(width), nullable=False)


def _time(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False)
