"""Bad input is answered with 4xx and an OperationOutcome that names the field and the mend, and never with cards."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome

from fhir_fixtures import hook_call
from tests.conftest import SERVICE, InProcess, JsonObject, in_chunks

CALL = "nwl-gp-knee-mri-pain--redirect.json"
FEEDBACK = f"{SERVICE}/feedback"
FOUR_MIB = 4 * 1024 * 1024

MISSING = object()
Bend = Callable[[JsonObject], None]


def bent(*path: str | int, to: object) -> Bend:
    """Put a value at a place of the call, or take away what is there."""

    def bend(call: JsonObject) -> None:
        holder: Any = call
        for step in path[:-1]:
            holder = holder[step]
        if to is MISSING:
            del holder[path[-1]]
        else:
            holder[path[-1]] = to

    return bend


ORDER = ("context", "draftOrders", "entry", 0, "resource")

BAD_CALLS: list[tuple[str, Bend, str]] = [
    ("no hook", bent("hook", to=MISSING), "hook"),
    ("another hook", bent("hook", to="patient-view"), "hook"),
    ("a hook that is no text", bent("hook", to=3), "hook"),
    ("no hookInstance", bent("hookInstance", to=MISSING), "hookInstance"),
    ("a hookInstance that is no UUID", bent("hookInstance", to="12345"), "hookInstance"),
    ("a null hookInstance", bent("hookInstance", to=None), "hookInstance"),
    ("no context", bent("context", to=MISSING), "context"),
    ("a context that is an array", bent("context", to=[]), "context"),
    ("no userId", bent("context", "userId", to=MISSING), "context.userId"),
    ("an empty userId", bent("context", "userId", to=" "), "context.userId"),
    ("no patientId", bent("context", "patientId", to=MISSING), "context.patientId"),
    ("a patientId that is a number", bent("context", "patientId", to=7), "context.patientId"),
    ("an encounterId that is an object", bent("context", "encounterId", to={}), "context.encounterId"),
    ("no selections", bent("context", "selections", to=MISSING), "context.selections"),
    ("null selections", bent("context", "selections", to=None), "context.selections"),
    ("selections that are text", bent("context", "selections", to="ServiceRequest/draft-1"), "context.selections"),
    ("a selection that is a number", bent("context", "selections", 0, to=1), "context.selections[0]"),
    ("a selection that is no draft", bent("context", "selections", to=["nobody"]), "context.selections[0]"),
    (
        "a second selection that is no draft",
        bent("context", "selections", to=["draft-1", "x"]),
        "context.selections[1]",
    ),
    ("no draftOrders", bent("context", "draftOrders", to=MISSING), "context.draftOrders"),
    ("draftOrders that are an array", bent("context", "draftOrders", to=[]), "context.draftOrders"),
    (
        "draftOrders that are no Bundle",
        bent("context", "draftOrders", "resourceType", to="List"),
        "context.draftOrders.resourceType",
    ),
    ("entries that are an object", bent("context", "draftOrders", "entry", to={}), "context.draftOrders.entry"),
    ("a code that is text", bent(*ORDER, "code", to="MRI"), "context.draftOrders.entry[0].resource.code"),
    (
        "a reason that is an object",
        bent(*ORDER, "reasonCode", to={}),
        "context.draftOrders.entry[0].resource.reasonCode",
    ),
    ("a requester that is text", bent(*ORDER, "requester", to="GP"), "context.draftOrders.entry[0].resource.requester"),
    ("a status that is a number", bent(*ORDER, "status", to=1), "context.draftOrders.entry[0].resource.status"),
    ("prefetch that is an array", bent("prefetch", to=[]), "prefetch"),
    ("a fhirServer that is an object", bent("fhirServer", to={}), "fhirServer"),
]

AUTHORISATION = {
    "access_token": "not-a-secret",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "user/*.read",
    "subject": "ehr",
}


def outcome_of(response: httpx.Response, status: int) -> JsonObject:
    """The OperationOutcome of an answer, valid R4."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    outcome: JsonObject = response.json()
    OperationOutcome.model_validate(outcome)
    assert {issue["severity"] for issue in outcome["issue"]} == {"error"}
    return outcome


def expressions(outcome: JsonObject) -> list[str]:
    """The fields that an outcome is about."""
    return [field for issue in outcome["issue"] for field in issue.get("expression", [])]


