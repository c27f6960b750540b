"""Small builders of FHIR resources and calls, a tiny directory, and the real terminology.

Everybody is invented: ODS codes start with Z99, and nobody has an NHS number, since the room reads none. Dates are
meant for 21 November 2026.
"""

from datetime import date
from typing import Any, NamedTuple

from cds_service.directory.model import Directory, LocalProcedure, Organisation, RegisterEntry
from cds_service.directory.vocabulary import identifier_key
from cds_service.fhir.organisations import ODS_ORGANISATION, ODS_SITE
from cds_service.fhir.reading import HookContext, OrderReader, ReadOrder
from cds_service.fhir.requester import Requester, RequesterReader
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json, MalformedOrderError
from cds_service.pathway.facts import Facts, RegionId
from cds_service.terminology import load_terminology

TODAY = date(2026, 11, 21)
TERMINOLOGY = load_terminology()

SNOMED = "http://snomed.info/sct"
CATALOGUE = "https://z99-imaging.example/catalogue"
SDS_USER = "https://fhir.nhs.uk/Id/sds-user-id"
SDS_ROLE = "https://fhir.nhs.uk/Id/sds-role-profile-id"
SDS_JOB_ROLE = "https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode"
SERVER = "https://ehr.example/fhir"

MRI_KNEE = "241641004"
MRI_LUMBAR = "394451000119106"
MRI_ANYWHERE = "113091000"
US_ANYWHERE = "16310003"
MRI_BRAIN = "816077007"
KNEE_PAIN = "30989003"
CAUDA_EQUINA = "192970008"
MENISCAL_TEAR = "239720000"
BLOOD_TEST = "26604007"
REFERRAL = "3457005"

PRACTICE = Organisation("Z99101", "Primrose Demo Surgery", "general-practice", "A3A8R", "nel", "Newham", "Z99P11")
NEIGHBOUR = Organisation("Z99102", "Marigold Demo Surgery", "general-practice", "A3A8R", "nel", "Newham", "Z99P12")
URGENT_CARE = Organisation("Z99110", "Demo Urgent Treatment Centre", "urgent-care", "A3A8R", "nel", "Redbridge", None)
COMMUNITY_MSK = Organisation("Z99120", "Newham Demo MSK", "community-msk", "A3A8R", "nel", "Newham", None)
TRUST = Organisation("Z99130", "East Demo Hospitals", "secondary-care", "A3A8R", "nel", "Tower Hamlets", None)
TRUST_CLINIC = Organisation("Z99131", "Demo MSK Clinic", "community-msk", "A3A8R", "nel", "Tower Hamlets", None)
NWL_PRACTICE = Organisation("Z99001", "Larkspur Demo Surgery", "general-practice", "W2U3Z", "nwl", "Brent", None)
EX_NCL_PRACTICE = Organisation("Z99201", "Demo Surgery Camden", "general-practice", "93C", None, "Camden", None)
UNLISTED = "Z99999"

ASSURED_FCP = "999100000101"
EXPIRED_FCP = "999100000102"
PCN_FCP = "999100000103"
FUTURE_FCP = "999100000104"


def _listing(organisation: str, valid_to: date | None = None, valid_from: date = date(2025, 11, 17)) -> RegisterEntry:
    return RegisterEntry(organisation, valid_from, valid_to, spine=True)


