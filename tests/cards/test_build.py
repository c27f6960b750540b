from uuid import UUID

import pytest

from cds_service.cards.build import DESTINATION_KINDS, build_cards
from cds_service.cards.order import OrderForCard
from cds_service.cards.referral import draft_referral
from cds_service.cards.speaker import Speaker
from cds_service.pathway.facts import BodyRegion, Indication, Modality, Oncology, RegionId, Setting
from cds_service.pathway.outcomes import TextKey
from cds_service.protocol.card import Card
from tests.cards.conftest import (
    CONTEXT,
    PATHWAYS,
    SPEAKERS,
    Destinations,
    an_order,
    another,
    card_of,
    cards_of,
    some_facts,
)

CES = frozenset({Indication.CAUDA_EQUINA})
SARCOMA = frozenset({Indication.SARCOMA})
FOOT_DROP = {"text": "Foot drop"}
ARTHRITIS = {"text": "Rheumatoid arthritis"}


def actions(card: Card) -> list[str]:
    """The types of the card's actions, and what is removed."""
    return [
        action.get("resourceId", action["type"])
        for suggestion in card.get("suggestions", [])
        for action in suggestion["actions"]
    ]


def label(card: Card) -> str:
    """The words on the button."""
    (suggestion,) = card["suggestions"]
    return suggestion["label"]


def test_an_order_without_a_card_is_passed_over() -> None:
    """Silence beside a card stays silent."""
    exempt = another(setting=Setting.SECONDARY_CARE)

    assert cards_of(exempt) == []
    assert len(cards_of(exempt, an_order())) == 1


def test_each_outcome_gets_one_card() -> None:
    """Two orders with the same advice share one; a third of another outcome has its own."""
    cards = cards_of(an_order(), another(2), another(3, indications=SARCOMA))

    assert [actions(card) for card in cards] == [
        ["create"],
        ["create", "ServiceRequest/draft-1", "ServiceRequest/draft-2"],
    ]


def test_cards_come_most_urgent_first() -> None:
    """By indicator, then by the order of precedence."""
    orders = [
        another(1, indications=frozenset({Indication.SOFT_TISSUE_LUMP})),
        another(2),
        another(3, indications=frozenset({Indication.URGENT})),
        another(4, indications=SARCOMA),
        another(5, indications=CES),
    ]

    cards = cards_of(*orders)

    assert [card["indicator"] for card in cards] == ["critical", "warning", "warning", "warning", "info"]
    assert [card["summary"].split(":")[0].split(" ")[0] for card in cards] == [
        "Send",
        "Refer",
        "Refer",
        "Refer",
        "Follow",
    ]
    assert "sarcoma" in cards[1]["summary"]
    assert "urgently" in cards[2]["summary"]


def test_every_card_and_suggestion_has_its_own_uuid() -> None:
    """Random ones, as feedback needs them."""
    cards = cards_of(an_order(), another(indications=CES))
    uuids = [card["uuid"] for card in cards] + [one["uuid"] for card in cards for one in card["suggestions"]]

    assert len({UUID(one) for one in uuids}) == 4


def test_two_orders_get_one_referral_and_two_removals() -> None:
    """In one suggestion, at most one of which is wanted (D49)."""
    card = card_of(an_order(), another())

    assert actions(card) == ["create", "ServiceRequest/draft-1", "ServiceRequest/draft-2"]
    assert card["selectionBehavior"] == "at-most-one"
    assert [action["description"] for action in card["suggestions"][0]["actions"]] == [
        "Add a draft: Referral to community MSK service",
        "Remove the scan order: MRI of knee",
        "Remove the scan order: Order 2",
    ]


def test_left_and_right_can_be_told_apart_in_what_is_removed() -> None:
    """Both are knees."""
    sides = [
        an_order(reference=f"ServiceRequest/{side}", body_sites=({"text": f"{side} knee"},))
        for side in ("left", "right")
    ]

    described = [action["description"] for action in card_of(*sides)["suggestions"][0]["actions"]]

    assert described[1:] == [
        "Remove the scan order: MRI of knee, left knee",
        "Remove the scan order: MRI of knee, right knee",
    ]


