"""The rules in their order (`pathway/decide.py`), each with its condition as FHIRPath.

The order is `decide`'s; `tests/exchange` proves that each list gives the same first match.
"""

from typing import NamedTuple

from cds_service.exchange.facts import FactName
from cds_service.exchange.fhirpath import below, both, either, none, says, states, states_other_than
from cds_service.exchange.signs import CORD, IS_ONCOLOGY_PATIENT, NOT_ONLY_BENIGN, SignExpressions, sign_expressions
from cds_service.pathway.facts import (
    NO_SINGLE_PART,
    OUTSIDE,
    SPINE_REGIONS,
    BodyRegion,
    FcpListing,
    KnownBy,
    Modality,
    Oncology,
    Setting,
)
from cds_service.pathway.model import FcpExemption, Pathway
from cds_service.pathway.outcomes import RuleId

KNOWN_SETTINGS = [setting for setting in Setting if setting is not Setting.UNKNOWN]


class RuleCondition(NamedTuple):
    """A rule and when it applies, those before it left aside; None when it answers for all that is left."""

    rule: RuleId
    when: str | None


def regional_rules(pathway: Pathway) -> list[RuleCondition]:
    """The rules where a region's pathway is in force."""
    signs = sign_expressions(symptoms_count=pathway.enabled(RuleId.SYMPTOMS))
    in_policy = states(FactName.MODALITY, *pathway.modalities)
    rules = [
        *_rules_before_any_region(signs),
        RuleCondition(RuleId.SUSPECTED_SARCOMA, signs.sarcoma),
        RuleCondition(
            RuleId.SUSPECTED_CANCER, both(signs.cancer, none(states(FactName.ONCOLOGY, Oncology.UNDER_CARE)))
        ),
        RuleCondition(RuleId.ONCOLOGY, both(IS_ONCOLOGY_PATIENT, NOT_ONLY_BENIGN)),
        RuleCondition(RuleId.URGENT_MSK, signs.urgent if pathway.enabled(RuleId.URGENT_MSK) else CORD),
        RuleCondition(RuleId.LUMP, both(signs.lump, in_policy)),
        RuleCondition(RuleId.OUT_OF_POLICY, none(in_policy)),
        RuleCondition(RuleId.COMMUNITY_MSK, states(FactName.SETTING, *pathway.settings.exempt)),
        *([] if pathway.fcp_exemption is None else [_assured_fcp(pathway, pathway.fcp_exemption)]),
        RuleCondition(RuleId.PAEDIATRIC, below(FactName.AGE, pathway.adult_from)),
        RuleCondition(RuleId.REDIRECT_UNKNOWN_SETTING, none(states(FactName.SETTING, *KNOWN_SETTINGS))),
        RuleCondition(RuleId.REDIRECT, None),
    ]
    # Switched off, MSCC and a cord compression without cancer still speak, by national guidance.
    answers = {RuleId.NOT_AN_MSK_SCAN, RuleId.MSCC, RuleId.URGENT_MSK}
    return [one for one in rules if one.rule in answers or pathway.enabled(one.rule)]


def rules_out_of_force() -> list[RuleCondition]:
    """The rules on a day on which a region's pathway is not in force."""
    signs = sign_expressions(symptoms_count=True)
    return [*_rules_before_any_region(signs), RuleCondition(RuleId.NOT_EFFECTIVE, None)]


def national_rules() -> list[RuleCondition]:
    """The rules where no region's pathway is known to apply."""
    signs = sign_expressions(symptoms_count=True)
    return [
        *_rules_before_any_region(signs),
        RuleCondition(RuleId.OUTSIDE_FOOTPRINT, states(FactName.REGION, OUTSIDE)),
        RuleCondition(RuleId.SUSPECTED_SARCOMA, signs.sarcoma),
        RuleCondition(RuleId.SUSPECTED_CANCER, signs.cancer),
        RuleCondition(RuleId.URGENT_MSK, signs.urgent),
        RuleCondition(RuleId.COULD_NOT_EVALUATE, None),
    ]


def _rules_before_any_region(signs: SignExpressions) -> list[RuleCondition]:
    """Scope, secondary care and the two emergencies: the same whatever the region (facts 1 and 5)."""
    return [
        RuleCondition(RuleId.NOT_AN_MSK_SCAN, _not_an_msk_scan(signs)),
        RuleCondition(RuleId.SECONDARY_CARE, states(FactName.SETTING, Setting.SECONDARY_CARE)),
        RuleCondition(RuleId.CES, signs.ces),
        RuleCondition(RuleId.MSCC, signs.mscc),
    ]


def _not_an_msk_scan(signs: SignExpressions) -> str:
    infant_hip = both(
        states(FactName.MODALITY, Modality.USS),
        states(FactName.BODY_REGION, BodyRegion.HIP),
        below(FactName.AGE, 1),
    )
    no_single_part = none(states_other_than(FactName.BODY_REGION, *sorted(NO_SINGLE_PART)))
    return either(
        says(FactName.LIVE, value=False),
        none(states(FactName.MODALITY, Modality.MRI, Modality.USS)),
        states(FactName.BODY_REGION, BodyRegion.NOT_MSK),
        both(none(either(signs.ces, signs.mscc)), either(infant_hip, no_single_part)),
    )


def _assured_fcp(pathway: Pathway, exemption: FcpExemption) -> RuleCondition:
    """NEL E5 and E6: a current register entry, a coded scan, a redirected setting; nothing unknown satisfies it."""
    listed = states(FactName.FCP_LISTING, FcpListing.CURRENT, FcpListing.CURRENT_NOT_SPINE)
    if exemption.spine_requires_expertise:
        spine = states(FactName.BODY_REGION, *[region for region in BodyRegion if region in SPINE_REGIONS])
        not_spine = both(states(FactName.FCP_LISTING, FcpListing.CURRENT_NOT_SPINE), none(spine))
        listed = either(states(FactName.FCP_LISTING, FcpListing.CURRENT), not_spine)
    when = both(
        states(FactName.MODALITY, *exemption.modalities),
        states(FactName.KNOWN_BY, KnownBy.CODE),
        states(FactName.SETTING, *pathway.settings.redirect),
        listed,
    )
    return RuleCondition(RuleId.FCP_EXEMPT, when)
