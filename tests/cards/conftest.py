"""Builders of decided orders, as the hooks room hands them to the cards room."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from cds_service.cards.build import build_cards
from cds_service.cards.order import CardContext, OrderForCard
from cds_service.cards.speaker import speakers_of
from cds_service.directory.model import Destination
from cds_service.pathway.decide import decide
from cds_service.pathway.facts import BodyRegion, Facts, FcpListing, Indication, Modality, Oncology, RegionId, Setting
from cds_service.pathway.loading import load_pathways
from cds_service.protocol.card import Card

TODAY = date(2026, 11, 21)
PATHWAYS = load_pathways()
SPEAKERS = speakers_of(PATHWAYS, {one: f"https://pathway.example/{one}" for one in (*PATHWAYS, "national")})
NATIONAL = SPEAKERS[RegionId("national")]
CONTEXT = CardContext("p1", "Practitioner/u1", TODAY)

SNOMED = "http://snomed.info/sct"
KNEE_PAIN = {"coding": [{"system": SNOMED, "code": "30989003", "display": "Knee pain"}]}


def some_facts(**changes: Any) -> Facts:  # noqa: ANN401 - any fact
    """A GP in North West London orders a knee MRI for an adult's knee pain, changed as the keywords say."""
    values: dict[str, Any] = {
        "modality": Modality.MRI,
        "body_region": BodyRegion.KNEE,
        "region": RegionId("nwl"),
        "setting": Setting.GENERAL_PRACTICE,
        "fcp_listing": FcpListing.NONE,
        "indications": frozenset({Indication.PAIN}),
        "oncology": Oncology.NONE,
        "age": 50,
        "evidence": {"setting": "requester-role"},
    }
    return Facts(**{**values, **changes})


class Destinations:
    """A finder that has a service of each kind but those left out, each with the values given."""

    def __init__(self, *without: str, **values: Any) -> None:  # noqa: ANN401 - any attribute of a destination
        self._without = without
        self._values = {"ods_code": "Z99020", **values}

    def __call__(self, kind: str, /) -> Destination | None:
        """The destination of a kind."""
        if kind in self._without or "all" in self._without:
            return None
        return Destination("nwl", "Brent", kind, f"Invented {kind} service", **self._values)


def an_order(facts: Facts | None = None, *, today: date = TODAY, **changes: Any) -> OrderForCard:  # noqa: ANN401 - fields of several types
    """A decided order with those facts, changed as the keywords say."""
    facts = some_facts() if facts is None else facts
    values: dict[str, Any] = {
        "decision": decide(facts, PATHWAYS.get(facts.region), today),
        "facts": facts,
        "label": "MRI of knee",
        "reference": "ServiceRequest/draft-1",
        "reasons": (KNEE_PAIN,),
        "body_sites": (),
        "requester": {"reference": "PractitionerRole/r1"},
        "place": "Larkspur Demo Surgery",
        "destination": Destinations(),
    }
    return OrderForCard(**{**values, **changes})


def another(number: int = 2, **facts: object) -> OrderForCard:
    """A further order of the same call."""
    return an_order(some_facts(**facts), reference=f"ServiceRequest/draft-{number}", label=f"Order {number}")


def cards_of(*orders: OrderForCard, today: date = TODAY) -> list[Card]:
    """The cards of one answer."""
    return [card for card, _ in build_cards(orders, SPEAKERS, CONTEXT._replace(today=today))]


def card_of(*orders: OrderForCard, today: date = TODAY) -> Card:
    """The only card of one answer."""
    (card,) = cards_of(*orders, today=today)
    return card


def in_this_order(text: str, words: Sequence[str]) -> bool:
    """Whether all the words stand in the text, one after the other."""
    places = [text.find(word) for word in words]
    return -1 not in places and places == sorted(places)
