import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpcore
import pytest
import respx
from fhir_builders import (
    CAUDA_EQUINA,
    DIRECTORY,
    NWL,
    SERVER,
    TERMINOLOGY,
    TODAY,
    bundle,
    call,
    condition,
    encounter,
    order,
    organization,
    patient,
    practitioner,
    read_orders,
    ref,
    role,
)

from cds_service.fhir.fetching import Fetched, FhirFetcher
from cds_service.fhir.reading import HookContext, OrderReader, ReadOrder
from cds_service.fhir.resources import is_complete_answer
from cds_service.fhir.shapes import Json
from cds_service.hooks.discovery import PREFETCH
from cds_service.pathway.facts import Indication, Oncology, Setting
from cds_service.security.outbound import AddressGuard, OutboundClient, OutboundError

TOKEN = "marked-token.eyJhbGciOiJub25lIn0"  # noqa: S105 - invented, to be searched for
READER = OrderReader(DIRECTORY, TERMINOLOGY)
WHOLE: Json = {
    "patient": patient(),
    "user": None,
    "userRoles": None,
    **{key: bundle() for key in ("conditions", "pastConditions", "episodes", "careTeams")},
}
"""A prefetch that leaves nothing to ask."""
UNHURRIED = 30.0
"""Seconds of budget where time is not what is tested."""


async def completed(context: HookContext, client: object, budget: float = UNHURRIED, token: str = TOKEN) -> Fetched:
    """Complete a call."""
    fetcher = FhirFetcher(PREFETCH, OutboundError, budget_seconds=budget)
    return await fetcher.complete(context, READER.select(context), token, client)  # type: ignore[arg-type] # any fake


def fetched(context: HookContext, budget: float = UNHURRIED, token: str = TOKEN) -> Fetched:
    """Complete a call with the service's own client."""

    async def run() -> Fetched:
        client = OutboundClient(AddressGuard())
        try:
            return await completed(context, client, budget, token)
        finally:
            await client.aclose()

    return asyncio.run(run())


def only_order(context: HookContext) -> ReadOrder:
    """The one order of a call, read."""
    (found,) = read_orders(READER, context, TODAY).orders
    return found


@contextmanager
def ehr(answers: Mapping[str, object] | None = None, *, other: int = 404) -> Iterator[respx.MockRouter]:
    """An EHR's FHIR server, by path below its base with or without the query; everything else gets one status."""
    with respx.mock(assert_all_called=False) as server:
        for path, answer in (answers or {}).items():
            response = respx.MockResponse(200, json=answer)
            server.get(url=f"{SERVER}/{path}").mock(return_value=response)
        server.route().respond(other, json={"resourceType": "OperationOutcome"})
        yield server


def asked(server: respx.MockRouter) -> list[str]:
    """What the server was asked for, below its base."""
    return [str(one.request.url).removeprefix(SERVER) for one in server.calls]


def without(*keys: str) -> Json:
    """A whole prefetch but for these keys."""
    return {key: value for key, value in WHOLE.items() if key not in keys}


USER = "PractitionerRole?_id=ann&_include=PractitionerRole:practitioner&_include=PractitionerRole:organization"
CONDITIONS = "Condition?patient=p1&clinical-status=active,recurrence,relapse"
ANN = bundle(role("ann", ref("Practitioner/ann"), ref("Organization/o1")), practitioner("ann"))
EVERYTHING = {
    "Patient/p1": patient(generalPractitioner=[ref("Organization/o2")]),
    USER: ANN,
    "Encounter?_id=e1&_include=Encounter:service-provider": bundle(encounter("e1")),
    CONDITIONS: bundle(),
    "Condition?patient=p1&clinical-status=inactive,remission,resolved": bundle(),
    "EpisodeOfCare?patient=p1&status=active": bundle(),
    "CareTeam?patient=p1&status=active": bundle(),
    "Condition/c1": condition("c1", CAUDA_EQUINA),
    "Organization/o1": organization("o1", "Z99101"),
    "Organization/o2": organization("o2", "Z99001"),
}


