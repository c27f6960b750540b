import asyncio
import re
from importlib import resources
from pathlib import Path

import httpx
import pytest

from cds_service.app import create_app
from cds_service.settings import Settings

ADDRESSES = ("/monitor", "/monitor/where", "/monitor/pathways", "/monitor/overview/outcomes.csv", "/monitor/about")


@pytest.fixture
def demo_settings(tmp_path: Path) -> Settings:
    """The demo's own configuration, with a log that is empty."""
    folder = Path(str(resources.files("cds_service.demo") / "configuration"))
    return Settings(config=folder, demo=True, auth="off", database_url=f"sqlite:///{tmp_path}/log.sqlite3")


def test_the_demo_has_the_whole_monitor(demo_settings: Settings) -> None:
    """Signed in as an analyst, every page is there, in the layout of the house."""

    async def read() -> list[httpx.Response]:
        transport = httpx.ASGITransport(create_app(demo_settings))
        async with httpx.AsyncClient(transport=transport, base_url=demo_settings.public_url) as client:
            form = await client.get("/monitor/sign-in", params={"return": "/monitor"})
            hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form.text))
            await client.post("/monitor/sign-in", data={**hidden, "role": "analyst", "footprint": ["nel", "nwl"]})
            return [await client.get(address) for address in ADDRESSES]

    answers = asyncio.run(read())
    assert [answer.status_code for answer in answers] == [200] * len(ADDRESSES)
    assert "North East London" in answers[0].text
