"""Who is signed in: sessions that the service keeps, and a secret that the browser keeps for each."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Literal, cast

import orjson
from sqlalchemy import Engine, Row, delete, or_, select, update

from cds_service.cardlog.access_schema import access_session
from cds_service.cardlog.databases import transaction
from cds_service.monitor.access.permissions import ROLES
from cds_service.monitor.access.viewer import Grant, Viewer

_WORTH_WRITING: Final = timedelta(minutes=1)
"""A session that was used so recently is not written to again: a page is a read, as a rule."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lives.

    Attributes:
        idle: from the last request.
        absolute: from signing in, whatever is done.
    """

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in that still holds.

    Attributes:
        key: by which it is kept: the SHA-256 of the browser's secret, so that the store lets nobody in.
        viewer: who signed in.
        form_token: what each form has to send back, since another site's form cannot know it.
        began: when.
        seen: when it was last used, to the minute.
    """

    key: str
    viewer: Viewer
    form_token: str
    began: datetime
    seen: datetime


def utc_now() -> datetime:
    """The time now."""
    return datetime.now(UTC)


class Sessions:
    """The sessions of a deployment, kept in the card log's database so that all workers agree. Its methods block.

    Args:
        engine: to that database.
        policy: names the rules that decide who may see what. A session that began under others has ended: a role that
            was taken away is gone with the change, and nobody takes a session of the demo into a deployment.
        limits: how long one lives.
        clock: the time now, aware.
    """

    def __init__(
        self,
        engine: Engine,
        policy: str,
        limits: SessionLimits | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._engine = engine
        self._policy = policy
        self._limits = limits or SessionLimits()
        self._clock = clock

    def start(self, viewer: Viewer) -> str:
        """Begin a session; its secret, for the browser alone.

        Raises:
            CardLogStoreError: the database failed.
        """
        secret, now = secrets.token_urlsafe(32), self._clock()
        row = {
            "secret_hash": key_of(secret),
            "began_at": now,
            "seen_at": now,
            "subject": viewer.subject,
            "via": viewer.via,
            "grants": written_grants(viewer.grants),
            "form_token": secrets.token_urlsafe(32),
            "policy": self._policy,
        }
        with transaction(self._engine) as connection:
            connection.execute(
                delete(access_session).where(
                    or_(
                        access_session.c.began_at <= now - self._limits.absolute,
                        access_session.c.seen_at <= now - self._limits.idle - _WORTH_WRITING,
                    )
                )
            )
            connection.execute(access_session.insert().values(row))
        return secret

    def resume(self, secret: str) -> Session | None:
        """The session of a secret, which was used just now; None when there is none or its time is over.

        Raises:
            CardLogStoreError: the database failed.
        """
        with transaction(self._engine) as connection:
            row = connection.execute(
                select(access_session).where(access_session.c.secret_hash == key_of(secret))
            ).one_or_none()
        if row is None or row.policy != self._policy:
            return None
        session, now = _session(row), self._clock()
        if now - session.seen >= self._limits.idle or now - session.began >= self._limits.absolute:
            self.end(session.key)
            return None
        if now - session.seen >= _WORTH_WRITING:
            with transaction(self._engine) as connection:
                connection.execute(
                    update(access_session).where(access_session.c.secret_hash == session.key).values(seen_at=now)
                )
        return session

    def end(self, key: str) -> bool:
        """End a session; whether there was one.

        Raises:
            CardLogStoreError: the database failed.
        """
        with transaction(self._engine) as connection:
            return connection.execute(delete(access_session).where(access_session.c.secret_hash == key)).rowcount == 1

    def all(self) -> list[Session]:
        """The sessions that still hold, the latest first.

        Raises:
            CardLogStoreError: the database failed.
        """
        now = self._clock()
        held = (
            select(access_session)
            .where(
                access_session.c.policy == self._policy,
                access_session.c.began_at > now - self._limits.absolute,
                access_session.c.seen_at > now - self._limits.idle,
            )
            .order_by(access_session.c.began_at.desc())
        )
        with transaction(self._engine) as connection:
            return [_session(row) for row in connection.execute(held)]


def key_of(secret: str) -> str:
    """What is kept of a secret. It has 256 random bits: nobody finds it by trying, so a plain hash is enough."""
    return sha256(secret.encode()).hexdigest()


def written_grants(grants: tuple[Grant, ...]) -> str:
    """Grants as a session's row has them."""
    return orjson.dumps([[grant.role.name, sorted(grant.footprints)] for grant in grants]).decode()


def _session(row: Row[Any]) -> Session:
    grants = tuple(
        Grant(ROLES[role], frozenset(footprints)) for role, footprints in orjson.loads(row.grants) if role in ROLES
    )
    viewer = Viewer(row.subject, cast("Literal['openid', 'demo']", row.via), grants)
    return Session(row.secret_hash, viewer, row.form_token, row.began_at, row.seen_at)
