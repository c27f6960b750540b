"""The monitor's questions, each asked many times about different regions, quarters and clients."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from size_england import CLIENTS, REGIONS
from sqlalchemy import Engine

from cds_service.cardlog import reports
from cds_service.cardlog.report_rows import Filters

TARGET_MS: Final = 300.0
"""What the 95th percentile of each question has to keep to, in milliseconds."""

_QUARTER: Final = timedelta(days=90)


class Question(NamedTuple):
    """One question of the monitor.

    Attributes:
        name: what is asked, of whom, for how long.
        ask: the report.
        filters: for the n-th time of asking.
    """

    name: str
    ask: Callable[[Engine, Filters], Sequence[Any]]
    filters: Callable[[int], Filters]


class Answered(NamedTuple):
    """How a question was answered, in milliseconds, and how much the longest answer held."""

    name: str
    p50: float
    p95: float
    most: int


def questions(first: date, last: date) -> list[Question]:
    """The questions about a log from the first to the last day."""
    year = Filters(first=first, last=last)

    def country(_: int) -> Filters:
        return year

    def country_quarter(n: int) -> Filters:
        begin = first + (n % 4) * _QUARTER
        return Filters(first=begin, last=min(begin + _QUARTER, last))

    def region(n: int) -> Filters:
        return replace(year, regions=(REGIONS[n % len(REGIONS)],))

    def region_quarter(n: int) -> Filters:
        return replace(country_quarter(n), regions=(REGIONS[n % len(REGIONS)],))

    def client(n: int) -> Filters:
        return replace(year, client_id=list(CLIENTS)[n % len(CLIENTS)])

    def signed_mri(n: int) -> Filters:
        return replace(region(n), modality="mri", hook="order-sign")

    def country_signed_mri(_: int) -> Filters:
        return replace(year, modality="mri", hook="order-sign")

    def five_regions(n: int) -> Filters:
        return replace(year, regions=tuple(REGIONS[(n + each) % len(REGIONS)] for each in range(5)))

    def week(n: int) -> Filters:
        begin = last - timedelta(days=7 * (n % 12) + 6)
        return Filters(first=begin, last=begin + timedelta(days=6))

    asked: tuple[tuple[str, Callable[[Engine, Filters], Sequence[Any]], dict[str, Callable[[int], Filters]]], ...] = (
        (
            "counts by week",
            reports.weekly_counts,
            {
                "one region, a quarter": region_quarter,
                "one region, a year": region,
                "five regions, a year": five_regions,
                "one EHR, a year": client,
                "the country, signed MRI, a year": country_signed_mri,
                "the country, a year": country,
            },
        ),
        ("counts by EHR", reports.client_counts, {"one region, a year": region, "the country, a year": country}),
        (
            "counts by practice",
            reports.practice_counts,
            {
                "one region, a quarter": region_quarter,
                "one region, signed MRI, a year": signed_mri,
                "one region, a year": region,
            },
        ),
        (
            "override reasons",
            reports.override_reasons,
            {"one region, a quarter": region_quarter, "one region, a year": region, "the country, a year": country},
        ),
        (
            "override reasons by practice",
            reports.override_reasons_by_practice,
            {"one region, a quarter": region_quarter, "one region, a year": region},
        ),
        (
            "episodes",
            reports.episode_states,
            {"one region, a year": region, "one EHR, a year": client, "the country, a year": country},
        ),
        (
            "red-flag list",
            reports.red_flag_cards,
            {
                "one region, a quarter": region_quarter,
                "one region, a year": region,
                "five regions, a year": five_regions,
                "one region, CES, a year": lambda n: replace(region(n), outcomes=("ces",)),
                "each region by name, a year": lambda _: replace(year, regions=REGIONS),
                "the country, a week": week,
                "the country, a year": country,
            },
        ),
        (
            "calls by EHR and result",
            reports.call_counts,
            {
                "the country, a week": week,
                "the country, a quarter": country_quarter,
                "one EHR, a year": client,
                "the country, a year": country,
            },
        ),
        (
            "unknown procedure codes",
            reports.unknown_procedures,
            {"one EHR, a year": client, "the country, a year": country},
        ),
    )
    return [Question(f"{name}: {span}", ask, filters) for name, ask, spans in asked for span, filters in spans.items()]


def answered(engine: Engine, question: Question, runs: int) -> Answered:
    """Ask a question a number of times; the first time counts, too."""
    milliseconds, most = [], 0
    for number in range(runs):
        filters = question.filters(number)
        began = time.perf_counter()
        rows = question.ask(engine, filters)
        milliseconds.append((time.perf_counter() - began) * 1_000)
        most = max(most, len(rows))
    return Answered(question.name, percentile(milliseconds, 50), percentile(milliseconds, 95), most)


def percentile(values: Sequence[float], share: int) -> float:
    """The smallest value that a share (1 to 100) of the values does not exceed.

    Raises:
        IndexError: there are no values.
    """
    return sorted(values)[-(-len(values) * share // 100) - 1]
