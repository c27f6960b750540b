"""The public CDS Hooks Sandbox's own requests, as a browser was seen to send them, get the right cards."""

import base64
import json
import re
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

import httpx
import pytest

from tests.conftest import BASE_URL, SERVICE, InProcess, JsonObject

ORIGIN = "https://sandbox.cds-hooks.org"
DISCOVERY = "/cds-services"
PATIENT = "nwl-adult"

CPT = "http://www.ama-assn.org/go/cpt"
SNOMED = "http://snomed.info/sct"
KNEE_MRI = (CPT, "73721", "MR: lower limb joint - no contrast")
LUMBAR_MRI = (CPT, "72148", "MR: lumbar spine MRI - no contrast")
KNEE_PAIN = (SNOMED, "30989003", "Knee pain (finding)")
CAUDA_EQUINA = (SNOMED, "192970008", "Cauda equina syndrome (disorder)")
SARCOMA = (SNOMED, "424413001", "Sarcoma (disorder)")


def token_for(url: str) -> str:
    """A client's token of the sandbox's shape; authentication is off, so its signature stands for itself."""
    header = {"alg": "ES384", "typ": "JWT", "kid": "44823f3d-0b01-4a6c-a80e-b9d3e8a7226f"}
    claims = {"iss": ORIGIN, "aud": url, "exp": 1795253700, "iat": 1795253400, "jti": str(uuid4())}
    parts = (json.dumps(header), json.dumps(claims), "signature")
    return ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts)


def concept(system: str, code: str, display: str) -> JsonObject:
    """A CodeableConcept as the sandbox writes it."""
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def pama_order(procedure: tuple[str, str, str] | None, reason: tuple[str, str, str] | None) -> JsonObject:
    """The draft of the PAMA screen; before anything is picked it is invalid FHIR."""
    return {
        "resourceType": "ServiceRequest",
        "id": "example-request-id",
        "status": "draft",
        "intent": "plan",
        "code": concept(*procedure) if procedure is not None else {"coding": [{}]},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "reasonCode": [concept(*reason)] if reason is not None else [],
    }


class Sandbox:
    """The sandbox in the browser of a tester who opened the link that the demo prints."""

    def __init__(self, service: InProcess) -> None:
        self._service = service
        self.sent: list[httpx.Response] = []

    def preflight(self, method: str, path: str, headers: str) -> httpx.Response:
        """What the browser asks before it sends a token; it carries none itself."""
        asked = {
            "Origin": ORIGIN,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": headers,
        }
        return self._service.send("OPTIONS", path, headers=asked)

    def discover(self) -> dict[str, JsonObject]:
        """The services by id: of two entries with one id the last is kept."""
        listed = self._send("GET", DISCOVERY, headers=self._headers(DISCOVERY)).json()["services"]
        return {service["id"]: service for service in listed}

    def prefetch(self, templates: dict[str, str], context: JsonObject) -> JsonObject:
        """Fill in the templates; a key that could not be fetched is left out."""
        user_type, _, user_id = context["userId"].partition("/")
        tokens = {f"context.{name}": value for name, value in context.items() if isinstance(value, str)}
        tokens[f"user{user_type}Id"] = user_id
        filled = {}
        for key, template in templates.items():
            url = re.sub(r"\{\{([\w.]+)\}\}", lambda token: tokens.get(token[1], token[0]), template)
            answer = self._fetch(url)
            if answer is not None and answer.is_success and answer.json():
                filled[key] = answer.json()
        return filled

    def call(self, hook: str, order: JsonObject | None, **context: object) -> httpx.Response:
        """Discover, fetch, and call the service."""
        reference = f"{order['resourceType']}/{order['id']}" if order else ""
        drafts = {"draftOrders": {"resourceType": "Bundle", "entry": [{"resource": order}]}} if order else {}
        selected = {"selections": [reference]} if order else {}
        whole = {"patientId": PATIENT, "userId": "Practitioner/COREPRACTITIONER1", **selected, **drafts, **context}
        body = {
            "hookInstance": str(uuid4()),
            "hook": hook,
            "fhirServer": f"{BASE_URL}/fhir",
            "context": whole,
            "prefetch": self.prefetch(self.discover()["msk-imaging-pathway"]["prefetch"], whole),
        }
        return self._send("POST", SERVICE, headers=self._headers(SERVICE), json=body)

    def feedback(self, entry: JsonObject) -> httpx.Response:
        """Report on a card; the sandbox pays no heed to the answer."""
        path = f"{SERVICE}/feedback"
        stamped = {**entry, "outcomeTimestamp": "2026-11-21T09:31:02.057Z"}
        return self._send("POST", path, headers=self._headers(path), json={"feedback": [stamped]})

    def _fetch(self, url: str) -> httpx.Response | None:
        path, question_mark, query = url.partition("?")
        if not question_mark:
            return None if "{{" in path else self._send("GET", f"/fhir/{path}", headers=self._fhir_headers())
        merged: dict[str, list[str]] = {}
        for name, value in sorted(parse_qsl(query), key=lambda parameter: parameter[0]):
            merged.setdefault(name, []).append(value)
        form = urlencode({name: ",".join(values) for name, values in merged.items()})
        headers = {**self._fhir_headers(), "Content-Type": "application/x-www-form-urlencoded"}
        posted = self._send("POST", f"/fhir/{path}/_search", headers=headers, content=form)
        return posted if posted.is_success else self._send("GET", f"/fhir/{path}?{form}", headers=self._fhir_headers())

    def _fhir_headers(self) -> dict[str, str]:
        return {"Origin": ORIGIN, "Accept": "application/json+fhir"}

    def _headers(self, path: str) -> dict[str, str]:
        return {
            "Origin": ORIGIN,
            "Accept": "application/json",
            "Authorization": f"Bearer {token_for(BASE_URL + path)}",
        }

    def _send(self, method: str, path: str, **options: object) -> httpx.Response:
        response = self._service.send(method, path, **options)
        self.sent.append(response)
        return response


