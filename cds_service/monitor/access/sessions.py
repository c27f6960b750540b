"""Who is signed in: sessions that the service keeps, and a secret that the browser keeps for each."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cds_service.monitor.access.viewer import Viewer


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
        seen: when it was last used.
    """

    key: str
    viewer: Viewer
    form_token: str
    began: datetime
    seen: datetime


def _now() -> datetime:
    return datetime.now(UTC)


class Sessions:
    """The sessions of this process.

    Args:
        limits: how long one lives.
        clock: the time now, aware.
    """

    def __init__(self, limits: SessionLimits | None = None, clock: Callable[[], datetime] = _now) -> None:
        self._limits = limits or SessionLimits()
        self._clock = clock
        self._by_key: dict[str, Session] = {}

    def start(self, viewer: Viewer) -> str:
        """Begin a session; its secret, for the browser alone."""
        secret = secrets.token_urlsafe(32)
        now = self._clock()
        session = Session(_key_of(secret), viewer, secrets.token_urlsafe(32), now, now)
        self._by_key[session.key] = session
        return secret

    def resume(self, secret: str) -> Session | None:
        """The session of a secret, which was used just now; None when there is none or its time is over."""
        session = self._by_key.get(_key_of(secret))
        now = self._clock()
        if session is None:
            return None
        if now - session.seen >= self._limits.idle or now - session.began >= self._limits.absolute:
            self._by_key.pop(session.key, None)
            return None
        session = replace(session, seen=now)
        self._by_key[session.key] = session
        return session

    def end(self, secret: str) -> None:
        """End a session, if there is one."""
        self._by_key.pop(_key_of(secret), None)


def _key_of(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
