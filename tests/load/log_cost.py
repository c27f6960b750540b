"""What the durable card log costs: the service beside itself with the log off, at 64 connections.

    python tests/load/log_cost.py [--rounds 9] [--seconds 1.5] [--connections 64] [--strict]

Part of `make bench`. Each answer of the one waits until its rows are synced to disk. Ends as the benchmark does.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from client import Client
from figures import Pair, medians, ratio
from loads import SETTLE_LIMIT, WARM_UP, Bench, Options
from mint import Mint, make_trust
from scenarios import Scenario
from servers import DEMO_CONFIGURATION, Kind, Server, VoidRunError, running

TARGET = 0.85
"""The share of the rate without a log that is left at least."""


@dataclass(frozen=True, slots=True)
class _Asked:
    rounds: int
    seconds: float
    connections: int
    strict: bool


def measure(rounds: int, seconds: float, connections: int) -> list[Pair]:
    """Load both in turn with orders in scope; who goes first alternates.

    Args:
        rounds: how often.
        seconds: of each load.
        connections: kept busy.

    Raises:
        VoidRunError: there is nothing to report; the message says why.
    """
    options = Options(rounds, seconds, connections, 1_000_000, 1, Kind.SERVICE, json=None, pin=False, strict=False)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cds-log-cost-")))
        client = stack.enter_context(closing(Client(1, None)))
        mint = stack.enter_context(closing(Mint(make_trust(folder / "trust", DEMO_CONFIGURATION))))
        bench = Bench(options, client, mint)
        logged = stack.enter_context(running(Kind.SERVICE, _made(folder / "logged")))
        unlogged = stack.enter_context(running(Kind.UNLOGGED, _made(folder / "unlogged")))
        for server in (logged, unlogged):
            bench.load(server, Scenario.IN_SCOPE, WARM_UP)
        return [_pair(bench, logged, unlogged, number) for number in range(rounds)]


def _pair(bench: Bench, logged: Server, unlogged: Server, number: int) -> Pair:
    order = (logged, unlogged) if number % 2 else (unlogged, logged)
    figures = {server: bench.load(server, Scenario.IN_SCOPE, bench.options.seconds) for server in order}
    return Pair(figures[logged], figures[unlogged])


def report(pairs: Sequence[Pair]) -> str:
    """The figures as plain text, with the verdict."""
    lines = [f"{'':34}{'requests/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'busy':>7}"]
    for name, figures in (
        ("service, durable log", medians([pair.service for pair in pairs])),
        ("service, log off", medians([pair.bare_app for pair in pairs])),
    ):
        lines.append(
            f"{name:34}{figures.rate:>11,.0f}{figures.p50 * 1000:>9.2f}{figures.p99 * 1000:>9.2f}{figures.busy:>7.0%}"
        )
    ratios = sorted(pair.ratio for pair in pairs)
    verdict = "pass" if ratio(pairs) >= TARGET else "MISS"
    lines.append(
        f"{verdict}  card log: share of the rate without it  >= {TARGET:.2f}  {ratio(pairs):.3f}"
        f"  (rounds {ratios[0]:.3f}..{ratios[-1]:.3f})"
    )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; see the module for the exit codes."""
    asked = _parse(arguments)
    signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(int(60 + (asked.rounds * 2 + 2) * (asked.seconds + WARM_UP + SETTLE_LIMIT)))
    try:
        pairs = measure(asked.rounds, asked.seconds, asked.connections)
    except VoidRunError as error:
        sys.stderr.write(f"The run is void: {error}\n")
        return 2
    finally:
        signal.alarm(0)
    sys.stdout.write(
        f"{asked.rounds} rounds of {asked.seconds:g} s, {asked.connections} connections\n{report(pairs)}\n"
    )
    return 1 if asked.strict and ratio(pairs) < TARGET else 0


def _parse(arguments: Sequence[str] | None) -> _Asked:
    parser = argparse.ArgumentParser(description="Compare the service with itself without a card log.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--strict", action="store_true", help="end with 1 when the target is missed")
    return _Asked(**vars(parser.parse_args(arguments)))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _give_up(_signal: int, _frame: object) -> None:
    raise VoidRunError("the run took far longer than planned and was given up")


if __name__ == "__main__":
    sys.exit(main())
