"""Every error path of a deployment, driven with marked data; each by a name, with the status that it must have."""

import json
import sqlite3
from contextlib import closing
from typing import Any

from cds_service.security.minting import SigningKey
from tests.conftest import SERVICE, JsonObject
from tests.leaks.deployment import Deployment, Ehr
from tests.leaks.marked import (
    FEEDBACK,
    FEEDBACK_BODY,
    MARK,
    PATIENCE,
    in_another_region,
    marked_call,
)
from tests.leaks.talkative import DEFECT_PATIENT


def bad_callers(service: Deployment) -> None:
    """401, 403, 429 and 503 for who calls."""
    main = service.ehrs["main"]
    call = marked_call(service.marked)

    def bearing(name: str, expected: int, token: str, **headers: str) -> None:
        sent = {"Authorization": f"Bearer {token}", **headers}
        service.send(name, expected, json=call, headers=sent)

    service.send("no token", 401, json=call)
    bearing("no JWT", 401, "zqx-not-a-token")
    bearing("another scheme", 401, "zqx zqx")
    bearing("unknown issuer", 401, main.token(SERVICE, iss="https://zqx-unknown.example.org"))
    bearing("issuer of a wrong type", 401, main.token(SERVICE, tenant={"zqx": 1}, exp="zqx"))
    bearing("another audience", 401, main.token(SERVICE, aud="https://zqx-audience.example.org"))
    bearing("expired", 401, main.token(SERVICE, iat=1_700_000_000, exp=1_700_000_300))
    bearing("too long a life", 401, main.token(SERVICE, exp=4_000_000_000))
    forged = Ehr("main", service.marked, SigningKey.made("ES256"))
    bearing("a key of one's own", 401, forged.token(SERVICE))
    token = main.token(SERVICE)
    bearing("first use", 200, token)
    bearing("replay", 401, token)
    bearing("an origin that is not listed", 403, main.token(SERVICE), Origin="https://zqx-origin.example.org")
    bearing("discovery's token", 401, main.token("/cds-services"))
    service.call("within the rate", 200, ehr="limited")
    service.call("beyond the rate", 429, ehr="limited")
    service.call("keys not reached", 503, ehr="down")
    service.call("another footprint", 403, ehr="elsewhere")
    service.send("discovery with a bad token", 401, "GET", "/cds-services", headers={"Authorization": "Bearer zqx"})
    service.send("metrics without a token", 401, "GET", "/metrics", headers={"Authorization": "Bearer zqx-guess"})


def bad_addresses(service: Deployment) -> None:
    """404 and 405, with words in the address."""
    service.send("unknown service", 404, path="/cds-services/zqx-service?patient=zqx", json={})
    service.send("feedback of an unknown service", 404, path="/cds-services/9990000018/feedback", json={})
    service.send("unknown address", 404, "GET", "/zqx/9990000018?name=zqx")
    service.send("unknown pathway", 404, "GET", "/pathways/zqx")
    service.send("a patient, of whom the FHIR server holds none", 404, "GET", "/fhir/Patient/zqx")
    service.send("a search with a modifier", 400, "GET", "/fhir/PlanDefinition?name:zqx=zqx")
    service.send("another method", 405, "DELETE", f"{SERVICE}?patient=zqx")
    service.send("another method on a page", 405, "PUT", "/health/live?patient=zqx")


