"""What was measured, held against the targets: as a table for people and as JSON for machines."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from figures import Added, Figures, Measured, Upkeep, added, medians, ratio
from scenarios import SCENARIOS, Scenario
from trust import Algorithm

CEILING = 1.5
"""How many times the bare app's rate the client must reach by itself for the run to count."""

RATIO_TARGETS: Mapping[Scenario, float] = {
    Scenario.OUT_OF_SCOPE: 0.45,
    Scenario.IN_SCOPE: 0.25,
    Scenario.IN_SCOPE_ES384: 0.75,
}
"""The share of the bare app's rate that the service reaches at least; the others have no target."""

ADDED_TARGET = 1.3
"""How many times what a token adds to the bare app's time per call it may add to the service's at most."""

MEMORY_TARGET = 120.0
"""MB at most, at the highest point of the run."""

START_TARGET = 2.0
"""Seconds at most from the start of the process to its first healthy answer."""


@dataclass(frozen=True, slots=True)
class Check:
    """One target, and what was reached."""

    name: str
    target: str
    reached: str
    met: bool


def too_slow_a_client(measured: Measured) -> str:
    """Why the run is void, when the client is not well ahead of the bare app; empty when it is."""
    for scenario, pairs in measured.rounds.items():
        bare_rate = medians([pair.bare_app for pair in pairs]).rate
        reached = measured.ceilings[scenario] / bare_rate
        if reached < CEILING:
            return (
                f"{scenario}: the load client reaches {measured.ceilings[scenario]:,.0f} answers/s, "
                f"{reached:.2f} times the bare app's {bare_rate:,.0f}; below {CEILING} it is the client "
                "that is measured. Try --processes, --pin, or a quieter machine"
            )
    return ""


def checks(measured: Measured) -> list[Check]:
    """Every target of the run, met or missed."""
    found = [
        Check(
            f"{SCENARIOS[scenario].title}: share of the bare app's rate",
            f">= {target:.2f}",
            f"{ratio(measured.rounds[scenario]):.3f}",
            ratio(measured.rounds[scenario]) >= target,
        )
        for scenario, target in RATIO_TARGETS.items()
    ]
    for algorithm in Algorithm:
        factor = added(measured.rounds, algorithm).factor
        name = f"{algorithm} token: time added, beside the bare app's"
        found.append(Check(name, f"<= {ADDED_TARGET:.2f}", f"{factor:.3f}", factor <= ADDED_TARGET))
    peak = max(upkeep.memory.peak for upkeep in (measured.service, measured.service_with_tokens))
    start = median(measured.service.starts)
    found.append(Check("memory, highest", f"<= {MEMORY_TARGET:.0f} MB", f"{peak:.1f} MB", peak <= MEMORY_TARGET))
    found.append(Check("start", f"<= {START_TARGET:.0f} s", f"{start:.2f} s", start <= START_TARGET))
    if measured.log is not None:
        rows, orders = measured.log.rows, measured.log.evaluated_orders
        found.append(Check("card log: a row for each order", f">= {orders:,}", f"{rows:,}", rows >= orders))
    return found


def table(measured: Measured) -> str:
    """The whole report as plain text."""
    subject = str(measured.subject)
    head = f"{'':34}{'requests/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'busy':>7}"
    lines = [f"{head}{'ratio':>8}{'target':>9}  lowest..highest"]
    for scenario, pairs in measured.rounds.items():
        lines.append(SCENARIOS[scenario].title)
        service = medians([pair.service for pair in pairs])
        ratios = sorted(pair.ratio for pair in pairs)
        target = f">= {RATIO_TARGETS[scenario]:.2f}" if scenario in RATIO_TARGETS else "none"
        spread = f"{ratios[0]:.3f}..{ratios[-1]:.3f}"
        lines.append(f"{_figures(subject, service)}{ratio(pairs):>8.3f}{target:>9}  {spread}")
        lines.append(_figures("bare app", medians([pair.bare_app for pair in pairs])))
        lines.append(f"{'  client alone':34}{measured.ceilings[scenario]:>11,.0f}")
    lines += ["", f"{'a token adds to a call':34}{subject + ' ms':>11}{'bare ms':>9}{'factor':>9}{'target':>24}"]
    lines += [_added(algorithm, added(measured.rounds, algorithm)) for algorithm in Algorithm]
    lines += ["", f"{'':34}{'memory MB':>11}{'highest':>9}{'start s':>9}"]
    lines.append(_upkeep(subject, measured.service))
    lines.append(_upkeep(f"{subject}, authentication required", measured.service_with_tokens))
    lines += [_upkeep("bare app", measured.bare_app), ""]
    lines += [
        f"{'pass' if check.met else 'MISS'}  {check.name:<64}{check.target:>12}{check.reached:>12}"
        for check in checks(measured)
    ]
    return "\n".join(lines)


def as_json(measured: Measured) -> dict[str, Any]:
    """The report with every round, in seconds, MB and answers per second."""
    return {
        "subject": measured.subject,
        "scenarios": {
            scenario.value: {
                "ratio": ratio(pairs),
                "service": asdict(medians([pair.service for pair in pairs])),
                "bare_app": asdict(medians([pair.bare_app for pair in pairs])),
                "client_alone": measured.ceilings[scenario],
                "rounds": [asdict(pair) for pair in pairs],
            }
            for scenario, pairs in measured.rounds.items()
        },
        "added": {
            algorithm.value: asdict(seconds) | {"factor": seconds.factor}
            for algorithm in Algorithm
            for seconds in [added(measured.rounds, algorithm)]
        },
        "service": asdict(measured.service),
        "service_with_tokens": asdict(measured.service_with_tokens),
        "bare_app": asdict(measured.bare_app),
        "log": asdict(measured.log) if measured.log else None,
        "checks": [asdict(check) for check in checks(measured)],
    }


def _figures(name: str, figures: Figures) -> str:
    return (
        f"{'  ' + name:34}{figures.rate:>11,.0f}{figures.p50 * 1000:>9.2f}{figures.p99 * 1000:>9.2f}"
        f"{figures.busy:>7.0%}"
    )


def _added(algorithm: Algorithm, seconds: Added) -> str:
    times = f"{seconds.service * 1000:>11.3f}{seconds.bare_app * 1000:>9.3f}{seconds.factor:>9.3f}"
    return f"{'  ' + algorithm:34}{times}{f'<= {ADDED_TARGET:.2f}':>24}"


def _upkeep(name: str, upkeep: Upkeep) -> str:
    memory = f"{upkeep.memory.resident:>11.1f}{upkeep.memory.peak:>9.1f}"
    return f"{'  ' + name:34}{memory}{median(upkeep.starts):>9.2f}"
