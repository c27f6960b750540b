"""`make bench`: the service beside a bare app and a raw responder, loaded in turn and compared.

    python tests/load/bench.py [--rounds 5] [--seconds 3] [--connections 32] [--json FILE]

Ends with 0 when it has measured, 1 when a target is missed and `--strict` was said, and 2 when the run is
void: a server did not start, an answer was wrong, or the load client is too slow to tell.
"""

import argparse
import os
import platform
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import orjson
from client import Client, Load, Outcome
from report import Figures, Log, Measured, Pair, Upkeep, as_json, checks, table, too_slow_a_client
from scenarios import SCENARIOS, Scenario, calls
from servers import Kind, Server, VoidRunError, card_log, cpu_seconds_of, memory_of, path_for, running

WARM_UP = 1.0
"""Seconds of load on each server in each scenario before anything is counted."""

STARTS = 3
"""Starts of each server, of which the median is reported."""

SPARE = 50
"""Seconds beyond the load itself after which a run is given up as stuck."""

SETTLE_STEP = 0.1
SETTLE_LIMIT = 10.0
"""Seconds that a server may go on working (writing its log, say) after a load, before the next one starts."""


@dataclass(frozen=True, slots=True)
class Options:
    """The command line."""

    rounds: int
    seconds: float
    connections: int
    max_requests: int
    processes: int
    subject: Kind
    json: Path | None
    pin: bool
    strict: bool

    @property
    def limit(self) -> int:
        """Seconds after which the run is given up."""
        loads = len(Scenario) * (2 * self.rounds + 1)
        return int(loads * (self.seconds + SETTLE_STEP) + 3 * len(Scenario) * WARM_UP) + SPARE


@dataclass(slots=True)
class Bench:
    """A run under way: its options, its client, and how many answers each server (by port) has given."""

    options: Options
    client: Client
    answers: Counter[tuple[int, Scenario]] = field(default_factory=Counter)

    def load(self, server: Server, scenario: Scenario, seconds: float) -> Figures:
        """Load one server with one scenario, and wait until it has finished working on it.

        Raises:
            VoidRunError: an answer was wrong, or none came.
        """
        load = Load(
            port=server.port,
            calls=calls(scenario, path_for(server.kind, scenario)),
            marker=SCENARIOS[scenario].marker,
            connections=self.options.connections,
            seconds=seconds,
            max_requests=self.options.max_requests,
        )
        used_before = cpu_seconds_of(server.process.pid)
        outcome = self.client.run(load)
        used = _settled_cpu_seconds(server) - used_before
        _refuse_failures(server, scenario, outcome)
        self.answers[server.port, scenario] += outcome.answers
        return Figures(outcome.rate, outcome.percentile(0.5), outcome.percentile(0.99), used / outcome.seconds)

    def compare(self, subject: Server, bare_app: Server) -> dict[Scenario, list[Pair]]:
        """Load both servers in turn, round after round; who goes first alternates."""
        for server in (subject, bare_app):
            for scenario in Scenario:
                self.load(server, scenario, WARM_UP)
        rounds: dict[Scenario, list[Pair]] = {scenario: [] for scenario in Scenario}
        for number in range(self.options.rounds):
            for scenario in Scenario:
                order = (subject, bare_app) if number % 2 else (bare_app, subject)
                figures = {server.port: self.load(server, scenario, self.options.seconds) for server in order}
                rounds[scenario].append(Pair(figures[subject.port], figures[bare_app.port]))
            _say(f"round {number + 1} of {self.options.rounds}")
        return rounds

    def ceilings(self, responder: Server) -> dict[Scenario, float]:
        """What the client reaches in each scenario against a server that does next to nothing."""
        self.load(responder, Scenario.IN_SCOPE, WARM_UP)
        return {scenario: self.load(responder, scenario, self.options.seconds).rate for scenario in Scenario}

    def evaluated_orders(self, server: Server) -> int:
        """MSK imaging orders in the calls that a server has answered."""
        return sum(self.answers[server.port, scenario] * SCENARIOS[scenario].evaluated_orders for scenario in Scenario)


