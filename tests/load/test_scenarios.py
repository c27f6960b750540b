import csv
from pathlib import Path
from typing import Any

import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class
from records import PRACTICE_ODS, nhs_number
from scenarios import HOW_MANY_BODIES, SCENARIOS, Scenario, calls

CONFIGURATION = Path(__file__).parents[2] / "cds_service" / "demo" / "configuration"
PREFETCH_KEYS = {
    *("patient", "user", "userRoles", "encounter"),
    *("conditions", "pastConditions", "episodes", "careTeams"),
}


def body(scenario: Scenario, index: int = 7) -> dict[str, Any]:
    """A scenario's body as the server reads it: through JSON and back."""
    read: dict[str, Any] = orjson.loads(orjson.dumps(SCENARIOS[scenario].body(index)))
    return read


def drafts(call: dict[str, Any]) -> list[dict[str, Any]]:
    """The draft orders of a call."""
    return [entry["resource"] for entry in call["context"]["draftOrders"]["entry"]]


def bundled(call: dict[str, Any]) -> list[dict[str, Any]]:
    """Every resource of a call: drafts, prefetched resources, and those inside prefetched Bundles."""
    prefetched = list(call["prefetch"].values())
    inside = (entry["resource"] for value in prefetched for entry in value.get("entry", ()))
    return [*drafts(call), *prefetched, *inside]


@pytest.mark.parametrize("scenario", Scenario)
def test_every_prefetch_key_is_filled(scenario: Scenario) -> None:
    """A full prefetch: one Patient, and searchset Bundles with the number of their matches."""
    prefetch = body(scenario)["prefetch"]
    bundles = [value for key, value in prefetch.items() if key != "patient"]

    assert prefetch.keys() == PREFETCH_KEYS
    assert prefetch["patient"]["resourceType"] == "Patient"
    assert {bundle["type"] for bundle in bundles} == {"searchset"}
    for bundle in bundles:
        assert bundle["total"] == sum(entry["search"]["mode"] == "match" for entry in bundle["entry"])


def test_the_user_works_at_a_practice_of_the_demo() -> None:
    """The user's role comes with practitioner and organisation; its ODS code is an invented one."""
    user = body(Scenario.IN_SCOPE)["prefetch"]["user"]
    resources = {entry["resource"]["resourceType"]: entry["resource"] for entry in user["entry"]}

    assert resources.keys() == {"PractitionerRole", "Practitioner", "Organization"}
    assert resources["Organization"]["identifier"] == [
        {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "Z99001"}
    ]
    assert resources["PractitionerRole"]["organization"]["reference"] == "Organization/load-practice"


def test_that_practice_is_a_general_practice_under_nwls_pathway() -> None:
    """The demo configuration, with which the service is loaded, knows it as such: so there is a card."""
    with (CONFIGURATION / "organisations.csv").open(encoding="utf-8", newline="") as rows:
        practice = next(row for row in csv.DictReader(rows) if row["ods_code"] == PRACTICE_ODS)

    assert (practice["setting"], practice["sub_icb"]) == ("general-practice", "W2U3Z")


def test_the_order_out_of_scope_is_a_selected_medicine() -> None:
    """Nothing in it is imaging."""
    call = body(Scenario.OUT_OF_SCOPE)

    assert call["hook"] == "order-select"
    assert [draft["resourceType"] for draft in drafts(call)] == ["MedicationRequest"]
    assert call["context"]["selections"] == ["MedicationRequest/medicine-7"]


def test_the_order_in_scope_is_one_selected_scan() -> None:
    """A lumbar or a knee MRI with a coded reason, selected by its id."""
    for index, code in ((0, "394451000119106"), (1, "241641004")):
        call = body(Scenario.IN_SCOPE, index)
        (order,) = drafts(call)

        assert call["hook"] == "order-select"
        assert order["code"]["coding"][0]["code"] == code
        assert order["reasonCode"][0]["coding"][0]["system"] == "http://snomed.info/sct"
        assert call["context"]["selections"] == [f"ServiceRequest/{order['id']}"]


def test_order_sign_has_five_different_scans() -> None:
    """Five drafts with ids and codes of their own, and no selections, which that hook does not have."""
    call = body(Scenario.ORDER_SIGN)
    orders = drafts(call)

    assert call["hook"] == "order-sign"
    assert "selections" not in call["context"]
    assert len({order["id"] for order in orders}) == 5
    assert len({order["code"]["coding"][0]["code"] for order in orders}) == 5
    assert {order["resourceType"] for order in orders} == {"ServiceRequest"}


@pytest.mark.parametrize("scenario", Scenario)
def test_every_resource_is_valid_r4(scenario: Scenario) -> None:
    """What is sent is what an EHR could send."""
    for resource in bundled(body(scenario)):
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_patients_differ_and_have_numbers_that_are_never_issued() -> None:
    """No two bodies share a patient; each NHS number lies in the 999 range and has a valid check digit."""
    patients = [body(Scenario.IN_SCOPE, index)["prefetch"]["patient"] for index in range(40)]
    numbers = [patient["identifier"][0]["value"] for patient in patients]

    assert len({patient["id"] for patient in patients}) == len(set(numbers)) == 40
    for number in numbers:
        assert number.startswith("999")
        assert len(number) == 10
        assert sum(int(digit) * weight for digit, weight in zip(number, range(10, 0, -1), strict=True)) % 11 == 0


def test_nhs_numbers_are_counted_up_from_the_start_of_the_range() -> None:
    """999 000 000 has no check digit (it would be 10); 999 000 001 has 8."""
    assert [nhs_number(index) for index in range(2)] == ["9990000018", "9990000026"]


@pytest.mark.parametrize("scenario", Scenario)
def test_calls_are_many_and_all_different(scenario: Scenario) -> None:
    """A few hundred bodies, so that remembering an answer gains nothing."""
    prepared = calls(scenario, "/somewhere")

    assert len(set(prepared)) == len(prepared) == HOW_MANY_BODIES
    assert HOW_MANY_BODIES >= 200


def test_expected_bytes_tell_a_card_from_none() -> None:
    """Out of scope expects no card, the others the redirect's indicator."""
    markers = {scenario: SCENARIOS[scenario].marker for scenario in Scenario}

    assert markers == {
        Scenario.OUT_OF_SCOPE: b'"cards":[]',
        Scenario.IN_SCOPE: b'"indicator":"warning"',
        Scenario.IN_SCOPE_ES384: b'"indicator":"warning"',
        Scenario.IN_SCOPE_RS384: b'"indicator":"warning"',
        Scenario.ORDER_SIGN: b'"indicator":"warning"',
    }
