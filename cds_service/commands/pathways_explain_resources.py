"""Where the resources of a hook call stand, and which of them carried a fact, for `pathways explain`.

What a resource says is never told: places, and what kind of thing lies there.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from cds_service.fhir.oncology import ONCOLOGY_PREFETCH, PATIENT_IN_ANOTHER_FORM, read_oncology
from cds_service.fhir.orders import SelectedOrder
from cds_service.fhir.patient import find_patient
from cds_service.fhir.practitioner_roles import PractitionerRoles
from cds_service.fhir.problem_list import read_problems
from cds_service.fhir.reading import HookContext
from cds_service.fhir.reasons import is_not_true
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json, as_object, codings
from cds_service.hooks.discovery import PREFETCH
from cds_service.pathway.facts import Oncology
from cds_service.terminology.value_sets import Terminology

Placed = tuple[str, Json]
"""A part of a call with its place: `prefetch.conditions.entry[2].resource.code`."""

_TO_THE_ORGANISATION = {
    "PractitionerRole": "organization",
    "Encounter": "serviceProvider",
    "Organization": "identifier",
}
_TO_THE_PERSON = {"PractitionerRole": "practitioner", "Practitioner": "identifier"}
"""The element by which a resource leads on, up to the identifier of whom or what is looked for."""

_STARTS = ("requester", "user-role", "encounter")
_START_OF = {
    "requester-role": ("requester",),
    "requester-roles": ("requester",),
    "requester-organisation": ("requester",),
    "user-role": ("user-role",),
    "encounter": ("encounter",),
    "none": (),
}
"""For evidence of the setting, where the way to it begins; evidence that disagrees begins at each."""

_MOST_STEPS = 3

_OF_CARE = {
    "Condition": ("code",),
    "EpisodeOfCare": ("type",),
    "CareTeam": ("category", "participant.role"),
    "Encounter": ("serviceType", "type"),
}
"""The elements of a resource that say of cancer, or of its care (`cds_service/fhir/oncology.py`)."""

_UNREAD = {"Condition": "code", "EpisodeOfCare": "type", "CareTeam": "category"}
"""The element in which a resource should have said what it is of."""

_PATIENT_OF = {"Condition": "subject", "EpisodeOfCare": "patient", "CareTeam": "subject", "Encounter": "subject"}


class CallResources:
    """The resources of one call, each with its place.

    Args:
        context: the call as parsed.
        terminology: the value sets.
        today: the date in Europe/London.
    """

    def __init__(self, context: HookContext, terminology: Terminology, today: date) -> None:
        self._context = context
        self._terminology = terminology
        self._index = ResourceIndex(context.prefetch, context.draft_orders, context.fhir_server)
        self._roles = PractitionerRoles(self._index, today)
        problems = read_problems(self._index, terminology)
        self._oncology = read_oncology(context.patient_id, problems, self._index, terminology)
        self._places = dict(_placed(context))

    def reasons(self, order: SelectedOrder) -> list[Placed]:
        """The concepts of an order's reasons: its own, and those of the Conditions that it refers to and that count."""
        own = list(_concepts(f"{order.path}.reasonCode", order.resource.get("reasonCode")))
        behind = [
            (f"{place}.code", as_object(condition.get("code")))
            for _, found in self._referred(order, "reasonReference")
            for place, condition in found
            if condition.get("resourceType") == "Condition" and not is_not_true(condition)
        ]
        return own + behind

    def reasons_in_words(self, order: SelectedOrder) -> Iterator[str]:
        """The place of each reason; of a reference also what it leads to, and why that does not count."""
        for place, _ in _concepts(f"{order.path}.reasonCode", order.resource.get("reasonCode")):
            yield place
        for reference, found in self._referred(order, "reasonReference"):
            if not found:
                yield f"{reference} -> nothing that came with the call"
            for place, condition in found:
                if condition.get("resourceType") != "Condition":
                    yield f"{reference} -> {place}, which is no Condition"
                elif is_not_true(condition):
                    yield f"{reference} -> {place}.verificationStatus, refuted or entered in error: it does not count"
                else:
                    yield f"{reference} -> {place}.code"

    def cancer(self) -> list[Placed]:
        """The concepts on which what is known of cancer rests: of problems, and of care by an oncology service."""
        return [
            (place, concept)
            for resource in self._oncology.shown_by
            for element in _OF_CARE[resource["resourceType"]]
            for place, concept in _below(self._places[id(resource)], resource, element)
            if any(self._terminology.groups(*coding) for coding in codings(concept))
        ]

    def cancer_in_words(self) -> Iterator[str]:
        """The places on which what is known of cancer rests; where nothing was found, of what was asked."""
        shown_by = self._oncology.shown_by
        if self._oncology.value in {Oncology.NONE, Oncology.UNKNOWN}:
            elements = _PATIENT_OF if self._oncology.evidence == PATIENT_IN_ANOTHER_FORM else _UNREAD
            yield from (f"{self._places[id(one)]}.{elements[one['resourceType']]}" for one in shown_by)
            unanswered = [key for key in ONCOLOGY_PREFETCH if not self._index.answered(key)]
            if not shown_by:
                yield from (f"prefetch.{key}" for key in unanswered or ONCOLOGY_PREFETCH)
            return
        yield from (place for place, _ in self.cancer())
        if self._oncology.value is not Oncology.UNDER_CARE:
            yield from (
                f"{self._places[id(problem)]}.clinicalStatus" for problem in shown_by if "clinicalStatus" in problem
            )

    def patient(self, *elements: str) -> Iterator[str]:
        """The places of elements of the call's Patient that were sent."""
        patient = find_patient(self._context.patient_id, self._index)
        if patient is not None:
            yield from (f"{self._places[id(patient)]}.{element}" for element in elements if patient.get(element))

    def specialist_requests(self, order: SelectedOrder) -> Iterator[str]:
        """The requests that an order rests on, to who made each."""
        for reference, found in self._referred(order, "basedOn"):
            yield from [f"{reference} -> {place}.requester" for place, _ in found] or [
                f"{reference} -> nothing that came with the call"
            ]

    def organisations(self, order: SelectedOrder, evidence: str) -> Iterator[str]:
        """The ways from an order, or the call, to the organisations that the evidence of a setting rests on."""
        for start in _START_OF.get(evidence, _STARTS):
            yield from self._ways(order, start, _TO_THE_ORGANISATION)

    def first_organisations(self, order: SelectedOrder, evidence: str) -> list[str]:
        """The same ways, where the evidence disagrees those of the first alone: a region rests on it."""
        each = (list(self._ways(order, one, _TO_THE_ORGANISATION)) for one in _START_OF.get(evidence, _STARTS))
        return next(filter(None, each), [])

    def requester(self, order: SelectedOrder) -> Iterator[str]:
        """The way from an order, or the call, to the identifiers of who asks."""
        yield from self._ways(order, "requester" if order.resource.get("requester") else "user-role", _TO_THE_PERSON)

    def _ways(self, order: SelectedOrder, start: str, through: Mapping[str, str]) -> Iterator[str]:
        begins: dict[str, list[tuple[str, object]]] = {
            "requester": [(f"{order.path}.requester", order.resource.get("requester"))],
            "user-role": [("context.userId", {"reference": self._context.user_id})],
            "encounter": [(f"{order.path}.encounter", order.resource.get("encounter"))],
        }
        if start == "encounter" and self._context.encounter_id:
            of_call = {"reference": f"Encounter/{self._context.encounter_id}"}
            begins[start].insert(0, ("context.encounterId", of_call))
        for place, reference in begins[start]:
            if reference:
                ways = self._followed(as_object(reference), order.resource, through)
                yield from (f"{place} -> {way}" for way in ways) if ways else (place,)

    def _followed(
        self, reference: Json, holder: Json, through: Mapping[str, str], steps: int = _MOST_STEPS
    ) -> list[str]:
        """Each way on from a reference through the resources of the call."""
        found = self._index.find_all(reference, holder=holder)
        if through is _TO_THE_ORGANISATION and not any(one.get("resourceType") in through for one in found):
            found = list(self._roles_of(reference, holder))
        ways = []
        for resource in found:
            place, element = self._places[id(resource)], through.get(str(resource.get("resourceType")))
            if element is not None:
                leads = as_object(resource.get(element))
                onward = self._followed(leads, resource, through, steps - 1) if leads and steps else []
                ways += [f"{place}.{element} -> {way}" for way in onward] or [f"{place}.{element}"]
        return ways

    def _roles_of(self, reference: Json, holder: Json) -> tuple[Json, ...]:
        """The roles of the Practitioner that a reference names."""
        identity = self._roles.practitioner_identity(reference)
        return self._roles.roles_of(identity, self._roles.identifiers(reference, holder))

    def _referred(self, order: SelectedOrder, element: str) -> Iterator[tuple[str, list[Placed]]]:
        """Each reference of an element, with the resources that it finds."""
        for position, reference in _items(order.resource.get(element)):
            find = self._index.find_meant if element == "reasonReference" else self._index.find_all
            found = find(reference, holder=order.resource)
            yield f"{order.path}.{element}[{position}]", [(self._places[id(one)], one) for one in found]


