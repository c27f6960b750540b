"""Attacks through what the service fetches, and from web pages: nothing reaches a server that was not listed."""

import asyncio
import socket

import httpx
import pytest
import respx

from tests.attacks.conftest import FHIR_SERVER, LISTED_ORIGIN, Deployment, a_call
from tests.conftest import SERVICE, JsonObject

ACCESS_TOKEN = "fhir-access-token-of-the-call"  # noqa: S105 - invented
EMPTY = {"resourceType": "Bundle", "type": "searchset", "total": 0}


def a_call_to_be_completed(fhir_server: str = FHIR_SERVER) -> JsonObject:
    """A call without prefetch: everything is to be read from the EHR's FHIR server."""
    call = a_call()
    del call["prefetch"]
    authorization = {
        "access_token": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "user/*.read",
        "subject": "cds-service",
    }
    return {**call, "fhirServer": fhir_server, "fhirAuthorization": authorization}


FORGED_SERVERS = {
    "metadata of the cloud": "http://169.254.169.254/latest/meta-data",
    "loopback": "http://127.0.0.1:8000/fhir",
    "loopback by https": "https://127.0.0.1/r4",
    "loopback by name": "https://localhost/r4",
    "loopback, IPv6": "https://[::1]/r4",
    "loopback as a number": "https://2130706433/r4",
    "private": "https://10.0.0.1/r4",
    "attacker": "https://attacker.example/r4",
    "attacker below the listed name": "https://fhir.example.nhs.uk.attacker.example/r4",
    "listed name as the user": "https://fhir.example.nhs.uk@attacker.example/r4",
    "listed name as the password": "https://a:fhir.example.nhs.uk@attacker.example/r4",
    "listed name in the path": "https://attacker.example/fhir.example.nhs.uk/r4",
    "listed name in the fragment": "https://attacker.example#https://fhir.example.nhs.uk/r4",
    "listed host, other path": "https://fhir.example.nhs.uk/admin",
    "listed host, path that climbs": "https://fhir.example.nhs.uk/r4/../admin",
    "listed host, encoded path that climbs": "https://fhir.example.nhs.uk/r4/%2e%2e/admin",
    "listed host, query": "https://fhir.example.nhs.uk/r4?x=",
    "listed host, other port": "https://fhir.example.nhs.uk:8443/r4",
    "listed host, plain http": "http://fhir.example.nhs.uk/r4",
    "other scheme": "file:///etc/passwd",
    "line end": "https://fhir.example.nhs.uk/r4\r\nX-Injected: 1",
    "backslash": "https://attacker.example\\@fhir.example.nhs.uk/r4",
    "no URL": "r4",
    "empty": "",
}


@pytest.mark.parametrize("server", FORGED_SERVERS.values(), ids=FORGED_SERVERS)
def test_a_forged_fhir_server_is_never_asked(deployment: Deployment, network: respx.MockRouter, server: str) -> None:
    """Server-side request forgery through `fhirServer`: no request leaves, and the token goes nowhere."""
    response = deployment.post(deployment.ehr.token(), body=a_call_to_be_completed(server))

    assert response.status_code in {400, 412}  # nothing placed the order in a region, and that is said
    assert network.calls.call_count == 0
    deployment.assert_still_serves()


def test_a_listed_fhir_server_of_another_client_is_never_asked(
    deployment: Deployment, network: respx.MockRouter
) -> None:
    """The list is each client's own."""
    response = deployment.post(deployment.other_ehr.token(), body=a_call_to_be_completed())

    assert response.status_code == 412
    assert network.calls.call_count == 0


def asked_hosts(network: respx.MockRouter) -> set[str]:
    """The servers that were asked."""
    return {call.request.url.host for call in network.calls}


def test_a_next_link_to_another_server_is_not_followed(deployment: Deployment, network: respx.MockRouter) -> None:
    """Server-side request forgery through a page's `next`."""
    page = {**EMPTY, "link": [{"relation": "next", "url": "http://169.254.169.254/latest/meta-data"}]}
    network.get(url__startswith=f"{FHIR_SERVER}/").mock(return_value=httpx.Response(200, json=page))

    deployment.post(deployment.ehr.token(), body=a_call_to_be_completed())

    assert asked_hosts(network) == {"fhir.example.nhs.uk"}
    deployment.assert_still_serves()


