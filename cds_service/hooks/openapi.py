"""The OpenAPI document: FastAPI's own for upkeep and pages, by hand for hooks and `/fhir`, which it does not serve.

The hooks' schemas are generated from the very models that check the requests and type the answers.
"""

from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from cds_service import __version__
from cds_service.cardlog.card_log import NoCardLog
from cds_service.hooks.discovery import SERVICE_ID
from cds_service.hooks.health import ConfigurationState, Live, MetricsAccess, Ready, health_router
from cds_service.hooks.openapi_fhir import fhir_paths
from cds_service.hooks.pathway_pages import pathway_pages
from cds_service.pages.render import Pages
from cds_service.pathway.loading import load_pathways
from cds_service.protocol.card import Cards, Services
from cds_service.protocol.feedback import FeedbackRequest
from cds_service.protocol.hook_request import HookRequest

TITLE = "MSK imaging pathway CDS Hooks service"

Json = dict[str, Any]

_REFERENCE = "#/components/schemas/{model}"

_ERRORS = {
    "400": "A field is missing or wrong; the OperationOutcome names it and how to mend it.",
    "401": "The client's token is missing, or was not accepted; `WWW-Authenticate` says which.",
    "403": "The client may not act in that pathway footprint, or the web origin is not registered for it.",
    "404": "No such service.",
    "405": "Not a POST.",
    "408": "The body did not come in time.",
    "413": "The body is larger than 4 MiB, or holds more draft orders than are read.",
    "415": "The body is not JSON, or it is compressed.",
    "429": "More calls than the client's rate; `Retry-After` says when to call again.",
    "503": "The client's keys cannot be fetched now, the feedback cannot be stored now, or the process has as many "
    "connections as it takes; send it again later.",
}
_EVERYWHERE = {
    "431": "Request line and headers are larger than 32 KiB.",
    "500": "A defect of the service, now in its log.",
}
_CALL_ERRORS = {
    **_ERRORS,
    "412": "The order could not be evaluated, for example because nothing places it in a region.",
}

_OPERATION_OUTCOME: Json = {
    "title": "OperationOutcome",
    "type": "object",
    "required": ["resourceType", "issue"],
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "id": {"type": "string", "description": "The request's correlation id, as in X-Correlation-ID."},
        "issue": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["severity", "code", "diagnostics"],
                "properties": {
                    "severity": {"const": "error"},
                    "code": {"type": "string"},
                    "diagnostics": {"type": "string"},
                    "expression": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
}


def openapi_document() -> Json:
    """The service's OpenAPI document, as kept in `openapi/openapi.json`."""
    app = FastAPI(title=TITLE, version=__version__)
    app.include_router(health_router(NoCardLog(), MetricsAccess(), ConfigurationState(datetime.now(UTC))))
    app.include_router(pathway_pages(load_pathways, Pages()))
    document = app.openapi()
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["OperationOutcome"] = _OPERATION_OUTCOME
    for model in (HookRequest, FeedbackRequest, Cards, Services, Live, Ready):
        _add_schema(schemas, model)
    document["paths"] = {**_hook_paths(), **document["paths"], **fhir_paths()}
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"] = dict(sorted({**_errors(_EVERYWHERE), **operation["responses"]}.items()))
    return document


def _add_schema(schemas: Json, model: type) -> None:
    schema = TypeAdapter(model).json_schema(ref_template=_REFERENCE)
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema


def _hook_paths() -> Json:
    service = f"/cds-services/{SERVICE_ID}"
    return {
        "/cds-services": {
            "get": {
                "tags": ["CDS Hooks"],
                "summary": "Discovery",
                "operationId": "discover",
                "responses": {
                    "200": _answer("The services and the prefetch they ask for.", "Services"),
                    **_errors({status: _ERRORS[status] for status in ("401", "403", "429", "503")}),
                    **_errors({"405": "Neither a GET nor a HEAD."}),
                },
            }
        },
        service: {
            "post": {
                "tags": ["CDS Hooks"],
                "summary": "Evaluate the selected (order-select) or all (order-sign) draft orders",
                "operationId": "call",
                "requestBody": _request("HookRequest"),
                "responses": {
                    "200": _answer("Cards; an empty list means evaluated, with nothing to say.", "Cards"),
                    **_errors(_CALL_ERRORS),
                },
            }
        },
        f"{service}/feedback": {
            "post": {
                "tags": ["CDS Hooks"],
                "summary": "What became of cards",
                "operationId": "feedback",
                "requestBody": _request("FeedbackRequest"),
                "responses": {"200": {"description": "The feedback is stored."}, **_errors(_ERRORS)},
            }
        },
    }


def _request(model: str) -> Json:
    return {"required": True, "content": {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model)}}}}


def _answer(description: str, model: str) -> Json:
    schema = {"$ref": _REFERENCE.format(model=model)}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _errors(descriptions: dict[str, str]) -> Json:
    return {status: _answer(description, "OperationOutcome") for status, description in descriptions.items()}
