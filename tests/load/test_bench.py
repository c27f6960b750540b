import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import bench
import orjson
import pytest
from bench import main
from figures import WITH_TOKEN, Figures, Log, Measured, Pair, Upkeep
from loads import Options
from scenarios import Scenario
from servers import Kind, Memory, VoidRunError


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    """The benchmark takes two signals; give them back to pytest."""
    before = {number: signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def measured(share: float, ceiling: float = 5000.0) -> Measured:
    """A run in which the service reaches `share` of a bare app at 1000 answers per second."""
    upkeep = Upkeep(Memory(70.0, 80.0), (1.0, 1.0, 1.0))
    service, bare_app = (Figures(rate, 0.002, 0.005, 1.0) for rate in (1000 * share, 1000))
    with_token = Pair(Figures(400, 0.002, 0.005, 1.0), Figures(400, 0.002, 0.005, 1.0))
    return Measured(
        subject=Kind.SERVICE,
        rounds={
            scenario: [with_token if scenario in WITH_TOKEN.values() else Pair(service, bare_app)]
            for scenario in Scenario
        },
        ceilings=dict.fromkeys(Scenario, ceiling),
        service=upkeep,
        service_with_tokens=upkeep,
        bare_app=upkeep,
        log=Log(10, 10),
    )


@pytest.mark.parametrize(
    ("arguments", "run", "code"),
    [
        ([], measured(0.5), 0),
        ([], measured(0.1), 0),
        (["--strict"], measured(0.5), 0),
        (["--strict"], measured(0.1), 1),
        (["--strict"], measured(0.5, ceiling=1400), 2),
    ],
)
def test_the_exit_code_tells_measured_missed_and_void(
    arguments: list[str], run: Measured, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A miss fails the run only when that was asked for; a client too slow to tell always does."""
    monkeypatch.setattr(bench, "measure", lambda _options: run)

    assert main(arguments) == code


def test_a_void_run_says_why(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong answer, say, ends the run with its reason and without figures."""

    def wrong_answers(_options: Options) -> Measured:
        raise VoidRunError("service, in-scope: 3 failures")

    monkeypatch.setattr(bench, "measure", wrong_answers)

    assert main([]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "The run is void: service, in-scope: 3 failures" in printed.err


def test_the_figures_are_written_to_a_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the setting in which they were measured."""
    monkeypatch.setattr(bench, "measure", lambda _options: measured(0.5))

    main(["--json", str(tmp_path / "figures.json"), "--rounds", "2"])

    figures = orjson.loads((tmp_path / "figures.json").read_bytes())
    assert figures["setting"].startswith("2 rounds of 1.2 s, 32 connections")
    assert figures["scenarios"]["out-of-scope"]["ratio"] == 0.5


def test_the_default_run_is_over_in_three_and_a_half_minutes() -> None:
    """A stuck run is given up within a minute after that."""
    limit = bench._limit(bench._parse([]))

    assert limit - bench.SPARE < 210
    assert limit < 270


@pytest.mark.parametrize("arguments", [["--rounds", "0"], ["--seconds", "0"], ["--seconds", "61"]])
def test_a_run_without_bounds_or_rounds_is_refused(arguments: list[str]) -> None:
    """The command line is checked before anything starts."""
    with pytest.raises(SystemExit):
        main(arguments)


def test_rows_are_counted_in_the_largest_table_of_the_card_log(tmp_path: Path) -> None:
    """The log's own book-keeping tables are smaller than the log."""
    with sqlite3.connect(tmp_path / "log.sqlite") as connection:
        connection.execute("CREATE TABLE version (number TEXT)")
        connection.execute("CREATE TABLE evaluation (rule TEXT)")
        connection.executemany("INSERT INTO evaluation VALUES (?)", [("N1",), ("N2",), ("E1",)])
    connection.close()

    assert bench._rows(tmp_path / "log.sqlite") == 3
