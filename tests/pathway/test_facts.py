"""The facts' own vocabulary: what counts as spine, and what stands for missing evidence."""

import pytest

from cds_service.pathway.facts import (
    CAUDA_EQUINA_REGIONS,
    NO_SINGLE_PART,
    OUTSIDE,
    SPINE_REGIONS,
    UNRESOLVED,
    BodyRegion,
    Facts,
    FcpListing,
    KnownBy,
    Modality,
    Oncology,
    Setting,
)
from cds_service.pathway.loading import PACKAGED_REGIONS


def test_a_spine_order_images_a_level_of_the_spine_or_an_unstated_one() -> None:
    """Joints beside the spine are not the spine."""
    assert {
        BodyRegion.CERVICAL_SPINE,
        BodyRegion.THORACIC_SPINE,
        BodyRegion.THORACOLUMBAR_SPINE,
        BodyRegion.LUMBAR_SPINE,
        BodyRegion.SACRAL_SPINE,
        BodyRegion.WHOLE_SPINE,
        BodyRegion.SPINE,
        BodyRegion.SPINE_AND_MORE,
    } == SPINE_REGIONS


def test_the_cauda_equina_shows_on_lumbar_sacral_whole_and_unstated_spine_orders() -> None:
    """A thoracolumbar order reaches the lumbar spine; cervical and thoracic ones do not."""
    assert {BodyRegion.CERVICAL_SPINE, BodyRegion.THORACIC_SPINE} == SPINE_REGIONS - CAUDA_EQUINA_REGIONS


def test_an_unstated_spine_level_is_known_to_be_spine_but_an_unstated_body_region_is_nothing() -> None:
    """`spine` and `unknown` are different facts."""
    assert BodyRegion.SPINE in SPINE_REGIONS
    assert BodyRegion.UNKNOWN not in SPINE_REGIONS
    assert BodyRegion.NOT_MSK not in SPINE_REGIONS


def test_the_spine_beside_another_part_is_a_spine_of_any_level_and_no_single_part() -> None:
    """So the emergencies speak of it, and no routine rule does."""
    assert BodyRegion.SPINE_AND_MORE in CAUDA_EQUINA_REGIONS
    assert {BodyRegion.SPINE_AND_MORE, BodyRegion.UNKNOWN} == NO_SINGLE_PART


def test_facts_that_nobody_stated_are_missing_evidence() -> None:
    """No default exempts, deletes or denies a history."""
    facts = Facts(Modality.MRI, BodyRegion.KNEE)

    assert facts == Facts(
        modality=Modality.MRI,
        body_region=BodyRegion.KNEE,
        known_by=KnownBy.CODE,
        live=True,
        region=UNRESOLVED,
        setting=Setting.UNKNOWN,
        fcp_listing=FcpListing.NONE,
        indications=frozenset(),
        oncology=Oncology.UNKNOWN,
        age=None,
        patient_region=None,
        specialist_request=False,
        evidence={},
    )


def test_facts_cannot_be_changed() -> None:
    """Neither a fact nor the shared, empty evidence."""
    facts = Facts(Modality.MRI, BodyRegion.KNEE)

    with pytest.raises(AttributeError):
        facts.age = 50  # type: ignore[misc] # that it cannot be set is the point
    with pytest.raises(TypeError):
        facts.evidence["age"] = "birthDate"  # type: ignore[index] # that it cannot be set is the point


def test_outside_and_unresolved_are_no_region() -> None:
    """A known organisation in no footprint differs from one that nothing places, and neither is a pathway's id."""
    assert len({OUTSIDE, UNRESOLVED, *PACKAGED_REGIONS}) == 4


@pytest.mark.parametrize("vocabulary", [Modality, BodyRegion, Setting, FcpListing, Oncology, KnownBy])
def test_each_word_is_plain_text_for_files_and_logs(vocabulary: type[Modality]) -> None:
    """A fact prints as the word that files, tables and the log use."""
    assert all(str(word) == word.value == word.value.lower() for word in vocabulary)
