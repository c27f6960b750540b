"""Why the scan is ordered: the groups of the coded reasons, and the concepts to copy into a referral.

Only `reasonCode` and `reasonReference` are indications. A Condition that is refuted or entered in error is not;
free text is kept apart as `TEXT_ONLY` and never parsed, because negation would invert its meaning.
"""

from typing import NamedTuple

from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import (
    Json,
    as_object,
    as_text,
    codings_of,
    concept_words,
    has_coding,
    objects,
    status_codes,
)
from cds_service.pathway.beside import RED_FLAG_REASONS
from cds_service.pathway.facts import Indication
from cds_service.terminology.value_sets import Terminology

NOT_TRUE = frozenset({"refuted", "entered-in-error"})
"""Values of Condition.verificationStatus that take a condition out of account."""

INDICATION_OF_GROUP: dict[str, Indication] = {
    "ind_cauda_equina": Indication.CAUDA_EQUINA,
    "ind_ces_symptom_strong": Indication.CES_SYMPTOM_STRONG,
    "ind_ces_symptom_weak": Indication.CES_SYMPTOM_WEAK,
    "ind_red_flag_symptom": Indication.RED_FLAG_SYMPTOM,
    "ind_cord_compression": Indication.CORD_COMPRESSION,
    "metastasis": Indication.METASTASIS,
    "ind_sarcoma": Indication.SARCOMA,
    "ind_suspected_cancer": Indication.SUSPECTED_CANCER,
    "suspected_cancer_clinic": Indication.SUSPECTED_CANCER,
    "malignancy": Indication.MALIGNANCY,
    "ind_suspicious_pain": Indication.SUSPICIOUS_PAIN,
    "ind_urgent_same_day": Indication.URGENT_SAME_DAY,
    "ind_urgent": Indication.URGENT,
    "ind_rheumatology": Indication.RHEUMATOLOGY,
    "ind_soft_tissue_lump": Indication.SOFT_TISSUE_LUMP,
    "ind_pain": Indication.PAIN,
    "back_pain_or_sciatica": Indication.BACK_PAIN_OR_SCIATICA,
    "ind_benign_cause": Indication.BENIGN_CAUSE,
}
"""The value sets that carry an indication, with what they are called among the facts."""


class Reasons(NamedTuple):
    """An order's reasons.

    Attributes:
        indications: the groups found.
        concepts: the concepts as sent, those of the most urgent groups first: a card names only so many.
        evidence: the elements in which they stood.
        some_unread: whether a reference led to no Condition, or to one that says nothing, so that a reason was sent
            and nobody knows it.
        condition_unread: whether such a reference may name a Condition. One that names a resource of another kind
            that FHIR R4 allows there was sent as it may be, and nobody can send it otherwise.
    """

    indications: frozenset[Indication]
    concepts: tuple[Json, ...]
    evidence: str
    some_unread: bool = False
    condition_unread: bool = False


OTHER_REASONS = frozenset({"Observation", "DiagnosticReport", "DocumentReference"})
"""What `reasonReference` may name besides a Condition (FHIR R4, ServiceRequest); of an Observation see `_asserted`."""


def read_reasons(order: Json, index: ResourceIndex, terminology: Terminology) -> Reasons:
    """Read `reasonCode` and the Conditions behind `reasonReference`.

    A reference that cannot be followed, or that names something other than a Condition, is an unrecognised reason:
    it is there, and it is not known to be benign.
    """
    read = [(concept, _indications(concept, terminology)) for concept in objects(order.get("reasonCode"))]
    found = {indication for _, indications in read for indication in indications}
    evidence = ["reasonCode"] if read else []
    unread: list[bool] = []  # of each reference that could not be read, whether it may name a Condition
    for reference in objects(order.get("reasonReference")):
        evidence.append("reasonReference")
        named = index.find_meant(reference, holder=order)
        conditions = [resource for resource in named if resource.get("resourceType") == "Condition"]
        if not named or len(conditions) < len(named):
            unread.append(not _is_of_another_kind(reference, named))
        for condition in conditions:  # one, or copies that differ: a red flag in any of them is a red flag
            if not is_not_true(condition):
                concept = condition.get("code")
                indications = _indications(concept, terminology)
                unread += [] if indications else [True]
                found |= indications
                read += [(concept, indications)] if isinstance(concept, dict) else []
        for resource in named:
            for concept in _asserted(resource, terminology):
                asserted = _indications(concept, terminology) & RED_FLAG_REASONS
                found |= asserted
                read.append((concept, asserted))
            if _may_state_a_red_flag(resource, terminology):
                unread.append(True)
    if unread:
        found.add(Indication.UNRECOGNISED)
    where = ", ".join(dict.fromkeys(evidence)) or "no reason sent"
    return Reasons(frozenset(found), _most_urgent_first(read), where, bool(unread), any(unread))


