from collections.abc import Mapping
from typing import Any, NoReturn

import pytest
from fhir_builders import (
    ASSURED_FCP,
    CAUDA_EQUINA,
    DIRECTORY,
    KNEE_PAIN,
    MRI_ANYWHERE,
    MRI_BRAIN,
    MRI_KNEE,
    MRI_LUMBAR,
    NEL,
    NWL,
    NWL_PRACTICE,
    SERVER,
    TERMINOLOGY,
    TODAY,
    UNLISTED,
    bundle,
    by_ods,
    call,
    concept,
    condition,
    encounter,
    identifier,
    order,
    organization,
    patient,
    practitioner,
    read,
    read_one,
    ref,
    role,
)

from cds_service.fhir.orders import SelectionError
from cds_service.fhir.reading import OrderReader
from cds_service.fhir.shapes import Json, MalformedOrderError
from cds_service.pathway.facts import (
    OUTSIDE,
    UNRESOLVED,
    BodyRegion,
    Facts,
    FcpListing,
    Indication,
    KnownBy,
    Modality,
    Oncology,
    RegionId,
    Setting,
)

ANN = ref("PractitionerRole/ann")
CANCER = condition("c1", "254837009")
ANSWERS: Json = {key: bundle() for key in ("conditions", "pastConditions", "episodes", "careTeams")}


def ann(at: str | None = "Z99101") -> Json:
    """The requester's role, at an organisation by its ODS code."""
    return role("ann", ref("Practitioner/ann"), by_ods(at) if at else None)


def registered(*codes: str) -> Json:
    """Patient p1, registered at these practices."""
    return patient(generalPractitioner=[by_ods(code) for code in codes])


def facts(*orders: Json, prefetch: Json | None = None, **elements: Any) -> Facts:  # noqa: ANN401 - any element
    """The facts of the one MSK order of a call."""
    return read_one(*orders, prefetch=prefetch, **elements).facts


def region(at: str | None = None, home: tuple[str, ...] = (), default: RegionId | None = None) -> tuple[str, str]:
    """The region and its evidence, for a requester's and a registered practice and a client's default."""
    prefetch = {"user": ann(at), "patient": registered(*home)}
    read = facts(order(requester=ANN), prefetch=prefetch, default_region=default)
    return read.region, read.evidence["region"]


def test_every_fact_of_a_full_call_is_read() -> None:
    """The assured FCP's knee MRI, with everything an EHR can send."""
    draft = order(requester=ANN, reasonCode=[concept(KNEE_PAIN)])
    people = bundle(ann(), practitioner("ann", ASSURED_FCP))
    prefetch = {"user": people, "patient": registered("Z99001"), **ANSWERS}
    found = read_one(draft, prefetch=prefetch)
    assert found.facts._replace(evidence={}) == Facts(
        modality=Modality.MRI,
        body_region=BodyRegion.KNEE,
        known_by=KnownBy.CODE,
        live=True,
        region=NEL,
        setting=Setting.GENERAL_PRACTICE,
        fcp_listing=FcpListing.CURRENT,
        indications=frozenset({Indication.PAIN}),
        oncology=Oncology.NONE,
        age=47,
        patient_region=NWL,
        specialist_request=False,
        evidence={},
    )
    assert (found.home, found.label) == (NWL_PRACTICE, "Magnetic resonance imaging of knee")
    assert (found.order.reference, found.order.resource) == ("ServiceRequest/draft-1", draft)
    assert found.reasons.concepts == (concept(KNEE_PAIN),)


def test_a_call_of_which_nothing_is_known_leaves_everything_unknown() -> None:
    """Missing evidence is a value, never a default."""
    assert facts()._replace(evidence={}) == Facts(
        modality=Modality.MRI,
        body_region=BodyRegion.KNEE,
        region=UNRESOLVED,
        setting=Setting.UNKNOWN,
        fcp_listing=FcpListing.UNKNOWN,
        indications=frozenset(),
        oncology=Oncology.UNKNOWN,
        age=None,
        patient_region=None,
        evidence={},
    )


@pytest.mark.parametrize(
    ("prefetch", "elements", "evidence"),
    [
        (
            {"user": ann(), "patient": patient(), **ANSWERS},
            {"requester": ANN, "reasonCode": [concept(KNEE_PAIN)]},
            {
                "modality": "SNOMED CT list",
                "body_region": "SNOMED CT list",
                "region": "requester's organisation",
                "setting": "requester-role",
                "indications": "reasonCode",
                "oncology": "problem list, episodes and care teams",
                "age": "Patient.birthDate",
            },
        ),
        (
            {"patient": registered("Z99001"), "conditions": bundle(CANCER), "encounter": encounter("e1")},
            {"code": {"text": "MRI knee"}, "reasonReference": [ref("Condition/c1")]},
            {
                "modality": "procedure text",
                "body_region": "procedure text",
                "region": "patient's registered practice",
                "setting": "none",
                "indications": "reasonReference",
                "oncology": "problem list",
            },
        ),
        (
            {},
            {},
            {
                "region": "nothing places the order",
                "setting": "none",
                "indications": "no reason sent",
                "oncology": "not all sources answered",
                "age": "no birth date that settles it",
            },
        ),
    ],
)
def test_each_fact_keeps_where_it_came_from(prefetch: Json, elements: Json, evidence: Mapping[str, str]) -> None:
    """By fact, in words of our own."""
    kept = facts(order(**elements), prefetch=prefetch).evidence
    assert {name: kept[name] for name in evidence} == evidence


