from collections.abc import Mapping
from typing import Any, NoReturn

import pytest
from fhir_builders import (
    ASSURED_FCP,
    BLOOD_TEST,
    CAUDA_EQUINA,
    DIRECTORY,
    KNEE_PAIN,
    MRI_ANYWHERE,
    MRI_BRAIN,
    MRI_KNEE,
    MRI_LUMBAR,
    NEL,
    NWL,
    REFERRAL,
    REQUESTER,
    SERVER,
    TERMINOLOGY,
    TODAY,
    Reading,
    bundle,
    by_ods,
    call,
    concept,
    condition,
    encounter,
    facts,
    order,
    patient,
    practitioner,
    read,
    read_one,
    read_orders,
    reading,
    ref,
    registered,
    requesters_role,
    role,
)

from cds_service.fhir.orders import SelectionError
from cds_service.fhir.patient import Home
from cds_service.fhir.reading import OrderReader
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import (
    UNRESOLVED,
    BodyRegion,
    Facts,
    FcpListing,
    Indication,
    KnownBy,
    Modality,
    Oncology,
    Setting,
)

CANCER = condition("c1", "254837009")
ANSWERS: Json = {key: bundle() for key in ("conditions", "pastConditions", "episodes", "careTeams")}


def test_every_fact_of_a_full_call_is_read() -> None:
    """The assured FCP's knee MRI, with everything an EHR can send."""
    draft = order(requester=REQUESTER, reasonCode=[concept(KNEE_PAIN)])
    people = bundle(requesters_role(), practitioner("ann", ASSURED_FCP))
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
    assert (found.home, found.label) == (
        Home(sent=True, region=NWL, borough="Brent"),
        "Magnetic resonance imaging of knee",
    )
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
            {"user": requesters_role(), "patient": patient(), **ANSWERS},
            {"requester": REQUESTER, "reasonCode": [concept(KNEE_PAIN)]},
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


@pytest.mark.parametrize("subject", [ref("Patient/p1"), ref(f"{SERVER}/Patient/p1"), {"display": "the patient"}, None])
def test_the_patient_of_the_call_is_read_for_their_order(subject: Json | None) -> None:
    """A subject that names nobody does not contradict."""
    read = facts(order(subject=subject), prefetch={"patient": registered("Z99101"), **ANSWERS})
    assert (read.age, read.region, read.patient_region, read.oncology) == (47, NEL, NEL, Oncology.NONE)


@pytest.mark.parametrize("subject", [ref("Patient/p2"), ref(f"{SERVER}/Patient/p2")])
def test_an_order_for_another_patient_borrows_nothing_of_this_one(subject: Json) -> None:
    """Neither age nor practice nor cancer history."""
    prefetch = {"patient": registered("Z99101"), "conditions": bundle(CANCER)}
    read = read_one(order(subject=subject), prefetch=prefetch)
    assert (read.facts.age, read.facts.region, read.facts.patient_region) == (None, UNRESOLVED, None)
    assert (read.facts.oncology, read.home) == (Oncology.UNKNOWN, Home(sent=False))


@pytest.mark.parametrize("subject", [ref("https://other.example/fhir/Patient/p1"), ref("Group/p1"), ref("#p1")])
def test_an_order_of_an_untold_patient_borrows_what_raises_a_concern(subject: Json) -> None:
    """This patient's cancer, and not that they have none; neither age nor practice, and no specialist's request."""
    prefetch = {"patient": registered("Z99101"), "conditions": bundle(CANCER)}
    read = read_one(order(subject=subject), prefetch=prefetch)
    assert (read.facts.age, read.facts.region, read.facts.patient_region) == (None, UNRESOLVED, None)
    assert (read.facts.oncology, read.home) == (Oncology.ACTIVE, Home(sent=False))
    assert read_one(order(subject=subject), prefetch=ANSWERS).facts.oncology is Oncology.UNKNOWN


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
    "blood test": order(code=concept(BLOOD_TEST), bodySite="arm", reasonCode={"text": "tired"}),
    "referral": order(code=concept(REFERRAL)),
    "empty": order(code={"coding": [{}]}, reasonCode=[]),
    "revoked": order(status="revoked"),
    "negative": order(doNotPerform=True),
    "medicine": {"resourceType": "MedicationRequest", "id": "m1"},
}


