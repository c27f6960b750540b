"""The one database URL of a deployment, read the same way by the card log and by the memory of used tokens.

It may carry a password, and so no part of it but the scheme reaches a message.
"""

from typing import Final

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

_HELP: Final = "give sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
_POSTGRESQL_SCHEMES: Final = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
_SQLITE_SCHEMES: Final = frozenset({"sqlite", "sqlite+pysqlite"})


def readable_url(database_url: str) -> URL:
    """A database URL as SQLAlchemy takes it.

    Args:
        database_url: `sqlite:///FILE`, or a PostgreSQL URL, whose scheme may be `postgresql`, `postgres` or
            `postgresql+psycopg`.

    Raises:
        ValueError: the URL cannot be read, or names no database that the service speaks and its processes can share.
    """
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        raise ValueError(f"database URL: cannot be read; {_HELP}") from None
    if url.drivername in _POSTGRESQL_SCHEMES:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in _SQLITE_SCHEMES:
        raise ValueError(f"database URL: the service does not speak {url.drivername!r}; {_HELP}")
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise ValueError("database URL: the service needs a file on disk; give sqlite:///FILE")
    return url
