"""Which EHRs there are to choose from, asked of the log once a minute at most: it changes when a new EHR goes live."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine

from cds_service.cardlog import reports
from cds_service.cardlog.report_rows import Filters

_GOOD_FOR: Final = timedelta(minutes=1)


class KnownClients:
    """Ids of EHRs that ordered in some footprints.

    Args:
        engine: to the card log's database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._found: dict[tuple[str, ...], tuple[datetime, tuple[str, ...]]] = {}

    def of(self, regions: tuple[str, ...], now: datetime) -> tuple[str, ...]:
        """Those of the last half year.

        Args:
            regions: the footprints.
            now: the aware time now.

        Raises:
            CardLogStoreError: the database failed.
        """
        asked_at, clients = self._found.get(regions, (None, ()))
        if asked_at is None or not timedelta() <= now - asked_at < _GOOD_FOR:
            recent = Filters(first=(now - timedelta(weeks=26)).date(), regions=regions)
            clients = tuple(sorted({row.client_id for row in reports.client_counts(self._engine, recent)}))
            self._found[regions] = (now, clients)
        return clients
