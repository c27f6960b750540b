"""A Condition that an order refers to and that could not be read is not met with silence (facts 1, 2 and 5)."""

import shutil
from pathlib import Path

import pytest

from fhir_fixtures import hook_call
from tests.conftest import DEMO_CONFIGURATION, InProcess, JsonObject, StartService

FCP = "nel-assured-fcp-knee-mri-pain--fcp-exempt.json"
COMMUNITY = "nwl-community-msk-knee-mri-pain--specialist-exempt.json"
ULTRASOUND = "nel-gp-knee-uss-pain--out-of-policy.json"
SECONDARY = "nwl-consultant-lumbar-mri-ces--specialist-exempt.json"
REDIRECTED = "nwl-gp-knee-mri-pain--redirect.json"

EXEMPT = [FCP, COMMUNITY, ULTRASOUND]

DID_NOT_COME = {"reference": "Condition/that-did-not-come", "display": "Cauda equina syndrome"}
SNOMED = "http://snomed.info/sct"
KNEE_PAIN = {"coding": [{"system": SNOMED, "code": "30989003"}]}


def referring_to(file: str, *references: JsonObject, **elements: object) -> JsonObject:
    """A fixture call whose order has its reasons by reference alone."""
    call = hook_call(file)
    (order,) = (entry["resource"] for entry in call["context"]["draftOrders"]["entry"])
    order.pop("reasonCode", None)
    order.update(reasonReference=list(references), **elements)
    return call


def contained(kind: str, **elements: object) -> JsonObject:
    """A resource that the order holds as `#r1`."""
    return {"resourceType": kind, "id": "r1", **elements}


