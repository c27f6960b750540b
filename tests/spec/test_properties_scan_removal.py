"""Deleting a scan travels with creating the referral, and fact 6 forbids it clause by clause.

Each clause is laid on an order whose scan would be removed without it, so that the clause alone is what stops it.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from situations import CANCER_HISTORIES, REDIRECTS, Situation, removable_scans, situations

from cds_service.pathway.beside import (
    KEEPING_SCANS,
    RED_FLAG_REASONS,
    OrderBeside,
    heeding_a_high_priority,
    heeding_an_emergency_on_the_problem_list,
    keeping_a_scan_whose_reason_is_unread,
    keeping_an_order_in_force,
    keeping_scans_beside_others,
)
from cds_service.pathway.facts import (
    NO_SINGLE_PART,
    OUTSIDE,
    SPINE_REGIONS,
    UNRESOLVED,
    BodyRegion,
    Indication,
    KnownBy,
    Oncology,
    RegionId,
    Setting,
)
from cds_service.pathway.outcomes import Caution, KeepScan, Outcome, RuleId

REMOVING = {Outcome.REDIRECT, Outcome.CES}


@given(removable_scans())
def test_a_scan_that_nothing_protects_is_removed(situation: Situation) -> None:
    """Redirect or cauda equina: the referral is proposed and the scan goes with it."""
    decision = situation.decided()

    assert decision.outcome in REMOVING
    assert (decision.proposes_referral, decision.may_delete) == (True, True)


@given(situations() | removable_scans())
def test_a_scan_is_removed_only_beside_a_referral(situation: Situation) -> None:
    """Never a deletion alone."""
    decision = situation.decided()

    assert decision.proposes_referral or not decision.may_delete


@given(situations() | removable_scans())
def test_only_a_redirect_or_a_cauda_equina_card_removes_a_scan(situation: Situation) -> None:
    """It stays for every other outcome, with or without a card."""
    decision = situation.decided()

    assert decision.outcome in REMOVING or not decision.may_delete


@pytest.mark.parametrize(
    ("outcome", "reason", "oncology"),
    [
        (Outcome.MSCC, Indication.CORD_COMPRESSION, Oncology.PAST),
        (Outcome.SUSPECTED_SARCOMA, Indication.SARCOMA, Oncology.NONE),
        (Outcome.SUSPECTED_CANCER, Indication.SUSPECTED_CANCER, Oncology.NONE),
        (Outcome.ONCOLOGY, Indication.PAIN, Oncology.UNDER_CARE),
        (Outcome.URGENT_MSK, Indication.URGENT, Oncology.NONE),
        (Outcome.LUMP, Indication.SOFT_TISSUE_LUMP, Oncology.NONE),
    ],
)
@given(removable_scans())
def test_the_scan_of_a_red_flag_or_lump_stays(
    outcome: Outcome, reason: Indication, oncology: Oncology, situation: Situation
) -> None:
    """MSCC, sarcoma, cancer, oncology, urgent MSK and lump, each by name."""
    assert situation.choices is not None
    order = situation.with_facts(indications=frozenset({reason}), oncology=oncology).in_region(
        situation.choices._replace(off=frozenset())
    )
    decision = order.decided()

    assert (decision.outcome, decision.may_delete) == (outcome, False)


@given(removable_scans(), st.integers(0, 15))
def test_a_childs_scan_stays(situation: Situation, age: int) -> None:
    """Under 16, whatever the region's adult age and whether it has a paediatric rule."""
    assert not situation.with_facts(age=age).decided().may_delete


@given(removable_scans())
def test_a_scan_stays_below_the_regions_adult_age(situation: Situation) -> None:
    """Where a region counts 16 or 17 as a child, fact 6 follows it; from that age on it does not."""
    assert situation.choices is not None
    adult = situation.choices.adult_from

    assert not situation.with_facts(age=adult - 1).decided().may_delete
    assert situation.with_facts(age=adult).decided().may_delete


@given(removable_scans())
def test_the_scan_of_a_patient_of_unknown_age_stays(situation: Situation) -> None:
    """Missing age never deletes."""
    assert situation.with_facts(age=None).decided().keep == (KeepScan.AGE_UNKNOWN,)


