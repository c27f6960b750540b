"""Two things under one name in a call: whichever is meant, the safer reading holds (facts 1, 3, 5 and 6)."""

import copy

import pytest

from fhir_fixtures import hook_call
from tests.conftest import InProcess, JsonObject
from tests.fuzz.conftest import assert_the_red_flag_is_shown, assert_well_answered, send

BY_REFERENCE = "nwl-gp-lumbar-mri-ces-by-reference-order-sign--ces.json"
KNEE_PAIN = {"coding": [{"system": "http://snomed.info/sct", "code": "30989003", "display": "Knee pain"}]}
REFUTED = {"coding": [{"code": "refuted"}]}


def resource_of(call: JsonObject, kind: str) -> JsonObject:
    """The first prefetched resource of a type."""
    for value in call["prefetch"].values():
        for entry in (value or {}).get("entry", []):
            resource: JsonObject = entry["resource"]
            if resource["resourceType"] == kind:
                return resource
    raise AssertionError(kind)


@pytest.mark.parametrize("where", ["draft orders", "prefetch"])
@pytest.mark.parametrize("change", [{"code": KNEE_PAIN}, {"verificationStatus": REFUTED}], ids=["another", "refuted"])
def test_a_second_condition_of_the_same_id_hides_no_emergency(
    service: InProcess, where: str, change: JsonObject
) -> None:
    """One copy says cauda equina syndrome, and nobody can tell which is the newer."""
    call = hook_call(BY_REFERENCE)
    other = {**copy.deepcopy(resource_of(call, "Condition")), **change}
    if where == "draft orders":
        call["context"]["draftOrders"]["entry"].append({"resource": other})
    else:
        call["prefetch"] = {"others": {"resourceType": "Bundle", "entry": [{"resource": other}]}, **call["prefetch"]}

    answer = send(service, call)

    assert_well_answered(answer)
    assert_the_red_flag_is_shown(answer)


@pytest.mark.parametrize("where", ["draft orders", "prefetch"])
def test_a_second_organisation_of_the_same_id_exempts_nobody(service: InProcess, where: str) -> None:
    """One copy is a trust and the other a practice: the evidence disagrees, so the setting is unknown (fact 3)."""
    call = hook_call("nwl-gp-lumbar-mri-ces--ces.json")
    practice = resource_of(call, "Organization")
    trust = resource_of(hook_call("nwl-consultant-lumbar-mri-ces--specialist-exempt.json"), "Organization")
    entry = {"resource": {**trust, "id": practice["id"]}}
    if where == "draft orders":
        call["context"]["draftOrders"]["entry"].append(entry)
    else:
        call["prefetch"] = {"others": {"resourceType": "Bundle", "entry": [entry]}, **call["prefetch"]}

    answer = send(service, call)

    assert_well_answered(answer)
    assert_the_red_flag_is_shown(answer)


@pytest.mark.parametrize("kept_first", [True, False], ids=["first", "last"])
def test_a_scan_that_must_stay_is_not_removed_under_anothers_id(service: InProcess, kept_first: bool) -> None:
    """Two drafts of one id, one for a suspected cancer: a removal would name either (fact 6)."""
    call = hook_call("nwl-gp-knee-mri-pain--redirect.json")
    entries = call["context"]["draftOrders"]["entry"]
    kept = copy.deepcopy(
        hook_call("nwl-gp-hip-mri-suspected-cancer--suspected-cancer.json")["context"]["draftOrders"]["entry"][0]
    )
    kept["resource"]["id"] = entries[0]["resource"]["id"]
    entries[:] = [kept, *entries] if kept_first else [*entries, kept]
    call["hook"] = "order-sign"

    answer = send(service, call)

    assert_well_answered(answer)
    removed = [
        action["resourceId"]
        for card in answer.json().get("cards", [])
        for suggestion in card.get("suggestions", [])
        for action in suggestion["actions"]
        if action["type"] == "delete"
    ]
    assert removed == []


@pytest.mark.parametrize(
    "selection",
    ["/draft-1", "draft-1/", "Servicerequest/draft-1", "ServiceRequests/draft-1", "x/y/draft-1", "https://x/"],
)
def test_a_selection_that_names_nothing_is_refused(service: InProcess, selection: str) -> None:
    """Silence would mean that the order was evaluated (fact 5); other resource types are none of ours."""
    call = hook_call("nwl-gp-lumbar-mri-ces--ces.json")
    call["context"]["selections"] = [selection]

    answer = send(service, call)

    assert answer.status_code == 400, answer.text
    assert answer.json()["issue"][0]["expression"] == ["context.selections[0]"]


def test_a_selected_medication_that_is_no_draft_is_passed_over(service: InProcess) -> None:
    """Of another resource's draft nothing is asked."""
    call = hook_call("nwl-gp-lumbar-mri-ces--ces.json")
    call["context"]["selections"].append("MedicationRequest/elsewhere")

    assert_the_red_flag_is_shown(send(service, call))
