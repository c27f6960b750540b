"""Settings: the public address that tokens name, and what must be said before a deployment can start."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cds_service.settings import Settings, problems


def settings(**stated: Any) -> Settings:  # noqa: ANN401 - settings of several types
    """Settings of a deployment, but for those given."""
    return Settings(**{"config": Path("configuration"), "auth": "off", **stated})


def problem(**stated: Any) -> str:  # noqa: ANN401 - settings of several types
    """What is said of settings that cannot be used."""
    with pytest.raises(ValidationError) as caught:
        settings(**stated)
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "public_url"),
    [
        ("https://cds.example.nhs.uk", "https://cds.example.nhs.uk"),
        ("https://cds.example.nhs.uk/", "https://cds.example.nhs.uk"),
        ("https://gateway.example.nhs.uk/msk/", "https://gateway.example.nhs.uk/msk"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        (None, "http://127.0.0.1:8000"),
    ],
)
def test_the_public_address_is_that_of_the_service(written: str | None, public_url: str) -> None:
    """Without a closing slash, since paths are put behind it."""
    assert settings(base_url=written).public_url == public_url


@pytest.mark.parametrize(
    "written", ["http://cds.example.nhs.uk", "http://192.0.2.1:8000", "http://localhost.example.org"]
)
def test_plain_http_is_an_address_on_this_machine_alone(written: str) -> None:
    """Tokens and patient data would travel in the open."""
    assert "plain http is for this machine alone" in problem(base_url=written)


@pytest.mark.parametrize(
    "written",
    ["cds.example.nhs.uk", "ftp://cds.example.nhs.uk", "https://", "https://a.example/?b", "https://a.example/#b"],
)
def test_what_is_no_address_is_refused_with_the_mend(written: str) -> None:
    """A token's audience is compared with it, character for character."""
    assert "write it as https://host or https://host/path" in problem(base_url=written)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])  # noqa: S104 - compared with, not listened on
def test_tokens_need_a_public_address_where_the_host_does_not_tell_it(host: str) -> None:
    """Else no token would ever be for this service, and nobody would know why."""
    assert "CDS_SERVICE_BASE_URL is missing" in problem(auth="required", host=host)


def test_on_this_machine_the_address_is_known() -> None:
    """Where a newcomer tries it."""
    assert settings(auth="required").public_url == "http://127.0.0.1:8000"


@pytest.mark.parametrize("milliseconds", [0, 49, 451])
def test_the_time_for_reading_leaves_time_to_answer(milliseconds: int) -> None:
    """An answer is asked for within half a second."""
    assert "fhir_budget_ms" in problem(fhir_budget_ms=milliseconds)


def test_the_rules_of_control_charts_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment, where all is text; left out they are those of Making Data Count."""
    monkeypatch.setenv("CDS_SERVICE_MONITOR_TREND_POINTS", "6")
    monkeypatch.setenv("CDS_SERVICE_MONITOR_SCREEN_MOVING_RANGES", "on")
    monkeypatch.setenv("CDS_SERVICE_MONITOR_LOCK_AFTER", "52")
    chosen = settings()

    assert chosen.monitor_trend_points == 6
    assert chosen.monitor_screen_moving_ranges == "on"
    assert chosen.monitor_lock_after == 52


@pytest.mark.parametrize(
    ("name", "written", "mend"),
    [
        ("monitor_trend_points", "5", "write 6 or 7"),
        ("monitor_trend_points", "seven", "write 6 or 7"),
        ("monitor_screen_moving_ranges", "true", "write 'on' or 'off'"),
        ("monitor_lock_after", "many", "write a whole number"),
        ("monitor_lock_after", "13", "write a multiple of 4 from 16 to 104, or leave it out"),
        ("monitor_lock_after", "18", "write a multiple of 4 from 16 to 104, or leave it out"),
        ("monitor_lock_after", "108", "write a multiple of 4 from 16 to 104, or leave it out"),
    ],
)
def test_a_rule_of_control_charts_that_nobody_knows_is_refused_with_the_mend(
    name: str, written: str, mend: str
) -> None:
    """A chart by another rule than was meant would be believed."""
    with pytest.raises(ValidationError) as caught:
        settings(**{name: written})
    [(field, said)] = problems(caught.value)

    assert field == name
    assert said.startswith(mend)


def test_a_metrics_token_is_long_and_not_shown() -> None:
    """Not in a message, nor where settings are printed."""
    token = "a-token-of-the-scraper"  # noqa: S105 - invented

    assert "metrics_token" in problem(metrics_token="short")  # noqa: S106 - invented
    assert token not in repr(settings(metrics_token=token))
