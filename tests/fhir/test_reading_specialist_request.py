"""A38: an order that rests on a specialist's own request."""

import pytest
from fhir_builders import REFERRAL, SERVER, UNLISTED, bundle, by_ods, concept, facts, order, ref, role

from cds_service.fhir.shapes import Json


def based_on(request: Json, *resources: Json, contained: bool = False) -> bool:
    """Whether an order based on a request is read as a specialist's."""
    if contained:
        draft = order(basedOn=[ref("#r1")], contained=[request])
        return facts(draft, prefetch={"more": bundle(*resources)}).specialist_request
    draft = order(basedOn=[ref("ServiceRequest/r1")])
    return facts(draft, prefetch={"more": bundle(request, *resources)}).specialist_request


def request_of(requester: Json | None, **elements: object) -> Json:
    """A request that an order may be based on."""
    return {"resourceType": "ServiceRequest", "id": "r1", "status": "active", "requester": requester, **elements}


@pytest.mark.parametrize(
    ("code", "expected"),
    [("Z99130", True), ("Z99120", True), ("Z99131", True), ("Z99101", False), ("Z99110", False), (UNLISTED, False)],
)
@pytest.mark.parametrize("contained", [False, True])
def test_a_request_of_a_specialist_service_is_told_from_a_practices_own(
    code: str, *, expected: bool, contained: bool
) -> None:
    """A38: a trust or community MSK, by role, by practitioner or by organisation."""
    consultant = role("bob", ref("Practitioner/bob"), by_ods(code))
    read = [
        based_on(request_of(requester), consultant, contained=contained)
        for requester in (by_ods(code), ref("PractitionerRole/bob"), ref("Practitioner/bob"))
    ]
    assert read == [expected] * 3


def test_a_request_is_found_in_the_draft_bundle_as_well() -> None:
    """With its role, as an EHR may send it; the request itself was not selected."""
    draft = order(basedOn=[ref("ServiceRequest/r1")])
    consultant = role("bob", ref("Practitioner/bob"), by_ods("Z99130"))
    drafts = (draft, request_of(ref("PractitionerRole/bob"), code=concept(REFERRAL)), consultant)
    assert facts(*drafts, selections=["draft-1"]).specialist_request


@pytest.mark.parametrize("status", ["active", "completed", "on-hold"])
def test_a_request_that_was_made_counts_though_it_is_over(status: str) -> None:
    """The specialist has asked."""
    assert based_on(request_of(by_ods("Z99130"), status=status))


@pytest.mark.parametrize("status", ["draft", "unknown", "", None, 7, [], {}, ["active"]])
def test_a_request_that_is_not_known_to_have_been_made_does_not_count(status: object) -> None:
    """A draft may never be sent; and junk for a status is no failure."""
    assert not based_on(request_of(by_ods("Z99130"), status=status))


@pytest.mark.parametrize(
    "elements",
    [
        {"status": "revoked"},
        {"status": "entered-in-error"},
        {"doNotPerform": True},
        {"doNotPerform": "true"},
        {"resourceType": "Task"},
    ],
)
def test_a_request_that_was_withdrawn_does_not_count(elements: Json) -> None:
    """Nobody asks for the scan any more."""
    assert not based_on({**request_of(by_ods("Z99130")), **elements})


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (ref("Patient/p1"), True),
        (ref(f"{SERVER}/Patient/p1"), True),
        (None, True),
        ({"display": "the patient"}, True),
        (ref("Patient/p2"), False),
        (ref("https://other.example/fhir/Patient/p1"), False),
    ],
)
def test_a_request_counts_for_its_own_patient_only(subject: Json | None, *, expected: bool) -> None:
    """One that names nobody does not contradict."""
    assert based_on(request_of(by_ods("Z99130"), subject=subject)) is expected


def test_a_request_for_the_patient_of_the_call_does_not_count_for_an_order_for_another() -> None:
    """The order borrows nothing of the call's patient."""
    draft = order(subject=ref("Patient/p2"), basedOn=[ref("ServiceRequest/r1")])
    request = request_of(by_ods("Z99130"), subject=ref("Patient/p1"))
    assert not facts(draft, prefetch={"more": bundle(request)}).specialist_request


def test_a_specialist_with_a_job_in_practice_too_settles_nothing() -> None:
    """Which of the two asked is not known."""
    roles = [
        role("b1", ref("Practitioner/bob"), by_ods("Z99130")),
        role("b2", ref("Practitioner/bob"), by_ods("Z99101")),
    ]
    assert not based_on(request_of(ref("Practitioner/bob")), *roles)


@pytest.mark.parametrize("reference", [ref("ServiceRequest/lost"), ref("#lost"), {"display": "clinic letter"}, 7, "x"])
def test_a_request_that_did_not_come_does_not_count(reference: object) -> None:
    """What cannot be read is no specialist's request."""
    assert not facts(order(basedOn=[reference])).specialist_request