def bad_bodies(service: Deployment) -> None:
    """400, 408, 412, 413 and 415 for what came."""
    marked, main = service.marked, service.ehrs["main"]

    def sent(name: str, expected: int, content: bytes, path: str = SERVICE, **headers: str) -> None:
        bearer = {"Authorization": f"Bearer {main.token(path)}", "Content-Type": "application/json"}
        service.send(name, expected, path=path, content=content, headers={**bearer, **headers})

    whole = json.dumps(marked_call(marked))
    sent("cut short", 400, whole[: len(whole) // 2].encode())
    sent("another encoding", 400, whole.encode("utf-16"))
    sent("no object", 400, b'"zqx"')
    sent("too deep", 400, b'{"zqx":' * 80 + b"1" + b"}" * 80)
    sent("a key twice", 400, whole.replace('"patientId":', '"patientId": "zqx", "patientId":').encode())
    sent("a NUL", 400, whole.replace("zqx-note", "zqx-note\\u0000").encode())
    sent("half a surrogate pair", 400, whole.replace("zqx-note", "zqx-note\\ud800").encode())
    sent("of another kind", 415, b"zqx", **{"Content-Type": "text/zqx"})
    sent("compressed", 415, b"zqx", **{"Content-Encoding": "zqx"})
    for name, change in BAD_CALLS.items():
        call = marked_call(marked)
        change(call)
        service.call(name, 413 if name == "too many drafts" else 400, call)
    nowhere = in_another_region(marked_call(marked), "unresolved-region-knee-mri-pain--could-not-evaluate.json")
    service.call("of no region", 412, nowhere)
    service.call("feedback of a wrong shape", 400, {"feedback": [{**FEEDBACK_BODY, "outcome": "zqx"}]}, path=FEEDBACK)
    dated = {**FEEDBACK_BODY, "outcomeTimestamp": "zqx-time", "card": ["zqx"]}
    service.call("feedback with a wrong time", 400, {"feedback": [dated]}, path=FEEDBACK)
    service.call("feedback accepted without a suggestion", 400, {"feedback": [_accepted()]}, path=FEEDBACK)


def _accepted() -> JsonObject:
    return {**FEEDBACK_BODY, "outcome": "accepted"}


def _order(call: JsonObject) -> JsonObject:
    order: JsonObject = call["context"]["draftOrders"]["entry"][0]["resource"]
    return order


BAD_CALLS: dict[str, Any] = {
    "of another hook": lambda call: call.update(hook="zqx-hook"),
    "without an instance": lambda call: call.update(hookInstance="zqx-instance"),
    "with a user of another type": lambda call: call["context"].update(userId=["zqx"]),
    "with a selection that is no draft": lambda call: call["context"].update(selections=["ServiceRequest/zqx"]),
    "with a code as text": lambda call: _order(call).update(code="zqx"),
    "with a reason as text": lambda call: _order(call).update(reasonCode="zqx"),
    "with an authorisation alone": lambda call: call.update(
        fhirAuthorization={
            "access_token": "zqx",
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "zqx",
            "subject": "zqx",
        }
    ),
    "too many drafts": lambda call: call["context"]["draftOrders"].update(entry=[{"fullUrl": "zqx"}] * 201),
}


def raw_requests(service: Deployment) -> None:
    """What is refused before it is a request, and what comes too slowly or too large."""
    head = f"POST {SERVICE}?zqx HTTP/1.1\r\nHost: zqx.example.org\r\n"
    bearer = f"Authorization: Bearer {service.ehrs['main'].token(SERVICE)}\r\n"
    service.talk("no HTTP", 400, b"zqx zqx zqx\r\n\r\n")
    service.talk("a wrong header", 400, f"{head}zqx header\r\n\r\n".encode())
    service.talk("a head too large", 431, f"{head}X-Padding: {'zqx' * 20_000}\r\n\r\n".encode())
    announced = f"{head}{bearer}Content-Type: application/json\r\nConnection: close\r\nContent-Length: 5000000\r\n\r\n"
    service.talk("a body too large", 413, announced.encode())
    bearer = f"Authorization: Bearer {service.ehrs['main'].token(SERVICE)}\r\n"
    slow = f'{head}{bearer}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{{"zqx":'
    service.talk("a body too slow", 408, slow.encode())


def reads_that_fail(service: Deployment) -> None:
    """A server that fails and echoes, one that is not listed, no usable token: the order is decided on what came."""
    for name, base in (
        ("a server that echoes", service.fhir_server),
        ("a server not listed", "https://zqx.example.org/fhir"),
    ):
        call = marked_call(service.marked)
        call["fhirServer"] = base
        call["fhirAuthorization"] = {
            "access_token": "zqx-access-token",
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "zqx-scope",
            "subject": "zqx-subject",
            "patient": "zqx-patient",
        }
        call["prefetch"] = {}
        service.call(name, 412, call)
    broken = {"access_token": ["zqx"], "zqx": "zqx"}
    service.call("with a broken authorisation", 200, {**marked_call(service.marked), "fhirAuthorization": broken})


LOG = "card-log.sqlite3"
SEEN = "card-log-seen-tokens.sqlite3"
TABLES = ((LOG, "evaluation"), (LOG, "feedback"), (SEEN, "seen_token"))


def faults_of_our_own(service: Deployment) -> None:
    """The defect, and databases that refuse and quote what they refuse."""
    service.call("a defect", 500, marked_call(service.marked, DEFECT_PATIENT))
    service.call("feedback that is stored", 200, {"feedback": [FEEDBACK_BODY]}, path=FEEDBACK)
    refusal = f"BEGIN SELECT RAISE(ABORT, '{MARK} says the database'); END"
    change_tables(service, f"CREATE TRIGGER refuse_{{0}} BEFORE INSERT ON {{0}} {refusal}")
    service.call("feedback that is refused", 503, {"feedback": [FEEDBACK_BODY]}, path=FEEDBACK)
    service.call("a call beside failing databases", 200)


def allow_rows(service: Deployment) -> None:
    """Let the databases take rows again."""
    change_tables(service, "DROP TRIGGER refuse_{0}")


def change_tables(service: Deployment, statement: str) -> None:
    """Run a statement on each table that the process writes."""
    for file, table in TABLES:
        with closing(sqlite3.connect(service.folder / file, timeout=PATIENCE)) as connection, connection:
            connection.execute(statement.format(table))
