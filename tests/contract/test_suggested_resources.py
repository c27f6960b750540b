"""Every referral that a card proposes, for every fixture call and every row of the decision table, is sound FHIR R4."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest

from cds_service.cards.build import build_cards
from cds_service.cards.order import CardContext, OrderForCard
from cds_service.cards.speaker import speakers_of
from cds_service.directory.model import Destination
from cds_service.pathway.decide import decide
from cds_service.pathway.loading import load_pathways
from fhir_fixtures import expectations, hook_call
from tests.conftest import InProcess, JsonObject
from tests.contract.conftest import ContractRun, empty
from tests.spec.test_decision_table import ROWS, facts_of

STATUS = frozenset({"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"})
INTENT = frozenset(
    {
        "proposal",
        "plan",
        "directive",
        "order",
        "original-order",
        "reflex-order",
        "filler-order",
        "instance-order",
        "option",
    }
)
PRIORITY = frozenset({"routine", "urgent", "asap", "stat"})
"""R4's required value sets, which `fhir.resources` does not enforce."""

ELEMENTS = frozenset(
    {
        "resourceType",
        "meta",
        "status",
        "intent",
        "category",
        "priority",
        "code",
        "subject",
        "authoredOn",
        "requester",
        "performer",
        "reasonCode",
        "bodySite",
        "note",
    }
)
"""What a referral may hold: no `replaces`, no `basedOn`, no `contained`, nothing else that refers to a draft."""

ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
FILES = sorted({row.file for row in expectations() if row.create})
CREATING_ROWS = [row for row in ROWS if row["create"] == "y"]

PATHWAYS = load_pathways()
SPEAKERS = speakers_of(PATHWAYS, dict.fromkeys([*PATHWAYS, "national"], "https://pathway.example"))


class Referral(NamedTuple):
    """A proposed referral and the call that it answers."""

    resource: JsonObject
    call: JsonObject


def created(card: JsonObject) -> list[JsonObject]:
    """The resources that a card would create."""
    return [
        action["resource"]
        for suggestion in card.get("suggestions", [])
        for action in suggestion["actions"]
        if action["type"] == "create"
    ]


def referral_of(row: dict[str, str]) -> JsonObject:
    """What a row of the decision table proposes for an order with a reason, a body site and a requester."""
    today = date.fromisoformat(row["today"]) if row["today"] else date(2026, 11, 21)
    facts = facts_of(row)
    order = OrderForCard(
        decision=decide(facts, PATHWAYS.get(facts.region), today),
        facts=facts,
        label="MRI",
        reference="ServiceRequest/draft-1",
        reasons=({"coding": [{"system": "http://snomed.info/sct", "code": "30989003", "display": "Knee pain"}]},),
        body_sites=({"text": "Right knee"},),
        requester={"reference": "PractitionerRole/role-nwl-gp"},
        place=None,
        destination=lambda kind: Destination("nwl", "Brent", kind, f"Invented {kind} service", ods_code="Z99020"),
    )
    ((card, _),) = build_cards([order], SPEAKERS, CardContext("nwl-adult", "PractitionerRole/role-nwl-gp", today))
    (resource,) = created(dict(card))
    return resource


@pytest.fixture(params=[*FILES, *(row["id"] for row in CREATING_ROWS)])
def referral(request: pytest.FixtureRequest, contract_run: ContractRun) -> Referral:
    """The first referral of each fixture call and row in turn."""
    if request.param in contract_run.exchanges:
        exchange = contract_run.exchanges[request.param]
        return Referral(created(exchange.cards[0])[0], exchange.call)
    row = next(row for row in CREATING_ROWS if row["id"] == request.param)
    return Referral(referral_of(row), hook_call("nwl-gp-knee-mri-pain--redirect.json"))