@pytest.mark.parametrize(("bend", "field"), [pytest.param(bend, field, id=name) for name, bend, field in BAD_CALLS])
def test_a_bad_call_is_refused_by_the_name_of_the_field(service: InProcess, bend: Bend, field: str) -> None:
    """Once as FHIR's expression and once in the words."""
    call = hook_call(CALL)
    bend(call)

    outcome = outcome_of(service.call(call), 400)

    assert field in expressions(outcome)
    assert field.removesuffix(".resourceType") in outcome["issue"][0]["diagnostics"]


ENTRY = {"card": "c", "outcome": "overridden", "outcomeTimestamp": "2026-11-21T09:30:00Z"}
IN_PLAIN_WORDS: list[tuple[str, JsonObject, str]] = [
    (SERVICE, {"hook": "patient-view"}, "hook has none of the values that are known. Send 'order-select' or "),
    (SERVICE, {"hookInstance": 5}, "hookInstance is not a UUID. Send one, as text."),
    (SERVICE, {"hookInstance": "zqx"}, "hookInstance is not a UUID. Send one, as text."),
    (SERVICE, {"context": []}, "context is not an object. Send a JSON object."),
    (SERVICE, {"prefetch": []}, "prefetch is not an object. Send a JSON object."),
    (SERVICE, {"fhirServer": 5}, "fhirServer is not text. Send a string."),
    (FEEDBACK, {"feedback": {}}, "feedback is not an array. Send a JSON array."),
    (FEEDBACK, {"feedback": []}, "feedback has too few elements. Send 1 or more."),
    (FEEDBACK, {"feedback": [ENTRY] * 501}, "feedback has more than 500 elements. Send the rest in another request."),
    (FEEDBACK, {"feedback": [5]}, "feedback[0] is not an object. Send a JSON object."),
    (FEEDBACK, {"feedback": [{**ENTRY, "card": " "}]}, "feedback[0].card is empty. Send text."),
    (
        FEEDBACK,
        {"feedback": [{**ENTRY, "overrideReason": {"reason": "zqx"}}]},
        "feedback[0].overrideReason.reason is not an object. Send a JSON object.",
    ),
    (
        FEEDBACK,
        {"feedback": [{**ENTRY, "outcomeTimestamp": "zqx"}]},
        "feedback[0].outcomeTimestamp is not a time as RFC 3339 writes it, for example 2026-11-21T09:30:00Z.",
    ),
    (
        FEEDBACK,
        {"feedback": [{**ENTRY, "outcomeTimestamp": "2026-13-41T09:30:00Z"}]},
        "feedback[0].outcomeTimestamp is not a time that there is. Send a day of the calendar and a time of that day.",
    ),
]


@pytest.mark.parametrize(("path", "change", "told"), IN_PLAIN_WORDS, ids=[told for _, _, told in IN_PLAIN_WORDS])
def test_an_integrator_is_told_in_the_words_of_json(
    service: InProcess, path: str, change: JsonObject, told: str
) -> None:
    """What is wrong, and what to send: not in those of the language that the service is written in."""
    body = {**hook_call(CALL), **change} if path == SERVICE else change

    outcome = outcome_of(service.send("POST", path, json=body), 400)

    assert outcome["issue"][0]["diagnostics"].startswith(told)
    assert "zqx" not in json.dumps(outcome)


@pytest.mark.parametrize(
    "body",
    [b"", b"not JSON", b'{"hook": "order-select"', b"\xff\xfe{}", b"[]", b'"text"', b"null", b"NaN", b"[" * 5000],
)
@pytest.mark.parametrize("path", [SERVICE, FEEDBACK])
def test_a_body_that_is_no_json_object_is_refused(service: InProcess, path: str, body: bytes) -> None:
    """Cut short, of another encoding, another kind of value, or nested beyond reason."""
    outcome = outcome_of(service.send("POST", path, content=body), 400)

    assert "Send a JSON object" in outcome["issue"][0]["diagnostics"]


def test_every_field_at_fault_is_named_at_once(service: InProcess) -> None:
    """A developer mends all of them in one go."""
    outcome = outcome_of(service.call({}), 400)

    assert expressions(outcome) == ["hook", "hookInstance", "context"]
    assert {issue["code"] for issue in outcome["issue"]} == {"required"}


