"""What else of the patient's stands among a call's drafts: a referral may be drafted already."""

from cds_service.fhir.orders import SelectedOrder, is_live, selected_orders
from cds_service.fhir.reading import HookContext, Selection
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json, MalformedOrderError
from cds_service.fhir.whose import Whose, whose_order


def drafts_beside(context: HookContext, selection: Selection) -> tuple[Json, ...]:
    """This patient's live ServiceRequests among the drafts, selected or not, but for the scans that are asked about.

    Args:
        context: the call.
        selection: its MSK imaging orders.
    """
    scans = {id(order.resource) for order, _ in selection.orders}
    others = [order for order in selected_orders(context.draft_orders, None) if id(order.resource) not in scans]
    if not others:
        return ()
    index = ResourceIndex(context.prefetch, context.draft_orders, context.fhir_server)
    return tuple(
        order.resource
        for order in others
        if _is_surely_live(order) and whose_order(order.resource, context.patient_id, index) is Whose.THIS_PATIENT
    )


def _is_surely_live(order: SelectedOrder) -> bool:
    """A draft of which nobody can say whether it is live takes the place of nothing."""
    try:
        return is_live(order)
    except MalformedOrderError:
        return False
