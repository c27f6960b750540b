"""PostgreSQL connections that never keep a thread waiting for long, for the store of seen tokens.

Four limits, because a database falls silent in more than one way: the time to connect, the server's own limit on a
statement, the network's on what it does not acknowledge, and ours, for a server or pooler that is there and says
nothing.
"""

import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final, TypeVar

import psycopg
from psycopg.waiting import Ready, Wait
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

if TYPE_CHECKING:
    from psycopg.abc import PQGen

_Answer = TypeVar("_Answer")

_LIMITS: Final = {
    "connect_timeout": 2,  # seconds; libpq takes no less
    "keepalives_idle": 5,  # seconds
    "keepalives_interval": 2,  # seconds
    "keepalives_count": 2,
    "tcp_user_timeout": 2_000,  # milliseconds
}
_STATEMENT_TIMEOUT_MS: Final = 1_000
_LONGEST_SILENCE_S: Final = 2.0
_LOOK_EVERY_S: Final = 0.1
_POOL_TIMEOUT_S: Final = 2.0


class _BoundedConnection(psycopg.Connection[Any]):
    """A connection that breaks itself off when the server has not finished an answer in two seconds."""

    def wait(self, gen: "PQGen[_Answer]", interval: float = _LOOK_EVERY_S, timeout: float | None = None) -> _Answer:  # noqa: ARG002 - psycopg's own, of later versions
        """Wait for an answer as psycopg does, but not for ever."""
        try:
            return super().wait(_bounded(gen), interval)
        except _Silent:
            self.close()
            raise psycopg.OperationalError("the server gave no answer in time") from None


class _Silent(Exception):  # noqa: N818 - never leaves this module
    """The server said nothing for too long."""


def _bounded(answer: "PQGen[_Answer]") -> Generator[Wait, Ready | int, _Answer]:
    """Hand an answer's generator on; psycopg sends `Ready.NONE` each time that it looked in vain."""
    give_up_at = time.monotonic() + _LONGEST_SILENCE_S
    try:
        wanted = next(answer)
        while True:
            ready = yield wanted
            if ready == Ready.NONE and time.monotonic() > give_up_at:
                raise _Silent
            wanted = answer.send(ready)
    except StopIteration as finished:
        result: _Answer = finished.value
        return result


def bounded_engine(url: URL) -> Engine:
    """An engine over few connections, each statement a transaction of its own, every wait bounded.

    Args:
        url: of the `postgresql+psycopg` dialect; limits of libpq that its query part states win over ours.
    """
    engine = create_engine(
        url,
        hide_parameters=True,
        isolation_level="AUTOCOMMIT",
        pool_size=1,
        max_overflow=2,
        pool_timeout=_POOL_TIMEOUT_S,
        connect_args={name: limit for name, limit in _LIMITS.items() if name not in url.query},
    )

    @event.listens_for(engine, "do_connect")
    def _connect(
        _dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]
    ) -> psycopg.Connection[Any]:
        return _BoundedConnection.connect(*arguments, **options)

    @event.listens_for(engine, "connect")
    def _limit_statements(connection: psycopg.Connection[Any], _record: object) -> None:
        # Not as an option of the connection: poolers such as PgBouncer refuse those.
        connection.execute(f"SET statement_timeout = {_STATEMENT_TIMEOUT_MS}")

    return engine
