"""Orders that cannot be read: each is named by its path, and none hides the orders beside it (fact 5)."""

import json

import pytest
from fhir_builders import BLOOD_TEST, CAUDA_EQUINA, MRI_BRAIN, SNOMED, Reading, bundle, concept, order, reading, ref

from cds_service.fhir.orders import (
    SelectionError,
    check_can_be_classified,
    check_can_be_evaluated,
    check_says_whether_live,
    selected_orders,
)
from cds_service.fhir.shapes import Json, MalformedOrderError
from cds_service.pathway.facts import Indication

MEDICINE: Json = {"resourceType": "MedicationRequest", "id": "medicine-1", "status": "draft", "reasonCode": "pain"}
HERE = "context.draftOrders.entry[0].resource"

TO_CLASSIFY: list[tuple[str, object, str]] = [
    ("code", "MRI knee", "code"),
    ("code", [], "code"),
    ("code", {"coding": {"code": "241641004"}}, "code.coding"),
    ("code", {"coding": ["241641004"]}, "code.coding"),
    ("code", {"coding": [{"system": SNOMED, "code": 241641004}]}, "code.coding[0].code"),
    ("code", {"coding": [{}, {"system": [SNOMED], "code": "241641004"}]}, "code.coding[1].system"),
    ("code", {"coding": [{"system": SNOMED, "code": "241641004", "display": 7}]}, "code.coding[0].display"),
    ("code", {"text": ["MRI knee"]}, "code.text"),
    ("code", {"concept": concept("241641004")}, "code.concept"),
    ("status", {"value": "draft"}, "status"),
    ("doNotPerform", "true", "doNotPerform"),
    ("doNotPerform", 1, "doNotPerform"),
    ("doNotPerform", {}, "doNotPerform"),
]
"""What leaves open whether it is an order for a scan at all."""

TO_EVALUATE: list[tuple[str, object, str]] = [
    ("reasonCode", {"text": "knee pain"}, "reasonCode"),
    ("reasonCode", ["192970008"], "reasonCode[0]"),
    ("reasonCode", [{"text": "knee pain"}, 7], "reasonCode[1]"),
    ("reasonCode", [{"coding": {"code": "192970008"}}], "reasonCode[0].coding"),
    ("reasonCode", [{"coding": [{"system": SNOMED, "code": 192970008}]}], "reasonCode[0].coding[0].code"),
    ("reasonCode", [{}, {"coding": [{}, {"system": 7, "code": "1"}]}], "reasonCode[1].coding[1].system"),
    ("reasonCode", [{"coding": [{"display": {}}]}], "reasonCode[0].coding[0].display"),
    ("reasonCode", [{"text": 7}], "reasonCode[0].text"),
    ("bodySite", [{"coding": [{"code": True}]}], "bodySite[0].coding[0].code"),
    ("reasonReference", {"reference": "Condition/c1"}, "reasonReference"),
    ("reasonReference", ["Condition/c1"], "reasonReference[0]"),
    ("bodySite", "knee", "bodySite"),
    ("basedOn", {"reference": "ServiceRequest/r1"}, "basedOn"),
    ("requester", "Practitioner/a", "requester"),
    ("requester", [{"reference": "Practitioner/a"}], "requester"),
    ("subject", "Patient/p1", "subject"),
    ("reason", [{"concept": concept(CAUDA_EQUINA)}], "reason"),
]
"""What leaves open why, for whom or by whom a scan is ordered."""


def malformed(*drafts: Json) -> list[str]:
    """The paths named of a call all of whose orders cannot be read."""
    found = reading(*drafts)
    assert found.orders == []
    return [error.path for error in found.malformed]


@pytest.mark.parametrize(("element", "value", "path"), [*TO_CLASSIFY, *TO_EVALUATE])
def test_an_element_of_the_wrong_kind_is_named_by_its_path(element: str, value: object, path: str) -> None:
    """The caller is told where to look; a reason that is dropped unread would look like "no reason" (fact 5)."""
    assert malformed(MEDICINE, order(**{element: value})) == [f"context.draftOrders.entry[1].resource.{path}"]


