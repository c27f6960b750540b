"""Wiring: what stops the start, what is mounted, and that everything handed over is stored at the end."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cds_service.app import create_app
from cds_service.directory import ConfigurationError
from cds_service.pathway.loading import PathwayFileError
from cds_service.security.clients import ANYONE
from cds_service.security.clients_file import ClientsFileError
from cds_service.security.door import OpenDoor
from cds_service.settings import Settings
from cds_service.wiring.edge import Edge, Edges, NoClientError
from cds_service.wiring.log import DatabaseSettingError
from fhir_fixtures import hook_call
from tests.conftest import BASE_URL, NOW, InProcess, StartService
from tests.docs.conftest import ROOT

EXAMPLE = ROOT / "examples" / "deployment"
"""Which names a client who could be let in."""

KNEE = "nwl-gp-knee-mri-pain--redirect.json"

StatedSettings = Callable[..., Settings]


@pytest.fixture
def stated(folder: Path, tmp_path: Path) -> StatedSettings:
    """Settings for that folder, with authentication off unless said otherwise."""

    def settings(**changes: Any) -> Settings:  # noqa: ANN401 - any setting
        database = f"sqlite:///{tmp_path}/log/card-log.sqlite3"
        return Settings(**{"config": folder, "auth": "off", "database_url": database, **changes})

    return settings


def test_a_good_folder_makes_an_application(stated: StatedSettings, tmp_path: Path) -> None:
    """And the card log with its folder."""
    application = create_app(stated())

    assert callable(application)
    assert (tmp_path / "log" / "card-log.sqlite3").is_file()


def test_authentication_is_required_by_default(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And without a client that could be let in the service does not start, and says how to go on."""
    monkeypatch.delenv("CDS_SERVICE_AUTH", raising=False)
    settings = Settings(config=folder, database_url=f"sqlite:///{tmp_path}/card-log.sqlite3")

    assert settings.auth == "required"
    with pytest.raises(NoClientError, match="CDS_SERVICE_AUTH=off"):
        create_app(settings)


@pytest.mark.parametrize(
    ("file", "text", "error", "words"),
    [
        ("organisations.csv", "ods_code\n", ConfigurationError, "organisations.csv"),
        ("clients.yaml", "clients: [{}]", ClientsFileError, "clients.yaml"),
        ("pathways/nwl.yaml", "id: nwl", PathwayFileError, "nwl.yaml"),
    ],
)
def test_a_wrong_file_stops_the_start(
    stated: StatedSettings, folder: Path, file: str, text: str, error: type[Exception], words: str
) -> None:
    """By the name of the file."""
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(text, encoding="utf-8")

    with pytest.raises(error, match=words):
        create_app(stated())


@pytest.mark.parametrize("url", ["mysql://user:hush@somewhere/else", "nonsense", "sqlite://", "sqlite:///:memory:"])
@pytest.mark.parametrize("auth", ["required", "off"])
def test_a_database_that_cannot_be_used_stops_the_start(stated: StatedSettings, url: str, auth: str) -> None:
    """By the name of the setting, and without the password that a URL may hold."""
    with pytest.raises(DatabaseSettingError, match="CDS_SERVICE_DATABASE_URL") as caught:
        create_app(stated(config=EXAMPLE, auth=auth, database_url=url))

    assert "hush" not in str(caught.value)


def test_without_a_card_log_the_service_starts_and_stops(stated: StatedSettings, tmp_path: Path) -> None:
    """For a measurement; nothing is stored."""
    with InProcess(create_app(stated(card_log="off"), clock=lambda: NOW), tmp_path / "none.sqlite3") as service:
        assert len(service.cards(hook_call(KNEE))) == 1

    assert not (tmp_path / "log").exists()


def test_what_an_operator_should_know_is_logged(stated: StatedSettings, caplog: pytest.LogCaptureFixture) -> None:
    """The start goes on."""
    create_app(stated())

    assert "no community-msk destination for Havering" in caplog.text


