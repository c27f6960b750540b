"""What the page of episodes divides by: orders whose end is known, of windows that are over."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from io import StringIO

import figure_log
import pytest
from event_builders import a_key, carded
from reader import Reader
from test_site import plain

from cds_service.cardlog.episodes import work_out_window
from cds_service.cardlog.events import CallRecord
from cds_service.monitor.sources import Sources

OVER, OPEN = date(2026, 11, 16), date(2026, 11, 23)
"""Windows of a week; the second was last worked out on the Sunday with which it ends."""


def _orders(day: date, number: int, *, signed: bool) -> list[CallRecord]:
    """Orders that had a card on a day, and were signed for the same scan or not."""
    first = (day - OVER).days * 100 + (50 if signed else 0)
    hook = "order-sign" if signed else "order-select"
    return [
        carded(each, occurred_on=day, order_key=a_key(f"o{each}"), hook=hook) for each in range(first, first + number)
    ]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sources]:
    """Twenty signed, ten not, ten cut on the last day; in the open window thirty signed, and ten that may yet be."""
    records = [
        *_orders(OVER, 20, signed=True),
        *_orders(OVER, 10, signed=False),
        *_orders(OVER + timedelta(days=6), 10, signed=False),
        *_orders(OPEN, 30, signed=True),
        *_orders(OPEN, 10, signed=False),
    ]
    engine = figure_log.of_records(tmp_path_factory.mktemp("log") / "log.sqlite3", records)
    for window in (OVER, OPEN):
        work_out_window(engine, window, 7, OPEN + timedelta(days=6))
    yield figure_log.sources_of(engine)
    engine.dispose()


def _rows(sources: Sources, panel: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(Reader(sources).text(f"/monitor/episodes/{panel}.csv"))))


@pytest.mark.parametrize("panel", ["states", "over-time"])
def test_signed_anyway_is_of_orders_whose_end_is_known(sources: Sources, panel: str) -> None:
    """On every panel, as in the opening; cut ones stand beside and in no other number."""
    [row] = _rows(sources, panel)

    assert (row["orders_ended"], row["signed_anyway"], row["not_signed"], row["cut"]) == ("30", "20", "10", "10")
    assert row["signed_anyway_percent"] == "66.7"
    assert "signed anyway: 67% (20 of 30)" in plain(Reader(sources).text("/monitor/episodes"))


def test_windows_that_are_not_over_are_left_out(sources: Sources) -> None:
    """Orders that were signed are known at once, those that were not only at its end."""
    assert [row["window_from"] for row in _rows(sources, "over-time")] == ["2026-11-16"]
    assert _rows(replace(sources, window_days=21), "over-time") == []
