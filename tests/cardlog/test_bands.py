import pytest

from cds_service.cardlog.bands import AgeBand, BodyRegionGroup, age_band, body_region_group
from cds_service.pathway.facts import SPINE_REGIONS, BodyRegion


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (None, "unknown"),
        (-1, "unknown"),
        (0, "<16"),
        (15, "<16"),
        (16, "16-17"),
        (17, "16-17"),
        (18, "18-64"),
        (64, "18-64"),
        (65, "65+"),
        (110, "65+"),
    ],
)
def test_an_age_is_kept_as_its_band(age: int | None, band: str) -> None:
    """The bands change at 16, 18 and 65; no age is unknown."""
    assert age_band(age) == AgeBand(band)


def test_every_body_region_has_a_group() -> None:
    """No order can fail to be logged for want of a group."""
    assert {body_region_group(region) for region in BodyRegion} == set(BodyRegionGroup)


def test_the_spine_group_is_the_pathways_spine() -> None:
    """A "spine order" means the same in the log as in the routine rules, which leave a spine beside more alone."""
    spine = {region for region in BodyRegion if body_region_group(region) == BodyRegionGroup.SPINE}

    assert spine == SPINE_REGIONS - {BodyRegion.SPINE_AND_MORE}