@pytest.fixture
def sandbox(service: InProcess) -> Sandbox:
    """A tester's browser."""
    return Sandbox(service)


def only_card(response: httpx.Response) -> JsonObject:
    """The one card of an answer."""
    assert response.status_code == 200, response.text
    (card,) = response.json()["cards"]
    return dict(card)


def action_types(card: JsonObject) -> list[str]:
    """What the card's one suggestion would do."""
    (suggestion,) = card["suggestions"]
    return [action["type"] for action in suggestion["actions"]]


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", DISCOVERY, "authorization"),
        ("POST", SERVICE, "authorization,content-type"),
        ("POST", f"{SERVICE}/feedback", "authorization,content-type"),
    ],
)
def test_a_preflight_is_answered_without_authentication(sandbox: Sandbox, method: str, path: str, headers: str) -> None:
    """The headers are listed one by one, because `*` does not cover Authorization."""
    response = sandbox.preflight(method, path, headers)

    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
    allowed = {name.strip().lower() for name in response.headers["access-control-allow-headers"].split(",")}
    assert allowed >= {"authorization", "content-type"}
    assert method in response.headers["access-control-allow-methods"]


def test_the_last_entry_of_the_id_is_the_one_for_order_select(sandbox: Sandbox) -> None:
    """So the PAMA screen has a service."""
    services = sandbox.discover()

    assert set(services) == {"msk-imaging-pathway"}
    assert services["msk-imaging-pathway"]["hook"] == "order-select"


def test_every_answer_along_the_way_may_be_read_by_the_page(sandbox: Sandbox) -> None:
    """Discovery, each fetch of the FHIR server, the call, and feedback."""
    card = only_card(sandbox.call("order-select", pama_order(KNEE_MRI, KNEE_PAIN)))
    sandbox.feedback({"card": card["uuid"], "outcome": "overridden"})

    assert len(sandbox.sent) == 11
    assert {answer.headers.get("access-control-allow-origin") for answer in sandbox.sent} == {"*"}
    assert {answer.status_code for answer in sandbox.sent} == {200}


