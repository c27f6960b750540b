"""Each rule of `decide`, with what its card would say; the decision table (`tests/spec`) goes further."""

from datetime import date
from typing import Any

import pytest

from cds_service.pathway.decide import decide
from cds_service.pathway.facts import (
    BodyRegion,
    Facts,
    FcpListing,
    Indication,
    Modality,
    Oncology,
    RegionId,
    Setting,
)
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import Indicator, Outcome, RuleId, TextKey

TODAY = date(2026, 11, 21)
NEL = RegionId("nel")


def because_of(*reasons: Indication) -> dict[str, Any]:
    """The change that gives an order these coded reasons."""
    return {"indications": frozenset(reasons)}


ON_LUMBAR: dict[str, Any] = {"body_region": BodyRegion.LUMBAR_SPINE}


@pytest.mark.parametrize(
    "not_a_scan",
    [
        {"live": False},
        {"modality": Modality.OTHER},
        {"body_region": BodyRegion.NOT_MSK},
        {"body_region": BodyRegion.UNKNOWN},
        {"body_region": BodyRegion.SPINE_AND_MORE},
        {"modality": Modality.USS, "body_region": BodyRegion.HIP, "age": 0},
    ],
    ids=str,
)
def test_what_is_no_msk_scan_is_not_applicable(routine: Facts, nwl: Pathway, not_a_scan: dict[str, Any]) -> None:
    """A dead order, another kind of imaging, another part of the body, an unstated one, an infant's hip."""
    decision = decide(routine._replace(**not_a_scan), nwl, TODAY)

    assert (decision.outcome, decision.rule_id) == (Outcome.NOT_APPLICABLE, "national.not_an_msk_scan")


@pytest.mark.parametrize(
    "a_scan",
    [
        {"modality": Modality.USS, "body_region": BodyRegion.HIP, "age": 1},
        {"modality": Modality.USS, "body_region": BodyRegion.HIP, "age": None},
        {"modality": Modality.MRI, "body_region": BodyRegion.HIP, "age": 0},
        {"modality": Modality.USS, "body_region": BodyRegion.KNEE, "age": 0},
    ],
    ids=str,
)
def test_only_a_hip_ultrasound_under_one_year_is_an_infants_hip(
    routine: Facts, nwl: Pathway, a_scan: dict[str, Any]
) -> None:
    """Modality, hip and age all have to be known."""
    assert decide(routine._replace(**a_scan), nwl, TODAY).outcome is not Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("reasons", "outcome"),
    [
        ({"indications": {Indication.CAUDA_EQUINA}}, Outcome.CES),
        ({"indications": {Indication.CORD_COMPRESSION}, "oncology": Oncology.PAST}, Outcome.MSCC),
    ],
)
@pytest.mark.parametrize(
    "procedure",
    [
        {"body_region": BodyRegion.UNKNOWN},
        {"body_region": BodyRegion.SPINE_AND_MORE},
        {"modality": Modality.USS, "body_region": BodyRegion.HIP, "age": 0},
    ],
)
def test_neither_an_unstated_region_nor_an_infants_hip_hides_an_emergency(
    routine: Facts, nwl: Pathway, procedure: dict[str, Any], reasons: dict[str, Any], outcome: Outcome
) -> None:
    """Fact 1: no age and no missing field hides a coded CES or MSCC; the scan stays (D66)."""
    decision = decide(routine._replace(**procedure, **reasons), nwl, TODAY)

    assert (decision.outcome, decision.may_delete) == (outcome, False)


@pytest.mark.parametrize(
    "not_msk", [{"live": False}, {"modality": Modality.OTHER}, {"body_region": BodyRegion.NOT_MSK}]
)
def test_a_dead_order_or_another_kind_of_imaging_has_no_emergency_card(
    routine: Facts, nwl: Pathway, not_msk: dict[str, Any]
) -> None:
    """What is not a live order for an MSK MRI or ultrasound is not this service's to speak about."""
    facts = routine._replace(**not_msk, **because_of(Indication.CAUDA_EQUINA))

    assert decide(facts, nwl, TODAY).outcome is Outcome.NOT_APPLICABLE