def test_a_call_without_prefetch_is_read_from_the_server_as_if_it_had_one() -> None:
    """Every fact, the coded cauda equina and the organisations of the second round among them."""
    context = call(
        order(reasonReference=[ref("Condition/c1")]), user_id="PractitionerRole/ann", encounter_id="e1", prefetch={}
    )
    with ehr(EVERYTHING) as server:
        found = fetched(context)
        paths = asked(server)
    read = only_order(found.context)
    assert (read.facts.age, read.home.region, read.facts.setting) == (47, NWL, Setting.GENERAL_PRACTICE)
    assert (read.facts.oncology, read.facts.indications) == (Oncology.NONE, frozenset({Indication.CAUDA_EQUINA}))
    assert found[1:] == (10, 10, 0, 0)
    assert sorted(paths) == sorted(f"/{path}" for path in EVERYTHING)


def test_every_request_carries_the_token_and_asks_for_fhir() -> None:
    """As RFC 6750 and FHIR say."""
    with ehr(EVERYTHING) as server:
        fetched(call(user_id="PractitionerRole/ann"))
        sent = {(one.request.headers["Authorization"], one.request.headers["Accept"]) for one in server.calls}
    assert sent == {(f"Bearer {TOKEN}", "application/fhir+json")}


def test_only_what_is_missing_is_asked_for() -> None:
    """One key, one request; what prefetch brought stays as it was."""
    context = call(prefetch=without("conditions"))
    with ehr({CONDITIONS: bundle(condition("c1", CAUDA_EQUINA))}) as server:
        found = fetched(context)
        assert asked(server) == [f"/{CONDITIONS}"]
    assert {key: found.context.prefetch[key] for key in without("conditions")} == without("conditions")
    assert context.prefetch == without("conditions")


def test_a_call_that_brought_everything_makes_no_request() -> None:
    """Nor does one without a server, or with a token that no header can carry."""
    with ehr() as server:
        assert fetched(call(prefetch=WHOLE)) == Fetched(call(prefetch=WHOLE))
        assert fetched(call(fhir_server=None)) == Fetched(call(fhir_server=None))
        assert fetched(call(), token="a\r\nHost: b") == Fetched(call())  # noqa: S106 - no token at all
        assert asked(server) == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 500, 503, 204, 206])
def test_a_refused_read_leaves_its_fact_unknown_and_the_rest_read(status: int) -> None:
    """No answer is never "none"."""
    with ehr({"Patient/p1": patient()}, other=status):
        found = fetched(call(prefetch=without("patient", "conditions")))
    assert found[1:] == (2, 1, 0, 1)
    assert "conditions" not in found.context.prefetch
    assert only_order(found.context).facts.oncology is Oncology.UNKNOWN
    assert only_order(found.context).facts.age == 47


@pytest.mark.parametrize(
    "body",
    [
        b'{"resourceType": "Patient", "id": "p1"',
        b"",
        b"<html>",
        b'{"resourceType": "Patient", "id": "p1", "x": NaN}',
        b"[]",
        b"null",
        b'{"resourceType": "Patient", "id": "p2"}',
        b'{"resourceType": "Person", "id": "p1"}',
        b'{"resourceType": "OperationOutcome", "issue": []}',
        b'{"resourceType": "Bundle", "entry": []}',
    ],
)
def test_an_answer_that_is_not_what_was_asked_is_discarded(body: bytes) -> None:
    """Truncated, no JSON, an outcome, another patient, another type."""
    with ehr() as server:
        server.routes.clear()
        server.get(url=f"{SERVER}/Patient/p1").respond(200, content=body)
        found = fetched(call(prefetch=without("patient")))
    assert found == Fetched(call(prefetch=without("patient")), asked=1, failed=1)


@pytest.mark.parametrize(
    "answer", [{"resourceType": "OperationOutcome"}, condition("c1"), {"resourceType": "Bundle", "entry": "none"}, 7]
)
def test_a_search_that_is_answered_with_something_else_is_discarded(answer: object) -> None:
    """The conditions stay unknown."""
    with ehr({CONDITIONS: answer}):
        found = fetched(call(prefetch=without("conditions")))
    assert found == Fetched(call(prefetch=without("conditions")), asked=1, failed=1)


