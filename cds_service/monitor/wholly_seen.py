"""Which EHRs a reader may wholly see: of them alone is shown what has no footprint, such as their hook calls."""

from functools import cached_property

from cds_service.cardlog import reports
from cds_service.cardlog.partitions import month_of
from cds_service.cardlog.report_rows import Filters
from cds_service.monitor.asked import Asked
from cds_service.monitor.weeks import week_of
from cds_service.monitor.words import WITHOUT_FOOTPRINT


class WhollySeen:
    """Of one request; made by `Asked.once`, so that the log is asked once.

    Args:
        asked: the request.
    """

    def __init__(self, asked: Asked) -> None:
        self._sources = asked.sources
        self._regions = asked.all_regions
        self._period = asked.period

    @cached_property
    def every_footprint(self) -> bool:
        """Whether the reader may see every footprint that there is, so that nothing is of somebody else's."""
        return {pathway.id for pathway in self._sources.versions()} <= set(self._regions)

    def has(self, client: str) -> bool:
        """Whether the reader may see all footprints of an EHR.

        Its footprints are those to which it is bound and those in which it ordered. Of one without either, such as an
        EHR none of whose codes is known, nothing tells whose it is: those alone who see every footprint see it.

        Raises:
            CardLogStoreError: the database failed.
        """
        if self.every_footprint:
            return True
        bound_to = self._sources.client_footprints().get(client, frozenset())
        if not bound_to <= set(self._regions) or client in self._ordering_elsewhere:
            return False
        return bool(bound_to) or client in self._ordering_here

    @cached_property
    def _ordering_here(self) -> set[str]:
        footprints = tuple(region for region in self._regions if region not in WITHOUT_FOOTPRINT)
        # No region at all would narrow nothing.
        return reports.clients_with_orders(self._sources.engine, self._anywhere(footprints)) if footprints else set()

    @cached_property
    def _ordering_elsewhere(self) -> set[str]:
        here = (*self._regions, *WITHOUT_FOOTPRINT)
        return reports.clients_with_orders(self._sources.engine, self._anywhere(), outside=here)

    def _anywhere(self, regions: tuple[str, ...] = ()) -> Filters:
        # From the week in which the first month begins, since unknown codes are counted by month.
        return Filters(first=week_of(month_of(self._period.first)), last=self._period.last, regions=regions)
