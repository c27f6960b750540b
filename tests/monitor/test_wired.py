import asyncio
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import httpx
import pytest

from cds_service.app import create_app
from cds_service.monitor.chart_rules import Rules
from cds_service.settings import Settings

ADDRESSES = ("/monitor", "/monitor/where", "/monitor/pathways", "/monitor/overview/outcomes.csv", "/monitor/about")


@pytest.fixture
def demo_settings(tmp_path: Path) -> Settings:
    """The demo's own configuration, with a log that is empty."""
    folder = Path(str(resources.files("cds_service.demo") / "configuration"))
    return Settings(config=folder, demo=True, auth="off", database_url=f"sqlite:///{tmp_path}/log.sqlite3")


async def _read(stated: Settings, addresses: Sequence[str]) -> list[httpx.Response]:
    """Some pages, signed in as an analyst."""
    transport = httpx.ASGITransport(create_app(stated))
    async with httpx.AsyncClient(transport=transport, base_url=stated.public_url) as client:
        form = await client.get("/monitor/sign-in", params={"return": "/monitor"})
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form.text))
        await client.post("/monitor/sign-in", data={**hidden, "role": "analyst", "footprint": ["nel", "nwl"]})
        return [await client.get(address) for address in addresses]


def test_the_demo_has_the_whole_monitor(demo_settings: Settings) -> None:
    """Signed in as an analyst, every page is there, in the layout of the house."""
    answers = asyncio.run(_read(demo_settings, ADDRESSES))
    assert [answer.status_code for answer in answers] == [200] * len(ADDRESSES)
    assert "North East London" in answers[0].text


def test_the_rules_of_charts_are_those_that_the_deployment_chose(demo_settings: Settings) -> None:
    """From the settings to the page that says them."""
    chosen = demo_settings.model_copy(
        update={"monitor_trend_points": 6, "monitor_screen_moving_ranges": "on", "monitor_lock_after": 16}
    )
    [about] = asyncio.run(_read(chosen, ["/monitor/about"]))

    assert Rules(trend_points=6, screen_moving_ranges=True, lock_after=16).in_words in about.text
