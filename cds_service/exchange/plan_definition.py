"""A pathway, and the national guidance beside it, as PlanDefinitions."""

from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple

from cds_service import __version__
from cds_service.exchange.actions import Condition, Voice, rule_actions
from cds_service.exchange.facts import FactName
from cds_service.exchange.fhirpath import NEVER, after, before, both, either, is_known, none, states
from cds_service.exchange.names import (
    PUBLISHER,
    REVIEW_DUE,
    UNITED_KINGDOM,
    Json,
    computer_name,
    concept,
    id_part,
    resource_url,
)
from cds_service.exchange.precedence import national_rules, regional_rules, rules_out_of_force
from cds_service.exchange.signs import sign_expressions
from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import Document, Pathway
from cds_service.pathway.outcomes import RuleId, TextKey

_TYPE = concept("http://terminology.hl7.org/CodeSystem/plan-definition-type", "eca-rule", "ECA Rule")
_ADVICE = (
    "Advice only: the clinician decides, and every card can be overridden. "
    "Needs the sign-off of a Clinical Safety Officer and the pathway's owners before use."
)


class Shared(NamedTuple):
    """What all PlanDefinitions of an export refer to.

    Attributes:
        library: the canonical of the Library of facts.
        referrals: the card texts for which there is an ActivityDefinition.
    """

    library: str
    referrals: frozenset[TextKey]


def regional_plan(pathway: Pathway, *, is_first: bool, successor: Pathway | None, shared: Shared) -> Json:
    """One version of a region's pathway.

    Args:
        pathway: the version.
        is_first: whether no version of the region came before it, so that it also answers for the days before.
        successor: the region's next version, which takes over on the day it is effective.
        shared: what it refers to.
    """
    chosen = _chosen(pathway, is_first=is_first, successor=successor)
    out_of_force = _out_of_force(pathway, is_first=is_first)
    in_force = (*chosen, Condition("The version is in force", none(out_of_force)))
    not_in_force = (*chosen, Condition("The version is not in force", out_of_force))
    own = sign_expressions(symptoms_count=pathway.enabled(RuleId.SYMPTOMS))
    national = sign_expressions(symptoms_count=True)
    actions = [
        *rule_actions(regional_rules(pathway), Voice(pathway, own, shared.referrals, in_force, "in-force")),
        *rule_actions(rules_out_of_force(), Voice(None, national, shared.referrals, not_in_force, "out-of-force")),
    ]
    name = f"msk-imaging-{pathway.id}"
    return {
        "resourceType": "PlanDefinition",
        "id": f"{name}-{id_part(pathway.version)}",
        "extension": [{"url": REVIEW_DUE, "valueDate": pathway.review.isoformat()}],
        "url": resource_url("PlanDefinition", name),
        "version": pathway.version,
        "name": computer_name(name),
        "title": pathway.title,
        "type": _TYPE,
        "status": "draft",
        **_metadata(pathway, successor),
        "library": [shared.library],
        "action": actions,
    }


def _chosen(pathway: Pathway, *, is_first: bool, successor: Pathway | None) -> list[Condition]:
    """When the version is the one of its region that a day is held against (`PathwayRegister.in_force`)."""
    chosen = [Condition(f"The region is {pathway.id}", states(FactName.REGION, pathway.id))]
    if not is_first:
        begun = none(before(FactName.TODAY, pathway.effective))
        chosen.append(Condition(f"From {pathway.effective}, when this version begins", begun))
    if successor is not None:
        not_over = before(FactName.TODAY, successor.effective)
        chosen.append(Condition(f"Before {successor.effective}, when the next version begins", not_over))
    return chosen


