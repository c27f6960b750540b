import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import respx

from cds_service.terminology import server as module
from cds_service.terminology.server import (
    ClientCredentials,
    TerminologyServer,
    TerminologyServerError,
    Validated,
)

BASE = "https://terminology.example/fhir"
TOKENS = "https://terminology.example/token"


@pytest.fixture
def network() -> Iterator[respx.MockRouter]:
    """The terminology server, as these tests play it."""
    with respx.mock() as router:
        yield router


@pytest.fixture
def server() -> Iterator[TerminologyServer]:
    """What asks."""
    asked = TerminologyServer(BASE)
    yield asked
    asked.close()


def page(*codes: str, total: int | None = None) -> dict[str, Any]:
    """A page of an expansion."""
    contains = [{"system": "http://snomed.info/sct", "code": code, "display": f"Name of {code}"} for code in codes]
    return {"resourceType": "ValueSet", "expansion": {"total": total, "contains": contains}}


def test_an_expression_is_expanded_page_by_page(
    network: respx.MockRouter, server: TerminologyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terms between bars stay here; active codes alone are asked for."""
    monkeypatch.setattr(module, "PAGE", 2)
    url = "http://snomed.info/sct?fhir_vs=ecl/<< 192970008 OR 6077001"
    route = network.get(f"{BASE}/ValueSet/$expand", params__contains={"url": url, "activeOnly": "true"})
    route.side_effect = [
        httpx.Response(200, json=page("192970008", "192971007", total=3)),
        httpx.Response(200, json=page("6077001", total=3)),
    ]
    found = server.expand("<< 192970008 |Cauda equina syndrome| OR 6077001 |Foot-drop|")
    assert found == {code: f"Name of {code}" for code in ("192970008", "192971007", "6077001")}
    assert [call.request.url.params["offset"] for call in route.calls] == ["0", "2"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(200, json=page("192970008", total=9)), "counts 9 codes and gave 1"),
        (httpx.Response(200, json=page("192970008", total=99_999)), "too many to be meant"),
        (httpx.Response(200, json={"resourceType": "ValueSet"}), "answered without an expansion"),
        (httpx.Response(502, text="<html>"), "answered 502 without JSON"),
        (httpx.ConnectError("10.0.0.1"), r"cannot be reached \(ConnectError\)"),
        (
            httpx.Response(
                400, json={"resourceType": "OperationOutcome", "issue": [{"diagnostics": "Unknown\n reference set"}]}
            ),
            "answered 400: Unknown reference set",
        ),
        (
            httpx.Response(
                404, json={"resourceType": "OperationOutcome", "issue": [{"details": {"text": "No such edition"}}]}
            ),
            "answered 404: No such edition",
        ),
    ],
)
def test_an_answer_that_is_no_whole_expansion_is_told(
    network: respx.MockRouter, server: TerminologyServer, answer: httpx.Response | Exception, said: str
) -> None:
    """Half an expansion would look like codes that are gone."""
    route = network.get(f"{BASE}/ValueSet/$expand")
    route.mock(side_effect=[answer, httpx.Response(200, json=page(total=9))])
    with pytest.raises(TerminologyServerError, match=said):
        server.expand("<< 192970008")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"result": True}, Validated(is_valid=True, display="MRI of ankle")),
        ({"result": False}, Validated(is_valid=False, display="MRI of ankle")),
        ({"result": True, "inactive": True}, Validated(is_valid=False, display="MRI of ankle")),
    ],
)
def test_a_code_is_confirmed_when_it_is_known_and_active(
    network: respx.MockRouter, server: TerminologyServer, parameters: dict[str, bool], expected: Validated
) -> None:
    """A retired concept is no confirmation."""
    listed = [{"name": name, "valueBoolean": value} for name, value in parameters.items()]
    body = {"resourceType": "Parameters", "parameter": [*listed, {"name": "display", "valueString": "MRI of ankle"}]}
    network.get(f"{BASE}/CodeSystem/$validate-code", params__contains={"code": "241643001"}).respond(json=body)
    assert server.validate("241643001") == expected


def test_a_token_is_asked_for_once(network: respx.MockRouter) -> None:
    """With the client's own credentials, and sent with every question."""
    tokens = network.post(TOKENS).respond(json={"access_token": "abc", "expires_in": 300})
    expand = network.get(f"{BASE}/ValueSet/$expand").respond(json=page("6077001", total=1))
    server = TerminologyServer(BASE, ClientCredentials(TOKENS, "icb", "hush"))
    server.expand("6077001")
    server.expand("6077001")
    assert tokens.calls.last.request.content == b"grant_type=client_credentials&client_id=icb&client_secret=hush"
    assert (tokens.call_count, expand.calls.last.request.headers["Authorization"]) == (1, "Bearer abc")


@pytest.mark.parametrize(
    "answer", [httpx.Response(401, json={"error": "invalid_client"}), httpx.Response(200, text="x")]
)
def test_a_client_that_gets_no_token_is_told(network: respx.MockRouter, answer: httpx.Response) -> None:
    """Without its secret in the message."""
    network.post(TOKENS).mock(return_value=answer)
    server = TerminologyServer(BASE, ClientCredentials(TOKENS, "icb", "hush"))
    with pytest.raises(TerminologyServerError, match="Check client id and secret") as caught:
        server.expand("6077001")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("base", ["http://terminology.example/fhir", "ftp://terminology.example"])
def test_an_address_that_is_not_https_is_refused(base: str) -> None:
    """But for this machine's own."""
    with pytest.raises(TerminologyServerError, match="is not an https address"):
        TerminologyServer(base)
    TerminologyServer("http://127.0.0.1:8080/fhir").close()


def test_a_server_that_hangs_keeps_nobody_for_ever() -> None:
    """A real one: it takes the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        kept: list[socket.socket] = []
        threading.Thread(target=lambda: kept.append(listening.accept()[0]), daemon=True).start()
        server = TerminologyServer(f"http://127.0.0.1:{listening.getsockname()[1]}/fhir", seconds=0.3)
        with pytest.raises(TerminologyServerError, match=r"cannot be reached \(ReadTimeout\)"):
            server.expand("6077001")
        server.close()
        for connection in kept:
            connection.close()
