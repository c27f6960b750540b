"""`monitor-access.yaml` re-read: who is taken out is out, a wrong file opens and closes nothing, and health says so."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from pydantic import SecretStr

from cds_service.app import create_app
from cds_service.monitor.access.access_file import AccessFileError
from cds_service.settings import Settings
from tests.conftest import NOW, InProcess
from tests.monitor.access.provider import CLIENT_ID, CLIENT_SECRET, LocalProvider
from tests.wiring.test_folder_watch import KNEE, configuration, rewrite, until

ANALYST = {"value": "Monitor.Analyst.NWL", "role": "analyst", "footprints": ["nwl"]}
AUDITOR = {"value": "Monitor.Auditor", "role": "auditor", "footprints": ["nel"]}
NAME = "monitor-access.yaml"


Write = Callable[..., None]


@pytest.fixture
def write(folder: Path, provider: LocalProvider) -> Write:
    """Writes the file, in one step."""

    def written(*grants: dict[str, Any], **session: int) -> None:
        named = {"issuer": provider.issuer, "client_id": CLIENT_ID, "roles_claim": "roles"}
        text = yaml.safe_dump({"provider": named, "grants": [*grants], "session": session})
        (folder / f".{NAME}").write_text(text, "utf-8")
        (folder / f".{NAME}").replace(folder / NAME)

    return written


@pytest.fixture
def settings(folder: Path, tmp_path: Path) -> Settings:
    """A deployment that looks at its folder all the time."""
    return Settings(
        config=folder,
        auth="off",
        database_url=f"sqlite:///{tmp_path}/log.sqlite3",
        reload_seconds=0.02,
        monitor_client_secret=SecretStr(CLIENT_SECRET),
    )


@pytest.fixture
def service(settings: Settings, write: Write, tmp_path: Path) -> Iterator[InProcess]:
    """It runs, and has one grant."""
    write(ANALYST)
    with InProcess(create_app(settings, clock=lambda: NOW), tmp_path / "log.sqlite3") as running:
        yield running


def sign_in(service: InProcess) -> httpx.Response:
    """Sign in at the provider; what the service says at the end."""
    away = service.send("GET", "/monitor/sign-in")
    return service.send("GET", httpx.get(away.headers["location"], timeout=10).headers["location"])


def status(service: InProcess, path: str = "/monitor/about") -> int:
    """How a page is answered."""
    return service.send("GET", path).status_code


def test_whoever_is_taken_out_of_the_file_is_signed_out(service: InProcess, write: Write) -> None:
    """Within seconds, and cannot sign in again; whoever is put in can."""
    assert sign_in(service).status_code == 303
    assert status(service) == 200

    write(AUDITOR)
    until(service, lambda: status(service) == 303)
    assert sign_in(service).status_code == 403

    write(ANALYST, AUDITOR)
    until(service, lambda: sign_in(service).status_code == 303)
    assert status(service) == 200


def test_a_change_of_another_file_ends_no_session(service: InProcess, folder: Path) -> None:
    """The rules are the same."""
    sign_in(service)
    rewrite(folder / "destinations.csv", "Brent Demo Community MSK Service", "Wembley Demo MSK Hub")
    until(service, lambda: "Wembley Demo MSK Hub" in str(service.cards(KNEE)))
    assert status(service) == 200


@pytest.mark.parametrize("wrong", ["provider: [", "grants: []"])
def test_a_wrong_file_is_refused_and_the_former_counts(service: InProcess, folder: Path, wrong: str) -> None:
    """Health says so; whoever is signed in stays, and cards go on."""
    sign_in(service)

    (folder / NAME).write_text(wrong, "utf-8")
    until(service, lambda: "reason" in configuration(service))

    assert configuration(service)["reason"] == f"{NAME}; cds-service access check says what is wrong"
    assert status(service) == 200
    assert len(service.cards(KNEE)) == 1


def test_a_grant_for_a_region_that_there_is_not_is_refused(service: InProcess, folder: Path, write: Write) -> None:
    """When it is written, and not at the next start; with it what else changed, until it is mended."""
    rewrite(folder / "destinations.csv", "Brent Demo Community MSK Service", "Wembley Demo MSK Hub")
    write({**ANALYST, "footprints": ["nowhere"]})
    until(service, lambda: "reason" in configuration(service))
    assert NAME in configuration(service)["reason"]

    write(ANALYST)
    until(service, lambda: "reason" not in configuration(service))
    assert "Wembley Demo MSK Hub" in str(service.cards(KNEE))


def test_without_its_file_the_monitor_is_off_until_it_is_there_again(
    service: InProcess, folder: Path, write: Write
) -> None:
    """Nobody sees a page meanwhile."""
    sign_in(service)

    (folder / NAME).unlink()
    until(service, lambda: status(service) == 404)

    write(ANALYST)
    until(service, lambda: status(service) == 200)


def test_a_first_file_needs_the_secret_of_the_environment(
    settings: Settings, folder: Path, write: Write, tmp_path: Path
) -> None:
    """What the process does not have it cannot read again: health says what to do."""
    without = settings.model_copy(update={"monitor_client_secret": None})
    with InProcess(create_app(without, clock=lambda: NOW), tmp_path / "log.sqlite3") as service:
        assert status(service) == 404
        write(ANALYST)
        until(service, lambda: "reason" in configuration(service))
        assert "CDS_SERVICE_MONITOR_CLIENT_SECRET and restart" in configuration(service)["reason"]
        assert status(service) == 404
        (folder / NAME).unlink()
        until(service, lambda: "reason" not in configuration(service))


def test_a_wrong_file_stops_the_start_like_every_other(settings: Settings, folder: Path) -> None:
    """One rule for the whole folder: what is wrong is seen by whoever starts the service, with line and mend."""
    (folder / NAME).write_text("provider: [", "utf-8")
    with pytest.raises(AccessFileError, match=f"{NAME}:"):
        create_app(settings)
