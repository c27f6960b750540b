"""Answering one call: facts, decisions, cards and log events, in that order and each once."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from cds_service.cardlog.events import EvaluationEvent
from cds_service.cards.build import build_cards, name_unplaced, name_unreadable, not_evaluated_card
from cds_service.cards.order import CardContext, DestinationFinder, OrderForCard
from cds_service.cards.speaker import speakers_of
from cds_service.directory.model import Destination, Directory
from cds_service.fhir.orders import SelectionError
from cds_service.fhir.reading import HookContext, OrderReader, Reading, ReadOrder
from cds_service.fhir.shapes import MalformedOrderError, as_object, objects
from cds_service.hooks.log_events import CallOfEvent, evaluation_event
from cds_service.pathway.decide import decide
from cds_service.pathway.decision import Decision
from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import Outcome
from cds_service.protocol.card import Card
from cds_service.protocol.hook_request import HookRequest
from cds_service.protocol.operation_outcome import Issue, ProtocolError
from cds_service.security.clients import Client
from cds_service.terminology.value_sets import Terminology

EMERGENCY_KINDS = frozenset({"ces", "mscc"})
"""Destinations that fall back to the requester's own area: an emergency is seen where the patient is."""


class Answer(NamedTuple):
    """What a call gets, and what the log gets.

    Attributes:
        cards: the cards; empty when evaluated with nothing to say.
        refusal: what the client is told instead of cards, when an order could not be evaluated and no card says so.
        orders: the evaluated MSK orders, each with its decision and the card that speaks of it.
    """

    cards: list[Card]
    refusal: ProtocolError | None
    orders: list[tuple[ReadOrder, Decision, str | None]]


class Responder:
    """One deployment's pathways, directory and terminology, answering calls.

    Args:
        pathways: the pathway of each region.
        directory: organisations, register, destinations and local procedures.
        terminology: the packaged value sets.
        source_urls: the page of each pathway, by id, for cards' `source.url`.
    """

    def __init__(
        self,
        pathways: Mapping[RegionId, Pathway],
        directory: Directory,
        terminology: Terminology,
        source_urls: Mapping[str, str],
    ) -> None:
        self._pathways = pathways
        self._directory = directory
        self._speakers = speakers_of(pathways, source_urls)
        self._reader = OrderReader(directory, terminology)

    def answer(self, request: HookRequest, client: Client, today: date) -> Answer:
        """Evaluate the orders of one call.

        Args:
            request: the call.
            client: who calls; its default region and wish for unresolved orders apply.
            today: the date in Europe/London.

        Raises:
            ProtocolError: 400 when a selected order is missing from the drafts, or these cannot be read.
        """
        context = _hook_context(request, client)
        reading = self._read(context, today)
        if not reading.orders:
            return Answer([], _refusal(reading.malformed, []), [])
        for_cards = [self._decided(order, today) for order in reading.orders]
        card_context = CardContext(context.patient_id, context.user_id, today)
        built = build_cards(for_cards, self._speakers, card_context)
        unplaced = [order for order in for_cards if order.decision.outcome is Outcome.COULD_NOT_EVALUATE]
        if not built and unplaced and client.on_unresolved == "card":
            built = [(not_evaluated_card(unplaced, self._speakers[NATIONAL.id], card_context), unplaced)]
        elif built and unplaced:
            name_unplaced(built[0][0], unplaced)
        if built and reading.malformed:
            name_unreadable(built[0][0], len(reading.malformed))
        spoken = {id(order): card["uuid"] for card, orders in built for order in orders}
        logged = [
            (order, for_card.decision, spoken.get(id(for_card)))
            for order, for_card in zip(reading.orders, for_cards, strict=True)
        ]
        refusal = None if built else _refusal(reading.malformed, unplaced)
        return Answer([card for card, _ in built], refusal, logged)

    def events(self, answer: Answer, call: CallOfEvent) -> list[EvaluationEvent]:
        """The log events of an answer: one for each evaluated MSK order."""
        return [
            evaluation_event(order, decision, card_id, len(answer.cards), self._pathways.get(decision.speaker), call)
            for order, decision, card_id in answer.orders
        ]

    def _read(self, context: HookContext, today: date) -> Reading:
        try:
            return self._reader.read(context, today)
        except SelectionError as error:
            field = f"context.selections[{error.position}]"
            text = f"{field} names an order that is not in context.draftOrders. Send the selected order in the Bundle."
            raise ProtocolError(400, [Issue("not-found", text, field)]) from None
        except MalformedOrderError as error:
            raise ProtocolError(400, [_malformed(error)]) from None

    def _decided(self, order: ReadOrder, today: date) -> OrderForCard:
        return self._for_card(order, decide(order.facts, self._pathways.get(order.facts.region), today))

    def _for_card(self, order: ReadOrder, decision: Decision) -> OrderForCard:
        resource = order.order.resource
        organisations = order.requester.organisations
        return OrderForCard(
            decision=decision,
            facts=order.facts,
            label=order.label,
            reference=order.order.reference,
            reasons=order.reasons.concepts,
            body_sites=tuple(objects(resource.get("bodySite"))),
            requester=as_object(resource.get("requester")) or None,
            place=organisations[0].name if len(organisations) == 1 else None,
            destination=self._destination_finder(order),
            is_for_this_patient=order.is_for_this_patient,
        )

    def _destination_finder(self, order: ReadOrder) -> DestinationFinder:
        """A11: the destination is that of the patient's registered practice, else of the requester's."""
        organisations = order.requester.organisations
        regions = {(organisation.region, organisation.borough) for organisation in organisations}
        requester_area = regions.pop() if len(regions) == 1 else (order.facts.region, None)
        home = order.home
        area = (home.region, home.borough) if home.region is not None else requester_area

        def find(kind: str) -> Destination | None:
            found = self._directory.destination(*area, kind)
            if found is None and kind in EMERGENCY_KINDS:
                return self._directory.destination(*requester_area, kind)
            return found

        return find


NOT_EVALUATED = Issue(
    "incomplete",
    "The MSK imaging pathway could not be evaluated: nothing in the call places the order in a region. Send the "
    "requester's organisation with its ODS code, or the patient's registered practice. No card does not mean that "
    "there are no concerns.",
    "context.draftOrders",
)


def _refusal(malformed: list[MalformedOrderError], unplaced: list[OrderForCard]) -> ProtocolError | None:
    """Where no card says so, an order that could not be evaluated is an error, never "no concerns" (fact 5)."""
    if malformed:
        return ProtocolError(400, [_malformed(error) for error in malformed])
    return ProtocolError(412, [NOT_EVALUATED]) if unplaced else None


def _malformed(error: MalformedOrderError) -> Issue:
    return Issue("structure", f"{error.path} is not {error.expected}. Send it as FHIR R4 says.", error.path)


def _hook_context(request: HookRequest, client: Client) -> HookContext:
    context = request.context
    return HookContext(
        user_id=context.userId,
        patient_id=context.patientId.removeprefix("Patient/"),
        encounter_id=context.encounterId.removeprefix("Encounter/") if context.encounterId else None,
        draft_orders=context.draftOrders,
        selections=request.selections,
        prefetch=request.prefetch or {},
        fhir_server=request.fhirServer,
        default_region=RegionId(client.default_region) if client.default_region is not None else None,
    )
