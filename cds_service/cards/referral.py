"""The draft referral that a suggestion proposes: FHIR R4 in UK Core's shape, sent by nobody until a clinician acts.

Each kind of referral is built and checked once with `fhir.resources`; a call only adds what is its own. Only
concepts are copied from the order: no reference to a contained or draft resource, no `replaces`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import orjson
from fhir.resources.R4B.servicerequest import ServiceRequest

from cds_service.cards.escape import one_line
from cds_service.cards.order import CardContext, Json, OrderForCard
from cds_service.directory.model import Destination
from cds_service.pathway.outcomes import TextKey

SNOMED = "http://snomed.info/sct"
ODS_ORGANISATION = "https://fhir.nhs.uk/Id/ods-organization-code"
UK_CORE_SERVICE_REQUEST = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-ServiceRequest"
REFERRAL_CATEGORY = "https://fhir.nhs.uk/CodeSystem/message-category-servicerequest"


@dataclass(frozen=True, slots=True)
class ReferralKind:
    """One kind of referral: where it goes, how soon, and its SNOMED CT code.

    Attributes:
        destination: kind of destination in `destinations.csv`.
        code: a verified SNOMED CT referral code.
        display: that code's display.
        text: what the referral is for.
        priority: FHIR request priority.
    """

    destination: str
    code: str
    display: str
    text: str
    priority: str


_COMMUNITY_MSK = ReferralKind(
    "community-msk",
    "306171006",
    "Referral to community-based physiotherapy service",
    "Referral to community MSK service",
    "routine",
)
_CANCER = ("199251000000107", "Fast track cancer referral")
_ONCOLOGIST = ("183529009", "Referral to oncologist")
_URGENT = ("134403003", "Urgent referral")
_URGENT_MSK = "Urgent MSK referral"
"""To whom every one of them goes, also where the card sends to a hospital or to rheumatology first."""

REFERRAL_KINDS: dict[TextKey, ReferralKind] = {
    TextKey.REDIRECT: _COMMUNITY_MSK,
    TextKey.CES: ReferralKind(
        "ces",
        "306254002",
        "Referral to Accident and Emergency doctor",
        "Emergency referral: suspected cauda equina syndrome",
        "stat",
    ),
    TextKey.MSCC: ReferralKind(
        "mscc", *_ONCOLOGIST, "Emergency referral: suspected metastatic spinal cord compression", "stat"
    ),
    TextKey.SUSPECTED_SARCOMA: ReferralKind(
        "sarcoma", *_CANCER, "Urgent suspected cancer referral: suspected sarcoma", "urgent"
    ),
    TextKey.SUSPECTED_SARCOMA_CHILD: ReferralKind(
        "sarcoma", *_CANCER, "Very urgent paediatric referral within 48 hours: suspected sarcoma", "asap"
    ),
    TextKey.SUSPECTED_CANCER: ReferralKind("cancer", *_CANCER, "Urgent suspected cancer referral", "urgent"),
    TextKey.SUSPECTED_CANCER_CHILD: ReferralKind(
        "cancer", *_CANCER, "Very urgent paediatric referral within 48 hours: suspected cancer", "asap"
    ),
    TextKey.ONCOLOGY_SAME_DAY: ReferralKind(
        "oncology", *_ONCOLOGIST, "Referral to the treating oncology team, beside same-day hospital assessment", "asap"
    ),
    TextKey.ONCOLOGY_EXAMINE_TODAY: ReferralKind(
        "oncology", *_ONCOLOGIST, "Referral back to the treating oncology team: sign of cord compression coded", "asap"
    ),
    TextKey.ONCOLOGY_URGENT: ReferralKind(
        "oncology", *_ONCOLOGIST, "Referral back to the treating oncology team: urgent reason coded", "urgent"
    ),
    TextKey.ONCOLOGY_RHEUMATOLOGY: ReferralKind(
        "oncology", *_ONCOLOGIST, "Referral to the treating oncology team, beside rheumatology", "urgent"
    ),
    TextKey.ONCOLOGY_SUSPICIOUS: ReferralKind(
        "oncology", *_ONCOLOGIST, "Referral back to the treating oncology team", "urgent"
    ),
    TextKey.ONCOLOGY_NEW_PRIMARY: ReferralKind(
        "oncology", *_ONCOLOGIST, "Referral back to the treating oncology team: suspected cancer", "urgent"
    ),
    TextKey.ONCOLOGY_TWO_BRANCHES: ReferralKind(
        "oncology", *_ONCOLOGIST, "Referral back to the treating oncology team", "urgent"
    ),
    TextKey.ONCOLOGY_TWO_BRANCHES_CHILD: ReferralKind(
        "oncology", *_ONCOLOGIST, "Referral back to the treating oncology team", "urgent"
    ),
    TextKey.URGENT_SAME_DAY: ReferralKind("urgent-msk", *_URGENT, _URGENT_MSK, "asap"),
    TextKey.URGENT_EXAMINE_TODAY: ReferralKind("urgent-msk", *_URGENT, "Urgent spinal assessment", "urgent"),
    TextKey.URGENT: ReferralKind("urgent-msk", *_URGENT, _URGENT_MSK, "urgent"),
    TextKey.URGENT_RHEUMATOLOGY: ReferralKind("urgent-msk", *_URGENT, _URGENT_MSK, "urgent"),
}
"""The referral that each card text proposes; texts that are not here propose none."""


def _template(kind: ReferralKind) -> Json:
    """The part of a referral that is the same for every call, checked by `fhir.resources`."""
    referral: Json = {
        "resourceType": "ServiceRequest",
        "meta": {"profile": [UK_CORE_SERVICE_REQUEST]},
        "status": "draft",
        "intent": "proposal",
        "category": [{"coding": [{"system": REFERRAL_CATEGORY, "code": "referral", "display": "Referral"}]}],
        "priority": kind.priority,
        "code": {
            "coding": [{"system": SNOMED, "code": kind.code, "display": kind.display}],
            "text": kind.text,
        },
    }
    ServiceRequest.model_validate({**referral, "subject": {"reference": "Patient/template"}})
    return referral


_TEMPLATES = {text: _template(kind) for text, kind in REFERRAL_KINDS.items()}


def draft_referral(
    text: TextKey,
    orders: list[OrderForCard],
    destination: Destination | None,
    note: str,
    context: CardContext,
) -> Json:
    """A draft referral in place of, or beside, the orders of one card.

    Args:
        text: the card text, which decides the kind of referral.
        orders: the card's orders; their reasons and body sites are copied as concepts.
        destination: where it goes; its ODS code becomes the performer.
        note: one line that names the pathway and version.
        context: the call.
    """
    referral = dict(_TEMPLATES[text])
    referral["subject"] = {"reference": f"Patient/{context.patient_id}"}
    referral["authoredOn"] = context.today.isoformat()
    requester = _requester(orders, context)
    if requester is not None:
        referral["requester"] = requester
    if destination is not None and destination.ods_code is not None:
        referral["performer"] = [
            {
                "type": "Organization",
                "identifier": {"system": ODS_ORGANISATION, "value": destination.ods_code},
                "display": destination.name,
            }
        ]
    reasons = _concepts(reason for order in orders for reason in order.reasons)
    if reasons:
        referral["reasonCode"] = reasons
    sites = _concepts(site for order in orders for site in order.body_sites)
    if sites:
        referral["bodySite"] = sites
    referral["note"] = [{"text": note}]
    return referral


_LEAST_URGENT_FIRST = ("routine", "urgent", "asap", "stat")
"""FHIR's request priorities; a draft without one is routine (R4)."""

