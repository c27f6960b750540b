"""The card log's tables, the same on SQLite and PostgreSQL, and the list of columns that they may have.

Every text column is as wide as its form in `forms` allows, so that no event can be refused for its length.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    TypeDecorator,
)

from cds_service.cardlog.events import EvaluationEvent, FeedbackEvent

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC, also on SQLite, which keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give back what was written: UTC. A naive value comes from SQLite and is in UTC already."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


evaluation: Final = Table(
    "evaluation",
    metadata,
    Column("event_id", String(36), primary_key=True),
    Column("occurred_on", Date, nullable=False),
    Column("occurred_hour", SmallInteger, nullable=False),
    Column("region", String(64), nullable=False),
    Column("pathway_id", String(64)),
    Column("pathway_version", String(80)),
    Column("rule_id", String(64), nullable=False),
    Column("outcome", String(40), nullable=False),
    Column("indicator", String(16)),
    Column("card_id", String(36)),
    Column("card_count", Integer, nullable=False),
    Column("modality", String(16), nullable=False),
    Column("body_region_group", String(16), nullable=False),
    Column("known_by", String(16), nullable=False),
    Column("setting", String(32), nullable=False),
    Column("setting_evidence", String(80)),
    Column("requester_category", String(64), nullable=False),
    Column("organisation", String(12)),
    Column("pcn", String(80)),
    Column("borough", String(80)),
    Column("region_conflict", Boolean, nullable=False),
    Column("indication_present", Boolean, nullable=False),
    Column("indication_groups", String(500), nullable=False),
    Column("oncology", String(16), nullable=False),
    Column("age_band", String(8), nullable=False),
    Column("fcp_listing", String(32), nullable=False),
    Column("hook", String(64), nullable=False),
    Column("client_id", String(64), nullable=False),
    Column("latency_ms", Integer, nullable=False),
    Column("configuration_flags", String(200), nullable=False),
    Column("software_version", String(64), nullable=False),
    Index(None, "occurred_on"),
    Index(None, "region", "outcome", "occurred_on"),
    Index(None, "card_id"),
)
"""One row per evaluated MSK imaging order (`EvaluationEvent`)."""

feedback: Final = Table(
    "feedback",
    metadata,
    Column("event_id", String(36), primary_key=True),
    Column("received_on", Date, nullable=False),
    Column("received_hour", SmallInteger, nullable=False),
    Column("service_id", String(64), nullable=False),
    Column("card_id", String(36)),
    Column("outcome", String(16), nullable=False),
    Column("suggestion_accepted", Boolean, nullable=False),
    Column("override_reason_code", String(64)),
    Column("override_reason_system", String(200)),
    Column("had_comment", Boolean, nullable=False),
    Column("outcome_timestamp", UtcDateTime, nullable=False),
    Index(None, "received_on"),
    Index(None, "card_id"),
)
"""One row per feedback entry (`FeedbackEvent`), repeats and contradictions included."""

ALLOWED_COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    "evaluation": frozenset(
        {
            "event_id",
            "occurred_on",
            "occurred_hour",
            "region",
            "pathway_id",
            "pathway_version",
            "rule_id",
            "outcome",
            "indicator",
            "card_id",
            "card_count",
            "modality",
            "body_region_group",
            "known_by",
            "setting",
            "setting_evidence",
            "requester_category",
            "organisation",
            "pcn",
            "borough",
            "region_conflict",
            "indication_present",
            "indication_groups",
            "oncology",
            "age_band",
            "fcp_listing",
            "hook",
            "client_id",
            "latency_ms",
            "configuration_flags",
            "software_version",
        }
    ),
    "feedback": frozenset(
        {
            "event_id",
            "received_on",
            "received_hour",
            "service_id",
            "card_id",
            "outcome",
            "suggestion_accepted",
            "override_reason_code",
            "override_reason_system",
            "had_comment",
            "outcome_timestamp",
        }
    ),
}
"""What each table may hold, by name. Adding to it is an information-governance decision: a test holds the
tables, the events and `docs/card-log.md` to this list."""


def evaluation_row(event: EvaluationEvent) -> dict[str, object]:
    """The event as the row that is stored."""
    return {
        "event_id": event.event_id,
        "occurred_on": event.occurred_on,
        "occurred_hour": event.occurred_hour,
        "region": event.region,
        "pathway_id": event.pathway_id,
        "pathway_version": event.pathway_version,
        "rule_id": event.rule_id,
        "outcome": str(event.outcome),
        "indicator": None if event.indicator is None else str(event.indicator),
        "card_id": event.card_id,
        "card_count": event.card_count,
        "modality": str(event.modality),
        "body_region_group": str(event.body_region_group),
        "known_by": str(event.known_by),
        "setting": str(event.setting),
        "setting_evidence": event.setting_evidence,
        "requester_category": event.requester_category,
        "organisation": event.organisation,
        "pcn": event.pcn,
        "borough": event.borough,
        "region_conflict": event.region_conflict,
        "indication_present": event.indication_present,
        "indication_groups": ",".join(event.indication_groups),
        "oncology": str(event.oncology),
        "age_band": str(event.age_band),
        "fcp_listing": str(event.fcp_listing),
        "hook": event.hook,
        "client_id": event.client_id,
        "latency_ms": event.latency_ms,
        "configuration_flags": event.configuration_flags,
        "software_version": event.software_version,
    }


def feedback_row(event: FeedbackEvent) -> dict[str, object]:
    """The event as the row that is stored."""
    return {
        "event_id": event.event_id,
        "received_on": event.received_on,
        "received_hour": event.received_hour,
        "service_id": event.service_id,
        "card_id": event.card_id,
        "outcome": str(event.outcome),
        "suggestion_accepted": event.suggestion_accepted,
        "override_reason_code": event.override_reason_code,
        "override_reason_system": event.override_reason_system,
        "had_comment": event.had_comment,
        "outcome_timestamp": event.outcome_timestamp,
    }
