"""From an answered call, or feedback, to what the card log keeps of it: only allow-listed facts are handed over."""

from datetime import date
from operator import attrgetter
from typing import NamedTuple

from cds_service import __version__
from cds_service.cardlog.bands import age_band, body_region_group
from cds_service.cardlog.card_log import EvaluationLog
from cds_service.cardlog.episode_keys import EpisodeKeys
from cds_service.cardlog.events import (
    CallRecord,
    CardEvent,
    EvaluationEvent,
    FeedbackEvent,
    FeedbackOutcome,
    SuggestionEvent,
)
from cds_service.fhir.reading import HookContext, ReadOrder
from cds_service.fhir.shapes import objects
from cds_service.hooks.answers import Answer, AnsweredOrder, Call
from cds_service.pathway.explain import has_region_conflict
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.outcomes import Indicator
from cds_service.pathway.register import PathwayRegister
from cds_service.protocol.card import Card, Suggestion
from cds_service.protocol.feedback import Feedback
from cds_service.protocol.identifiers import ordered_uuid


class Moment(NamedTuple):
    """What all that is logged of one call shares.

    Attributes:
        day: the day in Europe/London.
        hour: the hour of that day.
        hook: the hook that fired.
        client_id: the configured id of the caller.
        latency_ms: time from the call's arrival until its answer was made, in milliseconds.
    """

    day: date
    hour: int
    hook: str
    client_id: str
    latency_ms: int


class CallLogger:
    """Writes answered calls into the card log.

    Args:
        card_log: where they go.
        register: the versions of each region's pathway.
        episode_keys: ties the firings of one order together; None where that is switched off.
        mode: `live` or `demo`.
    """

    def __init__(
        self,
        card_log: EvaluationLog,
        register: PathwayRegister,
        episode_keys: EpisodeKeys | None,
        mode: str,
    ) -> None:
        self._card_log = card_log
        self._register = register
        self._episode_keys = episode_keys
        self._mode = mode

    def count(self, call: Call, answer: Answer, moment: Moment) -> None:
        """Count the call and its unknown codes, whether or not an order of it was evaluated.

        Args:
            call: the call.
            answer: what it gets.
            moment: when, by whom and how.
        """
        day, hour, hook, client_id, _ = moment
        for code_system, code in call.selection.unknown_procedures:
            self._card_log.count_unknown_procedure(day, client_id, code_system, code)
        self._card_log.count_call(day, hour, client_id, hook, answer.result)

    def record_of(self, call: Call, answer: Answer, moment: Moment) -> CallRecord | None:
        """What the log keeps of a call; None when no MSK order was evaluated.

        Args:
            call: the call.
            answer: what it gets.
            moment: when, by whom and how.
        """
        if not answer.orders:
            return None
        events = [self._evaluation(order, call.context, len(answer.cards), moment) for order in answer.orders]
        return CallRecord(events, _card_events(answer.cards, events, moment.day))

    async def keep(self, record: CallRecord) -> None:
        """Write what the log keeps of a call; returns when it is on a disk, or after 100 ms."""
        await self._card_log.record(record)

    def _evaluation(
        self, answered: AnsweredOrder, context: HookContext, card_count: int, moment: Moment
    ) -> EvaluationEvent:
        order, decision, card_id = answered
        facts = order.facts
        organisations = order.requester.organisations
        organisation = organisations[0] if len(organisations) == 1 else None
        pathway = self._register.in_force(moment.day).get(decision.speaker)
        order_key, session_key = self._keys(context, order.order.reference, moment)
        return EvaluationEvent(
            event_id=ordered_uuid(),
            occurred_on=moment.day,
            occurred_hour=moment.hour,
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
            indication_present=_has_reason(order),
            indication_groups=tuple(facts.indications),
            oncology=facts.oncology,
            age_band=age_band(facts.age),
            fcp_listing=facts.fcp_listing,
            hook=moment.hook,
            client_id=moment.client_id,
            latency_ms=moment.latency_ms,
            mode=self._mode,
            software_version=__version__,
            order_key=order_key,
            session_key=session_key,
        )

    def _keys(
        self, context: HookContext, draft_reference: str | None, moment: Moment
    ) -> tuple[bytes | None, bytes | None]:
        if self._episode_keys is None:
            return None, None
        return self._episode_keys.keys(
            moment.client_id, context.patient_id, draft_reference, context.encounter_id, moment.day, moment.hour
        )


class Sent(NamedTuple):
    """What the entries of one feedback call share.

    Attributes:
        received_on: the day in Europe/London on which they came.
        received_hour: the hour of that day.
        client_id: the configured id of the caller.
        service_id: the service at whose address they came; `other` for any but this one.
    """

    received_on: date
    received_hour: int
    client_id: str
    service_id: str


def feedback_events(entries: list[Feedback], sent: Sent) -> list[FeedbackEvent]:
    """What the log keeps of feedback, in order of time.

    A time is kept to the second; of entries of one second the ids, which rise, then tell which was the last.
    """
    return [_feedback_event(entry, sent) for entry in sorted(entries, key=attrgetter("outcome_timestamp"))]


def _feedback_event(entry: Feedback, sent: Sent) -> FeedbackEvent:
    return FeedbackEvent(
        event_id=ordered_uuid(),
        received_on=sent.received_on,
        received_hour=sent.received_hour,
        service_id=sent.service_id,
        client_id=sent.client_id,
        card_id=entry.card,
        outcome=FeedbackOutcome(entry.outcome),
        suggestion_accepted=entry.suggestion_accepted,
        suggestion_id=entry.suggestion_id,
        override_reason_code=entry.override_code,
        override_reason_system=entry.override_system,
        had_comment=entry.had_comment,
        outcome_timestamp=entry.outcome_timestamp,
    )


def _has_reason(order: ReadOrder) -> bool:
    """Whether a reason was sent, also one that does not count: behind a reference to what is refuted."""
    return bool(order.facts.indications) or any(objects(order.order.resource.get("reasonReference")))


def _card_events(cards: list[Card], events: list[EvaluationEvent], day: date) -> list[CardEvent]:
    """An event for each card, with the first of the evaluations that it speaks of."""
    shown = []
    for position, card in enumerate(cards, start=1):
        spoken_of = [event for event in events if event.card_id == card["uuid"]]
        if spoken_of:
            lead = spoken_of[0]
            suggestions = tuple(map(_suggestion_event, card.get("suggestions", [])))
            indicator = Indicator(card["indicator"])
            shown.append(
                CardEvent(
                    card["uuid"], day, lead.event_id, position, lead.outcome, indicator, len(spoken_of), suggestions
                )
            )
    return shown


def _suggestion_event(suggestion: Suggestion) -> SuggestionEvent:
    kinds = [action["type"] for action in suggestion["actions"]]
    return SuggestionEvent(suggestion["uuid"], kinds.count("create"), kinds.count("delete"))
