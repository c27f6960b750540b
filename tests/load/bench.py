"""`make bench`: the service beside a bare app and a raw responder, loaded in turn and compared.

    python tests/load/bench.py [--rounds 7] [--seconds 1.2] [--connections 32] [--json FILE]

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
from collections.abc import Sequence
from contextlib import ExitStack, closing
from importlib.metadata import version
from pathlib import Path

import orjson
from client import Client
from figures import WITH_TOKEN, Log, Measured, Pair, Upkeep
from loads import LOADS_IN_A_ROUND, SETTLE_STEP, WARM_UP, Bench, Options, Side
from mint import Mint, make_trust
from report import as_json, checks, table, too_slow_a_client
from scenarios import Scenario
from servers import DEMO_CONFIGURATION, Kind, Server, VoidRunError, card_log, memory_of, running
from trust import Trust

STARTS = 3
"""Starts of each server, of which the median is reported."""

STARTING = 25
"""Seconds that all the starts take together."""

MINTING = 0.7
"""Seconds of minting before a load with tokens, for each second of it."""

SPARE = 40
"""Seconds beyond what is planned after which a run is given up as stuck."""


def measure(options: Options) -> Measured:
    """Start everything, load it, and stop it again.

    Raises:
        VoidRunError: there is nothing to report; the message says why.
    """
    server_cores, client_cores = _cores(pin=options.pin)
    kind = options.subject
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cds-bench-")))
        client = stack.enter_context(closing(Client(options.processes, client_cores)))
        trust = make_trust(folder / "trust", DEMO_CONFIGURATION)
        bench = Bench(options, client, stack.enter_context(closing(Mint(trust))))
        starts = _starts(kind, folder / "starts-open", server_cores)
        guarded_starts = _starts(kind, folder / "starts-guarded", server_cores, trust)
        bare_starts = _starts(Kind.BARE_APP, folder / "starts-bare", server_cores)
        logs = [_made(folder / "open"), _made(folder / "guarded")]
        with (
            running(Kind.RESPONDER, _made(folder / "responder"), server_cores) as responder,
            running(Kind.BARE_APP, _made(folder / "bare"), server_cores) as bare_app,
            running(Kind.BARE_APP, _made(folder / "bare-guarded"), server_cores, trust) as bare_guarded,
            running(kind, logs[0], server_cores) as subject,
            running(kind, logs[1], server_cores, trust) as guarded,
        ):
            _say("responder, bare apps and services are up")
            ceilings = bench.ceilings(responder)
            rounds = _rounds(bench, Side(subject, guarded), Side(bare_app, bare_guarded))
            upkeep = _upkeep(subject, starts)
            guarded_upkeep = _upkeep(guarded, guarded_starts)
            bare_upkeep = _upkeep(bare_app, bare_starts)
        log = None
        if kind is Kind.SERVICE:  # stopped by now, so that its last rows are written
            rows = sum(_rows(card_log(log_folder)) for log_folder in logs)
            log = Log(rows, bench.evaluated_orders([subject, guarded]))
        return Measured(kind, rounds, ceilings, upkeep, guarded_upkeep, bare_upkeep, log)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report; see the module for the exit codes."""
    options = _parse(arguments)
    signal.signal(signal.SIGALRM, _give_up)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside: stop the servers, too
    signal.alarm(_limit(options))
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
    parser.add_argument(
        "--rounds", type=int, default=7, help="rounds, each of which loads each server in each scenario"
    )
    parser.add_argument(
        "--seconds", type=float, default=1.2, help="seconds of load on each server in each scenario of a round"
    )
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


def _rounds(bench: Bench, subject: Side, bare_app: Side) -> dict[Scenario, list[Pair]]:
    """Warm both sides up, then load them round after round."""
    for side in (subject, bare_app):
        bench.warm_up(side)
    rounds: dict[Scenario, list[Pair]] = {scenario: [] for scenario in Scenario}
    for number in range(bench.options.rounds):
        for scenario, pair in bench.round(subject, bare_app, number):
            rounds[scenario].append(pair)
        _say(f"round {number + 1} of {bench.options.rounds}")
    return rounds


def _starts(kind: Kind, folder: Path, cores: Sequence[int] | None, trust: Trust | None = None) -> list[float]:
    """Start times of all but the last start, which is the one that is then loaded."""
    seconds = []
    for number in range(STARTS - 1):
        with running(kind, _made(folder / str(number)), cores, trust) as server:
            seconds.append(server.start_seconds)
    return seconds


def _upkeep(server: Server, starts: Sequence[float]) -> Upkeep:
    return Upkeep(memory_of(server.process.pid), (*starts, server.start_seconds))


def _limit(options: Options) -> int:
    """Seconds after which a run is given up."""
    loads = LOADS_IN_A_ROUND * options.rounds + 4 * len(Scenario)
    loaded = len(Scenario) * (2 * options.rounds + 1) * options.seconds + 3 * len(Scenario) * WARM_UP
    minted = len(WITH_TOKEN) * 2 * (options.rounds * options.seconds + WARM_UP) * MINTING
    return int(STARTING + loads * SETTLE_STEP + loaded + minted + SPARE)


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
