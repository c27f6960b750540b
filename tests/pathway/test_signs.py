"""What a coded reason means (docs/outcomes.md), row by row: on a spine order and elsewhere, with each cancer status."""

import itertools

import pytest

from cds_service.pathway.facts import SPINE_REGIONS, BodyRegion, Facts, Indication, Oncology
from cds_service.pathway.signs import (
    Signs,
    every_reason_is_benign,
    has_cancer_history,
    is_spine,
    read_signs,
    reasons_are_words_alone,
    some_reason_is_unknown,
)

CAUDAL = (
    BodyRegion.LUMBAR_SPINE,
    BodyRegion.SACRAL_SPINE,
    BodyRegion.THORACOLUMBAR_SPINE,
    BodyRegion.WHOLE_SPINE,
    BodyRegion.SPINE,
    BodyRegion.SPINE_AND_MORE,
)
HIGHER = (BodyRegion.CERVICAL_SPINE, BodyRegion.THORACIC_SPINE)
ELSEWHERE = (BodyRegion.KNEE, BodyRegion.SACROILIAC_JOINT, BodyRegion.UNKNOWN)
SPINE = (*CAUDAL, *HIGHER)
ANYWHERE = (*SPINE, *ELSEWHERE)

HISTORY = (Oncology.PAST, Oncology.ACTIVE, Oncology.UNDER_CARE)
NO_HISTORY = (Oncology.NONE, Oncology.UNKNOWN)
WHATEVER = (*HISTORY, *NO_HISTORY)

TABLE: list[tuple[Indication, tuple[BodyRegion, ...], tuple[Oncology, ...], str]] = [
    (Indication.CAUDA_EQUINA, ANYWHERE, WHATEVER, "ces"),
    (Indication.CES_SYMPTOM_STRONG, CAUDAL, WHATEVER, "ces"),
    (Indication.CES_SYMPTOM_STRONG, HIGHER, WHATEVER, "strong_sign"),
    (Indication.CES_SYMPTOM_STRONG, ELSEWHERE, WHATEVER, ""),
    (Indication.CES_SYMPTOM_WEAK, SPINE, WHATEVER, "urgent"),
    (Indication.CES_SYMPTOM_WEAK, ELSEWHERE, WHATEVER, ""),
    (Indication.RED_FLAG_SYMPTOM, SPINE, WHATEVER, "urgent"),
    (Indication.RED_FLAG_SYMPTOM, ELSEWHERE, WHATEVER, ""),
    (Indication.CORD_COMPRESSION, ANYWHERE, HISTORY, "mscc"),
    (Indication.CORD_COMPRESSION, ANYWHERE, NO_HISTORY, "urgent"),
    (Indication.METASTASIS, SPINE, WHATEVER, "mscc"),
    (Indication.METASTASIS, ELSEWHERE, WHATEVER, "cancer"),
    (Indication.SARCOMA, ANYWHERE, WHATEVER, "sarcoma"),
    (Indication.SUSPECTED_CANCER, ANYWHERE, WHATEVER, "cancer"),
    (Indication.MALIGNANCY, ANYWHERE, WHATEVER, "cancer"),
    (Indication.SUSPICIOUS_PAIN, ANYWHERE, WHATEVER, "suspicious_pain"),
    (Indication.URGENT_SAME_DAY, ANYWHERE, WHATEVER, "urgent"),
    (Indication.URGENT, ANYWHERE, WHATEVER, "urgent"),
    (Indication.RHEUMATOLOGY, ANYWHERE, WHATEVER, "urgent"),
    (Indication.SOFT_TISSUE_LUMP, ANYWHERE, WHATEVER, "lump"),
    (Indication.PAIN, ANYWHERE, WHATEVER, ""),
    (Indication.BACK_PAIN_OR_SCIATICA, ANYWHERE, WHATEVER, ""),
    (Indication.BENIGN_CAUSE, ANYWHERE, WHATEVER, ""),
    (Indication.UNRECOGNISED, ANYWHERE, WHATEVER, ""),
    (Indication.TEXT_ONLY, ANYWHERE, WHATEVER, ""),
]
"""A coded reason, where it is imaged, what is known of cancer, and the signs that hold for it (or none)."""


