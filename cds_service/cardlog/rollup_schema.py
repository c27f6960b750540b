"""The card log's tables of figures, worked out from the events (`rollups`, `episodes`), so that a page need not count.

An empty text stands for what is not known (no borough, no organisation): a key has no nulls. A count of cards goes by
the last feedback of each; what is neither accepted nor overridden was not answered.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Date, Index, String, Table

from cds_service.cardlog.schema import metadata

_WHAT_BECAME: Final = ("evaluations", "cards", "accepted", "suggestions_accepted", "overridden")
_WHAT_WAS_MISSING: Final = ("without_indication", "setting_unknown", "oncology_unknown", "known_by_text")


def _key(**widths: int) -> "list[Column[str]]":
    """Texts that are part of a table's key, each with its width, in this order."""
    return [Column(name, String(width), primary_key=True) for name, width in widths.items()]


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
"""`daily_count` by week (its Monday), so that a year of the whole country is read in one go."""

weekly_practice_count: Final = Table(
    "weekly_practice_count",
    metadata,
    Column("week", Date, primary_key=True),
    *_key(region=64, borough=80, pcn=80, organisation=12, hook=64, modality=16, outcome=40),
    *_counts(*_WHAT_BECAME),
    Index(None, "region", "week"),
)
"""Evaluations and cards per week (its Monday) and practice."""

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
    *_key(region=64, modality=16, outcome=40, state=16, changed_to_modality=16),
    *_counts("episodes", "firings"),
    Index(None, "region", "window_start"),
)
"""`episode_count` without place, client and region of the body: how many orders became what."""

monthly_count: Final = Table(
    "monthly_count",
    metadata,
    Column("month", Date, primary_key=True),
    *_key(region=64, hook=64, modality=16, outcome=40),
    *_counts(*_WHAT_BECAME),
)
"""What is kept when the events are deleted: evaluations and cards per month, region, hook, modality and outcome."""

ROLLUP_TABLES: Final = (
    daily_count,
    weekly_count,
    weekly_practice_count,
    weekly_override_count,
    weekly_reason_count,
    episode_count,
    episode_state_count,
    monthly_count,
)
