"""How fast events can be written into a large log while a service on the same database answers calls.

One process writes as the service's own thread does; the service is a real one, called at a steady rate.
"""

import asyncio
import multiprocessing
import random
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple
from uuid import uuid4

from loss_callers import Connection
from loss_services import Service
from scenarios import Scenario, calls
from servers import VoidRunError
from size_cases import Case, cases
from size_england import Place, england
from size_questions import percentile
from trust import SERVICE_PATH

from cds_service.cardlog.bands import AgeBand, BodyRegionGroup
from cds_service.cardlog.databases import CardLogStoreError, open_engine
from cds_service.cardlog.events import CallRecord, CardEvent, EvaluationEvent, SuggestionEvent
from cds_service.cardlog.rows import Rows, rows_of
from cds_service.cardlog.store import CardLogStore
from cds_service.cardlog.upkeep import Upkeep
from cds_service.london_time import london_day_and_hour
from cds_service.pathway.facts import FcpListing, Indication, KnownBy, Modality, Oncology, Setting
from cds_service.pathway.outcomes import Indicator, Outcome
from cds_service.protocol.identifiers import ordered_uuid

CALLS_PER_S: Final = 50
"""Calls that the service answers meanwhile, per second."""

_SMALLEST_BATCH: Final = 50
_LARGEST_BATCH: Final = 500
_MOST_TRIES: Final = 20


class Written(NamedTuple):
    """What one process wrote.

    Attributes:
        events: evaluations.
        seconds: how long it took, with making them.
        batches_ms: how long each batch took to be on a disk, in milliseconds.
        failures: how often the database did not take a batch, which was then tried again; the service's own thread
            would have used its spool.
    """

    events: int
    seconds: float
    batches_ms: list[float]
    failures: int


class Beside(NamedTuple):
    """What went on beside the writing.

    Attributes:
        answers_ms: how long the service took to answer each call, in milliseconds.
        upkeep_s: how long each run of the upkeep took, in seconds.
    """

    answers_ms: list[float]
    upkeep_s: list[float]


def write_for(database_url: str, seconds: float) -> Written:
    """Write batches one after the other, as fast as they go.

    Args:
        database_url: the card log's.
        seconds: how long.
    """
    choose = random.Random()
    store = CardLogStore(database_url, str(uuid4()))
    country, kinds = england(), cases()
    events, failures, batches_ms = 0, 0, []
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        records = [
            a_record(choose, choose.choice(country.practices), choose.choice(kinds))
            for _ in range(choose.randint(_SMALLEST_BATCH, _LARGEST_BATCH))
        ]
        handed_over = time.perf_counter()
        failures += _failures_until_stored(store, rows_of(records))
        batches_ms.append((time.perf_counter() - handed_over) * 1_000)
        events += len(records)
    taken = time.perf_counter() - began
    store.dispose()
    return Written(events, taken, batches_ms, failures)


def _failures_until_stored(store: CardLogStore, rows: Rows) -> int:
    for failures in range(_MOST_TRIES):
        try:
            store.write(rows)
        except CardLogStoreError:
            continue
        return failures
    raise VoidRunError(f"the database refused a batch {_MOST_TRIES} times")


def a_record(choose: random.Random, place: Place, case: Case) -> CallRecord:
    """A call with one order of this kind, made just now, as the service makes it."""
    day, hour = london_day_and_hour(datetime.now(UTC))
    card_id = None if case.indicator is None else ordered_uuid()
    event = EvaluationEvent(
        event_id=ordered_uuid(),
        occurred_on=day,
        occurred_hour=hour,
        region=place.region,
        pathway_id=place.region,
        pathway_version="1.2",
        rule_id=f"{place.region}.{case.outcome}",
        outcome=Outcome(case.outcome),
        indicator=None if case.indicator is None else Indicator(case.indicator),
        card_id=card_id,
        card_count=0 if card_id is None else 1,
        modality=Modality(case.modality),
        body_region_group=BodyRegionGroup(case.body_region_group),
        known_by=KnownBy(case.known_by),
        setting=Setting(case.setting),
        setting_evidence=case.setting_evidence,
        requester_category=case.requester_category,
        organisation=place.organisation,
        pcn=place.pcn,
        borough=place.borough,
        region_conflict=False,
        indication_present=case.indication_present,
        indication_groups=(Indication(case.indication_groups),) if case.indication_groups else (),
        oncology=Oncology(case.oncology),
        age_band=AgeBand(case.age_band),
        fcp_listing=FcpListing(case.fcp_listing),
        hook=choose.choice(("order-select", "order-sign")),
        client_id=place.client_id,
        latency_ms=choose.randint(1, 9),
        mode="live",
        software_version="0.1.0",
        order_key=choose.randbytes(16),
        session_key=choose.randbytes(16),
    )
    if card_id is None:
        return CallRecord([event])
    suggestions = () if case.suggestion is None else (SuggestionEvent(ordered_uuid(), *case.suggestion),)
    indicator = event.indicator or Indicator.INFO
    return CallRecord([event], [CardEvent(card_id, day, event.event_id, 1, event.outcome, indicator, 1, suggestions)])


def written_beside_a_service(database_url: str, folder: Path, seconds: float) -> tuple[Written, Beside]:
    """Write for some seconds while a service answers calls and the upkeep runs.

    Args:
        database_url: the card log's.
        folder: an empty folder for the service's output and spool.
        seconds: how long.

    Raises:
        VoidRunError: the service does not start or end.
    """
    return asyncio.run(_beside_a_service(database_url, folder, seconds))


async def _beside_a_service(database_url: str, folder: Path, seconds: float) -> tuple[Written, Beside]:
    service = Service(folder, database_url)
    await service.start()
    beside = Beside([], [])
    try:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            writing = asyncio.wrap_future(pool.submit(write_for, database_url, seconds))
            others = [
                asyncio.create_task(_call(service.port, beside.answers_ms)),
                asyncio.create_task(asyncio.to_thread(_keep_up, database_url, writing, beside.upkeep_s)),
            ]
            written = await writing
            others[0].cancel()
            with suppress(asyncio.CancelledError):
                await others[0]
            await others[1]
    finally:
        await service.terminate()
    return written, beside


async def _call(port: int, answers_ms: list[float]) -> None:
    """Call at the steady rate until cancelled, one call after the other."""
    connection = Connection(port)
    prepared = calls(Scenario.IN_SCOPE, SERVICE_PATH)
    number = 0
    began = time.perf_counter()
    try:
        while True:
            start, before, after = prepared[number % len(prepared)]
            sent_at = time.perf_counter()
            await connection.send((start, before, str(uuid4()).encode(), after))
            answers_ms.append((time.perf_counter() - sent_at) * 1_000)
            number += 1
            await asyncio.sleep(max(0.0, began + number / CALLS_PER_S - time.perf_counter()))
    finally:
        connection.close()


def _keep_up(database_url: str, writing: "asyncio.Future[Written]", upkeep_s: list[float]) -> None:
    """Run the upkeep time and again while the writing goes on; the service's own may have its turn in between."""
    engine = open_engine(database_url)
    upkeep = Upkeep(engine)
    while not writing.done():
        began = time.perf_counter()
        upkeep.run_once()
        upkeep_s.append(time.perf_counter() - began)
        time.sleep(10)
    engine.dispose()


def shares(values: Sequence[float]) -> str:
    """The median, 95th percentile and largest of some values, in words."""
    if not values:
        return "none"
    return f"p50 {percentile(values, 50):,.1f}, p95 {percentile(values, 95):,.1f}, most {max(values):,.1f}"
