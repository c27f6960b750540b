"""Where a region's own choices decide: its exemption, its modalities, its dates, the rules it switched off, or none."""

from datetime import date
from typing import Any

import pytest

from cds_service.pathway.decide import decide
from cds_service.pathway.facts import (
    OUTSIDE,
    UNRESOLVED,
    BodyRegion,
    Facts,
    FcpListing,
    Indication,
    KnownBy,
    Modality,
    Oncology,
    RegionId,
    Setting,
)
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import Outcome, RuleId

TODAY = date(2026, 11, 21)
NEL = RegionId("nel")


def because_of(*reasons: Indication) -> dict[str, Any]:
    """The change that gives an order these coded reasons."""
    return {"indications": frozenset(reasons)}


ON_LUMBAR: dict[str, Any] = {"body_region": BodyRegion.LUMBAR_SPINE}


@pytest.mark.parametrize(
    ("listing", "body_region", "expertise", "outcome"),
    [
        (FcpListing.CURRENT, BodyRegion.KNEE, False, Outcome.FCP_EXEMPT),
        (FcpListing.CURRENT, BodyRegion.LUMBAR_SPINE, True, Outcome.FCP_EXEMPT),
        (FcpListing.CURRENT_NOT_SPINE, BodyRegion.KNEE, True, Outcome.FCP_EXEMPT),
        (FcpListing.CURRENT_NOT_SPINE, BodyRegion.LUMBAR_SPINE, False, Outcome.FCP_EXEMPT),
        (FcpListing.CURRENT_NOT_SPINE, BodyRegion.LUMBAR_SPINE, True, Outcome.REDIRECT),
        (FcpListing.CURRENT_NOT_SPINE, BodyRegion.CERVICAL_SPINE, True, Outcome.REDIRECT),
        (FcpListing.EXPIRED, BodyRegion.KNEE, False, Outcome.REDIRECT),
        (FcpListing.UNKNOWN, BodyRegion.KNEE, False, Outcome.REDIRECT),
        (FcpListing.NONE, BodyRegion.KNEE, False, Outcome.REDIRECT),
    ],
)
def test_the_exemption_of_assured_practitioners(
    routine: Facts, nel: Pathway, listing: FcpListing, body_region: BodyRegion, expertise: bool, outcome: Outcome
) -> None:
    """A current listing exempts; a listing not for the spine does so on the spine unless the region asks for more."""
    assert nel.fcp_exemption is not None
    exemption = nel.fcp_exemption.model_copy(update={"spine_requires_expertise": expertise})
    pathway = nel.model_copy(update={"fcp_exemption": exemption})
    facts = routine._replace(region=NEL, fcp_listing=listing, body_region=body_region)

    assert decide(facts, pathway, TODAY).outcome is outcome


def test_a_scan_known_by_text_alone_is_redirected_even_for_an_assured_practitioner(
    routine: Facts, nel: Pathway
) -> None:
    """Text never exempts."""
    facts = routine._replace(region=NEL, fcp_listing=FcpListing.CURRENT, known_by=KnownBy.TEXT)

    assert decide(facts, nel, TODAY).outcome is Outcome.REDIRECT


def test_an_assured_practitioner_may_scan_a_child(routine: Facts, nel: Pathway) -> None:
    """The exemption stands above the paediatric rule (docs/outcomes.md)."""
    facts = routine._replace(region=NEL, fcp_listing=FcpListing.CURRENT, age=12)

    assert decide(facts, nel, TODAY).outcome is Outcome.FCP_EXEMPT


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, Outcome.OUT_OF_POLICY),
        (because_of(Indication.SOFT_TISSUE_LUMP), Outcome.OUT_OF_POLICY),
        ({"setting": Setting.UNKNOWN}, Outcome.OUT_OF_POLICY),
        ({"age": 12}, Outcome.OUT_OF_POLICY),
        (because_of(Indication.CAUDA_EQUINA), Outcome.CES),
        (because_of(Indication.SARCOMA), Outcome.SUSPECTED_SARCOMA),
        (because_of(Indication.SUSPECTED_CANCER), Outcome.SUSPECTED_CANCER),
        ({"oncology": Oncology.UNDER_CARE}, Outcome.ONCOLOGY),
        (because_of(Indication.URGENT), Outcome.URGENT_MSK),
    ],
)
def test_a_nel_ultrasound_is_out_of_policy_but_for_its_red_flags(
    routine: Facts, nel: Pathway, change: dict[str, Any], outcome: Outcome
) -> None:
    """The red-flag sentences are about the patient, not the modality (NEL E7 to E10)."""
    facts = routine._replace(region=NEL, modality=Modality.USS)._replace(**change)

    assert decide(facts, nel, TODAY).outcome is outcome


