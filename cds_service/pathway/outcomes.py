"""What the pathway can answer: outcomes, how loudly a card speaks, and why a scan stays."""

from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """The result of holding one order against a pathway, in order of precedence (docs/outcomes.md)."""

    NOT_APPLICABLE = "not_applicable"
    SPECIALIST_EXEMPT = "specialist_exempt"
    CES = "ces"
    MSCC = "mscc"
    OUTSIDE_FOOTPRINT = "outside_footprint"
    NOT_EFFECTIVE = "not_effective"
    COULD_NOT_EVALUATE = "could_not_evaluate"
    SUSPECTED_SARCOMA = "suspected_sarcoma"
    SUSPECTED_CANCER = "suspected_cancer"
    ONCOLOGY = "oncology"
    URGENT_MSK = "urgent_msk"
    LUMP = "lump"
    OUT_OF_POLICY = "out_of_policy"
    FCP_EXEMPT = "fcp_exempt"
    PAEDIATRIC = "paediatric"
    REDIRECT_UNKNOWN_SETTING = "redirect_unknown_setting"
    REDIRECT = "redirect"


RED_FLAGS: Final = (
    Outcome.CES,
    Outcome.MSCC,
    Outcome.SUSPECTED_CANCER,
    Outcome.SUSPECTED_SARCOMA,
    Outcome.ONCOLOGY,
)
"""Outcomes whose cards are watched for safety, the most urgent first."""


class RuleId(StrEnum):
    """The rules of a pathway file; two of them (`SECONDARY_CARE`, `COMMUNITY_MSK`) share one outcome.

    `SYMPTOMS` gives no outcome of its own: it says whether coded symptoms count as red flags.
    """

    NOT_AN_MSK_SCAN = "not_an_msk_scan"
    SECONDARY_CARE = "secondary_care"
    CES = "ces"
    MSCC = "mscc"
    OUTSIDE_FOOTPRINT = "outside_footprint"
    NOT_EFFECTIVE = "not_effective"
    COULD_NOT_EVALUATE = "could_not_evaluate"
    SUSPECTED_SARCOMA = "suspected_sarcoma"
    SUSPECTED_CANCER = "suspected_cancer"
    ONCOLOGY = "oncology"
    URGENT_MSK = "urgent_msk"
    LUMP = "lump"
    OUT_OF_POLICY = "out_of_policy"
    COMMUNITY_MSK = "community_msk"
    FCP_EXEMPT = "fcp_exempt"
    PAEDIATRIC = "paediatric"
    REDIRECT_UNKNOWN_SETTING = "redirect_unknown_setting"
    REDIRECT = "redirect"
    SYMPTOMS = "symptoms"


class Indicator(StrEnum):
    """The urgency of a card, as CDS Hooks names it."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class TextKey(StrEnum):
    """Which card text of the pathway file speaks; some outcomes have several."""

    CES = "ces"
    MSCC = "mscc"
    SUSPECTED_SARCOMA = "suspected_sarcoma"
    SUSPECTED_SARCOMA_CHILD = "suspected_sarcoma_child"
    SUSPECTED_CANCER = "suspected_cancer"
    SUSPECTED_CANCER_CHILD = "suspected_cancer_child"
    ONCOLOGY_SAME_DAY = "oncology_same_day"
    ONCOLOGY_EXAMINE_TODAY = "oncology_examine_today"
    ONCOLOGY_URGENT = "oncology_urgent"
    ONCOLOGY_RHEUMATOLOGY = "oncology_rheumatology"
    ONCOLOGY_SUSPICIOUS = "oncology_suspicious"
    ONCOLOGY_NEW_PRIMARY = "oncology_new_primary"
    ONCOLOGY_TWO_BRANCHES = "oncology_two_branches"
    ONCOLOGY_TWO_BRANCHES_CHILD = "oncology_two_branches_child"
    URGENT_SAME_DAY = "urgent_same_day"
    URGENT_EXAMINE_TODAY = "urgent_examine_today"
    URGENT = "urgent"
    URGENT_RHEUMATOLOGY = "urgent_rheumatology"
    LUMP = "lump"
    LUMP_CHILD = "lump_child"
    PAEDIATRIC = "paediatric"
    REDIRECT_UNKNOWN_SETTING = "redirect_unknown_setting"
    REDIRECT = "redirect"
    COULD_NOT_EVALUATE = "could_not_evaluate"
    COULD_NOT_EVALUATE_REASON = "could_not_evaluate_reason"


class Caution(StrEnum):
    """Something that the card's detail must add to its text."""

    UNLESS_RED_FLAGS = "unless_red_flags"
    HIGH_PRIORITY = "high_priority"
    SPINE_AND_CANCER = "spine_and_cancer"
    STRONG_SIGN = "strong_sign"
    EMERGENCY_PROBLEM = "emergency_problem"
    CANCER_HISTORY = "cancer_history"
    UNDER_ONCOLOGY = "under_oncology"
    SUSPICIOUS_PAIN = "suspicious_pain"
    SPINE_EXPERTISE = "spine_expertise"
    SPECIALIST_REQUEST = "specialist_request"
    REGION_CONFLICT = "region_conflict"
    PAST_REVIEW = "past_review"


class KeepScan(StrEnum):
    """Why an order is not to be removed (fact 6)."""

    OUTCOME = "outcome"
    NATIONAL = "national"
    AGE_UNKNOWN = "age_unknown"
    CHILD = "child"
    SETTING_UNKNOWN = "setting_unknown"
    BODY_REGION_UNKNOWN = "body_region_unknown"
    TEXT_ONLY = "text_only"
    SPINE_AND_CANCER = "spine_and_cancer"
    CANCER_UNKNOWN = "cancer_unknown"
    SUSPICIOUS_PAIN = "suspicious_pain"
    SPECIALIST_REQUEST = "specialist_request"
    STRONG_SIGN = "strong_sign"
    REASON_UNKNOWN = "reason_unknown"
    OTHER_RED_FLAG = "other_red_flag"
    ONCOLOGY_PATIENT = "oncology_patient"
    RED_FLAG_BESIDE = "red_flag_beside"
    UNREAD_BESIDE = "unread_beside"
    REASON_UNREAD = "reason_unread"
    IN_FORCE = "in_force"
    HIGH_PRIORITY = "high_priority"
    EMERGENCY_PROBLEM = "emergency_problem"
