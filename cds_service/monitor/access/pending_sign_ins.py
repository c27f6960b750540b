"""Sign-ins under way: what the service must remember while a browser is at the provider."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, delete, select

from cds_service.cardlog.access_schema import access_sign_in
from cds_service.cardlog.databases import transaction
from cds_service.monitor.access.sessions import key_of, utc_now

PATIENCE: Final = timedelta(minutes=10)
"""How long somebody may take at the provider."""

MOST: Final = 5_000
"""How many are remembered: anybody can begin one, and nobody shall fill the database with them."""

_LONGEST_PATH: Final = 2000


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in under way.

    Attributes:
        state: goes to the provider and comes back (RFC 6749, section 10.12).
        browser_secret: stays in the browser's cookie, so that the answer counts in that browser alone.
        nonce: the ID token has to carry it.
        code_verifier: proves that the code was asked for here (RFC 7636).
        return_path: where to go afterwards.
    """

    state: str
    browser_secret: str
    nonce: str
    code_verifier: str
    return_path: str


class PendingSignIns:
    """Those of a deployment, in the card log's database. Its methods block, and raise `CardLogStoreError`.

    Args:
        engine: to that database.
        clock: the time now, aware.
        most: how many are remembered.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now, most: int = MOST) -> None:
        self._engine = engine
        self._clock = clock
        self._most = most

    def begin(self, return_path: str) -> PendingSignIn:
        """Remember a new one; forget those that took too long, and the oldest where there are too many."""
        path = return_path if len(return_path) <= _LONGEST_PATH else "/monitor"
        state, browser_secret, nonce = (secrets.token_urlsafe(32) for _ in range(3))
        pending = PendingSignIn(state, browser_secret, nonce, secrets.token_urlsafe(48), path)
        now = self._clock()
        with transaction(self._engine) as connection:
            connection.execute(delete(access_sign_in).where(access_sign_in.c.began_at <= now - PATIENCE))
            newest_first = select(access_sign_in.c.began_at).order_by(access_sign_in.c.began_at.desc())
            one_too_many = connection.execute(newest_first.offset(self._most - 1).limit(1)).scalar()
            if one_too_many is not None:
                connection.execute(delete(access_sign_in).where(access_sign_in.c.began_at <= one_too_many))
            connection.execute(
                access_sign_in.insert().values(
                    state_hash=key_of(pending.state),
                    browser_hash=key_of(pending.browser_secret),
                    nonce=pending.nonce,
                    code_verifier=pending.code_verifier,
                    return_path=path,
                    began_at=now,
                )
            )
        return pending

    def take(self, state: str, browser_secret: str) -> PendingSignIn | None:
        """The one of a state, in the browser that began it; it is used up. None when there is none."""
        mine = (
            access_sign_in.c.state_hash == key_of(state),
            access_sign_in.c.browser_hash == key_of(browser_secret),
        )
        with transaction(self._engine) as connection:
            row = connection.execute(select(access_sign_in).where(*mine)).one_or_none()
            if row is None or connection.execute(delete(access_sign_in).where(*mine)).rowcount != 1:
                return None
        if self._clock() - row.began_at >= PATIENCE:
            return None
        return PendingSignIn(state, browser_secret, row.nonce, row.code_verifier, row.return_path)
