from dataclasses import replace

import orjson
import pytest
from figures import WITH_TOKEN, Figures, Log, Measured, Pair, Upkeep
from report import as_json, checks, table, too_slow_a_client
from scenarios import Scenario
from servers import Kind, Memory


def figures(rate: float) -> Figures:
    """A server at `rate` answers per second."""
    return Figures(rate, p50=0.002, p99=0.005, busy=0.98)


def pair(service: float, bare_app: float) -> Pair:
    """One round of both servers at these rates."""
    return Pair(figures(service), figures(bare_app))


def measured(
    share: float = 0.5,
    added: float = 0.001,
    peak: float = 80.0,
    guarded_peak: float = 85.0,
    start: float = 1.0,
    rows: int = 10,
) -> Measured:
    """A run in which the service reaches `share` of a bare app at 1000 answers per second.

    A token adds a millisecond to a call of the bare app, and `added` seconds to one of the service.
    """
    upkeep = Upkeep(Memory(peak - 5, peak), (start,) * 3)
    plain = pair(1000 * share, 1000)
    signed = pair(1 / (1 / (1000 * share) + added), 500)
    return Measured(
        subject=Kind.SERVICE,
        rounds={scenario: [signed if scenario in WITH_TOKEN.values() else plain] for scenario in Scenario},
        ceilings=dict.fromkeys(Scenario, 5000.0),
        service=upkeep,
        service_with_tokens=Upkeep(Memory(guarded_peak - 5, guarded_peak), (start,) * 3),
        bare_app=upkeep,
        log=Log(rows, evaluated_orders=10),
    )


def missed(run: Measured) -> list[str]:
    """The names of the targets that a run misses."""
    return [check.name for check in checks(run) if not check.met]


def test_a_run_at_every_target_misses_none() -> None:
    """Each limit itself is still within it."""
    assert missed(measured(share=0.601, added=0.001, peak=120.0, guarded_peak=120.0, start=2.0)) == []
    assert missed(measured(share=0.9, added=0.0012999)) == []


@pytest.mark.parametrize(
    ("run", "names"),
    [
        (measured(share=0.44, added=0.0001), ["an order out of scope: share of the bare app's rate"]),
        (
            measured(share=0.24, added=-0.002),
            [
                "an order out of scope: share of the bare app's rate",
                "an order in scope, one card: share of the bare app's rate",
            ],
        ),
        (
            measured(share=0.9, added=0.00131),
            [
                "ES384 token: time added, beside the bare app's",
                "RS384 token: time added, beside the bare app's",
            ],
        ),
        (measured(share=0.5, added=0.0007), ["an order in scope, ES384 token: share of the bare app's rate"]),
        (measured(added=0.0001, peak=120.1), ["memory, highest"]),
        (measured(added=0.0001, guarded_peak=120.1), ["memory, highest"]),
        (measured(added=0.0001, start=2.01), ["start"]),
        (measured(added=0.0001, rows=9), ["card log: a row for each order"]),
    ],
)
def test_a_target_just_missed_is_missed(run: Measured, names: list[str]) -> None:
    """One step beyond a limit is named, and nothing else."""
    assert missed(run) == names


def test_a_subject_without_a_log_is_not_asked_for_one() -> None:
    """The harness can try itself on the bare app."""
    run = replace(measured(), subject=Kind.BARE_APP, log=None)

    assert not [check for check in checks(run) if "log" in check.name]


def test_a_client_at_one_and_a_half_times_the_bare_app_may_measure_it() -> None:
    """The limit itself is enough."""
    assert too_slow_a_client(replace(measured(), ceilings=dict.fromkeys(Scenario, 1500.0))) == ""


def test_a_client_hardly_faster_than_the_bare_app_voids_the_run() -> None:
    """The reason names the scenario and both rates."""
    ceilings = {**dict.fromkeys(Scenario, 5000.0), Scenario.IN_SCOPE: 1499.0}

    reason = too_slow_a_client(replace(measured(), ceilings=ceilings))

    assert reason.startswith("in-scope: the load client reaches 1,499 answers/s, 1.50 times the bare app's 1,000")


def test_the_table_shows_figures_targets_and_misses() -> None:
    """Rates, latencies in ms, ratios, memory and start stand beside their targets."""
    text = table(measured(share=0.3, peak=130.0))

    assert "order-sign, five drafts in scope" in text
    assert "2.00     5.00" in text
    assert "0.300  >= 0.45" in text
    assert "0.300     none" in text
    assert "  ES384                                 1.000    1.000    1.000" in text
    assert "service, authentication required" in text
    assert "MISS  memory, highest" in text
    assert "pass  start" in text


def test_the_report_can_be_written_as_json() -> None:
    """Every round is in it."""
    report = orjson.loads(orjson.dumps(as_json(measured())))

    assert report["scenarios"]["in-scope"]["ratio"] == 0.5
    assert len(report["scenarios"]["in-scope"]["rounds"]) == 1
    assert report["added"]["RS384"]["factor"] == pytest.approx(1.0)
    assert report["log"] == {"rows": 10, "evaluated_orders": 10}
