"""The requests of the proof of identity: the fixtures' calls, with everything about anybody in them marked.

Nine in ten calls are the fixtures' of every outcome; one in ten is about something that is no MSK scan, many with a
code that no list knows, made of what a code must not be. Feedback and bad requests are marked as well.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import orjson
from identity_markers import MARK, Markers, Person
from trust import SERVICE_PATH
from wire import LOOPBACK

from fhir_fixtures import expectations, hook_call

Json = dict[str, Any]

OUT_OF_SCOPE_EVERY = 10

_OUT_OF_SCOPE = (
    "nwl-gp-knee-x-ray--not-applicable.json",
    "nwl-gp-brain-mri--not-applicable.json",
    "sandbox/rx-sign-medication-request-order-sign--not-applicable.json",
)
_CODING_SYSTEM = "https://codes.example.org/procedures"
_UNKNOWN_PROCEDURES = (
    (_CODING_SYSTEM, "RX-0815"),  # looks like a code, and is counted: the table is not empty
    (_CODING_SYSTEM, "@nhs@"),
    (_CODING_SYSTEM, "@nhs_grouped@"),
    (_CODING_SYSTEM, "A@nhs@"),
    (_CODING_SYSTEM, "@birth@"),
    (_CODING_SYSTEM, "@day_first@"),
    (_CODING_SYSTEM, f"{MARK} @n@"),
    (_CODING_SYSTEM, f"{MARK}_@n@"),
    (_CODING_SYSTEM, "Patient/@patient@"),
    (f"{MARK} system", "RX-0816"),
    (f"https://codes.example.org/list?patient={MARK}", "RX-0817"),
    ("https://codes.example.org/patients/@nhs@", "RX-0818"),
)

_PERSONAL_SYSTEMS = ("nhs-number", "sds-user-id", "sds-role-profile-id")
_SOMEBODY = ("Patient/", "Practitioner", "RelatedPerson/")
_WORDS = f"{MARK} words: @given@ @family@, NHS @nhs_grouped@ (@nhs@), born @birth@, of @n@ {MARK} Street"
_TOKEN = re.compile(r"@([a-z_]+)@")


class Request(NamedTuple):
    """Bytes to send, and the statuses that may answer them."""

    content: bytes
    expected: frozenset[int]


@cache
def _template(file: str) -> str:
    """A fixture's call as JSON text with `@name@` for what differs from call to call."""
    call = hook_call(file)
    context = call["context"]
    renamed = {name: f"{MARK}-{place}-@n@" for place, name in enumerate(dict.fromkeys(_personal_ids(call)))}
    renamed[context["patientId"]] = "@patient@"
    if "encounterId" in context:
        renamed[context["encounterId"]] = "@encounter@"
    longest_first = "|".join(re.escape(name) for name in sorted(renamed, key=len, reverse=True))
    ids = re.compile(rf"(?<![\w-])(?:{longest_first})(?![\w-])")
    marked = _marked(call, lambda text: ids.sub(lambda match: renamed[match[0]], text))
    for entry in marked["context"]["draftOrders"]["entry"]:
        _add_words(entry["resource"])
    marked["hookInstance"] = "@instance@"
    marked["extension"] = {"org.example.words": _WORDS}
    marked["fhirServer"] = f"https://{MARK}.example.org/fhir"
    marked["fhirAuthorization"] = {
        "access_token": f"{MARK}-access-token-@n@",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": f"patient/{MARK}.read",
        "subject": f"{MARK}-subject",
        "patient": "@patient@",
    }
    return orjson.dumps(marked).decode()


def _personal_ids(value: object) -> Iterator[str]:
    """The ids of all resources but organisations, and of the user."""
    if isinstance(value, list):
        for item in value:
            yield from _personal_ids(item)
    if not isinstance(value, dict):
        return
    if "userId" in value:
        yield value["userId"].rpartition("/")[2]
    if "id" in value and value.get("resourceType") not in {None, "Organization"}:
        yield value["id"]
    for member in value.values():
        yield from _personal_ids(member)


