"""What a registered client gets: its keys from its key server, its tenants, its rate, and open discovery."""

import httpcore
import httpx
import pytest
import respx

from tests.attacks.conftest import Deploy, Signer, a_call, refused
from tests.conftest import SERVICE, InProcess, JsonObject

KEYS = "https://keys.example.nhs.uk/jwks.json"


def post(service: InProcess, token: str, body: JsonObject | None = None) -> httpx.Response:
    """Send a hook call with a token."""
    headers = {"Authorization": f"Bearer {token}"}
    return service.send("POST", SERVICE, json=body if body is not None else a_call(), headers=headers)


@pytest.fixture
def ehr(signers: tuple[Signer, Signer, Signer]) -> Signer:
    """The registered EHR."""
    return signers[0]


def test_keys_are_fetched_once_and_then_cached(network: respx.MockRouter, deploy: Deploy, ehr: Signer) -> None:
    """A call whose key is known makes no network request."""
    route = network.get(KEYS).mock(return_value=httpx.Response(200, json={"keys": [ehr.jwk]}))
    service = deploy({"id": "ehr", "issuer": ehr.issuer, "jwks_url": KEYS})[1]()

    statuses = [post(service, ehr.token()).status_code for _ in range(5)]

    assert statuses == [200] * 5
    assert route.call_count == 1


def test_without_its_keys_a_client_is_told_to_come_again(
    network: respx.MockRouter, deploy: Deploy, ehr: Signer
) -> None:
    """503 and not 401: the token may be good. Nothing of the key server is told."""
    network.get(KEYS).mock(side_effect=httpcore.ConnectError)
    service = deploy({"id": "ehr", "issuer": ehr.issuer, "jwks_url": KEYS})[1]()

    response = post(service, ehr.token())

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "15"
    assert response.json()["issue"][0]["code"] == "transient"
    assert "keys.example" not in response.text


def test_one_clients_key_server_holds_up_nobody_else(
    network: respx.MockRouter, deploy: Deploy, signers: tuple[Signer, Signer, Signer]
) -> None:
    """The other's calls are answered while it is out."""
    ehr, other, _ = signers
    network.get(KEYS).mock(side_effect=httpcore.ConnectTimeout)
    service = deploy(
        {"id": "ehr", "issuer": ehr.issuer, "jwks_url": KEYS},
        {"id": "other", "issuer": other.issuer, "jwks": {"keys": [other.jwk]}},
    )[1]()

    assert post(service, ehr.token()).status_code == 503
    assert post(service, other.token()).status_code == 200


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (httpx.Response(200, json={"keys": []}), 401),
        (httpx.Response(200, json=[]), 503),
        (httpx.Response(302, headers={"Location": "https://attacker.example/jwks.json"}), 503),
        (httpx.Response(200, content=b"{" * 300_000), 503),
        (httpx.Response(500), 503),
    ],
    ids=["no key", "no key set", "redirect", "oversized", "error"],
)
def test_what_a_key_server_may_answer(
    network: respx.MockRouter, deploy: Deploy, ehr: Signer, answer: httpx.Response, status: int
) -> None:
    """Only a key set of its own lets anybody in."""
    network.get(KEYS).mock(return_value=answer)
    service = deploy({"id": "ehr", "issuer": ehr.issuer, "jwks_url": KEYS})[1]()

    assert post(service, ehr.token()).status_code == status


def test_a_tenant_is_held_to_its_footprint(deploy: Deploy, ehr: Signer) -> None:
    """A vendor that signs for several organisations says for which; another, or none, is refused."""
    tenants = {"north": {"footprints": ["nwl"]}, "east": {"footprints": ["nel"]}}
    service = deploy({"id": "ehr", "issuer": ehr.issuer, "jwks": {"keys": [ehr.jwk]}, "tenants": tenants})[1]()

    assert post(service, ehr.token(tenant="north")).status_code == 200
    assert post(service, ehr.token(tenant="east")).status_code == 403
    assert refused(post(service, ehr.token(tenant="west")))
    assert refused(post(service, ehr.token(tenant=["north"])))
    assert refused(post(service, ehr.token()))


def test_a_client_past_its_rate_is_told_when_to_come_again(deploy: Deploy, ehr: Signer) -> None:
    """429 with Retry-After; a refused token does not count against it."""
    client = {"id": "ehr", "issuer": ehr.issuer, "jwks": {"keys": [ehr.jwk]}, "rate": "3/hour"}
    service = deploy(client)[1]()

    assert refused(post(service, "not.a.token"))
    statuses = [post(service, ehr.token()).status_code for _ in range(3)]
    response = post(service, ehr.token())

    assert statuses == [200] * 3
    assert response.status_code == 429
    assert 1 <= int(response.headers["Retry-After"]) <= 3600
    assert response.json()["issue"][0]["code"] == "throttled"


def test_discovery_needs_no_token_and_takes_a_good_one(deploy: Deploy, ehr: Signer) -> None:
    """It tells nothing that is not public."""
    service = deploy({"id": "ehr", "issuer": ehr.issuer, "jwks": {"keys": [ehr.jwk]}})[1]()
    headers = {"Authorization": f"Bearer {ehr.token('/cds-services')}"}

    assert service.send("GET", "/cds-services").status_code == 200
    assert service.send("GET", "/cds-services", headers=headers).status_code == 200


def test_behind_a_proxy_the_configured_addresses_are_the_audience(deploy: Deploy, ehr: Signer) -> None:
    """A base address, or one endpoint's whole; the service's own base address is then none."""
    bases = ["https://proxy.example.nhs.uk/cds", f"https://one.example.nhs.uk{SERVICE}"]
    client = {"id": "ehr", "issuer": ehr.issuer, "jwks": {"keys": [ehr.jwk]}, "audiences": bases}
    service = deploy(client)[1]()

    assert post(service, ehr.token(aud=f"https://proxy.example.nhs.uk/cds{SERVICE}")).status_code == 200
    assert post(service, ehr.token(aud=f"https://one.example.nhs.uk{SERVICE}")).status_code == 200
    assert refused(post(service, ehr.token(aud=f"https://one.example.nhs.uk{SERVICE}{SERVICE}")))
    assert refused(post(service, ehr.token()))


def test_the_public_sandbox_is_let_in_by_a_demo_that_asks_for_tokens(deploy: Deploy) -> None:
    """And nobody else is; its key is pinned, so that nothing is fetched."""
    service = deploy(demo=True, base_url="http://127.0.0.1:8000")[1]()

    assert refused(service.send("POST", SERVICE, json=a_call()))
    assert service.send("GET", "/cds-services").status_code == 200
