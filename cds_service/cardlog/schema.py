"""The card log's tables of events and counts, the same on SQLite and PostgreSQL.

Every text column is as wide as its form in `forms` allows, so that no event can be refused for its length. On
PostgreSQL the tables of events are partitioned by month, by the day that is part of each key; on SQLite those with
short rows are kept in the order of their key alone, one tree for each. What a column means and
why it is needed stands in `data_dictionary.csv`, which is the allow list; how the tables come about, in `migrations`.
"""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    TypeDecorator,
)
from sqlalchemy.dialects.sqlite import DATETIME
from sqlalchemy.types import TypeEngine

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


_AS_TEXT: Final = r"(\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+)\.(\d+)"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC, also on SQLite, which keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """On SQLite, read a year before 1000 without its zeros too: so it was written until it was noticed."""
        if dialect.name != "sqlite":
            return dialect.type_descriptor(self.impl_instance)
        return dialect.type_descriptor(DATETIME(regexp=_AS_TEXT))  # type: ignore[no-untyped-call]  # SQLAlchemy's own

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give back what was written: UTC. A naive value comes from SQLite and is in UTC already."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


evaluation: Final = Table(
    "evaluation",
    metadata,
    Column("event_id", String(36), primary_key=True),
    Column("occurred_on", Date, primary_key=True),
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
    Column("mode", String(16), nullable=False),
    Column("software_version", String(64), nullable=False),
    Index(None, "occurred_on"),
    postgresql_partition_by="RANGE (occurred_on)",
)
"""One row per evaluated MSK imaging order (`EvaluationEvent`)."""

episode_key: Final = Table(
    "episode_key",
    metadata,
    Column("event_id", String(36), primary_key=True),
    Column("occurred_on", Date, primary_key=True),
    Column("order_key", LargeBinary(16)),
    Column("session_key", LargeBinary(16)),
    Index(None, "occurred_on"),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (occurred_on)",
)
"""What the firings of one order share, apart from the events so that it can be dropped soon (`episode_keys`)."""

card: Final = Table(
    "card",
    metadata,
    Column("card_id", String(36), primary_key=True),
    Column("occurred_on", Date, primary_key=True),
    Column("event_id", String(36), nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("outcome", String(40), nullable=False),
    Column("indicator", String(16), nullable=False),
    Column("orders", Integer, nullable=False),
    Column("suggestions", SmallInteger, nullable=False),
    Index(None, "occurred_on"),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (occurred_on)",
)
"""One row per card shown (`CardEvent`)."""

suggestion: Final = Table(
    "suggestion",
    metadata,
    Column("suggestion_id", String(36), primary_key=True),
    Column("occurred_on", Date, primary_key=True),
    Column("card_id", String(36), nullable=False),
    Column("creates", SmallInteger, nullable=False),
    Column("deletes", SmallInteger, nullable=False),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (occurred_on)",
)
"""One row per suggestion of a card (`SuggestionEvent`)."""

feedback: Final = Table(
    "feedback",
    metadata,
    Column("event_id", String(36), primary_key=True),
    Column("received_on", Date, primary_key=True),
    Column("received_hour", SmallInteger, nullable=False),
    Column("service_id", String(64), nullable=False),
    Column("client_id", String(64), nullable=False),
    Column("card_id", String(36)),
    Column("outcome", String(16), nullable=False),
    Column("suggestion_accepted", Boolean, nullable=False),
    Column("suggestion_id", String(36)),
    Column("override_reason_code", String(64)),
    Column("override_reason_system", String(200)),
    Column("had_comment", Boolean, nullable=False),
    Column("outcome_timestamp", UtcDateTime, nullable=False),
    Index(None, "received_on"),
    Index(None, "card_id"),
    postgresql_partition_by="RANGE (received_on)",
)
"""One row per feedback entry (`FeedbackEvent`), repeats and contradictions included."""

call_count: Final = Table(
    "call_count",
    metadata,
    Column("occurred_on", Date, primary_key=True),
    Column("occurred_hour", SmallInteger, primary_key=True),
    Column("client_id", String(64), primary_key=True),
    Column("hook", String(64), primary_key=True),
    Column("result", String(16), primary_key=True),
    Column("writer_id", String(36), primary_key=True),
    Column("calls", BigInteger, nullable=False),
)
"""Hook calls per hour and client, those out of scope among them. Each process keeps a row with its own sum, so that
writing it twice changes nothing."""

unknown_procedure_count: Final = Table(
    "unknown_procedure_count",
    metadata,
    Column("month", Date, primary_key=True),
    Column("client_id", String(64), primary_key=True),
    Column("code_system", String(200), primary_key=True),
    Column("code", String(18), primary_key=True),
    Column("writer_id", String(36), primary_key=True),
    Column("orders", BigInteger, nullable=False),
)
"""Selected orders per month and client whose procedure code is on no list: what a site may have to map."""

rollup_due: Final = Table(
    "rollup_due",
    metadata,
    Column("day", Date, primary_key=True),
    Column("writer_id", String(36), primary_key=True),
    Column("version", BigInteger, nullable=False),
)
"""Days whose figures must be worked out again. Each process marks rows of its own, so that none waits for another."""

EVENT_TABLES: Final = (evaluation, episode_key, card, suggestion, feedback)
"""The tables with one row per event, partitioned by month on PostgreSQL."""

COUNT_TABLES: Final = (call_count, unknown_procedure_count)
"""The tables of sums, each of which stands in the last column and only grows."""
