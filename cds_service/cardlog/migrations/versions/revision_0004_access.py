"""Who is signed in to the monitor, whose API tokens count, and who looked at what."""

from typing import Final

from alembic import op

from cds_service.cardlog.migrations import tables_0004

revision: Final = "0004"
down_revision: Final = "0003"


def upgrade() -> None:
    """Make the tables, empty."""
    tables_0004.create_tables()


def downgrade() -> None:
    """Drop them: everybody is signed out, API tokens count no longer, and the access log is gone."""
    for name in tables_0004.ACCESS_TABLES:
        op.drop_table(name)
