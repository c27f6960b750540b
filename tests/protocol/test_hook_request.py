from collections.abc import Callable
from uuid import UUID

import pytest

from cds_service.protocol.hook_request import MOST_ENTRIES, parse_hook_request
from cds_service.protocol.operation_outcome import ProtocolError
from fhir_fixtures import JsonObject, expectations, hook_call

Change = Callable[[JsonObject], object]


def a_call(hook: str = "order-select") -> JsonObject:
    """The least that a client may send."""
    context = {"userId": "Practitioner/u1", "patientId": "p1", "draftOrders": {"resourceType": "Bundle"}}
    selections: JsonObject = {"selections": []} if hook == "order-select" else {}
    return {
        "hook": hook,
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {**context, **selections},
    }


SERVER = "https://ehr.example/fhir"

AUTHORISATION = {
    "access_token": "some-opaque-token",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "user/Patient.read",
    "subject": "cds-service",
}


def refusal(body: JsonObject) -> dict[str | None, str]:
    """The fields at fault, each with its issue type."""
    with pytest.raises(ProtocolError) as caught:
        parse_hook_request(body)
    assert caught.value.status == 400
    return {issue.field: issue.code for issue in caught.value.issues}


@pytest.mark.parametrize("file", sorted({row.file for row in expectations()}))
def test_every_fixture_call_is_accepted(file: str) -> None:
    """As an EHR sends it, and as the sandbox does."""
    call = hook_call(file)

    request = parse_hook_request(call)

    assert request.hookInstance == UUID(call["hookInstance"])
    assert request.context.draftOrders == call["context"]["draftOrders"]
    assert request.prefetch == call["prefetch"]


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_the_least_call_is_accepted(hook: str) -> None:
    """Neither FHIR server nor prefetch is required, nor an entry in the Bundle."""
    request = parse_hook_request(a_call(hook))

    assert (request.hook, request.fhirServer, request.fhirAuthorization, request.prefetch) == (hook, None, None, None)


@pytest.mark.parametrize("member", ["hook", "hookInstance", "context"])
def test_the_envelope_is_required(member: str) -> None:
    """Each missing member is named."""
    body = a_call()
    del body[member]

    assert refusal(body) == {member: "required"}


@pytest.mark.parametrize("member", ["userId", "patientId", "draftOrders"])
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_both_hooks_require_who_and_what(hook: str, member: str) -> None:
    """By their definitions."""
    body = a_call(hook)
    del body["context"][member]

    assert refusal(body) == {f"context.{member}": "required"}


@pytest.mark.parametrize("stated", [{}, {"selections": None}])
def test_selections_are_required_on_order_select(stated: JsonObject) -> None:
    """Null is not a list."""
    body = {**a_call("order-sign"), "hook": "order-select"}
    body["context"].update(stated)

    assert refusal(body) == {"context.selections": "required"}


def test_an_empty_selection_is_accepted() -> None:
    """Nothing is selected, so there is nothing to say."""
    assert parse_hook_request(a_call()).context.selections == []


@pytest.mark.parametrize("hook", ["patient-view", "Order-Select", "", None, 4])
def test_another_hook_is_refused(hook: object) -> None:
    """The service answers on two."""
    assert refusal({**a_call("order-sign"), "hook": hook}) == {"hook": "value"}


@pytest.mark.parametrize("instance", ["", "1", "not-a-uuid", None, 5, "d1577c69-dfbe-44ad-ba6d"])
def test_a_hook_instance_is_a_uuid(instance: object) -> None:
    """By the specification."""
    assert refusal({**a_call(), "hookInstance": instance}) == {"hookInstance": "value"}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("userId", ""),
        ("userId", 5),
        ("patientId", None),
        ("patientId", " "),
        ("encounterId", 5),
        ("selections", "draft-1"),
        ("draftOrders", []),
        ("draftOrders", "Bundle"),
    ],
)
def test_a_context_member_of_the_wrong_kind_is_named(member: str, value: object) -> None:
    """With the path below the call."""
    body = a_call()
    body["context"][member] = value

    assert refusal(body) == {f"context.{member}": "value"}


@pytest.mark.parametrize("drafts", [{}, {"resourceType": "List"}, {"resourceType": None}, {"entry": []}])
def test_drafts_that_are_no_bundle_are_refused(drafts: JsonObject) -> None:
    """Its `type` is not asked for: the sandbox sends none."""
    body = a_call()
    body["context"]["draftOrders"] = drafts

    assert refusal(body) == {"context.draftOrders.resourceType": "value"}


def test_several_problems_are_told_together() -> None:
    """A developer mends them in one go."""
    body = {**a_call(), "hook": "other", "hookInstance": 1}
    body["context"]["userId"] = None

    assert set(refusal(body)) == {"hook", "hookInstance", "context.userId"}


def test_problems_across_fields_are_told_together() -> None:
    """Selections, Bundle and server at once."""
    body = {**a_call(), "fhirAuthorization": AUTHORISATION}
    body["context"].update(selections=None, draftOrders={})

    assert refusal(body) == {
        "context.selections": "required",
        "context.draftOrders.resourceType": "value",
        "fhirServer": "required",
    }


