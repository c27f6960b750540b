"""The ready-made hook calls stay in step with the resources, their index and the specification."""

import uuid
from collections.abc import Callable, Collection
from datetime import datetime
from importlib.resources import files

import pytest

from fhir_fixtures import Expectation, JsonObject, expectations, feedback, hook_call, resources

Prefetch = Callable[[JsonObject], JsonObject]

EXPECTATIONS = expectations()
FILES = sorted({row.file for row in EXPECTATIONS})
EHR_CALLS = [file for file in FILES if not file.startswith("sandbox/")]
SANDBOX_CALLS = [file for file in FILES if file.startswith("sandbox/")]

ONCOLOGY_EVIDENCE = {"conditions", "pastConditions", "episodes", "careTeams"}
LEFT_OUT = {
    "nwl-gp-knee-mri-no-reason--redirect.json": ONCOLOGY_EVIDENCE,
    "nwl-unknown-setting-knee-mri-pain--redirect-unknown-setting.json": ONCOLOGY_EVIDENCE,
    "nwl-unknown-setting-lumbar-mri-ces--ces.json": ONCOLOGY_EVIDENCE,
    "unresolved-region-knee-mri-pain--could-not-evaluate.json": ONCOLOGY_EVIDENCE,
    "unresolved-region-lumbar-mri-ces--ces.json": ONCOLOGY_EVIDENCE,
    "sandbox/pama-knee-mri-knee-pain-keys-left-out--redirect.json": {"user", "encounter"},
    "sandbox/pama-lumbar-mri-cauda-equina--ces.json": {"encounter"},
}
"""Keys that a client did not send on purpose: absent evidence is unknown, not none."""

CARD_INDICATORS = {
    "redirect": {"warning", "info"},
    "redirect_unknown_setting": {"info"},
    "paediatric": {"info"},
    "lump": {"info"},
    "ces": {"critical"},
    "mscc": {"critical"},
    "suspected_cancer": {"warning", "info"},
    "suspected_sarcoma": {"warning", "info"},
    "oncology": {"warning", "info"},
    "urgent_msk": {"warning"},
}
SILENT = {
    "not_applicable",
    "outside_footprint",
    "specialist_exempt",
    "out_of_policy",
    "fcp_exempt",
    "could_not_evaluate",
}


def without(keys: Collection[str], prefetch: JsonObject) -> JsonObject:
    """The prefetch less some keys."""
    return {key: value for key, value in prefetch.items() if key not in keys}


def drafts(call: JsonObject) -> dict[str, JsonObject]:
    """The call's draft orders by `Type/id`."""
    entries = call["context"]["draftOrders"]["entry"]
    return {f"{one['resource']['resourceType']}/{one['resource']['id']}": one["resource"] for one in entries}


@pytest.mark.parametrize("file", EHR_CALLS)
def test_the_prefetch_of_a_call_is_what_the_fixture_server_answers(ehr_prefetch: Prefetch, file: str) -> None:
    """A call cannot drift from the resources it was made from."""
    call = hook_call(file)

    assert call["prefetch"] == without(LEFT_OUT.get(file, ()), ehr_prefetch(call["context"]))


@pytest.mark.parametrize("file", SANDBOX_CALLS)
def test_the_prefetch_of_a_sandbox_call_is_what_the_sandbox_would_fetch(sandbox_prefetch: Prefetch, file: str) -> None:
    """Unfilled queries come back as empty Bundles, except where a call shows a client that drops the key."""
    call = hook_call(file)

    assert call["prefetch"] == without(LEFT_OUT.get(file, ()), sandbox_prefetch(call["context"]))


@pytest.mark.parametrize("file", FILES)
def test_a_call_is_a_cds_hooks_request(file: str) -> None:
    """The members that the specification and the two hook definitions require."""
    call = hook_call(file)
    context = call["context"]

    assert str(uuid.UUID(call["hookInstance"])) == call["hookInstance"]
    assert call["hook"] in ("order-select", "order-sign")
    assert ("selections" in context) or call["hook"] == "order-sign"
    assert context["userId"].partition("/")[0] in ("Practitioner", "PractitionerRole")
    assert "/" not in context["patientId"]
    assert context["draftOrders"]["resourceType"] == "Bundle"


def test_every_call_has_its_own_hook_instance() -> None:
    """A hook instance names one hook call."""
    instances = [hook_call(file)["hookInstance"] for file in FILES]

    assert len(instances) == len(set(instances))


@pytest.mark.parametrize("file", FILES)
def test_the_patient_of_the_context_is_the_patient_of_everything_in_the_call(file: str) -> None:
    """No order or prefetched resource is about anybody else."""
    call = hook_call(file)
    charts = [entry["resource"] for value in call["prefetch"].values() for entry in value.get("entry", [])]
    subjects = {
        one[element]["reference"]
        for one in [*drafts(call).values(), *charts]
        for element in ("subject", "patient")
        if element in one
    }

    assert subjects == {f"Patient/{call['context']['patientId']}"}
    assert call["prefetch"]["patient"]["id"] == call["context"]["patientId"]