def test_every_piece_of_evidence_is_about_a_fact() -> None:
    """Nothing of the call is kept under another name."""
    assert set(facts().evidence) <= set(Facts._fields)


@pytest.mark.parametrize("home", [(), ("Z99001",)])
@pytest.mark.parametrize(("at", "expected"), [("Z99101", NEL), ("Z99001", NWL), ("Z99201", OUTSIDE)])
def test_the_region_is_first_the_requesters(at: str, home: tuple[str, ...], expected: str) -> None:
    """Fact 4; an organisation in no footprint is known to be outside."""
    assert region(at, home, default=NWL) == (expected, "requester's organisation")


@pytest.mark.parametrize(("home", "expected"), [("Z99101", NEL), ("Z99001", NWL), ("Z99201", OUTSIDE)])
@pytest.mark.parametrize("at", [None, UNLISTED])
def test_the_region_is_then_that_of_the_patients_practice(at: str | None, home: str, expected: str) -> None:
    """Fact 4; also where the requester's organisation is not listed."""
    assert region(at, (home,), default=NEL) == (expected, "patient's registered practice")


def test_the_region_is_last_the_clients_default() -> None:
    """Fact 4; where no organisation was sent at all."""
    assert region(default=NEL) == (NEL, "client's default")
    assert region() == (UNRESOLVED, "nothing places the order")


@pytest.mark.parametrize(
    "elements",
    [
        {"requester": by_ods(UNLISTED)},
        {"requester": ref("Organization/lost")},
        {"requester": ref("#o1"), "contained": [organization("o1", UNLISTED)]},
        {"requester": {"identifier": identifier(UNLISTED, "https://fhir.nhs.uk/Id/ods-organization-code")}},
        {"requester": ANN},
        {"encounter": ref("Encounter/e1")},
    ],
)
def test_an_organisation_that_was_sent_but_is_not_listed_never_falls_to_the_default(elements: Json) -> None:
    """Fact 4: it may be anywhere."""
    prefetch = {"user": ann(UNLISTED), "encounter": encounter("e1", by_ods(UNLISTED))}
    assert facts(order(**elements), prefetch=prefetch, default_region=NEL).region == UNRESOLVED


@pytest.mark.parametrize("home", [(UNLISTED,), ("Z99101", "Z99001")])
def test_a_registered_practice_that_settles_nothing_never_falls_to_the_default(home: tuple[str, ...]) -> None:
    """Fact 4 speaks of any organisation: a practice that is not listed, or two that disagree, may be anywhere."""
    assert region(home=home, default=NEL)[0] == UNRESOLVED


def test_two_practices_of_one_region_still_tell_the_region() -> None:
    """They disagree on the borough alone; the client's default must not outweigh both."""
    assert region(home=("Z99101", "Z99110"), default=NWL)[0] == NEL


@pytest.mark.parametrize("other", [UNLISTED, None])
def test_a_role_that_cannot_be_placed_leaves_the_region_open(other: str | None) -> None:
    """She may order from there: "in no footprint" would silence a suspected sarcoma on half the evidence."""
    second = role("second", ref("Practitioner/ann"), by_ods(other) if other else None)
    draft = order(requester=ref("Practitioner/ann"))
    assert facts(draft, prefetch={"user": bundle(ann("Z99201"), second)}).region == UNRESOLVED


def test_organisations_of_two_regions_settle_none() -> None:
    """A bare practitioner with a practice in each; then the patient's practice decides."""
    people = bundle(ann("Z99101"), role("second", ref("Practitioner/ann"), by_ods("Z99001")))
    draft = order(requester=ref("Practitioner/ann"))
    assert facts(draft, prefetch={"user": people}, default_region=NEL).region == UNRESOLVED
    assert facts(draft, prefetch={"user": people, "patient": registered("Z99001")}).region == NWL


@pytest.mark.parametrize("subject", [ref("Patient/p1"), ref(f"{SERVER}/Patient/p1"), {"display": "the patient"}, None])
def test_the_patient_of_the_call_is_read_for_their_order(subject: Json | None) -> None:
    """A subject that names nobody does not contradict."""
    read = facts(order(subject=subject), prefetch={"patient": registered("Z99101"), **ANSWERS})
    assert (read.age, read.region, read.patient_region, read.oncology) == (47, NEL, NEL, Oncology.NONE)