def test_a_region_that_is_silent_is_logged_without_who_made_it_so(
    stated: StatedSettings, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As it starts; the name and the words of a suspension stay in the folder."""
    suspension = "nwl: {by: A Name, reason: wrong link, since: 2026-11-01}\n"
    (folder / "suspensions.yaml").write_text(suspension, encoding="utf-8")
    with InProcess(create_app(stated(), clock=lambda: NOW), tmp_path):
        pass
    assert "pathway nwl: version 1.2 is suspended (suspensions.yaml): only CES and MSCC speak" in caplog.text
    assert "A Name" not in caplog.text
    assert "wrong link" not in caplog.text


def test_the_fixtures_are_there_in_the_demo_only(start_service: StartService) -> None:
    """A deployment serves its pathways, and no patients, not even invented ones."""
    for demo, patients in ((True, 200), (False, 404)):
        service = start_service(demo=demo)
        assert service.send("GET", "/fhir/PlanDefinition").status_code == 200
        assert service.send("GET", "/fhir/Patient").status_code == patients


def test_a_region_may_bring_its_own_pathway(stated: StatedSettings, folder: Path, tmp_path: Path) -> None:
    """In place of the packaged one, with a page of its own."""
    packaged = Path(create_app.__code__.co_filename).parent / "pathway" / "packaged" / "nwl.yaml"
    (folder / "pathways").mkdir()
    text = packaged.read_text(encoding="utf-8").replace('version: "1.2"', 'version: "1.3"')
    (folder / "pathways" / "nwl.yaml").write_text(text, encoding="utf-8")

    with InProcess(create_app(stated(), clock=lambda: NOW), tmp_path / "log" / "card-log.sqlite3") as service:
        (card,) = service.cards(hook_call(KNEE))
        page = service.send("GET", "/pathways/nwl").text

    assert card["source"]["label"].endswith("v1.3")
    assert "v1.3" in page


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://cds.example/msk/", "https://cds.example/msk/pathways/nwl"),
        (None, f"{BASE_URL}/pathways/nwl"),
    ],
)
def test_cards_point_to_the_public_address(
    stated: StatedSettings, tmp_path: Path, base_url: str | None, expected: str
) -> None:
    """Behind a proxy it is another than the one listened on."""
    app = create_app(stated(base_url=base_url), clock=lambda: NOW)

    with InProcess(app, tmp_path / "log" / "card-log.sqlite3") as service:
        (card,) = service.cards(hook_call(KNEE))

    assert card["source"]["url"] == expected


def test_what_was_handed_over_is_stored_when_the_service_stops(stated: StatedSettings, tmp_path: Path) -> None:
    """The last evaluations before a deployment count as much as the others."""
    service = InProcess(create_app(stated(), clock=lambda: NOW), tmp_path / "log" / "card-log.sqlite3")

    with service:
        for _ in range(5):
            service.cards(hook_call(KNEE))

    assert len(service.logged()) == 5


def test_the_day_is_londons(stated: StatedSettings, tmp_path: Path) -> None:
    """Half past eleven in the evening, universal time, is tomorrow in the summer."""
    service = InProcess(
        create_app(stated(), clock=lambda: NOW.replace(month=7, day=1, hour=23)),
        tmp_path / "log" / "card-log.sqlite3",
    )

    with service:
        service.cards(hook_call(KNEE))

    (row,) = service.logged()
    assert (row["occurred_on"].isoformat(), row["occurred_hour"]) == ("2026-07-02", 0)


def test_without_a_clock_the_real_one_is_used(stated: StatedSettings, tmp_path: Path) -> None:
    """As in a deployment."""
    with InProcess(create_app(stated()), tmp_path / "log" / "card-log.sqlite3") as service:
        assert service.send("GET", "/health/ready").status_code == 200


def test_settings_come_from_the_environment_for_workers(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uvicorn's workers call the factory without arguments."""
    monkeypatch.setenv("CDS_SERVICE_CONFIG", str(folder))
    monkeypatch.setenv("CDS_SERVICE_AUTH", "off")
    monkeypatch.setenv("CDS_SERVICE_DATABASE_URL", f"sqlite:///{tmp_path}/worker.sqlite3")

    assert callable(create_app())
    assert (tmp_path / "worker.sqlite3").exists()


def test_what_was_handed_over_is_stored_though_the_rest_ends_badly(
    stated: StatedSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key server or store that fails at the end takes no row of the card log with it."""

    @asynccontextmanager
    async def failing() -> AsyncIterator[None]:
        yield
        raise OSError

    monkeypatch.setattr(Edges, "edge_for", lambda *_: Edge(OpenDoor(ANYONE), running=failing))
    service = InProcess(create_app(stated(), clock=lambda: NOW), tmp_path / "log" / "card-log.sqlite3")

    with pytest.raises(AssertionError), service:  # the shutdown says that it failed
        service.cards(hook_call(KNEE))

    assert len(service.logged()) == 1
