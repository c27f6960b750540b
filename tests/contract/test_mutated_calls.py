"""Whatever is bent in a call, the answer is cards or an outcome: never a 5xx, an empty element or junk FHIR."""

import copy
from collections.abc import Iterator

import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_fixtures import JsonObject, feedback, hook_call
from tests.conftest import InProcess
from tests.contract.conftest import empty

CALLS = [
    "nwl-gp-knee-mri-pain--redirect.json",
    "nwl-gp-lumbar-mri-ces-by-reference-order-sign--ces.json",
    "nwl-gp-knee-mri-asked-for-by-consultant--redirect.json",
    "nwl-gp-hip-mri-bone-pain-under-oncology--oncology.json",
    "nel-nurse-logical-reference-knee-mri-pain--redirect.json",
    "sandbox/pama-knee-mri-knee-pain--redirect.json",
]

Path = tuple[str | int, ...]


def paths(value: object, path: Path = ()) -> Iterator[Path]:
    """Every place of a JSON value but its root."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*path, name)
        yield from paths(member, (*path, name))


def put(body: JsonObject, path: Path, value: object) -> None:
    """Put a value at a place that there still is."""
    holder: object = body
    for step in path[:-1]:
        try:
            holder = holder[step]  # type: ignore[index]  # whatever stands there
        except (IndexError, KeyError, TypeError):
            return
    if isinstance(holder, dict) or (isinstance(holder, list) and isinstance(path[-1], int) and path[-1] < len(holder)):
        holder[path[-1]] = copy.deepcopy(value)  # type: ignore[index]  # a list is indexed by a number here


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
telling_values: st.SearchStrategy[object] = st.sampled_from(
    [
        None,
        [],
        {},
        "",
        " ",
        "#",
        "/",
        "urn:uuid:0",
        "draft",
        "revoked",
        [None],
        [[]],
        {"reference": "PractitionerRole/role-nwl-gp"},
        {"reference": "Organization/org-z99001"},
        {"reference": "#contained"},
        {"coding": [{"system": "http://snomed.info/sct", "code": "192970008"}]},
        {"coding": [{"code": None}], "text": "\u202e<b>[x](http://x)"},
        {"resourceType": "OperationOutcome"},
        {"resourceType": "Bundle", "entry": None},
    ]
)
VALUES = json_values | telling_values
BODIES = {name: hook_call(name) for name in CALLS}
PLACES = {name: list(paths(body)) for name, body in BODIES.items()}


@st.composite
def mutated_calls(draw: st.DrawFn) -> JsonObject:
    """Draw a fixture call with up to three of its values replaced."""
    name = draw(st.sampled_from(CALLS))
    body = hook_call(name)
    for path in draw(st.lists(st.sampled_from(PLACES[name]), min_size=1, max_size=3)):
        put(body, path, draw(VALUES))
    return body


def is_well_answered(service: InProcess, body: JsonObject) -> None:
    """Hold the answer to what every answer must be."""
    answer = service.call(body)
    content = answer.json()
    assert answer.status_code in {200, 400, 412}, answer.text
    if answer.status_code != 200:
        assert content["resourceType"] == "OperationOutcome"
        assert not empty(content)
        return
    assert content == {"cards": []} or not empty(content)
    for card in content["cards"]:
        assert len(card["summary"]) < 140
        for suggestion in card.get("suggestions", []):
            for action in suggestion["actions"]:
                if action["type"] == "create":
                    ServiceRequest.model_validate(action["resource"])


@given(body=mutated_calls())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_mutated_call_is_well_answered(service: InProcess, body: JsonObject) -> None:
    """Junk in a resource is worth as little as its absence."""
    is_well_answered(service, body)


@given(body=json_values)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_json_is_well_answered(service: InProcess, body: JsonObject) -> None:
    """A call need not even look like one."""
    assert service.call(body).status_code == 400


@given(name=st.sampled_from(sorted(feedback())), data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_mutated_feedback_is_stored_or_refused(service: InProcess, name: str, data: st.DataObject) -> None:
    """Nothing between."""
    body = feedback()[name]
    put(body, data.draw(st.sampled_from(list(paths(body)))), data.draw(VALUES))

    assert service.feedback(body).status_code in {200, 400}


ROLE = "PractitionerRole/role-nwl-gp"


@pytest.mark.parametrize(
    ("file", "path", "value"),
    [
        (CALLS[0], ("prefetch", "user", "entry", 0, "resource", "organization"), {"reference": ROLE}),
        (CALLS[0], ("prefetch", "encounter", "entry", 0, "resource", "serviceProvider"), {"reference": ROLE}),
        (CALLS[0], ("prefetch", "encounter", "entry", 0, "resource", "status"), {}),
        (CALLS[0], ("prefetch", "episodes", "entry", 0, "resource", "status"), []),
        (CALLS[3], ("prefetch", "episodes", "entry", 0, "resource", "status"), {}),
        (CALLS[2], ("context", "draftOrders", "entry", 1, "resource", "status"), {}),
        (CALLS[0], ("prefetch", "careTeams"), {"resourceType": "CareTeam", "status": [1]}),
        (CALLS[0], ("prefetch", "patient", "birthDate"), "99999-01-01"),
        (CALLS[0], ("prefetch", "patient", "birthDate"), "9999-12"),
        (CALLS[0], ("prefetch", "patient", "generalPractitioner", 0, "reference"), ROLE),
        (CALLS[4], ("context", "draftOrders", "entry", 0, "resource", "requester", "identifier", "system"), [[]]),
        (CALLS[4], ("context", "draftOrders", "entry", 0, "resource", "requester", "identifier", "system"), {}),
    ],
)
def test_a_resource_that_breaks_its_own_rules_breaks_nothing_else(
    service: InProcess, file: str, path: Path, value: object
) -> None:
    """A role whose organisation is itself, a status that is no code, a date beyond the calendar."""
    body = hook_call(file)
    put(body, path, value)

    is_well_answered(service, body)


@pytest.mark.parametrize("kind", [["Organization"], {}, None, 5, "Organization"])
@pytest.mark.parametrize("element", ["requester", "encounter", "subject"])
def test_a_contained_resource_of_no_proper_type_breaks_nothing(service: InProcess, element: str, kind: object) -> None:
    """It is found by its id alone."""
    body = hook_call(CALLS[0])
    order = body["context"]["draftOrders"]["entry"][0]["resource"]
    order.update({"contained": [{"resourceType": kind, "id": "x"}], element: {"reference": "#x"}})

    is_well_answered(service, body)


def test_roles_that_refer_to_each_other_are_followed_no_further(service: InProcess) -> None:
    """Two PractitionerRoles, each the other's organisation."""
    body = hook_call(CALLS[0])
    entries = body["prefetch"]["user"]["entry"]
    role = next(entry["resource"] for entry in entries if entry["resource"]["resourceType"] == "PractitionerRole")
    entries.append({"resource": {**role, "id": "role-b", "organization": {"reference": ROLE}}})
    role["organization"] = {"reference": "PractitionerRole/role-b"}

    is_well_answered(service, body)


def test_organisations_that_are_each_others_parts_are_followed_no_further(service: InProcess) -> None:
    """A loop of `partOf`."""
    body = hook_call(CALLS[0])
    for entry in body["prefetch"]["user"]["entry"]:
        if entry["resource"]["resourceType"] == "Organization":
            entry["resource"]["partOf"] = {"reference": f"Organization/{entry['resource']['id']}"}
            del entry["resource"]["identifier"]

    is_well_answered(service, body)
