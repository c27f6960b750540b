import json
from pathlib import Path

import pytest

from cds_service.hooks.openapi import openapi_document
from cds_service.hooks.openapi_fhir import SEARCHED_BY, TYPES
from cds_service.wiring.exchange import KNOWLEDGE_TYPES
from tests.conftest import InProcess, JsonObject

KEPT = Path(__file__).parents[2] / "openapi" / "openapi.json"


@pytest.fixture(scope="module")
def document() -> JsonObject:
    """The document as the code gives it."""
    return openapi_document()


def test_the_kept_document_is_the_codes_own(document: JsonObject) -> None:
    """Renew it with `make openapi`."""
    assert json.loads(KEPT.read_text(encoding="utf-8")) == document


def test_errors_of_every_address_are_described(document: JsonObject) -> None:
    """A head that is too large, and a defect; discovery's other methods too."""
    answers = [one["responses"] for path in document["paths"].values() for one in path.values()]

    assert all({"431", "500"} <= one.keys() for one in answers)
    assert "405" in document["paths"]["/cds-services"]["get"]["responses"]


def references(value: object) -> set[str]:
    """Every schema that a part of the document refers to."""
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_every_reference_leads_somewhere(document: JsonObject) -> None:
    """To a schema of the document itself."""
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    assert references(document) <= known


def test_every_described_address_is_served(document: JsonObject, service: InProcess) -> None:
    """With the method described."""
    place = {"pathway_id": "nwl", "resource_type": "Library", "resource_id": "msk-imaging-facts"}
    for path, operations in document["paths"].items():
        for method in operations:
            response = service.send(method.upper(), path.format(**place))
            assert response.status_code not in {404, 405}, (method, path)


def test_the_fhir_base_is_described_as_a_deployment_serves_it() -> None:
    """The types, and what they can be searched by, as its CapabilityStatement says."""
    assert tuple(served.name for served in KNOWLEDGE_TYPES) == TYPES
    for served in KNOWLEDGE_TYPES:
        assert [parameter.name for parameter in served.parameters] == list(SEARCHED_BY)


def test_every_operation_has_a_summary_and_an_id_of_its_own(document: JsonObject) -> None:
    """For those who make a client from it."""
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]

    assert len(set(ids)) == len(ids)
    assert all(operation["summary"] for operation in operations)


def test_a_comment_is_described_as_the_text_that_a_client_sends(document: JsonObject) -> None:
    """`userComment` is a string in CDS Hooks, whatever the service keeps of it."""
    described = document["components"]["schemas"]["OverrideReason"]["properties"]["userComment"]

    kinds = {described.get("type"), *(option.get("type") for option in described.get("anyOf", []))}
    assert "string" in kinds
    assert "boolean" not in kinds


def test_only_answers_that_can_come_are_described(document: JsonObject) -> None:
    """FastAPI's 422 is never sent; a missing page is answered with 404."""
    answers = {status for path in document["paths"].values() for one in path.values() for status in one["responses"]}

    assert "422" not in answers
    assert "404" in document["paths"]["/pathways/{pathway_id}"]["get"]["responses"]
