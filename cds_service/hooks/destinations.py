"""Where an order's patient is sent: the service of their practice, and in an emergency one where they are."""

from cds_service.cards.order import DestinationFinder
from cds_service.directory.model import Destination, Directory
from cds_service.fhir.reading import ReadOrder
from cds_service.security.clients import Client

EMERGENCY_KINDS = frozenset({"ces", "mscc"})
"""Destinations that are the requester's own area's first: an emergency is seen where the patient is."""


def destination_finder(order: ReadOrder, client: Client, directory: Directory) -> DestinationFinder:
    """A11: the destination is that of the patient's registered practice, else of the requester's.

    A11 gives as its reason that community services accept by registered practice. An emergency is seen where the
    patient is: there the requester's area comes first, and the patient's where it has none. A client reads no
    destination of a footprint that it is not bound to: its card then proposes none, rather than another area's.
    """
    organisations = order.requester.organisations
    areas = {(organisation.region, organisation.borough) for organisation in organisations}
    requester_is_placed = {region for region, _ in areas} == {order.facts.region}
    own = areas.pop() if len(areas) == 1 else (order.facts.region, None)
    home = order.home
    area = (home.region, home.borough) if home.region is not None else own
    usual = [area] if area[0] is None or client.may_act_in(area[0]) else []
    emergency = [own, *usual] if requester_is_placed else [*usual, own]

    def find(kind: str) -> Destination | None:
        for place in emergency if kind in EMERGENCY_KINDS else usual:
            found = directory.destination(*place, kind)
            if found is not None:
                return found
        return None

    return find
