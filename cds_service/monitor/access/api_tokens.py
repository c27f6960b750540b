"""API tokens, with which a program fetches exports at night: one role, some footprints, an end, and no page.

A token is 256 random bits, shown once. The database has its SHA-256, which suffices for what nobody can guess.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import uuid4

from sqlalchemy import Engine, Row, select, update

from cds_service.cardlog.access_schema import access_token
from cds_service.cardlog.databases import transaction
from cds_service.monitor.access.permissions import ROLES, Permission
from cds_service.monitor.access.sessions import key_of, utc_now
from cds_service.monitor.access.viewer import Grant, Viewer

PREFIX: Final = "cdsm_"
"""Begins each token, so that a search for secrets finds one that was put where it does not belong."""

LONGEST_LIFE: Final = timedelta(days=366)
"""A token ends within a year: somebody has to want it again."""

ROLES_OF_TOKENS: Final = tuple(name for name, role in ROLES.items() if Permission.EXPORT_FIGURES in role.permissions)
"""The roles that a token may have: those that export, since it can do nothing else."""

_LONGEST_SENT: Final = 200


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What is known of a token.

    Attributes:
        token_id: names it.
        label: what it is for.
        role: the name of its role.
        footprints: for which.
        created: when it was made.
        expires: when it ends.
        revoked: when it was revoked; None while it is not.
    """

    token_id: str
    label: str
    role: str
    footprints: tuple[str, ...]
    created: datetime
    expires: datetime
    revoked: datetime | None

    def state(self, now: datetime) -> Literal["valid", "expired", "revoked"]:
        """Whether it counts."""
        if self.revoked is not None:
            return "revoked"
        return "valid" if now < self.expires else "expired"


class RefusedTokenError(Exception):
    """A bearer token that does not count; the message holds nothing of it.

    Attributes:
        reason: `unknown`, `expired` or `revoked`.
        token_id: whose end this is; empty for an unknown one.
        footprints: of the token.
    """

    def __init__(self, reason: str, token_id: str = "", footprints: tuple[str, ...] = ()) -> None:
        super().__init__(f"the API token is {reason}")
        self.reason = reason
        self.token_id = token_id
        self.footprints = footprints


class ApiTokens:
    """The API tokens of a deployment, in the card log's database. Its methods block, and raise `CardLogStoreError`.

    Args:
        engine: to that database.
        clock: the time now, aware.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def make(self, label: str, role: str, footprints: tuple[str, ...], life: timedelta) -> tuple[ApiToken, str]:
        """A new token, and its secret, which is nowhere else.

        Args:
            label: what it is for.
            role: one of `ROLES_OF_TOKENS`.
            footprints: at least one.
            life: from now; at most `LONGEST_LIFE`.

        Raises:
            ValueError: a token cannot have these.
        """
        if role not in ROLES_OF_TOKENS:
            raise ValueError(f"role {role!r}: a token exports figures; give {' or '.join(ROLES_OF_TOKENS)}")
        if not footprints:
            raise ValueError("footprints: a token is bound to regions; give at least one")
        if not timedelta() < life <= LONGEST_LIFE:
            raise ValueError(f"life: give between one and {LONGEST_LIFE.days} days")
        now, secret = self._clock(), PREFIX + secrets.token_urlsafe(32)
        token = ApiToken(str(uuid4()), label, role, tuple(sorted({*footprints})), now, now + life, None)
        with transaction(self._engine) as connection:
            connection.execute(
                access_token.insert().values(
                    token_id=token.token_id,
                    secret_hash=key_of(secret),
                    label=label,
                    role=role,
                    footprints=",".join(token.footprints),
                    created_at=now,
                    expires_at=token.expires,
                )
            )
        return token, secret

    def all(self) -> list[tuple[ApiToken, str]]:
        """Every token with its state now, the latest first."""
        now = self._clock()
        with transaction(self._engine) as connection:
            rows = connection.execute(select(access_token).order_by(access_token.c.created_at.desc()))
            return [(token, token.state(now)) for token in map(_token, rows)]

    def revoke(self, token_id: str) -> bool:
        """End a token now; false when there is none of that id that was not revoked before."""
        with transaction(self._engine) as connection:
            ended = update(access_token).where(access_token.c.token_id == token_id, access_token.c.revoked_at.is_(None))
            return connection.execute(ended.values(revoked_at=self._clock())).rowcount == 1

    def viewer_of(self, authorization: str) -> Viewer:
        """Who sends an Authorization header.

        Raises:
            RefusedTokenError: it is no bearer token that counts.
        """
        _, _, secret = authorization.partition(" ")
        if not is_bearer(authorization) or not secret.startswith(PREFIX) or len(secret) > _LONGEST_SENT:
            raise RefusedTokenError("unknown")
        with transaction(self._engine) as connection:
            row = connection.execute(
                select(access_token).where(access_token.c.secret_hash == key_of(secret))
            ).one_or_none()
        if row is None:
            raise RefusedTokenError("unknown")
        token = _token(row)
        state = token.state(self._clock())
        if state != "valid":
            raise RefusedTokenError(state, token.token_id, token.footprints)
        role = ROLES.get(token.role)
        grants = (Grant(role, frozenset(token.footprints)),) if role is not None else ()
        return Viewer(token.token_id, "token", grants)


def is_bearer(authorization: str) -> bool:
    """Whether an Authorization header has a bearer token; what a proxy asked a browser for (Basic) is not ours."""
    return authorization.partition(" ")[0].lower() == "bearer"


def _token(row: Row[Any]) -> ApiToken:
    return ApiToken(
        row.token_id,
        row.label,
        row.role,
        tuple(row.footprints.split(",")),
        row.created_at,
        row.expires_at,
        row.revoked_at,
    )