def _most_urgent_first(read: list[tuple[Json, set[Indication]]]) -> tuple[Json, ...]:
    ranked = sorted(read, key=lambda one: min((_RANKS[indication] for indication in one[1]), default=len(_RANKS)))
    return tuple(concept for concept, _ in ranked)


_HARMLESS = (Indication.PAIN, Indication.BACK_PAIN_OR_SCIATICA, Indication.BENIGN_CAUSE)
"""Groups that stand behind a code which no list knows: that one may be anything."""

_RANKS = {
    indication: rank
    for rank, indication in enumerate(
        [
            *(one for one in Indication if one not in (*_HARMLESS, Indication.TEXT_ONLY)),
            *_HARMLESS,
            Indication.TEXT_ONLY,
        ]
    )
}


def _asserted(resource: Json, terminology: Terminology) -> list[Json]:
    """The concepts by which an Observation or a DiagnosticReport that was made states a red flag.

    Of an Observation its code, where nothing denies it: with a value, an interpretation or parts the code is a
    question, and the answer may be no. The value `true` is a yes. Of a report its coded conclusions. Whatever else they
    mean may lower a concern, so it stays a reason that could not be read.
    """
    kind = resource.get("resourceType")
    if kind not in _STATING or as_text(resource.get("status")) not in _MADE:
        return []
    if kind == "DiagnosticReport":
        stated = objects(resource.get("conclusionCode"))
    elif any(_may_deny(element, value) for element, value in resource.items()):
        stated = []
    else:
        stated = [as_object(resource.get("code"))]
    return [concept for concept in stated if _is_a_red_flag(concept, terminology)]


def _may_state_a_red_flag(resource: Json, terminology: Terminology) -> bool:
    """Whether an Observation that came holds a red flag in a way in which nobody here can tell yes from no.

    It exempts nobody, as a Condition that did not come: who sends it knows what it says. `false` is a no.
    """
    if resource.get("resourceType") != "Observation" or as_text(resource.get("status")) in _VOID:
        return False
    if resource.get("valueBoolean") is False or _asserted(resource, terminology):
        return False
    parts = [part.get("code") for part in objects(resource.get("component"))]
    values = [one.get("valueCodeableConcept") for one in (resource, *objects(resource.get("component")))]
    return any(_is_a_red_flag(concept, terminology) for concept in (resource.get("code"), *parts, *values))


def _is_a_red_flag(concept: object, terminology: Terminology) -> bool:
    return not _indications(concept, terminology).isdisjoint(RED_FLAG_REASONS)


_STATING = frozenset({"Observation", "DiagnosticReport"})

_MADE = frozenset({"partial", "preliminary", "final", "amended", "corrected", "appended"})
"""Values of the status of an Observation or a DiagnosticReport with which it was made, and stands."""

_VOID = frozenset({"entered-in-error", "cancelled"})

_ANSWERS = ("value", "dataAbsentReason", "interpretation", "component", "hasMember", "note", "modifierExtension")
"""How the elements begin in which the answer to an Observation's code may stand, or words that deny it."""


def _may_deny(element: str, value: object) -> bool:
    return element.lstrip("_").startswith(_ANSWERS) and not (element == "valueBoolean" and value is True)


def _is_of_another_kind(reference: Json, named: list[Json]) -> bool:
    """Whether a reference, by what it says and by what it led to, names what is no Condition and may stand there."""
    target = (as_text(reference.get("reference")) or "").split("/_history/", 1)[0]
    of_path = target.rpartition("/")[0].rpartition("/")[2]
    stated = {as_text(reference.get("type")), of_path or None, *(as_text(one.get("resourceType")) for one in named)}
    kinds = stated - {None}
    return bool(kinds) and kinds <= OTHER_REASONS


def is_not_true(condition: Json) -> bool:
    """Whether a Condition is refuted or entered in error."""
    return not NOT_TRUE.isdisjoint(status_codes(condition.get("verificationStatus")))


def _indications(concept: object, terminology: Terminology) -> set[Indication]:
    groups = {group for coding in codings_of(concept) for group in terminology.groups(*coding)}
    found = {INDICATION_OF_GROUP[group] for group in groups if group in INDICATION_OF_GROUP}
    if found:
        return found
    if has_coding(concept):
        return {Indication.UNRECOGNISED}
    return {Indication.TEXT_ONLY} if concept_words(concept) else set()
