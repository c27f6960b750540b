"""What a call holds besides the order in question: other orders, other patients, orders already in force."""

import pytest

from fhir_fixtures import hook_call
from tests.conftest import InProcess, JsonObject
from tests.hooks.conftest import removed

SNOMED = "http://snomed.info/sct"
CAUDA_EQUINA = "192970008"
CORD_COMPRESSION = "71286001"

REDIRECTED = "nwl-gp-knee-mri-pain--redirect.json"
CES = "nwl-gp-lumbar-mri-ces--ces.json"


def coded(code: str) -> JsonObject:
    """A CodeableConcept of SNOMED CT."""
    return {"coding": [{"system": SNOMED, "code": code}]}


def order_of(call: JsonObject) -> JsonObject:
    """The only order of a fixture call."""
    (entry,) = call["context"]["draftOrders"]["entry"]
    resource: JsonObject = entry["resource"]
    return resource


def with_another(call: JsonObject, **elements: object) -> JsonObject:
    """The call with a second draft, a copy of the first but for what is given; only the first is selected."""
    second = {**order_of(call), "id": "draft-2", **elements}
    call["context"]["draftOrders"]["entry"].append({"resource": second})
    return {**call, "hook": "order-select", "context": {**call["context"], "selections": ["ServiceRequest/draft-1"]}}


BESIDE = {
    "a twin that is not selected": {},
    "a CT": {"code": {"text": "CT lumbar spine"}},
    "a referral": {"code": coded("306206005")},
    "an order without words": {"code": {}},
    "a proposal in force": {"code": {"text": "CT lumbar spine"}, "status": "active", "intent": "proposal"},
    "an order whose patient nobody can tell": {"subject": {"reference": "urn:uuid:5f0e0ca0-5a0f-4a0e-9c2e-1"}},
}


@pytest.mark.parametrize("beside", BESIDE.values(), ids=BESIDE.keys())
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_a_red_flag_coded_on_any_live_order_keeps_the_scan(service: InProcess, beside: JsonObject, hook: str) -> None:
    """It may be about this very scan; of the other order nothing more is said than before."""
    call = with_another(hook_call(REDIRECTED), **beside, reasonCode=[coded(CAUDA_EQUINA)])
    if hook == "order-sign":
        call["context"].pop("selections")

    cards = service.cards({**call, "hook": hook})

    assert "ServiceRequest/draft-1" not in removed(cards)
    assert "another order for this patient carries a red flag" in cards[-1]["detail"]


def test_the_reason_may_stand_behind_a_reference(service: InProcess) -> None:
    """To a Condition that came."""
    reason = {"resourceType": "Condition", "id": "r1", "code": coded(CAUDA_EQUINA)}
    call = with_another(
        hook_call(REDIRECTED), reasonCode=[], reasonReference=[{"reference": "#r1"}], contained=[reason]
    )

    assert removed(service.cards(call)) == []


NO_REASON_TO_KEEP = {
    "a routine reason": {"reasonCode": [coded("30989003")]},
    "words": {"reasonCode": [{"text": "cauda equina?"}]},
    "an order that is revoked": {"reasonCode": [coded(CAUDA_EQUINA)], "status": "revoked"},
    "an order not to do something": {"reasonCode": [coded(CAUDA_EQUINA)], "doNotPerform": True},
    "another patient's order": {"reasonCode": [coded(CAUDA_EQUINA)], "subject": {"reference": "Patient/another"}},
    "another kind of draft": {"reasonCode": [coded(CAUDA_EQUINA)], "resourceType": "MedicationRequest"},
}


@pytest.mark.parametrize("beside", NO_REASON_TO_KEEP.values(), ids=NO_REASON_TO_KEEP.keys())
def test_what_is_no_red_flag_of_this_patient_keeps_nothing(service: InProcess, beside: JsonObject) -> None:
    """The draft that is not selected stays what it was: nothing."""
    assert removed(service.cards(with_another(hook_call(REDIRECTED), **beside))) == ["ServiceRequest/draft-1"]


@pytest.mark.parametrize("file", [REDIRECTED, CES])
@pytest.mark.parametrize("status", ["active", "on-hold", "unknown", "Draft"])
def test_an_order_in_force_is_not_removed(service: InProcess, file: str, status: str) -> None:
    """It may be booked; the advice is the same, and the card says why the scan stays."""
    call = hook_call(file)
    (draft,) = service.cards(call)
    order_of(call)["status"] = status

    (card,) = service.cards(call)

    assert (removed([draft]), removed([card])) == (["ServiceRequest/draft-1"], [])
    assert (card["summary"], card["indicator"]) == (draft["summary"], draft["indicator"])
    assert "stays:** the order is not a draft: it may already be in force." in card["detail"]


