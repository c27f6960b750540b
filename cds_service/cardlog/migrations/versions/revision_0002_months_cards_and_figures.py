"""Events by month, cards and suggestions, counts, and the tables of figures.

Every evaluation and feedback entry of revision 0001 is kept. What was not logged then is not invented: no suggestion,
no episode key, no count of calls. A card is made for each card id, so that its feedback has something to speak of: its
outcome, urgency and orders are those of its evaluations, its place in the answer is put down as the first.
"""

from datetime import date
from typing import Final

from alembic import op
from sqlalchemy import text

from cds_service.cardlog.migrations import tables_0001, tables_0002

revision: Final = "0002"
down_revision: Final = "0001"

# Marks are kept by the process that made them; these are of none.
_NO_WRITER: Final = "00000000-0000-0000-0000-000000000000"

_KEPT_OF_EVALUATIONS: Final = """
    event_id, occurred_on, occurred_hour, region, pathway_id, pathway_version, rule_id, outcome, indicator, card_id,
    card_count, modality, body_region_group, known_by, setting, setting_evidence, requester_category, organisation,
    pcn, borough, region_conflict, indication_present, indication_groups, oncology, age_band, fcp_listing, hook,
    client_id, latency_ms, software_version"""
_KEPT_OF_FEEDBACK: Final = """
    event_id, received_on, received_hour, service_id, card_id, outcome, suggestion_accepted, override_reason_code,
    override_reason_system, had_comment, outcome_timestamp"""

# The flags were always empty, but for the rows that a downgrade puts there.
_EVALUATIONS_UP: Final = f"""
    INSERT INTO evaluation ({_KEPT_OF_EVALUATIONS}, mode)
    SELECT {_KEPT_OF_EVALUATIONS}, CASE configuration_flags WHEN 'demo' THEN 'demo' ELSE 'live' END
    FROM evaluation_before"""  # noqa: S608 - our own names
_FEEDBACK_UP: Final = f"""
    INSERT INTO feedback ({_KEPT_OF_FEEDBACK}, client_id)
    SELECT {_KEPT_OF_FEEDBACK}, 'unknown' FROM feedback_before"""  # noqa: S608 - our own names
_CARDS_UP: Final = """
    INSERT INTO card (card_id, occurred_on, event_id, position, outcome, indicator, orders, suggestions)
    SELECT lead.card_id, lead.occurred_on, lead.event_id, 1, lead.outcome, lead.indicator, shown.orders, 0
    FROM (
        SELECT MIN(event_id) AS event_id, COUNT(*) AS orders FROM evaluation_before
        WHERE card_id IS NOT NULL AND indicator IS NOT NULL GROUP BY card_id
    ) AS shown JOIN evaluation_before AS lead ON lead.event_id = shown.event_id"""
_DUE_UP: Final = f"""
    INSERT INTO rollup_due (day, writer_id, version)
    SELECT DISTINCT occurred_on, '{_NO_WRITER}', 1 FROM evaluation_before"""  # noqa: S608 - our own names

# "WHERE true" tells SQLite that what follows is no join.
_EVALUATIONS_DOWN: Final = f"""
    INSERT INTO evaluation ({_KEPT_OF_EVALUATIONS}, configuration_flags)
    SELECT {_KEPT_OF_EVALUATIONS}, CASE mode WHEN 'live' THEN '' ELSE mode END FROM evaluation_before
    WHERE true ON CONFLICT (event_id) DO NOTHING"""  # noqa: S608 - our own names
_FEEDBACK_DOWN: Final = f"""
    INSERT INTO feedback ({_KEPT_OF_FEEDBACK})
    SELECT {_KEPT_OF_FEEDBACK} FROM feedback_before
    WHERE true ON CONFLICT (event_id) DO NOTHING"""  # noqa: S608 - our own names


def upgrade() -> None:
    """Make the tables and bring the rows over. Every day with an evaluation is marked, so that it gets its figures."""
    tables_0001.drop_indexes()
    _set_aside("evaluation")
    _set_aside("feedback")
    tables_0002.create_event_tables()
    tables_0002.create_count_tables()
    tables_0002.create_figure_tables()
    if op.get_context().dialect.name == "postgresql":
        _create_partitions()
    for statement in (_EVALUATIONS_UP, _CARDS_UP, _FEEDBACK_UP, _DUE_UP):
        op.execute(text(statement))
    op.drop_table("evaluation_before")
    op.drop_table("feedback_before")


def downgrade() -> None:
    """Keep evaluations and feedback entries, and drop all else.

    Gone are cards, suggestions, episode keys, counts of calls and of unknown procedures, figures (those of months whose
    events were deleted cannot be worked out again), and of a feedback entry the client and the accepted suggestion. The
    mode of an evaluation that is not live goes into `configuration_flags`, where `upgrade` finds it.
    """
    tables_0002.drop_event_indexes()
    _set_aside("evaluation")
    _set_aside("feedback")
    tables_0001.create_tables()
    op.execute(text(_EVALUATIONS_DOWN))
    op.execute(text(_FEEDBACK_DOWN))
    for name in ("evaluation_before", "feedback_before", "episode_key", "card", "suggestion"):
        op.drop_table(name)
    for name in (*tables_0002.COUNT_TABLES, *tables_0002.FIGURE_TABLES):
        op.drop_table(name)


def _set_aside(name: str) -> None:
    """Free a table's name and that of its key. On PostgreSQL nobody else writes to it or reads it from here on."""
    op.rename_table(name, f"{name}_before")
    if op.get_context().dialect.name == "postgresql":
        op.execute(text(f"ALTER TABLE {name}_before RENAME CONSTRAINT pk_{name} TO pk_{name}_before"))


def _create_partitions() -> None:
    for month in sorted(_months_of("evaluation_before", "occurred_on") | _months_of("feedback_before", "received_on")):
        after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        for name in tables_0002.EVENT_TABLES:
            op.execute(
                text(
                    f"CREATE TABLE {name}_{month:%Y_%m} PARTITION OF {name} FOR VALUES FROM ('{month}') TO ('{after}')"
                )
            )


def _months_of(name: str, day: str) -> set[date]:
    days = op.get_bind().scalars(text(f"SELECT DISTINCT {day} FROM {name}"))  # noqa: S608 - our own names
    return {one.replace(day=1) for one in days}