@given(removable_scans())
def test_a_scan_from_an_unknown_setting_stays(situation: Situation) -> None:
    """Missing setting never deletes."""
    assert not situation.with_facts(setting=Setting.UNKNOWN).decided().may_delete


@given(removable_scans(), st.sampled_from(sorted(NO_SINGLE_PART)))
def test_a_scan_of_an_unstated_body_region_stays(situation: Situation, body_region: BodyRegion) -> None:
    """What it images is not known, or it images something else too, so it may answer another question."""
    assert not situation.with_facts(body_region=body_region).decided().may_delete


@given(removable_scans())
def test_a_scan_known_by_text_alone_stays(situation: Situation) -> None:
    """Text never deletes."""
    assert situation.with_facts(known_by=KnownBy.TEXT).decided().keep == (KeepScan.TEXT_ONLY,)


@given(removable_scans(), situations())
def test_a_red_flag_beside_it_keeps_a_redirected_scan_of_the_same_patient(scan: Situation, beside: Situation) -> None:
    """The orders of one call, put together; what `decide` says of each order is changed in nothing else."""
    alone = [scan.decided(), beside.decided()]

    ours, _ = keeping_scans_beside_others(alone, ["the same", "the same"])
    others = keeping_scans_beside_others(alone, ["one", "another"])

    redirected = alone[0].outcome is Outcome.REDIRECT
    assert (KeepScan.RED_FLAG_BESIDE in ours.keep) == (redirected and alone[1].outcome in KEEPING_SCANS)
    assert ours._replace(keep=alone[0].keep) == alone[0]
    assert others == alone


@given(removable_scans(), st.frozensets(st.sampled_from(Indication)))
def test_a_red_flag_on_any_order_beside_it_keeps_a_redirected_scan(
    scan: Situation, reasons: frozenset[Indication]
) -> None:
    """Of the same patient: what nobody selected, or what is no MSK scan, is decided on by nobody."""
    alone = [scan.decided()]

    (ours,) = keeping_scans_beside_others(alone, ["the same"], [OrderBeside("the same", reasons)])
    others = keeping_scans_beside_others(alone, ["one"], [OrderBeside("another", reasons)])

    redirected = alone[0].outcome is Outcome.REDIRECT
    assert (KeepScan.RED_FLAG_BESIDE in ours.keep) == (redirected and not RED_FLAG_REASONS.isdisjoint(reasons))
    assert others == alone


@given(removable_scans(), st.booleans())
def test_what_could_not_be_read_beside_it_keeps_a_redirected_scan(scan: Situation, is_unread: bool) -> None:
    """Of the same patient, or of whom nobody can tell; its own reason is another matter."""
    alone = [scan.decided()]
    beside = [OrderBeside("the same", frozenset(), is_unread=is_unread)]

    (ours,) = keeping_scans_beside_others(alone, ["the same"], beside)
    (whoever,) = keeping_scans_beside_others(alone, ["one"], some_unreadable=is_unread)
    others = keeping_scans_beside_others(alone, ["one"], [OrderBeside("another", frozenset(), is_unread=is_unread)])

    redirected = alone[0].outcome is Outcome.REDIRECT
    assert (KeepScan.UNREAD_BESIDE in ours.keep) == (redirected and is_unread)
    assert whoever == ours
    assert others == alone


@given(removable_scans())
def test_an_order_is_not_beside_itself(scan: Situation) -> None:
    """A strong sign or an unread reason of its own keeps it, and no other order is named for that."""
    redirected = scan.decided()._replace(rule=RuleId.REDIRECT, keep=(KeepScan.STRONG_SIGN, KeepScan.REASON_UNREAD))

    assert keeping_scans_beside_others([redirected], ["the same"]) == [redirected]


@given(situations() | removable_scans())
def test_an_order_in_force_stays(situation: Situation) -> None:
    """Whatever the outcome; and nothing else that `decide` says of it changes."""
    alone = situation.decided()

    in_force = keeping_an_order_in_force(alone)

    assert not in_force.may_delete
    assert in_force._replace(keep=alone.keep) == alone


