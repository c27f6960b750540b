"""Real databases, builders of events and ways to break a database, shared by the card log's tests."""

import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, select, text

from cds_service.cardlog.bands import AgeBand, BodyRegionGroup
from cds_service.cardlog.databases import open_engine
from cds_service.cardlog.events import (
    CallRecord,
    CardEvent,
    EvaluationEvent,
    FeedbackEvent,
    FeedbackOutcome,
    SuggestionEvent,
)
from cds_service.cardlog.migrating import bring_up_to_date
from cds_service.cardlog.schema import metadata
from cds_service.cardlog.store import CardLogStore
from cds_service.pathway.facts import FcpListing, Indication, KnownBy, Modality, Oncology, Setting
from cds_service.pathway.outcomes import Indicator, Outcome

sys.path.append(str(Path(__file__).parent))  # so that the tests share the builders and stand-ins of this folder

NEED_TABLES = frozenset({"store", "log"})
"""Fixtures that bring a database up to date. Migrating takes a second on PostgreSQL, a copy a tenth of that."""

WRITER_ID = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def an_evaluation() -> Callable[..., EvaluationEvent]:
    """Build a GP's knee MRI in North West London that is redirected, changed as the keywords say."""

    def build(**changes: Any) -> EvaluationEvent:  # noqa: ANN401 - any field of the event
        values: dict[str, Any] = {
            "occurred_on": date(2026, 11, 21),
            "occurred_hour": 9,
            "region": "nwl",
            "pathway_id": "nwl",
            "pathway_version": "1.2",
            "rule_id": "nwl.redirect",
            "outcome": Outcome.REDIRECT,
            "indicator": Indicator.WARNING,
            "card_id": str(uuid4()),
            "card_count": 1,
            "modality": Modality.MRI,
            "body_region_group": BodyRegionGroup.LOWER_LIMB,
            "known_by": KnownBy.CODE,
            "setting": Setting.GENERAL_PRACTICE,
            "setting_evidence": "requester.organization",
            "requester_category": "gp",
            "organisation": "Z99001",
            "pcn": "Larkfield PCN",
            "borough": "Brent",
            "region_conflict": False,
            "indication_present": True,
            "indication_groups": (Indication.PAIN,),
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

    return build


@pytest.fixture
def a_call(an_evaluation: Callable[..., EvaluationEvent]) -> Callable[..., CallRecord]:
    """Build the record of a call: one evaluation, changed as the keywords say, its card and the card's suggestion."""

    def build(**changes: Any) -> CallRecord:  # noqa: ANN401 - any field of the event
        event = an_evaluation(**changes)
        if event.card_id is None or event.indicator is None:
            return CallRecord([event])
        offered = (SuggestionEvent(str(uuid4()), 1, 1),)
        card = CardEvent(
            event.card_id, event.occurred_on, event.event_id, 1, event.outcome, event.indicator, 1, offered
        )
        return CallRecord([event], [card])

    return build


@pytest.fixture
def a_feedback() -> Callable[..., FeedbackEvent]:
    """Build an override with a coded reason, changed as the keywords say."""

    def build(**changes: Any) -> FeedbackEvent:  # noqa: ANN401 - any field of the event
        values: dict[str, Any] = {
            "received_on": date(2026, 11, 21),
            "received_hour": 9,
            "service_id": "msk-imaging-pathway",
            "client_id": "demo-ehr",
            "card_id": str(uuid4()),
            "outcome": FeedbackOutcome.OVERRIDDEN,
            "suggestion_accepted": False,
            "suggestion_id": None,
            "override_reason_code": "patient-ineligible",
            "override_reason_system": "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes",
            "had_comment": True,
            "outcome_timestamp": datetime(2026, 11, 21, 9, 30, 15, tzinfo=UTC),
        }
        return FeedbackEvent(**{**values, **changes})

    return build


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the card log's tables, to be copied."""
    path = tmp_path_factory.mktemp("with-tables") / "card-log.sqlite3"
    bring_up_to_date(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_with_tables(postgresql_server: Callable[..., str]) -> str:
    """A PostgreSQL database with the card log's tables, to be copied."""
    url = postgresql_server()
    bring_up_to_date(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind that the card log speaks; a copy with tables where the test writes a log."""
    has_tables = not NEED_TABLES.isdisjoint(request.fixturenames)
    if request.param == "sqlite":
        path = tmp_path / "card-log.sqlite3"
        if has_tables:
            shutil.copyfile(request.getfixturevalue("sqlite_with_tables"), path)
        return f"sqlite:///{path}"
    new_database: Callable[..., str] = request.getfixturevalue("postgresql_server")
    return new_database(request.getfixturevalue("postgresql_with_tables")) if has_tables else new_database()


@pytest.fixture
def store(database_url: str) -> Iterator[CardLogStore]:
    """A card log's database with its tables."""
    bring_up_to_date(database_url)
    card_log_store = CardLogStore(database_url, WRITER_ID)
    yield card_log_store
    card_log_store.dispose()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The way to the test's database."""
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def run_sql(database_url: str) -> Callable[..., None]:
    """Run statements on the test's database beside the store, as an administrator might."""
    url = database_url.replace("postgresql://", "postgresql+psycopg://")

    def run(*statements: str) -> None:
        engine = create_engine(url)
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    return run


@pytest.fixture
def rows_of_table(database_url: str) -> Callable[[str], list[dict[str, Any]]]:
    """Read a whole table beside the store."""
    url = database_url.replace("postgresql://", "postgresql+psycopg://")

    def read(table: str) -> list[dict[str, Any]]:
        engine = create_engine(url)
        with engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(select(metadata.tables[table])).mappings()]
        engine.dispose()
        return rows

    return read


@pytest.fixture
def refuse_client(database_url: str, run_sql: Callable[..., None]) -> Callable[[str], None]:
    """Make the database refuse each evaluation of one client."""

    def refuse(client_id: str) -> None:
        if database_url.startswith("sqlite"):
            run_sql(
                "CREATE TRIGGER refuse_client BEFORE INSERT ON evaluation "
                f"WHEN NEW.client_id = '{client_id}' BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
        else:
            run_sql(f"ALTER TABLE evaluation ADD CONSTRAINT refuse_client CHECK (client_id <> '{client_id}')")

    return refuse
