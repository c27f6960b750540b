"""Deleting a scan travels with creating the referral, and fact 6 of `design.md` forbids it clause by clause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from situations import CANCER_HISTORIES, Situation, orders_under_a_pathway, situations

from cds_service.pathway.facts import SPINE_REGIONS, BodyRegion, Indication, KnownBy, Oncology, Setting
from cds_service.pathway.outcomes import KeepScan, Outcome


@given(situations())
def test_a_scan_is_removed_only_beside_a_referral(situation: Situation) -> None:
    """Never a deletion alone."""
    decision = situation.decided()

    assert decision.proposes_referral or not decision.may_delete


@given(situations())
def test_only_a_redirect_or_a_cauda_equina_card_removes_a_scan(situation: Situation) -> None:
    """The scan stays for MSCC, cancer, sarcoma, oncology, urgent MSK, lump, child and every silent outcome."""
    decision = situation.decided()

    assert decision.outcome in {Outcome.REDIRECT, Outcome.CES} or not decision.may_delete


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome.MSCC,
        Outcome.SUSPECTED_CANCER,
        Outcome.SUSPECTED_SARCOMA,
        Outcome.ONCOLOGY,
        Outcome.URGENT_MSK,
        Outcome.LUMP,
        Outcome.PAEDIATRIC,
        Outcome.REDIRECT_UNKNOWN_SETTING,
    ],
)
@given(situations())
def test_the_scan_stays_whatever_else_holds(outcome: Outcome, situation: Situation) -> None:
    """Each outcome of fact 6 by name."""
    decision = situation.decided()

    if decision.outcome is outcome:
        assert not decision.may_delete


@given(situations(), st.integers(0, 15))
def test_a_childs_scan_stays(situation: Situation, age: int) -> None:
    """Under 16, whatever the region's adult age."""
    assert not situation.with_facts(age=age).decided().may_delete


@given(orders_under_a_pathway())
def test_a_scan_stays_below_the_regions_adult_age(situation: Situation) -> None:
    """Where a region counts 16 or 17 as a child, fact 6 follows it."""
    choices = situation.choices
    assert choices is not None

    assert not situation.with_facts(age=choices.adult_from - 1).decided().may_delete


@given(situations())
def test_the_scan_of_a_patient_of_unknown_age_stays(situation: Situation) -> None:
    """Missing age never deletes."""
    assert not situation.with_facts(age=None).decided().may_delete


@given(situations())
def test_a_scan_from_an_unknown_setting_stays(situation: Situation) -> None:
    """Missing setting never deletes."""
    assert not situation.with_facts(setting=Setting.UNKNOWN).decided().may_delete


@given(situations())
def test_a_scan_of_an_unstated_body_region_stays(situation: Situation) -> None:
    """What it images is not known, so it may be another patient's question altogether."""
    assert not situation.with_facts(body_region=BodyRegion.UNKNOWN).decided().may_delete


@given(situations())
def test_a_scan_known_by_text_alone_stays(situation: Situation) -> None:
    """Text never deletes."""
    assert not situation.with_facts(known_by=KnownBy.TEXT).decided().may_delete


@given(situations(), st.sampled_from(sorted(SPINE_REGIONS)), st.sampled_from(CANCER_HISTORIES))
def test_a_spine_scan_with_any_cancer_history_stays(situation: Situation, spine: str, history: Oncology) -> None:
    """Past, active or under care: the scan may be the one that NG234 asks for."""
    assert not situation.with_facts(body_region=spine, oncology=history).decided().may_delete


@given(situations())
def test_a_scan_for_pain_that_may_come_from_cancer_is_not_redirected_away(situation: Situation) -> None:
    """Coded suspicious pain: redirect with a cancer caution, and no deletion ("What a code means", D79)."""
    decision = situation.with_reasons(Indication.SUSPICIOUS_PAIN).decided()

    assert decision.outcome is Outcome.CES or not decision.may_delete


@given(situations())
def test_a_scan_that_a_specialist_asked_for_is_not_redirected_away(situation: Situation) -> None:
    """An order based on a specialist's request is advised on, not removed (D82)."""
    decision = situation.with_facts(specialist_request=True).decided()

    assert decision.outcome is Outcome.CES or not decision.may_delete


@given(situations(), st.sampled_from([Indication.SARCOMA, Indication.SOFT_TISSUE_LUMP]))
def test_beside_cauda_equina_a_scan_for_sarcoma_or_a_lump_stays(situation: Situation, reason: Indication) -> None:
    """Fact 6 holds whatever the outcome; the table settles only a suspected cancer beside it (D55)."""
    assert not situation.with_reasons(Indication.CAUDA_EQUINA, reason).decided().may_delete


@given(situations(), st.sampled_from([Oncology.ACTIVE, Oncology.UNDER_CARE]))
def test_beside_cauda_equina_an_oncology_patients_scan_stays(situation: Situation, oncology: Oncology) -> None:
    """Fact 6 holds whatever the outcome."""
    assert not situation.with_facts(oncology=oncology).with_reasons(Indication.CAUDA_EQUINA).decided().may_delete


@given(situations(), st.sampled_from(CANCER_HISTORIES))
def test_beside_cauda_equina_a_scan_for_cord_compression_with_cancer_stays(
    situation: Situation, history: Oncology
) -> None:
    """MSCC keeps its scan when CES, which comes first, gives the card."""
    order = situation.with_facts(oncology=history)

    assert not order.with_reasons(Indication.CAUDA_EQUINA, Indication.CORD_COMPRESSION).decided().may_delete


@pytest.mark.parametrize(
    "reason", [Indication.URGENT_SAME_DAY, Indication.URGENT, Indication.RHEUMATOLOGY, Indication.CORD_COMPRESSION]
)
@given(orders_under_a_pathway())
def test_beside_cauda_equina_a_scan_for_a_stated_urgent_reason_stays(reason: Indication, situation: Situation) -> None:
    """Fact 6 names urgent MSK among what keeps a scan whatever the outcome, and no row of the table settles it."""
    assert not situation.with_reasons(Indication.CAUDA_EQUINA, reason).decided().may_delete


@given(situations())
def test_a_scan_that_stays_has_its_reasons_named(situation: Situation) -> None:
    """Each reason once, so that the card can say why."""
    decision = situation.decided()

    assert decision.may_delete == (decision.keep == ())
    assert len(set(decision.keep)) == len(decision.keep)
    assert decision.text is not None or decision.keep == (KeepScan.OUTCOME,)