@given(removable_scans())
def test_a_reason_that_could_not_be_read_keeps_a_redirected_scan(scan: Situation) -> None:
    """And changes nothing else that `decide` says of it."""
    alone = scan.decided()

    kept = keeping_a_scan_whose_reason_is_unread(alone)

    assert (KeepScan.REASON_UNREAD in kept.keep) == (alone.outcome is Outcome.REDIRECT)
    assert kept._replace(keep=alone.keep) == alone


@given(situations() | removable_scans())
def test_a_high_priority_keeps_the_scan_and_leads_with_the_red_flags(situation: Situation) -> None:
    """A redirect speaks of it first; nothing else of the decision changes."""
    alone = situation.decided()

    heeded = heeding_a_high_priority(alone)

    assert not heeded.may_delete
    assert (heeded.cautions[:1] == (Caution.HIGH_PRIORITY,)) == (alone.outcome in REDIRECTS)
    assert heeded.conditional == (alone.outcome in REDIRECTS)
    assert heeded._replace(keep=alone.keep, cautions=alone.cautions, conditional=alone.conditional) == alone


@given(situations() | removable_scans())
def test_an_emergency_on_the_problem_list_is_said_of_a_redirected_spine_alone(situation: Situation) -> None:
    """First of all, and its scan stays; outcome, indicator and summary are as they were."""
    alone = situation.decided()
    speaks = alone.outcome in REDIRECTS and alone.facts.body_region in SPINE_REGIONS

    heeded = heeding_an_emergency_on_the_problem_list(alone)

    assert (heeded.cautions[:1] == (Caution.EMERGENCY_PROBLEM,)) == speaks
    assert not (speaks and heeded.may_delete)
    assert heeded._replace(keep=alone.keep, cautions=alone.cautions) == alone


@given(removable_scans(), st.sampled_from(sorted(SPINE_REGIONS)), st.sampled_from(CANCER_HISTORIES))
def test_a_spine_scan_with_any_cancer_history_stays(situation: Situation, spine: str, history: Oncology) -> None:
    """Past, active or under care: the scan may be the one that NG234 asks for."""
    assert not situation.with_facts(body_region=spine, oncology=history).decided().may_delete


@given(removable_scans())
def test_a_past_cancer_alone_does_not_protect_the_scan_of_a_joint(situation: Situation) -> None:
    """The clause is about the spine; elsewhere a caution goes with the redirect (D17)."""
    order = situation.with_facts(body_region=BodyRegion.KNEE, oncology=Oncology.PAST)

    assert order.decided().may_delete


@given(removable_scans())
def test_a_scan_for_pain_that_may_come_from_cancer_is_not_redirected_away(situation: Situation) -> None:
    """Coded suspicious pain: redirect with a cancer caution, and no deletion ("What a code means", D79)."""
    decision = situation.with_reasons(Indication.SUSPICIOUS_PAIN).decided()

    assert decision.outcome is Outcome.CES or KeepScan.SUSPICIOUS_PAIN in decision.keep


@given(removable_scans())
def test_a_scan_that_a_specialist_asked_for_is_not_redirected_away(situation: Situation) -> None:
    """An order based on a specialist's request is advised on, not removed (D82)."""
    decision = situation.with_facts(specialist_request=True).decided()

    assert decision.outcome is Outcome.CES or decision.keep == (KeepScan.SPECIALIST_REQUEST,)


@given(removable_scans(), st.sampled_from([Indication.UNRECOGNISED, Indication.TEXT_ONLY]))
def test_a_reason_that_nobody_has_read_keeps_a_redirected_scan(situation: Situation, unread: Indication) -> None:
    """Beside any other reason; words alone, as the only reason, keep none (D52)."""
    order = situation.with_reasons(unread)
    decision = order.decided()

    kept = () if order.facts.indications == {Indication.TEXT_ONLY} else (KeepScan.REASON_UNKNOWN,)
    assert decision.outcome is Outcome.CES or (decision.keep, decision.conditional) == (kept, True)


