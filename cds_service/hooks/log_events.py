"""From an answered order to its card log event: only allow-listed facts are handed over."""

from datetime import date
from typing import NamedTuple

from cds_service import __version__
from cds_service.cardlog.events import EvaluationEvent, age_band, body_region_group
from cds_service.fhir.reading import ReadOrder
from cds_service.pathway.decision import Decision
from cds_service.pathway.explain import has_region_conflict
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import Pathway
from cds_service.protocol.identifiers import new_uuid


class CallOfEvent(NamedTuple):
    """What the events of one call share.

    Attributes:
        occurred_on: the day in Europe/London.
        occurred_hour: the hour of that day.
        hook: the hook that fired.
        client_id: the configured id of the caller.
        latency_ms: time taken over the call, in milliseconds.
    """

    occurred_on: date
    occurred_hour: int
    hook: str
    client_id: str
    latency_ms: int


def evaluation_event(
    order: ReadOrder,
    decision: Decision,
    card_id: str | None,
    card_count: int,
    pathway: Pathway | None,
    call: CallOfEvent,
) -> EvaluationEvent:
    """The event of one order.

    Args:
        order: the order as read.
        decision: what was answered.
        card_id: uuid of the card that speaks of it, or None.
        card_count: cards in the whole answer.
        pathway: the region's pathway that spoke, or None for the national fallback.
        call: what the events of the call share.
    """
    facts = order.facts
    organisations = order.requester.organisations
    organisation = organisations[0] if len(organisations) == 1 else None
    return EvaluationEvent(
        event_id=new_uuid(),
        occurred_on=call.occurred_on,
        occurred_hour=call.occurred_hour,
        region=facts.region,
        pathway_id=decision.speaker,
        pathway_version=pathway.version if pathway is not None else NATIONAL.version,
        rule_id=decision.rule_id,
        outcome=decision.outcome,
        indicator=decision.indicator,
        card_id=card_id,
        card_count=card_count,
        modality=facts.modality,
        body_region_group=body_region_group(facts.body_region),
        known_by=facts.known_by,
        setting=facts.setting,
        setting_evidence=order.requester.setting_source,
        requester_category=order.requester.category,
        organisation=organisation.ods_code if organisation is not None else None,
        pcn=organisation.pcn if organisation is not None else None,
        borough=organisation.borough if organisation is not None else None,
        region_conflict=has_region_conflict(facts),
        indication_present=bool(facts.indications),
        indication_groups=tuple(facts.indications),
        oncology=facts.oncology,
        age_band=age_band(facts.age),
        fcp_listing=facts.fcp_listing,
        hook=call.hook,
        client_id=call.client_id,
        latency_ms=call.latency_ms,
        configuration_flags="",
        software_version=__version__,
    )
