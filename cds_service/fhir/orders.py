"""Which orders a call is about, and whether an order is live."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from cds_service.fhir.request_groups import contained_in, with_what_groups_name
from cds_service.fhir.shapes import Json, MalformedOrderError, as_object, as_text, objects

NOT_LIVE = ("revoked", "completed", "entered-in-error")
"""Values of ServiceRequest.status that take an order out of account; a tuple, since a call may hold any JSON there."""

_WHETHER_LIVE: dict[str, tuple[type, str]] = {
    "status": (str, "a code, for example 'draft'"),
    "doNotPerform": (bool, "true or false"),
}
_TO_CLASSIFY: dict[str, tuple[type, str]] = {
    "code": (dict, "a CodeableConcept object"),
}
_REASONS: dict[str, tuple[type, str]] = {
    "reasonCode": (list, "an array of CodeableConcept objects"),
    "reasonReference": (list, "an array of Reference objects"),
}
_TO_EVALUATE: dict[str, tuple[type, str]] = {
    **_REASONS,
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


ORDERS_OF_OTHER_RELEASES = frozenset(
    {"DiagnosticOrder", "DiagnosticRequest", "ProcedureRequest", "RequestOrchestration"}
)
"""What FHIR's other releases call an order for a scan, or a group of orders: R4 has no such types."""

_BUNDLE_ELEMENTS = frozenset(
    {"resourceType", "id", "meta", "implicitRules", "language", "identifier", "type", "timestamp", "total", "link"}
    | {"entry", "signature"}
)


class SelectionError(Exception):
    """A selection names an order that the draft bundle does not hold.

    Attributes:
        position: its place in `context.selections`, from 0.
    """

    def __init__(self, position: int) -> None:
        super().__init__(f"context.selections[{position}] is not in context.draftOrders")
        self.position = position


