"""The card log's tables of figures, worked out from the events (`rollups`, `episodes`), so that a page need not count.

An empty text stands for what is not known (no borough, no organisation): a key has no nulls. A count of cards goes by
the last feedback of each; what is neither accepted nor overridden was not answered.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Date, Index, String, Table

from cds_service.cardlog.schema import metadata


def _count(name: str) -> "Column[int]":
    return Column(name, BigInteger, nullable=False)


daily_count: Final = Table(
    "daily_count",
    metadata,
    Column("day", Date, primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("client_id", String(64), primary_key=True),
    Column("hook", String(64), primary_key=True),
    Column("modality", String(16), primary_key=True),
    Column("outcome", String(40), primary_key=True),
    _count("evaluations"),
    _count("cards"),
    _count("accepted"),
    _count("suggestions_accepted"),
    _count("overridden"),
    _count("without_indication"),
    _count("setting_unknown"),
    _count("oncology_unknown"),
    _count("known_by_text"),
    Index(None, "region", "day"),
)
"""Evaluations and cards per day, region, client, hook, modality and outcome, with what was missing in the orders."""

weekly_count: Final = Table(
    "weekly_count",
    metadata,
    Column("week", Date, primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("client_id", String(64), primary_key=True),
    Column("hook", String(64), primary_key=True),
    Column("modality", String(16), primary_key=True),
    Column("outcome", String(40), primary_key=True),
    _count("evaluations"),
    _count("cards"),
    _count("accepted"),
    _count("suggestions_accepted"),
    _count("overridden"),
    _count("without_indication"),
    _count("setting_unknown"),
    _count("oncology_unknown"),
    _count("known_by_text"),
    Index(None, "region", "week"),
)
"""`daily_count` by week (its Monday), so that a year of the whole country is read in one go."""

weekly_practice_count: Final = Table(
    "weekly_practice_count",
    metadata,
    Column("week", Date, primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("borough", String(80), primary_key=True),
    Column("pcn", String(80), primary_key=True),
    Column("organisation", String(12), primary_key=True),
    Column("hook", String(64), primary_key=True),
    Column("modality", String(16), primary_key=True),
    Column("outcome", String(40), primary_key=True),
    _count("evaluations"),
    _count("cards"),
    _count("accepted"),
    _count("suggestions_accepted"),
    _count("overridden"),
    Index(None, "region", "week"),
)
"""Evaluations and cards per week (its Monday) and practice."""

weekly_override_count: Final = Table(
    "weekly_override_count",
    metadata,
    Column("week", Date, primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("borough", String(80), primary_key=True),
    Column("pcn", String(80), primary_key=True),
    Column("organisation", String(12), primary_key=True),
    Column("client_id", String(64), primary_key=True),
    Column("modality", String(16), primary_key=True),
    Column("outcome", String(40), primary_key=True),
    Column("reason_system", String(200), primary_key=True),
    Column("reason_code", String(64), primary_key=True),
    _count("overrides"),
    _count("commented"),
    Index(None, "region", "week"),
)
"""Overridden cards per week in which they were shown (its Monday), place and coded reason."""

weekly_reason_count: Final = Table(
    "weekly_reason_count",
    metadata,
    Column("week", Date, primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("client_id", String(64), primary_key=True),
    Column("modality", String(16), primary_key=True),
    Column("outcome", String(40), primary_key=True),
    Column("reason_system", String(200), primary_key=True),
    Column("reason_code", String(64), primary_key=True),
    _count("overrides"),
    _count("commented"),
    Index(None, "region", "week"),
)
"""`weekly_override_count` without the place below the region: the mix of reasons."""

episode_count: Final = Table(
    "episode_count",
    metadata,
    Column("window_start", Date, primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("borough", String(80), primary_key=True),
    Column("pcn", String(80), primary_key=True),
    Column("organisation", String(12), primary_key=True),
    Column("client_id", String(64), primary_key=True),
    Column("modality", String(16), primary_key=True),
    Column("body_region_group", String(16), primary_key=True),
    Column("outcome", String(40), primary_key=True),
    Column("state", String(16), primary_key=True),
    Column("changed_to_modality", String(16), primary_key=True),
    Column("changed_to_body_region_group", String(16), primary_key=True),
    _count("episodes"),
    _count("firings"),
    Index(None, "region", "window_start"),
)
"""Order episodes per window: what became of an order after its card (`episodes`)."""

episode_state_count: Final = Table(
    "episode_state_count",
    metadata,
    Column("window_start", Date, primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("modality", String(16), primary_key=True),
    Column("outcome", String(40), primary_key=True),
    Column("state", String(16), primary_key=True),
    Column("changed_to_modality", String(16), primary_key=True),
    _count("episodes"),
    _count("firings"),
    Index(None, "region", "window_start"),
)
"""`episode_count` without place, client and region of the body: how many orders became what."""

monthly_count: Final = Table(
    "monthly_count",
    metadata,
    Column("month", Date, primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("hook", String(64), primary_key=True),
    Column("modality", String(16), primary_key=True),
    Column("outcome", String(40), primary_key=True),
    _count("evaluations"),
    _count("cards"),
    _count("accepted"),
    _count("suggestions_accepted"),
    _count("overridden"),
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