@pytest.mark.parametrize("subject", [ref("Patient/p2"), ref("https://other.example/fhir/Patient/p1"), ref("Group/p1")])
def test_an_order_for_another_patient_borrows_nothing_of_this_one(subject: Json) -> None:
    """Neither age nor practice nor cancer history."""
    prefetch = {"patient": registered("Z99101"), "conditions": bundle(CANCER)}
    read = read_one(order(subject=subject), prefetch=prefetch)
    assert (read.facts.age, read.facts.region, read.facts.patient_region) == (None, UNRESOLVED, None)
    assert (read.facts.oncology, read.home) == (Oncology.UNKNOWN, None)


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
    drafts = (draft, request_of(ref("PractitionerRole/bob"), code=concept("3457005")), consultant)
    assert facts(*drafts, selections=["draft-1"]).specialist_request


@pytest.mark.parametrize("status", ["active", "completed", "on-hold", None, 7, [], {}])
def test_a_request_that_was_made_counts_though_it_is_over(status: object) -> None:
    """And junk for a status is no failure."""
    assert based_on(request_of(by_ods("Z99130"), status=status))


@pytest.mark.parametrize(
    "elements",
    [{"status": "revoked"}, {"status": "entered-in-error"}, {"doNotPerform": True}, {"resourceType": "Task"}],
)
def test_a_request_that_was_withdrawn_does_not_count(elements: Json) -> None:
    """Nobody asks for the scan any more."""
    assert not based_on({**request_of(by_ods("Z99130")), **elements})


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


class Untouchable(dict[str, Any]):
    """A prefetch that fails whoever looks into it."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        pytest.fail("prefetch was read")

    __getitem__ = __iter__ = __len__ = __contains__ = __eq__ = _refuse
    get = keys = values = items = copy = _refuse
    __hash__ = None


OUT_OF_SCOPE: dict[str, Json] = {
    "brain": order(code=concept(MRI_BRAIN), reasonCode=[concept(CAUDA_EQUINA)]),
    "doppler": order(code={"text": "US Doppler leg veins"}),
    "x-ray": order(code={"text": "X-ray knee"}),
    "blood test": order(code=concept("26604007")),
    "referral": order(code=concept("3457005")),
    "empty": order(code={"coding": [{}]}, reasonCode=[]),
    "revoked": order(status="revoked"),
    "negative": order(doNotPerform=True),
    "medicine": {"resourceType": "MedicationRequest", "id": "m1"},
}


@pytest.mark.parametrize("draft", OUT_OF_SCOPE.values(), ids=OUT_OF_SCOPE.keys())
def test_an_order_out_of_scope_leaves_before_prefetch_is_read(draft: Json) -> None:
    """At the first fork: it costs nothing, and nobody's chart is looked at."""
    reader = OrderReader(DIRECTORY, TERMINOLOGY)
    assert reader.read(call(draft)._replace(prefetch=Untouchable()), TODAY) == []


def test_an_order_in_scope_does_read_prefetch() -> None:
    """So that the test above tests something."""
    with pytest.raises(pytest.fail.Exception, match="prefetch was read"):
        OrderReader(DIRECTORY, TERMINOLOGY).read(call()._replace(prefetch=Untouchable()), TODAY)


def test_only_the_msk_orders_of_a_call_are_read_each_with_its_own_reasons() -> None:
    """In the order of the bundle."""
    lumbar = order(id="draft-2", code=concept(MRI_LUMBAR), reasonCode=[concept(CAUDA_EQUINA)])
    vague = order(id="draft-3", code=concept(MRI_ANYWHERE))
    found = read(order(reasonCode=[concept(KNEE_PAIN)]), *OUT_OF_SCOPE.values(), lumbar, vague)
    assert [(each.facts.body_region, each.facts.indications) for each in found] == [
        (BodyRegion.KNEE, {Indication.PAIN}),
        (BodyRegion.LUMBAR_SPINE, {Indication.CAUDA_EQUINA}),
        (BodyRegion.UNKNOWN, frozenset()),
    ]


def test_orders_of_one_call_may_have_different_requesters() -> None:
    """Each is placed by its own."""
    prefetch = {"user": bundle(ann(), role("bob", ref("Practitioner/bob"), by_ods("Z99130")))}
    drafts = [order(id="1", requester=ANN), order(id="2", requester=ref("PractitionerRole/bob"))]
    assert [each.facts.setting for each in read(*drafts, prefetch=prefetch)] == [
        Setting.GENERAL_PRACTICE,
        Setting.SECONDARY_CARE,
    ]


def test_what_cannot_be_read_of_a_selected_order_is_raised() -> None:
    """The hook answers it with a 4xx that names the place."""
    with pytest.raises(MalformedOrderError):
        read(order(code=MRI_KNEE))
    with pytest.raises(SelectionError):
        read(selections=["not-there"])