@pytest.mark.parametrize(("element", "value", "path"), [*TO_CLASSIFY, *TO_EVALUATE])
@pytest.mark.parametrize("first", [True, False])
def test_a_malformed_order_is_listed_and_the_good_one_beside_it_is_read(
    element: str, value: object, path: str, *, first: bool
) -> None:
    """Of several orders those that can be evaluated are, each as if it stood alone (fact 5)."""
    good = order(reasonCode=[concept(CAUDA_EQUINA)])
    bad = order(id="draft-2", **{element: value})
    found = reading(*((bad, good) if first else (good, bad)))
    (read,) = found.orders
    place = 0 if first else 1
    assert [error.path for error in found.malformed] == [f"context.draftOrders.entry[{place}].resource.{path}"]
    assert (read.order.reference, read.facts) == ("ServiceRequest/draft-1", reading(good).orders[0].facts)
    assert read.facts.indications == {Indication.CAUDA_EQUINA}


def test_every_malformed_order_is_listed_by_its_first_fault() -> None:
    """In the order of the bundle."""
    drafts = (order(code="MRI", reasonCode=7), order(id="2", subject=[]), order(id="3", status=7))
    assert malformed(*drafts) == [
        f"context.draftOrders.entry[{place}].resource.{element}"
        for place, element in enumerate(["code", "subject", "status"])
    ]


@pytest.mark.parametrize(("element", "value", "_path"), TO_EVALUATE)
@pytest.mark.parametrize(
    "elements",
    [
        {"code": concept(BLOOD_TEST)},
        {"code": concept(MRI_BRAIN)},
        {"code": {"text": "X-ray knee"}},
        {"status": "revoked"},
        {"doNotPerform": True},
    ],
)
def test_an_order_that_is_not_for_an_msk_scan_is_let_be_whatever_its_other_elements(
    elements: Json, element: str, value: object, _path: str
) -> None:
    """The pathway has nothing to say of a blood test, so its misshapen body site concerns nobody here."""
    assert reading(order(**{element: value, **elements})) == Reading([], [])


@pytest.mark.parametrize("element", ["identifier", "note", "performer", "category", "quantityQuantity", "extension"])
@pytest.mark.parametrize("value", ["text", 7, [None], {"x": []}])
def test_an_element_that_is_not_read_may_be_anything(element: str, value: object) -> None:
    """An order is refused only for what the service would have needed of it."""
    found = reading(order(**{element: value}))
    assert (len(found.orders), found.malformed) == (1, [])


def test_a_malformed_draft_that_is_not_selected_does_no_harm() -> None:
    """Only what the call asks about is read."""
    found = reading(order(), order(id="draft-2", code="MRI"), selections=["draft-1"])
    assert ([order.order.reference for order in found.orders], found.malformed) == (["ServiceRequest/draft-1"], [])


@pytest.mark.parametrize("entries", [{}, "text", 7, True])
def test_entries_that_are_no_array_are_raised_since_no_order_can_be_told_from_another(entries: object) -> None:
    """The one shape that loses the whole call."""
    with pytest.raises(MalformedOrderError) as raised:
        reading(draft_orders={"resourceType": "Bundle", "entry": entries})
    assert raised.value.path == "context.draftOrders.entry"


@pytest.mark.parametrize(("element", "value", "path"), TO_CLASSIFY)
def test_what_is_ordered_is_checked_first(element: str, value: object, path: str) -> None:
    """By checks of its own: whether the order is live, then what it is."""
    (selected,) = selected_orders(bundle(order(**{element: value})), None)
    check = check_can_be_classified if element == "code" else check_says_whether_live
    with pytest.raises(MalformedOrderError) as raised:
        check(selected)
    assert raised.value.path == f"{HERE}.{path}"


