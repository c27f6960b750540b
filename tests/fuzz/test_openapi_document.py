"""Schemathesis over the OpenAPI document, against the service on a real socket: what it says is what is answered.

Once as the demo runs, and once as a deployment that asks for a token with every call. The cases are the same on each
run: the boundaries of every schema, then some drawn ones, fitting and unfitting.
"""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests
import schemathesis
import uvicorn
import yaml
from schemathesis.checks import CheckContext, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from cds_service.app import create_app
from cds_service.hooks.openapi import openapi_document
from cds_service.security.minting import SigningKey
from cds_service.server import uvicorn_options
from cds_service.settings import Settings
from tests.conftest import DEMO_CONFIGURATION, NOW, JsonObject

ISSUER = "https://ehr.example.nhs.uk"
PUBLIC = "https://cds.example.nhs.uk"
METRICS_TOKEN = "a-token-for-tests-alone"  # noqa: S105 - of this test's own deployment

AnyCase = schemathesis.Case[Any]

CONFIG = schemathesis.Config.from_dict(
    {
        "seed": 20261121,
        "suppress-health-check": ["all"],
        "generation": {"deterministic": True, "database": "none", "max-examples": 40, "no-shrink": True},
        "phases": {"examples": {"enabled": False}, "stateful": {"enabled": False}},
        "warnings": False,
    }
)
DOCUMENT = schemathesis.openapi.from_dict(openapi_document(), config=CONFIG)


@DOCUMENT.hook
def map_body(_context: schemathesis.HookContext, body: Any) -> Any:  # noqa: ANN401 - any JSON
    """Make a Bundle of what is drawn for draft orders, which the document calls an object: else no call is good."""
    drafts = body.get("context", {}).get("draftOrders") if isinstance(body, dict) and _has_context(body) else None
    if isinstance(drafts, dict):
        drafts["resourceType"] = "Bundle"
    return body


def _has_context(body: JsonObject) -> bool:
    return isinstance(body.get("context"), dict)


def is_correlated(_context: CheckContext, response: schemathesis.Response, _case: AnyCase) -> None:
    """Every answer bears an id, and every error is an OperationOutcome of that id."""
    (identifier,) = response.headers["x-correlation-id"]
    assert UUID(identifier).version == 4
    if response.status_code >= 400 and response.request.method != "HEAD":
        outcome = response.json()
        assert outcome["resourceType"] == "OperationOutcome"
        assert outcome["id"] == identifier


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
    is_correlated,
]


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """Serve on a free port with a deployment's options but for the logging; give the address."""
    config = uvicorn.Config(create_app(settings, clock=lambda: NOW), **{**uvicorn_options(), "log_config": None})
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Connections that are used again, and closed."""
    with requests.Session() as connections:
        connections.trust_env = False
        yield connections


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service as `cds-service demo` runs it, but for the fixture FHIR server's data."""
    database = tmp_path_factory.mktemp("demo") / "card-log.sqlite3"
    settings = Settings(config=DEMO_CONFIGURATION, database_url=f"sqlite:///{database}", auth="off", demo=True)
    with served(settings) as address:
        yield address


@pytest.fixture(scope="module")
def key() -> SigningKey:
    """The registered EHR's key."""
    return SigningKey.made("ES256")


@pytest.fixture(scope="module")
def deployment(key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service as `serve` runs it with one registered EHR."""
    folder = tmp_path_factory.mktemp("deployment")
    shutil.copytree(DEMO_CONFIGURATION, folder / "configuration")
    ehr = {"id": "ehr", "issuer": ISSUER, "jwks": {"keys": [key.public_jwk]}, "algorithms": ["ES256"]}
    (folder / "configuration" / "clients.yaml").write_text(yaml.safe_dump({"clients": [ehr]}), encoding="utf-8")
    settings = Settings(
        config=Path(folder / "configuration"),
        database_url=f"sqlite:///{folder / 'card-log.sqlite3'}",
        base_url=PUBLIC,
        metrics_token=METRICS_TOKEN,
    )
    with served(settings) as address:
        yield address


def authorisation(key: SigningKey, path: str) -> dict[str, str]:
    """A new token for a path of the service, or the one for its metrics."""
    token = METRICS_TOKEN if path == "/metrics" else key.token(ISSUER, PUBLIC + path)
    return {"Authorization": f"Bearer {token}"}


@DOCUMENT.parametrize()
def test_the_demo_answers_as_the_document_says(case: AnyCase, demo: str, session: requests.Session) -> None:
    """Status, type and schema of every answer are documented, to fitting requests and to others."""
    case.call_and_validate(base_url=demo, session=session, checks=CHECKS, allow_redirects=False)


@DOCUMENT.parametrize()
def test_a_deployment_answers_as_the_document_says(
    case: AnyCase, deployment: str, key: SigningKey, session: requests.Session
) -> None:
    """The same with a good token of its own for each request."""
    headers = authorisation(key, case.path)

    response = case.call(base_url=deployment, session=session, headers=headers, allow_redirects=False)

    case.validate_response(response, checks=CHECKS, headers=headers)
    assert response.status_code != 401


@pytest.mark.parametrize(
    ("method", "path"),
    [(method, path) for path, operations in openapi_document()["paths"].items() for method in operations],
)
def test_an_answer_to_a_bad_token_is_documented(
    method: str, path: str, deployment: str, session: requests.Session
) -> None:
    """Discovery, too, refuses a token that is sent and is bad."""
    headers = {"Authorization": "Bearer not-a-token"}

    response = session.request(method, f"{deployment}{path}", headers=headers, json={}, timeout=20)

    assert str(response.status_code) in openapi_document()["paths"][path][method]["responses"]