def test_a_lower_limb_joint_mri_for_knee_pain_is_redirected_to_community_msk(sandbox: Sandbox) -> None:
    """The referral comes and the scan goes, together."""
    card = only_card(sandbox.call("order-select", pama_order(KNEE_MRI, KNEE_PAIN)))

    assert card["indicator"] == "warning"
    assert "community MSK" in card["summary"]
    assert "this MRI" in card["summary"]
    assert action_types(card) == ["create", "delete"]
    referral, removal = card["suggestions"][0]["actions"]
    assert referral["resource"]["requester"] == {"reference": "Practitioner/COREPRACTITIONER1"}
    assert referral["resource"]["performer"][0]["identifier"]["value"] == "Z99020"
    assert removal["resourceId"] == "ServiceRequest/example-request-id"


def test_a_lumbar_mri_for_cauda_equina_syndrome_is_critical(sandbox: Sandbox) -> None:
    """With an emergency referral, and the words spelt out."""
    card = only_card(sandbox.call("order-select", pama_order(LUMBAR_MRI, CAUDA_EQUINA)))

    assert card["indicator"] == "critical"
    assert "cauda equina syndrome" in card["summary"]
    assert action_types(card) == ["create", "delete"]
    assert card["suggestions"][0]["actions"][0]["resource"]["priority"] == "stat"


@pytest.mark.parametrize("procedure", [KNEE_MRI, LUMBAR_MRI])
def test_a_scan_for_a_sarcoma_is_never_removed(sandbox: Sandbox, procedure: tuple[str, str, str]) -> None:
    """The suspected cancer referral goes beside it."""
    card = only_card(sandbox.call("order-select", pama_order(procedure, SARCOMA)))

    assert card["indicator"] == "warning"
    assert "sarcoma" in card["summary"]
    assert action_types(card) == ["create"]


def test_the_first_call_with_nothing_picked_earns_no_card(sandbox: Sandbox) -> None:
    """An empty coding in a Bundle without type is evaluated, with nothing to say."""
    response = sandbox.call("order-select", pama_order(None, None))

    assert (response.status_code, response.json()) == (200, {"cards": []})


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_a_medicine_on_the_rx_screens_earns_no_card(sandbox: Sandbox, hook: str) -> None:
    """They post to every service of the hook."""
    medicine = {
        "resourceType": "MedicationRequest",
        "id": "request-123",
        "status": "draft",
        "authoredOn": "2026-11-21",
        "subject": {"reference": f"Patient/{PATIENT}"},
    }

    response = sandbox.call(hook, medicine)

    assert (response.status_code, response.json()) == (200, {"cards": []})


def test_signing_the_pama_order_is_answered_although_it_carries_selections(sandbox: Sandbox) -> None:
    """The hook defines none; what it does not define is ignored."""
    card = only_card(sandbox.call("order-sign", pama_order(KNEE_MRI, KNEE_PAIN)))

    assert card["indicator"] == "warning"


def test_a_call_of_another_hook_is_refused_with_an_outcome(sandbox: Sandbox) -> None:
    """The README's link opens the patient view, which posts its own hook without drafts."""
    response = sandbox.call("patient-view", None)

    outcome = response.json()
    assert response.status_code == 400
    assert outcome["resourceType"] == "OperationOutcome"
    assert "hook" in {field for issue in outcome["issue"] for field in issue["expression"]}
    assert response.headers["access-control-allow-origin"] == "*"


def test_accepting_and_then_dismissing_a_card_is_stored_twice(sandbox: Sandbox, service: InProcess) -> None:
    """A suggestion does not hide the card, so both are posted for one card."""
    card = only_card(sandbox.call("order-select", pama_order(KNEE_MRI, KNEE_PAIN)))
    suggestion = card["suggestions"][0]["uuid"]
    reason = card["overrideReasons"][0]
    chosen = {"code": reason["code"], "system": reason["system"]}

    accepted = sandbox.feedback(
        {"card": card["uuid"], "outcome": "accepted", "acceptedSuggestions": [{"id": suggestion}]}
    )
    dismissed = sandbox.feedback({"card": card["uuid"], "outcome": "overridden", "overrideReason": {"reason": chosen}})

    stored = [row for row in service.logged("feedback") if row["card_id"] == card["uuid"]]
    assert (accepted.status_code, dismissed.status_code) == (200, 200)
    assert {(row["outcome"], row["suggestion_accepted"], row["override_reason_code"]) for row in stored} == {
        ("accepted", True, None),
        ("overridden", False, reason["code"]),
    }