@pytest.mark.parametrize(("element", "value", "path"), TO_EVALUATE)
def test_why_for_whom_and_by_whom_is_checked_once_it_is_known_to_be_a_scan(
    element: str, value: object, path: str
) -> None:
    """By a check of its own, which the first leaves to it."""
    (selected,) = selected_orders(bundle(order(**{element: value})), None)
    check_can_be_classified(selected)
    with pytest.raises(MalformedOrderError) as raised:
        check_can_be_evaluated(selected)
    assert raised.value.path == f"{HERE}.{path}"


def test_an_order_in_good_shape_passes_both_checks() -> None:
    """Null stands for absent, and a concept or reference may be empty."""
    nulls = {"text": None, "coding": [{"system": None, "code": None, "display": None}]}
    stated = order(reasonCode=[{}, {"coding": [{}]}, nulls], reasonReference=[ref("#lost")], bodySite=None, basedOn=[])
    (selected,) = selected_orders(bundle(stated), None)
    check_can_be_classified(selected)
    check_can_be_evaluated(selected)


ENTRY = "context.draftOrders.entry[0]"
EMERGENCY = order(reasonCode=[concept(CAUDA_EQUINA)])
NO_RESOURCE: dict[str, tuple[object, str]] = {
    "the order itself": (EMERGENCY, f"{ENTRY}.resource"),
    "null": (None, ENTRY),
    "text": ("ServiceRequest/draft-1", ENTRY),
    "an array": ([EMERGENCY], ENTRY),
    "nothing": ({}, f"{ENTRY}.resource"),
    "an array as resource": ({"resource": [EMERGENCY]}, f"{ENTRY}.resource"),
    "text as resource": ({"resource": json.dumps(EMERGENCY)}, f"{ENTRY}.resource"),
    "null as resource": ({"resource": None}, f"{ENTRY}.resource"),
    "no type": ({"resource": EMERGENCY | {"resourceType": None}}, f"{ENTRY}.resource.resourceType"),
    "a blank type": ({"resource": EMERGENCY | {"resourceType": " "}}, f"{ENTRY}.resource.resourceType"),
    "a type that is no text": ({"resource": EMERGENCY | {"resourceType": 7}}, f"{ENTRY}.resource.resourceType"),
    "an empty resource": ({"resource": {}}, f"{ENTRY}.resource.resourceType"),
    "a Bundle": ({"resource": bundle(EMERGENCY)}, f"{ENTRY}.resource.resourceType"),
    "the type in other letters": (
        {"resource": EMERGENCY | {"resourceType": "serviceRequest"}},
        f"{ENTRY}.resource.resourceType",
    ),
    "the type with a space": (
        {"resource": EMERGENCY | {"resourceType": "ServiceRequest "}},
        f"{ENTRY}.resource.resourceType",
    ),
    "STU3's type": ({"resource": EMERGENCY | {"resourceType": "ProcedureRequest"}}, f"{ENTRY}.resource.resourceType"),
    "R5's group": (
        {"resource": EMERGENCY | {"resourceType": "RequestOrchestration"}},
        f"{ENTRY}.resource.resourceType",
    ),
}
"""Entries of which nobody can say what is ordered there, and the place that is named."""


def paths(entries: list[object], *selections: str) -> list[str]:
    """The paths named of a call with these entries; on order-sign where nothing is selected."""
    drafts = {"resourceType": "Bundle", "entry": entries}
    return [error.path for error in reading(draft_orders=drafts, selections=selections or None).malformed]


@pytest.mark.parametrize(("entry", "path"), NO_RESOURCE.values(), ids=NO_RESOURCE.keys())
def test_on_order_sign_a_draft_that_is_no_resource_is_named(entry: object, path: str) -> None:
    """A coded cauda equina may lie in it; passed over, it would look like "no concerns" (fact 5)."""
    assert paths([entry]) == [path]