@pytest.mark.parametrize("file", FILES)
def test_selections_are_among_the_draft_orders(file: str) -> None:
    """With or without the type prefix."""
    call = hook_call(file)
    known = {form for name in drafts(call) for form in (name, name.partition("/")[2])}

    assert set(call["context"].get("selections", [])) <= known


@pytest.mark.parametrize("file", EHR_CALLS)
def test_an_imaging_draft_has_the_shape_of_a_uk_order(file: str) -> None:
    """Intent, category, code with text, and a requester."""
    for order in drafts(hook_call(file)).values():
        if order["resourceType"] == "ServiceRequest" and order["status"] == "draft":
            assert order["intent"] == "order"
            assert order["category"][0]["coding"][0]["code"] == "363679005"
            assert order["code"]["text"]
            assert order["requester"]


def test_requesters_come_in_every_form_that_an_ehr_sends() -> None:
    """A role, a bare practitioner, an organisation, and a logical reference."""
    forms = {
        order["requester"].get("reference", "identifier only").partition("/")[0]
        for file in EHR_CALLS
        for order in drafts(hook_call(file)).values()
        if order["resourceType"] == "ServiceRequest"
    }

    assert forms == {"PractitionerRole", "Practitioner", "Organization", "identifier only"}


def test_the_index_lists_every_file_and_no_other() -> None:
    """A call that nobody expects anything of is not tested by anybody."""
    calls = files("fhir_fixtures") / "hook_calls"
    found = {
        prefix + file.name
        for prefix, folder in (("", calls), ("sandbox/", calls / "sandbox"))
        for file in folder.iterdir()
        if file.name.endswith(".json")
    }

    assert found == set(FILES)


@pytest.mark.parametrize("row", EXPECTATIONS, ids=lambda row: f"{row.file}-{row.outcome}")
def test_a_row_of_the_index_expects_what_its_outcome_allows(row: Expectation) -> None:
    """Silence does nothing; only a redirect or CES may remove a scan, and never without a referral."""
    if row.outcome in SILENT:
        assert (row.indicator, row.delete, row.create) == (None, False, False)
        return
    assert row.indicator in CARD_INDICATORS[row.outcome]
    if row.delete:
        assert row.outcome in ("redirect", "ces")
        assert row.create


def test_the_name_of_a_call_ends_in_its_first_outcome() -> None:
    """The name says what to expect."""
    first = {row.file: row.outcome for row in reversed(EXPECTATIONS)}

    ends = {file: file.removesuffix(".json").rpartition("--")[2].replace("-", "_") for file in FILES}
    assert ends == first


def test_the_first_call_of_the_sandbox_is_as_bare_as_the_sandbox_sends_it() -> None:
    """An untyped Bundle, an empty coding and an empty list of reasons."""
    call = hook_call("sandbox/pama-first-call-empty-order--not-applicable.json")

    order = drafts(call)["ServiceRequest/example-request-id"]
    assert "type" not in call["context"]["draftOrders"]
    assert (order["code"], order["reasonCode"]) == ({"coding": [{}]}, [])


@pytest.mark.parametrize("file", SANDBOX_CALLS)
def test_a_sandbox_call_comes_from_the_default_user_without_an_encounter(file: str) -> None:
    """Whatever the page, the sandbox sends this user, its FHIR server and no encounter."""
    call = hook_call(file)

    assert call["context"]["userId"] == "Practitioner/COREPRACTITIONER1"
    assert call["fhirServer"] == "http://127.0.0.1:8000/fhir"
    assert "encounterId" not in call["context"]
    assert "type" not in call["context"]["draftOrders"]


@pytest.mark.parametrize("name", feedback())
def test_a_feedback_body_has_the_form_of_the_specification(name: str) -> None:
    """Outcome with what it requires, and a timestamp with an offset."""
    for entry in feedback()[name]["feedback"]:
        uuid.UUID(entry["card"])
        assert entry["outcome"] in ("accepted", "overridden")
        assert ("acceptedSuggestions" in entry) == (entry["outcome"] == "accepted")
        assert datetime.fromisoformat(entry["outcomeTimestamp"]).tzinfo is not None
        if "overrideReason" in entry:
            assert entry["overrideReason"].keys() & {"reason", "userComment"}


def test_feedback_comes_in_every_form() -> None:
    """Accepted, overridden with and without a reason or a comment, several at once, and contradictory."""
    shapes = {
        (entry["outcome"], *sorted(entry.get("overrideReason", {})))
        for body in feedback().values()
        for entry in body["feedback"]
    }

    assert shapes == {
        ("accepted",),
        ("overridden",),
        ("overridden", "reason"),
        ("overridden", "userComment"),
        ("overridden", "reason", "userComment"),
    }
    assert max(len(body["feedback"]) for body in feedback().values()) > 1


def test_both_regions_have_a_patient_for_every_story() -> None:
    """What can be shown for one region can be shown for the other."""
    stories = {
        region: {
            one["id"].removeprefix(f"{region}-")
            for one in resources()
            if one["resourceType"] == "Patient" and one["id"].startswith(f"{region}-")
        }
        for region in ("nwl", "nel")
    }

    assert stories["nel"] == stories["nwl"] - {"registered-seen-in-nel"}
