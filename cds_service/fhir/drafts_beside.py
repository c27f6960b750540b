"""What else is ordered in a call beside the scans in scope: it may carry a red flag, or be the referral already."""

from typing import NamedTuple

from cds_service.fhir.orders import (
    SelectedOrder,
    check_reasons,
    is_draft,
    is_live,
    selected_orders,
    unreadable_drafts,
)
from cds_service.fhir.reasons import read_reasons
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import MalformedOrderError
from cds_service.fhir.whose import Whose, whose_order
from cds_service.pathway.facts import Indication
from cds_service.terminology.value_sets import Terminology


class DraftBeside(NamedTuple):
    """A ServiceRequest of the call, selected or not, that is no scan in scope.

    Attributes:
        order: the ServiceRequest.
        whose: whether it is for the call's patient.
        indications: the groups of its coded reasons.
        condition_unread: whether it refers to a Condition that could not be read.
    """

    order: SelectedOrder
    whose: Whose
    indications: frozenset[Indication]
    condition_unread: bool = False

    @property
    def is_the_patients_draft(self) -> bool:
        """Whether it is for certain a draft for the call's patient, and not an order that something be left undone."""
        is_to_be_done = not self.order.resource.get("doNotPerform")
        return self.whose is Whose.THIS_PATIENT and is_draft(self.order) and is_to_be_done


class Beside(NamedTuple):
    """What stands beside the scans of a call.

    Attributes:
        drafts: the live ServiceRequests.
        some_unreadable: whether one of them has reasons of another form than FHIR's, or a draft is no resource of one
            type, so that it may carry any reason.
    """

    drafts: list[DraftBeside]
    some_unreadable: bool = False


def drafts_beside(
    scans: list[SelectedOrder], patient_id: str, index: ResourceIndex, terminology: Terminology
) -> Beside:
    """The live ServiceRequests of a call, but for the scans that it asks about, and whether more may be there.

    One that does not say in a form that can be read whether it is live counts: it may carry a red flag.

    Args:
        scans: these scans.
        patient_id: `context.patientId`.
        index: the resources of the call.
        terminology: what codes mean.
    """
    asked_about = {id(scan.resource) for scan in scans}
    found = Beside([], some_unreadable=bool(unreadable_drafts(index.draft_orders, None)))
    for order in selected_orders(index.draft_orders, None):
        if id(order.resource) in asked_about or not is_live(order):
            continue
        reasons = read_reasons(order.resource, index, terminology)
        whose = whose_order(order.resource, patient_id, index)
        found.drafts.append(DraftBeside(order, whose, reasons.indications, reasons.condition_unread))
        if not _has_readable_reasons(order):
            found = found._replace(some_unreadable=True)
    return found


def _has_readable_reasons(order: SelectedOrder) -> bool:
    try:
        check_reasons(order)
    except MalformedOrderError:
        return False
    return True
