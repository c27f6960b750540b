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
from cds_service.pathway.outcomes import Caution, Indicator, KeepScan, Outcome, RuleId, TextKey

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
        {"oncology": Oncology.ACTIVE, "age": 15},
        Outcome.ONCOLOGY,
        Indicator.WARNING,
        TextKey.ONCOLOGY_TWO_BRANCHES_CHILD,
    ),
    ({"oncology": Oncology.ACTIVE, "age": 16}, Outcome.ONCOLOGY, Indicator.WARNING, TextKey.ONCOLOGY_TWO_BRANCHES),
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
    (because_of(Indication.SOFT_TISSUE_LUMP) | {"age": 15}, Outcome.LUMP, Indicator.INFO, TextKey.LUMP_CHILD),
    (because_of(Indication.SOFT_TISSUE_LUMP) | {"age": None}, Outcome.LUMP, Indicator.INFO, TextKey.LUMP),
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


@pytest.mark.parametrize("setting", [Setting.GENERAL_PRACTICE, Setting.COMMUNITY_MSK])
@pytest.mark.parametrize("cancer", [Oncology.ACTIVE, Oncology.UNDER_CARE])
@pytest.mark.parametrize(
    ("reasons", "part", "text"),
    [
        ({Indication.URGENT_SAME_DAY}, BodyRegion.LUMBAR_SPINE, TextKey.ONCOLOGY_SAME_DAY),
        ({Indication.URGENT_SAME_DAY, Indication.CES_SYMPTOM_WEAK}, BodyRegion.LUMBAR_SPINE, TextKey.ONCOLOGY_SAME_DAY),
        ({Indication.CES_SYMPTOM_WEAK}, BodyRegion.LUMBAR_SPINE, TextKey.ONCOLOGY_EXAMINE_TODAY),
        ({Indication.CES_SYMPTOM_STRONG}, BodyRegion.THORACIC_SPINE, TextKey.ONCOLOGY_EXAMINE_TODAY),
        ({Indication.CES_SYMPTOM_STRONG, Indication.URGENT}, BodyRegion.CERVICAL_SPINE, TextKey.ONCOLOGY_EXAMINE_TODAY),
        ({Indication.URGENT, Indication.SUSPICIOUS_PAIN}, BodyRegion.HIP, TextKey.ONCOLOGY_URGENT),
        ({Indication.RED_FLAG_SYMPTOM}, BodyRegion.LUMBAR_SPINE, TextKey.ONCOLOGY_URGENT),
        ({Indication.RHEUMATOLOGY}, BodyRegion.KNEE, TextKey.ONCOLOGY_RHEUMATOLOGY),
        ({Indication.SUSPICIOUS_PAIN, Indication.CES_SYMPTOM_WEAK}, BodyRegion.KNEE, TextKey.ONCOLOGY_SUSPICIOUS),
        ({Indication.CES_SYMPTOM_STRONG}, BodyRegion.KNEE, TextKey.ONCOLOGY_TWO_BRANCHES),
    ],
)
def test_under_oncology_an_urgent_reason_words_the_card(
    routine: Facts,
    nwl: Pathway,
    reasons: set[Indication],
    part: BodyRegion,
    text: TextKey,
    cancer: Oncology,
    setting: Setting,
) -> None:
    """What cannot wait leads wherever it is ordered; "the pain may come from the cancer" needs a coded pain."""
    facts = routine._replace(body_region=part, indications=frozenset(reasons), oncology=cancer, setting=setting)
    decision = decide(facts, nwl, TODAY)

    assert (decision.outcome, decision.text) == (Outcome.ONCOLOGY, text)
    assert Outcome.URGENT_MSK not in decision.also_coded