@pytest.mark.parametrize(("entry", "path"), NO_RESOURCE.values(), ids=NO_RESOURCE.keys())
def test_the_drafts_beside_one_that_is_no_resource_are_read(entry: object, path: str) -> None:
    """Of several orders those that can be evaluated are (fact 5)."""
    drafts = {"resourceType": "Bundle", "entry": [entry, {"resource": order(id="draft-2")}]}
    found = reading(draft_orders=drafts)
    assert [error.path for error in found.malformed] == [path]
    assert [read.order.reference for read in found.orders] == ["ServiceRequest/draft-2"]


@pytest.mark.parametrize(("entry", "_path"), NO_RESOURCE.values(), ids=NO_RESOURCE.keys())
def test_on_order_select_such_a_draft_that_is_not_selected_does_no_harm(entry: object, _path: str) -> None:
    """Only what the call asks about is read."""
    assert paths([entry, {"resource": order(id="draft-2")}], "ServiceRequest/draft-2") == []


NAMED = "urn:uuid:5f0e0ca0-5a0f-4a0e-9c2e-000000000001"


@pytest.mark.parametrize(
    ("entry", "path", "selection"),
    [
        (EMERGENCY, f"{ENTRY}.resource", "ServiceRequest/draft-1"),
        (EMERGENCY, f"{ENTRY}.resource", "draft-1"),
        ({"resource": EMERGENCY | {"resourceType": None}}, f"{ENTRY}.resource.resourceType", "ServiceRequest/draft-1"),
        ({"resource": EMERGENCY | {"resourceType": []}}, f"{ENTRY}.resource.resourceType", "draft-1"),
        ({"fullUrl": NAMED, "resource": [EMERGENCY]}, f"{ENTRY}.resource", NAMED),
        ({"resource": bundle(EMERGENCY, id="b1")}, f"{ENTRY}.resource.resourceType", "Bundle/b1"),
    ],
)
def test_on_order_select_such_a_draft_is_named_where_it_may_be_the_selected_one(
    entry: object, path: str, selection: str
) -> None:
    """By its id, or its `fullUrl`."""
    assert paths([entry], selection) == [path]


def test_a_selected_order_within_a_nested_bundle_is_an_order_that_did_not_come() -> None:
    """Which is an error as well."""
    with pytest.raises(SelectionError):
        paths([{"resource": bundle(EMERGENCY)}], "ServiceRequest/draft-1")


@pytest.mark.parametrize("kind", ["MedicationRequest", "RequestGroup", "Invented"])
def test_a_draft_of_another_type_is_passed_over(kind: str) -> None:
    """There is nothing to say of it, known or not."""
    assert paths([{"resource": EMERGENCY | {"resourceType": kind}}]) == []


@pytest.mark.parametrize("selections", [None, ["ServiceRequest/draft-1"]])
@pytest.mark.parametrize("name", ["entries", "Entry", "orders"])
@pytest.mark.parametrize("entry", [{}, {"entry": []}])
def test_orders_that_stand_where_no_bundle_has_them_are_raised(
    entry: Json, name: str, selections: list[str] | None
) -> None:
    """Passed over, they would look like "no concerns" (fact 5)."""
    drafts = {"resourceType": "Bundle", **entry, name: [{"resource": EMERGENCY}]}
    with pytest.raises(MalformedOrderError) as raised:
        reading(draft_orders=drafts, selections=selections)
    assert raised.value.path == f"context.draftOrders.{name}"


@pytest.mark.parametrize(
    "elements", [{}, {"link": [{"relation": "self"}]}, {"entry": []}, {"_links": {"a": 1}}, {"x": []}, {"x": ["a"]}]
)
def test_a_bundle_in_which_nothing_stands_is_an_empty_one(elements: Json) -> None:
    """Whatever else it has."""
    assert reading(draft_orders={"resourceType": "Bundle", **elements}) == Reading([], [])
