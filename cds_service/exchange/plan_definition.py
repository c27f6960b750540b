"""A pathway, and the national guidance beside it, as PlanDefinitions."""

from collections.abc import Collection
from datetime import timedelta

from cds_service import __version__
from cds_service.exchange.actions import Condition, Voice, rule_actions
from cds_service.exchange.facts import FactName
from cds_service.exchange.fhirpath import before, none, states
from cds_service.exchange.library import FACTS_LIBRARY
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
from cds_service.exchange.precedence import national_rules, regional_rules, rules_before_effect
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


def regional_plan(
    pathway: Pathway, *, is_first: bool, successor: Pathway | None, referrals: frozenset[TextKey]
) -> Json:
    """One version of a region's pathway.

    Args:
        pathway: the version.
        is_first: whether no version of the region came before it, so that it also answers for the days before.
        successor: the region's next version, which takes over on the day it is effective.
        referrals: the card texts for which there is an ActivityDefinition.
    """
    in_region = Condition(f"The region is {pathway.id}", states(FactName.REGION, pathway.id))
    is_early = before(FactName.TODAY, pathway.effective)
    in_force = [in_region, Condition(f"Not before {pathway.effective}", none(is_early))]
    if successor is not None:
        in_force.append(
            Condition(
                f"Before {successor.effective}, when the next version is in force",
                before(FactName.TODAY, successor.effective),
            )
        )
    own = sign_expressions(symptoms_count=pathway.enabled(RuleId.SYMPTOMS))
    actions = rule_actions(regional_rules(pathway), Voice(pathway, own, referrals, tuple(in_force), "in-force"))
    if is_first:
        early = (in_region, Condition(f"Before {pathway.effective}", is_early))
        national = sign_expressions(symptoms_count=True)
        actions += rule_actions(rules_before_effect(), Voice(None, national, referrals, early, "before"))
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
        "library": [FACTS_LIBRARY],
        "action": actions,
    }


def national_plan(regions: Collection[RegionId], referrals: frozenset[TextKey]) -> Json:
    """What speaks where no region's pathway applies.

    Args:
        regions: the regions that have a pathway.
        referrals: the card texts for which there is an ActivityDefinition.
    """
    elsewhere = Condition("No region with a pathway applies", none(states(FactName.REGION, *sorted(regions))))
    voice = Voice(None, sign_expressions(symptoms_count=True), referrals, (elsewhere,), "national")
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
        "library": [FACTS_LIBRARY],
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
    if successor is not None:
        period["end"] = (successor.effective - timedelta(days=1)).isoformat()
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
    """The document's own metadata in its own spelling; a date that cannot be right is data nowhere else."""
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
    return "\n".join(f"- {line}" for line in lines)