@pytest.mark.parametrize("region", ["nwl", "nel"])
@pytest.mark.parametrize("part", [BodyRegion.CERVICAL_SPINE, BodyRegion.THORACIC_SPINE])
def test_a_strong_sign_on_a_spine_that_shows_no_cauda_equina_is_told_and_keeps_the_scan(
    routine: Facts, nwl: Pathway, nel: Pathway, part: BodyRegion, region: str
) -> None:
    """Retention of urine with a thoracic spine may be the cord's: no row gives it a rule, so the redirect tells it."""
    pathway = {"nwl": nwl, "nel": nel}[region]
    facts = routine._replace(region=pathway.id, body_region=part, **because_of(Indication.CES_SYMPTOM_STRONG))
    decision = decide(facts, pathway, TODAY)

    assert (decision.outcome, decision.indicator) == (Outcome.REDIRECT, Indicator.WARNING)
    assert decision.conditional
    assert Caution.STRONG_SIGN in decision.cautions
    assert Caution.UNLESS_RED_FLAGS not in decision.cautions
    assert decision.keep == (KeepScan.STRONG_SIGN,)


@pytest.mark.parametrize("part", [BodyRegion.KNEE, BodyRegion.HIP, BodyRegion.SACROILIAC_JOINT])
def test_a_strong_sign_off_the_spine_still_means_nothing(routine: Facts, nwl: Pathway, part: BodyRegion) -> None:
    """As the table has it (D63b)."""
    decision = decide(routine._replace(body_region=part, **because_of(Indication.CES_SYMPTOM_STRONG)), nwl, TODAY)

    assert (decision.conditional, decision.cautions, decision.keep) == (False, (), ())


def test_where_symptoms_do_not_count_a_strong_sign_is_still_told(routine: Facts, nwl: Pathway) -> None:
    """A region that switched the rule off redirects, and never removes the scan."""
    rules = {**nwl.rules, RuleId.SYMPTOMS: nwl.rules[RuleId.SYMPTOMS].model_copy(update={"enabled": False})}
    facts = routine._replace(**ON_LUMBAR, **because_of(Indication.CES_SYMPTOM_STRONG))
    decision = decide(facts, nwl.model_copy(update={"rules": rules}), TODAY)

    assert (decision.outcome, decision.conditional, decision.may_delete) == (Outcome.REDIRECT, True, False)
    assert Caution.STRONG_SIGN in decision.cautions


@pytest.mark.parametrize("unread", [Indication.UNRECOGNISED, Indication.TEXT_ONLY])
@pytest.mark.parametrize("known", [Indication.PAIN, Indication.BENIGN_CAUSE])
def test_one_reason_that_no_list_knows_is_enough_for_a_doubt(
    routine: Facts, nwl: Pathway, known: Indication, unread: Indication
) -> None:
    """Beside "low back pain" it may be the cauda equina syndrome, in ICD-10 or in words."""
    decision = decide(routine._replace(**because_of(known, unread)), nwl, TODAY)

    assert (decision.outcome, decision.conditional) == (Outcome.REDIRECT, True)
    assert decision.cautions == (Caution.UNLESS_RED_FLAGS,)
    assert decision.keep == (KeepScan.REASON_UNKNOWN,)


def test_words_alone_are_as_the_table_has_them(routine: Facts, nwl: Pathway) -> None:
    """D52: the safety net leads, and the scan may go; a code that no list knows keeps it."""
    words = decide(routine._replace(**because_of(Indication.TEXT_ONLY)), nwl, TODAY)
    code = decide(routine._replace(**because_of(Indication.UNRECOGNISED)), nwl, TODAY)

    assert (words.conditional, words.may_delete) == (True, True)
    assert (code.conditional, code.may_delete) == (True, False)


def test_a_decision_names_its_rule_reason_and_sentences(routine: Facts, nwl: Pathway) -> None:
    """From the pathway that speaks."""
    decision = decide(routine, nwl, TODAY)

    assert decision.rule_id == "nwl.redirect"
    assert decision.sources == ("N2", "N5")
    assert decision.reasons == (nwl.rules[RuleId.REDIRECT].because,)