@pytest.fixture(scope="module")
def asks_for_cards(start_service: StartService, tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    """The demo's configuration with a client that asks to be told on a card."""
    folder = tmp_path_factory.mktemp("asks-for-cards")
    shutil.copytree(DEMO_CONFIGURATION, folder, dirs_exist_ok=True)
    Path(folder / "clients.yaml").write_text("clients:\n  - id: asks\n    on_unresolved: card\n", encoding="utf-8")
    return start_service(folder)


@pytest.mark.parametrize("file", EXEMPT)
@pytest.mark.parametrize(
    "reference",
    [
        DID_NOT_COME,
        {"reference": "#r1"},
        {"reference": "https://elsewhere.example/fhir/Condition/c1"},
        {"identifier": {"system": "https://elsewhere.example/conditions", "value": "1"}},
        {"display": "Cauda equina syndrome"},
    ],
    ids=["did not come", "not contained", "another server", "an identifier", "words"],
)
def test_what_a_pathway_does_not_cover_is_not_evaluated(service: InProcess, file: str, reference: JsonObject) -> None:
    """An FCP's exemption, a community MSK service and an ultrasound: the reason may be the emergency."""
    assert service.cards(hook_call(file)) == []

    response = service.call(referring_to(file, reference))

    (issue,) = response.json()["issue"]
    assert response.status_code == 412
    assert issue["expression"] == ["context.draftOrders.entry[0].resource.reasonReference"]
    assert "reasonCode" in issue["diagnostics"]
    assert "does not mean that there are no concerns" in issue["diagnostics"]


@pytest.mark.parametrize(
    "resource",
    [contained("Condition"), contained("Condition", code={"coding": [{}]}), contained("Procedure", code=KNEE_PAIN)],
    ids=["without a code", "a code that says nothing", "of a type that may not stand there"],
)
def test_a_condition_that_says_nothing_is_not_read_either(service: InProcess, resource: JsonObject) -> None:
    """It came, and nobody knows the reason."""
    assert service.call(referring_to(FCP, {"reference": "#r1"}, contained=[resource])).status_code == 412


@pytest.mark.parametrize("file", EXEMPT)
@pytest.mark.parametrize("kind", ["Observation", "DiagnosticReport", "DocumentReference"])
@pytest.mark.parametrize("comes", [True, False])
def test_another_kind_of_reason_is_legal_and_leaves_an_exemption(
    service: InProcess, file: str, kind: str, *, comes: bool
) -> None:
    """Nobody can send it as anything else; it is not read, as the integrating page says."""
    sent = referring_to(file, {"reference": "#r1"}, contained=[contained(kind, code=KNEE_PAIN)])
    named = referring_to(file, {"reference": f"{kind}/r1"})
    typed = referring_to(file, {"type": kind, "identifier": {"system": "https://elsewhere.example", "value": "1"}})

    for call in [sent] if comes else [named, typed]:
        assert service.cards(call) == []


@pytest.mark.parametrize(
    "condition",
    [
        contained("Condition", code=KNEE_PAIN),
        contained("Condition", code={"text": "knee pain"}),
        contained("Condition", code={"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "M25.5"}]}),
        contained("Condition", verificationStatus={"coding": [{"code": "refuted"}]}),
    ],
    ids=["listed", "in words", "in a code on no list", "refuted"],
)
def test_a_condition_that_was_read_leaves_an_exemption(service: InProcess, condition: JsonObject) -> None:
    """Also where its code is on no list, as with `reasonCode`."""
    assert service.cards(referring_to(FCP, {"reference": "#r1"}, contained=[condition])) == []


def test_saddle_numbness_behind_an_observation_is_heard(service: InProcess) -> None:
    """Of an assured practitioner's lumbar scan: a finding given as the reason, without a value, was made."""
    saddle_numbness = {"coding": [{"system": SNOMED, "code": "449813001"}]}
    observation = contained("Observation", status="final", code=saddle_numbness)
    lumbar = {"coding": [{"system": SNOMED, "code": "394451000119106"}]}

    (card,) = service.cards(referring_to(FCP, {"reference": "#r1"}, code=lumbar, contained=[observation]))

    assert card["indicator"] == "critical"


def test_secondary_care_stays_silent(service: InProcess) -> None:
    """Whatever the reason is: it is where the emergency scan is done."""
    assert service.cards(referring_to(SECONDARY, DID_NOT_COME)) == []


def test_a_redirect_is_a_redirect(service: InProcess) -> None:
    """Its card says that a reason could not be read, and the scan stays."""
    (card,) = service.cards(referring_to(REDIRECTED, DID_NOT_COME))

    assert card["summary"].startswith("Refer to community MSK")
    assert "a reason was sent that could not be read" in card["detail"]


@pytest.mark.parametrize("file", EXEMPT)
def test_a_client_that_asks_for_it_gets_an_info_card(asks_for_cards: InProcess, file: str) -> None:
    """It leads with the record, carries the red flags, suggests nothing, and is logged as what it is."""
    (card,) = asks_for_cards.cards(referring_to(file, DID_NOT_COME))

    assert card["indicator"] == "info"
    assert len(card["summary"]) < 140
    assert "not checked: a reason for the" in card["summary"]
    assert "**Red flags:**" in card["detail"]
    assert "does not mean that there are no concerns" in card["detail"]
    assert "reason: one was sent that could not be read" in card["detail"]
    assert "suggestions" not in card

    asks_for_cards.feedback(
        {"feedback": [{"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-11-21T09:30:00Z"}]}
    )
    (row,) = [row for row in asks_for_cards.logged() if row["card_id"] == card["uuid"]]
    assert (row["outcome"], row["rule_id"]) == ("could_not_evaluate", "national.could_not_evaluate")
    assert row["region"] == file[:3]


def test_beside_a_card_the_order_is_named_on_it(service: InProcess) -> None:
    """Of several orders, those that can be evaluated are."""
    call = referring_to(FCP, DID_NOT_COME)
    entries = call["context"]["draftOrders"]["entry"]
    emergency = {**entries[0]["resource"], "id": "draft-2", "reasonReference": []}
    emergency["reasonCode"] = [{"coding": [{"system": SNOMED, "code": "192970008"}]}]
    entries.append({"resource": emergency})
    call["context"].pop("selections", None)

    (card,) = service.cards({**call, "hook": "order-sign"})

    assert card["indicator"] == "critical"
    assert "A reason that it refers to could not be read" in card["detail"].partition("**Not checked:**")[2]


def test_an_order_that_nothing_places_is_told_beside_it(service: InProcess, asks_for_cards: InProcess) -> None:
    """Each with its own mend; on a card the second is named."""
    call = hook_call("unresolved-region-knee-mri-pain--could-not-evaluate.json")
    entries = call["context"]["draftOrders"]["entry"]
    ods = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "Z99020"}
    asked_by_community_msk = {"id": "draft-2", "requester": {"type": "Organization", "identifier": ods}}
    second = {**entries[0]["resource"], **asked_by_community_msk, "reasonReference": [DID_NOT_COME]}
    entries.append({"resource": second})
    call["context"].pop("selections", None)
    call["hook"] = "order-sign"

    issues = service.call(call).json()["issue"]
    (card,) = asks_for_cards.cards(call)

    assert ["ODS code" in issue["diagnostics"] for issue in issues] == [True, False]
    assert "Nothing in the call places it in a region" in card["detail"].partition("**Not checked:**")[2]


OUTSIDE = "ncl-gp-knee-mri-pain--outside-footprint.json"
UNSTATED = "nwl-gp-unspecified-mri-pain--not-applicable.json"
BABYS_HIP = "nwl-gp-hips-uss-infant--not-applicable.json"
BRAIN = "nwl-gp-brain-mri--not-applicable.json"


@pytest.mark.parametrize("file", [OUTSIDE, UNSTATED])
def test_it_is_silence_nowhere_that_a_coded_emergency_would_speak(
    service: InProcess, asks_for_cards: InProcess, file: str
) -> None:
    """Outside the footprints, and where the part of the body is not stated."""
    assert service.cards(hook_call(file)) == []

    response = service.call(referring_to(file, DID_NOT_COME))
    (card,) = asks_for_cards.cards(referring_to(file, DID_NOT_COME))
    emergency = {"reasonCode": [{"coding": [{"system": SNOMED, "code": "192970008"}]}]}
    (told,) = service.cards(referring_to(file, **emergency))

    assert response.status_code == 412
    assert "could not be read" in response.json()["issue"][0]["diagnostics"]
    assert "not checked: a reason for the" in card["summary"]
    assert told["indicator"] == "critical"


@pytest.mark.parametrize("file", [BABYS_HIP, BRAIN])
def test_what_is_no_msk_scan_is_let_be(service: InProcess, file: str) -> None:
    """The pathways have nothing to say of it."""
    assert service.cards(referring_to(file, DID_NOT_COME)) == []


@pytest.mark.parametrize(
    ("observation", "status"),
    [
        ({"valueBoolean": True}, 200),
        ({"valueString": "since Monday"}, 412),
        ({"valueBoolean": False}, 200),
    ],
)
def test_an_observation_that_may_state_a_red_flag_exempts_nobody(
    service: InProcess, observation: JsonObject, status: int
) -> None:
    """Yes is heard, no is no, and what nobody here can tell is not silence."""
    numbness = contained("Observation", status="final", code={"coding": [{"system": SNOMED, "code": "449813001"}]})
    lumbar = {"coding": [{"system": SNOMED, "code": "394451000119106"}]}

    response = service.call(referring_to(FCP, {"reference": "#r1"}, code=lumbar, contained=[numbness | observation]))

    assert response.status_code == status
    if status == 200:
        assert [card["indicator"] for card in response.json()["cards"]] == ["critical"] * (
            observation["valueBoolean"] is True
        )


@pytest.mark.parametrize("file", [FCP, COMMUNITY, OUTSIDE, REDIRECTED])
@pytest.mark.parametrize("system", ["urn:oid:2.16.840.1.113883.6.96", "http://snomed.info/sct/83821000000107"])
def test_an_emergency_in_snomed_ct_by_another_name_is_heard(service: InProcess, file: str, system: str) -> None:
    """An edition's URI or the OID names the same concepts; it was silence for all but the last."""
    reason = {"coding": [{"system": system, "code": "192970008"}]}

    (card,) = service.cards(referring_to(file, reasonCode=[reason]))

    assert card["indicator"] == "critical"