def _out_of_force(pathway: Pathway, *, is_first: bool) -> str:
    """Whether the chosen version has not begun, has ended or is suspended (`Pathway.is_effective`).

    No version is known to be in force on a day that is not known.
    """
    suspension = pathway.suspension
    suspended = NEVER
    if suspension is not None:
        begun = none(before(FactName.TODAY, suspension.since))
        lasts = [] if suspension.until is None else [none(after(FactName.TODAY, suspension.until))]
        suspended = both(begun, *lasts)
    return either(
        none(is_known(FactName.TODAY)),
        before(FactName.TODAY, pathway.effective) if is_first else NEVER,
        NEVER if pathway.until is None else after(FactName.TODAY, pathway.until),
        suspended,
    )


def national_plan(regions: Collection[RegionId], shared: Shared) -> Json:
    """What speaks where no region's pathway applies.

    Args:
        regions: the regions that have a pathway.
        shared: what it refers to.
    """
    elsewhere = Condition("No region with a pathway applies", none(states(FactName.REGION, *sorted(regions))))
    voice = Voice(None, sign_expressions(symptoms_count=True), shared.referrals, (elsewhere,), "national")
    name = "msk-imaging-national"
    return {
        "resourceType": "PlanDefinition",
        "id": name,
        "url": resource_url("PlanDefinition", name),
        "version": NATIONAL.version,
        "name": computer_name(name),
        "title": NATIONAL.title,
        "type": _TYPE,
        "status": "draft",
        "publisher": PUBLISHER,
        "description": f"Red flags that speak where no region's pathway applies. {_ADVICE}",
        "jurisdiction": UNITED_KINGDOM,
        "library": [shared.library],
        "action": rule_actions(national_rules(), voice),
    }


def _metadata(pathway: Pathway, successor: Pathway | None) -> Json:
    document = pathway.document
    period = {"start": pathway.effective.isoformat()}
    metadata: Json = {
        "publisher": document.publisher,
        "description": (
            f"{pathway.title}, as applied by cds-service {__version__} in {pathway.footprint.name} "
            f"({', '.join(pathway.footprint.boroughs)}). {_ADVICE}"
        ),
        "jurisdiction": UNITED_KINGDOM,
        "usage": _as_printed(pathway),
        "effectivePeriod": period,
    }
    last = pathway.until or (None if successor is None else successor.effective - timedelta(days=1))
    if last is not None:
        period["end"] = last.isoformat()
    if document.contact is not None:
        metadata["contact"] = [_contact(document.contact)]
    if document.approval is not None and document.approval.status == "plausible":
        metadata["approvalDate"] = document.approval.date.isoformat()
    if document.author is not None:
        metadata["author"] = [{"name": document.author}]
    if document.approved_by:
        metadata["endorser"] = [{"name": name} for name in document.approved_by]
    if document.url is not None:
        metadata["relatedArtifact"] = [
            {"type": "derived-from", "display": document.title, "url": str(document.url)},
        ]
    return metadata


def _contact(contact: str) -> Json:
    system = "email" if "@" in contact else "other"
    return {"telecom": [{"system": system, "value": contact}]}


def _as_printed(pathway: Pathway) -> str:
    """The document's own metadata in its own spelling; a date that cannot be right is data nowhere else.

    A suspension stands without the name of who decided it: anyone may read the export.
    """
    document: Document = pathway.document
    approval = document.approval
    approved = "none printed" if approval is None else f"{approval.as_printed} ({approval.status})"
    lines = [
        f"Document: {document.title}",
        f"Reviewed, as printed: {document.reviewed or 'not printed'}",
        f"Effective, as printed: {document.effective_as_printed}",
        f"Review due, as printed: {document.review_as_printed}; past it the pathway stands, with a warning",
        f"Approval date, as printed: {approved}",
    ]
    if approval is not None and approval.note is not None:
        lines.append(f"On the approval date: {approval.note}")
    suspension = pathway.suspension
    if suspension is not None:
        end = "until further notice" if suspension.until is None else f"to {suspension.until}"
        lines.append(f"Suspended from {suspension.since} {end}: {suspension.reason}")
    return "\n".join(f"- {line}" for line in lines)