def test_an_order_of_another_patient_has_a_card_of_its_own() -> None:
    """Age and cancer history are one patient's, and so is a referral."""
    theirs = an_order(some_facts(age=None), other_patient="Patient/2", reference="ServiceRequest/draft-2")
    ours, other = cards_of(an_order(), theirs)

    assert actions(ours) == ["create", "ServiceRequest/draft-1"]
    assert "- Age: 50 years" in ours["detail"]
    assert "suggestions" not in other
    assert "- Age: not known" in other["detail"]
    assert other["summary"] == f"Another patient: {ours['summary']}"
    assert other["detail"].startswith("**For another patient** than the one of this call.")


def test_a_summary_without_room_says_whose_it_is_in_the_detail_alone() -> None:
    """The act is not cut short."""
    nwl = PATHWAYS[RegionId("nwl")]
    long = nwl.texts.cards[TextKey.REDIRECT].model_copy(update={"summary": "MSK " + "x" * 120})
    texts = nwl.texts.model_copy(update={"cards": {**nwl.texts.cards, TextKey.REDIRECT: long}})
    speaker = Speaker(nwl.model_copy(update={"texts": texts}), "https://pathway.example")
    ((card, _),) = build_cards([an_order(other_patient="Patient/2")], {nwl.id: speaker}, CONTEXT)

    assert card["summary"] == long.summary
    assert "**For another patient**" in card["detail"]


def test_an_order_that_does_not_say_whose_it_is_is_not_called_anothers() -> None:
    """Nobody knows."""
    order = an_order(other_patient="urn:uuid:1", patient_untold=True)
    card = card_of(order)

    assert "another patient" not in card["summary"].lower() + card["detail"].lower()
    assert card["detail"].startswith("**Check whose order this is:**")
    assert "suggestions" not in card


def test_orders_that_go_to_two_services_have_two_cards() -> None:
    """One referral cannot go to both; where the service is the same, one card speaks of both orders."""
    elsewhere = an_order(destination=Destinations(ods_code="Z99021"), reference="ServiceRequest/draft-2")
    first, second = cards_of(an_order(), elsewhere)

    assert actions(first) == ["create", "ServiceRequest/draft-1"]
    assert actions(second) == ["create", "ServiceRequest/draft-2"]
    assert len(cards_of(an_order(), another(2))) == 1


@pytest.mark.parametrize(
    ("modalities", "words"),
    [
        ([Modality.MRI], "this MRI"),
        ([Modality.USS], "this ultrasound"),
        ([Modality.MRI, Modality.MRI], "these scans"),
        ([Modality.MRI, Modality.USS], "these scans"),
        ([Modality.USS, Modality.MRI, Modality.USS], "these scans"),
    ],
)
def test_a_card_speaks_of_its_orders_in_plain_words(modalities: list[Modality], words: str) -> None:
    """One by its kind, several together."""
    orders = [another(number, modality=modality) for number, modality in enumerate(modalities)]

    assert words in card_of(*orders)["summary"]


def test_a_removed_scan_is_announced_on_the_button() -> None:
    """The clinician sees what will happen before it does."""
    assert "remove the MRI" in label(card_of(an_order()))


def test_a_scan_that_stays_is_announced_on_the_button() -> None:
    """Nothing is removed behind it."""
    card = card_of(an_order(some_facts(age=None)))

    assert actions(card) == ["create"]
    assert "keep the MRI" in label(card)
    assert "remove" not in label(card)


def test_a_button_does_not_say_that_the_scan_stays_when_one_of_two_goes() -> None:
    """The first may be removed, the second may not: the words must not deny the removal."""
    card = card_of(an_order(), another(specialist_request=True))

    assert actions(card) == ["create", "ServiceRequest/draft-1"]
    assert "remove" in label(card)
    assert "keep the scans" not in label(card)
    assert "remove the scans" not in label(card)
    assert "**Order 2 stays:**" in card["detail"]


