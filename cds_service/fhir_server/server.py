"""A read-only FHIR R4 server over shelves of resources in memory.

Mount it: `Mount("/fhir", app=fhir_app(about, shelves))`. It answers `GET metadata`, `GET {Type}/{id}`,
`GET {Type}?…` and `POST {Type}/_search`, with an OperationOutcome for everything else. It is an application
of its own, so that these outcomes stay FHIR whatever the application around it says to a 404 or a 405.

It adds no CORS headers: the service wraps one CORS middleware around everything it serves, errors included, and
a second one here would send each header twice. It pays no heed to `Accept`: the public sandbox asks for
`application/json+fhir`, a media type older than R4, and must not be refused for it.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cds_service.fhir_server.capability import capability_statement
from cds_service.fhir_server.search import Chart, JsonObject, Query, SearchError, ServedType, chart_of, search

_logger = logging.getLogger(__name__)

_ISSUE_CODES: Final = {
    400: "invalid",
    404: "not-found",
    405: "not-supported",
    408: "timeout",
    413: "too-long",
}
_LONGEST_FORM: Final = 64 * 1024
_LONGEST_WAIT: Final = 10.0
_URL_SAFE: Final = ",:|/"
"""Left as they are in a link's query, so that a person can read it."""


class FhirResponse(Response):
    """A FHIR resource as JSON."""

    media_type = "application/fhir+json"

    def render(self, content: JsonObject) -> bytes:
        """The resource as JSON text."""
        return orjson.dumps(content)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Resources that belong together.

    Attributes:
        types: the types they have; no two shelves of a server have one in common.
        resources: gives them. Asked in a thread, at each request: it gives the same sequence until they change.
    """

    types: tuple[ServedType, ...]
    resources: Callable[[], Sequence[JsonObject]]


def fhir_app(about: str, shelves: Sequence[Shelf], request_id: Callable[[], str | None] = lambda: None) -> Starlette:
    """The FHIR server.

    Args:
        about: what it holds, in a sentence for its CapabilityStatement.
        shelves: what it serves.
        request_id: the id of the request under way, which an OperationOutcome bears; None where it has none.
    """
    server = _Server(about, shelves)

    async def refuse(_request: Request, error: Exception) -> Response:
        """An OperationOutcome for an error of routing or of search."""
        if isinstance(error, HTTPException):
            return _outcome(error.status_code, error.detail, error.headers, request_id())
        return _outcome(400, str(error), None, request_id())

    app = Starlette(
        routes=[
            Route("/metadata", server.metadata),
            Route("/{resource_type}", server.search_by_get),
            Route("/{resource_type}/_search", server.search_by_post, methods=["POST"]),
            Route("/{resource_type}/{resource_id}", server.read),
        ],
        exception_handlers={HTTPException: refuse, SearchError: refuse},
    )
    app.router.redirect_slashes = False  # a redirect would repeat the Host header and the query that came
    return app


class _ChartedShelf:
    """A shelf with its resources charted, anew when they change."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._charted: tuple[Sequence[JsonObject], Chart] | None = None

    async def chart(self) -> Chart:
        """The resources by type and id."""
        return await asyncio.to_thread(self._chart)

    def _chart(self) -> Chart:
        resources = self._shelf.resources()
        charted = self._charted
        if charted is None or charted[0] is not resources:
            charted = self._charted = (resources, chart_of(resources, self._shelf.types))
        return charted[1]


