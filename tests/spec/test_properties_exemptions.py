"""Missing evidence never exempts (fact 2 of `design.md`), tried on generated situations."""

from hypothesis import given
from hypothesis import strategies as st
from situations import (
    CANCER_HISTORIES,
    RED_FLAG_CARDS,
    REDIRECTS,
    Choices,
    Situation,
    msk_orders_outside_secondary_care,
    orders_under_a_pathway,
    regional_choices,
    situations,
)

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
from cds_service.pathway.outcomes import Caution, Outcome, RuleId

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


@given(situations())
def test_an_fcp_is_exempt_only_with_every_proof(situation: Situation) -> None:
    """NEL, MRI known by its code, a current listing, and a setting that the pathway would redirect (NEL E5, E6)."""
    facts = situation.facts
    if situation.decided().outcome is not Outcome.FCP_EXEMPT:
        return

    assert facts.region == "nel"
    assert situation.choices is not None
    assert facts.modality is Modality.MRI
    assert facts.known_by is KnownBy.CODE
    assert facts.fcp_listing in {FcpListing.CURRENT, FcpListing.CURRENT_NOT_SPINE}
    assert facts.setting in situation.choices.pathway().settings.redirect
    assert facts.setting is not Setting.UNKNOWN


@given(orders_under_a_pathway())
def test_an_fcp_on_the_register_is_exempt_for_a_routine_scan(situation: Situation) -> None:
    """The exemption is real: without a rule above it, a listed practitioner in a practice hears nothing."""
    decision = (
        situation.in_region(Choices(situation.facts.region))
        .with_facts(
            modality=Modality.MRI,
            known_by=KnownBy.CODE,
            setting=Setting.GENERAL_PRACTICE,
            fcp_listing=FcpListing.CURRENT,
            indications=frozenset({Indication.PAIN}),
            oncology=Oncology.NONE,
        )
        .decided()
    )

    assert (decision.outcome is Outcome.FCP_EXEMPT) == (situation.facts.region == "nel")


@given(situations())
def test_an_unknown_setting_never_exempts(situation: Situation) -> None:
    """Evidence that is missing or disagrees is neither a community MSK service nor a listed practice."""
    decision = situation.with_facts(setting=Setting.UNKNOWN).decided()

    assert decision.outcome not in {Outcome.SPECIALIST_EXEMPT, Outcome.FCP_EXEMPT}


@given(situations(), st.sampled_from(NOT_CURRENT))
def test_an_unknown_or_lapsed_listing_never_exempts(situation: Situation, listing: FcpListing) -> None:
    """Only a current listing does; one that could not be looked up does not."""
    assert situation.with_facts(fcp_listing=listing).decided().outcome is not Outcome.FCP_EXEMPT


@given(situations())
def test_a_scan_known_by_its_text_is_never_fcp_exempt(situation: Situation) -> None:
    """Text may classify an order; it never exempts."""
    assert situation.with_facts(known_by=KnownBy.TEXT).decided().outcome is not Outcome.FCP_EXEMPT


@given(situations())
def test_an_unstated_body_region_is_never_fcp_exempt(situation: Situation) -> None:
    """What is imaged is part of the proof; such an order is unclassified instead."""
    assert situation.with_facts(body_region=BodyRegion.UNKNOWN).decided().outcome is not Outcome.FCP_EXEMPT


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


@given(situations(), removals)
def test_taking_evidence_away_keeps_a_red_flag_card(situation: Situation, removed: dict[str, object]) -> None:
    """Without setting, region, register entry or age, a red flag still speaks, and is never turned into a redirect."""
    if situation.decided().outcome in RED_FLAG_CARDS:
        assert situation.with_facts(**removed).decided().outcome in RED_FLAG_CARDS


@given(situations(), removals)
def test_taking_evidence_away_adds_no_deletion(situation: Situation, removed: dict[str, object]) -> None:
    """One exception, by the exemption's own rule: who is no longer listed is redirected like everyone (D34)."""
    before, after = situation.decided(), situation.with_facts(**removed).decided()

    assert not after.may_delete or before.may_delete or before.outcome is Outcome.FCP_EXEMPT


@given(situations())
def test_losing_the_cancer_status_keeps_a_red_flag_card(situation: Situation) -> None:
    """Sarcoma, suspected cancer, cauda equina, urgent reasons and metastases of the spine do not rest on it."""
    before = situation.decided()
    if before.outcome in RED_FLAG_CARDS and Indication.CORD_COMPRESSION not in situation.facts.indications:
        assert situation.with_facts(oncology=Oncology.UNKNOWN).decided().outcome in RED_FLAG_CARDS


@given(orders_under_a_pathway(), st.sampled_from(CANCER_HISTORIES))
def test_cord_compression_without_a_cancer_status_is_still_urgent(situation: Situation, history: Oncology) -> None:
    """By "What a code means" it is MSCC with cancer, else urgent; a region may switch the urgent rule off.

    The table's own limits hold as well: an unstated body region or no pathway in force leaves MSCC and CES only.
    """
    order = situation.with_reasons(Indication.CORD_COMPRESSION)
    known = order.with_facts(oncology=history).decided()
    unknown = order.with_facts(oncology=Oncology.UNKNOWN).decided()

    assert known.outcome in {Outcome.CES, Outcome.MSCC}
    assert situation.choices is not None
    if RuleId.URGENT_MSK not in situation.choices.off:
        assert unknown.outcome in RED_FLAG_CARDS


@given(situations())
def test_losing_the_cancer_status_adds_a_deletion_only_where_a_history_had_stopped_it(situation: Situation) -> None:
    """Fact 6 keeps a scan for a cancer that is known; an unknown status does not stop a redirect (fact 2, D03)."""
    before, after = situation.decided(), situation.with_facts(oncology=Oncology.UNKNOWN).decided()

    if after.may_delete and not before.may_delete:
        assert situation.facts.oncology in CANCER_HISTORIES
        assert Caution.UNLESS_RED_FLAGS in after.cautions or after.outcome is Outcome.CES


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
