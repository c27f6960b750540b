"""The OpenAPI document: FastAPI's own for upkeep and pages, and by hand for the hooks, which FastAPI does not serve.

The hooks' schemas are generated from the very models that check the requests and type the answers.
"""

from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from cds_service import __version__
from cds_service.cardlog.writer import NoCardLog
from cds_service.hooks.discovery import SERVICE_ID
from cds_service.hooks.health import Live, Ready, health_router
from cds_service.hooks.pathway_pages import pathway_pages
from cds_service.pathway.loading import load_pathways
from cds_service.protocol.card import Cards, Services
from cds_service.protocol.feedback import FeedbackRequest
from cds_service.protocol.hook_request import HookRequest

TITLE = "MSK imaging pathway CDS Hooks service"

Json = dict[str, Any]

_REFERENCE = "#/components/schemas/{model}"

_ERRORS = {
    "400": "A field is missing or wrong; the OperationOutcome names it and how to mend it.",
    "404": "No such service.",
    "405": "Not a POST.",
    "413": "The body is larger than 4 MiB.",
}
_CALL_ERRORS = {
    **_ERRORS,
    "412": "The order could not be evaluated, for example because nothing places it in a region.",
}
_FEEDBACK_ERRORS = {**_ERRORS, "503": "The feedback could not be stored now; send it again."}

_OPERATION_OUTCOME: Json = {
    "title": "OperationOutcome",
    "type": "object",
    "required": ["resourceType", "issue"],
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
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
    app.include_router(health_router(NoCardLog()))
    app.include_router(pathway_pages(load_pathways()))
    document = app.openapi()
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)  # FastAPI's default; no parameter of ours can earn it
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["OperationOutcome"] = _OPERATION_OUTCOME
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for model in (HookRequest, FeedbackRequest, Cards, Services, Live, Ready):
        _add_schema(schemas, model)
    document["paths"] = {**_hook_paths(), **document["paths"]}
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
                "responses": {"200": _answer("The services and the prefetch they ask for.", "Services")},
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
                "responses": {"200": {"description": "The feedback is stored."}, **_errors(_FEEDBACK_ERRORS)},
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
