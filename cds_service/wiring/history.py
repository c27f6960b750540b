"""The demo's invented history, from the settings of a process."""

from collections.abc import Callable, Mapping
from datetime import date

from sqlalchemy import Engine

from cds_service import __version__
from cds_service.pathway.facts import RegionId
from cds_service.pathway.model import Pathway
from cds_service.settings import Settings


def invented_history(settings: Settings, pathways: Mapping[RegionId, Pathway]) -> Callable[[Engine, date], None] | None:
    """What fills a demo's card log with the months before it was started; None for a service in earnest."""
    if not settings.demo or settings.demo_history == "off":
        return None
    from cds_service.invented_history.filling import InventedHistory  # noqa: PLC0415 - a service in earnest needs none

    effective = {str(region): (pathway.version, pathway.effective) for region, pathway in pathways.items()}
    return InventedHistory(effective, __version__).look_after
