"""Invented events over some weeks, and a database to put them in, for the tests of what is worked out from events."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Table, func, select

from cds_service.cardlog import schema
from cds_service.cardlog.bands import AgeBand, BodyRegionGroup
from cds_service.cardlog.databases import open_engine, transaction
from cds_service.cardlog.events import CallRecord, CardEvent, EvaluationEvent, FeedbackEvent, FeedbackOutcome
from cds_service.cardlog.migrating import bring_up_to_date
from cds_service.cardlog.rollup_schema import ROLLUP_TABLES
from cds_service.cardlog.rows import Record, Row, rows_of
from cds_service.cardlog.store import CardLogStore, Counts
from cds_service.pathway.facts import FcpListing, KnownBy, Modality, Oncology, Setting
from cds_service.pathway.outcomes import Indicator, Outcome

WRITER_ID = "00000000-0000-4000-8000-000000000001"
ANOTHER_WRITER_ID = "00000000-0000-4000-8000-000000000002"
MONDAY = date(2026, 11, 2)
"""The first of the generated days; they reach into the next month."""


class Log:
    """A card log's database: what is written into it, and its tables as rows by name."""

    def __init__(self, database_url: str) -> None:
        bring_up_to_date(database_url)
        self.url = database_url
        self.engine = open_engine(database_url)
        self._stores = {writer: CardLogStore(database_url, writer) for writer in (WRITER_ID, ANOTHER_WRITER_ID)}

    def write(self, *records: Record, writer_id: str = WRITER_ID) -> None:
        """Store records as a process of the service does."""
        self._stores[writer_id].write(rows_of(records))

    def count_calls(self, *calls: Row, writer_id: str = WRITER_ID) -> None:
        """Store sums of calls as a process of the service does."""
        self._stores[writer_id].write_counts(Counts(calls, []))

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """A table's rows, in the order of their keys."""
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]

    def figures(self) -> dict[str, list[dict[str, Any]]]:
        """All tables of figures."""
        return {table.name: self.rows(table) for table in ROLLUP_TABLES}

    def close(self) -> None:
        """Close its connections."""
        self.engine.dispose()
        for store in self._stores.values():
            store.dispose()


@contextmanager
def a_log(database_url: str) -> Iterator[Log]:
    """A card log's empty database."""
    log = Log(database_url)
    try:
        yield log
    finally:
        log.close()


def evaluations_in(store: CardLogStore) -> int:
    """How many evaluations are stored in its database."""
    with transaction(store._engine) as connection:
        return connection.execute(select(func.count()).select_from(schema.evaluation)).scalar_one()


def an_id(number: int) -> str:
    """A uuid that sorts by its number."""
    return str(UUID(int=number))


def a_key(name: str) -> bytes:
    """16 bytes of an order or a session."""
    return name.encode().ljust(16, b"-")


def evaluation(**changes: Any) -> EvaluationEvent:  # noqa: ANN401 - any field of the event
    """A GP's knee MRI, signed without a card, changed as the keywords say."""
    values: dict[str, Any] = {
        "occurred_on": MONDAY,
        "occurred_hour": 9,
        "region": "nwl",
        "pathway_id": "nwl",
        "pathway_version": "1.2",
        "rule_id": "nwl.redirect",
        "outcome": Outcome.REDIRECT,
        "indicator": None,
        "card_id": None,
        "card_count": 1,
        "modality": Modality.MRI,
        "body_region_group": BodyRegionGroup.LOWER_LIMB,
        "known_by": KnownBy.CODE,
        "setting": Setting.GENERAL_PRACTICE,
        "setting_evidence": None,
        "requester_category": "gp",
        "organisation": "Z99001",
        "pcn": "Larkfield PCN",
        "borough": "Brent",
        "region_conflict": False,
        "indication_present": True,
        "indication_groups": (),
        "oncology": Oncology.NONE,
        "age_band": AgeBand.FROM_18_TO_64,
        "fcp_listing": FcpListing.NONE,
        "hook": "order-sign",
        "client_id": "demo-ehr",
        "latency_ms": 7,
        "mode": "live",
        "software_version": "0.1.0",
    }
    return EvaluationEvent(**{**values, **changes})


def carded(
    card_number: int,
    *,
    indicator: Indicator = Indicator.WARNING,
    orders: int = 1,
    **changes: Any,  # noqa: ANN401 - any field of the event
) -> CallRecord:
    """A call whose orders share one card."""
    card_id = an_id(card_number)
    events = [evaluation(card_id=card_id, indicator=indicator, **changes) for _ in range(orders)]
    lead = events[0]
    return CallRecord(events, [CardEvent(card_id, lead.occurred_on, lead.event_id, 1, lead.outcome, indicator, orders)])


