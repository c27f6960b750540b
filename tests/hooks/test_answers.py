import shutil
from pathlib import Path

import pytest

from fhir_fixtures import hook_call
from tests.conftest import DEMO_CONFIGURATION, InProcess, JsonObject, StartService
from tests.hooks.conftest import removed

SNOMED = "http://snomed.info/sct"
MRI_LUMBAR = "394451000119106"
CAUDA_EQUINA = "192970008"
METASTASIS = "94602001"

ODS = "https://fhir.nhs.uk/Id/ods-organization-code"


def registered_at(file: str, ods_code: str) -> JsonObject:
    """A fixture call whose patient is registered at another practice."""
    call = hook_call(file)
    practice = {"type": "Organization", "identifier": {"system": ODS, "value": ods_code}}
    call["prefetch"]["patient"]["generalPractitioner"] = [practice]
    return call


def performers(card: JsonObject) -> list[str]:
    """ODS codes of where the card's referral goes."""
    return [
        performer["identifier"]["value"]
        for suggestion in card.get("suggestions", [])
        for performer in suggestion["actions"][0]["resource"].get("performer", [])
    ]


def test_the_destination_is_that_of_the_patients_practice(service: InProcess) -> None:
    """Ordered from Brent for a patient of Ealing."""
    (card,) = service.cards(registered_at("nwl-gp-knee-mri-pain--redirect.json", "Z99002"))

    assert performers(card) == ["Z99D01"]


def test_a_destination_in_another_region_is_that_of_the_patients_practice_too(service: InProcess) -> None:
    """Under the requester's pathway, which says so (A11)."""
    (card,) = service.cards(registered_at("nwl-gp-knee-mri-pain--redirect.json", "Z99102"))

    assert card["source"]["label"].startswith("North West London")
    assert performers(card) == ["Z99D16"]
    assert "registered in another region" in card["detail"]


def test_a_practice_outside_every_footprint_has_no_destination(service: InProcess) -> None:
    """Generic wording and no suggestion, rather than a service that does not see its patients."""
    (card,) = service.cards(registered_at("nwl-gp-knee-mri-pain--redirect.json", "Z99201"))

    assert "suggestions" not in card
    assert "**Refer to:**" not in card["detail"]


def test_an_emergency_falls_back_to_where_the_patient_is(service: InProcess) -> None:
    """The emergency department of the requester's region sees anybody."""
    (card,) = service.cards(registered_at("nwl-gp-lumbar-mri-ces--ces.json", "Z99201"))

    assert performers(card) == ["Z99D07"]
    assert "North West Demo Emergency Department" in card["detail"]


@pytest.mark.parametrize(
    ("reason", "performer"),
    [(CAUDA_EQUINA, "Z99D20"), (METASTASIS, "Z99D21")],
)
def test_an_emergency_goes_to_the_requesters_area_first(service: InProcess, reason: str, performer: str) -> None:
    """The patient sits in Newham, and is registered in North West London."""
    call = hook_call("nel-gp-knee-mri-pain-registered-in-nwl--redirect.json")
    (entry,) = call["context"]["draftOrders"]["entry"]
    entry["resource"]["code"] = {"coding": [{"system": SNOMED, "code": MRI_LUMBAR}]}
    entry["resource"]["reasonCode"] = [{"coding": [{"system": SNOMED, "code": reason}]}]

    (card,) = service.cards(call)

    assert performers(card) == [performer]
    assert "an emergency service is the one for yours" in card["detail"]


@pytest.mark.parametrize(
    ("file", "old", "new", "performer"),
    [
        ("destinations.csv", "nel,,ces,", "nel,Havering,ces,", "Z99D07"),
        ("organisations.csv", ",A3A8R,Newham,Z99P11", ",A3A8R,,", "Z99D20"),
    ],
    ids=["none there: the patient's", "a practice without a borough: its region's"],
)
def test_an_emergency_without_a_service_of_the_requesters_own_borough(
    start_service: StartService, tmp_path: Path, file: str, old: str, new: str, performer: str
) -> None:
    """The whole region's, else the service of the patient's practice."""
    folder = tmp_path / "configuration"
    shutil.copytree(DEMO_CONFIGURATION, folder)
    table = (folder / file).read_text("utf-8")
    assert old in table
    (folder / file).write_text(table.replace(old, new), "utf-8")
    call = hook_call("nel-gp-knee-mri-pain-registered-in-nwl--redirect.json")
    (entry,) = call["context"]["draftOrders"]["entry"]
    entry["resource"]["reasonCode"] = [{"coding": [{"system": SNOMED, "code": CAUDA_EQUINA}]}]

    with start_service.briefly(folder) as service:
        (card,) = service.cards(call)

    assert performers(card) == [performer]


