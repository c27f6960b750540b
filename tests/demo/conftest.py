"""The fixture server, mounted as the demo mounts it, and two ways of filling prefetch templates."""

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.conftest import fixture_fhir_app

JsonObject = dict[str, Any]
Prefetch = Callable[[JsonObject], JsonObject]
"""From the context of a hook call to its prefetch."""

BASE_URL = "http://127.0.0.1:8000"
"""Where `make run` serves the demo; the fixtures' `fullUrl`s start with it."""

PREFETCH_TEMPLATES = {
    "patient": "Patient/{{context.patientId}}",
    "user": "PractitionerRole?_id={{userPractitionerRoleId}}"
    "&_include=PractitionerRole:practitioner&_include=PractitionerRole:organization",
    "userRoles": "PractitionerRole?practitioner={{userPractitionerId}}"
    "&_include=PractitionerRole:practitioner&_include=PractitionerRole:organization",
    "encounter": "Encounter?_id={{context.encounterId}}&_include=Encounter:service-provider",
    "conditions": "Condition?patient={{context.patientId}}&clinical-status=active,recurrence,relapse",
    "pastConditions": "Condition?patient={{context.patientId}}&clinical-status=inactive,remission,resolved",
    "episodes": "EpisodeOfCare?patient={{context.patientId}}&status=active",
    "careTeams": "CareTeam?patient={{context.patientId}}&status=active",
}
"""The templates that discovery publishes."""


class _InProcess(httpx.BaseTransport):
    """Hands each request of a plain `httpx.Client` to an ASGI application, without a socket between them."""

    def __init__(self, app: Starlette) -> None:
        self._app = httpx.ASGITransport(app)
        self._runner = asyncio.Runner()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._runner.run(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._app.handle_async_request(request)
        return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())

    def close(self) -> None:
        self._runner.close()


def fhir_client() -> httpx.Client:
    """A client of the fixture server, mounted at `/fhir`."""
    app = Starlette(routes=[Mount("/fhir", app=fixture_fhir_app())])
    return httpx.Client(transport=_InProcess(app), base_url=f"{BASE_URL}/fhir/")


@pytest.fixture(scope="session")
def fhir() -> Iterator[httpx.Client]:
    """A client of the fixture server."""
    with fhir_client() as client:
        yield client


@pytest.fixture(scope="session")
def ehr_prefetch(fhir: httpx.Client) -> Prefetch:
    """Prefetch as an EHR fills it."""
    return lambda context: prefetch_of_an_ehr(fhir, context)


@pytest.fixture(scope="session")
def sandbox_prefetch(fhir: httpx.Client) -> Prefetch:
    """Prefetch as the public sandbox fills it."""
    return lambda context: prefetch_of_the_sandbox(fhir, context)


def prefetch_of_an_ehr(fhir: httpx.Client, context: JsonObject) -> JsonObject:
    """An EHR leaves out the keys whose tokens it cannot fill in."""
    resolved = _resolved_templates(context)
    return {key: fhir.get(url).json() for key, url in resolved.items() if "{{" not in url}


def prefetch_of_the_sandbox(fhir: httpx.Client, context: JsonObject) -> JsonObject:
    """The sandbox sends unfilled tokens of a query as they stand, and sorts and merges parameters."""
    filled = {}
    for key, url in _resolved_templates(context).items():
        path, question_mark, query = url.partition("?")
        if question_mark:
            merged: dict[str, list[str]] = {}
            for name, value in sorted(parse_qsl(query), key=lambda parameter: parameter[0]):
                merged.setdefault(name, []).append(value)
            form = {name: ",".join(values) for name, values in merged.items()}
            filled[key] = fhir.post(f"{path}/_search", data=form).json()
        elif "{{" not in path:
            filled[key] = fhir.get(path).json()
    return filled


def _resolved_templates(context: JsonObject) -> dict[str, str]:
    user_type, _, user_id = context["userId"].partition("/")
    tokens = {f"context.{name}": value for name, value in context.items() if isinstance(value, str)}
    tokens[f"user{user_type}Id"] = user_id
    return {
        key: re.sub(r"\{\{([\w.]+)\}\}", lambda token: tokens.get(token[1], token[0]), template)
        for key, template in PREFETCH_TEMPLATES.items()
    }