DIRECTORY = Directory(
    organisations={
        organisation.ods_code: organisation
        for organisation in (
            *(PRACTICE, NEIGHBOUR, URGENT_CARE, COMMUNITY_MSK, TRUST, TRUST_CLINIC),
            *(NWL_PRACTICE, EX_NCL_PRACTICE),
        )
    },
    fcp_register={
        identifier_key(SDS_USER, ASSURED_FCP): (_listing("Z99101"),),
        identifier_key(SDS_USER, EXPIRED_FCP): (_listing("Z99101", valid_to=date(2026, 6, 30)),),
        identifier_key(SDS_USER, PCN_FCP): (RegisterEntry("Z99P12", date(2025, 11, 17), None, spine=False),),
        identifier_key(SDS_USER, FUTURE_FCP): (_listing("Z99101", valid_from=date(2026, 11, 22)),),
    },
    procedures={
        (CATALOGUE, "MKNEE"): LocalProcedure("mri", "knee", "MRI knee"),
        (CATALOGUE, "MLSP"): LocalProcedure("mri", "lumbar-spine", "MRI lumbar spine"),
        (CATALOGUE, "XKNEE"): LocalProcedure("other", "knee", "X-ray knee"),
    },
)


def concept(*codes: str, system: str = SNOMED, text: str | None = None) -> Json:
    """A CodeableConcept with these codes."""
    coded: Json = {"coding": [{"system": system, "code": code} for code in codes]} if codes else {}
    return coded | ({"text": text} if text is not None else {})


def ref(target: str, **more: object) -> Json:
    """A Reference by its `reference`."""
    return {"reference": target, **more}


def identifier(value: str, system: str = SDS_USER) -> Json:
    """An Identifier."""
    return {"system": system, "value": value}


def logical(value: str, system: str = SDS_USER, **more: object) -> Json:
    """A logical Reference: an identifier and no `reference`."""
    return {"identifier": identifier(value, system), **more}


def order(**elements: Any) -> Json:  # noqa: ANN401 - any JSON
    """A draft order of a knee MRI for patient p1."""
    return {
        "resourceType": "ServiceRequest",
        "id": "draft-1",
        "status": "draft",
        "intent": "order",
        "code": concept(MRI_KNEE),
        "subject": ref("Patient/p1"),
        **elements,
    }


def bundle(*resources: object, **elements: object) -> Json:
    """A search answer with these resources, and their number as `total`."""
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries, **elements}


NEXT_PAGE = [{"relation": "self", "url": f"{SERVER}/a"}, {"relation": "next", "url": f"{SERVER}/b"}]
"""The links of an answer that goes on."""


def organization(identity: str, *codes: str, system: str = ODS_ORGANISATION, **elements: object) -> Json:
    """An Organization with these ODS codes."""
    identifiers = [identifier(code, system) for code in codes]
    return {"resourceType": "Organization", "id": identity, "identifier": identifiers, **elements}


def site(identity: str, code: str, **elements: object) -> Json:
    """An Organization that has an ODS site code."""
    return organization(identity, code, system=ODS_SITE, **elements)


def by_ods(code: str, system: str = ODS_ORGANISATION) -> Json:
    """A logical reference to an organisation."""
    return logical(code, system, type="Organization")


def role(identity: str, person: Json | None, at: Json | None, **elements: object) -> Json:
    """A PractitionerRole of a person at an organisation, both as References."""
    stated = {"practitioner": person, "organization": at}
    present = {name: reference for name, reference in stated.items() if reference is not None}
    return {"resourceType": "PractitionerRole", "id": identity, **present, **elements}


REQUESTER = ref("PractitionerRole/ann")


def requesters_role(at: str | None = "Z99101") -> Json:
    """Ann's role, which is the requester's, at an organisation by its ODS code."""
    return role("ann", ref("Practitioner/ann"), by_ods(at) if at else None)


def practitioner(identity: str, *sds_users: str) -> Json:
    """A Practitioner with these SDS user ids."""
    return {"resourceType": "Practitioner", "id": identity, "identifier": [identifier(value) for value in sds_users]}


def encounter(identity: str, provider: Json | None = None, **elements: object) -> Json:
    """An Encounter at a service provider."""
    stated: Json = {"serviceProvider": provider} if provider is not None else {}
    return {"resourceType": "Encounter", "id": identity, "status": "in-progress", **stated, **elements}


