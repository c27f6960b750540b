"""The CapabilityStatement of the fixture FHIR server, made from the tables that the search itself uses."""

from typing import Final

from cds_service.demo.fhir_search import INCLUDES, SEARCH_PARAMETERS
from fhir_fixtures import JsonObject

_UK_CORE: Final = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"


def capability_statement(base_url: str) -> JsonObject:
    """An R4 CapabilityStatement that says what the server does.

    Args:
        base_url: the server's own FHIR base, without a trailing slash.
    """
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "experimental": True,
        "date": "2026-11-21",
        "kind": "instance",
        "software": {"name": "cds-service fixture FHIR server"},
        "implementation": {
            "description": "Invented patients, clinicians and organisations to try the CDS service with.",
            "url": base_url,
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [{"mode": "server", "resource": [_resource(resource_type) for resource_type in SEARCH_PARAMETERS]}],
    }


def _resource(resource_type: str) -> JsonObject:
    described: JsonObject = {
        "type": resource_type,
        "profile": _UK_CORE + resource_type,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": [
            {"name": parameter.name, "type": parameter.kind} for parameter in SEARCH_PARAMETERS[resource_type]
        ],
    }
    if includes := INCLUDES.get(resource_type):
        described["searchInclude"] = [f"{resource_type}:{parameter}" for parameter in includes]
    return described