def with_a_second_order(call: JsonObject, **changes: object) -> JsonObject:
    """The call at signing, with a copy of its order that differs; a member set to None is left out."""
    entries = call["context"]["draftOrders"]["entry"]
    second = {**entries[0]["resource"], "id": "draft-2", **changes}
    entries.append({"resource": {name: value for name, value in second.items() if value is not None}})
    call["context"].pop("selections", None)
    return {**call, "hook": "order-sign"}


@pytest.mark.parametrize(
    ("file", "red_flag_removes"),
    [
        ("nwl-gp-lumbar-mri-ces--ces.json", ["ServiceRequest/draft-1"]),
        ("nwl-gp-knee-mri-sarcoma--suspected-sarcoma.json", []),
    ],
)
def test_beside_a_red_flag_no_twin_is_removed(service: InProcess, file: str, red_flag_removes: list[str]) -> None:
    """The reason was coded on one of two scans of one patient; the other may be the one that is kept."""
    cards = service.cards(with_a_second_order(hook_call(file), reasonCode=None))

    assert len(cards) == 2
    assert removed(cards) == red_flag_removes
    assert "another order for this patient carries a red flag" in cards[1]["detail"]


@pytest.mark.parametrize(
    "reason",
    [
        {"reference": "Condition/that-did-not-come"},
        {"reference": "https://elsewhere.example/fhir/Condition/c1"},
        {"identifier": {"system": "https://elsewhere.example/conditions", "value": "1"}},
        {"display": "Cauda equina syndrome"},
    ],
)
def test_a_reason_that_could_not_be_read_keeps_the_scan(service: InProcess, reason: JsonObject) -> None:
    """It may be the red flag for which this scan was ordered; the card says that one was sent."""
    call = hook_call("nwl-gp-lumbar-mri-ces--ces.json")
    (order,) = (entry["resource"] for entry in call["context"]["draftOrders"]["entry"])
    del order["reasonCode"]
    order["reasonReference"] = [reason]

    (card,) = service.cards(call)

    assert removed([card]) == []
    assert len(card["suggestions"]) == 1
    assert "a reason was sent that could not be read." in card["detail"]
    assert "reason: one was sent that could not be read" in card["detail"]
    assert "no coded reason" not in card["detail"].lower()


def test_an_unread_reason_beside_a_coded_emergency_changes_nothing(service: InProcess) -> None:
    """What was read is enough for its card, and the decision table has that card remove the scan."""
    call = hook_call("nwl-gp-lumbar-mri-ces--ces.json")
    before = removed(service.cards(call))
    (order,) = (entry["resource"] for entry in call["context"]["draftOrders"]["entry"])
    order["reasonReference"] = [{"reference": "Condition/that-did-not-come"}]

    assert removed(service.cards(call)) == before == ["ServiceRequest/draft-1"]


def test_a_red_flag_of_another_patient_keeps_nobody_elses_scan(service: InProcess) -> None:
    """It says nothing of this one."""
    call = with_a_second_order(
        hook_call("nwl-gp-knee-mri-pain--redirect.json"),
        subject={"reference": "Patient/somebody-else"},
        reasonCode=[{"coding": [{"system": SNOMED, "code": CAUDA_EQUINA}]}],
    )

    assert removed(service.cards(call)) == ["ServiceRequest/draft-1"]


def test_metastatic_cord_compression_falls_back_as_well(service: InProcess) -> None:
    """The coordinator is phoned, whoever the patient's practice is."""
    (card,) = service.cards(registered_at("nwl-gp-lumbar-mri-metastasis-active-cancer--mscc.json", "Z99201"))

    assert performers(card) == ["Z99D08"]


def test_a_cancer_referral_does_not_fall_back(service: InProcess) -> None:
    """It goes where the patient lives; the draft is offered without a performer."""
    (card,) = service.cards(registered_at("nwl-gp-hip-mri-suspected-cancer--suspected-cancer.json", "Z99201"))

    assert performers(card) == []
    assert len(card["suggestions"]) == 1


def test_ids_may_come_with_their_type(service: InProcess) -> None:
    """`Patient/…` and `Encounter/…` in the context mean the same as the bare ids."""
    call = hook_call("nwl-gp-knee-mri-pain--redirect.json")
    (plain,) = service.cards(call)
    call["context"]["patientId"] = f"Patient/{call['context']['patientId']}"
    call["context"]["encounterId"] = f"Encounter/{call['context']['encounterId']}"

    (card,) = service.cards(call)

    assert card["detail"] == plain["detail"]
    assert card["suggestions"][0]["actions"] == plain["suggestions"][0]["actions"]


def test_order_sign_looks_at_every_draft(service: InProcess) -> None:
    """Where order-select looks at the selected one alone."""
    call = hook_call("nwl-gp-knee-mri-selected-shoulder-mri-not--redirect.json")

    (card,) = service.cards({**call, "hook": "order-sign"})

    assert card["detail"].count("- Order:") == 2