@pytest.mark.parametrize(
    ("region", "reason", "outcome"),
    [
        (OUTSIDE, Indication.PAIN, Outcome.OUTSIDE_FOOTPRINT),
        (OUTSIDE, Indication.SARCOMA, Outcome.OUTSIDE_FOOTPRINT),
        (OUTSIDE, Indication.CAUDA_EQUINA, Outcome.CES),
        (UNRESOLVED, Indication.PAIN, Outcome.COULD_NOT_EVALUATE),
        (UNRESOLVED, Indication.SOFT_TISSUE_LUMP, Outcome.COULD_NOT_EVALUATE),
        (UNRESOLVED, Indication.SARCOMA, Outcome.SUSPECTED_SARCOMA),
        (UNRESOLVED, Indication.SUSPECTED_CANCER, Outcome.SUSPECTED_CANCER),
        (UNRESOLVED, Indication.URGENT, Outcome.URGENT_MSK),
        (UNRESOLVED, Indication.CAUDA_EQUINA, Outcome.CES),
    ],
)
def test_where_no_pathway_applies(routine: Facts, region: RegionId, reason: Indication, outcome: Outcome) -> None:
    """Emergencies speak nationally; an unresolved region hears of sarcoma, cancer and urgent reasons as well."""
    decision = decide(routine._replace(region=region, **because_of(reason)), None, TODAY)

    assert (decision.outcome, decision.speaker) == (outcome, "national")
    assert not decision.proposes_referral


@pytest.mark.parametrize(
    ("day", "reason", "outcome", "speaker"),
    [
        (date(2025, 11, 16), Indication.PAIN, Outcome.NOT_EFFECTIVE, "national"),
        (date(2025, 11, 16), Indication.SARCOMA, Outcome.NOT_EFFECTIVE, "national"),
        (date(2025, 11, 16), Indication.CAUDA_EQUINA, Outcome.CES, "national"),
        (date(2025, 11, 17), Indication.PAIN, Outcome.REDIRECT, "nel"),
        (date(2025, 11, 17), Indication.CAUDA_EQUINA, Outcome.CES, "nel"),
        (date(2030, 1, 1), Indication.PAIN, Outcome.REDIRECT, "nel"),
    ],
)
def test_a_pathway_speaks_from_its_effective_date_on(
    routine: Facts, nel: Pathway, day: date, reason: Indication, outcome: Outcome, speaker: str
) -> None:
    """That day included; a review date that has gone by does not silence it."""
    decision = decide(routine._replace(region=NEL, **because_of(reason)), nel, day)

    assert (decision.outcome, decision.speaker) == (outcome, speaker)


def test_another_regions_pathway_never_applies(routine: Facts, nel: Pathway) -> None:
    """An NWL order held against the NEL file is an order without a pathway."""
    assert decide(routine, nel, TODAY).outcome is Outcome.COULD_NOT_EVALUATE


@pytest.mark.parametrize(
    ("off", "change", "outcome", "speaker"),
    [
        (RuleId.MSCC, ON_LUMBAR | because_of(Indication.METASTASIS), Outcome.MSCC, "national"),
        (RuleId.URGENT_MSK, because_of(Indication.URGENT), Outcome.REDIRECT, "nel"),
        (RuleId.PAEDIATRIC, {"age": 12}, Outcome.REDIRECT, "nel"),
        (RuleId.SYMPTOMS, ON_LUMBAR | because_of(Indication.CES_SYMPTOM_STRONG), Outcome.REDIRECT, "nel"),
        (RuleId.SYMPTOMS, ON_LUMBAR | because_of(Indication.CAUDA_EQUINA), Outcome.CES, "nel"),
        (RuleId.FCP_EXEMPT, {"fcp_listing": FcpListing.CURRENT}, Outcome.REDIRECT, "nel"),
    ],
)
def test_a_rule_that_a_region_switched_off(
    routine: Facts, nel: Pathway, off: RuleId, change: dict[str, Any], outcome: Outcome, speaker: str
) -> None:
    """The next rule answers, MSCC nationally; what fact 6 protected for that rule's sake it still protects."""
    rules = {**nel.rules, off: nel.rules[off].model_copy(update={"enabled": False})}
    decision = decide(routine._replace(region=NEL)._replace(**change), nel.model_copy(update={"rules": rules}), TODAY)

    assert (decision.outcome, decision.speaker) == (outcome, speaker)
    assert decision.may_delete == (off is RuleId.FCP_EXEMPT or decision.outcome is Outcome.CES)
