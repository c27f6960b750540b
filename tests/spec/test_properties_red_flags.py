"""Red flags come first (fact 1), tried on generated situations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from situations import (
    CANCER_HISTORIES,
    FACTS,
    PATHWAYS,
    SILENT,
    SWITCHABLE,
    TODAY,
    Choices,
    Situation,
    msk_orders_outside_secondary_care,
    orders_under_a_pathway,
    situations,
)

from cds_service.pathway.decide import decide
from cds_service.pathway.facts import (
    OUTSIDE,
    SPINE_REGIONS,
    UNRESOLVED,
    Facts,
    Indication,
    Modality,
    Oncology,
    RegionId,
    Setting,
)
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import OUTCOME_OF
from cds_service.pathway.outcomes import Indicator, Outcome, TextKey

CRITICAL = {Outcome.CES, Outcome.MSCC}


def bare(region: RegionId) -> Choices:
    """A region that switched off every rule that it may."""
    return Choices(region, frozenset(SWITCHABLE))


@given(msk_orders_outside_secondary_care())
def test_a_coded_cauda_equina_is_always_critical(situation: Situation) -> None:
    """No region, footprint, date, age, register entry or switched-off rule hides it outside secondary care."""
    decision = situation.with_reasons(Indication.CAUDA_EQUINA).decided()

    assert (decision.outcome, decision.indicator) == (Outcome.CES, Indicator.CRITICAL)
    assert decision.text is TextKey.CES


@given(msk_orders_outside_secondary_care(), st.sampled_from(CANCER_HISTORIES))
def test_a_coded_cord_compression_with_cancer_is_always_critical(situation: Situation, history: Oncology) -> None:
    """MSCC, or CES where that is coded as well, for an infant's hip and an unstated region too."""
    decision = situation.with_facts(oncology=history).with_reasons(Indication.CORD_COMPRESSION).decided()

    assert decision.outcome in CRITICAL
    assert decision.indicator is Indicator.CRITICAL


@given(
    msk_orders_outside_secondary_care(),
    st.sampled_from(
        [Indication.MALIGNANCY, Indication.SUSPECTED_CANCER, Indication.METASTASIS, Indication.SARCOMA],
    ),
)
def test_a_coded_cord_compression_beside_a_coded_cancer_is_always_critical(
    situation: Situation, cancer: Indication
) -> None:
    """The cancer need not be on the record sent: it is a reason of this very order."""
    decision = situation.with_reasons(Indication.CORD_COMPRESSION, cancer).decided()

    assert decision.outcome in CRITICAL
    assert decision.indicator is Indicator.CRITICAL


@given(msk_orders_outside_secondary_care(), st.sampled_from(sorted(SPINE_REGIONS)))
def test_a_coded_metastasis_on_a_spine_order_is_always_critical(situation: Situation, spine: str) -> None:
    """MSCC, or CES where that is coded as well, whatever is known of the patient's cancer."""
    decision = situation.with_facts(body_region=spine).with_reasons(Indication.METASTASIS).decided()

    assert decision.outcome in CRITICAL
    assert decision.indicator is Indicator.CRITICAL


@given(situations())
def test_critical_means_cauda_equina_or_cord_compression(situation: Situation) -> None:
    """Nothing else is critical, and these two always are."""
    decision = situation.decided()

    assert (decision.indicator is Indicator.CRITICAL) == (decision.outcome in CRITICAL)


@given(situations())
def test_secondary_care_never_sees_a_card(situation: Situation) -> None:
    """It is where the emergency scan is done."""
    decision = situation.with_facts(setting=Setting.SECONDARY_CARE).decided()

    assert decision.outcome in {Outcome.SPECIALIST_EXEMPT, Outcome.NOT_APPLICABLE}
    assert (decision.indicator, decision.text) == (None, None)


@given(situations())
def test_exactly_the_silent_outcomes_have_no_card(situation: Situation) -> None:
    """docs/outcomes.md: seven outcomes say nothing; every other has an indicator and a text."""
    decision = situation.decided()

    assert (decision.indicator is None) == (decision.outcome in SILENT)
    assert (decision.text is None) == (decision.outcome in SILENT)


@given(situations(), st.sampled_from(Indication))
def test_another_reason_never_takes_a_cauda_equina_card_away(situation: Situation, reason: Indication) -> None:
    """A benign cause, a lump or a word beside the red flag changes nothing about the outcome."""
    before = situation.decided()
    after = situation.with_reasons(reason).decided()

    if before.outcome is Outcome.CES:
        assert (after.outcome, after.text, after.speaker) == (Outcome.CES, before.text, before.speaker)
    if before.outcome is Outcome.MSCC:
        assert after.outcome in CRITICAL