def status(code: str, system: str = "http://terminology.hl7.org/CodeSystem/condition") -> Json:
    """The clinical or verification status of a Condition."""
    return concept(code, system=system)


def condition(identity: str, *codes: str, **elements: object) -> Json:
    """A Condition of patient p1, active and confirmed."""
    return {
        "resourceType": "Condition",
        "id": identity,
        "clinicalStatus": status("active"),
        "verificationStatus": status("confirmed"),
        "code": concept(*codes),
        "subject": ref("Patient/p1"),
        **elements,
    }


def patient(**elements: object) -> Json:
    """Patient p1, an adult."""
    return {"resourceType": "Patient", "id": "p1", "birthDate": "1979-04-12", **elements}


def registered(*codes: str) -> Json:
    """Patient p1, registered at the practices with these ODS codes."""
    return patient(generalPractitioner=[by_ods(code) for code in codes])


def index_of(*prefetched: object, drafts: tuple[Json, ...] = (), server: str | None = SERVER) -> ResourceIndex:
    """An index of resources (or whole answers) that prefetch brought, and of drafts."""
    prefetch = {f"key{place}": value for place, value in enumerate(prefetched)}
    return ResourceIndex(prefetch, bundle(*drafts), server)


def requester_of(
    *prefetched: Json,
    requester: Json | None = None,
    user: str = "Practitioner/nobody",
    encounter_id: str | None = None,
    **elements: object,
) -> Requester:
    """Read the requester of an order, given what prefetch brought."""
    stated = elements if requester is None else {"requester": requester, **elements}
    reader = RequesterReader(index_of(*prefetched), DIRECTORY, TERMINOLOGY, TODAY)
    return reader.read(order(**stated), user, encounter_id)


def call(*orders: Json, prefetch: Json | None = None, **elements: Any) -> HookContext:  # noqa: ANN401 - any element
    """A call on order-sign for patient p1, by a user of whom nothing is known."""
    values: dict[str, Any] = {
        "user_id": "Practitioner/nobody",
        "patient_id": "p1",
        "encounter_id": None,
        "draft_orders": bundle(*(orders or (order(),))),
        "selections": None,
        "prefetch": prefetch or {},
        "fhir_server": SERVER,
        "default_region": None,
        **elements,
    }
    return HookContext(**values)


class Reading(NamedTuple):
    """What a call asks: its MSK imaging orders, and those selected orders that could not be read."""

    orders: list[ReadOrder]
    malformed: list[MalformedOrderError]


def read_orders(reader: OrderReader, context: HookContext, today: date) -> Reading:
    """Select a call's orders and read them, with nothing fetched in between."""
    selection = reader.select(context)
    return Reading(reader.read_selected(context, selection, today).orders, selection.malformed)


def reading(*orders: Json, prefetch: Json | None = None, **elements: Any) -> Reading:  # noqa: ANN401 - any element
    """Read a call with the tiny directory: its MSK orders, and those that could not be read."""
    return read_orders(OrderReader(DIRECTORY, TERMINOLOGY), call(*orders, prefetch=prefetch, **elements), TODAY)


def read(*orders: Json, prefetch: Json | None = None, **elements: Any) -> list[ReadOrder]:  # noqa: ANN401 - any element
    """The MSK orders of a call all of whose orders can be read."""
    found = reading(*orders, prefetch=prefetch, **elements)
    assert found.malformed == []
    return found.orders


def read_one(*orders: Json, prefetch: Json | None = None, **elements: Any) -> ReadOrder:  # noqa: ANN401 - any element
    """Read a call that holds one MSK order."""
    (only,) = read(*orders, prefetch=prefetch, **elements)
    return only


def facts(*orders: Json, prefetch: Json | None = None, **elements: Any) -> Facts:  # noqa: ANN401 - any element
    """The facts of the one MSK order of a call."""
    return read_one(*orders, prefetch=prefetch, **elements).facts


NEL = RegionId("nel")
NWL = RegionId("nwl")
