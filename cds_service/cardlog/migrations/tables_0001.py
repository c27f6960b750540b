"""The tables of revision 0001, as they were then."""

from alembic import op
from sqlalchemy import Boolean, Column, Date, DateTime, Integer, PrimaryKeyConstraint, SmallInteger, String


def create_tables() -> None:
    """Make what is missing: the earlier version made these tables in steps, and may have been stopped between two."""
    _create_evaluation()
    _create_feedback()
    _create_index("evaluation", "occurred_on")
    _create_index("evaluation", "region", "outcome", "occurred_on")
    _create_index("evaluation", "card_id")
    _create_index("feedback", "received_on")
    _create_index("feedback", "card_id")


def drop_indexes() -> None:
    """Drop the indexes, whose names the next revision needs."""
    for name in (
        "ix_evaluation_occurred_on",
        "ix_evaluation_region_outcome_occurred_on",
        "ix_evaluation_card_id",
        "ix_feedback_received_on",
        "ix_feedback_card_id",
    ):
        op.drop_index(name)


def _create_index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns), if_not_exists=True)


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
        Column("configuration_flags", String(200), nullable=False),
        Column("software_version", String(64), nullable=False),
        PrimaryKeyConstraint("event_id", name="pk_evaluation"),
        if_not_exists=True,
    )


def _create_feedback() -> None:
    op.create_table(
        "feedback",
        Column("event_id", String(36), nullable=False),
        Column("received_on", Date, nullable=False),
        Column("received_hour", SmallInteger, nullable=False),
        Column("service_id", String(64), nullable=False),
        Column("card_id", String(36)),
        Column("outcome", String(16), nullable=False),
        Column("suggestion_accepted", Boolean, nullable=False),
        Column("override_reason_code", String(64)),
        Column("override_reason_system", String(200)),
        Column("had_comment", Boolean, nullable=False),
        Column("outcome_timestamp", DateTime(timezone=True), nullable=False),
        PrimaryKeyConstraint("event_id", name="pk_feedback"),
        if_not_exists=True,
    )