def references(value: object) -> Iterator[str]:
    """Every literal reference in a resource."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def came_with(call: JsonObject) -> set[str]:
    """References to what prefetch brought."""
    found = [value for value in call["prefetch"].values() if value["resourceType"] != "Bundle"]
    found += [entry["resource"] for value in call["prefetch"].values() for entry in value.get("entry", [])]
    return {f"{resource['resourceType']}/{resource['id']}" for resource in found}


def test_a_referral_is_a_valid_r4_service_request(referral: Referral) -> None:
    """By the model, and by the required value sets that the model leaves open."""
    ServiceRequest.model_validate(referral.resource)

    assert referral.resource["status"] in STATUS
    assert referral.resource["intent"] in INTENT
    assert referral.resource["priority"] in PRIORITY


def test_a_referral_is_a_draft_that_proposes(referral: Referral) -> None:
    """Nothing is sent until a clinician acts."""
    assert (referral.resource["status"], referral.resource["intent"]) == ("draft", "proposal")


def test_a_referral_has_no_empty_element(referral: Referral) -> None:
    """The model lets empty lists pass; FHIR does not."""
    assert not empty(referral.resource)


def test_a_referral_has_only_the_agreed_elements(referral: Referral) -> None:
    """An id is the EHR's to give."""
    assert set(referral.resource) <= ELEMENTS


def test_a_referral_says_what_it_is(referral: Referral) -> None:
    """A category that NHS adapters recognise, and a coded service with words."""
    (category,) = referral.resource["category"]
    assert category["coding"][0]["code"] == "referral"
    (coding,) = referral.resource["code"]["coding"]
    assert coding["system"] == "http://snomed.info/sct"
    assert coding["display"]
    assert referral.resource["code"]["text"]


def test_a_referral_is_for_the_patient_of_the_call(referral: Referral) -> None:
    """Nothing of the patient is embedded."""
    assert referral.resource["subject"] == {"reference": f"Patient/{referral.call['context']['patientId']}"}


def test_the_requester_came_with_the_call_or_is_the_user(referral: Referral) -> None:
    """A logical reference stands for itself."""
    requester = referral.resource["requester"]
    if "reference" in requester:
        assert requester["reference"] in came_with(referral.call) | {referral.call["context"]["userId"]}
    else:
        assert requester["identifier"].keys() == {"system", "value"}


def test_nothing_refers_to_a_draft_or_a_contained_resource(referral: Referral) -> None:
    """The drafts may be gone by the time somebody reads the referral."""
    drafts = {
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for entry in referral.call["context"]["draftOrders"]["entry"]
    }

    assert not {one for one in references(referral.resource) if one in drafts or one.startswith(("#", "urn:"))}


def test_the_performer_is_named_by_its_ods_code(referral: Referral) -> None:
    """All destinations of the demo have one."""
    (performer,) = referral.resource["performer"]

    assert performer["type"] == "Organization"
    assert performer["identifier"]["system"] == ODS
    assert performer["identifier"]["value"].startswith("Z99")
    assert performer["display"]


def test_the_note_names_pathway_and_version(referral: Referral) -> None:
    """One line."""
    (note,) = referral.resource["note"]

    assert " v1." in note["text"]
    assert "\n" not in note["text"]


def test_a_referral_sent_back_as_a_draft_earns_no_card(service: InProcess, referral: Referral) -> None:
    """Neither when it is signed nor when it is picked."""
    draft = {**referral.resource, "id": "proposed-1"}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": draft}]}
    context = {**referral.call["context"], "draftOrders": bundle, "selections": ["ServiceRequest/proposed-1"]}

    signed = service.cards({**referral.call, "hook": "order-sign", "context": context})
    picked = service.cards({**referral.call, "hook": "order-select", "context": context})

    assert (signed, picked) == ([], [])


def test_reasons_and_body_sites_are_copied_as_concepts(contract_run: ContractRun) -> None:
    """Also where the reason is a Condition that the order refers to."""
    exchange = contract_run.exchanges["nwl-gp-lumbar-mri-ces-by-reference-order-sign--ces.json"]
    (resource,) = created(exchange.cards[0])

    assert "reasonReference" not in resource
    assert resource["reasonCode"][0]["coding"][0]["system"] == "http://snomed.info/sct"


@pytest.mark.parametrize(
    ("file", "priority"),
    [
        ("nwl-gp-lumbar-mri-ces--ces.json", "stat"),
        ("nwl-gp-lumbar-mri-metastasis-active-cancer--mscc.json", "stat"),
        ("nwl-gp-knee-mri-pain--redirect.json", "routine"),
        ("nwl-gp-hip-mri-suspected-cancer--suspected-cancer.json", "urgent"),
        ("nwl-gp-hip-mri-suspected-cancer-child--suspected-cancer.json", "asap"),
    ],
)
def test_the_priority_follows_the_outcome(contract_run: ContractRun, file: str, priority: str) -> None:
    """`stat` for the two emergencies."""
    (resource,) = created(contract_run.exchanges[file].cards[0])

    assert resource["priority"] == priority
