"""A small read-only FHIR R4 server over the fixtures, for the demo and the public CDS Hooks Sandbox.

Mount it: `Mount("/fhir", app=fixture_fhir_app())`. It answers `GET metadata`, `GET {Type}/{id}`,
`GET {Type}?…` and `POST {Type}/_search`, with an OperationOutcome for everything else. It is an application
of its own, so that these outcomes stay FHIR whatever the application around it says to a 404 or a 405.

It adds no CORS headers: the demo wraps one CORS middleware around everything it serves, errors included, and
a second one here would send each header twice. It pays no heed to `Accept`: the sandbox asks for
`application/json+fhir`, a media type older than R4, and must not be refused for it.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cds_service.demo.fhir_capability import capability_statement
from cds_service.demo.fhir_search import SEARCH_PARAMETERS, Chart, Query, SearchError, chart_of, search
from fhir_fixtures import JsonObject, resources

_ISSUE_CODES: Final = {400: "invalid", 404: "not-found", 405: "not-supported"}
_URL_SAFE: Final = ",:|/"
"""Left as they are in a link's query, so that a person can read it."""


class FhirResponse(Response):
    """A FHIR resource as JSON."""

    media_type = "application/fhir+json"

    def render(self, content: JsonObject) -> bytes:
        """The resource as JSON text."""
        return orjson.dumps(content)


def fixture_fhir_app() -> Starlette:
    """The FHIR server, with every fixture read into memory once.

    Raises:
        KeyError: a fixture's resource type is not among the types served.
    """
    server = _FixtureServer(chart_of(resources()))
    return Starlette(
        routes=[
            Route("/metadata", server.metadata),
            Route("/{resource_type}", server.search_by_get),
            Route("/{resource_type}/_search", server.search_by_post, methods=["POST"]),
            Route("/{resource_type}/{resource_id}", server.read),
        ],
        exception_handlers={HTTPException: _refuse, SearchError: _refuse},
    )


class _FixtureServer:
    def __init__(self, chart: Chart) -> None:
        self._chart = chart

    async def metadata(self, request: Request) -> Response:
        """Answer `GET metadata`."""
        return FhirResponse(capability_statement(_base_url(request)))

    async def read(self, request: Request) -> Response:
        """Answer `GET {Type}/{id}`."""
        resource_type = _served_type(request)
        resource_id = request.path_params["resource_id"]
        resource = self._chart[resource_type].get(resource_id)
        if resource is None:
            raise HTTPException(
                404,
                f"No {resource_type} here has this id; GET {resource_type} lists what there is.",
            )
        return FhirResponse(resource)

    async def search_by_get(self, request: Request) -> Response:
        """Answer `GET {Type}?…`."""
        return self._answer(request, _query_of_url(request))

    async def search_by_post(self, request: Request) -> Response:
        """Answer `POST {Type}/_search`: parameters in the form, the URL or both."""
        form = (await request.body()).decode("utf-8", errors="replace")
        return self._answer(request, [*_query_of_url(request), *parse_qsl(form, keep_blank_values=True)])

    def _answer(self, request: Request, query: Query) -> Response:
        return FhirResponse(_searchset(_base_url(request), _served_type(request), self._chart, query))


def _searchset(base_url: str, resource_type: str, chart: Chart, query: Query) -> JsonObject:
    answer = search(chart, resource_type, query)
    bundle: JsonObject = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": answer.total,
        "link": [{"relation": "self", "url": _search_url(base_url, resource_type, answer.applied)}],
    }
    if answer.next_page is not None:
        bundle["link"].append({"relation": "next", "url": _search_url(base_url, resource_type, answer.next_page)})
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


def _served_type(request: Request) -> str:
    resource_type: str = request.path_params["resource_type"]
    if resource_type not in SEARCH_PARAMETERS:
        raise HTTPException(
            404, f"This resource type is not served here; the types are {', '.join(SEARCH_PARAMETERS)}."
        )
    return resource_type


def _query_of_url(request: Request) -> Query:
    return parse_qsl(request.url.query, keep_blank_values=True)


async def _refuse(_request: Request, error: Exception) -> Response:
    """An OperationOutcome for an error of routing or of search."""
    if isinstance(error, HTTPException):
        return _outcome(error.status_code, error.detail, error.headers)
    return _outcome(400, str(error), None)


def _outcome(status: int, diagnostics: str, headers: Mapping[str, str] | None) -> Response:
    issue = {"severity": "error", "code": _ISSUE_CODES.get(status, "processing"), "diagnostics": diagnostics}
    return FhirResponse({"resourceType": "OperationOutcome", "issue": [issue]}, status_code=status, headers=headers)
