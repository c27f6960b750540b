"""A small card log of half a year, with many small counts, and the monitor in front of it."""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from event_builders import WRITER_ID, a_key, an_id, carded, evaluation, feedback, overridden
from sqlalchemy import Engine

from cds_service.cardlog.databases import open_engine
from cds_service.cardlog.episodes import windows_with_keys, work_out_window
from cds_service.cardlog.events import CallRecord
from cds_service.cardlog.migrating import bring_up_to_date
from cds_service.cardlog.rollups import roll_up_due
from cds_service.cardlog.rows import Record, rows_of
from cds_service.cardlog.store import CardLogStore, Counts
from cds_service.monitor.chart_rules import Rules
from cds_service.monitor.sources import Sources
from cds_service.pathway.facts import KnownBy, Modality, Oncology, Setting
from cds_service.pathway.loading import load_pathways
from cds_service.pathway.outcomes import Indicator, Outcome

TODAY = date(2026, 11, 30)
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
WEEKS = 16
PRACTICES = (
    ("nwl", "Z99001", "Larkfield PCN", "Brent"),
    ("nwl", "Z99002", "Larkfield PCN", "Brent"),
    ("nwl", "Z99003", None, "Ealing"),
    ("nel", "Z99101", "Primrose PCN", "Newham"),
    ("nel", "Z99102", "Primrose PCN", "Newham"),
    ("nwl", None, None, "Ealing"),
    ("nwl", None, None, None),
    ("unresolved", None, None, None),
)
_OUTCOMES = (
    (Outcome.REDIRECT, 60),
    (Outcome.REDIRECT_UNKNOWN_SETTING, 6),
    (Outcome.CES, 3),
    (Outcome.MSCC, 1),
    (Outcome.SUSPECTED_CANCER, 4),
    (Outcome.SUSPECTED_SARCOMA, 1),
    (Outcome.ONCOLOGY, 3),
    (Outcome.LUMP, 5),
    (Outcome.SPECIALIST_EXEMPT, 10),
    (Outcome.FCP_EXEMPT, 6),
    (Outcome.OUT_OF_POLICY, 3),
)
_WITHOUT_CARD = frozenset({Outcome.SPECIALIST_EXEMPT, Outcome.FCP_EXEMPT, Outcome.OUT_OF_POLICY})
_CRITICAL = frozenset({Outcome.CES, Outcome.MSCC})
_REASONS = ("patient-preference", "clinical-disagreement", "other", "assured-first-contact-practitioner", None)


def fill(path: Path, seed: int = 5, orders_a_week: int = 22) -> Engine:
    """Make a card log with its figures worked out.

    Args:
        path: of the SQLite file.
        seed: of what is invented.
        orders_a_week: about how many.
    """
    engine = of_records(path, _invented(random.Random(seed), orders_a_week), _counts())
    for window in windows_with_keys(engine, 7, TODAY):
        work_out_window(engine, window, 7, TODAY)
    return engine


def of_records(path: Path, records: Iterable[Record], counts: Counts | None = None) -> Engine:
    """Make a card log of some records, with its figures by week worked out."""
    url = f"sqlite:///{path}"
    bring_up_to_date(url)
    store = CardLogStore(url, WRITER_ID)
    store.write(rows_of([*records]))
    if counts is not None:
        store.write_counts(counts)
    store.dispose()
    engine = open_engine(url)
    roll_up_due(engine)
    return engine


def empty(path: Path) -> Engine:
    """Make a card log that holds nothing."""
    bring_up_to_date(f"sqlite:///{path}")
    return open_engine(f"sqlite:///{path}")


def sources_of(engine: Engine, now: datetime = NOW, rules: Rules | None = None) -> Sources:
    """What the monitor's pages are made from, of a deployment with the packaged pathways."""
    pathways = MappingProxyType({str(region): pathway for region, pathway in load_pathways().items()})
    return Sources(
        engine=engine,
        now=lambda: now,
        pathways=lambda: pathways,
        versions=lambda: [*pathways.values()],
        sign_offs=dict,
        organisation_name={"Z99001": "Larkspur Demo Surgery"}.get,
        client_footprints=dict,
        rules=rules if rules is not None else Rules(),
        window_days=7,
        is_demo=True,
    )


def _invented(choose: random.Random, orders_a_week: int) -> Iterator[Record]:
    first = TODAY - timedelta(weeks=WEEKS)
    number = 0
    for week in range(WEEKS):
        for _ in range(choose.randint(orders_a_week - 5, orders_a_week + 5)):
            number += 1
            yield from _an_order(choose, number, first + timedelta(days=7 * week + choose.randrange(5)))


def _an_order(choose: random.Random, number: int, day: date) -> Iterator[Record]:
    region, organisation, pcn, borough = choose.choice(PRACTICES)
    [outcome] = choose.choices([each for each, _ in _OUTCOMES], [weight for _, weight in _OUTCOMES])
    facts: dict[str, Any] = {
        "occurred_on": day,
        "region": region,
        "organisation": organisation,
        "pcn": pcn,
        "borough": borough,
        "outcome": outcome,
        "client_id": choose.choice(["ehr-one", "ehr-one", "ehr-two"]),
        "hook": choose.choice(["order-select", "order-sign"]),
        "modality": choose.choice([Modality.MRI, Modality.MRI, Modality.USS]),
        "indication_present": choose.random() < 0.8,
        "setting": choose.choice([Setting.GENERAL_PRACTICE] * 5 + [Setting.UNKNOWN]),
        "oncology": choose.choice([Oncology.NONE, Oncology.UNKNOWN]),
        "known_by": choose.choice([KnownBy.CODE] * 9 + [KnownBy.TEXT]),
        "order_key": a_key(f"o{number}"),
        "session_key": a_key(f"s{number}"),
    }
    if outcome in _WITHOUT_CARD:
        yield CallRecord([evaluation(**facts)])
        return
    indicator = Indicator.CRITICAL if outcome in _CRITICAL else Indicator.WARNING
    yield carded(number, indicator=indicator, **facts)
    if choose.random() < 0.2:
        other = Modality.USS if facts["modality"] is Modality.MRI else Modality.MRI
        changed = {**facts, "modality": other, "hook": "order-sign", "occurred_hour": 11}
        yield CallRecord([evaluation(**changed)])
    said = choose.random()
    if said < 0.5:
        yield [feedback(an_id(number), received_on=day)]
    elif said < 0.8:
        yield [overridden(an_id(number), choose.choice(_REASONS), received_on=day)]


def _counts() -> Counts:
    month = date(2026, 11, 1)
    calls = [
        (date(2026, 11, 2), 9, client, hook, result, WRITER_ID, calls)
        for client in ("ehr-one", "ehr-two")
        for hook in ("order-select", "order-sign")
        for result, calls in (("cards", 120), ("silent", 43), ("out_of_scope", 900), ("not_evaluated", 3))
    ]
    codes = [("=1+1", 5), ("MRXYZ", 214), ("USABC", 2)]
    unknown = [(month, "ehr-one", "http://example.org/codes", code, WRITER_ID, orders) for code, orders in codes]
    return Counts(calls, unknown)