RULES: list[tuple[dict[str, Any], Outcome, Indicator | None, TextKey | None]] = [
    ({"setting": Setting.SECONDARY_CARE}, Outcome.SPECIALIST_EXEMPT, None, None),
    (because_of(Indication.CAUDA_EQUINA), Outcome.CES, Indicator.CRITICAL, TextKey.CES),
    (ON_LUMBAR | because_of(Indication.CES_SYMPTOM_STRONG), Outcome.CES, Indicator.CRITICAL, TextKey.CES),
    (ON_LUMBAR | because_of(Indication.METASTASIS), Outcome.MSCC, Indicator.CRITICAL, TextKey.MSCC),
    (because_of(Indication.SARCOMA), Outcome.SUSPECTED_SARCOMA, Indicator.WARNING, TextKey.SUSPECTED_SARCOMA),
    (
        because_of(Indication.SARCOMA) | {"age": 15},
        Outcome.SUSPECTED_SARCOMA,
        Indicator.WARNING,
        TextKey.SUSPECTED_SARCOMA_CHILD,
    ),
    (
        because_of(Indication.SARCOMA) | {"age": 16},
        Outcome.SUSPECTED_SARCOMA,
        Indicator.WARNING,
        TextKey.SUSPECTED_SARCOMA,
    ),
    (because_of(Indication.MALIGNANCY), Outcome.SUSPECTED_CANCER, Indicator.WARNING, TextKey.SUSPECTED_CANCER),
    (
        because_of(Indication.SUSPECTED_CANCER) | {"age": 15},
        Outcome.SUSPECTED_CANCER,
        Indicator.WARNING,
        TextKey.SUSPECTED_CANCER_CHILD,
    ),
    (
        because_of(Indication.SUSPECTED_CANCER) | {"oncology": Oncology.ACTIVE},
        Outcome.SUSPECTED_CANCER,
        Indicator.WARNING,
        TextKey.SUSPECTED_CANCER,
    ),
    (
        because_of(Indication.SUSPECTED_CANCER) | {"oncology": Oncology.UNDER_CARE},
        Outcome.ONCOLOGY,
        Indicator.WARNING,
        TextKey.ONCOLOGY_NEW_PRIMARY,
    ),
    (
        because_of(Indication.SUSPICIOUS_PAIN) | {"oncology": Oncology.ACTIVE},
        Outcome.ONCOLOGY,
        Indicator.WARNING,
        TextKey.ONCOLOGY_SUSPICIOUS,
    ),
    ({"oncology": Oncology.UNDER_CARE}, Outcome.ONCOLOGY, Indicator.WARNING, TextKey.ONCOLOGY_TWO_BRANCHES),
    (
        because_of() | {"oncology": Oncology.UNDER_CARE},
        Outcome.ONCOLOGY,
        Indicator.WARNING,
        TextKey.ONCOLOGY_TWO_BRANCHES,
    ),
    (because_of(Indication.URGENT_SAME_DAY), Outcome.URGENT_MSK, Indicator.WARNING, TextKey.URGENT_SAME_DAY),
    (
        ON_LUMBAR | because_of(Indication.CES_SYMPTOM_WEAK),
        Outcome.URGENT_MSK,
        Indicator.WARNING,
        TextKey.URGENT_EXAMINE_TODAY,
    ),
    (ON_LUMBAR | because_of(Indication.RED_FLAG_SYMPTOM), Outcome.URGENT_MSK, Indicator.WARNING, TextKey.URGENT),
    (because_of(Indication.URGENT), Outcome.URGENT_MSK, Indicator.WARNING, TextKey.URGENT),
    (because_of(Indication.RHEUMATOLOGY), Outcome.URGENT_MSK, Indicator.WARNING, TextKey.URGENT_RHEUMATOLOGY),
    (because_of(Indication.SOFT_TISSUE_LUMP), Outcome.LUMP, Indicator.INFO, TextKey.LUMP),
    ({"setting": Setting.COMMUNITY_MSK}, Outcome.SPECIALIST_EXEMPT, None, None),
    ({"age": 15}, Outcome.PAEDIATRIC, Indicator.INFO, TextKey.PAEDIATRIC),
    ({"age": 16}, Outcome.REDIRECT, Indicator.WARNING, TextKey.REDIRECT),
    (
        {"setting": Setting.UNKNOWN},
        Outcome.REDIRECT_UNKNOWN_SETTING,
        Indicator.INFO,
        TextKey.REDIRECT_UNKNOWN_SETTING,
    ),
    ({}, Outcome.REDIRECT, Indicator.WARNING, TextKey.REDIRECT),
    ({"modality": Modality.USS}, Outcome.REDIRECT, Indicator.WARNING, TextKey.REDIRECT),
    ({"fcp_listing": FcpListing.CURRENT}, Outcome.REDIRECT, Indicator.WARNING, TextKey.REDIRECT),
    ({"specialist_request": True}, Outcome.REDIRECT, Indicator.INFO, TextKey.REDIRECT),
    (
        because_of(Indication.BENIGN_CAUSE) | {"oncology": Oncology.UNDER_CARE},
        Outcome.REDIRECT,
        Indicator.WARNING,
        TextKey.REDIRECT,
    ),
]


