import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from cds_service import app
from cds_service.app import create_app
from cds_service.directory import ConfigurationError
from cds_service.directory.errors import Problem
from cds_service.hooks.health import ConfigurationState
from cds_service.london_time import london_day
from cds_service.monitor.access.access_file import AccessFileError, NoClientSecretError
from cds_service.pathway.loading import PathwayFileError
from cds_service.security.clients import ANYONE, Client
from cds_service.security.clients_file import ClientsFileError
from cds_service.security.door import OpenDoor
from cds_service.settings import Settings
from cds_service.terminology import ValueSetError
from cds_service.wiring import folder_watch
from cds_service.wiring.edge import Edge, Edges, NoClientError
from cds_service.wiring.exchange import fhir_server
from cds_service.wiring.folder import Folder, read_folder
from cds_service.wiring.folder_watch import FolderWatch, Served, folder_signature, told_without_values
from fhir_fixtures import hook_call
from tests.conftest import NOW, InProcess

KNEE = hook_call("nwl-gp-knee-mri-pain--redirect.json")
EVENING = datetime(2026, 11, 29, 23, 59, tzinfo=UTC)


class Watched:
    """A watch over a folder whose readings are told, and whose application says which reading answers."""

    def __init__(self, folder: Path, every_seconds: float = 0) -> None:
        self.folder = folder
        self.now = EVENING
        self.readings = 0
        self.fault: Exception | None = None
        self.while_reading: Callable[[], None] = lambda: None
        self.clients: tuple[Client, ...] = ()
        self.entered: list[str] = []
        self.state = ConfigurationState(self.now)
        edge = self.edge("first")
        served = Served(folder_signature(folder), EVENING.date(), self.answering, (), edge)
        self.watch = FolderWatch(folder, served, self.build, self.state, lambda: self.now, every_seconds)

    async def answering(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application of the start."""
        await PlainTextResponse("first")(scope, receive, send)

    def edge(self, name: str) -> Edge:
        """An edge that tells when it opens and closes."""

        @asynccontextmanager
        async def running() -> AsyncIterator[None]:
            self.entered.append(f"{name} opens")
            yield
            self.entered.append(f"{name} closes")

        return Edge(OpenDoor(ANYONE), running=running)

    def build(self, before: Served, signature: bytes) -> Served:
        """Read the folder."""
        self.readings += 1
        day = london_day(self.now)
        self.while_reading()
        if self.fault is not None:
            raise self.fault
        edge = before.edge if before.clients == self.clients else self.edge(f"reading {self.readings}")
        return Served(signature, day, self.answering, self.clients, edge, ("a warning",))

    def write(self, text: str, name: str = "organisations.csv") -> None:
        """Change a file."""
        (self.folder / name).write_text(text, "utf-8")

    def look(self, times: int = 1) -> None:
        """Look at the folder, with callers let in meanwhile."""

        async def look_within_a_life() -> None:
            async with self.watch.running():
                for _ in range(times):
                    await self.watch.look()

        asyncio.run(look_within_a_life())


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    """A folder with one file."""
    (tmp_path / "organisations.csv").write_text("one", "utf-8")
    return Watched(tmp_path)


def test_a_folder_that_rests_is_not_read_again(watched: Watched) -> None:
    """Nor one whose files were only touched."""
    watched.look()
    watched.write("one")
    watched.look(2)
    assert (watched.readings, watched.state.in_force_since) == (0, EVENING)


def test_a_change_is_read_once_it_rests(watched: Watched) -> None:
    """At the second look that finds the same: the first may have come between two files."""
    watched.write("two")
    watched.look()
    assert watched.readings == 0
    watched.write("2", "destinations.csv")
    watched.look()
    assert watched.readings == 0
    watched.now += timedelta(seconds=5)
    watched.look()
    assert (watched.readings, watched.state.in_force_since) == (1, watched.now)
    watched.look(2)
    assert watched.readings == 1


def test_a_folder_that_changes_while_it_is_read_is_not_taken(watched: Watched) -> None:
    """Half of one state and half of another is neither; the next looks take it whole."""
    watched.write("two")
    watched.clients = (ANYONE,)
    watched.while_reading = lambda: watched.write("three")
    watched.look(2)
    assert (watched.readings, watched.state.in_force_since) == (1, EVENING)
    assert watched.entered[-3:] == ["reading 1 opens", "reading 1 closes", "first closes"]
    watched.while_reading = lambda: None
    watched.now += timedelta(seconds=5)
    watched.look(2)
    assert (watched.readings, watched.state.in_force_since) == (2, watched.now)


def test_a_wrong_folder_is_refused_once_and_the_former_stays(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """The state says since when and why; it is not read again until it changes."""
    watched.write("wrong")
    watched.fault = ClientsFileError("clients.yaml: line 3: secret-looking value")
    watched.look(5)
    assert watched.readings == 1
    assert watched.state == ConfigurationState(
        EVENING, EVENING, "clients.yaml; cds-service clients check says what is wrong"
    )
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "secret-looking" not in caplog.text


def test_a_mended_folder_comes_into_force(watched: Watched) -> None:
    """And the refusal is over; its time was that of the first refusal."""
    watched.fault = NoClientError()
    watched.write("wrong")
    watched.look(2)
    watched.now += timedelta(hours=1)
    watched.write("still wrong")
    watched.look(2)
    assert watched.state.refused_since == EVENING
    watched.fault = None
    watched.write("right")
    watched.look(2)
    assert watched.state == ConfigurationState(watched.now)


def test_a_wrong_change_that_is_taken_back_is_over(watched: Watched) -> None:
    """What is in force is what the folder holds again; it need not be read."""
    watched.fault = ValueSetError("value-sets")
    watched.write("wrong")
    watched.look(2)
    watched.write("one")
    watched.look()
    assert (watched.readings, watched.state.reason, watched.state.refused_since) == (1, None, None)


def test_a_defect_is_told_and_does_not_end_the_looking(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    """By class and place, without its message."""
    watched.fault = RuntimeError("somebody's name")
    watched.write("odd")
    watched.look(3)
    assert watched.state.reason == "a defect of the service; its log says where"
    assert "RuntimeError in build" in caplog.text
    assert "somebody" not in caplog.text
    watched.fault = None
    watched.write("two")
    watched.look(2)
    assert watched.state.reason is None


def test_a_defect_of_a_look_is_told_and_does_not_end_the_looking(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one task that looks goes on, whatever goes wrong in it, and says so once."""
    watched = Watched(tmp_path, every_seconds=0.001)
    looks: list[Path] = []
    fourth = Event()

    def fails_twice(folder: Path) -> bytes:
        looks.append(folder)
        if len(looks) <= 2:
            raise ValueError("somebody's name")
        if len(looks) == 4:
            fourth.set()
        return folder_signature(folder)

    async def until_the_fourth() -> None:
        async with watched.watch.running():
            assert await asyncio.to_thread(fourth.wait, 20)

    monkeypatch.setattr(folder_watch, "folder_signature", fails_twice)
    asyncio.run(until_the_fourth())
    assert watched.state.reason is None
    assert caplog.text.count("ValueError in fails_twice") == 1
    assert "a defect of the service; its log says where" in caplog.text
    assert "somebody" not in caplog.text


def test_a_folder_that_cannot_be_read_is_refused(watched: Watched) -> None:
    """A share that went away: what is in force stays, and is in force again when it returns."""
    away = watched.folder.with_name("away")
    watched.folder.rename(away)
    watched.look(2)
    assert watched.state.reason == "the folder cannot be read (No such file or directory)"
    away.rename(watched.folder)
    watched.look()
    assert (watched.readings, watched.state.reason) == (0, None)


def test_at_midnight_in_london_the_folder_is_read_again(watched: Watched) -> None:
    """Dates in it may have come; it happens once for each day."""
    watched.now += timedelta(minutes=2)
    watched.look(3)
    assert (watched.readings, watched.state.in_force_since) == (1, watched.now)


def test_midnight_is_londons(watched: Watched) -> None:
    """In the summer it comes an hour before that of universal time."""
    watched.now = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    watched.look()
    readings = watched.readings
    watched.now = datetime(2026, 7, 1, 23, 1, tzinfo=UTC)
    watched.look()
    assert watched.readings == readings + 1


def test_a_wrong_folder_is_tried_again_the_next_day(watched: Watched) -> None:
    """What was too early yesterday may be right today."""
    watched.fault = PathwayFileError("nwl.yaml")
    watched.write("wrong")
    watched.look(2)
    watched.now += timedelta(minutes=2)
    watched.look(3)
    assert watched.readings == 2


def test_what_was_refused_over_midnight_and_is_taken_back_is_read_for_the_new_day(watched: Watched) -> None:
    """What is in force is of yesterday, though its files are the same: until it is read again it does not stand."""
    watched.fault = PathwayFileError("nwl.yaml")
    watched.write("wrong")
    watched.look(2)
    watched.now += timedelta(minutes=2)
    watched.look(2)
    assert watched.readings == 2
    watched.fault = None
    watched.write("one")
    watched.look(3)
    assert (watched.readings, watched.state) == (3, ConfigurationState(watched.now))


def test_what_is_in_force_and_wrong_on_the_new_day_stays_refused(watched: Watched) -> None:
    """It is tried once for that day, and health goes on saying so."""
    watched.fault = PathwayFileError("nwl.yaml")
    watched.now += timedelta(minutes=2)
    watched.look(3)
    assert (watched.readings, watched.state.refused_since) == (1, watched.now)


def test_a_reading_that_midnight_overtakes_is_done_again(watched: Watched) -> None:
    """It is of the day on which it began."""

    def midnight_comes() -> None:
        watched.now = EVENING + timedelta(minutes=2)

    watched.while_reading = midnight_comes
    watched.write("two")
    watched.look(2)
    assert watched.readings == 1
    watched.look(2)
    assert watched.readings == 2


def test_the_edge_stays_while_no_client_changes(watched: Watched) -> None:
    """Keys and connections are not asked for again because a telephone number changed."""
    watched.write("two")
    watched.look(2)
    assert watched.entered == ["first opens", "first closes"]


def test_a_new_edge_opens_before_it_is_used_and_the_old_closes_after_a_while(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls that came in by the old one are answered by it."""
    monkeypatch.setattr(folder_watch, "FAREWELL_SECONDS", 0.01)
    watched.write("two")
    watched.clients = (ANYONE,)

    async def change() -> None:
        async with watched.watch.running():
            await watched.watch.look()
            await watched.watch.look()
            assert watched.entered == ["first opens", "reading 1 opens"]
            for _ in range(2_000):  # on a busy machine the farewell takes longer
                if watched.entered[-1] == "first closes":
                    break
                await asyncio.sleep(0.01)

    asyncio.run(change())
    assert watched.entered == ["first opens", "reading 1 opens", "first closes", "reading 1 closes"]


def test_an_old_edge_closes_with_the_process_at_the_latest(watched: Watched) -> None:
    """Nobody waits a minute for it."""
    watched.write("two")
    watched.clients = (ANYONE,)
    watched.look(2)
    assert sorted(watched.entered) == ["first closes", "first opens", "reading 1 closes", "reading 1 opens"]


def test_a_signature_is_of_names_and_contents_of_files_that_can_be_seen(tmp_path: Path) -> None:
    """A file in a folder counts, a half-written one beside it and a ConfigMap's inner folders do not."""
    (tmp_path / "pathways").mkdir()
    (tmp_path / "pathways" / "nwl.yaml").write_text("a", "utf-8")
    before = folder_signature(tmp_path)
    (tmp_path / "..2026_11_29").mkdir()
    (tmp_path / "..2026_11_29" / "clients.yaml").write_text("x", "utf-8")
    (tmp_path / ".clients.yaml.swp").write_text("x", "utf-8")
    (tmp_path / "pathways" / ".nwl.yaml.swp").write_text("x", "utf-8")
    assert folder_signature(tmp_path) == before
    (tmp_path / "pathways" / "nwl.yaml").write_text("b", "utf-8")
    changed = folder_signature(tmp_path)
    (tmp_path / "pathways" / "nwl.yaml").rename(tmp_path / "pathways" / "nel.yaml")
    assert len({before, changed, folder_signature(tmp_path)}) == 3


def test_a_name_that_is_not_utf_8_is_signed_like_any(tmp_path: Path) -> None:
    """Such as one that came out of an old archive."""
    before = folder_signature(tmp_path)
    Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9.csv")).write_text("x", "utf-8")
    assert folder_signature(tmp_path) != before


def test_a_config_map_that_turns_to_another_is_a_change(tmp_path: Path) -> None:
    """Kubernetes swaps one link; the files below have the same names and times."""
    for name, text in (("..one", "1"), ("..two", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "clients.yaml").write_text(text, "utf-8")
    (tmp_path / "..data").symlink_to("..one")
    (tmp_path / "clients.yaml").symlink_to("..data/clients.yaml")
    before = folder_signature(tmp_path)
    (tmp_path / "..next").symlink_to("..two")
    (tmp_path / "..next").replace(tmp_path / "..data")
    assert folder_signature(tmp_path) != before


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            ConfigurationError(
                Path("x"), [Problem("fcp-register.csv", "is not a code", "Write it", 3, "identifier_value", "9991")] * 2
            ),
            "fcp-register.csv, line 3, column identifier_value (and 1 more); cds-service directory check",
        ),
        (
            ConfigurationError(Path("x"), [Problem("organisations.csv", "is missing", "Write it")]),
            "organisations.csv; ",
        ),
        (PathwayFileError("nwl.yaml: owner: 'Somebody'"), "a file in pathways, suspensions.yaml or sign-offs.yaml; "),
        (NoClientError(), "clients.yaml names nobody who could be let in"),
        (AccessFileError("monitor-access.yaml:3: 'Somebody'"), "monitor-access.yaml; cds-service access check"),
        (NoClientSecretError(), "monitor-access.yaml names a provider, and the service was started without"),
    ],
)
def test_a_refusal_names_places_and_no_value(error: Exception, told: str) -> None:
    """Health is open to everyone; what stands in a file is not."""
    said = told_without_values(error)
    assert said.startswith(told)
    assert "9991" not in said
    assert "Somebody" not in said


