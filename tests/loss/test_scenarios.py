"""The proof that nothing acknowledged is lost, at small size; `tests/load/loss.py` plays it at 100,000 calls."""

import pytest
from loss import main, played
from loss_databases import PostgresqlServer
from loss_scenarios import SCENARIOS

CALLS = 200
CONNECTIONS = 16

NEEDS_RIGHTS = "small-disk"
TOLD_ELSEWHERE = {
    "stopped-database",  # the fleet's stops, too
    "locked-database",
    "killed-writing",
    "killed-spooling-sqlite",
    "stopped",
    "stopped-hanging",
}
"""The same story is told on another database or by another scenario; these are left to the large run."""


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - TOLD_ELSEWHERE - {NEEDS_RIGHTS}))
def test_what_is_acknowledged_is_in_the_card_log_exactly_once(name: str, stoppable_server: PostgresqlServer) -> None:
    """Whatever is taken from the service while it answers."""
    verdict = played(SCENARIOS[name], stoppable_server, CALLS, CONNECTIONS)
    assert verdict.holds, verdict


def test_the_scenarios_share_all_calls() -> None:
    """A run of 100,000 calls makes as many."""
    assert sum(scenario.share for scenario in SCENARIOS.values()) == pytest.approx(1)


def test_a_run_of_too_few_calls_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """In a handful of calls nothing can happen in between."""
    with pytest.raises(SystemExit):
        main(["--calls", "10"])
    assert "--calls starts at" in capsys.readouterr().err
