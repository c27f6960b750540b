"""The doctor finds nothing wrong with a good service, and each single fault of a bad one."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from little_service import JsonObject, LittleService
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cds_service.vendor.address import address_of
from cds_service.vendor.check import Check, Level, Result
from cds_service.vendor.doctor import MOST_SERVICES, Report, examine
from cds_service.vendor.wire import LARGEST_ANSWER, Wire
from fhir_fixtures import hook_call

EARNS_CARDS = [
    "nwl-gp-five-drafts-order-sign--ces.json",
    "nwl-gp-lumbar-mri-ces--ces.json",
    "nwl-gp-knee-mri-pain--redirect.json",
    "unresolved-region-knee-mri-pain--could-not-evaluate.json",
]

SHORT = 0.5
"""Seconds that the doctor waits in tests of a service that never answers."""


def broken(report: Report) -> set[str]:
    """The rules that a service breaks, but for its pace, which is that of the machine that tests it."""
    rules = {check.rule.id for check in report.checks if check.result in {Result.FAIL, Result.WARN}}
    return rules - {"call.latency"}


def found(report: Report, rule: str) -> Check:
    """The check of one rule."""
    (check,) = [one for one in report.checks if one.rule.id == rule]
    return check


def test_our_own_service_keeps_every_rule(demo_url: str, wire: Wire) -> None:
    """The demo, run for real, with calls that earn cards of every kind."""
    report = examine(wire, address_of(demo_url), [hook_call(file) for file in EARNS_CARDS])

    assert [check for check in report.checks if check.result is Result.FAIL] == []
    assert broken(report) == set()
    assert report.exit_code == 0


def test_our_own_service_answers_minimal_calls(demo_url: str, wire: Wire) -> None:
    """A draft without a code earns no card: the rules of cards are skipped, and the report says how to see them."""
    report = examine(wire, address_of(f"{demo_url}/cds-services"))

    assert report.exit_code == 0
    assert found(report, "card.summary").result is Result.SKIPPED
    assert "--hook-call" in found(report, "card.summary").finding


def test_a_faultless_little_service_passes(little: LittleService, little_url: str, wire: Wire) -> None:
    """With every member that the specification has; what is skipped needs a token, TLS or a 412."""
    report = examine(wire, address_of(little_url))

    assert little.calls
    assert broken(report) == set()
    assert {check.rule.id for check in report.checks if check.result is Result.SKIPPED} == {
        "discovery.https",
        "call.outcome-412",
        "authentication.challenge",
        "authentication.unsigned",
        "authentication.echo",
    }


def test_there_are_many_checks_each_with_its_own_id(little: LittleService, little_url: str, wire: Wire) -> None:
    """Every rule stands once, says what it is about, where it stands and how to mend what breaks it."""
    assert little.calls == []
    rules = [check.rule for check in examine(wire, address_of(little_url)).checks]

    assert len({rule.id for rule in rules}) == len(rules) > 100
    assert all(rule.title and rule.reference and rule.mend.endswith(".") for rule in rules)


Spoil = Callable[[LittleService], None]


def in_card(change: Callable[[JsonObject], object]) -> Spoil:
    """Spoil the card of each answer."""

    def spoil(service: LittleService) -> None:
        def changed(answer: JsonObject) -> object:
            change(answer["cards"][0])
            return answer

        service.spoil = changed

    return spoil


def in_suggestion(**members: object) -> Spoil:
    """Spoil the first suggestion of each card; None takes a member away."""
    return in_card(lambda card: _change(card["suggestions"][0], members))


def in_action(position: int, **members: object) -> Spoil:
    """Spoil an action of the first suggestion: 0 is the create, 1 the delete; None takes a member away."""
    return in_card(lambda card: _change(card["suggestions"][0]["actions"][position], members))


def in_link(**members: object) -> Spoil:
    """Spoil the first link, which is absolute."""
    return in_card(lambda card: _change(card["links"][0], members))


def in_answer(**members: object) -> Spoil:
    """Spoil the answer as a whole."""

    def spoil(service: LittleService) -> None:
        service.spoil = lambda answer: {**answer, **members}

    return spoil


def in_service(**members: object) -> Spoil:
    """Spoil the entry of discovery; None takes a member away."""
    return lambda service: _change(service.discovery["services"][0], members)


def in_discovery(content: object) -> Spoil:
    """Answer something else to discovery."""

    def spoil(service: LittleService) -> None:
        service.discovery = content

    return spoil


def in_response(change: Callable[[str, str, Response], Response | None]) -> Spoil:
    """Spoil responses, by their method and path."""

    def spoil(service: LittleService) -> None:
        service.spoken = change

    return spoil


def _change(members: JsonObject, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if value is None:
            members.pop(name, None)
        else:
            members[name] = value


def _is_error(response: Response) -> bool:
    return response.status_code >= 400


def without_cors_on_errors(_method: str, _path: str, response: Response) -> Response:
    """As frameworks do whose CORS layer stands inside the error handler."""
    if _is_error(response):
        del response.headers["access-control-allow-origin"]
    return response


def without_cors(_method: str, _path: str, response: Response) -> Response:
    """As a service does that no browser has called yet."""
    for name in ("access-control-allow-origin", "access-control-allow-headers"):
        if name in response.headers:
            del response.headers[name]
    return response


def with_any_header_allowed(method: str, _path: str, response: Response) -> Response:
    """`*`, which does not cover Authorization."""
    if method == "OPTIONS":
        response.headers["access-control-allow-headers"] = "*"
    return response


def with_preflight_behind_the_door(method: str, path: str, response: Response) -> Response:
    """OPTIONS asked for a token."""
    return Response(status_code=401) if method == "OPTIONS" and path.endswith("little") else response


def with_credentials_allowed(_method: str, _path: str, response: Response) -> Response:
    """Cookies from any page."""
    response.headers["access-control-allow-credentials"] = "true"
    return response


def failing_on(status: int, body: bytes) -> Callable[[str, str, Response], Response]:
    """Another answer for whatever was refused with 400."""

    def change(_method: str, _path: str, response: Response) -> Response:
        return Response(body, status) if response.status_code == 400 else response

    return change


def for_path(end: str, answer: Callable[[], Response | None]) -> Callable[[str, str, Response], Response | None]:
    """Another answer at one path."""
    return lambda method, path, response: answer() if path.endswith(end) and method != "OPTIONS" else response


def as_media_type(end: str) -> Callable[[str, str, Response], Response]:
    """Plain text at one path."""

    def change(_method: str, path: str, response: Response) -> Response:
        if path.endswith(end):
            response.headers["content-type"] = "text/plain"
        return response

    return change


def naming_no_scheme(_method: str, _path: str, response: Response) -> Response:
    """A 401 without WWW-Authenticate."""
    if "www-authenticate" in response.headers:
        del response.headers["www-authenticate"]
    return response


def checking_nothing(service: LittleService) -> None:
    """Take every call for a good one."""
    service.checks_body = False


def two_cards_of_one_uuid(service: LittleService) -> None:
    """The same card twice."""
    service.spoil = lambda answer: {"cards": answer["cards"] * 2}


def refusing_unknown_members(service: LittleService) -> None:
    """As strict models do."""

    def change(_method: str, _path: str, response: Response) -> Response:
        return Response(b"{}", 400) if service.calls and "extension" in service.calls[-1] else response

    service.spoken = change


def other_cards_for_unknown_members(service: LittleService) -> None:
    """As nobody should."""
    service.spoil = lambda answer: {"cards": []} if "extension" in service.calls[-1] else answer


def failing_on_null_prefetch(service: LittleService) -> None:
    """As a service does that reads a key as soon as it is there."""

    def change(_method: str, path: str, response: Response) -> Response:
        call = service.calls[-1] if service.calls else {}
        nulls = "prefetch" in call and call["prefetch"]["patient"] is None
        return Response(b"{}", 500) if nulls and path.endswith("/little") else response

    service.spoken = change


def taking_any_token(service: LittleService) -> None:
    """A door that looks whether there is a token, and not at it."""

    def change(_method: str, path: str, response: Response) -> Response:
        anonymous = bool(service.authorizations) and service.authorizations[-1] is None
        if path.endswith("/little") and anonymous and response.status_code == 200:
            return Response(b"{}", 401, {"WWW-Authenticate": "Bearer", "Access-Control-Allow-Origin": "*"})
        return response

    service.spoken = change


HUGE = b"[" + b"1," * (LARGEST_ANSWER // 2) + b"1]"
TRACE = b'Traceback (most recent call last):\n  File "/srv/app.py", line 3, in call'

FAULTS: list[tuple[str, Spoil, str]] = [
    # discovery
    (
        "answers discovery with 500",
        in_response(for_path("/cds-services", lambda: Response(b"{}", 500))),
        "discovery.answered",
    ),
    (
        "redirects discovery",
        in_response(for_path("/cds-services", lambda: Response(status_code=302, headers={"Location": "/elsewhere"}))),
        "discovery.answered",
    ),
    (
        "answers discovery with a huge body",
        in_response(for_path("/cds-services", lambda: Response(HUGE))),
        "discovery.answered",
    ),
    ("answers discovery with an array", in_discovery([]), "discovery.json"),
    ("answers discovery as text", in_response(as_media_type("/cds-services")), "discovery.content-type"),
    ("lists no services", in_discovery({"service": []}), "discovery.services"),
    ("lists a service by name alone", in_discovery({"services": ["little"]}), "discovery.services"),
    ("has an empty element in discovery", in_service(usageRequirements=""), "discovery.no-empty"),
    ("has no description", in_service(description=None), "discovery.required"),
    ("has a blank description", in_service(description=" "), "discovery.required"),
    (
        "has a token that does not end",
        in_service(prefetch={"p": "Patient/{{context.patientId"}),
        "discovery.prefetch-tokens",
    ),
    ("has a number for a template", in_service(prefetch={"p": 1}), "discovery.types"),
    ("has a number for a title", in_service(title=1), "discovery.types"),
    ("has an array for prefetch", in_service(prefetch=["Patient/1"]), "discovery.types"),
    ("has no title", in_service(title=None), "discovery.title"),
    ("has no version", in_service(version=None), "discovery.version"),
    ("has a version that is none", in_service(version="latest"), "discovery.version"),
    ("has an id with a slash", in_service(id="little/one"), "discovery.id-url-safe"),
    (
        "lists a service twice",
        lambda s: s.discovery["services"].append(s.discovery["services"][0]),
        "discovery.id-unique",
    ),
    ("has a hook of no such name", in_service(hook="Order Select"), "discovery.hook-name"),
    (
        "has an absolute template",
        in_service(prefetch={"p": "https://example.org/Patient/1"}),
        "discovery.prefetch-relative",
    ),
    ("has a template that climbs", in_service(prefetch={"p": "Patient/../../secret"}), "discovery.prefetch-relative"),
    ("has a token of its own", in_service(prefetch={"p": "Patient/{{patient}}"}), "discovery.prefetch-tokens"),
    (
        "has a token that is no field",
        in_service(prefetch={"p": "Patient/{{context.patient}}"}),
        "discovery.prefetch-fields",
    ),
    (
        "has FHIRPath in a token",
        in_service(prefetch={"p": "Condition?_id={{context.draftOrders.entry.resource.id}}"}),
        "discovery.prefetch-simple",
    ),
    # CORS
    ("has no CORS", in_response(without_cors), "cors.preflight-discovery"),
    ("has no CORS on answers", in_response(without_cors), "cors.answers"),
    ("has no CORS on errors", in_response(without_cors_on_errors), "cors.errors"),
    ("allows any header", in_response(with_any_header_allowed), "cors.preflight-feedback"),
    ("asks a preflight for a token", in_response(with_preflight_behind_the_door), "cors.preflight-service"),
    ("allows cookies", in_response(with_credentials_allowed), "cors.credentials"),
    # the answer as a whole
    ("answers a call with 500", in_response(for_path("/little", lambda: Response(b"{}", 500))), "call.answered"),
    ("answers a call with a huge body", in_response(for_path("/little", lambda: Response(HUGE))), "call.answered"),
    (
        "answers a call compressed",
        in_response(for_path("/little", lambda: Response(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}))),
        "call.answered",
    ),
    ("answers a call with no JSON", in_response(for_path("/little", lambda: Response(b"cards"))), "call.json"),
    ("answers a call as text", in_response(as_media_type("/little")), "call.content-type"),
    ("has an object for cards", in_answer(cards={"summary": "x"}), "call.cards"),
    ("has null for cards", in_answer(cards=None), "call.cards"),
    ("has a null among cards", in_answer(cards=[None]), "call.no-empty"),
    ("has null for systemActions", in_answer(systemActions=None), "call.no-empty"),
    ("has an object for systemActions", in_answer(systemActions={"type": "update"}), "call.system-actions"),
    ("has a system action of no type", in_answer(systemActions=[{"type": "merge"}]), "call.system-actions"),
    ("has a list for an extension", in_answer(extension=[{"com.example": 1}]), "call.extensions"),
    ("has a list for a link's extension", in_link(extension=[{"com.example": 1}]), "call.extensions"),
    ("has text for an action's extension", in_action(1, extension="com.example"), "call.extensions"),
    (
        "says 412 and no more",
        in_response(for_path("/little", lambda: Response(b"missing data", 412))),
        "call.outcome-412",
    ),
    ("refuses unknown members", refusing_unknown_members, "call.unknown-members"),
    ("is led by unknown members", other_cards_for_unknown_members, "call.unknown-members"),
    ("fails on null prefetch", failing_on_null_prefetch, "call.null-prefetch"),
    # cards
    ("has a null element in a card", in_card(lambda card: card.update(detail=None)), "call.no-empty"),
    ("has an empty array in a card", in_card(lambda card: card.update(links=[])), "call.no-empty"),
    ("gives two cards one uuid", two_cards_of_one_uuid, "card.uuid-unique"),
    (
        "gives all cards one uuid",
        in_card(lambda card: card.update(uuid="4e0a3a1e-3283-4575-ab82-028d55fe2719")),
        "call.new-uuids",
    ),
    ("has an array for a detail", in_card(lambda card: card.update(detail=["x"])), "card.types"),
    ("has an object for suggestions", in_card(lambda card: card.update(suggestions={"a": 1})), "card.types"),
    ("has no summary", in_card(lambda card: card.pop("summary")), "card.summary"),
    ("has a summary of 141 characters", in_card(lambda card: card.update(summary="x" * 141)), "card.summary-length"),
    ("has a summary of 140 characters", in_card(lambda card: card.update(summary="x" * 140)), "card.summary-length"),
    ("has a summary of two lines", in_card(lambda card: card.update(summary="Do\nthis")), "card.summary-line"),
    ("has another indicator", in_card(lambda card: card.update(indicator="hard-stop")), "card.indicator"),
    ("has no source", in_card(lambda card: card.pop("source")), "card.source-label"),
    ("has text for a source", in_card(lambda card: card.update(source="us")), "card.source-label"),
    ("has a relative icon", in_card(lambda card: card["source"].update(icon="/icon.png")), "card.source-urls"),
    ("has a topic without system", in_card(lambda card: card["source"]["topic"].pop("system")), "card.source-topic"),
    ("has text for a topic", in_card(lambda card: card["source"].update(topic="imaging")), "card.source-topic"),
    ("has a uuid that is none", in_card(lambda card: card.update(uuid="card-1")), "card.uuid"),
    ("has no uuid", in_card(lambda card: card.pop("uuid")), "card.uuid-for-feedback"),
    ("has HTML in a detail", in_card(lambda card: card.update(detail="<b>Now</b>")), "card.html"),
    (
        "has a reason without display",
        in_card(lambda card: card["overrideReasons"][0].pop("display")),
        "card.override-display",
    ),
    (
        "has a reason without system",
        in_card(lambda card: card["overrideReasons"][0].pop("system")),
        "card.override-coding",
    ),
    ("has a link without label", in_link(label=None), "link.label"),
    ("has a link that is no URL", in_link(url="https://[::1"), "link.url"),
    ("has text for a reason", in_card(lambda card: card.update(overrideReasons=["agreed"])), "card.types"),
    ("has a relative link", in_link(url="/guidance"), "link.url"),
    ("has a link without type", in_link(type=None), "link.type"),
    ("has appContext on an absolute link", in_link(appContext="x"), "link.app-context"),
    ("has text for autolaunchable", in_link(autolaunchable="yes"), "link.autolaunchable"),
    # suggestions and actions
    ("has no selectionBehavior", in_card(lambda card: card.pop("selectionBehavior")), "suggestion.selection-behavior"),
    ("has no suggestions", in_card(lambda card: card.pop("suggestions")), "suggestion.lonely-behavior"),
    (
        "recommends two of one",
        in_card(lambda card: [one.update(isRecommended=True) for one in card["suggestions"]]),
        "suggestion.recommended",
    ),
    ("has an object for actions", in_suggestion(actions={"type": "create"}), "suggestion.types"),
    ("has a number for a uuid of a suggestion", in_suggestion(uuid=1), "suggestion.types"),
    ("has text for isRecommended", in_suggestion(isRecommended="true"), "suggestion.types"),
    ("has a suggestion without label", in_suggestion(label=None), "suggestion.label"),
    ("has a suggestion without uuid", in_suggestion(uuid=None), "suggestion.uuid-for-feedback"),
    ("has a suggestion without actions", in_suggestion(actions=None), "suggestion.actions"),
    ("has another behaviour", in_suggestion(actionSelectionBehavior="one"), "suggestion.action-selection-behavior"),
    ("has text for an action", in_suggestion(actions=["refer"]), "action.object"),
    ("has another type of action", in_action(0, type="patch"), "action.type"),
    ("has an action without description", in_action(0, description=None), "action.description"),
    ("creates nothing", in_action(0, resource=None), "action.resource"),
    ("creates what has no type", in_action(0, resource={"id": "1"}), "action.resource"),
    ("updates what has no id", in_action(0, type="update", resource={"resourceType": "Task"}), "action.update-id"),
    ("deletes nothing", in_action(1, resourceId=None), "action.delete"),
    ("deletes by absolute URL", in_action(1, resourceId="https://example.org/fhir/Task/1"), "action.delete"),
    ("deletes with a resource", in_action(1, resource={"resourceType": "Task"}), "action.delete-resource"),
    # errors
    (
        "answers unknown services",
        in_response(lambda _m, _p, r: Response(b"{}") if r.status_code == 404 else r),
        "errors.unknown-service",
    ),
    ("fails on junk", in_response(failing_on(500, b"oops")), "errors.not-json"),
    ("fails on an array", in_response(failing_on(500, b"oops")), "errors.not-object"),
    ("takes an empty call", checking_nothing, "errors.empty-object"),
    ("takes a call without hook", checking_nothing, "errors.no-hook"),
    ("takes a call without hookInstance", checking_nothing, "errors.no-hook-instance"),
    ("takes a call without context", checking_nothing, "errors.no-context"),
    ("takes a context of text", checking_nothing, "errors.context-type"),
    ("takes a context without fields", checking_nothing, "errors.context-fields"),
    ("takes any hookInstance", checking_nothing, "errors.hook-instance-uuid"),
    ("takes another hook", checking_nothing, "errors.other-hook"),
    ("takes a token for no server", checking_nothing, "errors.no-fhir-server"),
    ("takes text/plain", checking_nothing, "errors.content-type"),
    (
        "answers GET",
        in_response(lambda m, p, r: Response(b"{}") if m == "GET" and p.endswith("little") else r),
        "errors.method",
    ),
    ("says errors in HTML", in_response(failing_on(400, b"<h1>Bad request</h1>")), "errors.outcome"),
    ("fails on bad calls", in_response(failing_on(503, b"")), "errors.no-5xx"),
    ("shows its inside", in_response(failing_on(400, TRACE)), "errors.no-stack-trace"),
    # feedback
    ("has no feedback", in_response(for_path("/feedback", lambda: Response(status_code=404))), "feedback.supported"),
    ("refuses acceptance", in_response(for_path("/feedback", lambda: Response(status_code=400))), "feedback.accepted"),
    (
        "refuses a bare dismissal",
        in_response(for_path("/feedback", lambda: Response(status_code=400))),
        "feedback.overridden",
    ),
    ("fails on several", in_response(for_path("/feedback", lambda: Response(status_code=500))), "feedback.several"),
    ("takes junk for feedback", in_response(for_path("/feedback", lambda: Response(b"{}"))), "feedback.not-json"),
    ("takes feedback without array", in_response(for_path("/feedback", lambda: Response(b"{}"))), "feedback.no-array"),
    ("takes any outcome", in_response(for_path("/feedback", lambda: Response(b"{}"))), "feedback.outcome"),
    ("takes any timestamp", in_response(for_path("/feedback", lambda: Response(b"{}"))), "feedback.timestamp"),
    # authentication
    ("takes an unsigned token", taking_any_token, "authentication.unsigned"),
    ("takes what is no token", taking_any_token, "authentication.not-a-token"),
]


@pytest.mark.parametrize(("spoil", "rule"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_service_with_a_fault_is_caught(
    little: LittleService, little_url: str, wire: Wire, spoil: Spoil, rule: str
) -> None:
    """One fault at a time; a broken `must` fails, anything else warns, and the finding says how to mend it."""
    spoil(little)

    report = examine(wire, address_of(little_url))

    check = found(report, rule)
    assert check.result is (Result.FAIL if check.rule.level is Level.MUST else Result.WARN)
    assert check.finding.endswith(check.rule.mend)
    assert report.exit_code == int(any(one.result is Result.FAIL for one in report.checks))


@pytest.mark.parametrize("rule", ["card.summary-length", "card.source-label", "card.indicator", "link.url"])
def test_one_fault_of_a_card_breaks_one_rule(little: LittleService, little_url: str, wire: Wire, rule: str) -> None:
    """A finding is not repeated under other names."""
    next(fault for fault in FAULTS if fault[2] == rule)[1](little)

    assert broken(examine(wire, address_of(little_url))) == {rule}


def test_an_address_in_angle_brackets_is_no_html(little: LittleService, little_url: str, wire: Wire) -> None:
    """It is how Markdown writes a bare link."""
    in_card(lambda card: card.update(detail="See <https://example.org/a?b=1>, or ask <msk@example.org>."))(little)

    assert broken(examine(wire, address_of(little_url))) == set()


def test_a_service_that_never_answers_calls_is_left_alone(little: LittleService, little_url: str) -> None:
    """Discovery answers, the call does not: it is asked once, not forty times."""
    asked: list[str] = []

    def silent(method: str, path: str, response: Response) -> Response | None:
        asked.append(f"{method} {path}")
        return None if path.endswith("/little") else response

    little.spoken = silent
    with Wire(timeout=SHORT) as wire:
        report = examine(wire, address_of(little_url))

    assert "within 0.5 s" in found(report, "call.answered").finding
    assert found(report, "errors.not-json").result is Result.SKIPPED
    assert asked == ["GET /cds-services", "POST /cds-services/little"]
    assert report.exit_code == 1


def test_a_service_that_trickles_is_cut_off(little: LittleService, little_url: str) -> None:
    """The time limit is for the whole answer."""

    class Trickle(Response):
        async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                continue

    little.spoken = lambda _method, _path, _response: Trickle()
    with Wire(timeout=SHORT) as wire:
        report = examine(wire, address_of(little_url))

    assert report.exit_code == 2
    assert "no whole answer within 0.5 s" in str(report.unreached)


def test_nothing_listening_is_unreachable(closed_url: str, wire: Wire) -> None:
    """That is neither pass nor fail."""
    report = examine(wire, address_of(closed_url))

    assert report.checks == ()
    assert report.exit_code == 2


def test_a_service_that_wants_a_token_fails_without_one(little: LittleService, little_url: str, wire: Wire) -> None:
    """What could not be looked at is skipped, and never passes for good."""
    little.token = "open-sesame"  # noqa: S105 - invented

    report = examine(wire, address_of(little_url))

    assert found(report, "call.answered").result is Result.FAIL
    assert "credentials" in found(report, "call.answered").finding
    assert found(report, "errors.not-json").result is Result.SKIPPED
    assert found(report, "feedback.accepted").result is Result.SKIPPED
    assert found(report, "authentication.unsigned").result is Result.PASS


def test_a_service_that_wants_a_token_passes_with_one(little: LittleService, little_url: str) -> None:
    """Every request carries it but preflights and those that try the door."""
    little.token = "open-sesame"  # noqa: S105 - invented

    with Wire([("Authorization", "Bearer open-sesame")]) as wire:
        report = examine(wire, address_of(little_url))

    assert broken(report) == set()
    assert found(report, "authentication.call").finding == "is answered with 401"


def test_a_token_is_minted_for_each_request_and_its_address(little: LittleService, little_url: str) -> None:
    """So that a service that refuses replays answers throughout."""
    minted: list[str] = []

    def mint(audience: str) -> str:
        minted.append(audience)
        return f"token-{len(minted)}"

    with Wire(mint=mint) as wire:
        report = examine(wire, address_of(little_url))

    assert broken(report) == set()
    assert {f"{little_url}/cds-services{end}" for end in ("", "/little", "/little/feedback")} <= set(minted)
    sent = [one for one in little.authorizations if one is not None and one.startswith("Bearer token-")]
    assert len(set(sent)) == len(sent) > 30


def test_a_401_without_a_scheme_is_warned_of(little: LittleService, little_url: str, wire: Wire) -> None:
    """The client must know what is wanted."""
    little.token, little.spoken = "open-sesame", naming_no_scheme

    report = examine(wire, address_of(little_url))

    assert found(report, "authentication.challenge").result is Result.WARN


def test_a_token_that_is_repeated_is_told_and_not_shown(little: LittleService, little_url: str) -> None:
    """Neither the finding nor any other repeats it."""
    little.token = "open-sesame"  # noqa: S105 - invented
    little.spoken = lambda _m, path, r: Response(b"you sent open-sesame", 500) if path.endswith("/little") else r

    with Wire([("Authorization", "Bearer open-sesame")]) as wire:
        report = examine(wire, address_of(little_url))

    assert found(report, "authentication.echo").result is Result.FAIL
    assert "open-sesame" not in repr(report)


def test_findings_quote_little_and_harmlessly(little: LittleService, little_url: str, wire: Wire) -> None:
    """At most 80 characters of what came, and nothing that steers a terminal."""
    in_card(lambda card: card.update(indicator="\x1b[31m" + "y" * 500))(little)

    finding = found(examine(wire, address_of(little_url)), "card.indicator").finding

    assert "\x1b" not in finding
    assert finding.count("y") <= 80


def test_a_slow_service_is_warned_of(
    little: LittleService, little_url: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever takes longer than the limit, here none at all; being slow breaks no `must`."""
    monkeypatch.setattr("cds_service.vendor.checks_variations.LONGEST_LATENCY", 0.0)

    report = examine(wire, address_of(little_url))

    assert little.calls
    assert found(report, "call.latency").result is Result.WARN
    assert report.exit_code == 0


def test_a_deeply_nested_answer_does_no_harm(little: LittleService, little_url: str, wire: Wire) -> None:
    """It is looked through without recursion, or is no JSON to us."""
    for depth in (900, 100_000):
        body = b'{"cards": [], "extension": {"com.example": ' + b"[" * depth + b"]" * depth + b"}}"
        little.spoken = lambda _m, path, r, body=body: Response(body) if path.endswith("/little") else r  # type: ignore[misc]  # the default binds the loop's value

        assert examine(wire, address_of(little_url)).exit_code == 1


def test_only_some_of_very_many_services_are_called(little: LittleService, little_url: str, wire: Wire) -> None:
    """The report says how many were not."""
    entry = little.discovery["services"][0]
    little.discovery = {"services": [{**entry, "id": f"little-{number}"} for number in range(MOST_SERVICES + 2)]}

    report = examine(wire, address_of(little_url))

    assert report.services_left_out == 2


def test_only_invented_data_is_sent(little: LittleService, little_url: str, wire: Wire) -> None:
    """Without a call of one's own, nobody stands in any call."""
    examine(wire, address_of(little_url))

    assert {call["context"].get("patientId") for call in little.calls} == {"doctor-nobody"}
    assert "doctor-nobody" in json.dumps(little.calls)
