"""A browser may read every answer, errors included; other callers are sent no CORS headers."""

import json

import pytest

from fhir_fixtures import hook_call
from tests.conftest import SERVICE, InProcess

ORIGIN = "https://sandbox.cds-hooks.org"

REQUESTS = [
    ("GET", "/cds-services", b"", 200),
    ("POST", SERVICE, json.dumps(hook_call("nwl-gp-knee-mri-pain--redirect.json")).encode(), 200),
    ("POST", SERVICE, json.dumps(hook_call("unresolved-region-knee-mri-pain--could-not-evaluate.json")).encode(), 412),
    ("POST", SERVICE, b"not JSON", 400),
    ("POST", SERVICE, b" " * (4 * 1024 * 1024 + 1), 413),
    ("GET", SERVICE, b"", 405),
    ("POST", "/cds-services/another", b"{}", 404),
    ("POST", f"{SERVICE}/feedback", b"{}", 400),
    ("GET", f"{SERVICE}/feedback", b"", 405),
    ("GET", "/nowhere", b"", 404),
    ("PUT", "/health/live", b"", 405),
    ("GET", "/health/ready", b"", 200),
    ("GET", "/pathways/nwl", b"", 200),
    ("GET", "/fhir/metadata", b"", 200),
    ("GET", "/fhir/Patient/nwl-adult", b"", 200),
    ("POST", "/fhir/Condition/_search", b"patient=nwl-adult", 200),
    ("GET", "/fhir/Patient/nobody", b"", 404),
    ("GET", "/fhir/Patient?_count=many", b"", 400),
    ("DELETE", "/fhir/Patient/nwl-adult", b"", 405),
]
IDS = [f"{method} {path.partition('/cds-services/')[2] or path} {status}" for method, path, _, status in REQUESTS]


@pytest.mark.parametrize(("method", "path", "body", "status"), REQUESTS, ids=IDS)
def test_a_page_may_read_the_answer(service: InProcess, method: str, path: str, body: bytes, status: int) -> None:
    """With authentication off any origin is answered; each header stands once."""
    service.wait_for_the_log()  # on a slow disk it may be late with the call before, and the service not ready

    response = service.send(method, path, content=body, headers={"Origin": ORIGIN})

    assert response.status_code == status
    assert response.headers.get_list("access-control-allow-origin") == ["*"]
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize(("method", "path", "body", "status"), REQUESTS[:4], ids=IDS[:4])
def test_a_caller_that_is_no_browser_gets_no_cors_headers(
    service: InProcess, method: str, path: str, body: bytes, status: int
) -> None:
    """An EHR's server sends no Origin."""
    response = service.send(method, path, content=body)

    assert response.status_code == status
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("path", ["/cds-services", SERVICE, f"{SERVICE}/feedback", "/fhir/Patient"])
@pytest.mark.parametrize("origin", [ORIGIN, "http://localhost:8080", "null"])
def test_a_preflight_is_answered_wherever_it_comes_from(service: InProcess, path: str, origin: str) -> None:
    """It carries no token and needs none."""
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }

    response = service.send("OPTIONS", path, headers=asked)

    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
    allowed = response.headers["access-control-allow-headers"].lower()
    assert "authorization" in allowed
    assert "content-type" in allowed
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("asked", [{"Method": "DELETE"}, {"Headers": "x-other"}])
def test_a_refused_preflight_says_how_a_page_may_call(service: InProcess, asked: dict[str, str]) -> None:
    """As every error does, with an id; what is allowed stands in its headers too."""
    wanted = {f"Access-Control-Request-{name}": value for name, value in ({"Method": "POST"} | asked).items()}

    response = service.send("OPTIONS", SERVICE, headers={"Origin": ORIGIN, **wanted})

    assert response.status_code == 400
    assert response.json()["resourceType"] == "OperationOutcome"
    assert response.json()["id"] == response.headers["x-correlation-id"]
    assert "GET or POST" in response.json()["issue"][0]["diagnostics"]
    assert response.headers["access-control-allow-methods"] == "GET, POST"
    assert response.headers.get_list("content-type") == ["application/json"]
    assert response.headers["cache-control"] == "no-store"


def test_a_call_that_looks_like_a_preflight_is_none(service: InProcess) -> None:
    """OPTIONS makes it one; the answer bears one id."""
    headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}

    response = service.send("GET", "/cds-services", headers=headers)

    assert response.status_code == 200
    assert len(response.headers.get_list("x-correlation-id")) == 1


def test_a_page_from_elsewhere_may_reach_a_service_inside(service: InProcess) -> None:
    """Some versions of Chrome ask for it before they let a public page call a private address."""
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Private-Network": "true",
    }

    response = service.send("OPTIONS", SERVICE, headers=asked)

    assert response.status_code == 200
    assert response.headers["access-control-allow-private-network"] == "true"
