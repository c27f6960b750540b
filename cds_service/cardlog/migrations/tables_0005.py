"""The table that revision 0005 adds, as it was then, how it is filled from the events, and the index that goes."""

from typing import Final

from alembic import op
from sqlalchemy import BigInteger, Column, Date, PrimaryKeyConstraint, String, text

TABLE: Final = "weekly_red_flag_count"
"""The table that the revision adds."""

RED_FLAGS: Final = ("ces", "mscc", "suspected_cancer", "suspected_sarcoma", "oncology")
"""The outcomes of which it holds the cards. Whoever adds one fills the past in a revision of its own."""

_INDEX: Final = "ix_evaluation_critical"
_CRITICAL: Final = text("indicator = 'critical'")
_KEY: Final = {"region": 64, "borough": 80, "client_id": 64, "hook": 64, "modality": 16, "outcome": 40, "answer": 16}
_MONDAYS: Final = {
    "postgresql": "lead.occurred_on - (CAST(EXTRACT(ISODOW FROM lead.occurred_on) AS integer) - 1)",
    "sqlite": "date(lead.occurred_on, '-6 days', 'weekday 1')",
}


def create_table() -> None:
    """Make the table and its index."""
    op.create_table(
        TABLE,
        Column("week", Date, nullable=False),
        *(Column(name, String(width), nullable=False) for name, width in _KEY.items()),
        Column("cards", BigInteger, nullable=False),
        PrimaryKeyConstraint("week", *_KEY, name=f"pk_{TABLE}"),
    )
    op.create_index(f"ix_{TABLE}_region_week", TABLE, ["region", "week"])


def filling(dialect: str) -> str:
    """The statement that fills the table: each red-flag card under its first order, by its last feedback.

    Feedback is joined before the last is picked: SQLite would look through the picked ones anew for each card.
    """
    red_flags = ", ".join(f"'{outcome}'" for outcome in RED_FLAGS)
    columns = ", ".join(("week", *_KEY))
    return f"""
        INSERT INTO {TABLE} ({columns}, cards)
        SELECT {columns}, COUNT(*) FROM (
            SELECT {_MONDAYS[dialect]} AS week, lead.region, COALESCE(lead.borough, '') AS borough, lead.client_id,
                lead.hook, lead.modality, lead.outcome, COALESCE(said.outcome, '') AS answer,
                ROW_NUMBER() OVER (
                    PARTITION BY card.card_id
                    ORDER BY said.outcome_timestamp DESC, said.received_on DESC, said.received_hour DESC,
                        said.event_id DESC
                ) AS place
            FROM card
            JOIN evaluation AS lead ON lead.event_id = card.event_id AND lead.occurred_on = card.occurred_on
            LEFT JOIN feedback AS said ON said.card_id = card.card_id
            WHERE card.outcome IN ({red_flags})
        ) AS shown
        WHERE place = 1
        GROUP BY {columns} ORDER BY {columns}"""  # noqa: S608 - our own names


def create_index_of_critical_cards() -> None:
    """Make the index that the list was read by before."""
    op.create_index(_INDEX, "evaluation", ["occurred_on", "region"], postgresql_where=_CRITICAL, sqlite_where=_CRITICAL)


def drop_index_of_critical_cards() -> None:
    """Drop it: nothing else asks for it, and it costs each write."""
    op.drop_index(_INDEX)
