from datetime import UTC, date, datetime

import pytest

from cds_service.cardlog.coarse import AgeBand, BodyRegionGroup, age_band, body_region_group, london_day_and_hour
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


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 1, 31, 23, 59, tzinfo=UTC), (date(2026, 1, 31), 23)),
        (datetime(2026, 6, 30, 23, 59, tzinfo=UTC), (date(2026, 7, 1), 0)),
    ],
)
def test_day_and_hour_are_those_of_london(moment: datetime, expected: tuple[date, int]) -> None:
    """In summer the last hour of the day in UTC belongs to the next day in London."""
    assert london_day_and_hour(moment) == expected


def test_a_moment_without_a_time_zone_is_refused() -> None:
    """Its day in London cannot be told."""
    with pytest.raises(ValueError, match="no time zone"):
        london_day_and_hour(datetime(2026, 1, 1, 12))  # noqa: DTZ001 - the fault under test