_WORDS = frozenset(kind.text for kind in REFERRAL_KINDS.values())


def is_drafted(text: TextKey, drafts: Iterable[Json], orders: Iterable[OrderForCard]) -> bool:
    """Whether a referral is among the drafts already: its code, its urgency or more, its reasons, and no other's words.

    Several referrals share a code (to an oncologist: an emergency for cord compression, and back to the treating
    team), so that a draft with the words of another of them, or a less urgent one, is not this one. Nor is one that
    somebody drafted for another complaint: its card would have the scan removed for a referral about something else.

    Args:
        text: the card text, which decides the kind of referral.
        drafts: the ServiceRequests drafted for the patient.
        orders: the card's orders.
    """
    kind = REFERRAL_KINDS[text]
    asked = list(orders)
    return any(_is_this(kind, draft) and _is_about(draft, kind, asked) for draft in drafts)


def _is_this(kind: ReferralKind, draft: Json) -> bool:
    concept = draft.get("code")
    stated = concept.get("coding") if isinstance(concept, dict) else None
    codings = [_coding(coding) for coding in stated] if isinstance(stated, list) else []
    if not any((coding.get("system"), coding.get("code")) == (SNOMED, kind.code) for coding in codings):
        return False
    return _urgency(draft.get("priority")) >= _urgency(kind.priority) and _words(draft) not in _WORDS - {kind.text}


