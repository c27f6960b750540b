"""Nobody is found in what a service leaves after a load of marked calls, an outage of its database among them.

`tests/load/identity.py` does the same with ten thousand calls.
"""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from identity import Verdict, played, prepared
from identity_markers import MARK, Markers
from identity_places import Place, blind_spots

from tests.leaks.marked import Left

CALLS = 200
CONNECTIONS = 16


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nobody_is_found_in_what_a_service_leaves(database: str) -> None:
    """Database, spool, exports, health, metrics and all output with every logger at DEBUG."""
    with prepared(database, CONNECTIONS, debug=True) as run:
        verdict = asyncio.run(played(run, CALLS))

    assert verdict.findings == []
    assert verdict.unexpected == Counter()
    assert verdict.statuses.keys() == {200, 400, 404, 412}
    assert verdict.feedback > 0
    assert verdict.spooled > 0
    assert verdict.rows > CALLS // 2
    assert verdict.holds
    assert {kind for kind, size in verdict.searched.items() if size} == {
        "commands",
        "database files",
        "exports",
        "health and metrics",
        "output, spool, secrets",
        "rows",
        "spool",
    }


def test_the_search_is_blind_to_nothing(tmp_path: Path) -> None:
    """Each kind of value in each kind of place, some as they would look encoded or as a digest."""
    assert blind_spots(tmp_path) == []


@pytest.mark.parametrize(
    "content",
    [
        b"2026-11-22T06:48:40.357Z INFO answered 400 (value)",
        b'{"event_id":"00077f5a-1c2d-8003-8abc-9990000018ab"}',
        b"999 000 0026 9990000019",
        b"cds_hook_call_seconds_sum 0.19550312",
        b"19000101 1980-01-01 version 1955",
    ],
)
def test_what_was_not_sent_is_not_found(content: bytes) -> None:
    """Times, the service's own ids, other numbers and other years."""
    markers = Markers()
    markers.person(1)

    assert markers.found_in(content) == []


def test_one_finding_is_enough() -> None:
    """A verdict with a marked value in any place does not hold."""
    verdict = Verdict(spooled=1, rows=1)
    assert verdict.holds

    verdict.search(Markers(), [Place("logs", "a line", f"INFO of {MARK}".encode())])

    assert [(found.kind, found.name) for found in verdict.findings] == [("logs", "a line")]
    assert not verdict.holds


@pytest.mark.parametrize("folder", ["card-log-spool", "card-log-episode-secrets"])
def test_the_deployments_folders_are_searched_too(left: Left, folder: str) -> None:
    """Those beside the database hold files of their own."""
    assert [name for name in left.files if name.startswith(f"{folder}/")]
