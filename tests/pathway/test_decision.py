"""What a decision tells about itself: its rule's name, and the facts used with their values and evidence."""

from datetime import date
from typing import Any

import pytest

from cds_service.pathway.decide import decide
from cds_service.pathway.decision import FACTS_READ, Decision, FactUsed, fact_value
from cds_service.pathway.facts import (
    UNRESOLVED,
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
from cds_service.pathway.outcomes import KeepScan, Outcome, RuleId

TODAY = date(2026, 11, 21)


def names(decision: Decision) -> list[str]:
    """The names of the facts used."""
    return [fact.name for fact in decision.facts_used]


def test_the_facts_used_by_a_redirect_are_named_valued_and_sourced(routine: Facts, nwl: Pathway) -> None:
    """In a fixed order, each with the place that it came from, where one is stated."""
    facts = routine._replace(evidence={"setting": "encounter", "age": "Patient.birthDate"})

    assert decide(facts, nwl, TODAY).facts_used == (
        FactUsed("modality", "mri", None),
        FactUsed("body_region", "knee", None),
        FactUsed("known_by", "code", None),
        FactUsed("indications", "pain", None),
        FactUsed("setting", "general-practice", "encounter"),
        FactUsed("oncology", "none", None),
        FactUsed("region", "nwl", None),
        FactUsed("age", "50", "Patient.birthDate"),
        FactUsed("fcp_listing", "none", None),
        FactUsed("specialist_request", "no", None),
    )


@pytest.mark.parametrize(
    ("name", "change", "value"),
    [
        ("indications", {"indications": frozenset()}, "none"),
        (
            "indications",
            {"indications": frozenset({Indication.SARCOMA, Indication.BENIGN_CAUSE, Indication.PAIN})},
            "benign_cause, pain, sarcoma",
        ),
        ("age", {"age": None}, "unknown"),
        ("age", {"age": 0}, "0"),
        ("specialist_request", {"specialist_request": True}, "yes"),
        ("specialist_request", {"specialist_request": False}, "no"),
        ("oncology", {"oncology": Oncology.UNDER_CARE}, "under_care"),
        ("setting", {"setting": Setting.UNKNOWN}, "unknown"),
        ("region", {"region": UNRESOLVED}, "unresolved"),
        ("modality", {"modality": Modality.USS}, "uss"),
        ("body_region", {"body_region": BodyRegion.WHOLE_SPINE}, "whole-spine"),
    ],
)
def test_a_fact_in_a_word(routine: Facts, name: str, change: dict[str, Any], value: str) -> None:
    """Sets are sorted, so that the same facts always read the same; missing is said, never left empty."""
    assert fact_value(routine._replace(**change), name) == value


def test_every_rule_that_answers_says_which_facts_it_reads() -> None:
    """`FACTS_READ` is whole, and names facts that exist."""
    assert set(FACTS_READ) == set(RuleId) - {RuleId.SYMPTOMS}
    assert all(name in Facts._fields for read in FACTS_READ.values() for name in read)


def test_a_cauda_equina_card_does_not_rest_on_cancer_age_or_register(routine: Facts, nwl: Pathway) -> None:
    """Fact 1: none of them can hide it, so none is given as a reason."""
    decision = decide(routine._replace(indications=frozenset({Indication.CAUDA_EQUINA})), nwl, TODAY)

    assert names(decision) == ["modality", "body_region", "known_by", "indications", "setting"]


def test_an_exemption_names_the_register(routine: Facts, nel: Pathway) -> None:
    """What exempted the requester is a fact used."""
    facts = routine._replace(region=RegionId("nel"), fcp_listing=FcpListing.CURRENT)
    decision = decide(facts, nel, TODAY)

    assert decision.outcome is Outcome.FCP_EXEMPT
    assert FactUsed("fcp_listing", "current", None) in decision.facts_used


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"modality": Modality.USS, "body_region": BodyRegion.HIP, "age": 0}, "age"),
        ({"live": False}, "live"),
    ],
    ids=str,
)
def test_a_scan_that_is_not_applicable_names_the_fact_that_made_it_so(
    routine: Facts, nwl: Pathway, change: dict[str, Any], name: str
) -> None:
    """An infant's hip is one by its age; a revoked order is one by not being live."""
    decision = decide(routine._replace(**change), nwl, TODAY)

    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert name in names(decision)


def test_the_rules_full_name_begins_with_the_pathway_that_speaks(routine: Facts) -> None:
    """`nwl.redirect`, `national.ces`."""
    decision = Decision(Outcome.CES, RuleId.CES, RegionId("national"), routine)

    assert decision.rule_id == "national.ces"


def test_a_decision_without_a_card_keeps_the_scan_and_proposes_nothing(routine: Facts) -> None:
    """What a rule does not say is the cautious answer."""
    decision = Decision(Outcome.OUT_OF_POLICY, RuleId.OUT_OF_POLICY, RegionId("nel"), routine)

    assert (decision.indicator, decision.text) == (None, None)
    assert (decision.proposes_referral, decision.may_delete, decision.keep) == (False, False, (KeepScan.OUTCOME,))


def test_a_scan_may_be_removed_exactly_when_nothing_keeps_it(routine: Facts) -> None:
    """`keep` is the only word on it."""
    decision = Decision(Outcome.REDIRECT, RuleId.REDIRECT, RegionId("nwl"), routine, keep=())

    assert decision.may_delete
    assert not decision._replace(keep=(KeepScan.CHILD,)).may_delete
