"""A hospital's deployment under attack: two registered EHRs, and an attacker with a key of its own."""

import json
import shutil
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
import pytest
import respx
import yaml
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cds_service.app import create_app
from cds_service.security.minting import SigningKey
from cds_service.settings import Settings
from fhir_fixtures import hook_call
from tests.conftest import DEMO_CONFIGURATION, NOW, SERVICE, InProcess, JsonObject

PUBLIC = "https://cds.example.nhs.uk"
ISSUER = "https://ehr.example.nhs.uk"
OTHER_ISSUER = "https://other-ehr.example.nhs.uk"
FHIR_SERVER = "https://fhir.example.nhs.uk/r4"
LISTED_ORIGIN = "https://ehr.example.nhs.uk"


@pytest.fixture
def network() -> Iterator[respx.MockRouter]:
    """Everybody's servers; a request that no route expects fails the test."""
    with respx.mock(assert_all_called=False, assert_all_mocked=True) as router:
        yield router


def encoded(value: object) -> str:
    """JSON as a part of a token."""
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@dataclass
class Signer:
    """An EHR, or somebody who would like to be one: a key and an issuer."""

    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    algorithm: str
    issuer: str
    kid: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def jwk(self) -> JsonObject:
        """The public half, under our own kid."""
        key = SigningKey(self.private, "ES384" if self.algorithm == "ES384" else "RS384")
        return {**key.public_jwk, "kid": self.kid}

    def claims(self, path: str = SERVICE, **changed: Any) -> JsonObject:  # noqa: ANN401 - wrong types are the point
        """Good claims for an endpoint; a claim given as None is left out."""
        now = int(time.time())
        good = {"iss": self.issuer, "aud": PUBLIC + path, "iat": now, "exp": now + 120, "jti": str(uuid.uuid4())}
        return {name: value for name, value in {**good, **changed}.items() if value is not None}

    def sign(self, claims: JsonObject, **header: Any) -> str:  # noqa: ANN401 - wrong types are the point
        """A token of these claims; header members given as None are left out."""
        wanted = {"alg": self.algorithm, "typ": "JWT", "kid": self.kid, **header}
        return self.sign_parts(encoded({name: v for name, v in wanted.items() if v is not None}), encoded(claims))

    def sign_parts(self, header: str, claims: str) -> str:
        """A token of two encoded parts, whatever they are."""
        signed = f"{header}.{claims}"
        signature = jwt.get_algorithm_by_name(self.algorithm).sign(signed.encode(), self.private)
        return f"{signed}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    def token(self, path: str = SERVICE, **changed: Any) -> str:  # noqa: ANN401 - wrong types are the point
        """A good token for an endpoint, but for the claims given."""
        return self.sign(self.claims(path, **changed))


@dataclass
class Deployment:
    """The service under attack, with those who may call it and one who may not."""

    service: InProcess
    start_another: Callable[[], InProcess]
    ehr: Signer
    other_ehr: Signer
    attacker: Signer

    def post(
        self,
        token: str | None,
        *,
        path: str = SERVICE,
        body: JsonObject | None = None,
        headers: dict[str, str] | None = None,
        on: InProcess | None = None,
    ) -> httpx.Response:
        """Send a hook call, or something else, with a token."""
        sent = {**({"Authorization": f"Bearer {token}"} if token is not None else {}), **(headers or {})}
        return (on or self.service).send("POST", path, json=body or a_call(), headers=sent)

    def assert_still_serves(self) -> None:
        """A good call in between is answered as ever."""
        response = self.post(self.ehr.token())
        assert response.status_code == 200, response.text
        assert [card["indicator"] for card in response.json()["cards"]] == ["warning"]


def a_call() -> JsonObject:
    """A knee MRI from a practice in North West London: one card."""
    return hook_call("nwl-gp-knee-mri-pain--redirect.json")


def refused(response: httpx.Response) -> bool:
    """Whether a request was refused as unauthenticated, in the form that the specification and RFC 6750 ask for."""
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert [issue["code"] for issue in outcome["issue"]] == ["login"]
    assert response.headers["WWW-Authenticate"].startswith('Bearer realm="cds-hooks"')
    assert "cards" not in outcome
    return response.status_code == 401


@pytest.fixture(scope="session")
def signers() -> tuple[Signer, Signer, Signer]:
    """The EHR, another one, and the attacker."""
    return (
        Signer(ec.generate_private_key(ec.SECP384R1()), "ES384", ISSUER),
        Signer(rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS384", OTHER_ISSUER),
        Signer(ec.generate_private_key(ec.SECP384R1()), "ES384", ISSUER),
    )


Deploy = Callable[..., tuple[Settings, Callable[[], InProcess]]]
"""Writes a configuration folder for some clients, and gives its settings and what starts a service on it."""


@pytest.fixture(scope="session")
def deploy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deploy]:
    """Deployments as `serve` wires them, authentication required; they stop with the session."""
    with ExitStack() as running:

        def deployed(*clients: JsonObject, **changed: Any) -> tuple[Settings, Callable[[], InProcess]]:  # noqa: ANN401 - any setting
            folder = tmp_path_factory.mktemp("deployment")
            shutil.copytree(DEMO_CONFIGURATION, folder / "configuration")
            text = yaml.safe_dump({"clients": list(clients)})
            (folder / "configuration" / "clients.yaml").write_text(text, encoding="utf-8")
            database = folder / "card-log.sqlite3"
            stated = {"database_url": f"sqlite:///{database}", "base_url": PUBLIC, "auth": "required", **changed}
            settings = Settings(config=folder / "configuration", **stated)

            def start() -> InProcess:
                return running.enter_context(InProcess(create_app(settings, clock=lambda: NOW), database))

            return settings, start

        yield deployed


@pytest.fixture(scope="session")
def deployment(signers: tuple[Signer, Signer, Signer], deploy: Deploy) -> Deployment:
    """The service under attack."""
    ehr, other_ehr, attacker = signers
    _, start = deploy(
        {
            "id": "ehr",
            "issuer": ehr.issuer,
            "jwks": {"keys": [ehr.jwk]},
            "fhir_servers": [FHIR_SERVER],
            "cors_origins": [LISTED_ORIGIN],
        },
        {"id": "other-ehr", "issuer": other_ehr.issuer, "jwks": {"keys": [other_ehr.jwk]}, "footprints": ["nel"]},
    )
    return Deployment(start(), start, ehr, other_ehr, attacker)
