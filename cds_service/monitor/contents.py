"""The monitor's pages of figures, in the order of the navigation."""

from typing import Final

from cds_service.monitor.view import PageKind
from cds_service.monitor.views.data_quality import DATA_QUALITY_PAGE
from cds_service.monitor.views.episodes import EPISODES_PAGE
from cds_service.monitor.views.first_contact import FIRST_CONTACT_PAGE
from cds_service.monitor.views.overrides import OVERRIDES_PAGE
from cds_service.monitor.views.overview import OVERVIEW
from cds_service.monitor.views.places import PLACES_PAGE
from cds_service.monitor.views.red_flags import RED_FLAG_PAGE

FIGURE_PAGES: Final[tuple[PageKind, ...]] = (
    OVERVIEW,
    RED_FLAG_PAGE,
    OVERRIDES_PAGE,
    PLACES_PAGE,
    EPISODES_PAGE,
    FIRST_CONTACT_PAGE,
    DATA_QUALITY_PAGE,
)
