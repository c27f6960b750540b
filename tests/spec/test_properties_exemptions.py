"""Missing evidence never exempts (fact 2), tried on generated situations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from situations import (
    CANCER_HISTORIES,
    RED_FLAG_CARDS,
    REDIRECTS,
    Choices,
    Situation,
    exempt_practitioners,
    msk_orders_outside_secondary_care,
    orders_under_a_pathway,
    regional_choices,
    removable_scans,
    situations,
)

from cds_service.pathway.beside import could_not_read_its_reason, not_silent_before_an_unread_condition
from cds_service.pathway.facts import (
    SPINE_REGIONS,
    UNRESOLVED,
    BodyRegion,
    FcpListing,
    Indication,
    KnownBy,
    Modality,
    Oncology,
    RegionId,
    Setting,
)
from cds_service.pathway.outcomes import Caution, Outcome

NEL = RegionId("nel")
NOT_CURRENT = sorted(set(FcpListing) - {FcpListing.CURRENT, FcpListing.CURRENT_NOT_SPINE})

REMOVALS: dict[str, list[object]] = {
    "setting": [Setting.UNKNOWN],
    "region": [UNRESOLVED],
    "fcp_listing": [*NOT_CURRENT],
    "age": [None],
}
"""What each fact becomes when its evidence is taken away; cancer has tests of its own."""

removals = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in REMOVALS.items()})


@given(exempt_practitioners())
def test_an_assured_practitioner_with_every_proof_is_exempt(situation: Situation) -> None:
    """The exemption is real: NEL, MRI known by its code, a current listing, a practice, no red flag (NEL E5, E6)."""
    assert situation.decided().outcome is Outcome.FCP_EXEMPT


@given(situations() | orders_under_a_pathway() | exempt_practitioners())
def test_nobody_is_exempt_without_every_proof(situation: Situation) -> None:
    """Whatever else holds, `fcp_exempt` means that each proof was there."""
    facts = situation.facts
    if situation.decided().outcome is not Outcome.FCP_EXEMPT:
        return

    assert facts.region == NEL
    assert facts.modality is Modality.MRI
    assert facts.known_by is KnownBy.CODE
    assert facts.fcp_listing in {FcpListing.CURRENT, FcpListing.CURRENT_NOT_SPINE}
    assert facts.setting in {Setting.GENERAL_PRACTICE, Setting.URGENT_CARE, Setting.COMMUNITY_MSK}


LACKING: list[dict[str, object]] = [
    {"fcp_listing": FcpListing.NONE},
    {"fcp_listing": FcpListing.EXPIRED},
    {"fcp_listing": FcpListing.UNKNOWN},
    {"known_by": KnownBy.TEXT},
    {"setting": Setting.UNKNOWN},
    {"modality": Modality.USS},
    {"body_region": BodyRegion.UNKNOWN},
    {"body_region": BodyRegion.SPINE_AND_MORE},
    {"region": UNRESOLVED},
    {"region": RegionId("nwl")},
]
"""Each proof taken away or left unknown."""


@pytest.mark.parametrize("lacking", LACKING, ids=str)
@given(exempt_practitioners())
def test_each_missing_proof_ends_the_exemption(lacking: dict[str, object], situation: Situation) -> None:
    """Unknown never satisfies an exemption: setting, listing, region, body region, and a scan known by text."""
    assert situation.with_facts(**lacking).decided().outcome is not Outcome.FCP_EXEMPT


@given(situations() | orders_under_a_pathway())
def test_an_unknown_setting_never_exempts(situation: Situation) -> None:
    """Evidence that is missing or disagrees is neither a community MSK service nor a hospital."""
    decision = situation.with_facts(setting=Setting.UNKNOWN).decided()

    assert decision.outcome not in {Outcome.SPECIALIST_EXEMPT, Outcome.FCP_EXEMPT}


@given(orders_under_a_pathway())
def test_an_unknown_age_never_passes_as_an_infants(situation: Situation) -> None:
    """A hip ultrasound is left alone under one year of age, not when nobody knows the age."""
    order = situation.with_facts(modality=Modality.USS, body_region=BodyRegion.HIP, age=None)

    assert order.decided().outcome is not Outcome.NOT_APPLICABLE


@given(orders_under_a_pathway())
def test_a_nel_ultrasound_is_never_redirected(situation: Situation) -> None:
    """The document speaks of MRI alone (NEL E1): red flags, else out of policy."""
    decision = situation.in_region(Choices(NEL)).with_facts(modality=Modality.USS).decided()

    assert decision.outcome not in REDIRECTS | {Outcome.PAEDIATRIC, Outcome.LUMP, Outcome.FCP_EXEMPT}


@given(situations() | orders_under_a_pathway(), removals)
def test_taking_evidence_away_keeps_a_red_flag_card(situation: Situation, removed: dict[str, object]) -> None:
    """Without setting, region, register entry or age, a red flag still speaks, and is never turned into a redirect."""
    if situation.decided().outcome in RED_FLAG_CARDS:
        assert situation.with_facts(**removed).decided().outcome in RED_FLAG_CARDS


@given(situations() | orders_under_a_pathway() | exempt_practitioners(), removals)
def test_taking_evidence_away_adds_no_deletion(situation: Situation, removed: dict[str, object]) -> None:
    """One exception, by the exemption's own rule: who is no longer listed is redirected like everyone (D34)."""
    before, after = situation.decided(), situation.with_facts(**removed).decided()

    assert not after.may_delete or before.may_delete or before.outcome is Outcome.FCP_EXEMPT


