"""Smaller tables of figures, so that a year of the whole country is read at once.

They are added up from the tables that are there, and every figure is as it was. A year of England takes some minutes.
"""

from typing import Final

from alembic import op
from sqlalchemy import text

from cds_service.cardlog.migrations import tables_0003

revision: Final = "0003"
down_revision: Final = "0002"


def upgrade() -> None:
    """Make the tables and fill them."""
    tables_0003.create_tables()
    for statement in tables_0003.filling():
        op.execute(text(statement))


def downgrade() -> None:
    """Drop them; nothing is lost, since they are added up from others."""
    for name in tables_0003.TABLES:
        op.drop_table(name)