def test_a_button_that_removes_two_scans_does_not_speak_of_one() -> None:
    """`the MRI` would promise less than happens."""
    assert "remove the scans" in label(card_of(an_order(), another()))


@pytest.mark.parametrize("facts", [{}, {"indications": CES}])
def test_an_order_without_an_id_cannot_be_removed(facts: dict[str, object]) -> None:
    """The referral is offered all the same."""
    card = card_of(an_order(some_facts(**facts), reference=None))

    assert actions(card) == ["create"]
    assert "remove" not in label(card)


@pytest.mark.parametrize("indication", [Indication.PAIN, Indication.URGENT])
def test_a_routine_or_urgent_referral_needs_a_destination(indication: Indication) -> None:
    """Without one the card advises, and neither creates nor removes (D26)."""
    order = an_order(some_facts(indications=frozenset({indication})), destination=Destinations("all"))
    card = card_of(order)

    assert "suggestions" not in card
    assert "selectionBehavior" not in card


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"indications": CES}, ["create", "ServiceRequest/draft-1"]),
        ({"indications": SARCOMA}, ["create"]),
        ({"indications": frozenset({Indication.SUSPECTED_CANCER})}, ["create"]),
        ({"oncology": Oncology.UNDER_CARE}, ["create"]),
        (
            {"indications": frozenset({Indication.METASTASIS}), "body_region": BodyRegion.LUMBAR_SPINE},
            ["create"],
        ),
    ],
)
def test_a_red_flag_referral_waits_for_no_destination(facts: dict[str, object], expected: list[str]) -> None:
    """A draft without performer can still be sent by hand."""
    card = card_of(an_order(some_facts(**facts), destination=Destinations("all")))

    assert actions(card) == expected
    assert "performer" not in card["suggestions"][0]["actions"][0]["resource"]


@pytest.mark.parametrize(
    "facts",
    [
        {"indications": frozenset({Indication.SOFT_TISSUE_LUMP})},
        {"age": 12},
        {"setting": Setting.UNKNOWN},
        {"indications": CES, "region": RegionId("other")},
    ],
)
def test_some_cards_suggest_nothing(facts: dict[str, object]) -> None:
    """A lump, a child, an unknown setting, and the nation, whatever the configuration holds."""
    assert "suggestions" not in card_of(an_order(some_facts(**facts)))


def with_draft(order: OrderForCard) -> Card:
    """The card of an order whose referral is among the drafts already."""
    ((first, _),) = build_cards([order], SPEAKERS, CONTEXT)
    drafted = first["suggestions"][0]["actions"][0]["resource"]
    ((card, _),) = build_cards([order], SPEAKERS, CONTEXT._replace(drafts=(drafted,)))
    return card


def test_a_referral_that_is_drafted_already_is_not_proposed_again() -> None:
    """A second click would send two; the card stays and says what is there."""
    card = with_draft(an_order(some_facts(indications=frozenset({Indication.SUSPECTED_CANCER}))))

    assert "suspected cancer" in card["summary"]
    assert "suggestions" not in card
    assert "- A draft referral is already among the orders: complete and send it.\n\n" in card["detail"]


@pytest.mark.parametrize("facts", [{}, {"indications": CES}])
def test_no_scan_is_removed_beside_a_referral_that_is_drafted_already(facts: dict[str, object]) -> None:
    """A removal travels with a creation (fact 6): the scan is named, to be removed by hand."""
    card = with_draft(an_order(some_facts(**facts)))

    assert "suggestions" not in card
    assert "Once it is sent, remove by hand: MRI of knee.\n\n" in card["detail"]
    assert "above all if you remove" not in card["detail"]


def test_a_scan_that_stays_is_not_to_be_removed_by_hand() -> None:
    """Beside a referral that is drafted already, as beside one that is proposed."""
    card = with_draft(an_order(some_facts(age=None)))

    assert "already among the orders: complete and send it.\n" in card["detail"]
    assert "stays:**" in card["detail"]


