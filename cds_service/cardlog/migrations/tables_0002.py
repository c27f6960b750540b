"""The tables of revision 0002, as they were then."""

from typing import Final

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    text,
)

EVENT_TABLES: Final = ("evaluation", "episode_key", "card", "suggestion", "feedback")
"""The tables with one row per event, partitioned by month on PostgreSQL."""

COUNT_TABLES: Final = ("call_count", "unknown_procedure_count", "rollup_due")
"""The tables of counts, and of days whose figures are due."""

FIGURE_TABLES: Final = (
    "daily_count",
    "weekly_count",
    "weekly_practice_count",
    "weekly_override_count",
    "weekly_reason_count",
    "episode_count",
    "episode_state_count",
    "monthly_count",
)
"""The tables worked out from the events."""

_CRITICAL: Final = text("indicator = 'critical'")


def create_event_tables() -> None:
    """Make the tables of events; on PostgreSQL without a partition."""
    _create_evaluation()
    _create_cards()
    _create_feedback()
    _create_index("evaluation", "occurred_on")
    op.create_index(
        "ix_evaluation_critical",
        "evaluation",
        ["occurred_on", "region"],
        postgresql_where=_CRITICAL,
        sqlite_where=_CRITICAL,
    )
    _create_index("episode_key", "occurred_on")
    _create_index("card", "occurred_on")
    _create_index("feedback", "received_on")
    _create_index("feedback", "card_id")


def drop_event_indexes() -> None:
    """Drop the indexes of evaluations and feedback, whose names the revision before needs."""
    for name in (
        "ix_evaluation_occurred_on",
        "ix_evaluation_critical",
        "ix_feedback_received_on",
        "ix_feedback_card_id",
    ):
        op.drop_index(name)


def create_count_tables() -> None:
    """Make the tables that the service counts in beside the events."""
    op.create_table(
        "call_count",
        Column("occurred_on", Date, nullable=False),
        Column("occurred_hour", SmallInteger, nullable=False),
        _key_text("client_id", 64),
        _key_text("hook", 64),
        _key_text("result", 16),
        _key_text("writer_id", 36),
        _count("calls"),
        _key("call_count", "occurred_on", "occurred_hour", "client_id", "hook", "result", "writer_id"),
    )
    op.create_table(
        "unknown_procedure_count",
        Column("month", Date, nullable=False),
        _key_text("client_id", 64),
        _key_text("code_system", 200),
        _key_text("code", 18),
        _key_text("writer_id", 36),
        _count("orders"),
        _key("unknown_procedure_count", "month", "client_id", "code_system", "code", "writer_id"),
    )
    op.create_table(
        "rollup_due",
        Column("day", Date, nullable=False),
        _key_text("writer_id", 36),
        _count("version"),
        _key("rollup_due", "day", "writer_id"),
    )


def create_figure_tables() -> None:
    """Make the tables of figures."""
    taken = ("evaluations", "cards", "accepted", "suggestions_accepted", "overridden")
    place = {"borough": 80, "pcn": 80, "organisation": 12}
    kind = {"modality": 16, "outcome": 40}
    for table, since in (("daily_count", "day"), ("weekly_count", "week")):
        _create_figures(
            table,
            since,
            {"region": 64, "client_id": 64, "hook": 64, **kind},
            (*taken, "without_indication", "setting_unknown", "oncology_unknown", "known_by_text"),
        )
    _create_figures("weekly_practice_count", "week", {"region": 64, **place, "hook": 64, **kind}, taken)
    _create_figures(
        "weekly_override_count",
        "week",
        {"region": 64, **place, "client_id": 64, **kind, "reason_system": 200, "reason_code": 64},
        ("overrides", "commented"),
    )
    _create_figures(
        "weekly_reason_count",
        "week",
        {"region": 64, "client_id": 64, **kind, "reason_system": 200, "reason_code": 64},
        ("overrides", "commented"),
    )
    _create_figures(
        "episode_state_count",
        "window_start",
        {"region": 64, **kind, "state": 16, "changed_to_modality": 16},
        ("episodes", "firings"),
    )
    _create_figures(
        "episode_count",
        "window_start",
        {
            "region": 64,
            **place,
            "client_id": 64,
            "modality": 16,
            "body_region_group": 16,
            "outcome": 40,
            "state": 16,
            "changed_to_modality": 16,
            "changed_to_body_region_group": 16,
        },
        ("episodes", "firings"),
    )
    _create_figures("monthly_count", "month", {"region": 64, "hook": 64, **kind}, taken)
    _create_index("daily_count", "region", "day")
    for table in ("weekly_count", "weekly_practice_count", "weekly_override_count", "weekly_reason_count"):
        _create_index(table, "region", "week")
    for table in ("episode_count", "episode_state_count"):
        _create_index(table, "region", "window_start")


def _create_figures(table: str, since: str, texts: dict[str, int], counts: tuple[str, ...]) -> None:
    """A table whose key is a day and texts of these widths, followed by counts."""
    op.create_table(
        table,
        Column(since, Date, nullable=False),
        *(_key_text(name, width) for name, width in texts.items()),
        *(_count(name) for name in counts),
        _key(table, since, *texts),
    )


def _create_evaluation() -> None:
    op.create_table(
        "evaluation",
        Column("event_id", String(36), nullable=False),
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
        Column("mode", String(16), nullable=False),
        Column("software_version", String(64), nullable=False),
        _key("evaluation", "event_id", "occurred_on"),
        postgresql_partition_by="RANGE (occurred_on)",
    )
    op.create_table(
        "episode_key",
        Column("event_id", String(36), nullable=False),
        Column("occurred_on", Date, nullable=False),
        Column("order_key", LargeBinary(16)),
        Column("session_key", LargeBinary(16)),
        _key("episode_key", "event_id", "occurred_on"),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (occurred_on)",
    )


def _create_cards() -> None:
    op.create_table(
        "card",
        Column("card_id", String(36), nullable=False),
        Column("occurred_on", Date, nullable=False),
        Column("event_id", String(36), nullable=False),
        Column("position", SmallInteger, nullable=False),
        Column("outcome", String(40), nullable=False),
        Column("indicator", String(16), nullable=False),
        Column("orders", Integer, nullable=False),
        Column("suggestions", SmallInteger, nullable=False),
        _key("card", "card_id", "occurred_on"),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (occurred_on)",
    )
    op.create_table(
        "suggestion",
        Column("suggestion_id", String(36), nullable=False),
        Column("occurred_on", Date, nullable=False),
        Column("card_id", String(36), nullable=False),
        Column("creates", SmallInteger, nullable=False),
        Column("deletes", SmallInteger, nullable=False),
        _key("suggestion", "suggestion_id", "occurred_on"),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (occurred_on)",
    )


def _create_feedback() -> None:
    op.create_table(
        "feedback",
        Column("event_id", String(36), nullable=False),
        Column("received_on", Date, nullable=False),
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
        Column("outcome_timestamp", DateTime(timezone=True), nullable=False),
        _key("feedback", "event_id", "received_on"),
        postgresql_partition_by="RANGE (received_on)",
    )


def _create_index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _key(table: str, *columns: str) -> PrimaryKeyConstraint:
    return PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _key_text(name: str, width: int) -> Column[str]:
    return Column(name, String(width), nullable=False)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)
