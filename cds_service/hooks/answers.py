"""Answering one call: facts, decisions, cards and log events, in that order and each once."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from cds_service.cards.build import build_cards
from cds_service.cards.order import CardContext, CodeDisplay, DestinationFinder, OrderForCard
from cds_service.cards.speaker import Speakers
from cds_service.directory.daily import DailyDirectory
from cds_service.directory.model import Directory
from cds_service.fhir.drafts_beside import Beside
from cds_service.fhir.orders import SelectionError, is_draft
from cds_service.fhir.patient import Home
from cds_service.fhir.reading import HookContext, OrderReader, ReadOrder, Selection
from cds_service.fhir.shapes import MalformedOrderError, as_object, objects
from cds_service.fhir.whose import Whose, named_patient, patient_of
from cds_service.hooks.destinations import destination_finder
from cds_service.hooks.unchecked import Unchecked, malformed_issue
from cds_service.pathway.beside import (
    OrderBeside,
    could_not_read_its_reason,
    heeding_a_high_priority,
    heeding_an_emergency_on_the_problem_list,
    keeping_a_scan_whose_reason_is_unread,
    keeping_an_order_in_force,
    keeping_scans_beside_others,
    not_silent_before_an_unread_condition,
)
from cds_service.pathway.decide import decide
from cds_service.pathway.decision import Decision
from cds_service.pathway.facts import OUTSIDE, UNRESOLVED, RegionId
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import Outcome
from cds_service.pathway.register import PathwayRegister
from cds_service.protocol.card import Card
from cds_service.protocol.hook_request import HookRequest
from cds_service.protocol.operation_outcome import Issue, ProtocolError
from cds_service.security.clients import Client
from cds_service.terminology.value_sets import Terminology

EMERGENCIES = frozenset({Outcome.CES, Outcome.MSCC})
"""What is said whatever the footprint (fact 1)."""


class Call(NamedTuple):
    """A call whose selected orders are known, and nothing else of it yet.

    Attributes:
        context: what the call brought.
        selection: its MSK imaging orders, and those that could not be read.
    """

    context: HookContext
    selection: Selection


class AnsweredOrder(NamedTuple):
    """An evaluated MSK order.

    Attributes:
        order: as read, and as the client may see it.
        decision: what the pathway says of it.
        card_id: uuid of the card that speaks of it; None when none does.
    """

    order: ReadOrder
    decision: Decision
    card_id: str | None


class Answer(NamedTuple):
    """What a call gets, and what the log gets.

    Attributes:
        cards: the cards; empty when evaluated with nothing to say.
        refusal: what the client is told instead of cards, when an order could not be evaluated and no card says so.
        orders: the evaluated MSK orders.
    """

    cards: list[Card]
    refusal: ProtocolError | None
    orders: list[AnsweredOrder]

    @property
    def result(self) -> str:
        """What came of the call, in one word: `not_evaluated`, `cards`, `silent` or `out_of_scope`."""
        if self.refusal is not None:
            return "not_evaluated"
        if self.cards:
            return "cards"
        return "silent" if self.orders else "out_of_scope"


class Responder:
    """One deployment's pathways, directory and terminology, answering calls.

    Args:
        register: the versions of each region's pathway, and their footprints; the call's day chooses.
        directory: organisations, register, destinations and local procedures; an organisation's region is that of
            the call's day, whatever day the directory was read on.
        terminology: the packaged value sets.
        source_urls: the service's page of each pathway, by id: for cards' `source.url` where a version names no
            document.
    """

    def __init__(
        self,
        register: PathwayRegister,
        directory: Directory,
        terminology: Terminology,
        source_urls: Mapping[str, str],
    ) -> None:
        self._register = register
        self._directories = DailyDirectory(directory, register.footprints)
        self._terminology = terminology
        self._speakers = Speakers(source_urls)
        self._selecting = OrderReader(directory, terminology)  # which orders are in scope hangs on no day

    def select(self, request: HookRequest, client: Client) -> Call:
        """Find the MSK imaging orders that a call is about: the first fork, before anything else of it is read.

        Args:
            request: the call.
            client: who calls; its default region applies.

        Raises:
            ProtocolError: 400 when a selected order is missing from the drafts, or these cannot be read.
        """
        context = _hook_context(request, client)
        try:
            return Call(context, self._selecting.select(context))
        except SelectionError as error:
            field = f"context.selections[{error.position}]"
            text = f"{field} names an order that is not in context.draftOrders. Send the selected order in the Bundle."
            raise ProtocolError(400, [Issue("not-found", text, field)]) from None
        except MalformedOrderError as error:
            raise ProtocolError(400, [malformed_issue(error)]) from None

    def answer(self, call: Call, client: Client, today: date) -> Answer:
        """Evaluate the orders of one call.

        Args:
            call: the call, with what came for it.
            client: who calls; its footprints and its wish for unresolved orders apply.
            today: the date in Europe/London.
        """
        context = call.context
        if not call.selection.orders:
            return Answer([], Unchecked(call.selection.malformed, [], [], [], []).refusal(), [])
        reader = OrderReader(self._directories.on(today), self._terminology)
        sent, beside = reader.read_selected(context, call.selection, today)
        orders = [_as_seen_by(client, order) for order in sent] if client.footprints else sent
        for_cards = self._for_cards(orders, beside, client, today)
        speakers = self._speakers.of(self._register.in_force(today))
        drafts = tuple(draft.order.resource for draft in beside.drafts if draft.is_the_patients_draft)
        card_context = CardContext(context.patient_id, context.user_id, today, drafts)
        built = build_cards(for_cards, speakers, card_context)
        unchecked = _unchecked(call, sent, orders, for_cards)
        if built:
            unchecked.name_on(built[0][0])
        elif client.on_unresolved == "card":
            told = unchecked.card(speakers[NATIONAL.id], card_context)
            built = [] if told is None else [told]
        spoken = {id(order): card["uuid"] for card, orders in built for order in orders}
        logged = [
            AnsweredOrder(order, for_card.decision, spoken.get(id(for_card)))
            for order, for_card in zip(orders, for_cards, strict=True)
        ]
        refusal = None if built else unchecked.refusal()
        return Answer([card for card, _ in built], refusal, logged)

    def _for_cards(self, orders: list[ReadOrder], beside: Beside, client: Client, today: date) -> list[OrderForCard]:
        """Decide each order by itself, and then what they mean for each other."""
        pathways = self._register.in_force(today)
        alone = [_alone(order, pathways.get(order.facts.region), today) for order in orders]
        patients = [patient_of(order.order.resource, order.whose) for order in orders]
        others = [
            OrderBeside(patient_of(draft.order.resource, draft.whose), draft.indications, draft.condition_unread)
            for draft in beside.drafts
        ]
        decisions = keeping_scans_beside_others(alone, patients, others, some_unreadable=beside.some_unreadable)
        directory = self._directories.on(today)
        return [
            _for_card(order, decision, destination_finder(order, client, directory), self._terminology.display)
            for order, decision in zip(orders, decisions, strict=True)
        ]


def _alone(order: ReadOrder, pathway: Pathway | None, today: date) -> Decision:
    """What the pathway says of one order, as far as its reasons could be read, and as soon as it is wanted."""
    decision = decide(order.facts, pathway, today)
    if not is_draft(order.order):
        decision = keeping_an_order_in_force(decision)
    if order.priority.is_high:
        decision = heeding_a_high_priority(decision)
    if order.emergency_problem:
        decision = heeding_an_emergency_on_the_problem_list(decision)
    if not order.reasons.some_unread:
        return decision
    kept = keeping_a_scan_whose_reason_is_unread(decision)
    return not_silent_before_an_unread_condition(kept) if order.reasons.condition_unread else kept


def _unchecked(call: Call, sent: list[ReadOrder], orders: list[ReadOrder], for_cards: list[OrderForCard]) -> Unchecked:
    """What of a call no pathway was held against.

    Args:
        call: the call.
        sent: its orders as read.
        orders: the same as the client may see them.
        for_cards: the same as decided.
    """
    unread = [
        (order.order.path, for_card)
        for first, order, for_card in zip(sent, orders, for_cards, strict=True)
        if could_not_read_its_reason(for_card.decision) and first is order  # one of another footprint is told as that
    ]
    return Unchecked(
        malformed=call.selection.malformed,
        unplaced=[
            order
            for order in for_cards
            if order.decision.outcome is Outcome.COULD_NOT_EVALUATE and not could_not_read_its_reason(order.decision)
        ],
        unread=[for_card for _, for_card in unread],
        unread_paths=[path for path, _ in unread],
        foreign=[
            for_card
            for order, seen, for_card in zip(sent, orders, for_cards, strict=True)
            if seen is not order and for_card.decision.outcome not in EMERGENCIES
        ],
    )


def _for_card(
    order: ReadOrder, decision: Decision, destination: DestinationFinder, display: CodeDisplay
) -> OrderForCard:
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
        destination=destination,
        other_patient=None if order.whose is Whose.THIS_PATIENT else named_patient(resource),
        patient_untold=order.whose is Whose.UNTOLD,
        display=display,
        priority=order.priority.code,
        priority_reasons=order.priority.reasons,
    )


def _as_seen_by(client: Client, order: ReadOrder) -> ReadOrder:
    """An order as a client may see it: in another footprint, as one that lies in none and comes from nowhere.

    A coded CES or MSCC then gets the national card, and neither the card nor the log tells of the other footprint.
    """
    region = order.facts.region
    if region in _NO_FOOTPRINT or client.may_act_in(region):
        return order
    return order._replace(
        facts=order.facts._replace(region=OUTSIDE, patient_region=None),
        requester=order.requester._replace(organisations=()),
        home=_NOWHERE,
    )


_NO_FOOTPRINT = frozenset({OUTSIDE, UNRESOLVED})
_NOWHERE = Home(sent=False)


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
