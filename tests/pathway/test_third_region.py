"""A third region is one file and no code: Eastmere of `docs/adding-a-region.md`, which chooses otherwise."""

from datetime import date
from pathlib import Path

import pytest

from cds_service.pathway.decide import decide
from cds_service.pathway.facts import BodyRegion, Facts, FcpListing, Indication, Modality, RegionId, Setting
from cds_service.pathway.outcomes import Outcome
from cds_service.pathway.proving import prove
from cds_service.pathway.register import PathwayRegister

FOLDER = Path(__file__).parents[2] / "examples" / "third-region"
REGISTER = PathwayRegister.load(FOLDER)
EASTMERE = RegionId("eastmere")
TODAY = date(2026, 11, 21)
PATHWAY = REGISTER.in_force(TODAY)[EASTMERE]

CES = frozenset({Indication.CAUDA_EQUINA})
SPINE = BodyRegion.LUMBAR_SPINE
NOT_FOR_THE_SPINE = FcpListing.CURRENT_NOT_SPINE


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({}, Outcome.REDIRECT),
        ({"modality": Modality.USS}, Outcome.REDIRECT),
        ({"setting": Setting.URGENT_CARE}, Outcome.SPECIALIST_EXEMPT),
        ({"setting": Setting.URGENT_CARE, "indications": CES}, Outcome.CES),
        ({"setting": Setting.UNKNOWN}, Outcome.REDIRECT_UNKNOWN_SETTING),
        ({"age": 17}, Outcome.PAEDIATRIC),
        ({"age": 18}, Outcome.REDIRECT),
        ({"modality": Modality.USS, "fcp_listing": FcpListing.CURRENT}, Outcome.FCP_EXEMPT),
        ({"body_region": SPINE, "fcp_listing": NOT_FOR_THE_SPINE}, Outcome.REDIRECT),
        ({"body_region": SPINE, "fcp_listing": FcpListing.CURRENT}, Outcome.FCP_EXEMPT),
        ({"body_region": SPINE, "fcp_listing": FcpListing.CURRENT, "indications": CES}, Outcome.CES),
    ],
    ids=str,
)
def test_the_region_is_judged_by_its_own_choices(routine: Facts, facts: dict[str, object], outcome: Outcome) -> None:
    """Settings, adult age and register as its file says; red flags as everywhere."""
    order = routine._replace(**{"region": EASTMERE, **facts})  # type: ignore[arg-type] # a test names any fact
    assert decide(order, PATHWAY, TODAY).outcome is outcome


def test_it_stands_beside_the_packaged_regions() -> None:
    """One file more, and the others as they were."""
    assert REGISTER.regions == {"nwl", "nel", "eastmere"}
    assert REGISTER.footprints(TODAY)["Z9910"] == EASTMERE


def test_nothing_about_it_does_harm() -> None:
    """A first look at its proof finds nothing; `pathways prove` takes the whole one."""
    assert prove(PATHWAY, most_reasons=1).broken == ()
