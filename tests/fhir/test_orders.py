import json

import pytest
from fhir_builders import bundle, order, read

from cds_service.fhir.orders import SelectionError, is_live, selected_orders
from cds_service.fhir.shapes import Json, MalformedOrderError

MEDICINE: Json = {"resourceType": "MedicationRequest", "id": "medicine-1", "status": "draft"}


def chosen(drafts: object, *selections: str) -> list[str | None]:
    """The references of the orders that a call on order-select is about."""
    draft_orders = drafts if isinstance(drafts, dict) else {"resourceType": "Bundle", "entry": drafts}
    return [order.reference for order in selected_orders(draft_orders, selections)]


@pytest.mark.parametrize("selection", ["ServiceRequest/draft-2", "draft-2"])
def test_a_selection_counts_with_and_without_the_type_prefix(selection: str) -> None:
    """Both forms are seen in real clients; the other draft is left alone."""
    drafts = bundle(order(), order(id="draft-2"))
    assert chosen(drafts, selection) == ["ServiceRequest/draft-2"]


@pytest.mark.parametrize("full_url", ["urn:uuid:5f0e0ca0-5a0f-4a0e-9c2e-000000000001", "https://ehr.example/fhir/x/1"])
def test_an_order_may_be_selected_by_its_full_url(full_url: str) -> None:
    """A draft that has no id yet has no other name."""
    drafts = [{"fullUrl": full_url, "resource": order(id=None)}, {"resource": order()}]
    assert chosen(drafts, full_url) == [None]


def test_an_order_without_id_is_read_on_order_sign() -> None:
    """Every draft counts there, named or not."""
    unnamed = {"resourceType": "ServiceRequest"}
    (found,) = selected_orders(bundle(unnamed), None)
    assert (found.resource, found.path, found.reference) == (
        unnamed,
        "context.draftOrders.entry[0].resource",
        None,
    )


def test_order_sign_takes_all_drafts() -> None:
    """There are no selections on that hook; the path counts every entry."""
    found = selected_orders(bundle(order(), MEDICINE, order(id="draft-2")), None)
    assert [order.path for order in found] == [
        "context.draftOrders.entry[0].resource",
        "context.draftOrders.entry[2].resource",
    ]


@pytest.mark.parametrize("selection", ["MedicationRequest/medicine-1", "medicine-1", "MedicationRequest/not-there"])
def test_a_selection_of_another_type_is_ignored(selection: str) -> None:
    """The service has nothing to say about a medicine, whether or not it came."""
    assert chosen(bundle(order(), MEDICINE), selection) == []


def test_nothing_selected_is_nothing_to_read() -> None:
    """An empty list of selections is not the same as none at all."""
    assert chosen(bundle(order())) == []


def test_the_same_id_on_another_type_is_another_resource() -> None:
    """A selection with a type prefix picks by type."""
    drafts = bundle({**MEDICINE, "id": "draft-1"}, order())
    assert chosen(drafts, "ServiceRequest/draft-1") == ["ServiceRequest/draft-1"]


@pytest.mark.parametrize("selection", ["ServiceRequest/not-there", "not-there", "urn:uuid:not-there", ""])
def test_a_selected_order_that_did_not_come_is_an_error(selection: str) -> None:
    """It cannot be evaluated, and silence would look like "no concerns"."""
    with pytest.raises(SelectionError) as raised:
        chosen(bundle(order()), "ServiceRequest/draft-1", selection)
    assert (raised.value.position, str(raised.value)) == (1, "context.selections[1] is not in context.draftOrders")


@pytest.mark.parametrize("entries", [{}, "text", 7, True])
def test_entries_that_are_no_array_are_an_error(entries: object) -> None:
    """The whole bundle cannot be read then."""
    with pytest.raises(MalformedOrderError) as raised:
        selected_orders({"resourceType": "Bundle", "entry": entries}, None)
    assert raised.value.path == "context.draftOrders.entry"


def test_a_bundle_without_entries_is_empty() -> None:
    """FHIR leaves an empty element out."""
    assert selected_orders({"resourceType": "Bundle"}, None) == []


def test_junk_among_the_entries_is_passed_over() -> None:
    """The orders beside it are read."""
    junk: list[object] = [None, 7, "text", [], {}, {"resource": None}, {"resource": []}, {"resource": {}}]
    entries = [*junk, {"resource": {"resourceType": 7, "id": []}}, {"fullUrl": {}, "resource": order()}]
    assert chosen(entries, "draft-1") == ["ServiceRequest/draft-1"]


def test_choosing_orders_looks_into_none() -> None:
    """Each is checked on its own, so that one that cannot be read does not take the others with it."""
    assert chosen(bundle(order(code="MRI", reasonCode=7), order(id="draft-2")), "draft-1") == ["ServiceRequest/draft-1"]


def test_a_draft_as_bare_as_the_sandbox_sends_it_is_no_error() -> None:
    """Its first call holds an empty coding and no reason; null stands for absent."""
    bare = order(code={"coding": [{}]}, reasonCode=[], requester=None, subject=None)
    assert read(bare, selections=["draft-1"]) == []


@pytest.mark.parametrize(
    ("elements", "live"),
    [
        ({"status": "draft"}, True),
        ({"status": "active"}, True),
        ({"status": "on-hold"}, True),
        ({"status": None}, True),
        ({"status": "revoked"}, False),
        ({"status": "completed"}, False),
        ({"status": "entered-in-error"}, False),
        ({"doNotPerform": False}, True),
        ({"doNotPerform": True}, False),
    ],
)
def test_an_order_is_live_until_it_is_over_withdrawn_wrong_or_negative(elements: Json, *, live: bool) -> None:
    """docs/outcomes.md, `not_applicable`."""
    (selected,) = selected_orders(bundle(order(**elements)), None)
    assert is_live(selected) is live


@pytest.mark.parametrize("elements", [{"status": "revoked"}, {"doNotPerform": True}])
def test_an_order_that_is_not_live_is_left_out(elements: Json) -> None:
    """It has no facts to decide on."""
    assert read(order(**elements)) == []


def test_reading_changes_nothing_in_the_call() -> None:
    """The order is copied into suggestions later, as it was sent."""
    contained = {"resourceType": "Condition", "id": "c1", "code": {"text": "seen"}}
    draft = order(reasonCode=[{"text": "knee pain"}], reasonReference=[{"reference": "#c1"}], contained=[contained])
    before = json.dumps(draft)
    read(draft)
    assert json.dumps(draft) == before
