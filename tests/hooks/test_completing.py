"""A call without prefetch, completed from the EHR's FHIR server, is answered like one whose prefetch was full."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from cds_service.directory import load_directory
from cds_service.fhir.fetching import FhirFetcher
from cds_service.hooks.answers import Responder
from cds_service.hooks.completing import PrefetchCompleter
from cds_service.hooks.discovery import PREFETCH
from cds_service.pathway.register import PathwayRegister
from cds_service.protocol.hook_request import parse_hook_request
from cds_service.security.clients import Client
from cds_service.terminology import load_terminology
from fhir_fixtures import expectations, hook_call
from tests.conftest import BASE_URL, DEMO_CONFIGURATION, NOW, JsonObject, fixture_fhir_app

FHIR = f"{BASE_URL}/fhir"
TODAY = NOW.date()
EHR = Client(id="ehr", fhir_servers=(FHIR,))
FILES = sorted({row.file for row in expectations()})


class ReadError(Exception):
    """The server gave nothing usable."""


class FixtureReader:
    """Reads from the fixture FHIR server, without a socket between."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refuses = False
        self._transport = httpx.ASGITransport(fixture_fhir_app())

    async def get_json(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float,  # noqa: ASYNC109 - the client's own signature
        limit: int,
    ) -> Any:  # noqa: ANN401 - any JSON
        """Answer one read."""
        assert (headers or {})["Authorization"] == "Bearer token-of-the-call"
        assert timeout > 0 < limit
        self.asked.append(url.removeprefix(FHIR))
        if self.refuses:
            raise ReadError
        async with httpx.AsyncClient(transport=self._transport) as client:
            response = await client.get(url.replace(FHIR, BASE_URL))
        if response.status_code != 200:
            raise ReadError
        return response.json()


@pytest.fixture(scope="module")
def responder() -> Responder:
    """The demo's deployment."""
    register = PathwayRegister.load()
    directory = load_directory(DEMO_CONFIGURATION, register.footprints(TODAY))
    return Responder(
        register, directory, load_terminology(), dict.fromkeys(["national", *register.regions], "https://a.example/")
    )


def with_authorization(call: JsonObject, *, server: str = FHIR) -> JsonObject:
    """A call that lets the service read."""
    token = {
        "access_token": "token-of-the-call",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "user/*.read",
        "subject": "cds-service",
    }
    return {**call, "fhirServer": server, "fhirAuthorization": token}


def answered(responder: Responder, body: JsonObject, reader: FixtureReader) -> list[tuple[str, str]]:
    """The outcomes and indicators of a call, completed first."""

    async def run() -> list[tuple[str, str]]:
        request = parse_hook_request(body)
        completer = PrefetchCompleter(FhirFetcher(PREFETCH, ReadError, budget_seconds=60), {EHR.id: reader})
        call = await completer.complete(responder.select(request, EHR), request, EHR)
        answer = responder.answer(call, EHR, TODAY)
        return [(str(decision.outcome), str(decision.indicator)) for _, decision, _ in answer.orders]

    return asyncio.run(run())


@pytest.mark.parametrize("file", FILES)
def test_what_is_fetched_stands_for_what_was_prefetched(responder: Responder, file: str) -> None:
    """For each fixture call: the same outcomes with the prefetch taken away and a server to read from."""
    prefetched = hook_call(file)
    bare = {name: member for name, member in prefetched.items() if name != "prefetch"}
    reader = FixtureReader()

    with_prefetch = answered(responder, prefetched, reader)
    assert reader.asked == []  # no token was sent
    assert answered(responder, with_authorization(bare), reader) == with_prefetch


def test_a_coded_emergency_behind_a_reference_is_found(responder: Responder) -> None:
    """The reason's Condition did not come with the call; what stands in it is cauda equina syndrome."""
    call = hook_call("nwl-gp-lumbar-mri-ces-by-reference-order-sign--ces.json")
    call["prefetch"]["conditions"] = {"resourceType": "Bundle", "type": "searchset", "total": 0}
    reader = FixtureReader()

    assert answered(responder, call, reader) != [("ces", "critical")]
    assert answered(responder, with_authorization(call), reader) == [("ces", "critical")]
    assert [path for path in reader.asked if path.startswith("/Condition/")] == reader.asked


def test_a_full_prefetch_is_not_fetched_again(responder: Responder) -> None:
    """Reading costs time; what came is not asked for."""
    reader = FixtureReader()

    answered(responder, with_authorization(hook_call("nwl-gp-knee-mri-pain--redirect.json")), reader)

    assert reader.asked == []


def test_an_order_out_of_scope_is_not_completed(responder: Responder) -> None:
    """Nothing of the patient is read for it."""
    call = {**with_authorization(hook_call("nwl-gp-brain-mri--not-applicable.json")), "prefetch": {}}
    reader = FixtureReader()

    assert answered(responder, call, reader) == []
    assert reader.asked == []


@pytest.mark.parametrize(
    "server", ["http://127.0.0.1:8000/other", "http://127.0.0.1:9000/fhir", "https://127.0.0.1:8000/fhir", ""]
)
def test_a_server_that_is_not_listed_is_not_asked(
    responder: Responder, server: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What prefetch lacks stays unknown, and the operator's log says why, without the address."""
    caplog.set_level("INFO")
    call = {**with_authorization(hook_call("nwl-gp-knee-mri-pain--redirect.json"), server=server), "prefetch": {}}
    reader = FixtureReader()

    assert answered(responder, call, reader) == [("could_not_evaluate", "None")]
    assert reader.asked == []
    assert caplog.messages == ["fhirServer is none of the fhir_servers of client ehr: nothing was read"]


def test_the_log_counts_what_a_server_did_not_give(responder: Responder, caplog: pytest.LogCaptureFixture) -> None:
    """A supplier who gets 412 learns from the operator that the reads were refused."""
    caplog.set_level("INFO")
    call = {**with_authorization(hook_call("nwl-gp-knee-mri-pain--redirect.json")), "prefetch": {}}
    reader = FixtureReader()
    reader.refuses = True

    assert answered(responder, call, reader) == [("could_not_evaluate", "None")]

    asked = len(reader.asked)
    text = f"of {asked} reads from the FHIR server of client ehr 0 were late and {asked} refused or unusable"
    assert asked > 0
    assert caplog.messages == [text]


def test_a_client_without_listed_servers_is_never_read_from(responder: Responder) -> None:
    """Off by default."""
    request = parse_hook_request(
        {**with_authorization(hook_call("nwl-gp-knee-mri-pain--redirect.json")), "prefetch": {}}
    )
    reader = FixtureReader()
    completer = PrefetchCompleter(FhirFetcher(PREFETCH, ReadError), {EHR.id: reader})
    other = Client(id="other-ehr")
    call = responder.select(request, other)

    assert asyncio.run(completer.complete(call, request, other)) == call
    assert reader.asked == []