def test_a_selection_may_have_the_type_or_not(service: InProcess) -> None:
    """Both forms are in use."""
    call = hook_call("nwl-gp-knee-mri-pain--redirect.json")
    for selection in ("draft-1", "ServiceRequest/draft-1"):
        call["context"]["selections"] = [selection]
        assert len(service.cards(call)) == 1


def test_nothing_selected_is_nothing_to_say(service: InProcess) -> None:
    """Although there is a draft."""
    call = hook_call("nwl-gp-knee-mri-pain--redirect.json")
    call["context"]["selections"] = []

    assert service.cards(call) == []


def test_an_empty_bundle_is_nothing_to_say(service: InProcess) -> None:
    """A Bundle without entries is what a client has when nothing is drafted."""
    call = hook_call("nwl-gp-knee-mri-pain-order-sign--redirect.json")
    call["context"]["draftOrders"] = {"resourceType": "Bundle"}

    assert service.cards(call) == []


def test_a_call_without_prefetch_is_not_mistaken_for_one_that_found_nothing(service: InProcess) -> None:
    """No organisation, no practice, no answer about cancer: 412, never silence (fact 5)."""
    call = hook_call("nwl-gp-knee-mri-pain--redirect.json")
    del call["prefetch"]

    assert service.call(call).status_code == 412


def test_an_order_for_another_patient_never_becomes_a_referral_for_this_one(service: InProcess) -> None:
    """Its reasons are that patient's: a referral with them under this patient's name would be somebody else's."""
    call = hook_call("nwl-gp-knee-mri-pain--redirect.json")
    call["context"]["draftOrders"]["entry"][0]["resource"]["subject"] = {"reference": "Patient/somebody-else"}

    referrals = [
        action["resource"]["subject"]
        for card in service.cards(call)
        for suggestion in card.get("suggestions", [])
        for action in suggestion["actions"]
        if action["type"] == "create"
    ]

    assert {"reference": "Patient/nwl-adult"} not in referrals


def test_a_consultants_session_does_not_silence_the_emergency_of_a_requester_of_whom_nothing_came(
    service: InProcess,
) -> None:
    """A practice's order, opened in a trust: the card that the requester's role would have earned."""
    call = hook_call("nwl-gp-lumbar-mri-ces--ces.json")
    consultant = hook_call("nwl-consultant-lumbar-mri-ces--specialist-exempt.json")
    assert service.cards(consultant) == []
    for key in ("user", "encounter"):
        call["prefetch"][key] = consultant["prefetch"][key]
    for key in ("userId", "encounterId"):
        call["context"][key] = consultant["context"][key]

    (card,) = service.cards(call)

    assert card["indicator"] == "critical"
    assert "no organisation of the requester was sent" in card["detail"]


def signed_after_accepting(call: JsonObject, card: JsonObject) -> JsonObject:
    """The order-sign call after the card's draft was added to the orders, and nothing removed."""
    referral = card["suggestions"][0]["actions"][0]["resource"]
    call["context"]["draftOrders"]["entry"].append({"resource": {**referral, "id": "accepted-1"}})
    call["context"].pop("selections", None)
    return {**call, "hook": "order-sign"}


@pytest.mark.parametrize(
    "file",
    ["nwl-community-msk-hip-mri-suspected-cancer--suspected-cancer.json", "nwl-gp-lumbar-mri-ces--ces.json"],
)
def test_an_accepted_referral_is_not_proposed_again_at_signing(service: InProcess, file: str) -> None:
    """A second click would send two; the card still speaks."""
    call = hook_call(file)
    (first,) = service.cards(call)

    (second,) = service.cards(signed_after_accepting(call, first))

    assert second["summary"] == first["summary"]
    assert "suggestions" not in second
    assert "A draft referral is already among the orders" in second["detail"]


PRIORITY_REASON = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-PriorityReason"


def with_priority(file: str, priority: str) -> JsonObject:
    """A fixture call whose order has a priority and, in words, a reason for it."""
    call = hook_call(file)
    (entry,) = call["context"]["draftOrders"]["entry"]
    reason = {"url": PRIORITY_REASON, "valueCodeableConcept": {"text": "invented reason"}}
    entry["resource"] |= {"priority": priority, "_priority": {"extension": [reason]}}
    return call


