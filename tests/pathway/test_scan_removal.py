"""Fact 6: every reason to leave a scan where it is."""

from datetime import date
from typing import Any

import pytest

from cds_service.pathway.decide import decide
from cds_service.pathway.facts import BodyRegion, Facts, Indication, KnownBy, Oncology, Setting
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import KeepScan, RuleId
from cds_service.pathway.scan_removal import REMOVING_RULES, reasons_to_keep
from cds_service.pathway.signs import read_signs

TODAY = date(2026, 11, 21)


def kept(rule: RuleId, facts: Facts, pathway: Pathway | None) -> tuple[KeepScan, ...]:
    """The reasons to keep the scan when this rule answers."""
    return reasons_to_keep(rule, facts, read_signs(facts, symptoms_count=True), pathway)


def test_only_a_redirect_and_a_cauda_equina_card_may_remove_a_scan() -> None:
    """Every other outcome leaves it."""
    assert {RuleId.REDIRECT, RuleId.CES} == REMOVING_RULES


@pytest.mark.parametrize("rule", sorted(set(RuleId) - REMOVING_RULES))
def test_every_other_rule_leaves_the_scan_for_that_reason_alone(routine: Facts, nwl: Pathway, rule: RuleId) -> None:
    """Nothing more has to be explained."""
    assert kept(rule, routine, nwl) == (KeepScan.OUTCOME,)


@pytest.mark.parametrize("rule", sorted(REMOVING_RULES))
def test_national_wording_leaves_the_scan(routine: Facts, rule: RuleId) -> None:
    """Without a pathway there is no referral to put in its place."""
    assert kept(rule, routine, None) == (KeepScan.NATIONAL,)


@pytest.mark.parametrize("rule", sorted(REMOVING_RULES))
def test_a_routine_scan_may_be_removed(routine: Facts, nwl: Pathway, rule: RuleId) -> None:
    """When everything is known and nothing speaks for it."""
    assert kept(rule, routine, nwl) == ()


@pytest.mark.parametrize("rule", sorted(REMOVING_RULES))
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"age": None}, KeepScan.AGE_UNKNOWN),
        ({"age": 15}, KeepScan.CHILD),
        ({"age": 0}, KeepScan.CHILD),
        ({"setting": Setting.UNKNOWN}, KeepScan.SETTING_UNKNOWN),
        ({"body_region": BodyRegion.UNKNOWN}, KeepScan.BODY_REGION_UNKNOWN),
        ({"known_by": KnownBy.TEXT}, KeepScan.TEXT_ONLY),
        ({"body_region": BodyRegion.CERVICAL_SPINE, "oncology": Oncology.PAST}, KeepScan.SPINE_AND_CANCER),
    ],
    ids=str,
)
def test_a_clause_keeps_the_scan_whichever_rule_answers(
    routine: Facts, nwl: Pathway, rule: RuleId, change: dict[str, Any], reason: KeepScan
) -> None:
    """Each clause of fact 6 that is about the patient or the order."""
    assert kept(rule, routine._replace(**change), nwl) == (reason,)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"indications": frozenset({Indication.SUSPICIOUS_PAIN})}, KeepScan.SUSPICIOUS_PAIN),
        ({"specialist_request": True}, KeepScan.SPECIALIST_REQUEST),
    ],
    ids=str,
)
def test_what_keeps_a_redirected_scan_only(
    routine: Facts, nwl: Pathway, change: dict[str, Any], reason: KeepScan
) -> None:
    """An emergency department replaces an outpatient scan, whoever asked for it (D79, D82)."""
    facts = routine._replace(**change)

    assert kept(RuleId.REDIRECT, facts, nwl) == (reason,)
    assert kept(RuleId.CES, facts, nwl) == ()


@pytest.mark.parametrize("age", [16, 17])
def test_a_region_may_count_sixteen_and_seventeen_as_children(routine: Facts, nwl: Pathway, age: int) -> None:
    """`adult_from` decides, never below 16."""
    facts = routine._replace(age=age)

    assert kept(RuleId.REDIRECT, facts, nwl) == ()
    assert kept(RuleId.REDIRECT, facts, nwl.model_copy(update={"adult_from": 18})) == (KeepScan.CHILD,)


@pytest.mark.parametrize(
    ("reasons", "oncology"),
    [
        ({Indication.SARCOMA}, Oncology.NONE),
        ({Indication.SOFT_TISSUE_LUMP}, Oncology.NONE),
        ({Indication.CORD_COMPRESSION}, Oncology.PAST),
    ],
)
def test_another_red_flag_keeps_the_scan_beside_cauda_equina(
    routine: Facts, nwl: Pathway, reasons: set[Indication], oncology: Oncology
) -> None:
    """Sarcoma, lump and MSCC hold whatever the outcome."""
    facts = routine._replace(indications=frozenset({Indication.CAUDA_EQUINA, *reasons}), oncology=oncology)

    assert kept(RuleId.CES, facts, nwl) == (KeepScan.OTHER_RED_FLAG,)


@pytest.mark.parametrize("oncology", [Oncology.ACTIVE, Oncology.UNDER_CARE])
def test_an_oncology_patient_keeps_the_scan_beside_cauda_equina(
    routine: Facts, nwl: Pathway, oncology: Oncology
) -> None:
    """Whatever the outcome; of the spine the history of cancer says so already."""
    facts = routine._replace(indications=frozenset({Indication.CAUDA_EQUINA}), oncology=oncology)

    assert kept(RuleId.CES, facts, nwl) == (KeepScan.ONCOLOGY_PATIENT,)
    assert kept(RuleId.CES, facts._replace(body_region=BodyRegion.LUMBAR_SPINE), nwl) == (KeepScan.SPINE_AND_CANCER,)


@pytest.mark.parametrize(
    "reason",
    [Indication.SUSPECTED_CANCER, Indication.CES_SYMPTOM_STRONG, Indication.CES_SYMPTOM_WEAK, Indication.PAIN],
)
def test_what_belongs_to_cauda_equina_or_the_table_settles_does_not_keep_it(
    routine: Facts, nwl: Pathway, reason: Indication
) -> None:
    """A suspected cancer beside it (D55), and the symptoms that are its own picture."""
    reasons = frozenset({Indication.CAUDA_EQUINA, reason})
    facts = routine._replace(body_region=BodyRegion.LUMBAR_SPINE, indications=reasons)

    assert kept(RuleId.CES, facts, nwl) == ()


def test_every_reason_that_holds_is_named(routine: Facts, nwl: Pathway) -> None:
    """A clinician who asks why the scan stays gets the whole answer, in one order."""
    facts = routine._replace(
        age=None, known_by=KnownBy.TEXT, body_region=BodyRegion.LUMBAR_SPINE, oncology=Oncology.PAST
    )

    assert decide(facts, nwl, TODAY).keep == (KeepScan.AGE_UNKNOWN, KeepScan.TEXT_ONLY, KeepScan.SPINE_AND_CANCER)
