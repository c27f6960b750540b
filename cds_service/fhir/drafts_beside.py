"""What else is ordered in a call beside the scans in scope: it may carry a red flag, or be the referral already."""

from typing import NamedTuple

from cds_service.fhir.orders import SelectedOrder, is_draft, is_live, selected_orders
from cds_service.fhir.reasons import read_reasons
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.whose import Whose, whose_order
from cds_service.pathway.facts import Indication
from cds_service.terminology.value_sets import Terminology


class DraftBeside(NamedTuple):
    """A ServiceRequest of the call, selected or not, that is no scan in scope.

    Attributes:
        order: the ServiceRequest.
        whose: whether it is for the call's patient.
        indications: the groups of its coded reasons.
    """

    order: SelectedOrder
    whose: Whose
    indications: frozenset[Indication]

    @property
    def is_the_patients_draft(self) -> bool:
        """Whether it is for certain a draft for the call's patient, and not an order that something be left undone."""
        is_to_be_done = not self.order.resource.get("doNotPerform")
        return self.whose is Whose.THIS_PATIENT and is_draft(self.order) and is_to_be_done


def drafts_beside(
    scans: list[SelectedOrder], patient_id: str, index: ResourceIndex, terminology: Terminology
) -> list[DraftBeside]:
    """The live ServiceRequests of a call, but for the scans that it asks about.

    One that does not say in a form that can be read whether it is live counts: it may carry a red flag.

    Args:
        scans: these scans.
        patient_id: `context.patientId`.
        index: the resources of the call.
        terminology: what codes mean.
    """
    asked_about = {id(scan.resource) for scan in scans}
    return [
        DraftBeside(
            order,
            whose_order(order.resource, patient_id, index),
            read_reasons(order.resource, index, terminology).indications,
        )
        for order in selected_orders(index.draft_orders, None)
        if id(order.resource) not in asked_about and is_live(order)
    ]