def test_authorisation_without_a_server_is_refused(service: InProcess) -> None:
    """The specification asks for both or neither."""
    outcome = outcome_of(service.call({**hook_call(CALL), "fhirAuthorization": AUTHORISATION}), 400)

    assert expressions(outcome) == ["fhirServer"]


def test_authorisation_with_a_server_is_accepted(service: InProcess) -> None:
    """It is not used yet."""
    call = {**hook_call(CALL), "fhirAuthorization": AUTHORISATION, "fhirServer": "https://ehr.example/fhir"}

    assert service.call(call).status_code == 200


@pytest.mark.parametrize("member", AUTHORISATION)
def test_a_broken_authorisation_costs_no_card(service: InProcess, member: str) -> None:
    """Whichever member is at fault; the token was not needed."""
    broken = {**AUTHORISATION, member: ["not-a-secret"]}
    call = hook_call(CALL)

    response = service.call({**call, "fhirAuthorization": broken, "fhirServer": "x"})

    assert response.status_code == 200
    assert [card["summary"] for card in response.json()["cards"]] == [
        card["summary"] for card in service.call(call).json()["cards"]
    ]
    assert "not-a-secret" not in response.text


@pytest.mark.parametrize("path", ["/cds-services/another", "/cds-services/another/feedback"])
def test_an_unknown_service_is_not_found(service: InProcess, path: str) -> None:
    """The outcome says which one there is."""
    outcome = outcome_of(service.send("POST", path, json=hook_call(CALL)), 404)

    assert "msk-imaging-pathway" in outcome["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nowhere",
        "/cds-services/",
        f"{SERVICE}/feedback/more",
        "/pathways/xyz",
        "/pathways/a%0Ab",
        "/fhir/a%0Ab/c",
    ],
)
def test_an_unknown_address_is_not_found(service: InProcess, path: str) -> None:
    """With an outcome that points to discovery."""
    outcome = outcome_of(service.send("GET", path), 404)

    assert "GET /cds-services" in outcome["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    "path", ["/cds-services//msk-imaging-pathway", f"{SERVICE}/", f"{FEEDBACK}/", "//cds-services"]
)
def test_a_slash_too_many_is_named(service: InProcess, path: str) -> None:
    """The best-known slip of whoever points the sandbox here: a discovery address that ends in one."""
    outcome = outcome_of(service.send("POST", f"http://127.0.0.1:8000{path}", json=hook_call(CALL)), 404)

    assert "slash" in outcome["issue"][0]["diagnostics"]


@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_no_slash_is_blamed_where_none_is_too_many(service: InProcess, path: str) -> None:
    """The address is unknown for another reason."""
    assert "slash" not in outcome_of(service.send("POST", path), 404)["issue"][0]["diagnostics"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", [SERVICE, FEEDBACK])
def test_a_service_takes_posts_only(service: InProcess, method: str, path: str) -> None:
    """HTTP asks that the answer lists what is allowed."""
    response = service.send(method, path)

    outcome = outcome_of(response, 405)
    assert outcome["issue"][0]["code"] == "not-supported"
    assert "POST" in response.headers.get("allow", "no Allow header")


@pytest.mark.parametrize("path", ["/cds-services", "/health/live", "/health/ready", "/metrics", "/pathways/nwl"])
def test_a_page_takes_no_posts(service: InProcess, path: str) -> None:
    """It is there, and it is for reading."""
    response = service.send("POST", path)

    outcome_of(response, 405)
    assert "GET" in response.headers.get("allow", "no Allow header")


def padded(call: JsonObject, size: int) -> bytes:
    """The call as JSON of exactly this many bytes."""
    body = json.dumps(call).encode()
    return body + b" " * (size - len(body))


def test_a_body_of_four_mebibytes_is_read(service: InProcess) -> None:
    """The limit itself is allowed."""
    response = service.send("POST", SERVICE, content=padded(hook_call(CALL), FOUR_MIB))

    assert response.status_code == 200


@pytest.mark.parametrize("path", [SERVICE, FEEDBACK])
def test_a_longer_body_is_refused_when_it_is_announced(service: InProcess, path: str) -> None:
    """413, with the limit and the mend."""
    response = service.send("POST", path, content=padded(hook_call(CALL), FOUR_MIB + 1))

    outcome = outcome_of(response, 413)
    assert outcome["issue"][0]["code"] == "too-long"
    assert "4 MiB" in outcome["issue"][0]["diagnostics"]


def test_a_longer_body_is_refused_when_it_comes_unannounced(service: InProcess) -> None:
    """In chunks, without a length."""
    body = padded(hook_call(CALL), FOUR_MIB + 1)
    half = len(body) // 2

    response = service.send("POST", SERVICE, content=in_chunks(body[:half], body[half:]))

    outcome_of(response, 413)


def test_a_body_in_chunks_is_read_as_one(service: InProcess) -> None:
    """As an EHR's proxy may send it."""
    body = json.dumps(hook_call(CALL)).encode()

    response = service.send("POST", SERVICE, content=in_chunks(body[:100], b"", body[100:]))

    assert len(response.json()["cards"]) == 1


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/fhir+json", None])
def test_json_is_read_by_any_of_its_names_or_none(service: InProcess, content_type: str | None) -> None:
    """FHIR's own name among them."""
    body = json.dumps(hook_call(CALL)).encode()
    headers = {} if content_type is None else {"Content-Type": content_type}

    assert service.send("POST", SERVICE, content=body, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=iso-8859-1"},
        {"Content-Encoding": "gzip"},
    ],
)
@pytest.mark.parametrize("path", [SERVICE, FEEDBACK])
def test_a_body_of_another_kind_is_refused(service: InProcess, path: str, headers: dict[str, str]) -> None:
    """By what its headers say; compressed, it could unfold to anything."""
    outcome = outcome_of(service.send("POST", path, content=b"{}", headers=headers), 415)

    assert outcome["issue"][0]["code"] == "not-supported"
    assert "Send" in outcome["issue"][0]["diagnostics"]


