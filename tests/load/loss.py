"""The proof that nothing acknowledged is lost: a service under load, and everything taken from it that it stands on.

    python tests/load/loss.py [--calls 100000] [--connections 32] [--only NAME ...]

Ends with 0 when each acknowledged evaluation is in the card log exactly once, 1 when not, and 2 when a scenario could
not be played. `docs/reliability.md` says what is promised.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from loss_databases import Database, PausedDatabase, PostgresqlServer, SqliteFile, postgresql
from loss_ledger import Verdict
from loss_play import Stage
from loss_scenarios import SCENARIOS, Scenario
from servers import VoidRunError

_LONGEST = 1800.0
"""Seconds after which a scenario is given up as stuck."""

_COLUMNS = (
    "answered",
    "acknowledged",
    "stored",
    "missing",
    "doubled",
    "torn",
    "late",
    "lost",
    "feedback",
    "feedback_wrong",
    "sums_wrong",
    "broken",
)


def database_for(kind: str, folder: Path, server: PostgresqlServer) -> Database:
    """An empty database of the kind that a scenario asks for."""
    if kind == "sqlite":
        return SqliteFile(folder / "card-log.sqlite3")
    made = server.new_database()
    return PausedDatabase(server, made.url) if kind == "paused" else made


def played(scenario: Scenario, server: PostgresqlServer, calls: int, connections: int) -> Verdict:
    """Play one scenario in a folder that is gone afterwards.

    Raises:
        VoidRunError: it could not be played.
        TimeoutError: it got stuck.
    """
    with tempfile.TemporaryDirectory(prefix="loss-") as name:
        folder = Path(name)
        stage = Stage(folder, database_for(scenario.database, folder, server), calls, connections)

        async def bounded() -> Verdict:
            async with asyncio.timeout(_LONGEST):
                return await scenario.play(stage)

        try:
            return asyncio.run(bounded())
        except ExceptionGroup as group:
            raise _why_it_is_void(group) from group


def _why_it_is_void(group: ExceptionGroup[Exception]) -> Exception:
    """What kept a scenario from being played, out of the group in which callers end together; else the group."""
    void, others = group.split(VoidRunError)
    if void is None or others is not None:
        return group
    return VoidRunError(str(void.exceptions[0]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the scenarios and print what each showed; see the module for the exit codes."""
    parser = argparse.ArgumentParser(description="Take from a loaded service what it stands on; count what is lost.")
    parser.add_argument("--calls", type=int, default=100_000, help="calls over all scenarios together")
    parser.add_argument("--connections", type=int, default=32, help="calls under way at once")
    parser.add_argument(
        "--only", choices=list(SCENARIOS), nargs="+", help="play these alone, with their share of calls"
    )
    options = parser.parse_args(arguments)
    if options.calls < 100 * len(SCENARIOS) or options.connections < 1:
        parser.error(f"--calls starts at {100 * len(SCENARIOS)}, --connections at 1")
    all_hold, all_played = True, True
    _say(_row("scenario", *(column.replace("_", " ") for column in _COLUMNS), "seconds"))
    _say(_row(*["---"] * (len(_COLUMNS) + 2)))
    with ExitStack() as stack:
        server = stack.enter_context(postgresql())
        for name in options.only or SCENARIOS:
            scenario = SCENARIOS[name]
            began = time.monotonic()
            try:
                verdict = played(scenario, server, int(options.calls * scenario.share), options.connections)
            except (VoidRunError, TimeoutError) as error:
                _say(_row(scenario.title, f"NOT PLAYED: {str(error) or 'stuck'}"))
                all_played = False
                continue
            all_hold = all_hold and verdict.holds
            figures = (f"{getattr(verdict, column):,}" for column in _COLUMNS)
            _say(_row(scenario.title, *figures, f"{time.monotonic() - began:.0f}"))
            for fault in verdict.unexpected:
                _say(_row(scenario.title, f"UNEXPECTED: {fault}"))
    _say("each acknowledged evaluation is there once" if all_hold else "LOST, DOUBLED OR MISCOUNTED: see above")
    return 1 if not all_hold else 0 if all_played else 2


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - its report is what it prints


if __name__ == "__main__":
    sys.exit(main())
