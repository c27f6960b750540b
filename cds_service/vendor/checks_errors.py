"""Bad calls: each is refused with 4xx, told in an OperationOutcome, and shows nothing of the service's inside."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cds_service.vendor.address import Address
from cds_service.vendor.check import Check, Level, Rule, all_skipped
from cds_service.vendor.checks_calls import PRECONDITION_FAILED, Made, best_calls, is_outcome
from cds_service.vendor.hooks_known import CONTEXT_FIELDS, another_hook, with_new_instance
from cds_service.vendor.wire import Answer, Wire
from cds_service.vendor.words import JsonObject, quoted

MUST, SHOULD, INFO = Level
NOT_FOUND: Final = 404
_REQUEST: Final = "2.0 Calling a CDS Service: HTTP Request"
_REFUSE: Final = "Answer 400 with an OperationOutcome that names the field: never 5xx, and never cards."

UNKNOWN_SERVICE = Rule(
    "errors.unknown-service", MUST, "a service that is not there is 404", "RFC 9110 15.5.5", "Answer 404."
)
NOT_JSON = Rule("errors.not-json", MUST, "a body that is no JSON is refused", "2.0 Use of JSON", _REFUSE)
NOT_OBJECT = Rule("errors.not-object", MUST, "a body that is an array is refused", _REQUEST, _REFUSE)
EMPTY = Rule("errors.empty-object", MUST, "an empty call is refused", _REQUEST, _REFUSE)
NO_HOOK = Rule("errors.no-hook", MUST, "a call without `hook` is refused", _REQUEST, _REFUSE)
NO_INSTANCE = Rule("errors.no-hook-instance", MUST, "a call without `hookInstance` is refused", _REQUEST, _REFUSE)
NO_CONTEXT = Rule("errors.no-context", MUST, "a call without `context` is refused", _REQUEST, _REFUSE)
CONTEXT_TYPE = Rule("errors.context-type", MUST, "a `context` that is text is refused", _REQUEST, _REFUSE)
CONTEXT_FIELD = Rule(
    "errors.context-fields", SHOULD, "a context without what its hook requires is refused", "hook library", _REFUSE
)
INSTANCE_TYPE = Rule(
    "errors.hook-instance-uuid", SHOULD, "a `hookInstance` that is no UUID is refused", _REQUEST, _REFUSE
)
OTHER_HOOK = Rule("errors.other-hook", SHOULD, "a call of another hook is refused", _REQUEST, _REFUSE)
NO_SERVER = Rule(
    "errors.no-fhir-server",
    SHOULD,
    "`fhirAuthorization` without `fhirServer` is refused",
    _REQUEST,
    _REFUSE,
)
MEDIA_TYPE = Rule(
    "errors.content-type",
    SHOULD,
    "a call that is not sent as application/json is refused",
    "2.0 Use of JSON",
    "Answer 415: a form or text/plain can be sent by any web page without a preflight.",
)
METHOD = Rule(
    "errors.method", SHOULD, "GET on a service is refused", _REQUEST, "Answer 405 with Allow: POST; a call is a POST."
)
OUTCOME = Rule(
    "errors.outcome",
    SHOULD,
    "errors are told in an OperationOutcome",
    "3.0 Returning OperationOutcome",
    "Send an OperationOutcome with an issue for each fault.",
)
NO_DEFECT = Rule(
    "errors.no-5xx", MUST, "no bad call is answered with 5xx", "RFC 9110 15.6", "A caller's fault is 4xx: catch it."
)
NO_TRACE = Rule(
    "errors.no-stack-trace",
    MUST,
    "no error shows the service's inside",
    "OWASP: Improper Error Handling",
    "Log the stack trace, and answer with an OperationOutcome in plain words.",
)

CALL_RULES: Final = (
    *(NOT_JSON, NOT_OBJECT, EMPTY, NO_HOOK, NO_INSTANCE, NO_CONTEXT, CONTEXT_TYPE, CONTEXT_FIELD),
    *(INSTANCE_TYPE, OTHER_HOOK, NO_SERVER, MEDIA_TYPE, METHOD),
)
RULES: Final = (UNKNOWN_SERVICE, *CALL_RULES, OUTCOME, NO_DEFECT, NO_TRACE)

_TRACE: Final = re.compile(
    r"Traceback \(most recent call last\)|File \"[^\"]+\", line \d+|\bat [\w.$<>]+\([\w$]+\.(?:java|kt|scala):\d+\)"
    r"|\bat .{1,200}\.(?:js|ts|mjs|cs):\d+|node_modules/|java\.lang\.|org\.springframework\.|System\.\w+Exception"
    r"|Microsoft\.AspNetCore|goroutine \d+ \[|Werkzeug Debugger|\.(?:py|rb|php|go):\d+:? in "
)


@dataclass(frozen=True, slots=True)
class Tried:
    """A bad call: the rule that it tries, the call in words, its answer, and the answer to the good call."""

    rule: Rule
    what: str
    answer: Answer
    to_good_call: int

    @property
    def is_refused(self) -> bool:
        """Whether it was refused for being bad: a 412 that the good call got as well is no such refusal."""
        unnoticed = self.answer.status == self.to_good_call == PRECONDITION_FAILED
        return self.answer.refused and not unnoticed


def error_checks(wire: Wire, address: Address, made: Sequence[Made]) -> list[Check]:
    """Each service called wrongly, in every way."""
    if not made:
        return all_skipped(RULES, "no service answers a good call without refusing it")
    absent = wire.post(f"{address.discovery}/doctor-no-such-service", with_new_instance(made[0].body))
    unknown = Tried(UNKNOWN_SERVICE, "A call of an unknown service", absent, made[0].answer.status)
    services = {one.url: one for one in best_calls(made)}.values()
    tried = [unknown, *(one for service in services for one in _bad_calls(wire, service))]
    checks = [_unknown_service(absent)]
    for rule in CALL_RULES:
        mine = [one for one in tried if one.rule is rule]
        wrong = [f"{one.what} {one.answer.said()}" for one in mine if not one.is_refused]
        checks.append(rule.check(wrong) if mine else rule.skipped("the hook is not in the library"))
    errors = [one for one in tried if one.answer.status >= 400]  # noqa: PLR2004 - HTTP's own classes
    return [
        *checks,
        OUTCOME.check(f"{one.what} {one.answer.said()}" for one in errors if not is_outcome(one.answer.json())),
        NO_DEFECT.check(
            f"{one.what} {one.answer.said()}"
            for one in tried
            if one.answer.status == 0 or one.answer.status >= 500  # noqa: PLR2004 - HTTP's own classes
        ),
        NO_TRACE.check(
            f"{one.what} is answered with {quoted(found[0])}"
            for one in errors
            if (found := _TRACE.search(one.answer.body.decode(errors="replace")))
        ),
    ]


def _unknown_service(answer: Answer) -> Check:
    return UNKNOWN_SERVICE.check([] if answer.status == NOT_FOUND else [f"An unknown service {answer.said()}"])


def _bad_calls(wire: Wire, made: Made) -> Iterator[Tried]:
    def tried(rule: Rule, what: str, body: object, headers: dict[str, str] | None = None) -> Tried:
        return Tried(rule, f"{made.place}: {what}", wire.post(made.url, body, headers), made.answer.status)

    good = with_new_instance(made.body)
    yield tried(NOT_JSON, "a body that is no JSON", b'{"hook": ')
    yield tried(NOT_OBJECT, "an array", [good])
    yield tried(EMPTY, "an empty object", {})
    yield tried(NO_HOOK, "a call without hook", _without(good, "hook"))
    yield tried(NO_INSTANCE, "a call without hookInstance", _without(good, "hookInstance"))
    yield tried(NO_CONTEXT, "a call without context", _without(good, "context"))
    yield tried(CONTEXT_TYPE, "a call whose context is text", {**good, "context": "text"})
    required, _ = CONTEXT_FIELDS.get(made.service.hook, (frozenset(), frozenset()))
    for field in sorted(required & good["context"].keys()):
        body = {**good, "context": _without(good["context"], field)}
        yield tried(CONTEXT_FIELD, f"a context without {field}", body)
    yield tried(INSTANCE_TYPE, "a hookInstance that is no UUID", {**good, "hookInstance": "not a uuid"})
    hook = another_hook(made.service.hook)
    yield tried(OTHER_HOOK, f"a call of {hook}", {**good, "hook": hook})
    authorization = {"access_token": "doctor", "token_type": "Bearer", "expires_in": 300, "scope": "user/*.read"}
    body = {**_without(good, "fhirServer"), "fhirAuthorization": {**authorization, "subject": "doctor"}}
    yield tried(NO_SERVER, "fhirAuthorization without fhirServer", body)
    yield tried(MEDIA_TYPE, "a call sent as text/plain", good, {"Content-Type": "text/plain"})
    yield Tried(METHOD, f"{made.place}: GET", wire.get(made.url), made.answer.status)


def _without(members: JsonObject, name: str) -> JsonObject:
    return {key: value for key, value in members.items() if key != name}
