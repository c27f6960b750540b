"""The places of a hook call that `pathways explain` names: of each fact, of each known code, of what was left out."""

from collections.abc import Iterable, Iterator

from cds_service.cards.words import EVIDENCE_WORDS
from cds_service.commands.pathways_explain_resources import CallResources
from cds_service.fhir.orders import is_live, selected_orders
from cds_service.fhir.reading import ReadOrder
from cds_service.fhir.shapes import as_object, codings
from cds_service.hooks.answers import Call
from cds_service.terminology.value_sets import Terminology

_ELEMENT = {"modality": "code", "body_region": "code", "known_by": "code", "live": "status"}
"""The element of the order that a fact is read from."""


def came_from(name: str, read: ReadOrder, resources: CallResources) -> str:
    """Where a fact came from: the places in the call, then what was found there, as far as the facts keep it."""
    evidence = read.facts.evidence.get(name)
    places = "; ".join(dict.fromkeys(_places(name, read, resources)))
    if not places:
        said = _NO_PLACE.get(name) or EVIDENCE_WORDS.get(str(evidence), evidence)
        return f" ({said})" if said is not None else ""
    said = None if name in _SAID_BY_PLACE or evidence is None else EVIDENCE_WORDS.get(evidence, evidence)
    return f" (from {places}{f': {said}' if said else ''})"


_SAID_BY_PLACE = frozenset({"indications", "specialist_request", "age"})
"""Facts whose evidence says no more than their place."""

_NO_PLACE = {"specialist_request": "nothing in basedOn"}


def _places(name: str, read: ReadOrder, resources: CallResources) -> Iterable[str]:
    order = read.order
    match name:
        case "indications":
            return resources.reasons_in_words(order)
        case "oncology" if read.may_be_for_this_patient:
            return resources.cancer_in_words()
        case "age" if read.facts.age is not None:
            return resources.patient("birthDate")
        case "specialist_request":
            return resources.specialist_requests(order)
        case "patient_region" if read.home.sent:
            return resources.patient(*_HOME)
        case "region" | "setting" | "fcp_listing":
            return _places_of_the_requester(name, read, resources)
    return [f"{order.path}.{_ELEMENT[name]}"] if name in _ELEMENT else []


_HOME = ("generalPractitioner", "managingOrganization")


def _places_of_the_requester(name: str, read: ReadOrder, resources: CallResources) -> Iterable[str]:
    """Where who asks, and from where, is told; a region may come from the patient's practice instead."""
    source = read.requester.setting_source
    if name == "fcp_listing":
        return resources.requester(read.order)
    if name == "setting":
        return resources.organisations(read.order, source)
    if read.facts.evidence.get(name) == "patient's registered practice":
        return resources.patient(*_HOME)
    if read.facts.evidence.get(name) == "requester's organisation":
        return resources.first_organisations(read.order, source)
    return []


def known_codes(read: ReadOrder, resources: CallResources, terminology: Terminology) -> Iterator[str]:
    """The codes behind an order that the lists know, with place and list; any other may hold what nobody should see."""
    order = read.order
    concepts = [(f"{order.path}.code", as_object(order.resource.get("code"))), *resources.reasons(order)]
    for place, concept in [*concepts, *(resources.cancer() if read.may_be_for_this_patient else ())]:
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
        broken = [error for error in call.selection.malformed if error.path.startswith(path.removesuffix(".resource"))]
        if broken:
            why = f"cannot be read: {broken[0].path} is not {broken[0].expected}"
        elif as_object(as_object(entry).get("resource")).get("resourceType") != "ServiceRequest":
            why = "not a ServiceRequest"
        elif path not in selected:
            why = "not selected"
        else:
            why = "no MSK MRI or ultrasound" if is_live(selected[path]) else "not live, by its status or doNotPerform"
        yield f"{path}: {why}"
