"""The places of a hook call that `pathways explain` names: of each fact, of each known code, of what was left out."""

from collections.abc import Iterator

from cds_service.cards.words import EVIDENCE_WORDS
from cds_service.fhir.orders import is_live, selected_orders
from cds_service.fhir.reading import ReadOrder
from cds_service.fhir.shapes import as_object, codings, objects
from cds_service.hooks.answers import Call
from cds_service.terminology.value_sets import Terminology

_ELEMENT = {"modality": "code", "body_region": "code", "known_by": "code", "specialist_request": "basedOn"}
"""The element of the order that a fact is read from."""

_REQUESTER = {
    "requester-role": "requester",
    "requester-roles": "requester",
    "requester-organisation": "requester",
}
"""For evidence of the setting, the element of the order that names it; other evidence stands outside the order."""

_OF_THE_CALL = {"user-role": "context.userId", "encounter": "context.encounterId"}


def came_from(name: str, read: ReadOrder) -> str:
    """Where a fact came from: the path in the call, then what was found there, as far as the facts keep it."""
    path, evidence = read.order.path, read.facts.evidence.get(name)
    if name == "live":
        return f" (from {path}.status)"
    if evidence is None:
        return ""
    if name == "setting":
        words = EVIDENCE_WORDS.get(evidence, evidence)
        place = f"{path}.{_REQUESTER[evidence]}" if evidence in _REQUESTER else _OF_THE_CALL.get(evidence)
        return f" (from {place}: {words})" if place else f" ({words})"
    if name == "indications":
        sent = [element for element in ("reasonCode", "reasonReference") if read.order.resource.get(element)]
        return f" (from {', '.join(f'{path}.{element}' for element in sent)})" if sent else f" ({evidence})"
    if name == "specialist_request":
        return f" (from {path}.basedOn)" if read.order.resource.get("basedOn") else " (nothing in basedOn)"
    return f" (from {path}.{_ELEMENT[name]}: {evidence})" if name in _ELEMENT else f" ({evidence})"


def known_codes(read: ReadOrder, terminology: Terminology) -> Iterator[str]:
    """The codes of an order that the lists know, with place and list; any other may hold what nobody should see."""
    resource, path = read.order.resource, read.order.path
    concepts = [(f"{path}.code", as_object(resource.get("code")))]
    concepts += [
        (f"{path}.reasonCode[{position}]", concept)
        for position, concept in enumerate(objects(resource.get("reasonCode")))
    ]
    for place, concept in concepts:
        for system, code in codings(concept):
            groups = ", ".join(sorted(terminology.groups(system, code)))
            if groups:
                yield f"code      {code.strip()} at {place}: in {groups}"


def left_out(call: Call) -> Iterator[str]:
    """Each draft that was not held against a pathway: its place, and why; nothing of what it says."""
    context = call.context
    selected = {order.path: order for order in selected_orders(context.draft_orders, context.selections)}
    evaluated = {order.path for order, _ in call.selection.orders}
    for position, entry in enumerate(context.draft_orders.get("entry", [])):
        path = f"context.draftOrders.entry[{position}].resource"
        if path in evaluated:
            continue
        broken = [error for error in call.selection.malformed if error.path.startswith(f"{path}.")]
        if broken:
            why = f"cannot be read: {broken[0].path} is not {broken[0].expected}"
        elif as_object(as_object(entry).get("resource")).get("resourceType") != "ServiceRequest":
            why = "not a ServiceRequest"
        elif path not in selected:
            why = "not selected"
        else:
            why = "no MSK MRI or ultrasound" if is_live(selected[path]) else "not live, by its status or doNotPerform"
        yield f"{path}: {why}"
