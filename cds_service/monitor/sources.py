"""What the monitor's pages are made from: the card log, and the configuration folder that is in force."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from cds_service.monitor.chart_rules import Rules
from cds_service.monitor.words import WITHOUT_FOOTPRINT
from cds_service.pathway.model import Pathway


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the monitor's pages are made from.

    Attributes:
        engine: to the card log's database.
        now: the aware time now.
        pathways: those in force today, by region; asked for anew by each page, since the folder may be re-read.
        versions: every version of every pathway; asked for like them.
        sign_offs: whether a version is signed off, in words without a name, by region and version; asked for like
            them.
        organisation_name: the name of an organisation by its ODS code, None for one that is not listed; asked for
            like them.
        client_footprints: the regions that each registered EHR may act in, by its id, none for all; asked for like
            them.
        rules: what was chosen of the rules of control charts.
        window_days: days of a window of order episodes.
        is_demo: whether the figures are invented.
    """

    engine: Engine
    now: Callable[[], datetime]
    pathways: Callable[[], Mapping[str, Pathway]]
    versions: Callable[[], Sequence[Pathway]]
    sign_offs: Callable[[], Mapping[tuple[str, str], str]]
    organisation_name: Callable[[str], str | None]
    client_footprints: Callable[[], Mapping[str, frozenset[str]]]
    rules: Rules
    window_days: int
    is_demo: bool

    def region_name(self, region: str) -> str:
        """A region as a person knows it."""
        pathway = self.pathways().get(region)
        return WITHOUT_FOOTPRINT.get(region, region) if pathway is None else pathway.footprint.name

    def organisation_words(self, code: str) -> str:
        """An organisation as a person knows it, with its code; one that is not listed by its code alone."""
        name = self.organisation_name(code)
        return code if name is None else f"{name} ({code})"

    def reason_words(self, code: str) -> str:
        """An override reason as the cards show it; one that no card offers as it came."""
        if not code:
            return "No coded reason"
        offered = (reason for pathway in self.pathways().values() for reason in pathway.override_reasons)
        return next((reason.display for reason in offered if reason.code == code), code)
