"""The proof that nobody can be found: a service called with marked data, and all that it left searched for the marks.

    python tests/load/identity.py [--calls 10000] [--database sqlite|postgresql] [--connections 16] [--debug]

Every call is about a person of its own. For the middle third of the calls the database is away, so that they go through
the spool, which is searched while they are in it. Ends with 0 when nothing was found, 1 when something was, and 2 when
the search is blind to something or the load could not be played. `docs/reliability.md` says what is promised.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import orjson
from identity_calls import Ehr
from identity_markers import Markers
from identity_places import CommandError, Place, blind_spots, exports_of, files_in, rows_of, work_out_figures
from loss_callers import READY_PATH, Connection, ask
from loss_databases import Database, PostgresqlServer, SqliteFile
from loss_services import METRICS_TOKEN, Service
from servers import VoidRunError
from sqlalchemy import create_engine, text

_LONGEST = 1800.0
"""Seconds after which a run is given up as stuck."""

_FEEDBACK_EVERY = 10
_TALKATIVE = (str(Path(__file__).with_name("identity_talkative.py")),)
_MOST_SHOWN = 20
_KINDS = {"service": "output, spool, secrets", "exports": "exports"}
_TELL_ALL = (
    "ALTER SYSTEM SET log_statement = 'all'",
    "ALTER SYSTEM SET log_min_duration_statement = 0",
    "SELECT pg_reload_conf()",
)


class Finding(NamedTuple):
    """A marked value in something that the service left."""

    kind: str
    name: str
    excerpt: str


@dataclass(slots=True)
class Verdict:
    """What was sent, searched and found.

    Attributes:
        statuses: answers by status.
        unexpected: what no request of ours should be answered, and how often it was.
        feedback: posts of feedback that were stored.
        spooled: records that waited in the spool when it was searched.
        sent: marked values to be searched for that hold no mark.
        searched: bytes searched, by kind of place.
        rows: rows of evaluations in the log.
        findings: what was found.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    feedback: int = 0
    spooled: int = 0
    sent: int = 0
    searched: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether all was answered as it should be, the spool was in use, and nobody was found."""
        return not self.findings and not self.unexpected and self.spooled > 0 and self.rows > 0

    def search(self, markers: Markers, places: Iterable[Place]) -> None:
        """Look for everything that was sent so far."""
        for kind, name, content in places:
            self.searched[kind] += len(content)
            self.findings += [Finding(kind, name, excerpt) for excerpt in markers.found_in(content)]


@dataclass
class Run:
    """A run under way."""

    folder: Path
    database: Database
    service: Service
    connections: int
    verdict: Verdict = field(default_factory=Verdict)
    markers: Markers = field(default_factory=Markers)

    def __post_init__(self) -> None:
        """Begin with the first call; what is older than the service's folder is not the service's doing."""
        self._ehr = Ehr(self.markers)
        self._next = 0
        self._began = self.service.folder.stat().st_mtime

    async def calls(self, wanted: int) -> None:
        """Send so many calls, several at once, with feedback for every tenth answer that has cards."""
        last = self._next + wanted
        async with asyncio.TaskGroup() as group:
            for _ in range(self.connections):
                group.create_task(self._call_until(last))

    async def _call_until(self, last: int) -> None:
        connection = Connection(self.service.port)
        while self._next < last:
            number = self._next
            self._next += 1
            request = self._ehr.call(number)
            answer = await connection.send([request.content])
            self._note(number, answer.status, request.expected)
            cards = orjson.loads(answer.body).get("cards") if answer.status == 200 else None
            if cards and number % _FEEDBACK_EVERY == 1:
                said = self._ehr.feedback(number, cards[0])
                answer = await connection.send([said.content])
                self._note(number, answer.status, said.expected)
                self.verdict.feedback += 1
        connection.close()

    def _note(self, number: int, status: int, expected: frozenset[int]) -> None:
        self.verdict.statuses[status] += 1
        if status not in expected:
            self.verdict.unexpected[f"{status} for call {number % 50} of 50"] += 1

    async def search_what_it_says(self) -> None:
        """Search its health and metrics as they are now."""
        for path in (READY_PATH, "/metrics"):
            answer = await ask(self.service.port, path, {"Authorization": f"Bearer {METRICS_TOKEN}"})
            self.verdict.search(self.markers, [Place("health and metrics", path, answer.body)])

    async def search_spool(self) -> None:
        """Search the spool while records wait in it."""
        self.verdict.spooled = (await self.service.health()).spooled
        self.verdict.search(self.markers, files_in(self.service.spool, "spool"))

    def search_files(self) -> None:
        """Search what was written: by the database (its server's log too), output, spool, secrets, exports."""
        for path in sorted(self.folder.iterdir()):
            kind = _KINDS.get(path.name, "database files")
            places = files_in(path, kind, since=self._began) if path.is_dir() else [_file(path)]
            self.verdict.search(self.markers, places)

    def search_what_is_kept(self) -> None:
        """Work out the figures, and search tables and exports."""
        url = self.database.url
        work_out_figures(url)
        rows = rows_of(url)
        self.verdict.rows = next(place.content.count(b"\n") + 1 for place in rows if place.name == "evaluation")
        exports = self.folder / "exports"
        exports.mkdir()
        self.verdict.search(self.markers, [*rows, *exports_of(url, self.service.spool, exports)])


def _file(path: Path) -> Place:
    return Place("database files", path.name, path.read_bytes())


async def played(run: Run, calls: int) -> Verdict:
    """Call, take the database away for the middle third, and search at each turn.

    Raises:
        VoidRunError: the service did not start, deliver or end.
        CommandError: a command of the log failed.
        OSError: the service broke a connection.
    """
    third = calls // 3
    try:
        await run.service.start()
        await run.calls(third)
        run.database.take_away()
        try:
            await run.calls(third)
            await run.search_spool()
            await run.search_what_it_says()
        finally:
            run.database.give_back()
        await run.service.delivered()
        await run.calls(calls - 2 * third)
        await run.service.delivered()
        await run.search_what_it_says()
        run.search_files()  # while the service runs: a write-ahead log is gone once it has ended
        await run.service.terminate()
    finally:
        await run.service.kill()
    run.search_what_is_kept()
    run.search_files()
    markers = run.markers
    run.verdict.sent = len(markers.nhs_numbers) + len(markers.birth_dates) + len(markers.uuids)
    return run.verdict


@contextmanager
def prepared(kind: str, connections: int, *, debug: bool) -> Iterator[Run]:
    """A run that can be played, in a folder that is gone afterwards.

    Args:
        kind: `sqlite` or `postgresql`.
        connections: how many calls are under way at once.
        debug: whether every logger is at DEBUG.
    """
    with tempfile.TemporaryDirectory(prefix="identity-") as name:
        folder = Path(name)
        with _database(kind, folder) as database:
            (folder / "service").mkdir()
            service = Service(folder / "service", database.url)
            if debug:
                service.program = _TALKATIVE
            yield Run(folder, database, service, connections)


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[Database]:
    if kind == "sqlite":
        yield SqliteFile(folder / "card-log.sqlite3")
        return
    server = PostgresqlServer(folder)  # of this run's own: its files and its log are searched as well
    try:
        database = server.new_database()
        engine = create_engine(database.url.replace("postgresql://", "postgresql+psycopg://", 1))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in _TELL_ALL:
                connection.execute(text(statement))
        engine.dispose()
        yield database
    finally:
        server.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the load and print what was searched and found; see the module for the exit codes."""
    parser = argparse.ArgumentParser(description="Call a service with marked data; search all that it leaves.")
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--connections", type=int, default=16, help="calls under way at once")
    parser.add_argument("--debug", action="store_true", help="every logger at DEBUG")
    options = parser.parse_args(arguments)
    if options.calls < 150 or options.connections < 1:
        parser.error("--calls starts at 150, --connections at 1")
    with tempfile.TemporaryDirectory(prefix="identity-") as name:
        if blind := blind_spots(Path(name)):
            _say(f"the search does not find {', '.join(blind)}")
            return 2
    began = time.monotonic()
    with prepared(options.database, options.connections, debug=options.debug) as run:

        async def bounded() -> Verdict:
            async with asyncio.timeout(_LONGEST):
                return await played(run, options.calls)

        try:
            verdict = asyncio.run(bounded())
        except (VoidRunError, CommandError, TimeoutError, OSError) as error:
            _say(f"NOT PLAYED: {str(error) or 'stuck'}")
            return 2
    _report(verdict)
    _say(f"{time.monotonic() - began:.0f} s")
    return 0 if verdict.holds else 1


def _report(verdict: Verdict) -> None:
    for label, counted in (("answers", verdict.statuses), ("UNEXPECTED", verdict.unexpected)):
        if counted:
            _say(f"{label}: " + ", ".join(f"{count:,} x {what}" for what, count in sorted(counted.items())))
    _say(
        f"feedback posts: {verdict.feedback:,}; evaluations logged: {verdict.rows:,}; in the spool: {verdict.spooled:,}"
    )
    _say(f"values without the mark: {verdict.sent:,}")
    for kind, size in sorted(verdict.searched.items()):
        found = [finding for finding in verdict.findings if finding.kind == kind]
        _say(f"| {kind} | {size / 1e6:,.1f} MB | {len(found):,} found |")
        for finding in found[:_MOST_SHOWN]:
            _say(f"  {finding.name}: {finding.excerpt!r}")
    _say("nobody was found" if verdict.holds else "FOUND, OR NOT ANSWERED AS IT SHOULD BE: see above")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - its report is what it prints


if __name__ == "__main__":
    sys.exit(main())
