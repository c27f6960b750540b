import pytest

from cds_service.cards.build import name_foreign, name_unplaced, name_unreadable, not_evaluated_card
from cds_service.pathway.facts import UNRESOLVED
from cds_service.pathway.outcomes import Outcome
from tests.cards.conftest import CONTEXT, NATIONAL, an_order, another, card_of, in_this_order, some_facts


def test_the_card_for_what_was_not_evaluated_says_so() -> None:
    """Info, the safety net, no suggestion; never "no concerns" (fact 5)."""
    order = an_order(some_facts(region=UNRESOLVED))
    card = not_evaluated_card([order], NATIONAL, CONTEXT)

    assert order.decision.outcome is Outcome.COULD_NOT_EVALUATE
    assert card["indicator"] == "info"
    assert "not checked" in card["summary"]
    assert len(card["summary"]) < 140
    assert "does not mean that there are no concerns" in card["detail"]
    assert "**Red flags:**" in card["detail"]
    assert "suggestions" not in card
    assert card["overrideReasons"]


def test_the_card_for_several_that_were_not_evaluated_names_them_all() -> None:
    """In the plural."""
    orders = [an_order(some_facts(region=UNRESOLVED)), another(2, region=UNRESOLVED)]
    card = not_evaluated_card(orders, NATIONAL, CONTEXT)

    assert "- Order: MRI of knee" in card["detail"]
    assert "- Order: Order 2" in card["detail"]
    assert "these scans" in card["detail"]


def test_the_card_for_another_patients_order_says_whose_it_is() -> None:
    """Not where the patient's own stands beside it."""
    theirs = an_order(some_facts(region=UNRESOLVED), other_patient="Patient/2")
    card = not_evaluated_card([theirs], NATIONAL, CONTEXT)
    both = not_evaluated_card([theirs, an_order(some_facts(region=UNRESOLVED))], NATIONAL, CONTEXT)

    assert card["summary"].startswith("Another patient: MSK imaging pathway not checked")
    assert card["detail"].startswith("**For another patient**")
    assert "nother patient" not in both["summary"] + both["detail"].partition("**Why this card**")[0]


def test_a_card_names_the_orders_that_were_not_evaluated() -> None:
    """Escaped, because their names may be the call's own words."""
    card = card_of(an_order())

    name_unplaced(card, [another(2), an_order(label="MRI <i>Hip</i>")])

    assert "**Not checked:** Order 2, MRI &lt;i&gt;Hip&lt;/i&gt;." in card["detail"]
    assert card["detail"].endswith("this does not mean that there are no concerns.")


def test_a_card_names_the_orders_that_the_calling_system_may_not_ask_about() -> None:
    """For what it is: that nothing places them would be untrue. Their names are escaped as well."""
    card = card_of(an_order())

    name_foreign(card, [an_order(label="MRI <i>Hip</i>")])

    assert "**Not checked:** MRI &lt;i&gt;Hip&lt;/i&gt;. This system is not registered for the area" in card["detail"]
    assert card["detail"].endswith("this does not mean that there are no concerns.")


@pytest.mark.parametrize(
    ("unreadable", "words"),
    [(1, "1 more selected order, which could not be read"), (2, "2 more selected orders, which could not be read")],
)
def test_a_card_counts_the_orders_that_could_not_be_read(unreadable: int, words: str) -> None:
    """They have no name to go by; beside unplaced ones both are said."""
    card = card_of(an_order())

    name_unplaced(card, [another(2)])
    name_unreadable(card, unreadable)

    assert in_this_order(card["detail"], ["**Not checked:** Order 2.", f"**Not checked:** {words}"])


def test_what_cards_share_is_not_spoilt_by_one_of_them() -> None:
    """Naming unevaluated orders on one card leaves the next as it should be."""
    first = card_of(an_order())
    name_unplaced(first, [another(2)])

    assert "Not checked" not in card_of(an_order())["detail"]
