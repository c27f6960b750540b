"""The CapabilityStatement, made from the tables that the search itself uses."""

from collections.abc import Iterable

from cds_service.fhir_server.search import JsonObject, ServedType


def capability_statement(base_url: str, about: str, types: Iterable[ServedType]) -> JsonObject:
    """An R4 CapabilityStatement that says what the server does.

    Args:
        base_url: the server's own FHIR base, without a trailing slash.
        about: what it holds, in a sentence.
        types: the types served.
    """
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "experimental": True,
        "date": "2026-11-29",
        "kind": "instance",
        "software": {"name": "cds-service"},
        "implementation": {"description": about, "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [{"mode": "server", "resource": [_resource(served) for served in types]}],
    }


def _resource(served: ServedType) -> JsonObject:
    described: JsonObject = {
        "type": served.name,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": [{"name": parameter.name, "type": parameter.kind} for parameter in served.parameters],
    }
    if served.profile is not None:
        described["profile"] = served.profile
    if served.includes:
        described["searchInclude"] = [f"{served.name}:{parameter}" for parameter in served.includes]
    return described