@pytest.fixture
def service(folder: Path, tmp_path: Path) -> Iterator[InProcess]:
    """A service that looks at its folder all the time."""
    database = tmp_path / "log.sqlite3"
    settings = Settings(config=folder, auth="off", demo=True, database_url=f"sqlite:///{database}", reload_seconds=0.02)
    with InProcess(create_app(settings, clock=lambda: NOW), database) as running:
        yield running


def until(service: InProcess, holds: Callable[[], bool]) -> None:
    """Let the service go on until something holds."""
    for _ in range(400):
        if holds():
            return
        service._runner.run(asyncio.sleep(0.025))
    pytest.fail("it never held")


def configuration(service: InProcess) -> dict[str, Any]:
    """What health says of the folder."""
    stated: dict[str, Any] = service.send("GET", "/health/ready").json()["configuration"]
    return stated


def rewrite(path: Path, old: str, new: str) -> None:
    """Change a word of a file, in one step as a careful editor does."""
    text = path.read_text("utf-8")
    assert old in text
    temporary = path.with_name(f".{path.name}")
    temporary.write_text(text.replace(old, new), "utf-8")
    temporary.replace(path)


def test_a_changed_destination_is_on_the_next_card(service: InProcess, folder: Path) -> None:
    """Without a restart."""
    assert "Brent Demo Community MSK Service" in str(service.cards(KNEE))
    rewrite(folder / "destinations.csv", "Brent Demo Community MSK Service", "Wembley Demo MSK Hub")
    until(service, lambda: "Wembley Demo MSK Hub" in str(service.cards(KNEE)))


