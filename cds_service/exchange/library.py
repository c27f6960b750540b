"""The Library that documents the facts: what an engine must supply, and from which codes."""

from collections.abc import Mapping, Sequence

from cds_service.exchange.facts import FACTS, Fact, FactName
from cds_service.exchange.names import PUBLISHER, UNITED_KINGDOM, Json, concept, resource_url
from cds_service.pathway.facts import Indication

_ID = "msk-imaging-facts"


def facts_library(value_sets: Sequence[Json], indications: Mapping[str, Indication], version: str) -> Json:
    """The Library.

    Args:
        value_sets: the exported ValueSets.
        indications: for the id of a value set of reasons, the indication that its codes are.
        version: its own.
    """
    canonicals = {value_set["id"]: f"{value_set['url']}|{value_set['version']}" for value_set in value_sets}
    return {
        "resourceType": "Library",
        "id": _ID,
        "url": resource_url("Library", _ID),
        "version": version,
        "name": "MskImagingFacts",
        "title": "Facts that the MSK imaging pathways read",
        "status": "draft",
        "type": concept("http://terminology.hl7.org/CodeSystem/library-type", "model-definition", "Model Definition"),
        "publisher": PUBLISHER,
        "description": (
            "The input of the conditions of the PlanDefinitions. Each parameter is an environment variable of the "
            "FHIRPath expressions, of the same name (%setting). All must be supplied: a fact that is not known is an "
            "empty collection. The focus of the expressions is not read. How a fact is read from an order, its "
            "requester and the record is documented with the service, and is not FHIRPath."
        ),
        "jurisdiction": UNITED_KINGDOM,
        "relatedArtifact": [
            {"type": "depends-on", "display": value_set["title"], "resource": canonicals[value_set["id"]]}
            for value_set in value_sets
        ],
        "parameter": [_parameter(fact, indications, canonicals) for fact in FACTS],
        "dataRequirement": [
            {
                "type": "ServiceRequest",
                "mustSupport": ["reasonCode"],
                "codeFilter": [{"path": "reasonCode", "valueSet": canonicals[value_set_id]}],
            }
            for value_set_id in sorted(indications)
        ],
    }


def _parameter(fact: Fact, indications: Mapping[str, Indication], canonicals: Mapping[str, str]) -> Json:
    meaning = fact.meaning
    if fact.values:
        meaning += f" One of: {', '.join(fact.values)}."
    if fact.name is FactName.INDICATION:
        of_sets = [f"{indication} for a code of {canonicals[key]}" for key, indication in sorted(indications.items())]
        meaning += f" {'; '.join(of_sets)}. unrecognised and text_only are reasons that no value set knows."
    return {
        "name": fact.name.value,
        "use": "in",
        "min": 0,
        "max": "*" if fact.repeats else "1",
        "documentation": meaning,
        "type": fact.type,
    }
