"""The service's own FHIR base in the OpenAPI document, by hand as for the hooks: what every deployment serves there.

The demo serves its invented people beside it; the base's CapabilityStatement is the whole truth.
"""

from typing import Any, Final

Json = dict[str, Any]

TYPES: Final = ("ActivityDefinition", "CodeSystem", "Library", "PlanDefinition", "ValueSet")
"""The resource types."""

SEARCHED_BY: Final = {
    "_id": "The resource's id.",
    "url": "Its canonical URL; with `|` and a version behind it, that version alone.",
    "version": "Its version.",
    "name": "The beginning of its computer-friendly name, in any case.",
    "title": "The beginning of its title, in any case.",
    "status": "Its publication status.",
}
"""What each type can be searched by, with what is looked for."""

_MEDIA_TYPE: Final = "application/fhir+json"
_OUTCOME: Final = {"$ref": "#/components/schemas/OperationOutcome"}
_ERRORS: Final = {
    "400": "A value that the search cannot read; the OperationOutcome says how to mend it.",
    "404": "No such resource, or a type that is not served here.",
    "408": "The form did not come in time.",
    "413": "The form is longer than 64 KiB.",
}


def fhir_paths() -> Json:
    """The paths below `/fhir`."""
    bundle = _resource("Bundle", type={"const": "searchset"}, total={"type": "integer", "minimum": 0})
    found = _answer("A Bundle of type `searchset`; unknown parameters are ignored.", bundle)
    statement = _answer("The CapabilityStatement.", _resource("CapabilityStatement"))
    form = {"type": "object", "properties": {each["name"]: each["schema"] for each in _parameters()}}
    return {
        "/fhir/metadata": {"get": _operation("fhir_metadata", "What the FHIR base serves", [], statement)},
        "/fhir/{resource_type}": {
            "get": _operation("fhir_search", "Search the export", [_TYPE, *_parameters()], found, "400", "404")
        },
        "/fhir/{resource_type}/_search": {
            "post": {
                **_operation("fhir_search_by_form", "Search the export by a form", [_TYPE], found, *_ERRORS),
                "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": form}}},
            }
        },
        "/fhir/{resource_type}/{resource_id}": {
            "get": _operation(
                "fhir_read",
                "Read one resource of the export",
                [_TYPE, _in_path("resource_id", {"type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$"})],
                _answer("The resource.", _resource(*TYPES)),
                "404",
            )
        },
    }


def _in_path(name: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema}


_TYPE: Final = _in_path("resource_type", {"type": "string", "enum": list(TYPES)})


def _parameters() -> list[Json]:
    searched = [(name, meaning, {"type": "string"}) for name, meaning in SEARCHED_BY.items()]
    whole_number = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
    count = ("_count", "How many on one page, which names the next in `link`.", whole_number)
    return [
        {"name": name, "in": "query", "description": meaning, "schema": schema}
        for name, meaning, schema in [*searched, count]
    ]


def _operation(operation_id: str, summary: str, parameters: list[Json], answer: Json, *errors: str) -> Json:
    return {
        "tags": ["FHIR"],
        "summary": summary,
        "operationId": operation_id,
        **({"parameters": parameters} if parameters else {}),
        "responses": {"200": answer, **{status: _error(status) for status in errors}},
    }


def _answer(means: str, schema: Json) -> Json:
    return {"description": means, "content": {_MEDIA_TYPE: {"schema": schema}}}


def _error(status: str) -> Json:
    described = _answer(_ERRORS[status], _OUTCOME)
    if status == "404":  # also said by what stands before the FHIR server, of a path that cannot be one of its own
        described["content"]["application/json"] = {"schema": _OUTCOME}
    return described


def _resource(*types: str, **properties: Json) -> Json:
    named = {"resourceType": {"enum": list(types)}, **properties}
    return {"type": "object", "required": list(named), "properties": named}
