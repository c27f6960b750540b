"""Evaluations and feedback, as the first version kept them.

That version made its tables without Alembic; what it left is taken as it stands, and what is missing is made.
"""

from typing import Final

from alembic import op

from cds_service.cardlog.migrations import tables_0001

revision: Final = "0001"
down_revision: Final = None


def upgrade() -> None:
    """Make the two tables where they are missing."""
    tables_0001.create_tables()


def downgrade() -> None:
    """Drop the two tables, and all their rows."""
    op.drop_table("feedback")
    op.drop_table("evaluation")
