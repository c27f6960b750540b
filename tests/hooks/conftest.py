"""Every test of this folder fails when the service logged who anybody is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from tests.conftest import InProcess, JsonObject


def removed(cards: list[JsonObject]) -> list[str]:
    """The orders that the cards would remove."""
    return [
        action["resourceId"]
        for card in cards
        for suggestion in card.get("suggestions", [])
        for action in suggestion["actions"]
        if action["type"] == "delete"
    ]


@pytest.fixture(autouse=True)
def logged(nobody_in_the_logs: list[str]) -> list[str]:
    """The lines that were logged during the test."""
    return nobody_in_the_logs


@pytest.fixture
def ask() -> Callable[..., httpx.Response]:
    """Send one request to an application whose lifespan is not run."""

    def send(app: ASGIApp, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        client = InProcess(app, Path("unused.sqlite3"))
        try:
            return client.send(method, path, **options)
        finally:
            client.close()

    return send
