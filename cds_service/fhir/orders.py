"""Which orders a call is about, and whether an order is live."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cds_service.fhir.shapes import Json, MalformedOrderError, as_text

NOT_LIVE = frozenset({"revoked", "completed", "entered-in-error"})
"""Values of ServiceRequest.status that take an order out of account."""

_WHETHER_LIVE: dict[str, tuple[type, str]] = {
    "status": (str, "a code, for example 'draft'"),
    "doNotPerform": (bool, "true or false"),
}
_TO_CLASSIFY: dict[str, tuple[type, str]] = {
    "code": (dict, "a CodeableConcept object"),
}
_TO_EVALUATE: dict[str, tuple[type, str]] = {
    "reasonCode": (list, "an array of CodeableConcept objects"),
    "reasonReference": (list, "an array of Reference objects"),
    "bodySite": (list, "an array of CodeableConcept objects"),
    "basedOn": (list, "an array of Reference objects"),
    "requester": (dict, "a Reference object"),
    "subject": (dict, "a Reference object"),
}
_ITEMS = {
    "reasonCode": "a CodeableConcept object",
    "reasonReference": "a Reference object",
    "bodySite": "a CodeableConcept object",
}
"""The elements that the service reads of an order: another JSON type there means that it cannot be evaluated."""


_OF_ANOTHER_KIND = re.compile(
    r"(?:https?://[^\s?#]+/)?(?:Appointment|CarePlan|CommunicationRequest|DeviceRequest|ImmunizationRecommendation"
    r"|MedicationRequest|NutritionOrder|RequestGroup|SupplyRequest|Task|VisionPrescription)/[A-Za-z0-9.-]{1,64}"
)
"""A selection that names a draft of another kind (FHIR R4's requests): it need not be there, nothing is asked of it."""


class SelectionError(Exception):
    """A selection names an order that the draft bundle does not hold.

    Attributes:
        position: its place in `context.selections`, from 0.
    """

    def __init__(self, position: int) -> None:
        super().__init__(f"context.selections[{position}] is not in context.draftOrders")
        self.position = position


class SelectedOrder(NamedTuple):
    """A ServiceRequest of the draft bundle and where it stands there."""

    resource: Json
    path: str
    reference: str | None


def selected_orders(draft_orders: Json, selections: Sequence[str] | None) -> list[SelectedOrder]:
    """The ServiceRequests that a call asks about.

    Args:
        draft_orders: `context.draftOrders`; a Bundle, with or without `type`.
        selections: `context.selections` for order-select, with or without the type prefix; None takes all drafts.

    Raises:
        SelectionError: a selected ServiceRequest is not in the bundle.
        MalformedOrderError: `entry` is not an array.
    """
    drafts = _told_apart(list(_drafts(draft_orders)))
    if selections is None:
        chosen = [order for order, _ in drafts]
    else:
        chosen = [order for order, names in drafts if not names.isdisjoint(selections)]
        _check_all_found(selections, drafts)
    return [order for order in chosen if order.resource.get("resourceType") == "ServiceRequest"]


def is_live(order: SelectedOrder) -> bool:
    """Whether an order is neither finished, withdrawn, wrong, nor an order not to do something.

    Raises:
        MalformedOrderError: an element that says so has the wrong JSON type.
    """
    _check_elements(order, _WHETHER_LIVE)
    return order.resource.get("status") not in NOT_LIVE and order.resource.get("doNotPerform") is not True


def _drafts(draft_orders: Json) -> Iterator[tuple[SelectedOrder, set[str]]]:
    entries = draft_orders.get("entry", [])
    if not isinstance(entries, list):
        raise MalformedOrderError("context.draftOrders.entry", "an array of entries")
    for position, entry in enumerate(entries):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            continue
        kind, identity = as_text(resource.get("resourceType")), as_text(resource.get("id"))
        reference = f"{kind}/{identity}" if kind is not None and identity is not None else None
        names = {name for name in (identity, reference, as_text(entry.get("fullUrl"))) if name is not None}
        yield SelectedOrder(resource, f"context.draftOrders.entry[{position}].resource", reference), names


def _told_apart(drafts: list[tuple[SelectedOrder, set[str]]]) -> list[tuple[SelectedOrder, set[str]]]:
    """The drafts, without a reference where several have the same: a removal would name either of them (fact 6)."""
    if len(drafts) < 2:  # noqa: PLR2004 - one has nothing to be told apart from
        return drafts
    times = Counter(order.reference for order, _ in drafts)
    if len(times) == len(drafts):
        return drafts
    return [
        (order if times[order.reference] == 1 else order._replace(reference=None), names) for order, names in drafts
    ]


def _check_all_found(selections: Sequence[str], drafts: list[tuple[SelectedOrder, set[str]]]) -> None:
    known = {name for _, names in drafts for name in names}
    for position, selection in enumerate(selections):
        if selection not in known and _OF_ANOTHER_KIND.fullmatch(selection) is None:
            raise SelectionError(position)


def check_can_be_classified(order: SelectedOrder) -> None:
    """Check the elements that say what is ordered.

    Raises:
        MalformedOrderError: one of them has the wrong JSON type.
    """
    _check_elements(order, _TO_CLASSIFY)
    _check_codings(order.resource.get("code"), f"{order.path}.code")


def check_can_be_evaluated(order: SelectedOrder) -> None:
    """Check the elements that say why, for whom and by whom; a reason must not be lost for its form (fact 5).

    Raises:
        MalformedOrderError: one of them has the wrong JSON type.
    """
    _check_elements(order, _TO_EVALUATE)
    for element, expected in _ITEMS.items():
        for position, item in enumerate(order.resource.get(element) or ()):
            path = f"{order.path}.{element}[{position}]"
            if not isinstance(item, dict):
                raise MalformedOrderError(path, expected)
            _check_codings(item, path)


def _check_elements(order: SelectedOrder, shapes: dict[str, tuple[type, str]]) -> None:
    for element, (expected_type, expected) in shapes.items():
        value = order.resource.get(element)
        if value is not None and not isinstance(value, expected_type):
            raise MalformedOrderError(f"{order.path}.{element}", expected)


def _check_codings(concept: object, path: str) -> None:
    stated = concept.get("coding") if isinstance(concept, dict) else None
    if stated is None:
        return
    if not isinstance(stated, list) or not all(isinstance(coding, dict) for coding in stated):
        raise MalformedOrderError(f"{path}.coding", "an array of Coding objects")
