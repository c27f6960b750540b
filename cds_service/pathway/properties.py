"""The facts that never bend, as named properties of every combination of facts (docs/eight-facts.md).

A property is asked of one way through the rules: the facts that they read, and the decision. A fact that was not read
may have any value, so a property that needs a fact to be known fails where nobody looked at it.
"""

from typing import Final

from cds_service.pathway.facts import (
    NO_SINGLE_PART,
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
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import OUTCOME_OF, Pathway
from cds_service.pathway.outcomes import Indicator, Outcome, RuleId, TextKey
from cds_service.pathway.property_cases import (
    Case,
    Property,
    has_strong_ces_sign,
    is_msk_scan_outside_secondary_care,
    reasons_of,
    symptoms_count,
)
from cds_service.pathway.signs import CANCER_HISTORY, ONCOLOGY_PATIENT

_EMERGENCIES: Final = frozenset({Outcome.CES, Outcome.MSCC})
_RED_FLAG_CARDS: Final = frozenset(
    {
        Outcome.CES,
        Outcome.MSCC,
        Outcome.SUSPECTED_SARCOMA,
        Outcome.SUSPECTED_CANCER,
        Outcome.ONCOLOGY,
        Outcome.URGENT_MSK,
    }
)
_ROUTINE: Final = frozenset(
    {Outcome.REDIRECT, Outcome.REDIRECT_UNKNOWN_SETTING, Outcome.PAEDIATRIC, Outcome.LUMP, Outcome.FCP_EXEMPT}
)
_LISTED: Final = frozenset({FcpListing.CURRENT, FcpListing.CURRENT_NOT_SPINE})
_CODED_RED_FLAGS: Final = frozenset(
    {
        Indication.CAUDA_EQUINA,
        Indication.CORD_COMPRESSION,
        Indication.METASTASIS,
        Indication.SARCOMA,
        Indication.SUSPECTED_CANCER,
        Indication.MALIGNANCY,
    }
)
_REDIRECTS: Final = frozenset({Outcome.REDIRECT, Outcome.REDIRECT_UNKNOWN_SETTING})
_URGENT_UNDER_ONCOLOGY: Final = frozenset(
    {
        TextKey.ONCOLOGY_SAME_DAY,
        TextKey.ONCOLOGY_EXAMINE_TODAY,
        TextKey.ONCOLOGY_URGENT,
        TextKey.ONCOLOGY_RHEUMATOLOGY,
    }
)
_UNREAD: Final = frozenset({Indication.UNRECOGNISED, Indication.TEXT_ONLY})
_CODED_CANCER: Final = frozenset(
    {Indication.METASTASIS, Indication.SARCOMA, Indication.SUSPECTED_CANCER, Indication.MALIGNANCY}
)
_CODED_URGENT: Final = frozenset({Indication.URGENT_SAME_DAY, Indication.URGENT, Indication.RHEUMATOLOGY})
_SPINE_SYMPTOMS: Final = frozenset({Indication.CES_SYMPTOM_WEAK, Indication.RED_FLAG_SYMPTOM})


def _ces_speaks(case: Case) -> bool:
    suspected = Indication.CAUDA_EQUINA in reasons_of(case.read) or (
        symptoms_count(case) and has_strong_ces_sign(case.read)
    )
    if not suspected or not is_msk_scan_outside_secondary_care(case.read):
        return True
    return case.decision.outcome is Outcome.CES and case.decision.indicator is Indicator.CRITICAL


def _mscc_speaks(case: Case) -> bool:
    read, reasons = case.read, reasons_of(case.read)
    with_cancer = read.get("oncology", Oncology.PAST) in CANCER_HISTORY or bool(reasons & _CODED_CANCER)
    cord = Indication.CORD_COMPRESSION in reasons and with_cancer
    metastasis = Indication.METASTASIS in reasons and read.get("body_region", BodyRegion.SPINE) in SPINE_REGIONS
    if not (cord or metastasis) or not is_msk_scan_outside_secondary_care(read):
        return True
    return case.decision.outcome in _EMERGENCIES


def _critical_is_for_emergencies(case: Case) -> bool:
    return (case.decision.indicator is Indicator.CRITICAL) == (case.decision.outcome in _EMERGENCIES)


def _red_flag_speaks(case: Case) -> bool:
    """With every fact but the reasons known or unknown: an order with a red flag never ends silent or redirected."""
    read = case.read
    if not (case.in_force or read.get("region", UNRESOLVED) == UNRESOLVED):
        return True  # outside its own region, or before its day, a pathway leaves CES and MSCC alone to the nation
    if not is_msk_scan_outside_secondary_care(read) or read.get("body_region") in NO_SINGLE_PART:
        return True
    if read.get("modality") is Modality.USS and read.get("body_region") is BodyRegion.HIP and read.get("age") == 0:
        return True  # an infant's hip ultrasound is a screening test
    return not _codes_a_red_flag(case) or case.decision.outcome in _RED_FLAG_CARDS


def _codes_a_red_flag(case: Case) -> bool:
    reasons = reasons_of(case.read)
    if reasons & _CODED_RED_FLAGS:
        return True
    own = case.pathway if case.in_force else None
    urgent_counts = own is None or own.enabled(RuleId.URGENT_MSK)
    if urgent_counts and reasons & _CODED_URGENT:
        return True
    spine = case.read.get("body_region", BodyRegion.SPINE) in SPINE_REGIONS
    return urgent_counts and symptoms_count(case) and spine and bool(reasons & _SPINE_SYMPTOMS)


def _unknown_adds_no_deletion(case: Case) -> bool:
    """Region, setting, age; the register for a red flag; cancer for a red flag."""
    read, decision = case.read, case.decision
    if decision.outcome in _RED_FLAG_CARDS and "fcp_listing" in read:
        return False  # a red flag that asks for the register could come to depend on it
    if not decision.may_delete:
        return True
    known = (
        read.get("age") is not None
        and read.get("setting", Setting.UNKNOWN) is not Setting.UNKNOWN
        and case.in_force
        and read.get("body_region", BodyRegion.UNKNOWN) not in NO_SINGLE_PART
    )
    cancer_known = read.get("oncology", Oncology.UNKNOWN) is not Oncology.UNKNOWN
    return known and (cancer_known or decision.outcome not in _RED_FLAG_CARDS)


def _create_with_every_delete(case: Case) -> bool:
    return case.decision.proposes_referral or not case.decision.may_delete


def _kept_scans_stay(case: Case) -> bool:
    read, decision = case.read, case.decision
    if not decision.may_delete:
        return True
    spine = read.get("body_region", BodyRegion.SPINE) in SPINE_REGIONS
    cancer = read.get("oncology", Oncology.PAST)
    reasons = reasons_of(read)
    redirect = decision.outcome is Outcome.REDIRECT
    adult_from = case.pathway.adult_from if case.pathway is not None else 0
    return (
        decision.outcome in {Outcome.REDIRECT, Outcome.CES}
        and (read.get("age") or 0) >= max(adult_from, 16)
        and read.get("known_by") is KnownBy.CODE
        and not (spine and cancer in CANCER_HISTORY)
        and not (cancer in ONCOLOGY_PATIENT and decision.outcome is Outcome.CES)
        and reasons.isdisjoint({Indication.SARCOMA, Indication.SOFT_TISSUE_LUMP, Indication.CORD_COMPRESSION})
        and reasons.isdisjoint(_CODED_URGENT)
        and not (spine and Indication.METASTASIS in reasons)
        and not (redirect and ((spine and reasons & _SPINE_SYMPTOMS) or has_strong_ces_sign(read)))
        and not (redirect and (Indication.SUSPICIOUS_PAIN in reasons or read.get("specialist_request", True)))
    )


def _what_may_be_a_red_flag_is_told(case: Case) -> bool:
    """A redirect with a sign that makes no red flag there, or with a reason that nobody has read."""
    decision = case.decision
    if decision.outcome not in _REDIRECTS:
        return True
    reasons = reasons_of(case.read)
    spine = case.read.get("body_region", BodyRegion.SPINE) in SPINE_REGIONS
    sign = spine and Indication.CES_SYMPTOM_STRONG in reasons
    unread = bool(reasons & _UNREAD)
    if not sign and not unread:
        return True
    kept = not decision.may_delete or reasons == {Indication.TEXT_ONLY}
    return kept and decision.conditional


def _only_a_redirect_is_conditional(case: Case) -> bool:
    return not case.decision.conditional or case.decision.outcome in _REDIRECTS


def _urgent_leads_under_oncology(case: Case) -> bool:
    """The text is one of those that lead with the urgent act exactly where something urgent is coded."""
    if case.decision.outcome is not Outcome.ONCOLOGY:
        return True
    reasons = reasons_of(case.read)
    spine = case.read.get("body_region", BodyRegion.SPINE) in SPINE_REGIONS
    urgent = reasons & _CODED_URGENT or (spine and Indication.CES_SYMPTOM_STRONG in reasons)
    symptom = spine and symptoms_count(case) and reasons & _SPINE_SYMPTOMS
    return (case.decision.text in _URGENT_UNDER_ONCOLOGY) == bool(urgent or symptom)


def _exempt_on_the_register(case: Case) -> bool:
    if case.decision.outcome is not Outcome.FCP_EXEMPT:
        return True
    return case.in_force and case.read.get("fcp_listing") in _LISTED


def _unknown_never_exempts(case: Case) -> bool:
    if case.decision.outcome not in {Outcome.SPECIALIST_EXEMPT, Outcome.FCP_EXEMPT}:
        return True
    return case.read.get("setting", Setting.UNKNOWN) is not Setting.UNKNOWN


def _secondary_care_is_silent(case: Case) -> bool:
    return case.read.get("setting") is not Setting.SECONDARY_CARE or case.decision.indicator is None


def _no_scan_beyond_the_document(case: Case) -> bool:
    if case.pathway is None or case.read.get("modality", Modality.USS) in case.pathway.modalities:
        return True
    return case.decision.outcome not in _ROUTINE


def _nel_ultrasound(case: Case) -> bool:
    if case.pathway is None or case.pathway.id != _NEL or case.read.get("modality", Modality.USS) is not Modality.USS:
        return True
    return case.decision.outcome not in _ROUTINE


def _nwl_exempts_no_role(case: Case) -> bool:
    return case.decision.outcome is not Outcome.FCP_EXEMPT or case.pathway is None or case.pathway.id != _NWL


def _nation_suggests_nothing(case: Case) -> bool:
    decision = case.decision
    return decision.speaker != NATIONAL.id or not (decision.proposes_referral or decision.may_delete)


def _one_outcome(case: Case) -> bool:
    decision = case.decision
    with_card = decision.indicator is not None
    return decision.outcome is OUTCOME_OF[decision.rule] and with_card == (decision.text is not None)


_NEL: Final = RegionId("nel")
_NWL: Final = RegionId("nwl")

PROPERTIES: Final = (
    Property(
        "ces-always-speaks",
        "An MSK MRI or ultrasound order with a coded cauda equina syndrome, or with a strong sign of it where symptoms "
        "count, outside secondary care always ends in the CES card, whatever the region, footprint, dates, role, age "
        "or register.",
        _ces_speaks,
    ),
    Property(
        "mscc-always-speaks",
        "Coded cord compression with a history of cancer or beside a coded cancer, or a metastasis on a spine order, "
        "outside secondary care always ends in the MSCC card, or the CES card where that is coded too.",
        _mscc_speaks,
    ),
    Property(
        "critical-is-for-emergencies", "`critical` is only and always for CES and MSCC.", _critical_is_for_emergencies
    ),
    Property(
        "red-flag-never-lost",
        "No fact, known or unknown, turns a coded red flag (CES, MSCC, sarcoma, cancer, another urgent reason) into "
        "silence or a redirect.",
        _red_flag_speaks,
    ),
    Property(
        "unknown-adds-no-deletion",
        "Region, setting, age or body region unknown never adds a delete, nor does an unknown cancer status or "
        "register to a coded red flag.",
        _unknown_adds_no_deletion,
    ),
    Property("no-delete-without-create", "No scan is removed without a referral drafted.", _create_with_every_delete),
    Property(
        "kept-scans-stay",
        'No scan is removed that stays whatever the outcome (docs/outcomes.md, "When the scan stays").',
        _kept_scans_stay,
    ),
    Property(
        "what-may-be-a-red-flag-is-told",
        "A redirect with a strong sign of CES on a spine order, or with a reason that no list knows, leads with the "
        "safety net and removes no scan; words alone, as the only reason, keep none (D52).",
        _what_may_be_a_red_flag_is_told,
    ),
    Property(
        "only-a-redirect-is-conditional",
        'No card but a redirect ends "unless red flags".',
        _only_a_redirect_is_conditional,
    ),
    Property(
        "urgent-leads-under-oncology",
        "The oncology card leads with the urgent act exactly where an urgent reason is coded.",
        _urgent_leads_under_oncology,
    ),
    Property(
        "exempt-on-the-register", "Without a current register entry nobody is `fcp_exempt`.", _exempt_on_the_register
    ),
    Property("unknown-never-exempts", "An unknown setting exempts nobody.", _unknown_never_exempts),
    Property("secondary-care-is-silent", "Secondary care never sees a card.", _secondary_care_is_silent),
    Property(
        "no-scan-beyond-the-document",
        "A kind of scan that the pathway does not cover is neither redirected nor exempted.",
        _no_scan_beyond_the_document,
    ),
    Property("nel-ultrasound-is-not-redirected", "A NEL ultrasound is never redirected (E1).", _nel_ultrasound),
    Property("nwl-exempts-no-role", "NWL exempts nobody for a role or a register (N2).", _nwl_exempts_no_role),
    Property(
        "nation-suggests-nothing",
        "National wording proposes no referral and removes no scan.",
        _nation_suggests_nothing,
    ),
    Property("one-outcome", "Every combination has exactly one outcome, that of its rule.", _one_outcome),
)
"""What is proved of every pathway."""


def rules_that_can_never_fire(pathway: Pathway, fired: set[RuleId]) -> list[RuleId]:
    """Rules of a pathway that no combination of facts reached; a rule about uncovered scans needs there to be one."""
    expected = {rule for rule in pathway.rules if pathway.enabled(rule)} - {RuleId.SYMPTOMS}
    if {Modality.MRI, Modality.USS} <= set(pathway.modalities):
        expected.discard(RuleId.OUT_OF_POLICY)
    return sorted(expected - fired)