@pytest.mark.parametrize("error", [httpcore.ConnectError, httpcore.ReadError, httpcore.RemoteProtocolError])
def test_a_server_that_breaks_off_fails_that_read_alone(error: type[Exception]) -> None:
    """The patient comes all the same."""
    with ehr() as server:
        server.routes.clear()
        server.get(url=f"{SERVER}/Patient/p1").respond(200, json=patient())
        server.route().mock(side_effect=error)
        assert fetched(call(prefetch=without("patient", "episodes")))[1:] == (2, 1, 0, 1)


def test_a_redirect_is_not_followed_and_the_token_stays() -> None:
    """Neither to another host nor on the same."""
    with ehr() as server:
        server.routes.clear()
        server.get(url=f"{SERVER}/Patient/p1").respond(302, headers={"Location": "https://evil.example/Patient/p1"})
        found = fetched(call(prefetch=without("patient")))
        assert (asked(server), found[1:]) == (["/Patient/p1"], (1, 0, 0, 1))


def test_a_token_that_the_server_echoes_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Nor anything else of the exchange, at whatever level."""
    caplog.set_level(logging.DEBUG)
    echo = {"resourceType": "OperationOutcome", "issue": [{"diagnostics": f"Bearer {TOKEN} is not welcome"}]}
    with ehr() as server:
        server.routes.clear()
        server.route().respond(401, json=echo)
        fetched(call())
    written = caplog.text + "".join(str(record.args) for record in caplog.records)
    assert TOKEN not in written
    assert "Patient/p1" not in written


def page(number: int, url: str | None, *resources: Json) -> Json:
    """A page of a search with a link to the next one."""
    links = [{"relation": "self", "url": f"{SERVER}/{number}"}]
    links += [{"relation": "next", "url": url}] if url is not None else []
    return {**bundle(*resources, link=links), "total": 3}


def conditions_of(found: Fetched) -> list[str]:
    """The ids of the conditions that came."""
    return [entry["resource"]["id"] for entry in found.context.prefetch["conditions"]["entry"]]


def test_the_pages_of_a_search_become_one_answer() -> None:
    """A whole one, when the last page came."""
    answers = {
        CONDITIONS: page(1, f"{SERVER}/Condition?page=2", condition("c1")),
        "Condition?page=2": page(2, "Condition?page=3", condition("c2")),
        "Condition?page=3": page(3, None, condition("c3")),
    }
    with ehr(answers):
        found = fetched(call(prefetch=without("conditions")))
    assert conditions_of(found) == ["c1", "c2", "c3"]
    assert is_complete_answer(found.context.prefetch["conditions"])
    assert found[1:] == (1, 1, 0, 0)


def test_a_page_that_prefetch_brought_is_read_on() -> None:
    """From its own link."""
    begun = page(1, f"{SERVER}?_getpages=7", condition("c1"))
    with ehr({"?_getpages=7": None}) as server:
        server.routes.clear()
        server.get(url=f"{SERVER}?_getpages=7").respond(200, json=page(2, None, condition("c2"), condition("c3")))
        found = fetched(call(prefetch={**WHOLE, "conditions": begun}))
    assert conditions_of(found) == ["c1", "c2", "c3"]
    assert is_complete_answer(found.context.prefetch["conditions"])


@pytest.mark.parametrize(
    "following",
    ["https://evil.example/Condition?page=2", "http://ehr.example/fhir/Condition?page=2", "../admin", "Condition?gone"],
)
def test_a_search_that_cannot_be_read_to_its_end_is_not_taken_for_whole(following: str) -> None:
    """A link to elsewhere is not followed and stays; so does one that is refused."""
    with ehr({CONDITIONS: page(1, following, condition("c1"))}) as server:
        found = fetched(call(prefetch=without("conditions")))
        assert [one for one in asked(server) if "gone" not in one] == [f"/{CONDITIONS}"]
    assert conditions_of(found) == ["c1"]
    assert not is_complete_answer(found.context.prefetch["conditions"])
    assert found[1:] == (1, 1, 0, 0)


def test_endless_pages_end() -> None:
    """After three, and the answer is not a whole one."""
    endless = page(1, f"{SERVER}/{CONDITIONS}", condition("c1"))
    with ehr({CONDITIONS: endless}) as server:
        found = fetched(call(prefetch=without("conditions")))
        assert len(asked(server)) == 3
    assert not is_complete_answer(found.context.prefetch["conditions"])


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def local_server(handler: Handler) -> AsyncIterator[str]:
    """A real server on loopback; gives its base URL."""
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/fhir"


def http_response(body: object) -> bytes:
    """A response with a JSON body, as it goes over the wire."""
    content = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: " + str(len(content)).encode() + b"\r\n\r\n" + content


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{"])
def test_a_server_that_hangs_is_left_when_the_budget_ends_and_the_rest_is_used(begins: bytes) -> None:
    """A real one that answers for the patient, and for the others never or no further than the first byte."""
    ended = 0
    all_ended = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal ended
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(http_response(patient()) if b"/Patient/p1" in head else begins)
        await reader.read()  # ends when the client lets go of the connection
        writer.close()
        await writer.wait_closed()
        ended += 1
        if ended == 3:
            all_ended.set()

    async def run() -> Fetched:
        async with local_server(handle) as base:
            client = OutboundClient(AddressGuard(listed_urls=[base]), allow_http=True)
            context = call(prefetch=without("patient", "conditions", "episodes"), fhir_server=base)
            found = await completed(context, client, budget=1.0)
            await client.aclose()
            await all_ended.wait()
            return found

    found = asyncio.run(run())
    assert found[1:] == (3, 1, 2, 0)
    assert only_order(found.context).facts.age == 47
    assert only_order(found.context).facts.oncology is Oncology.UNKNOWN


class Paced:
    """A client that answers from a list, and for what is not in it never."""

    def __init__(self, answers: Mapping[str, object]) -> None:
        self._answers = answers
        self.asked: list[str] = []
        self.is_asked = asyncio.Event()

    async def get_json(self, url: str, **_options: Any) -> object:  # noqa: ANN401 - the client's own options
        """Answer or hang."""
        path = url.removeprefix(f"{SERVER}/")
        self.asked.append(path)
        self.is_asked.set()
        if path not in self._answers:
            await asyncio.Event().wait()
        return self._answers[path]


def test_a_page_that_is_late_leaves_the_pages_before_it() -> None:
    """With their link, so that they are not taken for all."""
    client = Paced({CONDITIONS: page(1, f"{SERVER}/Condition?page=2", condition("c1"))})
    found = asyncio.run(completed(call(prefetch=without("conditions")), client, budget=0.2))
    assert conditions_of(found) == ["c1"]
    assert not is_complete_answer(found.context.prefetch["conditions"])
    assert found[1:] == (1, 1, 0, 0)


def test_one_budget_holds_for_both_rounds() -> None:
    """When the first has used it up, no organisation is asked for."""
    kept = {**without("patient"), "user": role("ann", None, ref("Organization/o1"))}
    client = Paced({})
    found = asyncio.run(completed(call(prefetch=kept), client, budget=0.2))
    assert (client.asked, found[1:]) == (["Patient/p1"], (1, 0, 1, 0))


def test_an_error_that_is_not_the_clients_own_is_not_swallowed() -> None:
    """It is a defect, and a failure never looks like "no concerns" (fact 5)."""

    class Defective:
        async def get_json(self, _url: str, **_options: Any) -> object:  # noqa: ANN401 - the client's own options
            raise KeyError("defect")

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(completed(call(), Defective()))
    assert raised.value.subgroup(KeyError) is not None


def test_a_call_that_is_given_up_gives_up_its_reads() -> None:
    """Nothing goes on in the background."""

    async def run() -> int:
        client = Paced({})
        task = asyncio.create_task(completed(call(), client))
        await client.is_asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return len(asyncio.all_tasks())

    assert asyncio.run(run()) == 1
