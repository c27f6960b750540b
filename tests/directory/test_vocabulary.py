import pytest

from cds_service.directory.vocabulary import BODY_REGIONS, MODALITIES, SETTINGS, borough_key, code_key
from cds_service.pathway.facts import BodyRegion, Modality, Setting


def test_settings_are_the_known_settings_of_the_pathway() -> None:
    """Every setting of the rules can be written but "unknown", which is the lack of a row."""
    assert set(SETTINGS) == {setting.value for setting in Setting} - {"unknown"}


def test_modalities_are_those_of_the_pathway() -> None:
    """A local procedure's modality is a word that the rules know."""
    assert set(MODALITIES) == {modality.value for modality in Modality}


def test_body_regions_are_those_of_the_pathway() -> None:
    """A local procedure's body region is a word that the rules know."""
    assert set(BODY_REGIONS) == {region.value for region in BodyRegion} - {"spine-and-more"}


@pytest.mark.parametrize(
    "written",
    ["Hammersmith & Fulham", "hammersmith  and fulham", " HAMMERSMITH&FULHAM ", "Hammersmith And Fulham"],
)
def test_a_borough_is_the_same_however_it_is_written(written: str) -> None:
    """Case, spacing and "&" make no other borough."""
    assert borough_key(written) == "hammersmith and fulham"


def test_a_borough_with_and_inside_a_word_stays_whole() -> None:
    """Only the sign is read as "and"; Wandsworth keeps its letters."""
    assert borough_key("Wandsworth") == "wandsworth"


def test_no_borough_is_the_region_as_a_whole() -> None:
    """None and blank name the region-wide row."""
    assert (borough_key(None), borough_key("  ")) == ("", "")


def test_a_code_is_compared_trimmed_and_without_case() -> None:
    """An EHR's spelling of an ODS code finds the row."""
    assert code_key(" z99p01 ") == "Z99P01"