@pytest.mark.parametrize("priority", ["asap", "stat", "at once"])
def test_an_order_that_cannot_wait_keeps_its_scan_and_leads_with_the_red_flags(
    service: InProcess, logged: list[str], priority: str
) -> None:
    """The draft is as urgent as its outcome; the words of the call are on the card and in no log."""
    (card,) = service.cards(with_priority("nwl-gp-knee-mri-pain--redirect.json", priority))

    assert card["summary"].endswith(" unless red flags")
    assert card["detail"].startswith("**The requester marked this order")
    assert card["detail"].index("**Red flags:**") < card["detail"].index("**What to do**")
    assert "stays:** the order's priority is above urgent, or not known here." in card["detail"]
    assert "because of invented reason\n" in card["detail"]
    (action,) = card["suggestions"][0]["actions"]
    assert (action["type"], action["resource"]["priority"]) == ("create", "routine")
    assert not [line for line in logged if "invented reason" in line or priority in line.split()]


def test_an_urgent_order_is_redirected_like_a_routine_one_and_says_so(service: InProcess) -> None:
    """Its scan may go."""
    (card,) = service.cards(with_priority("nwl-gp-knee-mri-pain--redirect.json", "urgent"))

    assert "unless red flags" not in card["summary"]
    assert "; priority: urgent, because of invented reason\n" in card["detail"]
    assert [action["type"] for action in card["suggestions"][0]["actions"]] == ["create", "delete"]


def test_the_scan_of_an_emergency_that_was_ordered_as_one_stays(service: InProcess) -> None:
    """It may be the very scan that the emergency needs."""
    (card,) = service.cards(with_priority("nwl-gp-lumbar-mri-ces--ces.json", "stat"))

    assert card["indicator"] == "critical"
    assert [action["type"] for action in card["suggestions"][0]["actions"]] == ["create"]


CES_PROBLEM = {
    "resourceType": "Condition",
    "id": "a-problem",
    "clinicalStatus": {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
    },
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "192970008", "display": "Cauda equina syndrome"}]},
}


def with_problem(file: str, **changes: object) -> JsonObject:
    """A fixture call whose patient has CES on the problem list, changed as said."""
    call = hook_call(file)
    subject = {"reference": f"Patient/{call['context']['patientId']}"}
    problem = {**CES_PROBLEM, "subject": subject, **changes}
    call["prefetch"]["conditions"].setdefault("entry", []).append({"resource": problem, "search": {"mode": "match"}})
    return call


LUMBAR_REDIRECT = "nwl-gp-lumbar-mri-ces-refuted--redirect.json"


def test_an_emergency_on_the_problem_list_is_said_first_and_keeps_the_scan(service: InProcess) -> None:
    """It is no reason of the order: outcome, indicator and summary are as without it."""
    (without,) = service.cards(hook_call(LUMBAR_REDIRECT))
    (card,) = service.cards(with_problem(LUMBAR_REDIRECT))

    assert (card["summary"], card["indicator"]) == (without["summary"], without["indicator"])
    assert card["detail"].startswith("**An active problem in the record is cauda equina syndrome or cord compression")
    assert "stays:** cauda equina syndrome or cord compression is an active problem in the record." in card["detail"]
    assert [action["type"] for action in without["suggestions"][0]["actions"]] == ["create", "delete"]
    assert [action["type"] for action in card["suggestions"][0]["actions"]] == ["create"]


def test_an_emergency_that_is_a_typed_reason_is_not_said_to_be_none(service: InProcess) -> None:
    """What a clinician typed no rule reads; the card must not deny that it was given."""
    call = with_problem(LUMBAR_REDIRECT)
    (entry,) = call["context"]["draftOrders"]["entry"]
    entry["resource"].pop("reasonReference", None)
    entry["resource"]["reasonCode"] = [{"text": "Known cauda equina syndrome"}]

    (card,) = service.cards(call)

    assert "cord compression, which is not coded as a reason for the scan.**" in card["detail"].partition("\n")[0]
    assert [action["type"] for action in card["suggestions"][0]["actions"]] == ["create"]


@pytest.mark.parametrize(
    "changes",
    [
        {"clinicalStatus": {"coding": [{"code": "resolved"}]}},
        {"verificationStatus": {"coding": [{"code": "refuted"}]}},
        {"subject": {"reference": "Patient/another"}},
    ],
    ids=["resolved", "refuted", "another patient's"],
)
def test_what_is_no_emergency_of_this_patient_now_is_not_said(service: InProcess, changes: JsonObject) -> None:
    """An entry that is over, untrue, or another's."""
    (without,) = service.cards(hook_call(LUMBAR_REDIRECT))
    (card,) = service.cards(with_problem(LUMBAR_REDIRECT, **changes))

    assert card["detail"] == without["detail"]


def test_an_emergency_on_the_problem_list_says_nothing_of_a_knee(service: InProcess) -> None:
    """A redirect of a joint is as it was."""
    (card,) = service.cards(with_problem("nwl-gp-knee-mri-pain--redirect.json"))

    assert "cauda equina syndrome or cord compression" not in card["detail"]
    assert [action["type"] for action in card["suggestions"][0]["actions"]] == ["create", "delete"]