def held(signs: Signs) -> set[str]:
    """The names of the signs that hold."""
    return {name for name, holds in signs._asdict().items() if holds}


@pytest.mark.parametrize(("reason", "body_regions", "oncologies", "signs"), TABLE)
def test_what_a_code_means(
    routine: Facts,
    reason: Indication,
    body_regions: tuple[BodyRegion, ...],
    oncologies: tuple[Oncology, ...],
    signs: str,
) -> None:
    """A row of the table, wherever and for whomever it holds."""
    for body_region, oncology in itertools.product(body_regions, oncologies):
        facts = routine._replace(body_region=body_region, oncology=oncology, indications=frozenset({reason}))

        assert held(read_signs(facts, symptoms_count=True)) == set(signs.split()), (body_region, oncology)


def test_the_table_says_what_every_code_means_everywhere() -> None:
    """No reason, place or state of cancer is left out above, and none stands twice."""
    said = [case for reason, *where, _ in TABLE for case in itertools.product([reason], *where)]

    assert len(said) == len(set(said)) == len(Indication) * len(ANYWHERE) * len(Oncology)


@pytest.mark.parametrize("body_region", [*HIGHER, *ELSEWHERE])
def test_a_strong_sign_beside_back_pain_is_cauda_equina_whatever_is_imaged(
    routine: Facts, body_region: BodyRegion
) -> None:
    """D63c: saddle numbness and sciatica on a hip order."""
    reasons = frozenset({Indication.CES_SYMPTOM_STRONG, Indication.BACK_PAIN_OR_SCIATICA})
    facts = routine._replace(body_region=body_region, indications=reasons)

    assert held(read_signs(facts, symptoms_count=True)) == {"ces"}


def test_a_weak_sign_beside_back_pain_still_needs_a_spine_order(routine: Facts) -> None:
    """Only the strong signs count beside back pain alone."""
    reasons = frozenset({Indication.CES_SYMPTOM_WEAK, Indication.BACK_PAIN_OR_SCIATICA})

    assert held(read_signs(routine._replace(indications=reasons), symptoms_count=True)) == set()


def test_several_reasons_hold_side_by_side(routine: Facts) -> None:
    """Each code keeps its meaning beside the others."""
    reasons = frozenset(
        {Indication.CAUDA_EQUINA, Indication.METASTASIS, Indication.SARCOMA, Indication.SOFT_TISSUE_LUMP}
    )
    facts = routine._replace(body_region=BodyRegion.LUMBAR_SPINE, indications=reasons)

    assert held(read_signs(facts, symptoms_count=True)) == {"ces", "mscc", "sarcoma", "lump"}


CODED_CANCER = (Indication.MALIGNANCY, Indication.SUSPECTED_CANCER, Indication.METASTASIS, Indication.SARCOMA)


@pytest.mark.parametrize("body_region", ANYWHERE)
@pytest.mark.parametrize("cancer", CODED_CANCER)
def test_cord_compression_beside_a_coded_cancer_is_mscc_and_no_longer_urgent(
    routine: Facts, cancer: Indication, body_region: BodyRegion
) -> None:
    """A cancer among the reasons counts as a history of cancer does, a suspected one too: the emergency is shown."""
    reasons = frozenset({Indication.CORD_COMPRESSION, cancer})
    for oncology in WHATEVER:
        facts = routine._replace(body_region=body_region, oncology=oncology, indications=reasons)

        signs = held(read_signs(facts, symptoms_count=True))

        assert "mscc" in signs
        assert "urgent" not in signs