def _is_about(draft: Json, kind: ReferralKind, orders: list[OrderForCard]) -> bool:
    """Whether a draft has a reason of each order, and no other body site than theirs.

    Without reasons it must have our words, or none: it may have been proposed before the orders had theirs.
    """
    reasons, sites = _names(draft.get("reasonCode")), _names(draft.get("bodySite"))
    if not reasons and _words(draft) not in {None, kind.text}:
        return False
    for order in orders:
        own_sites = _names(list(order.body_sites))
        if reasons and reasons.isdisjoint(_names(list(order.reasons))):
            return False
        if sites and own_sites and sites.isdisjoint(own_sites):
            return False
    return True


def _words(draft: Json) -> str | None:
    return _text_members(draft.get("code"), ("text",)).get("text")


def _names(concepts: object) -> set[tuple[str, str]]:
    """What concepts are known by: their codes with their systems, or their words where they have no code."""
    found: set[tuple[str, str]] = set()
    for copy in _concepts(one for one in concepts if isinstance(one, dict)) if isinstance(concepts, list) else ():
        codes = {(coding.get("system", ""), coding["code"]) for coding in copy.get("coding", ())}
        found |= codes or {("", copy["text"].casefold())}
    return found


def _urgency(priority: object) -> int:
    return _LEAST_URGENT_FIRST.index(priority) if priority in _LEAST_URGENT_FIRST else 0


_STANDS_ALONE = re.compile(
    r"(?:https?://\S+/)?(?:Practitioner|PractitionerRole|Organization|Patient|RelatedPerson|Device)/[A-Za-z0-9.-]{1,64}"
)
"""A requester that R4 allows and that means something outside the call: not contained, not a draft of it."""


def _requester(orders: list[OrderForCard], context: CardContext) -> Json | None:
    """The order's requester when it can stand outside the call, else the hook's user; None when that names nobody."""
    for order in orders:
        stated = order.requester or {}
        reference = stated.get("reference")
        if isinstance(reference, str) and _STANDS_ALONE.fullmatch(reference):
            return {"reference": reference}
        kept = _text_members(stated.get("identifier"), ("system", "value"))
        if len(kept) == 2:  # noqa: PLR2004 - system and value
            return {"identifier": kept}
    return {"reference": context.user_id} if _STANDS_ALONE.fullmatch(context.user_id) else None


def _concepts(concepts: Iterable[Json]) -> list[Json]:
    """Copies of concepts with only their well-formed parts, each once."""
    copies: dict[bytes, Json] = {}
    for concept in concepts:
        stated = concept.get("coding")
        codings = [found for coding in stated if (found := _coding(coding))] if isinstance(stated, list) else []
        text = concept.get("text")
        copy: Json = {"coding": codings} if codings else {}
        if isinstance(text, str) and one_line(text):
            copy["text"] = one_line(text)
        if copy:
            copies.setdefault(orjson.dumps(copy), copy)
    return list(copies.values())


def _coding(coding: object) -> Json:
    """A coding's system, code and display where they are text; empty when there is no code."""
    copy = _text_members(coding, ("system", "code", "display"))
    display = one_line(copy.pop("display", ""))
    if display:
        copy["display"] = display
    return copy if "code" in copy else {}


def _text_members(value: object, names: tuple[str, ...]) -> Json:
    """The named members of an object that are text with something in it, in the spacing that FHIR allows."""
    if not isinstance(value, dict):
        return {}
    texts = ((name, value.get(name)) for name in names)
    spaced = {name: " ".join(text.split()) for name, text in texts if isinstance(text, str)}
    return {name: text for name, text in spaced.items() if text and not (name == "system" and " " in text)}