def test_a_key_twice_is_refused_by_its_place(service: InProcess) -> None:
    """One reader would take the first, another the second: here, another patient."""
    body = json.dumps(hook_call(CALL)).replace('"patientId":', '"patientId": "another", "patientId":')

    outcome = outcome_of(service.send("POST", SERVICE, content=body.encode()), 400)

    assert expressions(outcome) == ["context"]
    assert "a key twice" in outcome["issue"][0]["diagnostics"]


def test_a_nul_character_is_refused_by_its_place(service: InProcess) -> None:
    """No database takes it, and a C library ends there."""
    call = hook_call(CALL)
    call["context"]["userId"] += "\0"

    outcome = outcome_of(service.call(call), 400)

    assert expressions(outcome) == ["context.userId"]


def test_too_deep_a_call_is_refused(service: InProcess) -> None:
    """Wherever the nesting stands, read or not."""
    call = hook_call(CALL)
    call["extension"] = json.loads("[" * 64 + "]" * 64)

    outcome = outcome_of(service.call(call), 400)

    assert "deeper than 64 levels" in outcome["issue"][0]["diagnostics"]


@pytest.mark.parametrize("field", ["context.selections", "context.draftOrders.entry"])
def test_more_orders_than_anybody_drafts_are_refused(service: InProcess, field: str) -> None:
    """413, by the name of the field."""
    call = hook_call(CALL)
    context = call["context"]
    if field == "context.selections":
        context["selections"] *= 201
    else:
        context["draftOrders"]["entry"] *= 201

    outcome = outcome_of(service.call(call), 413)

    assert (outcome["issue"][0]["code"], expressions(outcome)) == ("too-long", [field])


def test_unknown_fields_and_extensions_are_ignored(service: InProcess) -> None:
    """Future members of the specification and vendors' own do no harm, at any level."""
    call = hook_call(CALL)
    plain = service.cards(call)
    for holder in (call, call["context"], call["context"]["draftOrders"], call["context"]["draftOrders"]["entry"][0]):
        holder["extension"] = {"com.example.vendor": {"anything": [1, None, {}]}}
        holder["invented"] = [None]

    assert [card["summary"] for card in service.cards(call)] == [card["summary"] for card in plain]


def test_a_problem_with_one_of_several_entries_is_named_by_its_place(service: InProcess) -> None:
    """A FHIRPath with an index, as FHIR asks of an expression."""
    entry = {"card": "x", "outcome": "overridden", "outcomeTimestamp": "2026-11-21T09:30:00Z"}

    outcome = outcome_of(service.feedback({"feedback": [entry, {**entry, "card": None}]}), 400)

    assert expressions(outcome) == ["feedback[1].card"]