@given(removable_scans(), st.sampled_from(sorted(SPINE_REGIONS - NO_SINGLE_PART)))
def test_a_strong_sign_keeps_the_scan_of_any_spine_that_is_redirected(situation: Situation, spine: BodyRegion) -> None:
    """Where it makes no CES, it may still be one, or the cord's."""
    decision = situation.with_facts(body_region=spine).with_reasons(Indication.CES_SYMPTOM_STRONG).decided()

    assert decision.outcome is Outcome.CES or (KeepScan.STRONG_SIGN in decision.keep and decision.conditional)


@given(removable_scans(), st.sampled_from([OUTSIDE, UNRESOLVED, RegionId("elsewhere")]))
def test_national_wording_removes_nothing(situation: Situation, region: RegionId) -> None:
    """Where no region's pathway applies, cards carry no suggestion."""
    decision = situation.with_facts(region=region).decided()

    assert (decision.proposes_referral, decision.may_delete) == (False, False)


@given(removable_scans())
def test_beside_cauda_equina_a_suspected_cancer_does_not_protect_the_scan(situation: Situation) -> None:
    """The table settles this pair: the emergency scan replaces the outpatient one (D55)."""
    order = situation.with_facts(oncology=Oncology.NONE)

    assert order.with_reasons(Indication.CAUDA_EQUINA, Indication.SUSPECTED_CANCER).decided().may_delete


@given(removable_scans())
def test_beside_cauda_equina_an_unknown_cancer_status_keeps_the_scan(situation: Situation) -> None:
    """A history of cancer would have kept it, and nobody knows that there is none (fact 2: unknown adds no delete)."""
    order = situation.with_reasons(Indication.CAUDA_EQUINA).with_facts(oncology=Oncology.UNKNOWN)

    assert order.decided().keep == (KeepScan.CANCER_UNKNOWN,)


@given(removable_scans(), st.sampled_from([Indication.SARCOMA, Indication.SOFT_TISSUE_LUMP]))
def test_beside_cauda_equina_a_scan_for_sarcoma_or_a_lump_stays(situation: Situation, reason: Indication) -> None:
    """Fact 6 holds whatever the outcome."""
    order = situation.with_facts(oncology=Oncology.NONE)

    assert order.with_reasons(Indication.CAUDA_EQUINA, reason).decided().keep == (KeepScan.OTHER_RED_FLAG,)


@given(removable_scans(), st.sampled_from([Oncology.ACTIVE, Oncology.UNDER_CARE]))
def test_beside_cauda_equina_an_oncology_patients_scan_stays(situation: Situation, oncology: Oncology) -> None:
    """Fact 6 holds whatever the outcome."""
    assert not situation.with_facts(oncology=oncology).with_reasons(Indication.CAUDA_EQUINA).decided().may_delete


@given(removable_scans(), st.sampled_from(CANCER_HISTORIES))
def test_beside_cauda_equina_a_scan_for_cord_compression_with_cancer_stays(
    situation: Situation, history: Oncology
) -> None:
    """MSCC keeps its scan when CES, which comes first, gives the card."""
    order = situation.with_facts(oncology=history).with_reasons(Indication.CAUDA_EQUINA, Indication.CORD_COMPRESSION)

    assert not order.decided().may_delete


@pytest.mark.parametrize(
    "reason", [Indication.URGENT_SAME_DAY, Indication.URGENT, Indication.RHEUMATOLOGY, Indication.CORD_COMPRESSION]
)
@given(removable_scans())
def test_beside_cauda_equina_a_scan_for_a_stated_urgent_reason_stays(reason: Indication, situation: Situation) -> None:
    """Fact 6 names urgent MSK among what keeps a scan whatever the outcome, and no row of the table settles it."""
    assert not situation.with_reasons(Indication.CAUDA_EQUINA, reason).decided().may_delete


@given(situations() | removable_scans())
def test_a_scan_that_stays_has_its_reasons_named(situation: Situation) -> None:
    """Each reason once, so that the card can say why."""
    decision = situation.decided()

    assert decision.may_delete == (decision.keep == ())
    assert len(set(decision.keep)) == len(decision.keep)
    assert decision.text is not None or decision.keep == (KeepScan.OUTCOME,)
