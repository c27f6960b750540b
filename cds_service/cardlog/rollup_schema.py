"""The card log's tables of figures, worked out from the events (`rollups`, `episodes`), so that a page need not count.

An empty text stands for what is not known (no borough, no organisation): a key has no nulls. A count of cards goes by
the last feedback of each; what is neither accepted nor overridden was not answered.

The larger tables are worked out from the events and can be exported; the smaller ones are added up from them, so that a
question about a year of the whole country reads few rows.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Date, Index, PrimaryKeyConstraint, String, Table

from cds_service.cardlog.schema import metadata

_WHAT_BECAME: Final = ("evaluations", "cards", "accepted", "suggestions_accepted", "overridden")
_WHAT_WAS_MISSING: Final = ("without_indication", "setting_unknown", "oncology_unknown", "known_by_text")

EVERY: Final = "*"
"""In a table of choices: all values added up. No client, hook or modality has this form."""


def _key(**widths: int) -> "list[Column[str]]":
    """Texts that are part of a table's key, each with its width, in this order."""
    return [Column(name, String(width), primary_key=True) for name, width in widths.items()]


def _texts(**widths: int) -> "list[Column[str]]":
    """Texts of a key whose order is another than that of the columns."""
    return [Column(name, String(width), nullable=False) for name, width in widths.items()]


def _counts(*names: str) -> "list[Column[int]]":
    return [Column(name, BigInteger, nullable=False) for name in names]


daily_count: Final = Table(
    "daily_count",
    metadata,
    Column("day", Date, primary_key=True),
    *_key(region=64, client_id=64, hook=64, modality=16, outcome=40),
    *_counts(*_WHAT_BECAME, *_WHAT_WAS_MISSING),
    Index(None, "region", "day"),
)
"""Evaluations and cards per day, region, client, hook, modality and outcome, with what was missing in the orders."""

weekly_count: Final = Table(
    "weekly_count",
    metadata,
    Column("week", Date, primary_key=True),
    *_key(region=64, client_id=64, hook=64, modality=16, outcome=40),
    *_counts(*_WHAT_BECAME, *_WHAT_WAS_MISSING),
    Index(None, "region", "week"),
)
"""`daily_count` by week (its Monday)."""

weekly_choice_count: Final = Table(
    "weekly_choice_count",
    metadata,
    Column("week", Date, nullable=False),
    *_texts(region=64, client_id=64, hook=64, modality=16, outcome=40),
    *_counts(*_WHAT_BECAME, *_WHAT_WAS_MISSING),
    # What a page asks for lies together, and in the order in which it is shown.
    PrimaryKeyConstraint("client_id", "hook", "modality", "week", "region", "outcome"),
    Index(None, "week"),
    sqlite_with_rowid=False,
)
"""`weekly_count` for each choice of client, hook and modality, `EVERY` among them: read, never added up again."""

weekly_practice_count: Final = Table(
    "weekly_practice_count",
    metadata,
    Column("week", Date, primary_key=True),
    *_key(region=64, borough=80, pcn=80, organisation=12, hook=64, modality=16, outcome=40),
    *_counts(*_WHAT_BECAME),
    Index(None, "region", "week"),
)
"""Evaluations and cards per week (its Monday) and practice."""

weekly_practice_outcome_count: Final = Table(
    "weekly_practice_outcome_count",
    metadata,
    Column("week", Date, primary_key=True),
    *_key(region=64, borough=80, pcn=80, organisation=12, outcome=40),
    *_counts(*_WHAT_BECAME),
    Index(None, "region", "week"),
)
"""`weekly_practice_count` without hook and modality."""

weekly_override_count: Final = Table(
    "weekly_override_count",
    metadata,
    Column("week", Date, primary_key=True),
    *_key(
        region=64,
        borough=80,
        pcn=80,
        organisation=12,
        client_id=64,
        modality=16,
        outcome=40,
        reason_system=200,
        reason_code=64,
    ),
    *_counts("overrides", "commented"),
    Index(None, "region", "week"),
)
"""Overridden cards per week in which they were shown (its Monday), place and coded reason."""

weekly_reason_count: Final = Table(
    "weekly_reason_count",
    metadata,
    Column("week", Date, primary_key=True),
    *_key(region=64, client_id=64, modality=16, outcome=40, reason_system=200, reason_code=64),
    *_counts("overrides", "commented"),
    Index(None, "region", "week"),
)
"""`weekly_override_count` without the place below the region: the mix of reasons."""

weekly_reason_choice_count: Final = Table(
    "weekly_reason_choice_count",
    metadata,
    Column("week", Date, nullable=False),
    *_texts(region=64, client_id=64, modality=16, outcome=40, reason_system=200, reason_code=64),
    *_counts("overrides", "commented"),
    PrimaryKeyConstraint("client_id", "modality", "region", "week", "outcome", "reason_system", "reason_code"),
    Index(None, "week"),
    sqlite_with_rowid=False,
)
"""`weekly_reason_count` for each choice of client and modality, `EVERY` among them."""

weekly_red_flag_count: Final = Table(
    "weekly_red_flag_count",
    metadata,
    Column("week", Date, primary_key=True),
    *_key(region=64, borough=80, client_id=64, hook=64, modality=16, outcome=40, answer=16),
    *_counts("cards"),
    Index(None, "region", "week"),
)
"""Red-flag cards per week in which they were shown (its Monday), borough, client and what was said of them last.

The list of red-flag cards one by one is this count unrolled; it names no card.
"""

daily_call_count: Final = Table(
    "daily_call_count",
    metadata,
    Column("day", Date, primary_key=True),
    *_key(client_id=64, hook=64, result=16),
    *_counts("calls"),
)
"""`call_count` by day, without hours and processes."""

episode_count: Final = Table(
    "episode_count",
    metadata,
    Column("window_start", Date, primary_key=True),
    *_key(
        region=64,
        borough=80,
        pcn=80,
        organisation=12,
        client_id=64,
        modality=16,
        body_region_group=16,
        outcome=40,
        state=16,
        changed_to_modality=16,
        changed_to_body_region_group=16,
    ),
    *_counts("episodes", "firings"),
    Index(None, "region", "window_start"),
)
"""Order episodes per window: what became of an order after its card (`episodes`)."""

episode_state_count: Final = Table(
    "episode_state_count",
    metadata,
    Column("window_start", Date, primary_key=True),
    *_key(region=64, client_id=64, modality=16, outcome=40, state=16, changed_to_modality=16),
    *_counts("episodes", "firings"),
    Index(None, "region", "window_start"),
)
"""`episode_count` without place and region of the body: how many orders became what."""

monthly_count: Final = Table(
    "monthly_count",
    metadata,
    Column("month", Date, primary_key=True),
    *_key(region=64, hook=64, modality=16, outcome=40),
    *_counts(*_WHAT_BECAME),
)
"""What is kept when the events are deleted: evaluations and cards per month, region, hook, modality and outcome."""

CHOICES: Final = {
    weekly_choice_count.name: ("client_id", "hook", "modality"),
    weekly_reason_choice_count.name: ("client_id", "modality"),
}
"""The tables of choices with what is chosen: adding up one of them would count everything several times."""

ROLLUP_TABLES: Final = (
    daily_count,
    weekly_count,
    weekly_choice_count,
    weekly_practice_count,
    weekly_practice_outcome_count,
    weekly_override_count,
    weekly_reason_count,
    weekly_reason_choice_count,
    weekly_red_flag_count,
    daily_call_count,
    episode_count,
    episode_state_count,
    monthly_count,
)
"""The tables worked out from events and counts."""
