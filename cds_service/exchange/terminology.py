"""The packaged value sets as they are, and the code systems of the rules, outcomes and cards."""

from collections.abc import Iterable
from enum import StrEnum
from importlib import resources

import orjson

from cds_service import __version__
from cds_service.exchange.names import (
    CARD_SYSTEM,
    OUTCOME_SYSTEM,
    PUBLISHER,
    RULE_SYSTEM,
    UNITED_KINGDOM,
    Json,
    computer_name,
)
from cds_service.pathway.outcomes import Outcome, RuleId, TextKey


def packaged_value_sets() -> list[Json]:
    """Every packaged value set, by id. Their files are checked when the service reads them."""
    folder = resources.files("cds_service.terminology") / "value_sets"
    files = [file for file in folder.iterdir() if file.name.endswith(".json")]
    return sorted((orjson.loads(file.read_bytes()) for file in files), key=lambda value_set: str(value_set["id"]))


def code_systems() -> list[Json]:
    """The code systems that the actions of the PlanDefinitions are labelled with."""
    return [
        _code_system(CARD_SYSTEM, "Cards of the MSK imaging pathways", TextKey),
        _code_system(OUTCOME_SYSTEM, "Outcomes of the MSK imaging pathways", Outcome),
        _code_system(RULE_SYSTEM, "Rules of the MSK imaging pathways", RuleId),
    ]


def _code_system(url: str, title: str, codes: Iterable[StrEnum]) -> Json:
    name = url.rpartition("/")[2]
    return {
        "resourceType": "CodeSystem",
        "id": name,
        "url": url,
        "version": __version__,
        "name": computer_name(name),
        "title": title,
        "status": "draft",
        "publisher": PUBLISHER,
        "description": f"{title}, as cds-service names them. What each means is documented with the service.",
        "jurisdiction": UNITED_KINGDOM,
        "caseSensitive": True,
        "content": "complete",
        "concept": [{"code": code.value, "display": code.value.replace("_", " ")} for code in codes],
    }
