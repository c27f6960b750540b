from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from cds_service import __version__
from cds_service.app import create_app
from cds_service.cardlog.card_log import CardLog, NoCardLog
from cds_service.cardlog.spool import Spool
from cds_service.cardlog.store import CardLogStore
from cds_service.cardlog.tallies import Tallies
from cds_service.hooks.health import ConfigurationState, MetricsAccess, health_router
from cds_service.settings import Settings
from fhir_fixtures import feedback, hook_call
from tests.conftest import DEMO_CONFIGURATION, NOW, SERVICE, InProcess, StartService

WRITER_ID = "00000000-0000-4000-8000-000000000001"

IN_FORCE_SINCE = NOW.astimezone(UTC).isoformat(timespec="seconds")

Ask = Callable[..., httpx.Response]


def test_a_process_that_answers_is_live(service: InProcess) -> None:
    """With its version, to tell which one runs."""
    response = service.send("GET", "/health/live")

    assert (response.status_code, response.json()) == (200, {"status": "live", "version": __version__})


def test_a_service_whose_card_log_takes_events_is_ready(start_service: StartService) -> None:
    """With the counts of this process."""
    service = start_service()
    service.cards(hook_call("nwl-gp-knee-mri-pain--redirect.json"))
    service.feedback(feedback()["accepted.json"])

    service.wait_for_the_log()

    response = service.send("GET", "/health/ready")

    assert response.status_code == 200
    said = response.json()
    assert said["cardLog"].pop("late") in {0, 1}  # as fast as the disk was
    assert said == {
        "status": "ready",
        "cardLog": {"state": "writing", "answered": 1, "stored": 1, "lost": 0, "spooled": 0},
        "configuration": {"inForceSince": IN_FORCE_SINCE},
    }


def test_a_service_whose_card_log_takes_none_is_not_ready(ask: Ask, tmp_path: Path) -> None:
    """503, so that a load balancer sends calls elsewhere."""
    app = FastAPI()
    store = CardLogStore(f"sqlite:///{tmp_path}/log.sqlite3", WRITER_ID)
    never_started = CardLog(store, Spool(tmp_path / "spool"), Tallies(WRITER_ID))
    app.include_router(health_router(never_started, MetricsAccess(), ConfigurationState(NOW)))

    response = ask(app, "GET", "/health/ready")

    assert response.status_code == 503
    assert (response.json()["status"], response.json()["cardLog"]["stored"]) == ("not ready", 0)


def test_without_a_card_log_a_service_is_ready(ask: Ask) -> None:
    """For a measurement nothing was promised."""
    app = FastAPI()
    app.include_router(health_router(NoCardLog(), MetricsAccess(), ConfigurationState(NOW)))

    assert ask(app, "GET", "/health/ready").status_code == 200


@pytest.fixture
def app_without_a_writer(tmp_path: Path) -> object:
    """The demo whose card log's writer was never started."""
    settings = Settings(
        config=DEMO_CONFIGURATION,
        auth="off",
        database_url=f"sqlite:///{tmp_path}/log.sqlite3",
        base_url="https://x.example",
    )
    return create_app(settings, clock=lambda: NOW)


def test_a_call_is_answered_though_the_service_is_not_ready(ask: Ask, app_without_a_writer: object) -> None:
    """A clinician's card waits a tenth of a second for the log, and no longer; what is not stored counts as lost."""
    answer = ask(app_without_a_writer, "POST", SERVICE, json=hook_call("nwl-gp-knee-mri-pain--redirect.json"))
    ready = ask(app_without_a_writer, "GET", "/health/ready")

    assert len(answer.json()["cards"]) == 1
    assert (ready.status_code, ready.json()["cardLog"]["state"]) == (503, "losing")
    assert (ready.json()["cardLog"]["answered"], ready.json()["cardLog"]["lost"]) == (1, 1)


def test_feedback_that_cannot_be_stored_is_refused(ask: Ask, tmp_path: Path) -> None:
    """503 and the wish to have it again: an answer that it is stored would be untrue."""
    settings = Settings(
        config=DEMO_CONFIGURATION,
        auth="off",
        card_log="off",
        database_url=f"sqlite:///{tmp_path}/log.sqlite3",
        base_url="https://x.example",
    )

    response = ask(create_app(settings), "POST", f"{SERVICE}/feedback", json=feedback()["accepted.json"])

    assert response.status_code == 503
    assert response.json()["issue"][0]["code"] == "transient"
    assert "Send it again" in response.json()["issue"][0]["diagnostics"]


METRICS_TOKEN = "a-token-for-the-scraper"  # noqa: S105 - invented


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("", 401),
        (METRICS_TOKEN, 401),
        (f"Bearer {METRICS_TOKEN}x", 401),
        ("Bearer é", 401),
        (f"Bearer {METRICS_TOKEN}", 200),
    ],
)
def test_metrics_of_a_deployment_need_their_token(ask: Ask, authorization: str | None, status: int) -> None:
    """How much is asked by which EHR is not everyone's business."""
    app = FastAPI()
    app.include_router(health_router(NoCardLog(), MetricsAccess(METRICS_TOKEN), ConfigurationState(NOW)))
    headers = {} if authorization is None else {"Authorization": authorization.encode()}

    response = ask(app, "GET", "/metrics", headers=headers)

    assert response.status_code == status
    assert ("cds_hook_calls_total" in response.text) is (status == 200)


@pytest.mark.parametrize("authorization", [None, "Bearer None", "Bearer "])
def test_without_a_metrics_token_nobody_reads_them(ask: Ask, authorization: str | None) -> None:
    """A deployment that sets none has closed them; the answer says which setting opens them."""
    app = FastAPI()
    app.include_router(health_router(NoCardLog(), MetricsAccess(), ConfigurationState(NOW)))
    headers = {} if authorization is None else {"Authorization": authorization}

    response = ask(app, "GET", "/metrics", headers=headers)

    assert response.status_code == 401
    assert "CDS_SERVICE_METRICS_TOKEN" in response.text
