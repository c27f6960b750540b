"""Which card a rule shows, and when its scan may go (`pathway/decide.py`, `pathway/scan_removal.py`), as FHIRPath."""

from typing import NamedTuple

from cds_service.exchange.facts import FactName
from cds_service.exchange.fhirpath import below, both, either, is_known, none, says, states, states_other_than
from cds_service.exchange.precedence import KNOWN_SETTINGS
from cds_service.exchange.signs import (
    CANCER_HISTORY_KNOWN,
    CORD,
    IS_ONCOLOGY_PATIENT,
    SPINE,
    STATES_URGENCY,
    SignExpressions,
    coded,
)
from cds_service.pathway.decide import CHILD_UNDER, UNDER_ONCOLOGY
from cds_service.pathway.facts import NO_SINGLE_PART, BodyRegion, Indication, KnownBy, Oncology, Setting
from cds_service.pathway.outcomes import Indicator, KeepScan, RuleId, TextKey
from cds_service.pathway.signs import UNCODED


class CardVariant(NamedTuple):
    """One of a rule's cards: when it is the one (None: whenever none before it is), its text, and how loud it is."""

    when: str | None
    text: TextKey
    indicator: Indicator


_CHILD = below(FactName.AGE, CHILD_UNDER)
"""NICE NG12's routes for children, used under 16 whatever the region's adult age."""

_COMMUNITY_MSK = states(FactName.SETTING, Setting.COMMUNITY_MSK)
_SOME_REASON_UNKNOWN = both(coded(*UNCODED), states_other_than(FactName.INDICATION, Indication.TEXT_ONLY))
"""A reason that no list knows, but for words with nothing beside them."""

_SPECIALIST_REQUEST = says(FactName.SPECIALIST_REQUEST, value=True)


def cards_of(rule: RuleId, signs: SignExpressions) -> list[CardVariant]:
    """A rule's cards, first match first; empty for a rule that shows none."""
    match rule:
        case RuleId.CES | RuleId.MSCC:
            return [CardVariant(None, TextKey(rule.value), Indicator.CRITICAL)]
        case RuleId.SUSPECTED_SARCOMA:
            return _quieter_in_community_msk(
                [(_CHILD, TextKey.SUSPECTED_SARCOMA_CHILD), (None, TextKey.SUSPECTED_SARCOMA)]
            )
        case RuleId.SUSPECTED_CANCER:
            return _quieter_in_community_msk(
                [(_CHILD, TextKey.SUSPECTED_CANCER_CHILD), (None, TextKey.SUSPECTED_CANCER)]
            )
        case RuleId.ONCOLOGY:
            return _quieter_in_community_msk(
                [
                    *((when, UNDER_ONCOLOGY[text]) for when, text in _urgent_texts(signs)),
                    (coded(Indication.RHEUMATOLOGY), UNDER_ONCOLOGY[TextKey.URGENT_RHEUMATOLOGY]),
                    (signs.cancer, TextKey.ONCOLOGY_NEW_PRIMARY),
                    (signs.suspicious_pain, TextKey.ONCOLOGY_SUSPICIOUS),
                    (_CHILD, TextKey.ONCOLOGY_TWO_BRANCHES_CHILD),
                    (None, TextKey.ONCOLOGY_TWO_BRANCHES),
                ]
            )
        case RuleId.URGENT_MSK:
            return _urgent_cards(signs)
        case RuleId.LUMP:
            return [
                CardVariant(_CHILD, TextKey.LUMP_CHILD, Indicator.INFO),
                CardVariant(None, TextKey.LUMP, Indicator.INFO),
            ]
        case RuleId.PAEDIATRIC | RuleId.REDIRECT_UNKNOWN_SETTING:
            return [CardVariant(None, TextKey(rule.value), Indicator.INFO)]
        case RuleId.REDIRECT:
            return [
                CardVariant(_SPECIALIST_REQUEST, TextKey.REDIRECT, Indicator.INFO),
                CardVariant(None, TextKey.REDIRECT, Indicator.WARNING),
            ]
        case _:
            return []