class SelectedOrder(NamedTuple):
    """A ServiceRequest of the draft bundle.

    Attributes:
        resource: as sent.
        path: where it stands, such as `context.draftOrders.entry[0].resource`; for messages to the client.
        reference: `ServiceRequest/{id}`, by which it can be removed; None where it has no id, or another draft has the
            same.
    """

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
        MalformedOrderError: `entry` is not an array, or there is none and orders stand elsewhere.
    """
    drafts = _told_apart(list(_drafts(draft_orders)))
    if selections is not None:
        known = {name for _, names in drafts for name in names}
        _check_all_found(selections, known, list(_unreadable(draft_orders)))
        wanted = with_what_groups_name(selections, [(order.resource, names) for order, names in drafts])
        drafts = [(order, names) for order, names in drafts if not names.isdisjoint(wanted)]
    chosen = (order for draft, _ in drafts for order in _with_its_contained(draft))
    return [order for order in chosen if order.resource.get("resourceType") == "ServiceRequest"]


def unreadable_drafts(draft_orders: Json, selections: Sequence[str] | None) -> list[MalformedOrderError]:
    """The drafts of a call that are no resource of one type, so that nobody can say what is ordered there (fact 5).

    A type that the service does not know is one that it has nothing to say of. On order-select only a draft that may
    be a selected one counts.

    Args:
        draft_orders: `context.draftOrders`, whose `entry` is an array.
        selections: as for `selected_orders`.
    """
    return [
        fault
        for fault, entry in _unreadable(draft_orders)
        if selections is None or any(_may_be_named(entry, selection) for selection in selections)
    ]


def is_live(order: SelectedOrder) -> bool:
    """Whether nothing says that an order is finished, withdrawn, wrong, or not to be done.

    A status of the wrong JSON type says nothing: `check_says_whether_live` is for those who must not guess.
    """
    return order.resource.get("status") not in NOT_LIVE and order.resource.get("doNotPerform") is not True


def is_draft(order: SelectedOrder) -> bool:
    """Whether a live order is still a draft; one without a status is, since drafts may be bare."""
    status = order.resource.get("status")
    return status is None or status == "draft"


def _drafts(draft_orders: Json) -> Iterator[tuple[SelectedOrder, set[str]]]:
    for position, entry in enumerate(_entries(draft_orders)):
        if _fault(entry, _path(position)) is not None:
            continue
        resource = entry["resource"]
        kind, identity = resource["resourceType"], as_text(resource.get("id"))
        reference = f"{kind}/{identity}" if identity is not None else None
        names = {name for name in (identity, reference, as_text(entry.get("fullUrl"))) if name is not None}
        yield SelectedOrder(resource, f"{_path(position)}.resource", reference), names


def _entries(draft_orders: Json) -> list[Any]:
    entries = draft_orders.get("entry", [])
    if not isinstance(entries, list):
        raise MalformedOrderError("context.draftOrders.entry", "an array of entries")
    if not entries:
        _check_that_nothing_stands_elsewhere(draft_orders)
    return entries


def _check_that_nothing_stands_elsewhere(draft_orders: Json) -> None:
    """Without entries nothing is ordered, unless it stands in an element that no Bundle has (`entries`)."""
    for name, value in draft_orders.items():
        if name not in _BUNDLE_ELEMENTS and objects(value):
            expected = "an element of a Bundle, whose orders stand in entry"
            raise MalformedOrderError(f"context.draftOrders.{name}", expected)


def _path(position: int) -> str:
    return f"context.draftOrders.entry[{position}]"


def _unreadable(draft_orders: Json) -> Iterator[tuple[MalformedOrderError, object]]:
    """Each entry that holds no resource of one type, with what is wrong there."""
    for position, entry in enumerate(_entries(draft_orders)):
        fault = _fault(entry, _path(position))
        if fault is not None:
            yield fault, entry


def _fault(entry: object, path: str) -> MalformedOrderError | None:
    if not isinstance(entry, dict):
        return MalformedOrderError(path, "an object with a resource")
    resource = entry.get("resource")
    if not isinstance(resource, dict):
        return MalformedOrderError(f"{path}.resource", "a resource, for example a ServiceRequest object")
    kind = as_text(resource.get("resourceType"))
    if kind is None:
        return MalformedOrderError(f"{path}.resource.resourceType", "text, for example 'ServiceRequest'")
    if kind == "Bundle":
        return MalformedOrderError(f"{path}.resource.resourceType", "the type of an order: drafts stand side by side")
    if kind in ORDERS_OF_OTHER_RELEASES or (
        kind.casefold() == "servicerequest" and resource["resourceType"] != "ServiceRequest"
    ):
        return MalformedOrderError(f"{path}.resource.resourceType", "a type of FHIR R4, where it is 'ServiceRequest'")
    return None


def _may_be_named(entry: object, selection: str) -> bool:
    """Whether a selection may mean an entry that cannot be read: by its `fullUrl`, or an id in or beside it."""
    stated = as_object(entry)
    ids = (as_text(as_object(holder).get("id")) for holder in (stated, stated.get("resource")))
    return as_text(stated.get("fullUrl")) == selection or any(
        identity is not None and (selection == identity or selection.endswith(f"/{identity}")) for identity in ids
    )


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


def _with_its_contained(draft: SelectedOrder) -> Iterator[SelectedOrder]:
    """A draft, and the orders that stand in a live group and nowhere else: without a name of theirs none is removed."""
    yield draft
    if is_live(draft):
        for position, resource in contained_in(draft.resource):
            yield SelectedOrder(resource, f"{draft.path}.contained[{position}]", None)


def _check_all_found(
    selections: Sequence[str], known: set[str], unreadable: list[tuple[MalformedOrderError, object]]
) -> None:
    for position, selection in enumerate(selections):
        if selection in known or _OF_ANOTHER_KIND.fullmatch(selection) is not None:
            continue
        if not any(_may_be_named(entry, selection) for _, entry in unreadable):
            raise SelectionError(position)


def check_says_whether_live(order: SelectedOrder) -> None:
    """Check the elements that say whether an order is live.

    Raises:
        MalformedOrderError: one of them has the wrong JSON type.
    """
    _check_elements(order, _WHETHER_LIVE)


def check_can_be_classified(order: SelectedOrder) -> None:
    """Check the elements that say what is ordered.

    Raises:
        MalformedOrderError: one of them has the wrong JSON type.
    """
    _check_elements(order, _TO_CLASSIFY)
    code, path = order.resource.get("code"), f"{order.path}.code"
    _check_codings(code, path)
    _check_release(code, path, "concept", "an element of R4's code, which has coding and text")


def check_can_be_evaluated(order: SelectedOrder) -> None:
    """Check the elements that say why, for whom and by whom; a reason must not be lost for its form (fact 5).

    Raises:
        MalformedOrderError: one of them has the wrong JSON type.
    """
    _check_elements(order, _TO_EVALUATE)
    _check_items(order, _ITEMS)
    _check_release(order.resource, order.path, "reason", "an element of R4's ServiceRequest, which has reasonCode")


def check_reasons(order: SelectedOrder) -> None:
    """Check the elements that say why alone, of an order that only stands beside others.

    Raises:
        MalformedOrderError: one of them has the wrong JSON type.
    """
    _check_elements(order, _REASONS)
    _check_items(order, {element: _ITEMS[element] for element in _REASONS})
    _check_release(order.resource, order.path, "reason", "an element of R4's ServiceRequest, which has reasonCode")


def _check_release(value: object, path: str, element: str, expected: str) -> None:
    """Check that an element of FHIR R5 is not there: R4 has another in its place, so that it would be passed over."""
    if as_object(value).get(element):
        raise MalformedOrderError(f"{path}.{element}", expected)


def _check_items(order: SelectedOrder, items: dict[str, str]) -> None:
    for element, expected in items.items():
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
    """Check what is read of a CodeableConcept: a code that is sent as a number would be no code to the lists."""
    read = as_object(concept)
    _check_texts(read, ("text",), path)
    stated = read.get("coding")
    if stated is None:
        return
    if not isinstance(stated, list) or not all(isinstance(coding, dict) for coding in stated):
        raise MalformedOrderError(f"{path}.coding", "an array of Coding objects")
    for position, coding in enumerate(stated):
        _check_texts(coding, ("system", "code", "display"), f"{path}.coding[{position}]")


def _check_texts(value: Json, elements: tuple[str, ...], path: str) -> None:
    for element in elements:
        if not isinstance(value.get(element), str | None):
            raise MalformedOrderError(f"{path}.{element}", "text")
