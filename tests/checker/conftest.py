"""What the tests of the checker share: the running demo on any day, and the page as a browser reads it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from cds_service.app import create_app
from cds_service.settings import Settings
from tests.conftest import BASE_URL, DEMO_CONFIGURATION, InProcess

Answers = dict[str, str | list[str]]
OnDay = Callable[[date], InProcess]


@pytest.fixture(scope="session")
def on_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnDay]:
    """Give the demo as it answers on a day; each day's is started once."""
    folder = tmp_path_factory.mktemp("checker")
    with ExitStack() as running:

        @cache
        def started(day: date) -> InProcess:
            return running.enter_context(started_on(day, folder / f"{day}.sqlite3"))

        yield started


def started_on(day: date, database: Path, config: Path = DEMO_CONFIGURATION, **settings: object) -> InProcess:
    """A demo whose clock stands at noon of a day; use it in a `with` block."""
    stated: dict[str, object] = {"auth": "off", "demo": True, "base_url": BASE_URL, "card_log": "off", **settings}
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    app = create_app(Settings(config=config, database_url=f"sqlite:///{database}", **stated), clock=lambda: noon)  # type: ignore[arg-type]  # settings of several types
    return InProcess(app, database)


def asked(service: InProcess, answers: Answers, part: str = "") -> httpx.Response:
    """What the checker answers; `part` is `/request.json` or `/answer.json`."""
    return service.send("GET", f"/checker{part}?{urlencode(answers, doseq=True)}")