def _placed(context: HookContext) -> Iterator[tuple[int, str]]:
    """Each resource of a call by its identity in memory, with its place; what is contained stands in its container."""
    yield from _of_entries("context.draftOrders", context.draft_orders)
    for key, value in context.prefetch.items():
        # Another key is whatever the EHR calls it, and may say something of the patient.
        place = f"prefetch.{key}" if key in PREFETCH else "prefetch.(a key that was not asked for)"
        yield from _with_contained(place, value)
        yield from _of_entries(place, as_object(value))


def _of_entries(place: str, bundle: Json) -> Iterator[tuple[int, str]]:
    for position, entry in _items(bundle.get("entry")):
        yield from _with_contained(f"{place}.entry[{position}].resource", entry.get("resource"))


def _with_contained(place: str, resource: object) -> Iterator[tuple[int, str]]:
    if isinstance(resource, dict):
        yield id(resource), place
        yield from (
            (id(contained), f"{place}.contained[{position}]")
            for position, contained in _items(resource.get("contained"))
        )


def _items(value: object) -> Iterator[tuple[int, Json]]:
    """The objects of an array, each with its position there."""
    if isinstance(value, list):
        yield from ((position, item) for position, item in enumerate(value) if isinstance(item, dict))


def _concepts(place: str, value: object) -> Iterator[Placed]:
    """A CodeableConcept, or each of a list of them, with its place."""
    if isinstance(value, dict):
        yield place, value
    for position, concept in _items(value):
        yield f"{place}[{position}]", concept


def _below(place: str, resource: Json, element: str) -> Iterator[Placed]:
    """The concepts of an element, which may stand below another (`participant.role`)."""
    first, _, rest = element.partition(".")
    for inner, value in _concepts(f"{place}.{first}", resource.get(first)):
        yield from _below(inner, value, rest) if rest else ((inner, value),)
