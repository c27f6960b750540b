"""Precedence, pair by pair: an order that two rules claim is answered by the earlier one."""

import itertools
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
    Modality,
    Oncology,
    RegionId,
    Setting,
)
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import RuleId

TODAY = date(2026, 11, 21)
BEFORE_NEL = date(2025, 11, 16)

CLAIMS: dict[RuleId, tuple[dict[str, Any], set[Indication]]] = {
    RuleId.NOT_AN_MSK_SCAN: ({"live": False}, set()),
    RuleId.SECONDARY_CARE: ({"setting": Setting.SECONDARY_CARE}, set()),
    RuleId.CES: ({}, {Indication.CAUDA_EQUINA}),
    RuleId.MSCC: ({}, {Indication.METASTASIS}),
    RuleId.SUSPECTED_SARCOMA: ({}, {Indication.SARCOMA}),
    RuleId.SUSPECTED_CANCER: ({}, {Indication.SUSPECTED_CANCER}),
    RuleId.ONCOLOGY: ({"oncology": Oncology.ACTIVE}, set()),
    RuleId.URGENT_MSK: ({}, {Indication.URGENT}),
    RuleId.LUMP: ({}, {Indication.SOFT_TISSUE_LUMP}),
    RuleId.OUT_OF_POLICY: ({"modality": Modality.USS}, set()),
    RuleId.COMMUNITY_MSK: ({"setting": Setting.COMMUNITY_MSK}, set()),
    RuleId.FCP_EXEMPT: ({"fcp_listing": FcpListing.CURRENT}, set()),
    RuleId.PAEDIATRIC: ({"age": 12}, set()),
    RuleId.REDIRECT_UNKNOWN_SETTING: ({"setting": Setting.UNKNOWN}, set()),
    RuleId.REDIRECT: ({}, set()),
}
"""What makes each rule claim a routine NEL lumbar MRI, in the order of precedence."""

EXCEPTIONS = {
    # A lump on an ultrasound that the pathway does not cover is left alone: national guidance wants that scan (D56).
    (RuleId.LUMP, RuleId.OUT_OF_POLICY): RuleId.OUT_OF_POLICY,
    # The exemption needs a known setting, so it claims no order without one.
    (RuleId.FCP_EXEMPT, RuleId.REDIRECT_UNKNOWN_SETTING): RuleId.REDIRECT_UNKNOWN_SETTING,
}


def both_can_hold(first: RuleId, second: RuleId) -> bool:
    """Whether one order can give both claims: they do not ask for two values of one fact."""
    return not CLAIMS[first][0].keys() & CLAIMS[second][0].keys()


PAIRS = [pair for pair in itertools.combinations(CLAIMS, 2) if both_can_hold(*pair)]


def claimed_by(routine: Facts, *rules: RuleId) -> Facts:
    """A routine NEL lumbar MRI that these rules claim."""
    facts = routine._replace(region=RegionId("nel"), body_region=BodyRegion.LUMBAR_SPINE)
    for rule in rules:
        change, reasons = CLAIMS[rule]
        facts = facts._replace(**change, indications=facts.indications | reasons)
    return facts


@pytest.mark.parametrize("rule", CLAIMS)
def test_each_claim_alone_is_answered_by_its_rule(routine: Facts, nel: Pathway, rule: RuleId) -> None:
    """The claims are what they say."""
    assert decide(claimed_by(routine, rule), nel, TODAY).rule is rule


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_the_earlier_of_two_rules_answers(routine: Facts, nel: Pathway, first: RuleId, second: RuleId) -> None:
    """The order of the first table of docs/outcomes.md."""
    expected = EXCEPTIONS.get((first, second), first)

    assert decide(claimed_by(routine, first, second), nel, TODAY).rule is expected


WITHOUT_PATHWAY = {
    OUTSIDE: RuleId.OUTSIDE_FOOTPRINT,
    UNRESOLVED: RuleId.COULD_NOT_EVALUATE,
    RegionId("nel"): RuleId.NOT_EFFECTIVE,
}


@pytest.mark.parametrize("region", WITHOUT_PATHWAY)
@pytest.mark.parametrize("rule", [RuleId.NOT_AN_MSK_SCAN, RuleId.SECONDARY_CARE, RuleId.CES, RuleId.MSCC])
def test_what_comes_before_the_region_answers_without_one(
    routine: Facts, nel: Pathway, region: RegionId, rule: RuleId
) -> None:
    """Scope, secondary care and the two emergencies need no pathway."""
    facts = claimed_by(routine, rule)._replace(region=region)

    assert decide(facts, nel, BEFORE_NEL).rule is rule


@pytest.mark.parametrize(
    "rule",
    [
        RuleId.ONCOLOGY,
        RuleId.LUMP,
        RuleId.OUT_OF_POLICY,
        RuleId.COMMUNITY_MSK,
        RuleId.FCP_EXEMPT,
        RuleId.PAEDIATRIC,
        RuleId.REDIRECT_UNKNOWN_SETTING,
        RuleId.REDIRECT,
    ],
)
@pytest.mark.parametrize(("region", "expected"), WITHOUT_PATHWAY.items())
def test_what_comes_after_the_region_does_not(
    routine: Facts, nel: Pathway, region: RegionId, expected: RuleId, rule: RuleId
) -> None:
    """No exemption and no redirect without a pathway in force."""
    facts = claimed_by(routine, rule)._replace(region=region)

    assert decide(facts, nel, BEFORE_NEL).rule is expected
