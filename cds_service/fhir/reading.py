"""From a hook call to facts: one pass over the selected orders and what came with them.

An order that is not an MSK MRI or ultrasound leaves at the first fork, before any prefetch is looked at.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from cds_service.directory.model import Directory, Organisation
from cds_service.fhir.oncology import OncologyStatus, read_oncology
from cds_service.fhir.orders import SelectedOrder, is_live, selected_orders
from cds_service.fhir.patient import find_patient, read_age, read_registered_practice
from cds_service.fhir.procedure import Procedure, order_label, read_procedure
from cds_service.fhir.reasons import Reasons, read_reasons
from cds_service.fhir.requester import Requester, RequesterReader
from cds_service.fhir.resources import ResourceIndex, same_patient
from cds_service.fhir.shapes import Json, as_object, objects
from cds_service.pathway.facts import OUTSIDE, UNRESOLVED, Facts, Oncology, RegionId
from cds_service.terminology.value_sets import Terminology


class HookContext(NamedTuple):
    """What a hook call brings, as parsed.

    Attributes:
        user_id: `context.userId`, for example `Practitioner/abc`.
        patient_id: `context.patientId`.
        encounter_id: `context.encounterId`, when sent.
        draft_orders: `context.draftOrders`.
        selections: `context.selections`; None on order-sign, where every draft counts.
        prefetch: the prefetch object; empty when none was sent.
        fhir_server: the client's FHIR base URL, when sent.
        default_region: the client's default region, the last resort of fact 4.
    """

    user_id: str
    patient_id: str
    encounter_id: str | None
    draft_orders: Json
    selections: Sequence[str] | None
    prefetch: Json
    fhir_server: str | None = None
    default_region: RegionId | None = None


class ReadOrder(NamedTuple):
    """One order as read: its facts, and what a card or the log needs beside them.

    Attributes:
        order: the ServiceRequest and its place.
        procedure: how it was classified.
        facts: what the rules read.
        label: what a card calls it; may hold words of the call.
        reasons: the coded reasons as sent.
        requester: who asks.
        home: the patient's registered practice where listed, else None.
    """

    order: SelectedOrder
    procedure: Procedure
    facts: Facts
    label: str
    reasons: Reasons
    requester: Requester
    home: Organisation | None


class OrderReader:
    """Reads calls with one deployment's directory and terminology."""

    def __init__(self, directory: Directory, terminology: Terminology) -> None:
        self._directory = directory
        self._terminology = terminology

    def read(self, context: HookContext, today: date) -> list[ReadOrder]:
        """The MSK imaging orders of a call with their facts; others are left out.

        Args:
            context: the call.
            today: the date in Europe/London.

        Raises:
            SelectionError: a selected ServiceRequest is not in the draft bundle.
            MalformedOrderError: a selected ServiceRequest cannot be read.
        """
        in_scope = [
            (order, procedure)
            for order in selected_orders(context.draft_orders, context.selections)
            if is_live(order.resource)
            and (procedure := read_procedure(order.resource, self._terminology, self._directory)).in_scope
        ]
        if not in_scope:
            return []
        call = _CallReader(context, self._directory, self._terminology, today)
        return [call.read(order, procedure) for order, procedure in in_scope]


class _CallReader:
    """What the orders of one call share: resources, patient, cancer history, user."""

    def __init__(self, context: HookContext, directory: Directory, terminology: Terminology, today: date) -> None:
        self._context = context
        self._terminology = terminology
        self._index = ResourceIndex(context.prefetch, context.draft_orders, context.fhir_server)
        self._requesters = RequesterReader(self._index, directory, terminology, today)
        patient = find_patient(context.patient_id, self._index)
        self._age = read_age(patient, today)
        self._home = read_registered_practice(patient, self._index, directory)
        self._oncology = read_oncology(context.prefetch, context.patient_id, self._index, terminology)

    def read(self, order: SelectedOrder, procedure: Procedure) -> ReadOrder:
        resource = order.resource
        requester = self._requesters.read(resource, self._context.user_id, self._context.encounter_id)
        reasons = read_reasons(resource, self._index, self._terminology)
        is_theirs = same_patient(resource.get("subject"), self._context.patient_id, self._index)
        age = self._age if is_theirs else None
        home = self._home if is_theirs else None
        oncology = self._oncology if is_theirs else _ANOTHER_PATIENT
        region, region_evidence = self._region(requester, home)
        facts = Facts(
            modality=procedure.modality,
            body_region=procedure.body_region,
            known_by=procedure.known_by,
            region=region,
            setting=requester.setting,
            fcp_listing=requester.fcp_listing,
            indications=reasons.indications,
            oncology=oncology.value,
            age=age,
            patient_region=_region_of(home) if home is not None else None,
            specialist_request=self._asked_for_by_a_specialist(resource),
            evidence={
                "modality": procedure.evidence,
                "body_region": procedure.evidence,
                "known_by": procedure.evidence,
                "region": region_evidence,
                "setting": requester.setting_source,
                "fcp_listing": "fcp-register.csv",
                "indications": reasons.evidence,
                "oncology": oncology.evidence,
                "age": "Patient.birthDate" if age is not None else "no birth date that settles it",
                "patient_region": "patient's registered practice",
                "specialist_request": "basedOn",
            },
        )
        label = order_label(resource, procedure)
        return ReadOrder(order, procedure, facts, label, reasons, requester, home)

    def _region(self, requester: Requester, home: Organisation | None) -> tuple[RegionId, str]:
        """Fact 4: requester's organisation, else the patient's practice, else the client's default."""
        regions = {_region_of(organisation) for organisation in requester.organisations}
        if len(regions) == 1:
            return regions.pop(), "requester's organisation"
        if home is not None:
            return _region_of(home), "patient's registered practice"
        if not requester.organisation_sent and self._context.default_region is not None:
            return self._context.default_region, "client's default"
        return UNRESOLVED, "nothing places the order"

    def _asked_for_by_a_specialist(self, resource: Json) -> bool:
        requests = [as_object(self._index.find(ref, holder=resource)) for ref in objects(resource.get("basedOn"))]
        return any(
            request.get("resourceType") == "ServiceRequest"
            and _was_made(request)
            and self._requesters.works_for_a_specialist_service(request)
            for request in requests
        )


_ANOTHER_PATIENT = OncologyStatus(Oncology.UNKNOWN, "the order names another patient")


def _was_made(request: Json) -> bool:
    """Whether a request that an order rests on was really made: a completed one still was."""
    return request.get("status") not in {"revoked", "entered-in-error"} and request.get("doNotPerform") is not True


def _region_of(organisation: Organisation) -> RegionId:
    return RegionId(organisation.region) if organisation.region is not None else OUTSIDE