class _Server:
    def __init__(self, about: str, shelves: Sequence[Shelf]) -> None:
        self._about = about
        self._types = {served.name: served for shelf in shelves for served in shelf.types}
        self._shelves = {
            served.name: charted for shelf in shelves for charted in [_ChartedShelf(shelf)] for served in shelf.types
        }

    async def metadata(self, request: Request) -> Response:
        """Answer `GET metadata`."""
        return FhirResponse(capability_statement(_base_url(request), self._about, self._types.values()))

    async def read(self, request: Request) -> Response:
        """Answer `GET {Type}/{id}`."""
        served = self._served_type(request)
        chart = await self._shelves[served.name].chart()
        resource = chart[served.name].get(request.path_params["resource_id"])
        if resource is None:
            raise HTTPException(404, f"No {served.name} here has this id; GET {served.name} lists what there is.")
        return FhirResponse(resource)

    async def search_by_get(self, request: Request) -> Response:
        """Answer `GET {Type}?…`."""
        return await self._answer(request, _query_of_url(request))

    async def search_by_post(self, request: Request) -> Response:
        """Answer `POST {Type}/_search`: parameters in the form, the URL or both."""
        form = (await _read_form(request)).decode("utf-8", errors="replace")
        return await self._answer(request, [*_query_of_url(request), *parse_qsl(form, keep_blank_values=True)])

    async def _answer(self, request: Request, query: Query) -> Response:
        served = self._served_type(request)
        chart = await self._shelves[served.name].chart()
        return FhirResponse(_searchset(_base_url(request), served, chart, query))

    def _served_type(self, request: Request) -> ServedType:
        served = self._types.get(request.path_params["resource_type"])
        if served is None:
            raise HTTPException(404, f"This resource type is not served here; the types are {', '.join(self._types)}.")
        return served


def _searchset(base_url: str, served: ServedType, chart: Chart, query: Query) -> JsonObject:
    answer = search(chart, served, query)
    bundle: JsonObject = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": answer.total,
        "link": [{"relation": "self", "url": _search_url(base_url, served.name, answer.applied)}],
    }
    if answer.next_page is not None:
        bundle["link"].append({"relation": "next", "url": _search_url(base_url, served.name, answer.next_page)})
    entries = [
        *(_entry(base_url, resource, "match") for resource in answer.matches),
        *(_entry(base_url, resource, "include") for resource in answer.included),
    ]
    if entries:  # FHIR has no empty arrays
        bundle["entry"] = entries
    return bundle


def _entry(base_url: str, resource: JsonObject, mode: str) -> JsonObject:
    return {
        "fullUrl": f"{base_url}/{resource['resourceType']}/{resource['id']}",
        "resource": resource,
        "search": {"mode": mode},
    }


def _search_url(base_url: str, resource_type: str, query: Query) -> str:
    url = f"{base_url}/{resource_type}"
    return f"{url}?{urlencode(query, safe=_URL_SAFE)}" if query else url


def _base_url(request: Request) -> str:
    """Where the server is mounted, as the client sees it."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


async def _read_form(request: Request) -> bytes:
    """The form of a search, bounded in size and time like every body that comes in.

    Raises:
        HTTPException: 413 when it is longer than 64 KiB; 408 when it is too slow.
    """
    form = b""
    try:
        async with asyncio.timeout(_LONGEST_WAIT):
            async for chunk in request.stream():
                form += chunk
                if len(form) > _LONGEST_FORM:
                    raise HTTPException(413, "The form is longer than 64 KiB. Ask for less at once.")
    except TimeoutError:
        raise HTTPException(408, f"The form did not come within {_LONGEST_WAIT:g} seconds. Send it again.") from None
    return form


def _query_of_url(request: Request) -> Query:
    return parse_qsl(request.url.query, keep_blank_values=True)


def _outcome(status: int, diagnostics: str, headers: Mapping[str, str] | None, outcome_id: str | None) -> Response:
    code = _ISSUE_CODES.get(status, "processing")
    _logger.info("answered %d (%s)", status, code)
    issue = {"severity": "error", "code": code, "diagnostics": diagnostics}
    identified = {} if outcome_id is None else {"id": outcome_id}
    outcome = {"resourceType": "OperationOutcome", **identified, "issue": [issue]}
    return FhirResponse(outcome, status_code=status, headers=headers)
