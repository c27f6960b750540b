"""How a process gets its card log: what stops it from starting, and what does not."""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cds_service.cardlog.databases import CardLogStoreError
from cds_service.cardlog.events import CallRecord
from cds_service.cardlog.known_database import is_known, remember
from cds_service.settings import Settings
from cds_service.wiring.log import DatabaseSettingError, build_log, check_database_url, spool_folder
from tests.conftest import DEMO_CONFIGURATION, NOW

AWAY = "postgresql://keeper:open-sesame@127.0.0.1:1/cardlog"


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings of a deployment in the test's folder."""

    def build(**stated: object) -> Settings:
        values = {
            "config": DEMO_CONFIGURATION,
            "auth": "off",
            "database_url": f"sqlite:///{tmp_path}/card-log.sqlite3",
            "spool": tmp_path / "spool",
            "episode_secrets": tmp_path / "secrets",
        }
        return Settings.model_validate({**values, **stated})

    return build


def test_a_database_that_was_never_reached_stops_the_start(settings: Callable[..., Settings]) -> None:
    """Its URL may be wrong, and nobody would notice for days."""
    with pytest.raises(CardLogStoreError):
        build_log(settings(database_url=AWAY), lambda: NOW)


def test_a_database_that_is_away_now_does_not(
    settings: Callable[..., Settings], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A restart during an outage must not cost anybody the card: events go to the spool, and the log says so."""
    (tmp_path / "spool").mkdir()
    remember(tmp_path / "spool", AWAY)

    log = build_log(settings(database_url=AWAY), lambda: NOW)
    log.start()
    asyncio.run(log.card_log.record(CallRecord([])))
    give_up_at = time.monotonic() + 20
    while not log.card_log.stats.spooled and time.monotonic() < give_up_at:
        time.sleep(0.01)  # on a slow disk the answer went out first
    stats = log.card_log.stats
    log.close()

    assert (stats.state, stats.spooled, stats.healthy) == ("spooling", 1, True)
    assert "starting without, events go to the spool" in caplog.text
    assert "open-sesame" not in caplog.text


def test_a_database_once_reached_is_known_by_its_place_alone(settings: Callable[..., Settings], tmp_path: Path) -> None:
    """Neither user nor password stands beside the spool; another database is another."""
    made = settings()
    log = build_log(made, lambda: NOW)
    log.close()

    assert is_known(spool_folder(made), made.database_url)
    assert not is_known(spool_folder(made), f"{made.database_url}-other")
    remember(tmp_path, AWAY)
    assert is_known(tmp_path, AWAY.replace("open-sesame", "changed"))
    assert "open-sesame" not in (tmp_path / "database-known").read_text(encoding="ascii")


def test_a_url_that_cannot_be_used_is_told_without_its_words(settings: Callable[..., Settings]) -> None:
    """With the setting's name."""
    with pytest.raises(DatabaseSettingError, match="CDS_SERVICE_DATABASE_URL") as refusal:
        check_database_url(settings(database_url="mysql://keeper:open-sesame@127.0.0.1/cardlog"))

    assert "open-sesame" not in str(refusal.value)


def test_a_folder_that_cannot_be_made_is_named(settings: Callable[..., Settings], tmp_path: Path) -> None:
    """With the reason."""
    (tmp_path / "file").touch()

    with pytest.raises(DatabaseSettingError, match=rf"the folder {tmp_path}/file/x of .* cannot be made \(Not a dir"):
        check_database_url(settings(database_url=f"sqlite:///{tmp_path}/file/x/card-log.sqlite3"))


def test_a_folder_that_cannot_be_written_is_named(
    settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As another user's volume; what the system says is played, since who runs the tests may write anywhere."""
    monkeypatch.setattr(os, "access", lambda folder, _mode: folder != tmp_path)

    with pytest.raises(DatabaseSettingError, match=rf"the folder {tmp_path} of .* cannot be written; .*that user"):
        check_database_url(settings())


def test_where_nothing_uses_the_database_its_url_says_nothing(settings: Callable[..., Settings]) -> None:
    """With log and authentication off; used tokens are kept in it as well."""
    check_database_url(settings(database_url="nonsense", card_log="off"))
    with pytest.raises(DatabaseSettingError):
        check_database_url(settings(database_url="nonsense", card_log="off", auth="required"))


def test_with_the_log_off_nothing_is_opened(settings: Callable[..., Settings], tmp_path: Path) -> None:
    """For a measurement."""
    log = build_log(settings(card_log="off"), lambda: NOW)
    log.start()
    log.close()

    assert list(tmp_path.iterdir()) == []


def test_switched_off_episodes_leave_no_secret(settings: Callable[..., Settings], tmp_path: Path) -> None:
    """What was tied together before can be tied to nothing more."""
    build_log(settings(), lambda: NOW).close()
    assert list((tmp_path / "secrets").glob("*.key"))

    log = build_log(settings(episodes="off"), lambda: NOW)
    log.close()

    assert log.episode_keys is None
    assert list((tmp_path / "secrets").glob("*.key")) == []


def test_the_log_says_nothing_when_all_is_well(
    settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    """A start that needs no attention asks for none."""
    caplog.set_level(logging.WARNING)

    log = build_log(settings(), lambda: NOW)
    log.start()
    log.close()

    assert caplog.messages == []