def test_authorisation_needs_a_server() -> None:
    """The specification asks for both or neither."""
    assert refusal({**a_call(), "fhirAuthorization": AUTHORISATION}) == {"fhirServer": "required"}


def test_a_server_needs_no_authorisation() -> None:
    """It may be open, or reached another way."""
    assert parse_hook_request({**a_call(), "fhirServer": SERVER}).fhirAuthorization is None


@pytest.mark.parametrize("patient", [{}, {"patient": "p1"}])
def test_an_authorisation_may_be_bound_to_a_patient(patient: JsonObject) -> None:
    """The one optional member."""
    body = {**a_call(), "fhirServer": SERVER, "fhirAuthorization": {**AUTHORISATION, **patient}}

    assert parse_hook_request(body).fhirAuthorization is not None


@pytest.mark.parametrize("kind", ["bearer", "BEARER"])
def test_a_token_may_be_a_bearer_in_any_case(kind: str) -> None:
    """OAuth servers write it as they like (RFC 6749, section 5.1)."""
    body = {**a_call(), "fhirServer": SERVER, "fhirAuthorization": {**AUTHORISATION, "token_type": kind}}

    authorization = parse_hook_request(body).fhirAuthorization

    assert authorization is not None
    assert authorization.token_type == AUTHORISATION["token_type"]


@pytest.mark.parametrize("server", [{}, {"fhirServer": SERVER}])
@pytest.mark.parametrize("member", AUTHORISATION)
def test_an_authorisation_that_lacks_a_member_is_none(
    member: str, server: JsonObject, caplog: pytest.LogCaptureFixture
) -> None:
    """The order is judged on what came with the call: a red flag is not lost for it. The log says what is missing."""
    part = {name: value for name, value in AUTHORISATION.items() if name != member}
    caplog.set_level("INFO")

    assert parse_hook_request({**a_call(), **server, "fhirAuthorization": part}).fhirAuthorization is None
    assert caplog.messages == [f"fhirAuthorization is wrong in {member}: taken as none"]


@pytest.mark.parametrize("value", [[], "not-a-secret", 5, {}, {**AUTHORISATION, "token_type": "mac"}])
def test_an_authorisation_that_cannot_be_used_is_none(value: object, caplog: pytest.LogCaptureFixture) -> None:
    """Nor is it for one of another kind, and none of what it holds is told."""
    caplog.set_level("INFO")

    assert parse_hook_request({**a_call(), "fhirAuthorization": value}).fhirAuthorization is None
    assert "not-a-secret" not in caplog.text
    assert "mac" not in caplog.text


def test_a_token_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Not when the request is printed, and not when it cannot be used."""
    caplog.set_level("INFO")
    body = {**a_call(), "fhirServer": SERVER, "fhirAuthorization": AUTHORISATION}

    assert "some-opaque-token" not in repr(parse_hook_request(body))
    parse_hook_request({**body, "fhirAuthorization": {**AUTHORISATION, "access_token": ["some-opaque-token"]}})
    assert caplog.messages == ["fhirAuthorization is wrong in access_token: taken as none"]


@pytest.mark.parametrize("prefetch", [[], "none", 5])
def test_prefetch_is_an_object(prefetch: object) -> None:
    """Or absent, or null."""
    assert refusal({**a_call(), "prefetch": prefetch}) == {"prefetch": "value"}


def test_what_prefetch_holds_is_left_as_it_came() -> None:
    """Null, an OperationOutcome or junk under a key is read later, as far as it is needed."""
    prefetch = {"patient": None, "user": {"resourceType": "OperationOutcome"}, "conditions": 5}

    assert parse_hook_request({**a_call(), "prefetch": prefetch}).prefetch == prefetch


def test_order_sign_ignores_what_it_does_not_define() -> None:
    """The sandbox sends it selections; a vendor may send them in a form of its own."""
    body = a_call("order-sign")
    body["context"]["selections"] = [{"reference": "ServiceRequest/draft-1"}]

    assert parse_hook_request(body).hook == "order-sign"


def test_unknown_members_are_ignored_everywhere() -> None:
    """Extensions, and whatever a later version adds."""
    body = {**a_call(), "extension": {"com.example": {}}, "fhirAuthorisation": 1}
    body["context"]["invented"] = []

    assert parse_hook_request(body).hook == "order-select"


def too_many(body: JsonObject) -> tuple[int, str, str | None]:
    """Status, issue type and field of a refusal for one reason."""
    with pytest.raises(ProtocolError) as caught:
        parse_hook_request(body)
    (issue,) = caught.value.issues
    return caught.value.status, issue.code, issue.field


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_drafts_are_bounded(hook: str) -> None:
    """The limit itself is accepted."""
    body = a_call(hook)
    body["context"]["draftOrders"]["entry"] = [{}] * MOST_ENTRIES
    parse_hook_request(body)

    body["context"]["draftOrders"]["entry"].append({})

    assert too_many(body) == (413, "too-long", "context.draftOrders.entry")


def test_selections_are_bounded() -> None:
    """Before each is looked at, whatever they are."""
    body = a_call()
    body["context"]["selections"] = ["draft-1"] * MOST_ENTRIES
    parse_hook_request(body)

    body["context"]["selections"] = [5] * (MOST_ENTRIES + 1)

    assert too_many(body) == (413, "too-long", "context.selections")