def _marked(value: Any, rename: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return rename(value)
    if isinstance(value, list):
        return [_marked(item, rename) for item in value]
    if not isinstance(value, dict) or value.get("resourceType") == "Organization":
        return value
    marked = {name: _marked(member, rename) for name, member in value.items()}
    system = str(value.get("system"))
    if system.endswith(_PERSONAL_SYSTEMS):
        marked["value"] = "@nhs@" if system.endswith("nhs-number") else f"{MARK}-sds-@n@"
    if str(value.get("reference")).startswith(_SOMEBODY):
        marked["display"] = "@given@ @family@"
    if value.get("resourceType") == "Patient":
        _add_address(marked)
    for name in value.keys() & _REPLACED.keys():
        marked[name] = _REPLACED[name]
    return marked


_REPLACED: Mapping[str, Any] = {"birthDate": "@birth@", "family": "@family@", "given": ["@given@"]}


def _add_address(patient: Json) -> None:
    patient["address"] = [{"line": [f"@n@ {MARK} Street"], "postalCode": f"ZZ99 {MARK}"}]
    patient["telecom"] = [{"system": "email", "value": f"{MARK}@n@.patient.example.org"}]
    patient["contact"] = [{"name": {"text": f"{MARK} next of kin"}}]


def _add_words(order: Json) -> None:
    if order["resourceType"] == "ServiceRequest":
        order["note"] = [{"text": _WORDS}]
        order["patientInstruction"] = _WORDS
        order["reasonCode"] = [*order.get("reasonCode", []), {"text": _WORDS}]
        order["bodySite"] = [*order.get("bodySite", []), {"text": f"{MARK} site"}]
        code = order.get("code")
        if isinstance(code, dict) and "coding" in code:
            code["text"] = _WORDS
    order["identifier"] = [{"system": f"https://{MARK}.example.org/orders", "value": f"{MARK}-order-@n@"}]


class Ehr:
    """Makes marked requests, a different patient in each, and remembers what it sent.

    Args:
        markers: where it is remembered.
    """

    def __init__(self, markers: Markers) -> None:
        self._markers = markers
        evaluated = {row.file for row in expectations()} - set(_OUT_OF_SCOPE)
        self._files = sorted(evaluated)

    def call(self, number: int) -> Request:
        """The call with a number; one in ten is out of scope, one in fifty broken, one in fifty of another address."""
        person = self._markers.person(number)
        match number % 50:
            case 7:
                return self._broken(person)
            case 23:
                return self._astray(person)
            case rest if rest % OUT_OF_SCOPE_EVERY == 0:
                return self._post(SERVICE_PATH, self._out_of_scope(person), {200})
        template = _template(self._files[number % len(self._files)])
        # 412 is the answer to an order of no region: it is evaluated and logged all the same.
        return self._post(SERVICE_PATH, self._filled(template, person), {200, 412})

    def feedback(self, number: int, card: Json) -> Request:
        """What a clinician says of a card, with words wherever there is room for them."""
        person = self._markers.person(number)
        suggestions = [{"id": suggestion["uuid"]} for suggestion in card.get("suggestions", [])]
        template = orjson.dumps(
            {
                "feedback": [
                    _overridden(card["uuid"], "other", "https://cds.example.nhs.uk/override-reasons"),
                    _overridden(card["uuid"], "@nhs@", "https://codes.example.org/@nhs@"),
                    _overridden(f"{MARK} card", f"{MARK} reason of @family@", f"{MARK} system"),
                    _overridden("@nhs@", "@birth@", f"https://codes.example.org/?patient={MARK}"),
                    _overridden(card["uuid"], "@day_first@", "https://codes.example.org/@day_first@"),
                    _accepted(card["uuid"], [*suggestions, {"id": f"{MARK} suggestion @nhs@"}]),
                    _accepted(card["uuid"], [{"id": "@nhs@"}]),
                ]
            }
        ).decode()
        return self._post(f"{SERVICE_PATH}/feedback", self._filled(template, person), {200})

    def _out_of_scope(self, person: Person) -> bytes:
        turn = person.number // OUT_OF_SCOPE_EVERY
        text = _template(_OUT_OF_SCOPE[turn % len(_OUT_OF_SCOPE)])
        if turn % len(_OUT_OF_SCOPE) == 0:
            system, code = _UNKNOWN_PROCEDURES[turn // len(_OUT_OF_SCOPE) % len(_UNKNOWN_PROCEDURES)]
            call = orjson.loads(text)
            order = call["context"]["draftOrders"]["entry"][0]["resource"]
            order["code"] = {"coding": [{"system": system, "code": code, "display": f"{MARK} blood test"}]}
            text = orjson.dumps(call).decode()
        return self._filled(text, person)

    def _broken(self, person: Person) -> Request:
        whole = self._filled(_template(self._files[0]), person)
        spoilt = (
            whole[: len(whole) // 2],
            whole.replace(b'"patientId":', f'"patientId":"{MARK}","patientId":'.encode(), 1),
            whole.replace(b'"hook":"order-', f'"hook":"{MARK}-'.encode(), 1),
            whole.replace(b'"userId":', f'"userId":["{MARK}"],"was":'.encode(), 1),
        )
        return self._post(SERVICE_PATH, spoilt[person.number // 50 % len(spoilt)], {400})

    def _astray(self, person: Person) -> Request:
        paths = (
            f"/cds-services/{MARK}-{person.number}/feedback",
            f"/cds-services/{person.nhs_number}/feedback",
            f"/cds-services/{MARK}?patient={person.nhs_number}&name={person.family}",
            f"/{MARK}/{person.patient_id}?born={person.birth_date}",
        )
        body = orjson.dumps({"feedback": [_overridden(f"{MARK}-card", "other", "https://codes.example.org/")]})
        return self._post(paths[person.number // 50 % len(paths)], body, {404})

    def _filled(self, template: str, person: Person) -> bytes:
        values = {
            "n": str(person.number),
            "patient": person.patient_id,
            "encounter": person.encounter_id,
            "nhs": person.nhs_number,
            "nhs_grouped": person.grouped_nhs_number,
            "birth": person.birth_date,
            "day_first": "-".join(reversed(person.birth_date.split("-"))),
            "given": person.given,
            "family": person.family,
            "instance": self._markers.uuid(),
        }
        return _TOKEN.sub(lambda match: values[match[1]], template).encode()

    def _post(self, path: str, body: bytes, expected: set[int]) -> Request:
        lines = [
            f"POST {path} HTTP/1.1",
            f"Host: {LOOPBACK}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            f"Authorization: Bearer {MARK}.client.token",
            f"X-Correlation-ID: {self._markers.uuid()}",
            f"X-Request-ID: {MARK}-request",
            f"User-Agent: {MARK}-agent",
            f"X-Forwarded-For: 192.0.2.99, {MARK}-proxy",
            f"Referer: https://{MARK}.example.org/patients",
            f"Cookie: session={MARK}",
        ]
        return Request("\r\n".join([*lines, "", ""]).encode() + body, frozenset(expected))


def _overridden(card: str, code: str, system: str) -> Json:
    reason = {"reason": {"code": code, "system": system, "display": _WORDS}, "userComment": _WORDS}
    return {"card": card, "outcome": "overridden", "overrideReason": reason, "outcomeTimestamp": "2026-11-21T09:30:00Z"}


def _accepted(card: str, suggestions: list[Json]) -> Json:
    return {
        "card": card,
        "outcome": "accepted",
        "acceptedSuggestions": suggestions,
        "outcomeTimestamp": "2026-11-21T09:31:00Z",
    }