def test_a_redirect_is_not_followed(deployment: Deployment, network: respx.MockRouter) -> None:
    """Server-side request forgery through a redirect, which would carry the token along."""
    elsewhere = httpx.Response(302, headers={"Location": "https://attacker.example/steal"})
    network.get(url__startswith=f"{FHIR_SERVER}/").mock(return_value=elsewhere)

    response = deployment.post(deployment.ehr.token(), body=a_call_to_be_completed())

    assert response.status_code == 412
    assert asked_hosts(network) == {"fhir.example.nhs.uk"}
    deployment.assert_still_serves()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.169.254", "10.0.0.1", "::ffff:127.0.0.1"])
def test_a_listed_name_that_resolves_inside_is_not_connected_to(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Server-side request forgery by DNS: nobody listens in vain, because nobody comes."""
    looked_up: list[str] = []

    async def resolve(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]

    connected: list[object] = []

    async def connect(*target: object, **_: object) -> None:
        connected.append(target)
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", lambda _loop, host, *a, **k: resolve(host, *a, **k))
    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", connect)

    response = deployment.post(deployment.ehr.token(), body=a_call_to_be_completed())

    assert response.status_code == 412
    assert "fhir.example.nhs.uk" in looked_up
    assert connected == []


def test_the_token_of_a_call_goes_to_its_own_server_alone(deployment: Deployment, network: respx.MockRouter) -> None:
    """And comes back in no answer, whatever that server echoes."""
    echo = {"resourceType": "OperationOutcome", "issue": [{"diagnostics": f"bad token {ACCESS_TOKEN}"}]}
    network.get(url__startswith=f"{FHIR_SERVER}/").mock(return_value=httpx.Response(401, json=echo))

    response = deployment.post(deployment.ehr.token(), body=a_call_to_be_completed())

    assert response.status_code == 412
    assert ACCESS_TOKEN not in response.text
    assert {call.request.headers["Authorization"] for call in network.calls} == {f"Bearer {ACCESS_TOKEN}"}


UNLISTED_ORIGINS = [
    "https://attacker.example",
    "https://ehr.example.nhs.uk.attacker.example",
    "http://ehr.example.nhs.uk",
    "https://ehr.example.nhs.uk:8443",
    "null",
    "*",
]


@pytest.mark.parametrize("origin", UNLISTED_ORIGINS)
@pytest.mark.parametrize("path", [SERVICE, f"{SERVICE}/feedback", "/cds-services"])
def test_a_preflight_from_an_unlisted_origin_is_refused(deployment: Deployment, origin: str, path: str) -> None:
    """No page of another site may call."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
        "Access-Control-Request-Private-Network": "true",
    }

    response = deployment.service.send("OPTIONS", path, headers=headers)

    assert response.status_code == 400
    assert "Access-Control-Allow-Origin" not in response.headers
    assert "Access-Control-Allow-Private-Network" not in response.headers
    assert "cors_origins" in response.json()["issue"][0]["diagnostics"]
    assert response.json()["id"] == response.headers["X-Correlation-ID"]


@pytest.mark.parametrize("origin", UNLISTED_ORIGINS)
def test_a_call_from_an_unlisted_origin_is_refused(deployment: Deployment, origin: str) -> None:
    """Even with a good token; and the page could not read the answer."""
    response = deployment.post(deployment.ehr.token(), headers={"Origin": origin})

    assert response.status_code == 403
    assert "Access-Control-Allow-Origin" not in response.headers
    deployment.assert_still_serves()


def test_an_origin_of_another_client_is_refused(deployment: Deployment) -> None:
    """Origins are each client's own."""
    response = deployment.post(deployment.other_ehr.token(), headers={"Origin": LISTED_ORIGIN})

    assert response.status_code == 403


def test_a_listed_origin_may_call(deployment: Deployment) -> None:
    """Preflight without a token, then the call with one."""
    asked = {"Origin": LISTED_ORIGIN, "Access-Control-Request-Method": "POST"}

    preflight = deployment.service.send("OPTIONS", SERVICE, headers=asked)
    response = deployment.post(deployment.ehr.token(), headers={"Origin": LISTED_ORIGIN})

    assert (preflight.status_code, response.status_code) == (200, 200)
    assert preflight.headers["Access-Control-Allow-Origin"] == LISTED_ORIGIN
    assert response.headers["Access-Control-Allow-Origin"] == LISTED_ORIGIN
