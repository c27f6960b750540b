"""`decide`: one order's facts held against a pathway. Pure and total: no clock, no I/O, no FHIR.

The order of the rules is the precedence (docs/outcomes.md); the decision table (tests/spec/decision_table.csv) is its
specification. Read `decide` from top to bottom: the first rule that matches answers.
"""

from datetime import date

from cds_service.pathway.decision import Decision
from cds_service.pathway.explain import also_coded, cautions, is_conditional
from cds_service.pathway.facts import (
    NO_SINGLE_PART,
    OUTSIDE,
    SPINE_REGIONS,
    BodyRegion,
    Facts,
    FcpListing,
    Indication,
    KnownBy,
    Modality,
    Oncology,
    Setting,
)
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import OUTCOME_OF, NationalFallback, Pathway
from cds_service.pathway.outcomes import Indicator, RuleId, TextKey
from cds_service.pathway.scan_removal import reasons_to_keep
from cds_service.pathway.signs import (
    ONCOLOGY_PATIENT,
    Signs,
    cannot_wait,
    every_reason_is_benign,
    is_spine,
    read_signs,
)


def decide(facts: Facts, pathway: Pathway | None, today: date) -> Decision:
    """Hold one order against a region's pathway, or against national guidance where none applies.

    Args:
        facts: what is known of the order.
        pathway: the pathway of `facts.region`, or None when there is none.
        today: the date in Europe/London.

    Returns:
        Exactly one decision, for any facts.
    """
    if _is_another_order(facts):
        return _silent(RuleId.NOT_AN_MSK_SCAN, facts, NATIONAL)
    in_force = pathway if _applies(pathway, facts, today) else None
    signs = read_signs(facts, symptoms_count=in_force is None or in_force.enabled(RuleId.SYMPTOMS))
    rule = _first_rule(facts, signs, pathway, in_force)
    speaks_nationally = in_force is None or rule is RuleId.NOT_AN_MSK_SCAN or not in_force.enabled(rule)
    return _decision(rule, facts, signs, None if speaks_nationally else in_force, today)


def _applies(pathway: Pathway | None, facts: Facts, today: date) -> bool:
    return pathway is not None and pathway.id == facts.region and pathway.is_effective(today)


def _first_rule(facts: Facts, signs: Signs, pathway: Pathway | None, in_force: Pathway | None) -> RuleId:
    if _is_of_no_known_part(facts, signs):
        return RuleId.NOT_AN_MSK_SCAN
    if facts.setting is Setting.SECONDARY_CARE:
        return RuleId.SECONDARY_CARE
    if signs.ces:
        return RuleId.CES
    if signs.mscc:
        return RuleId.MSCC
    if in_force is None:
        return _rule_without_pathway(facts, signs, pathway)
    return _rule_of_region(facts, signs, in_force)


def _rule_without_pathway(facts: Facts, signs: Signs, pathway: Pathway | None) -> RuleId:
    if facts.region == OUTSIDE:
        return RuleId.OUTSIDE_FOOTPRINT
    if pathway is not None and pathway.id == facts.region:
        return RuleId.NOT_EFFECTIVE
    if signs.sarcoma:
        return RuleId.SUSPECTED_SARCOMA
    if signs.cancer:
        return RuleId.SUSPECTED_CANCER
    if signs.urgent:
        return RuleId.URGENT_MSK
    return RuleId.COULD_NOT_EVALUATE


