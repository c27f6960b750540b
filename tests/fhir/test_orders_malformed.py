"""Orders that cannot be read: each is named by its path, and none hides the orders beside it (fact 5)."""

import pytest
from fhir_builders import BLOOD_TEST, CAUDA_EQUINA, MRI_BRAIN, Reading, bundle, concept, order, reading, ref

from cds_service.fhir.orders import check_can_be_classified, check_can_be_evaluated, is_live, selected_orders
from cds_service.fhir.shapes import Json, MalformedOrderError
from cds_service.pathway.facts import Indication

MEDICINE: Json = {"resourceType": "MedicationRequest", "id": "medicine-1", "status": "draft", "reasonCode": "pain"}
HERE = "context.draftOrders.entry[0].resource"

TO_CLASSIFY: list[tuple[str, object, str]] = [
    ("code", "MRI knee", "code"),
    ("code", [], "code"),
    ("code", {"coding": {"code": "241641004"}}, "code.coding"),
    ("code", {"coding": ["241641004"]}, "code.coding"),
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
    ("reasonReference", {"reference": "Condition/c1"}, "reasonReference"),
    ("reasonReference", ["Condition/c1"], "reasonReference[0]"),
    ("bodySite", "knee", "bodySite"),
    ("basedOn", {"reference": "ServiceRequest/r1"}, "basedOn"),
    ("requester", "Practitioner/a", "requester"),
    ("requester", [{"reference": "Practitioner/a"}], "requester"),
    ("subject", "Patient/p1", "subject"),
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
    check = check_can_be_classified if element == "code" else is_live
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
    stated = order(reasonCode=[{}, {"coding": [{}]}], reasonReference=[ref("#lost")], bodySite=None, basedOn=[])
    (selected,) = selected_orders(bundle(stated), None)
    check_can_be_classified(selected)
    check_can_be_evaluated(selected)