def test_a_wrong_folder_leaves_the_service_as_it_is_and_health_says_so(service: InProcess, folder: Path) -> None:
    """Ready all the same: cards are right, by the folder that was sound; when it is mended it comes into force."""
    rewrite(folder / "organisations.csv", "general-practice", "GP")
    until(service, lambda: "reason" in configuration(service))
    assert configuration(service)["reason"] == (
        "organisations.csv, line 2, column setting (and 6 more); cds-service directory check says what is wrong"
    )
    assert configuration(service)["refusedSince"] == "2026-11-21T09:30:00+00:00"
    assert service.send("GET", "/health/ready").json()["status"] == "ready"
    assert "cds_configuration_refused_since_seconds 1.79525" in service.send("GET", "/metrics").text
    assert len(service.cards(KNEE)) == 1
    rewrite(folder / "organisations.csv", ",GP,", ",general-practice,")
    until(service, lambda: "reason" not in configuration(service))
    assert "cds_configuration_refused_since_seconds 0.0" in service.send("GET", "/metrics").text


def test_a_start_that_midnight_overtakes_is_followed_by_a_reading(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What started is of the day on which its reading began."""
    days: list[date] = []
    now = EVENING

    def overtaken(settings: Settings, today: date) -> Folder:
        nonlocal now
        days.append(today)
        now = EVENING + timedelta(minutes=2)
        return read_folder(settings, today)

    monkeypatch.setattr(app, "read_folder", overtaken)
    database = tmp_path / "log.sqlite3"
    settings = Settings(config=folder, auth="off", database_url=f"sqlite:///{database}", reload_seconds=0.02)
    with InProcess(create_app(settings, clock=lambda: now), database) as service:
        until(service, lambda: days == [date(2026, 11, 29), date(2026, 11, 30)])


def test_a_reading_that_fails_reserves_no_edge(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody enters is never left: its clients' connections would stay reserved for good."""
    made: list[Edge] = []
    faults = iter([False, True])

    class Counted(Edges):
        def edge_for(self, clients: tuple[Client, ...]) -> Edge:
            made.append(super().edge_for(clients))
            return made[-1]

    def failing_once(*parts: Any, **options: Any) -> Starlette:  # noqa: ANN401 - handed on as they came
        if next(faults, False):
            raise RuntimeError
        return fhir_server(*parts, **options)

    monkeypatch.setattr(app, "Edges", Counted)
    monkeypatch.setattr(app, "fhir_server", failing_once)
    clients = folder / "clients.yaml"
    entry = "clients:\n- {id: ehr, issuer: 'https://ehr.example', jwks_url: 'https://ehr.example/jwks'}\n"
    url = f"sqlite:///{tmp_path / 'log.sqlite3'}"
    settings = Settings(config=folder, auth="off", database_url=url, reload_seconds=0.02)
    with InProcess(create_app(settings, clock=lambda: NOW), tmp_path / "log.sqlite3") as service:
        clients.write_text(entry, "utf-8")
        until(service, lambda: "reason" in configuration(service))
        assert configuration(service)["reason"] == "a defect of the service; its log says where"
        assert len(made) == 1
        clients.write_text(entry.replace("id: ehr", "id: other"), "utf-8")
        until(service, lambda: "reason" not in configuration(service))
        assert len(made) == 2


def test_a_suspension_that_vanishes_is_told(service: InProcess, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The region speaks again, and the log says so: a file may go that nobody meant to take away."""
    suspension = "nwl: {by: A Name, reason: wrong link, since: 2026-11-21}\n"
    (folder / "suspensions.yaml").write_text(suspension, "utf-8")
    until(service, lambda: not service.cards(KNEE))
    assert "speaks again" not in caplog.text
    (folder / "suspensions.yaml").unlink()
    until(service, lambda: bool(service.cards(KNEE)))
    assert "pathway nwl: speaks again; it was silent by the folder that was in force" in caplog.messages


def test_no_call_sees_two_folders_and_none_fails(service: InProcess, folder: Path) -> None:
    """While two states of the folder alternate under traffic, each answer is wholly of one of them."""
    path = folder / "destinations.csv"
    first = path.read_text("utf-8")
    old = "Brent Demo Community MSK Service,Z99020"
    assert old in first
    before, after = (False, "Z99020"), (True, "Z99W01")
    seen = []

    def last_seen() -> tuple[bool, str]:
        (card,) = service.cards(KNEE)
        referral = card["suggestions"][0]["actions"][0]["resource"]["performer"][0]
        seen.append(("Wembley Hub" in str(card["detail"]), referral["identifier"]["value"]))
        return seen[-1]

    for number in range(6):
        text, expected = (first, before) if number % 2 else (first.replace(old, "Wembley Hub,Z99W01"), after)
        rewrite(path, path.read_text("utf-8"), text)
        until(service, lambda expected=expected: last_seen() == expected)
    assert set(seen) == {before, after}


def test_a_service_that_does_not_look_stays_as_it_started(folder: Path, tmp_path: Path) -> None:
    """With 0 seconds a change counts after the next start."""
    database = tmp_path / "log.sqlite3"
    settings = Settings(config=folder, auth="off", database_url=f"sqlite:///{database}", reload_seconds=0)
    with InProcess(create_app(settings, clock=lambda: NOW), database) as service:
        assert looking(service) == 0
        rewrite(folder / "destinations.csv", "Brent Demo Community MSK Service", "Wembley Demo MSK Hub")
        service._runner.run(asyncio.sleep(0.2))
        assert "Wembley" not in str(service.cards(KNEE))


def test_one_task_looks_at_the_folder(service: InProcess) -> None:
    """So that its absence above says something."""
    assert looking(service) == 1


def looking(service: InProcess) -> int:
    """How many tasks of a service look at its folder."""
    tasks = asyncio.all_tasks(service._runner.get_loop())
    return sum(task.get_coro().__qualname__ == "FolderWatch._watch" for task in tasks)