def _rule_of_region(facts: Facts, signs: Signs, pathway: Pathway) -> RuleId:  # noqa: C901 - the precedence is one list, best read whole
    in_policy = facts.modality in pathway.modalities
    if signs.sarcoma:
        return RuleId.SUSPECTED_SARCOMA
    if signs.cancer and facts.oncology is not Oncology.UNDER_CARE:
        return RuleId.SUSPECTED_CANCER
    if facts.oncology in ONCOLOGY_PATIENT and not every_reason_is_benign(facts):
        return RuleId.ONCOLOGY
    if signs.urgent and (pathway.enabled(RuleId.URGENT_MSK) or Indication.CORD_COMPRESSION in facts.indications):
        return RuleId.URGENT_MSK
    if signs.lump and in_policy:
        return RuleId.LUMP
    if not in_policy:
        return RuleId.OUT_OF_POLICY
    if facts.setting in pathway.settings.exempt:
        return RuleId.COMMUNITY_MSK
    if _is_assured_fcp(facts, pathway):
        return RuleId.FCP_EXEMPT
    if facts.age is not None and facts.age < pathway.adult_from and pathway.enabled(RuleId.PAEDIATRIC):
        return RuleId.PAEDIATRIC
    if facts.setting is Setting.UNKNOWN:
        return RuleId.REDIRECT_UNKNOWN_SETTING
    return RuleId.REDIRECT


def _is_another_order(facts: Facts) -> bool:
    return not facts.live or facts.modality is Modality.OTHER or facts.body_region is BodyRegion.NOT_MSK


def _is_of_no_known_part(facts: Facts, signs: Signs) -> bool:
    if signs.ces or signs.mscc:
        return False
    infant_hip = facts.modality is Modality.USS and facts.body_region is BodyRegion.HIP and facts.age == 0
    return infant_hip or facts.body_region in NO_SINGLE_PART


def _is_assured_fcp(facts: Facts, pathway: Pathway) -> bool:
    """NEL E5: both conditions, shown by a current register entry; nothing unknown satisfies it (fact 2)."""
    exemption = pathway.fcp_exemption
    if exemption is None or not pathway.enabled(RuleId.FCP_EXEMPT):
        return False
    if facts.modality not in exemption.modalities or facts.known_by is not KnownBy.CODE:
        return False
    if facts.setting not in pathway.settings.redirect:
        return False
    if facts.fcp_listing is FcpListing.CURRENT_NOT_SPINE:
        return not (exemption.spine_requires_expertise and facts.body_region in SPINE_REGIONS)
    return facts.fcp_listing is FcpListing.CURRENT


def _decision(rule: RuleId, facts: Facts, signs: Signs, pathway: Pathway | None, today: date) -> Decision:
    speaker = NATIONAL if pathway is None else pathway
    indicator = _indicator(rule, facts)
    answer = _silent(rule, facts, speaker)
    if indicator is None:
        return answer
    said = cautions(rule, facts, signs, pathway, today)
    return answer._replace(
        indicator=indicator,
        text=_text(rule, facts, signs, pathway),
        proposes_referral=pathway is not None and rule in PROPOSING,
        keep=reasons_to_keep(rule, facts, signs, pathway),
        cautions=said,
        conditional=is_conditional(rule, said),
        also_coded=also_coded(rule, signs),
    )


def _silent(rule: RuleId, facts: Facts, speaker: Pathway | NationalFallback) -> Decision:
    """A decision without a card."""
    stated = speaker.rules[rule]
    outcome = OUTCOME_OF[rule]
    if outcome is None:  # pragma: no cover - `symptoms` gives no outcome and is never a first rule
        raise AssertionError(rule)
    return Decision(outcome, rule, speaker.id, facts, reasons=(stated.because,), sources=stated.sentences)


PROPOSING = frozenset(
    {
        RuleId.CES,
        RuleId.MSCC,
        RuleId.SUSPECTED_SARCOMA,
        RuleId.SUSPECTED_CANCER,
        RuleId.ONCOLOGY,
        RuleId.URGENT_MSK,
        RuleId.REDIRECT,
    }
)
"""Rules whose card may suggest a draft referral, where a region's pathway speaks."""

