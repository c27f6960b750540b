"""From a hook call to facts: one pass over the selected orders and what came with them.

An order that is not an MSK MRI or ultrasound leaves at the first fork, before any prefetch is looked at.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from cds_service.directory.model import Directory
from cds_service.fhir.drafts_beside import Beside, drafts_beside
from cds_service.fhir.oncology import OncologyStatus, read_oncology
from cds_service.fhir.orders import (
    SelectedOrder,
    check_can_be_classified,
    check_can_be_evaluated,
    check_says_whether_live,
    is_live,
    selected_orders,
    unreadable_drafts,
)
from cds_service.fhir.organisations import region_of
from cds_service.fhir.patient import Home, find_patient, read_age, read_home
from cds_service.fhir.priority import Priority, read_priority
from cds_service.fhir.problem_list import holds_an_emergency, read_problems
from cds_service.fhir.procedure import Coding, Procedure, order_label, read_procedure, unknown_codes
from cds_service.fhir.reasons import Reasons, read_reasons
from cds_service.fhir.requester import Requester, RequesterReader
from cds_service.fhir.resources import ResourceIndex, same_patient
from cds_service.fhir.shapes import Json, MalformedOrderError, as_object, as_text, objects
from cds_service.fhir.whose import Whose, whose_order
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
        home: the area of the patient's registered practice.
        whose: whether it is for the call's patient, for another, or nobody can tell.
        priority: how soon the requester wants it.
        emergency_problem: whether the problem list of what may be its patient holds CES or cord compression.
    """

    order: SelectedOrder
    procedure: Procedure
    facts: Facts
    label: str
    reasons: Reasons
    requester: Requester
    home: Home
    whose: Whose
    priority: Priority
    emergency_problem: bool

    @property
    def may_be_for_this_patient(self) -> bool:
        """Whether nothing says that the order is another patient's."""
        return self.whose is not Whose.ANOTHER_PATIENT


class Selection(NamedTuple):
    """What the selected orders of a call are.

    Attributes:
        orders: the live MSK imaging orders, each with its classification.
        malformed: those that cannot be read, and the drafts that may be such and are no resource of one type.
        unknown_procedures: the codes, as sent, of each live order of whose codes no list knows any; it may be for
            anything, imaging or not, and may be in scope by its text.
    """

    orders: list[tuple[SelectedOrder, Procedure]]
    malformed: list[MalformedOrderError]
    unknown_procedures: list[Coding]


class ReadCall(NamedTuple):
    """What a call asks about, and what else it orders.

    Attributes:
        orders: the selected orders in scope.
        beside: the other ServiceRequests among its drafts, and whether anything there could not be read.
    """

    orders: list[ReadOrder]
    beside: Beside


class OrderReader:
    """Reads calls with one deployment's directory and terminology."""

    def __init__(self, directory: Directory, terminology: Terminology) -> None:
        self._directory = directory
        self._terminology = terminology

    def select(self, context: HookContext) -> Selection:
        """The orders of a call that are in scope; nothing but the draft bundle is looked at.

        Args:
            context: the call.

        Raises:
            SelectionError: a selected ServiceRequest is not in the draft bundle.
            MalformedOrderError: the draft bundle's `entry` is not an array.
        """
        found = Selection([], [], [])
        for order in selected_orders(context.draft_orders, context.selections):
            try:
                self._sort(order, found)
            except MalformedOrderError as error:
                found.malformed.append(error)
        found.malformed.extend(unreadable_drafts(context.draft_orders, context.selections))
        return found

    def read_selected(self, context: HookContext, selection: Selection, today: date) -> ReadCall:
        """The facts of selected orders, and what stands beside them.

        Args:
            context: the call, its prefetch as sent or completed since.
            selection: what `select` gave for this call.
            today: the date in Europe/London.
        """
        if not selection.orders:
            return ReadCall([], Beside([]))
        call = _CallReader(context, self._directory, self._terminology, today)
        orders = [call.read(order, procedure) for order, procedure in selection.orders]
        return ReadCall(orders, call.read_beside([order for order, _ in selection.orders]))

    def _sort(self, order: SelectedOrder, found: Selection) -> None:
        """Put an order, when it is live, where it belongs.

        Raises:
            MalformedOrderError: it cannot be told whether it is a live MSK imaging order, or it is one and cannot be
                read.
        """
        check_says_whether_live(order)
        if not is_live(order):
            return
        check_can_be_classified(order)
        procedure = read_procedure(order.resource, self._terminology, self._directory)
        found.unknown_procedures.extend(unknown_codes(order.resource, procedure, self._terminology, self._directory))
        if procedure.in_scope:
            check_can_be_evaluated(order)
            found.orders.append((order, procedure))


