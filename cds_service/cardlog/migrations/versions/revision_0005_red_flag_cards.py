"""Red-flag cards by week, borough, client and answer, so that their list is read at once and holds all of them.

The table is filled here from the events that are stored, and not left to the upkeep: that would work out every figure
of every week again, for ten minutes at the size of England, and come to rest for hours after. Events and figures stay
as they are. Writers go on meanwhile on PostgreSQL; on SQLite, whose file has one writer, they wait.
"""

from typing import Final

from alembic import op
from sqlalchemy import text

from cds_service.cardlog.migrations import tables_0005

revision: Final = "0005"
down_revision: Final = "0004"

# Expecting a handful of rows where there are very many, PostgreSQL would join them row by row, for very long.
_PLAN_FOR_MANY_ROWS: Final = (
    "SET LOCAL work_mem = '64MB'",
    "SET LOCAL enable_nestloop = off",
    "SET LOCAL enable_mergejoin = off",
)


def upgrade() -> None:
    """Make the table, fill it, and drop the index of critical cards, last, since writers wait from then on."""
    dialect = op.get_context().dialect.name
    tables_0005.create_table()
    if dialect == "postgresql":
        for setting in _PLAN_FOR_MANY_ROWS:
            op.execute(text(setting))
    op.execute(text(tables_0005.filling(dialect)))
    tables_0005.drop_index_of_critical_cards()


def downgrade() -> None:
    """Drop the table and make the index again; what cannot be worked out again is of events that are deleted."""
    tables_0005.create_index_of_critical_cards()
    op.drop_table(tables_0005.TABLE)