_INDICATORS = {
    RuleId.CES: Indicator.CRITICAL,
    RuleId.MSCC: Indicator.CRITICAL,
    RuleId.SUSPECTED_SARCOMA: Indicator.WARNING,
    RuleId.SUSPECTED_CANCER: Indicator.WARNING,
    RuleId.ONCOLOGY: Indicator.WARNING,
    RuleId.URGENT_MSK: Indicator.WARNING,
    RuleId.LUMP: Indicator.INFO,
    RuleId.PAEDIATRIC: Indicator.INFO,
    RuleId.REDIRECT_UNKNOWN_SETTING: Indicator.INFO,
    RuleId.REDIRECT: Indicator.WARNING,
}

_INFO_IN_COMMUNITY_MSK = frozenset({RuleId.SUSPECTED_SARCOMA, RuleId.SUSPECTED_CANCER, RuleId.ONCOLOGY})


def _indicator(rule: RuleId, facts: Facts) -> Indicator | None:
    if rule in _INFO_IN_COMMUNITY_MSK and facts.setting is Setting.COMMUNITY_MSK:
        return Indicator.INFO
    if rule is RuleId.REDIRECT and facts.specialist_request:
        return Indicator.INFO
    return _INDICATORS.get(rule)


def _text(rule: RuleId, facts: Facts, signs: Signs, pathway: Pathway | None) -> TextKey:
    if rule is RuleId.ONCOLOGY:
        return _oncology_text(facts, signs, pathway)
    if rule is RuleId.URGENT_MSK:
        return _urgent_text(facts, signs, pathway)
    if rule is RuleId.SUSPECTED_SARCOMA and _is_child(facts):
        return TextKey.SUSPECTED_SARCOMA_CHILD
    if rule is RuleId.SUSPECTED_CANCER and _is_child(facts):
        return TextKey.SUSPECTED_CANCER_CHILD
    if rule is RuleId.LUMP and _is_child(facts):
        return TextKey.LUMP_CHILD
    return TextKey(rule.value)


def _oncology_text(facts: Facts, signs: Signs, pathway: Pathway | None) -> TextKey:
    """What cannot wait comes first; the oncology team is told of it, and may not be the one who acts on it."""
    if cannot_wait(signs):
        return UNDER_ONCOLOGY[_urgent_text(facts, signs, pathway)]
    if signs.cancer:
        return TextKey.ONCOLOGY_NEW_PRIMARY
    if signs.suspicious_pain:
        return TextKey.ONCOLOGY_SUSPICIOUS
    return TextKey.ONCOLOGY_TWO_BRANCHES_CHILD if _is_child(facts) else TextKey.ONCOLOGY_TWO_BRANCHES


UNDER_ONCOLOGY = {
    TextKey.URGENT_SAME_DAY: TextKey.ONCOLOGY_SAME_DAY,
    TextKey.URGENT_EXAMINE_TODAY: TextKey.ONCOLOGY_EXAMINE_TODAY,
    TextKey.URGENT: TextKey.ONCOLOGY_URGENT,
    TextKey.URGENT_RHEUMATOLOGY: TextKey.ONCOLOGY_RHEUMATOLOGY,
}
"""The text with which the oncology rule says what an urgent reason's own text says to others."""


def _urgent_text(facts: Facts, signs: Signs, pathway: Pathway | None) -> TextKey:
    reasons = facts.indications
    if Indication.URGENT_SAME_DAY in reasons:
        return TextKey.URGENT_SAME_DAY
    symptoms_count = is_spine(facts) and (pathway is None or pathway.enabled(RuleId.SYMPTOMS))
    of_the_cord = Indication.CORD_COMPRESSION in reasons or signs.strong_sign
    if of_the_cord or (symptoms_count and Indication.CES_SYMPTOM_WEAK in reasons):
        return TextKey.URGENT_EXAMINE_TODAY
    if Indication.URGENT in reasons or (symptoms_count and Indication.RED_FLAG_SYMPTOM in reasons):
        return TextKey.URGENT
    return TextKey.URGENT_RHEUMATOLOGY


CHILD_UNDER = 16
"""NG12's children and young people's routes are used under 16, whatever the region's adult age."""


def _is_child(facts: Facts) -> bool:
    return facts.age is not None and facts.age < CHILD_UNDER
