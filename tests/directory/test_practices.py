import pytest

from cds_service.directory.practices import (
    PRESCRIBING_SETTINGS,
    OdsPractice,
    commissioners_concerned,
    neighbours_of,
    prescribing_setting,
)
from cds_service.directory.vocabulary import REFERRING_SETTINGS, SETTINGS


def practice(code: str, commissioner: str, geography: str) -> OdsPractice:
    """A general practice."""
    return OdsPractice(code, "DEMO", "RO76", commissioner, geography, "active")


@pytest.mark.parametrize(
    ("role", "setting"),
    [
        ("RO76", "general-practice"),
        ("4", "general-practice"),
        ("RO87", "urgent-care"),
        ("RO80", "urgent-care"),
        ("3", "urgent-care"),
        ("RO259", None),
        ("RO250", None),
        ("10", None),
        ("RO999", None),
        ("", None),
    ],
)
def test_a_prescribing_setting_stands_for_ours_or_for_none(role: str, setting: str | None) -> None:
    """General practice, walk-in centres and out of hours are taken; of all others a person decides."""
    assert prescribing_setting(role).setting == setting


def test_no_prescribing_setting_ever_stands_for_one_that_exempts() -> None:
    """What comes from a list can make a card appear, and never make one go away."""
    given = {known.setting for known in PRESCRIBING_SETTINGS.values()} - {None}
    assert given <= set(REFERRING_SETTINGS) < set(SETTINGS)


def test_practices_of_the_whole_icb_are_wanted() -> None:
    """Those outside the footprint too, so that they are known to be outside."""
    listed = [
        practice("Z99001", "W2U3Z", "Z9B2Z"),
        practice("Z99201", "93X", "Z9B2Z"),
        practice("Z99301", "72Q", "QKK"),
    ]
    assert commissioners_concerned(listed, {"W2U3Z", "QRV"}) == {"W2U3Z", "QRV", "93C", "93X"}


@pytest.mark.parametrize("geography", ["Y56", ""])
def test_a_region_of_the_country_is_no_icb(geography: str) -> None:
    """Where the file states London, or nothing, not all of London is taken."""
    listed = [practice("Z99101", "A3A8R", geography), practice("Z99301", "72Q", geography)]
    assert commissioners_concerned(listed, {"A3A8R"}) == {"A3A8R"}


def test_the_operator_can_name_more_and_a_merged_icb_is_never_one() -> None:
    """Z9B2Z places nobody."""
    listed = [practice("Z99001", "Z9B2Z", "Z9B2Z"), practice("Z99002", "W2U3Z", "Z9B2Z")]
    assert commissioners_concerned(listed, {"W2U3Z"}, ["72Q"]) == {"W2U3Z", "93C", "72Q"}


def test_the_former_neighbour_is_known_without_a_file() -> None:
    """North West London shares its ICB with former North Central London; North East London shares with none."""
    assert (neighbours_of({"W2U3Z"}), neighbours_of({"A3A8R"})) == ({"93C"}, set())
