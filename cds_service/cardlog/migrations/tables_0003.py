"""The tables that revision 0003 adds, as they were then, and how they are filled from those that were there."""

from itertools import product
from typing import Final

from alembic import op
from sqlalchemy import BigInteger, Column, Date, PrimaryKeyConstraint, String

TABLES: Final = (
    "weekly_choice_count",
    "weekly_practice_outcome_count",
    "weekly_reason_choice_count",
    "daily_call_count",
)
"""The tables that the revision adds."""

_TAKEN: Final = ("evaluations", "cards", "accepted", "suggestions_accepted", "overridden")
_MISSING: Final = ("without_indication", "setting_unknown", "oncology_unknown", "known_by_text")


def create_tables() -> None:
    """Make the tables and their indexes."""
    _create(
        "weekly_choice_count",
        "week",
        {"region": 64, "client_id": 64, "hook": 64, "modality": 16, "outcome": 40},
        (*_TAKEN, *_MISSING),
        key=("client_id", "hook", "modality", "week", "region", "outcome"),
    )
    _create(
        "weekly_practice_outcome_count",
        "week",
        {"region": 64, "borough": 80, "pcn": 80, "organisation": 12, "outcome": 40},
        _TAKEN,
    )
    _create(
        "weekly_reason_choice_count",
        "week",
        {"region": 64, "client_id": 64, "modality": 16, "outcome": 40, "reason_system": 200, "reason_code": 64},
        ("overrides", "commented"),
        key=("client_id", "modality", "region", "week", "outcome", "reason_system", "reason_code"),
    )
    _create("daily_call_count", "day", {"client_id": 64, "hook": 64, "result": 16}, ("calls",))
    op.create_index("ix_weekly_choice_count_week", "weekly_choice_count", ["week"])
    op.create_index("ix_weekly_reason_choice_count_week", "weekly_reason_choice_count", ["week"])
    op.create_index("ix_weekly_practice_outcome_count_region_week", "weekly_practice_outcome_count", ["region", "week"])


def filling() -> list[str]:
    """The statements that fill the tables from the larger ones."""
    keys = ("week", "region", "client_id", "hook", "modality", "outcome")
    of_reasons = ("week", "region", "client_id", "modality", "outcome", "reason_system", "reason_code")
    return [
        *_choices("weekly_count", "weekly_choice_count", keys, ("client_id", "hook", "modality"), (*_TAKEN, *_MISSING)),
        *_choices(
            "weekly_reason_count",
            "weekly_reason_choice_count",
            of_reasons,
            ("client_id", "modality"),
            ("overrides", "commented"),
        ),
        _sums(
            "weekly_practice_count",
            "weekly_practice_outcome_count",
            ("week", "region", "borough", "pcn", "organisation", "outcome"),
            _TAKEN,
        ),
        _sums("call_count", "daily_call_count", ("day", "client_id", "hook", "result"), ("calls",), day="occurred_on"),
    ]


def _choices(
    source: str, table: str, keys: tuple[str, ...], chosen_by: tuple[str, ...], counts: tuple[str, ...]
) -> list[str]:
    """A statement for each choice: `*` where all values are added up."""
    statements = []
    for narrowed in product((False, True), repeat=len(chosen_by)):
        added_up = {name for name, narrow in zip(chosen_by, narrowed, strict=True) if not narrow}
        statements.append(_sums(source, table, keys, counts, added_up=frozenset(added_up)))
    return statements


def _sums(
    source: str,
    table: str,
    keys: tuple[str, ...],
    counts: tuple[str, ...],
    *,
    added_up: frozenset[str] = frozenset(),
    day: str | None = None,
) -> str:
    """A statement that adds up a larger table, in the order of the smaller one's rows."""
    period, *others = keys
    kept = [day or period, *(name for name in others if name not in added_up)]
    places = [kept[0], *("'*'" if name in added_up else name for name in others)]
    sums = [f"SUM({name})" for name in counts]
    return (
        f"INSERT INTO {table} ({', '.join((*keys, *counts))})"  # noqa: S608 - our own names
        f" SELECT {', '.join((*places, *sums))} FROM {source}"
        f" GROUP BY {', '.join(kept)} ORDER BY {', '.join(kept)}"
    )


def _create(
    table: str, since: str, texts: dict[str, int], counts: tuple[str, ...], key: tuple[str, ...] | None = None
) -> None:
    """A table whose key is a day and texts of these widths, followed by counts; one with a key of its own is a tree."""
    op.create_table(
        table,
        Column(since, Date, nullable=False),
        *(Column(name, String(width), nullable=False) for name, width in texts.items()),
        *(Column(name, BigInteger, nullable=False) for name in counts),
        PrimaryKeyConstraint(*(key or (since, *texts)), name=f"pk_{table}"),
        sqlite_with_rowid=key is None,
    )