def test_a_bare_draft_has_no_status(service: InProcess) -> None:
    """And may be removed."""
    call = hook_call(REDIRECTED)
    del order_of(call)["status"]

    assert removed(service.cards(call)) == ["ServiceRequest/draft-1"]


UNTOLD = {"reference": "urn:uuid:5f0e0ca0-5a0f-4a0e-9c2e-000000000001"}


@pytest.mark.parametrize(
    ("subject", "rule"),
    [(None, "mscc"), (UNTOLD, "mscc"), ({"reference": "Patient/somebody-else"}, "urgent_msk")],
    ids=["this patient's", "nobody can tell", "another's"],
)
def test_cancer_of_this_patient_counts_for_an_order_that_may_be_theirs(
    service: InProcess, subject: JsonObject | None, rule: str
) -> None:
    """Cord compression beside active cancer is MSCC; it is not beside another patient's."""
    call = hook_call("nwl-gp-lumbar-mri-metastasis-active-cancer--mscc.json")
    order_of(call)["reasonCode"] = [coded(CORD_COMPRESSION)]
    if subject is not None:
        order_of(call)["subject"] = subject

    (card,) = service.cards(call)

    assert f"Rule nwl.{rule} " in card["detail"]


def test_an_order_of_which_nobody_can_tell_whose_it_is_says_so_first(service: InProcess) -> None:
    """Nothing is suggested or removed, the age is not known, and no cancer history is believed to be none."""
    call = hook_call(REDIRECTED)
    order_of(call)["subject"] = UNTOLD

    (card,) = service.cards(call)

    assert card["detail"].startswith("**Check whose order this is:** the order does not say in a known form")
    assert "another patient" not in card["detail"]
    assert "- Age: not known" in card["detail"]
    assert "- Cancer history: not known" in card["detail"]
    assert card["summary"].endswith("unless red flags")
    assert "suggestions" not in card


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/somebody-else"},
        {"identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000999"}},
    ],
    ids=["by id", "by NHS number"],
)
def test_an_order_for_another_patient_says_so_first(service: InProcess, subject: JsonObject) -> None:
    """In the summary too: this patient is on the screen."""
    call = hook_call(CES)
    order_of(call)["subject"] = subject

    (card,) = service.cards(call)

    assert card["summary"].startswith("Another patient: Send to the emergency department immediately")
    assert len(card["summary"]) < 140
    assert card["detail"].startswith("**For another patient** than the one of this call.")
    assert "suggestions" not in card


UNREAD = {
    "reasons that are no list": {"reasonCode": coded(CAUDA_EQUINA)},
    "reasons that are no concepts": {"reasonCode": "cauda equina", "status": ["draft"], "subject": 7},
    "a code that is a number": {"reasonCode": [{"coding": [{"system": SNOMED, "code": 192970008}]}]},
    "a Condition that did not come": {"reasonCode": [], "reasonReference": [{"reference": "Condition/lost"}]},
    "its type in other letters": {"resourceType": "serviceRequest", "reasonCode": [coded(CAUDA_EQUINA)]},
}


@pytest.mark.parametrize("beside", UNREAD.values(), ids=UNREAD.keys())
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_a_draft_that_could_not_be_read_keeps_the_scan_beside_it(
    service: InProcess, beside: JsonObject, hook: str
) -> None:
    """Selected or not: it may be about this very scan, and carry any reason."""
    call = with_another(hook_call(REDIRECTED), **beside)
    if hook == "order-sign":
        call["context"].pop("selections")

    (card,) = service.cards({**call, "hook": hook})

    assert "ServiceRequest/draft-1" not in removed([card])
    assert "another order of this call, or its reason, could not be read" in card["detail"]


def test_an_order_is_not_beside_itself(service: InProcess) -> None:
    """A scan that stays for a sign of its own does not stay for another order, where there is none."""
    call = hook_call(REDIRECTED)
    order_of(call).update(code=coded("91333005"), reasonCode=[coded("267064002")])

    (card,) = service.cards(call)

    assert "a strong sign of cauda equina syndrome" in card["detail"]
    assert "another order" not in card["detail"]


def test_a_referral_for_another_complaint_is_not_the_emergency(service: InProcess) -> None:
    """The emergency draft is proposed beside it, and nothing is to be removed by hand."""
    chest = {"code": {**coded("306254002"), "text": "A&E: chest pain"}, "priority": "stat", "intent": "proposal"}
    call = with_another(hook_call(CES), reasonCode=[{"text": "chest pain"}], **chest)

    (card,) = service.cards(call)

    assert [action["type"] for action in card["suggestions"][0]["actions"]] == ["create", "delete"]
    assert "already among the orders" not in card["detail"]