@given(situations() | orders_under_a_pathway())
def test_losing_the_cancer_status_keeps_a_red_flag_card(situation: Situation) -> None:
    """Sarcoma, suspected cancer, cauda equina, urgent reasons and metastases of the spine do not rest on it."""
    before = situation.decided()
    if before.outcome in RED_FLAG_CARDS and Indication.CORD_COMPRESSION not in situation.facts.indications:
        assert situation.with_facts(oncology=Oncology.UNKNOWN).decided().outcome in RED_FLAG_CARDS


@given(orders_under_a_pathway(), st.sampled_from(CANCER_HISTORIES))
def test_cord_compression_without_a_cancer_status_is_still_urgent(situation: Situation, history: Oncology) -> None:
    """By "What a code means" it is MSCC with cancer, else urgent, even where a region switched the urgent rule off.

    The table's own limits hold as well: an unstated body region or no pathway in force leaves MSCC and CES only.
    """
    order = situation.with_reasons(Indication.CORD_COMPRESSION)
    known = order.with_facts(oncology=history).decided()
    unknown = order.with_facts(oncology=Oncology.UNKNOWN).decided()

    assert known.outcome in {Outcome.CES, Outcome.MSCC}
    assert unknown.outcome in RED_FLAG_CARDS


@given(removable_scans(), st.sampled_from(Oncology))
def test_losing_the_cancer_status_adds_a_deletion_only_where_a_history_had_stopped_it(
    situation: Situation, oncology: Oncology
) -> None:
    """Fact 6 keeps a scan for a cancer that is known; an unknown status does not stop a redirect (fact 2, D03)."""
    before = situation.with_facts(oncology=oncology).decided()
    after = situation.with_facts(oncology=Oncology.UNKNOWN).decided()

    if after.outcome is Outcome.CES:  # a coded red flag: unknown never adds a deletion
        assert not after.may_delete
    else:
        assert after.may_delete
        assert before.may_delete or oncology in CANCER_HISTORIES
        assert Caution.UNLESS_RED_FLAGS in after.cautions


@given(msk_orders_outside_secondary_care(), regional_choices())
def test_a_region_is_judged_by_its_own_pathway_alone(situation: Situation, choices: Choices) -> None:
    """Handed another region's pathway, `decide` falls back on national guidance and exempts nobody."""
    order = situation._replace(choices=choices).with_facts(region=UNRESOLVED)

    assert order.decided() == order._replace(choices=None).decided()
    assert order.decided().outcome not in {Outcome.FCP_EXEMPT, Outcome.SPECIALIST_EXEMPT}


@given(orders_under_a_pathway())
def test_a_missing_reason_or_cancer_status_leads_with_the_safety_net(situation: Situation) -> None:
    """Neither stops a redirect; each makes it conditional (fact 2)."""
    facts = situation.facts
    decision = situation.decided()
    missing = facts.oncology is Oncology.UNKNOWN or not facts.indications

    if missing and decision.outcome in REDIRECTS:
        assert decision.cautions[0] is Caution.UNLESS_RED_FLAGS
    if decision.outcome not in REDIRECTS:
        assert Caution.UNLESS_RED_FLAGS not in decision.cautions


@given(orders_under_a_pathway(), st.sampled_from(sorted(SPINE_REGIONS)), st.sampled_from(CANCER_HISTORIES))
def test_a_spine_order_with_a_cancer_history_always_carries_ng234(
    situation: Situation, spine: str, history: Oncology
) -> None:
    """Whatever the outcome, a card on such an order says when to phone the MSCC coordinator."""
    decision = situation.with_facts(body_region=spine, oncology=history).decided()

    assert decision.text is None or Caution.SPINE_AND_CANCER in decision.cautions


@given(situations() | orders_under_a_pathway() | exempt_practitioners())
def test_an_order_whose_condition_could_not_be_read_is_exempt_from_nothing(situation: Situation) -> None:
    """It could not be evaluated wherever a coded CES would speak and it does not; no card is changed."""
    alone = situation.decided()
    facts = situation.facts
    with_ces = situation.with_facts(indications=facts.indications | {Indication.CAUDA_EQUINA}).decided()
    is_a_babys_hip = facts.age == 0 and facts.modality is Modality.USS and facts.body_region is BodyRegion.HIP

    decision = not_silent_before_an_unread_condition(alone)

    is_silent = alone.outcome is not Outcome.COULD_NOT_EVALUATE and alone.indicator is None
    speaks_of_ces = with_ces.outcome is Outcome.CES and not is_a_babys_hip
    assert could_not_read_its_reason(decision) == (is_silent and speaks_of_ces)
    assert decision == alone or not decision.may_delete