@pytest.mark.parametrize(("change", "outcome", "indicator", "text"), RULES)
def test_each_rule_in_nwl(
    routine: Facts,
    nwl: Pathway,
    change: dict[str, Any],
    outcome: Outcome,
    indicator: Indicator | None,
    text: TextKey | None,
) -> None:
    """A routine knee MRI with one thing changed."""
    decision = decide(routine._replace(**change), nwl, TODAY)

    assert (decision.outcome, decision.indicator, decision.text) == (outcome, indicator, text)
    assert decision.speaker == "nwl"


@pytest.mark.parametrize(
    "reasons",
    [because_of(Indication.SARCOMA), because_of(Indication.SUSPECTED_CANCER), {"oncology": Oncology.UNDER_CARE}],
)
def test_a_cancer_card_in_community_msk_informs(routine: Facts, nwl: Pathway, reasons: dict[str, Any]) -> None:
    """There it is a reminder to the people who would have been the destination (D22)."""
    decision = decide(routine._replace(setting=Setting.COMMUNITY_MSK, **reasons), nwl, TODAY)

    assert decision.indicator is Indicator.INFO


@pytest.mark.parametrize("reason", [Indication.CAUDA_EQUINA, Indication.URGENT])
def test_an_emergency_or_urgent_card_is_as_loud_in_community_msk(
    routine: Facts, nwl: Pathway, reason: Indication
) -> None:
    """Only the cancer cards are turned down there."""
    at_practice = decide(routine._replace(**because_of(reason)), nwl, TODAY)
    at_community = decide(routine._replace(setting=Setting.COMMUNITY_MSK, **because_of(reason)), nwl, TODAY)

    assert at_community.indicator is at_practice.indicator


@pytest.mark.parametrize(
    ("reasons", "text"),
    [
        ({Indication.URGENT_SAME_DAY, Indication.CES_SYMPTOM_WEAK, Indication.URGENT}, TextKey.URGENT_SAME_DAY),
        ({Indication.CES_SYMPTOM_WEAK, Indication.URGENT}, TextKey.URGENT_EXAMINE_TODAY),
        ({Indication.URGENT, Indication.RHEUMATOLOGY}, TextKey.URGENT),
        ({Indication.RHEUMATOLOGY, Indication.PAIN, Indication.BENIGN_CAUSE}, TextKey.URGENT_RHEUMATOLOGY),
        ({Indication.CORD_COMPRESSION, Indication.RHEUMATOLOGY}, TextKey.URGENT_EXAMINE_TODAY),
    ],
)
def test_the_most_pressing_urgent_reason_words_the_card(
    routine: Facts, nwl: Pathway, reasons: set[Indication], text: TextKey
) -> None:
    """Same day before examine today before urgent before rheumatology."""
    assert decide(routine._replace(indications=frozenset(reasons), **ON_LUMBAR), nwl, TODAY).text is text


@pytest.mark.parametrize(
    "meaningless", [Indication.CES_SYMPTOM_STRONG, Indication.CES_SYMPTOM_WEAK, Indication.RED_FLAG_SYMPTOM]
)
def test_a_symptom_that_means_nothing_here_does_not_take_the_rheumatology_wording_away(
    routine: Facts, nwl: Pathway, meaningless: Indication
) -> None:
    """Off the spine these codes mean nothing ("What a code means"), so the knee still goes to rheumatology."""
    facts = routine._replace(**because_of(Indication.RHEUMATOLOGY, meaningless))

    assert decide(facts, nwl, TODAY).text is TextKey.URGENT_RHEUMATOLOGY


@pytest.mark.parametrize("urgent", [Indication.URGENT_SAME_DAY, Indication.URGENT])
def test_an_oncology_patient_with_an_urgent_reason_is_never_offered_community_msk(
    routine: Facts, nwl: Pathway, urgent: Indication
) -> None:
    """The two branches are for pain that is unspecified; a coded infection or fracture is not."""
    decision = decide(routine._replace(oncology=Oncology.UNDER_CARE, **because_of(urgent)), nwl, TODAY)

    assert decision.outcome is Outcome.ONCOLOGY
    assert decision.text is not TextKey.ONCOLOGY_TWO_BRANCHES


def test_a_decision_names_its_rule_reason_and_sentences(routine: Facts, nwl: Pathway) -> None:
    """From the pathway that speaks."""
    decision = decide(routine, nwl, TODAY)

    assert decision.rule_id == "nwl.redirect"
    assert decision.sources == ("N2", "N5")
    assert decision.reasons == (nwl.rules[RuleId.REDIRECT].because,)