class _CallReader:
    """What the orders of one call share: resources, patient, cancer history, user."""

    def __init__(self, context: HookContext, directory: Directory, terminology: Terminology, today: date) -> None:
        self._context = context
        self._terminology = terminology
        self._index = ResourceIndex(context.prefetch, context.draft_orders, context.fhir_server)
        self._requesters = RequesterReader(self._index, directory, terminology, today)
        patient = find_patient(context.patient_id, self._index)
        self._age = read_age(patient, today)
        self._home = read_home(patient, self._index, directory)
        problems = read_problems(self._index, terminology)
        self._oncology = read_oncology(context.patient_id, problems, self._index, terminology)
        self._emergency_problem = holds_an_emergency(problems, context.patient_id, self._index)

    def read(self, order: SelectedOrder, procedure: Procedure) -> ReadOrder:
        resource = order.resource
        requester = self._requesters.read(resource, self._context.user_id, self._context.encounter_id)
        reasons = read_reasons(resource, self._index, self._terminology)
        whose = whose_order(resource, self._context.patient_id, self._index)
        is_theirs = whose is Whose.THIS_PATIENT
        age = self._age if is_theirs else None
        home = self._home if is_theirs else _NO_HOME
        oncology = self._oncology_for(whose)
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
            patient_region=home.region,
            specialist_request=is_theirs and self._asked_for_by_a_specialist(resource),
            evidence={
                "modality": procedure.evidence,
                "body_region": procedure.evidence,
                "known_by": procedure.evidence,
                "region": region_evidence,
                "setting": requester.setting_source,
                "indications": reasons.evidence,
                "oncology": oncology.evidence,
                "age": "Patient.birthDate" if age is not None else "no birth date that settles it",
                **_EVIDENCE_OF_THE_REST,
            },
        )
        return ReadOrder(
            order=order,
            procedure=procedure,
            facts=facts,
            label=order_label(resource, procedure),
            reasons=reasons,
            requester=requester,
            home=home,
            whose=whose,
            priority=read_priority(resource),
            emergency_problem=self._emergency_problem and whose is not Whose.ANOTHER_PATIENT,
        )

    def read_beside(self, scans: list[SelectedOrder]) -> Beside:
        return drafts_beside(scans, self._context.patient_id, self._index, self._terminology)

    def _oncology_for(self, whose: Whose) -> OncologyStatus:
        """The patient's history of cancer; where nobody can tell whose the order is, it raises a concern or nothing."""
        if whose is Whose.ANOTHER_PATIENT:
            return _ANOTHER_PATIENT
        if whose is Whose.UNTOLD and self._oncology.value is Oncology.NONE:
            return _UNTOLD_PATIENT
        return self._oncology

    def _region(self, requester: Requester, home: Home) -> tuple[RegionId, str]:
        """Fact 4: requester's organisation, else the patient's practice, else the client's default.

        A requester who is placed only in part may still be in a footprint; that is no reason to be outside them all.
        """
        regions = {region_of(organisation) for organisation in requester.organisations}
        if not requester.every_organisation_listed:
            regions.discard(OUTSIDE)
        if len(regions) == 1:
            return regions.pop(), "requester's organisation"
        if home.region is not None:
            return home.region, "patient's registered practice"
        nothing_sent = not requester.organisation_sent and not home.sent
        if nothing_sent and self._context.default_region is not None:
            return self._context.default_region, "client's default"
        return UNRESOLVED, "nothing places the order"

    def _asked_for_by_a_specialist(self, resource: Json) -> bool:
        requests = [as_object(self._index.find(ref, holder=resource)) for ref in objects(resource.get("basedOn"))]
        return any(
            request.get("resourceType") == "ServiceRequest"
            and _was_made(request)
            and same_patient(request.get("subject"), self._context.patient_id, self._index)
            and self._requesters.works_for_a_specialist_service(request)
            for request in requests
        )


_ANOTHER_PATIENT = OncologyStatus(Oncology.UNKNOWN, "the order names another patient")
_UNTOLD_PATIENT = OncologyStatus(Oncology.UNKNOWN, "the order does not say in a known form whose it is")
_EVIDENCE_OF_THE_REST = {
    "fcp_listing": "fcp-register.csv",
    "patient_region": "patient's registered practice",
    "specialist_request": "basedOn",
}
"""Facts that come from one place, whatever they say."""

_NO_HOME = Home(sent=False)


def _was_made(request: Json) -> bool:
    """Whether a request that an order rests on was really made: a draft was not, a completed one was."""
    return as_text(request.get("status")) in {"active", "on-hold", "completed"} and not request.get("doNotPerform")