@pytest.mark.parametrize("draft", OUT_OF_SCOPE.values(), ids=OUT_OF_SCOPE.keys())
def test_an_order_out_of_scope_leaves_before_prefetch_is_read(draft: Json) -> None:
    """At the first fork: it costs nothing, and nobody's chart is looked at."""
    reader = OrderReader(DIRECTORY, TERMINOLOGY)
    assert read_orders(reader, call(draft)._replace(prefetch=Untouchable()), TODAY) == Reading([], [])


def test_an_order_that_cannot_be_read_leaves_before_prefetch_is_read() -> None:
    """Alone in its call it is named, and nothing else is looked at."""
    found = read_orders(
        OrderReader(DIRECTORY, TERMINOLOGY), call(order(code=MRI_KNEE))._replace(prefetch=Untouchable()), TODAY
    )
    assert (found.orders, [error.path for error in found.malformed]) == (
        [],
        ["context.draftOrders.entry[0].resource.code"],
    )


def test_an_order_in_scope_does_read_prefetch() -> None:
    """So that the test above tests something."""
    with pytest.raises(pytest.fail.Exception, match="prefetch was read"):
        read_orders(OrderReader(DIRECTORY, TERMINOLOGY), call()._replace(prefetch=Untouchable()), TODAY)


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
    prefetch = {"user": bundle(requesters_role(), role("bob", ref("Practitioner/bob"), by_ods("Z99130")))}
    drafts = [order(id="1", requester=REQUESTER), order(id="2", requester=ref("PractitionerRole/bob"))]
    assert [each.facts.setting for each in read(*drafts, prefetch=prefetch)] == [
        Setting.GENERAL_PRACTICE,
        Setting.SECONDARY_CARE,
    ]


def test_a_selected_order_that_did_not_come_is_raised() -> None:
    """The hook answers it with a 4xx that names the place, also where another order could be read."""
    with pytest.raises(SelectionError) as raised:
        reading(selections=["draft-1", "not-there"])
    assert raised.value.position == 1


LOCAL = "https://other.example/catalogue"


def unknown_procedures(*orders: Json, **elements: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - any element
    """The codes of a call's orders that a site may have to map."""
    return OrderReader(DIRECTORY, TERMINOLOGY).select(call(*orders, **elements)).unknown_procedures


def local(identity: str, code: str, **elements: Any) -> Json:  # noqa: ANN401 - any element
    """An order by a code that nobody knows."""
    return order(id=identity, code=concept(code, system=LOCAL), **elements)


def test_the_unknown_codes_of_all_selected_orders_are_told() -> None:
    """In the order of the bundle, and once for each order."""
    found = unknown_procedures(local("1", "K1"), order(id="2"), local("3", "K2"), local("4", "K1"))
    assert found == [(LOCAL, "K1"), (LOCAL, "K2"), (LOCAL, "K1")]


def test_an_order_that_its_text_brings_into_scope_tells_its_unknown_code_too() -> None:
    """It is read as any other, and stands in the list of what to map."""
    draft = order(code=concept("K1", system=LOCAL, text="MRI knee"))
    selection = OrderReader(DIRECTORY, TERMINOLOGY).select(call(draft))
    assert ([found.resource for found, _ in selection.orders], selection.unknown_procedures) == (
        [draft],
        [(LOCAL, "K1")],
    )


def test_an_order_that_cannot_be_evaluated_still_tells_its_unknown_code() -> None:
    """It was classified, by its text."""
    draft = order(code=concept("K1", system=LOCAL, text="MRI knee"), reasonCode="pain")
    selection = OrderReader(DIRECTORY, TERMINOLOGY).select(call(draft))
    assert (len(selection.malformed), selection.unknown_procedures) == (1, [(LOCAL, "K1")])


@pytest.mark.parametrize(
    "draft",
    [
        order(),
        order(code=concept(MRI_BRAIN)),
        order(code=concept(REFERRAL)),
        local("1", "K1", status="revoked"),
        local("1", "K1", doNotPerform=True),
        local("1", "K1") | {"resourceType": "MedicationRequest"},
        order(code="K1"),
    ],
    ids=["msk", "brain", "referral", "revoked", "negative", "medicine", "malformed"],
)
def test_other_orders_tell_no_unknown_code(draft: Json) -> None:
    """Known ones, those that are not live, and what is no ServiceRequest or cannot be read as one."""
    assert unknown_procedures(draft) == []


def test_a_draft_that_is_not_selected_tells_no_unknown_code() -> None:
    """It is not looked at; it fires the hook itself when it is selected."""
    assert unknown_procedures(local("1", "K1"), local("2", "K2"), selections=["ServiceRequest/2"]) == [(LOCAL, "K2")]
