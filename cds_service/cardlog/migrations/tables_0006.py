"""The table that revision 0006 makes anew, as it is from then on and as it was, and how it is filled."""

from typing import Final

from alembic import op
from sqlalchemy import BigInteger, Column, Date, PrimaryKeyConstraint, String

TABLE: Final = "episode_state_count"
"""The table that the revision makes anew."""

WITHOUT_CLIENT: Final = {"region": 64, "modality": 16, "outcome": 40, "state": 16, "changed_to_modality": 16}
"""What its key was beside the window, each with its width."""

BY_CLIENT: Final = {"region": 64, "client_id": 64, **WITHOUT_CLIENT}
"""What its key is beside the window."""

_SINCE: Final = "window_start"
_COUNTS: Final = ("episodes", "firings")


def make_anew(key: dict[str, int]) -> None:
    """Drop the table, and make it and its index with another key."""
    op.drop_table(TABLE)
    op.create_table(
        TABLE,
        Column(_SINCE, Date, nullable=False),
        *(Column(name, String(width), nullable=False) for name, width in key.items()),
        *(Column(name, BigInteger, nullable=False) for name in _COUNTS),
        PrimaryKeyConstraint(_SINCE, *key, name=f"pk_{TABLE}"),
    )
    op.create_index(f"ix_{TABLE}_region_{_SINCE}", TABLE, ["region", _SINCE])


def filling(key: dict[str, int]) -> str:
    """The statement that fills it from the table whose sums it holds."""
    columns = ", ".join((_SINCE, *key))
    sums = ", ".join(f"SUM({name})" for name in _COUNTS)
    return (
        f"INSERT INTO {TABLE} ({columns}, {', '.join(_COUNTS)})"  # noqa: S608 - our own names
        f" SELECT {columns}, {sums} FROM episode_count GROUP BY {columns} ORDER BY {columns}"
    )