@pytest.mark.parametrize(
    "order", [an_order(destination=Destinations("all")), an_order(other_patient="Patient/2")], ids=["no place", "other"]
)
def test_where_no_referral_would_be_proposed_nothing_is_said_of_drafts(order: OrderForCard) -> None:
    """The draft that is there may be for something else."""
    drafted = draft_referral(TextKey.REDIRECT, [order], None, "Note.", CONTEXT)
    ((card, _),) = build_cards([order], SPEAKERS, CONTEXT._replace(drafts=(drafted,)))

    assert "suggestions" not in card
    assert "already among the orders" not in card["detail"]


def test_a_card_links_to_its_destination_first() -> None:
    """Then to the pages of the pathway."""
    spine = some_facts(body_region=BodyRegion.LUMBAR_SPINE)
    card = card_of(an_order(spine, destination=Destinations(url="https://msk.example/brent")))

    assert card["links"][0] == {
        "label": "Invented community-msk service",
        "url": "https://msk.example/brent",
        "type": "absolute",
    }
    assert len(card["links"]) > 1


def test_a_page_is_offered_once() -> None:
    """Two destinations may share a page, and so may a destination and the pathway."""
    order = an_order(
        some_facts(oncology=Oncology.UNDER_CARE), destination=Destinations(url="https://www.nice.org.uk/guidance/ng12")
    )
    urls = [link["url"] for link in card_of(order)["links"]]

    assert len(set(urls)) == len(urls)


def test_a_card_without_any_page_has_no_links() -> None:
    """An empty list would be an empty element."""
    order = an_order(destination=Destinations("all"))

    assert "links" not in card_of(order)


def test_a_specialists_request_quietens_the_card_unless_another_order_is_loud() -> None:
    """One card for both speaks as loudly as the louder."""
    quiet = an_order(some_facts(specialist_request=True))

    assert card_of(quiet)["indicator"] == "info"
    assert card_of(quiet, another())["indicator"] == "warning"


def test_one_order_that_lacks_a_reason_makes_the_card_conditional() -> None:
    """The other's reason does not speak for it."""
    card = card_of(an_order(), another(indications=frozenset()))

    assert card["summary"].endswith("unless red flags")


def test_orders_of_one_outcome_that_need_different_advice_have_a_card_each() -> None:
    """Same day before rheumatology; each draft carries the reasons of its own orders, and no act is lost."""
    rheumatology = an_order(some_facts(indications=frozenset({Indication.RHEUMATOLOGY})), reasons=(ARTHRITIS,))
    foot_drop = an_order(
        some_facts(indications=frozenset({Indication.CES_SYMPTOM_WEAK}), body_region=BodyRegion.LUMBAR_SPINE),
        reasons=(FOOT_DROP,),
    )
    same_day = an_order(some_facts(indications=frozenset({Indication.URGENT_SAME_DAY})), reasons=())

    cards = cards_of(rheumatology, foot_drop, same_day)

    assert [card["summary"].split(" ")[0] for card in cards] == ["Phone", "Examine", "Refer"]
    assert [card["suggestions"][0]["actions"][0]["resource"].get("reasonCode", []) for card in cards] == [
        [],
        [FOOT_DROP],
        [ARTHRITIS],
    ]


def test_a_suspected_new_primary_is_not_lost_beside_pain_under_oncology_care() -> None:
    """The first asks for a cancer referral as well, and names the cancer office; the second does not."""
    new_primary = an_order(
        some_facts(indications=frozenset({Indication.SUSPECTED_CANCER}), oncology=Oncology.UNDER_CARE)
    )
    pain = another(indications=frozenset({Indication.SUSPICIOUS_PAIN}), oncology=Oncology.UNDER_CARE)

    details = [card["detail"] for card in cards_of(new_primary, pain)]

    assert ["new primary" in detail for detail in details] == [False, True]
    assert ["Invented cancer service" in detail for detail in details] == [False, True]


def test_every_text_knows_which_destinations_it_names() -> None:
    """So that no outcome fails for want of an entry."""
    assert set(DESTINATION_KINDS) == set(TextKey)
