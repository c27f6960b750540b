"""The card log at the size of England: a year of invented orders, and how the log bears it.

    python tests/load/size.py --events 20000000 --database postgresql --folder DIR [--keep]

A folder that holds the log of an earlier run with `--keep` is used as it is, without filling it again. Ends with 0 when
every question, every page and the writing keep to their targets, else with 1. `docs/card-log-size.md` shows the figures
of a run.
"""

import argparse
import gc
import os
import platform
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final

from size_commands import log_commands
from size_databases import POSTGRESQL_SETTINGS, postgresql, sqlite
from size_days import evaluations_by_day
from size_figures import Step, sizes, timed, work_out_all
from size_loading import load
from size_pages import PAGE_TARGET_MS, pages
from size_questions import TARGET_MS, Answered, answered, questions
from size_writing import CALLS_PER_S, shares, written_beside_a_service
from sqlalchemy import Engine

from cds_service.cardlog.databases import open_engine
from cds_service.cardlog.migrating import current_revision
from cds_service.london_time import london_day
from cds_service.server import tune_interpreter

TARGET_PER_S: Final = 2_000
"""Events a second that one process has to write."""

_KINDS: Final = {"postgresql": postgresql, "sqlite": sqlite}


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the log, measure, and print Markdown tables; see the module for the exit codes."""
    options = _options(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    last = london_day(datetime.now(UTC))
    _collect_as_the_service_does()
    with _KINDS[options.database](options.folder, keep=options.keep) as url:
        engine = open_engine(url)
        try:
            return _measured(engine, url, last, options)
        finally:
            engine.dispose()


def _measured(engine: Engine, url: str, last: date, options: argparse.Namespace) -> int:
    _say(f"# The card log at size: {options.database}, {last}\n\n{_machine(engine, options.database)}\n")
    if current_revision(url) is None:
        days = evaluations_by_day(options.events, last, options.days)
        filled = timed(f"{options.events:,} evaluations", lambda: _filled(url, days))
        _steps("Filling, with all indexes in place", [filled])
    _steps("Figures", work_out_all(engine, last))
    _table("Rows", ("table", "rows"), ((name, f"{rows:,}") for name, rows in sizes(engine)))
    first = last - timedelta(days=options.days - 1)
    times = options.runs
    asked = (answered(engine, question, times) for question in questions(first, last))
    quick = _kept_to(TARGET_MS, f"Questions, {times} times each", "rows at most", asked)
    opened = pages(engine, last, times)
    quick &= _kept_to(PAGE_TARGET_MS, f"Pages of the monitor, {times} times each", "kB at most", opened)
    with tempfile.TemporaryDirectory(prefix="size-") as name:
        folder = Path(name)
        fast = _wrote(url, folder, options.seconds)
        _steps("Commands", log_commands(url, folder, last))
    return 0 if quick and fast else 1


def _collect_as_the_service_does() -> None:
    """Otherwise all that is loaded is looked through while an answer is made, which the service spares itself."""
    tune_interpreter()
    gc.collect()
    gc.freeze()


def _filled(url: str, days: dict[date, int]) -> str:
    load(url, days, processes=2)
    return f"{len(days)} days"


def _kept_to(target_ms: float, title: str, measure: str, answers: Iterable[Answered]) -> bool:
    """Print each answer as soon as it is there; whether all kept to the target."""
    misses = []

    def each_told() -> Iterator[tuple[str, ...]]:
        for one in answers:
            if one.p95 > target_ms:
                misses.append(one)
            verdict = _verdict(one.p95 <= target_ms)
            yield (one.name, f"{one.p50:,.0f}", f"{one.p95:,.0f}", f"{one.most:,}", verdict)

    _table(title, ("asked", "p50 ms", "p95 ms", measure, ""), each_told())
    return not misses


def _wrote(url: str, folder: Path, seconds: float) -> bool:
    written, beside = written_beside_a_service(url, folder, seconds)
    rate = written.events / written.seconds
    _table(
        f"Writing beside a service that answers {CALLS_PER_S} calls a second",
        ("what", "figure"),
        (
            ("events written", f"{written.events:,} in {written.seconds:.0f} s"),
            ("events a second", f"{rate:,.0f} {_verdict(rate >= TARGET_PER_S)}"),
            ("batches, ms", shares(written.batches_ms)),
            ("batches that had to be tried again", f"{written.failures:,}"),
            ("the service's answers, ms", f"{shares(beside.answers_ms)} ({len(beside.answers_ms):,} calls)"),
            ("upkeep meanwhile, s", shares(beside.upkeep_s)),
        ),
    )
    return rate >= TARGET_PER_S


def _verdict(holds: bool) -> str:
    return "" if holds else "MISSES THE TARGET"


def _machine(engine: Engine, database: str) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in POSTGRESQL_SETTINGS.items())
    of_database = f"PostgreSQL with {settings}, else as it comes" if database == "postgresql" else "SQLite"
    with engine.connect() as connection:
        version = ".".join(map(str, connection.dialect.server_version_info or ()))
    return f"{of_database} ({version}); Python {platform.python_version()}; {os.cpu_count()} cores."


def _steps(title: str, steps: Iterable[Step]) -> None:
    _table(title, ("step", "seconds", "done"), ((each.name, f"{each.seconds:,.1f}", each.done) for each in steps))


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Each row is printed as soon as it is there: some take minutes."""
    _say(f"## {title}\n")
    for cells in chain((heads, ["---"] * len(heads)), rows):
        _say("| " + " | ".join(cells) + " |")
    _say("")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - its report is what it prints


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fill a card log with a year of England and measure it.")
    parser.add_argument("--events", type=int, required=True, help="evaluations over the year")
    parser.add_argument("--database", choices=list(_KINDS), required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where the database is made; a short path")
    parser.add_argument("--keep", action="store_true", help="leave the database there")
    parser.add_argument("--days", type=int, default=365, help="fewer for a trial")
    parser.add_argument("--runs", type=int, default=40, help="how often each question is asked")
    parser.add_argument("--seconds", type=float, default=40.0, help="how long is written")
    options = parser.parse_args(arguments)
    if options.events < options.days or options.days < 1 or options.runs < 1:
        parser.error("--events: at least one a day; --days and --runs: at least 1")
    return options


if __name__ == "__main__":
    sys.exit(main())
