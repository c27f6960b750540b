"""What became of orders, by EHR too, so that a year of one EHR is read at once.

The smaller table of episodes is added up anew from the larger one; every figure is as it was. A replica of the older
version writes its events as before, and works out no episodes any more.
"""

from typing import Final

from alembic import op
from sqlalchemy import text

from cds_service.cardlog.migrations import tables_0006

revision: Final = "0006"
down_revision: Final = "0005"


def upgrade() -> None:
    """Make the table anew, by EHR, and fill it."""
    tables_0006.make_anew(tables_0006.BY_CLIENT)
    op.execute(text(tables_0006.filling(tables_0006.BY_CLIENT)))


def downgrade() -> None:
    """Make it anew without; nothing is lost, since it is added up from another."""
    tables_0006.make_anew(tables_0006.WITHOUT_CLIENT)
    op.execute(text(tables_0006.filling(tables_0006.WITHOUT_CLIENT)))