def measure(options: Options) -> Measured:
    """Start everything, load it, and stop it again.

    Raises:
        VoidRunError: there is nothing to report; the message says why.
    """
    server_cores, client_cores = _cores(pin=options.pin)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cds-bench-")))
        client = stack.enter_context(closing(Client(options.processes, client_cores)))
        bench = Bench(options, client)
        subject_starts = _starts(options.subject, folder / "starts-subject", server_cores)
        bare_starts = _starts(Kind.BARE_APP, folder / "starts-bare", server_cores)
        subject_folder = _made(folder / "subject")
        with (
            running(Kind.RESPONDER, _made(folder / "responder"), server_cores) as responder,
            running(Kind.BARE_APP, _made(folder / "bare"), server_cores) as bare_app,
            running(options.subject, subject_folder, server_cores) as subject,
        ):
            _say("responder, bare app and service are up")
            ceilings = bench.ceilings(responder)
            rounds = bench.compare(subject, bare_app)
            subject_upkeep = Upkeep(memory_of(subject.process.pid), (*subject_starts, subject.start_seconds))
            bare_upkeep = Upkeep(memory_of(bare_app.process.pid), (*bare_starts, bare_app.start_seconds))
        log = None
        if options.subject is Kind.SERVICE:  # stopped by now, so that its last rows are written
            log = Log(_rows(card_log(subject_folder)), bench.evaluated_orders(subject))
        return Measured(options.subject, rounds, ceilings, subject_upkeep, bare_upkeep, log)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report; see the module for the exit codes."""
    options = _parse(arguments)
    signal.signal(signal.SIGALRM, _give_up)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside: stop the servers, too
    signal.alarm(options.limit)
    try:
        measured = measure(options)
    except VoidRunError as error:
        return _void(str(error))
    except KeyboardInterrupt:
        _say("interrupted; every server is stopped")
        return 130
    finally:
        signal.alarm(0)
    print(_setting(options), table(measured), sep="\n\n")
    if options.json is not None:
        report = {"setting": _setting(options), **as_json(measured)}
        options.json.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    if reason := too_slow_a_client(measured):
        return _void(reason)
    return 1 if options.strict and not all(check.met for check in checks(measured)) else 0


def _parse(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(description="Compare the service with a bare app on the same server.")
    parser.add_argument("--rounds", type=int, default=5, help="loads of each server in each scenario")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one load")
    parser.add_argument("--connections", type=int, default=32, help="keep-alive connections, one call at a time each")
    parser.add_argument("--max-requests", type=int, default=1_000_000, help="calls in one load at most")
    parser.add_argument("--processes", type=int, default=1, help="processes that the client uses")
    parser.add_argument(
        "--subject",
        type=Kind,
        choices=list(Kind),
        default=Kind.SERVICE,
        help="what stands in the service's place; another than the service tries the harness itself",
    )
    parser.add_argument("--json", type=Path, help="write every figure to this file too")
    parser.add_argument("--pin", action="store_true", help="keep servers on one core and the client on the others")
    parser.add_argument("--strict", action="store_true", help="end with 1 when a target is missed")
    options = Options(**vars(parser.parse_args(arguments)))
    if options.rounds < 1 or not 0 < options.seconds <= 60 or options.processes < 1 or options.connections < 1:
        parser.error("--rounds, --processes and --connections start at 1; --seconds is above 0 and at most 60")
    return options


def _starts(kind: Kind, folder: Path, cores: Sequence[int] | None) -> list[float]:
    """Start times of all but the last start, which is the one that is then loaded."""
    seconds = []
    for number in range(STARTS - 1):
        with running(kind, _made(folder / str(number)), cores) as server:
            seconds.append(server.start_seconds)
    return seconds


def _settled_cpu_seconds(server: Server) -> float:
    """Processor time a server has used once it is at rest, so that no load pays for the one before."""
    give_up_at = time.monotonic() + SETTLE_LIMIT
    used = cpu_seconds_of(server.process.pid)
    while time.monotonic() < give_up_at:
        time.sleep(SETTLE_STEP)
        used_before, used = used, cpu_seconds_of(server.process.pid)
        if used - used_before <= SETTLE_STEP / 5:
            break
    return used


def _refuse_failures(server: Server, scenario: Scenario, outcome: Outcome) -> None:
    if outcome.failures or not outcome.answers:
        statuses = ", ".join(f"{count} x {status}" for status, count in sorted(outcome.statuses.items()))
        raise VoidRunError(
            f"{server.kind}, {scenario}: {outcome.failures} failures and {outcome.answers} answers "
            f"({statuses or 'none'}; {outcome.wrong_bodies} without {SCENARIOS[scenario].marker!r}; "
            f"{outcome.broken} connections broken). "
            f"The first: {outcome.sample}"
        )


def _rows(database: Path) -> int:
    """Rows in the largest table of the card log."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        counts = (connection.execute(f'SELECT count(*) FROM "{name}"') for name in tables)  # noqa: S608 - its own names
        return max((cursor.fetchone()[0] for cursor in counts), default=0)


def _cores(*, pin: bool) -> tuple[list[int] | None, list[int] | None]:
    """The cores of the servers and of the client, when they are to be kept apart."""
    if not pin:
        return None, None
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
    if len(cores) < 2:
        raise VoidRunError("--pin needs Linux and two cores to keep servers and client apart; leave it out here")
    return cores[:1], cores[1:]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _setting(options: Options) -> str:
    return (
        f"{options.rounds} rounds of {options.seconds:g} s, {options.connections} connections, "
        f"client processes: {options.processes}, {'pinned' if options.pin else 'not pinned'}; "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, uvicorn {version('uvicorn')}"
    )


def _give_up(_signal: int, _frame: object) -> None:
    raise VoidRunError("the run took far longer than planned and was given up")


def _void(reason: str) -> int:
    print(f"The run is void: {reason}", file=sys.stderr)
    return 2


def _say(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