def _quieter_in_community_msk(texts: list[tuple[str | None, TextKey]]) -> list[CardVariant]:
    """Each text as information in community MSK, where the patient is already seen by specialists, else a warning."""
    there = [
        CardVariant(_COMMUNITY_MSK if when is None else both(_COMMUNITY_MSK, when), text, Indicator.INFO)
        for when, text in texts
    ]
    return [*there, *(CardVariant(when, text, Indicator.WARNING) for when, text in texts)]


def _urgent_cards(signs: SignExpressions) -> list[CardVariant]:
    texts = [*_urgent_texts(signs), (None, TextKey.URGENT_RHEUMATOLOGY)]
    return [CardVariant(when, text, Indicator.WARNING) for when, text in texts]


def _urgent_texts(signs: SignExpressions) -> list[tuple[str, TextKey]]:
    """The texts for urgent reasons, the most pressing first; rheumatology's, the last, is left to the caller."""
    return [
        (coded(Indication.URGENT_SAME_DAY), TextKey.URGENT_SAME_DAY),
        (either(CORD, signs.weak_symptom, signs.strong_sign), TextKey.URGENT_EXAMINE_TODAY),
        (either(coded(Indication.URGENT), signs.red_flag_symptom), TextKey.URGENT),
    ]


class KeepCondition(NamedTuple):
    """A reason to leave the scan, and when it does not stand in the way."""

    reason: KeepScan
    is_absent: str


def scan_may_go(rule: RuleId, signs: SignExpressions, adult_from: int) -> list[KeepCondition]:
    """What must all hold for a scan to be removed together with creating the referral (fact 6).

    Args:
        rule: `ces` or `redirect`, the only rules that remove a scan.
        signs: the region's signs.
        adult_from: the region's adult age in whole years.
    """
    msk_regions = [region for region in BodyRegion if region not in NO_SINGLE_PART | {BodyRegion.NOT_MSK}]
    conditions = [
        KeepCondition(KeepScan.AGE_UNKNOWN, is_known(FactName.AGE)),
        KeepCondition(KeepScan.CHILD, none(below(FactName.AGE, adult_from))),
        KeepCondition(KeepScan.SETTING_UNKNOWN, states(FactName.SETTING, *KNOWN_SETTINGS)),
        KeepCondition(KeepScan.BODY_REGION_UNKNOWN, states(FactName.BODY_REGION, *msk_regions)),
        KeepCondition(KeepScan.TEXT_ONLY, states(FactName.KNOWN_BY, KnownBy.CODE)),
        KeepCondition(KeepScan.SPINE_AND_CANCER, none(both(SPINE, CANCER_HISTORY_KNOWN))),
    ]
    if rule is RuleId.CES:
        other = either(signs.mscc, signs.sarcoma, STATES_URGENCY, signs.lump)
        answered = states(FactName.ONCOLOGY, *[known for known in Oncology if known is not Oncology.UNKNOWN])
        return [
            *conditions,
            KeepCondition(KeepScan.CANCER_UNKNOWN, answered),
            KeepCondition(KeepScan.OTHER_RED_FLAG, none(other)),
            KeepCondition(KeepScan.ONCOLOGY_PATIENT, none(IS_ONCOLOGY_PATIENT)),
        ]
    return [
        *conditions,
        KeepCondition(KeepScan.SUSPICIOUS_PAIN, none(signs.suspicious_pain)),
        KeepCondition(KeepScan.SPECIALIST_REQUEST, says(FactName.SPECIALIST_REQUEST, value=False)),
        KeepCondition(KeepScan.STRONG_SIGN, none(signs.strong_sign)),
        KeepCondition(KeepScan.REASON_UNKNOWN, none(_SOME_REASON_UNKNOWN)),
        KeepCondition(KeepScan.OTHER_RED_FLAG, none(either(signs.urgent, signs.uncounted_symptom))),
    ]
