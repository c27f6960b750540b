"""RequestGroups among the drafts: what they name is selected with them, and what they contain is an order."""

import pytest
from fhir_builders import CAUDA_EQUINA, bundle, concept, order, read, ref

from cds_service.fhir.orders import selected_orders
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import Indication

MEDICINE: Json = {"resourceType": "MedicationRequest", "id": "medicine-1", "status": "draft"}


def chosen(drafts: Json, *selections: str) -> list[str | None]:
    """The references of the orders that a call on order-select is about."""
    return [order.reference for order in selected_orders(drafts, selections)]


def group(*actions: Json, **elements: object) -> Json:
    """A RequestGroup with these actions."""
    return {"resourceType": "RequestGroup", "id": "g1", "status": "draft", "action": list(actions), **elements}


def action(target: str, *actions: Json) -> Json:
    """An action that names a draft, with actions within it."""
    return {"resource": {"reference": target}, "action": list(actions)}


@pytest.mark.parametrize("selection", ["RequestGroup/g1", "g1"])
def test_a_selected_group_selects_what_its_actions_name(selection: str) -> None:
    """At any depth, and through another group; the draft that it does not name is left alone."""
    inner = group(action("ServiceRequest/draft-3"), id="g2")
    outer = group({"title": "MSK", "action": [action("ServiceRequest/draft-2")]}, action("RequestGroup/g2"))
    drafts = bundle(outer, order(), order(id="draft-2"), inner, order(id="draft-3"))
    assert chosen(drafts, selection) == ["ServiceRequest/draft-2", "ServiceRequest/draft-3"]
    assert chosen(drafts, "draft-1") == ["ServiceRequest/draft-1"]


@pytest.mark.parametrize("selections", [None, ["RequestGroup/g1"]])
def test_an_order_that_stands_in_a_group_alone_is_read(selections: list[str] | None) -> None:
    """Without a reference: it cannot be removed by itself."""
    holder = group(action("#in"), contained=[order(id="in"), MEDICINE, "junk"])
    (found,) = selected_orders(bundle(holder), selections)
    assert (found.resource["id"], found.path, found.reference) == (
        "in",
        "context.draftOrders.entry[0].resource.contained[0]",
        None,
    )


@pytest.mark.parametrize(
    "elements",
    [{"status": "revoked"}, {"contained": "x"}, {"contained": [MEDICINE]}, {"action": "x"}, {"action": [7, {}]}],
)
def test_a_group_without_orders_is_passed_over(elements: Json) -> None:
    """As any other draft that is no order; one that is withdrawn orders nothing."""
    holder = group(contained=[order(id="in")]) | elements
    expected = [None] if "contained" not in elements and elements.get("status") is None else []
    assert chosen(bundle(holder), "RequestGroup/g1") == expected


def test_groups_that_name_each_other_end() -> None:
    """Each is looked at once."""
    one, other = group(action("RequestGroup/g2")), group(action("RequestGroup/g1"), action("draft-1"), id="g2")
    assert chosen(bundle(one, other, order()), "g1") == ["ServiceRequest/draft-1"]


def test_a_reason_of_an_order_in_a_group_is_found_in_the_group() -> None:
    """A contained order refers to what its container holds."""
    reason = {"resourceType": "Condition", "id": "r1", "code": concept(CAUDA_EQUINA)}
    contained = order(id="in", reasonReference=[ref("#r1")])
    (found,) = read(group(action("#in"), contained=[contained, reason]))
    assert Indication.CAUDA_EQUINA in found.facts.indications