@given(orders_under_a_pathway())
def test_a_coded_sarcoma_outranks_all_but_the_emergencies(situation: Situation) -> None:
    """Role, register entry, region, modality and treating team do not hide it."""
    decision = situation.with_reasons(Indication.SARCOMA).decided()

    assert decision.outcome in CRITICAL | {Outcome.SUSPECTED_SARCOMA}


@given(orders_under_a_pathway(), st.sampled_from([Indication.SUSPECTED_CANCER, Indication.MALIGNANCY]))
def test_a_coded_cancer_is_never_redirected_or_silent(situation: Situation, reason: Indication) -> None:
    """It goes to the suspected cancer route, or to the oncology team of a patient under its care."""
    decision = situation.with_reasons(reason).decided()

    theirs = Outcome.ONCOLOGY if situation.facts.oncology is Oncology.UNDER_CARE else Outcome.SUSPECTED_CANCER
    assert decision.outcome in CRITICAL | {Outcome.SUSPECTED_SARCOMA, theirs}


@given(situations())
def test_there_is_exactly_one_answer_and_asking_changes_nothing(situation: Situation) -> None:
    """`decide` is total and pure: one outcome, the same each time, and the facts stay as they were."""
    evidence = dict(situation.facts.evidence)
    before = situation.facts._replace(evidence=evidence)

    first, second = situation.decided(), situation.decided()

    assert first == second
    assert first.outcome is OUTCOME_OF[first.rule]
    assert situation.facts == before


@given(FACTS.filter(lambda facts: facts.region in {OUTSIDE, UNRESOLVED, "elsewhere"}))
def test_without_a_pathway_the_nation_speaks_and_suggests_nothing(facts: Facts) -> None:
    """An order outside every region hears national wording only, and no scan is removed."""
    decision = decide(facts, None, TODAY)

    assert decision.speaker == NATIONAL.id
    assert not decision.proposes_referral
    assert not decision.may_delete


@pytest.mark.parametrize("region", PATHWAYS)
@given(msk_orders_outside_secondary_care())
def test_a_region_without_its_optional_rules_still_hears_of_cauda_equina(
    region: RegionId, situation: Situation
) -> None:
    """The document's own red flag speaks from the region's pathway when mscc, urgent and symptoms are off."""
    order = situation.in_region(bare(region)).with_reasons(Indication.CAUDA_EQUINA)

    decision = order.decided()

    assert (decision.outcome, decision.speaker) == (Outcome.CES, region)


@pytest.mark.parametrize("region", PATHWAYS)
@given(msk_orders_outside_secondary_care(), st.sampled_from(sorted(SPINE_REGIONS)))
def test_a_region_without_mscc_hears_the_national_card_and_keeps_the_scan(
    region: RegionId, situation: Situation, spine: str
) -> None:
    """Switching the rule off takes the region's wording and suggestion away, never the warning (fact 1)."""
    order = situation.in_region(bare(region)).with_facts(
        body_region=spine, indications=frozenset({Indication.METASTASIS, Indication.PAIN})
    )

    decision = order.decided()

    assert (decision.outcome, decision.speaker) == (Outcome.MSCC, "national")
    assert (decision.proposes_referral, decision.may_delete) == (False, False)


@pytest.mark.parametrize("region", PATHWAYS)
@given(
    msk_orders_outside_secondary_care(),
    st.sampled_from(
        [Indication.URGENT_SAME_DAY, Indication.URGENT, Indication.RHEUMATOLOGY, Indication.CORD_COMPRESSION]
    ),
)
def test_a_region_without_the_urgent_rule_never_has_such_a_scan_removed(
    region: RegionId, situation: Situation, reason: Indication
) -> None:
    """The redirect that answers instead leaves the scan and says that something urgent is coded."""
    order = situation.in_region(bare(region)).with_facts(indications=frozenset({reason}))

    decision = order.decided()

    assert not decision.may_delete
    if decision.outcome is Outcome.REDIRECT:
        assert decision.also_coded == (Outcome.URGENT_MSK,)


@pytest.mark.parametrize("region", PATHWAYS)
@given(
    msk_orders_outside_secondary_care(),
    st.sampled_from(sorted(SPINE_REGIONS)),
    st.sampled_from([Indication.CES_SYMPTOM_STRONG, Indication.CES_SYMPTOM_WEAK, Indication.RED_FLAG_SYMPTOM]),
)
def test_a_region_that_counts_no_symptoms_never_has_such_a_scan_removed(
    region: RegionId, situation: Situation, spine: str, symptom: Indication
) -> None:
    """A coded symptom that the region does not count is still a reason to leave the spine scan where it is.

    Left out: a strong sign on a cervical or thoracic order without back pain, which means nothing anywhere.
    """
    order = situation.in_region(bare(region)).with_facts(
        body_region=spine,
        modality=Modality.MRI,
        indications=frozenset({symptom, Indication.BACK_PAIN_OR_SCIATICA}),
    )

    assert not order.decided().may_delete