@pytest.mark.parametrize(
    ("symptom", "body_region", "signs"),
    [
        (Indication.CES_SYMPTOM_STRONG, BodyRegion.LUMBAR_SPINE, {"uncounted_symptom", "strong_sign"}),
        (Indication.CES_SYMPTOM_STRONG, BodyRegion.CERVICAL_SPINE, {"strong_sign"}),
        (Indication.CES_SYMPTOM_WEAK, BodyRegion.CERVICAL_SPINE, {"uncounted_symptom"}),
        (Indication.RED_FLAG_SYMPTOM, BodyRegion.LUMBAR_SPINE, {"uncounted_symptom"}),
    ],
)
def test_a_symptom_that_a_region_does_not_count_is_remembered(
    routine: Facts, symptom: Indication, body_region: BodyRegion, signs: set[str]
) -> None:
    """It gives no red flag, and it is still known to be there, so that the scan stays."""
    facts = routine._replace(body_region=body_region, indications=frozenset({symptom}))

    assert held(read_signs(facts, symptoms_count=False)) == signs


@pytest.mark.parametrize("symptom", [Indication.CES_SYMPTOM_STRONG, Indication.CES_SYMPTOM_WEAK])
def test_a_symptom_that_means_nothing_on_this_order_is_not_remembered(routine: Facts, symptom: Indication) -> None:
    """Incontinence with a knee order counts nowhere (D63)."""
    facts = routine._replace(indications=frozenset({symptom}))

    assert held(read_signs(facts, symptoms_count=False)) == set()


@pytest.mark.parametrize(
    ("reason", "sign"),
    [
        (Indication.CAUDA_EQUINA, "ces"),
        (Indication.CORD_COMPRESSION, "urgent"),
        (Indication.METASTASIS, "mscc"),
        (Indication.URGENT_SAME_DAY, "urgent"),
        (Indication.SARCOMA, "sarcoma"),
    ],
)
def test_stated_conditions_count_whether_symptoms_do_or_not(routine: Facts, reason: Indication, sign: str) -> None:
    """Switching symptoms off silences symptoms alone."""
    facts = routine._replace(body_region=BodyRegion.LUMBAR_SPINE, indications=frozenset({reason}))

    assert held(read_signs(facts, symptoms_count=False)) == {sign}


@pytest.mark.parametrize("body_region", BodyRegion)
def test_is_spine(routine: Facts, body_region: BodyRegion) -> None:
    """Exactly the regions of the spine."""
    assert is_spine(routine._replace(body_region=body_region)) == (body_region in SPINE_REGIONS)


@pytest.mark.parametrize("oncology", WHATEVER)
def test_a_cancer_history_is_past_active_or_under_care(routine: Facts, oncology: Oncology) -> None:
    """An unknown status is no history, and no denial of one either."""
    assert has_cancer_history(routine._replace(oncology=oncology)) == (oncology in HISTORY)


@pytest.mark.parametrize(
    ("reasons", "benign", "unknown", "words_alone"),
    [
        (set(), False, True, False),
        ({Indication.BENIGN_CAUSE}, True, False, False),
        ({Indication.BENIGN_CAUSE, Indication.PAIN}, False, False, False),
        ({Indication.BENIGN_CAUSE, Indication.UNRECOGNISED}, False, True, False),
        ({Indication.BENIGN_CAUSE, Indication.TEXT_ONLY}, False, True, False),
        ({Indication.PAIN}, False, False, False),
        ({Indication.TEXT_ONLY}, False, True, True),
        ({Indication.UNRECOGNISED}, False, True, False),
        ({Indication.UNRECOGNISED, Indication.TEXT_ONLY}, False, True, False),
    ],
)
def test_benign_and_unknown_reasons(
    routine: Facts,
    reasons: set[Indication],
    benign: bool,
    unknown: bool,
    words_alone: bool,
) -> None:
    """Only stated benign causes, every one of them, are benign; one reason that no list knows is enough for a doubt."""
    facts = routine._replace(indications=frozenset(reasons))

    assert every_reason_is_benign(facts) == benign
    assert some_reason_is_unknown(facts) == unknown
    assert reasons_are_words_alone(facts) == words_alone