def feedback(card_id: str | None, **changes: Any) -> FeedbackEvent:  # noqa: ANN401 - any field of the event
    """An acceptance on the first Monday, changed as the keywords say."""
    values: dict[str, Any] = {
        "received_on": MONDAY,
        "received_hour": 10,
        "service_id": "msk-imaging-pathway",
        "client_id": "demo-ehr",
        "card_id": card_id,
        "outcome": FeedbackOutcome.ACCEPTED,
        "suggestion_accepted": True,
        "suggestion_id": None,
        "override_reason_code": None,
        "override_reason_system": None,
        "had_comment": False,
        "outcome_timestamp": datetime(2026, 11, 2, 10, tzinfo=UTC),
    }
    return FeedbackEvent(**{**values, **changes})


def overridden(card_id: str | None, code: str | None = "patient-ineligible", **changes: Any) -> FeedbackEvent:  # noqa: ANN401 - any field of the event
    """An override with a coded reason, changed as the keywords say."""
    values: dict[str, Any] = {
        "outcome": FeedbackOutcome.OVERRIDDEN,
        "suggestion_accepted": False,
        "override_reason_code": code,
        "override_reason_system": None if code is None else "http://example.org/reasons",
    }
    return feedback(card_id, **{**values, **changes})


def some_calls(seed: int, how_many: int) -> list[CallRecord]:
    """Calls of five weeks: one to three orders, with a card or without, some of the facts unknown."""
    choose = random.Random(seed)
    return [_a_call(choose, number) for number in range(1, how_many + 1)]


def _a_call(choose: random.Random, number: int) -> CallRecord:
    shown = choose.random() < 0.7
    place = choose.choice([("Z99001", "Larkfield PCN", "Brent"), ("Z99002", None, "Harrow"), (None, None, None)])
    orders = choose.randint(1, 3)
    facts: dict[str, Any] = {
        "occurred_on": MONDAY + timedelta(days=choose.randrange(35)),
        "occurred_hour": choose.randrange(24),
        "region": choose.choice(["nwl", "nel"]),
        "outcome": choose.choice([Outcome.REDIRECT, Outcome.CES, Outcome.ONCOLOGY, Outcome.LUMP]),
        "modality": choose.choice([Modality.MRI, Modality.USS]),
        "organisation": place[0],
        "pcn": place[1],
        "borough": place[2],
        "hook": choose.choice(["order-select", "order-sign"]),
        "client_id": choose.choice(["demo-ehr", "another-ehr"]),
        "known_by": choose.choice(list(KnownBy)),
        "setting": choose.choice([Setting.GENERAL_PRACTICE, Setting.UNKNOWN]),
        "oncology": choose.choice([Oncology.NONE, Oncology.UNKNOWN]),
        "indication_present": choose.random() < 0.5,
    }
    if shown:
        return carded(number, orders=orders, **facts)
    return CallRecord([evaluation(**facts) for _ in range(orders)])


def some_feedback(seed: int, calls: Sequence[CallRecord], how_many: int) -> list[FeedbackEvent]:
    """Feedback that comes late, twice, contradicts itself, at the same second, or for cards that nobody knows."""
    choose = random.Random(seed)
    shown = [card for call in calls for card in call.cards]
    return [_an_entry(choose, choose.choice(shown)) for _ in range(how_many)]


def _an_entry(choose: random.Random, card: CardEvent) -> FeedbackEvent:
    card_id = choose.choice([card.card_id, card.card_id, card.card_id, an_id(10**9), None])
    seconds = choose.choice([0, 0, 60, 3600])
    build: Callable[..., FeedbackEvent] = choose.choice([feedback, overridden])
    entry = build(
        card_id,
        received_on=card.occurred_on + timedelta(days=choose.choice([0, 0, 1, 40])),
        received_hour=choose.randrange(24),
        had_comment=choose.random() < 0.5,
        outcome_timestamp=datetime(2026, 11, 2, 10, tzinfo=UTC) + timedelta(seconds=seconds),
    )
    if entry.outcome is FeedbackOutcome.ACCEPTED:
        return entry
    code = choose.choice(["patient-ineligible", "no-such-service", None])
    return overridden(
        card_id,
        code,
        received_on=entry.received_on,
        received_hour=entry.received_hour,
        had_comment=entry.had_comment,
        outcome_timestamp=entry.outcome_timestamp,
    )
