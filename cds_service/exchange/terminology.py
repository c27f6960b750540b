"""The value sets that the service uses, and the code systems of the rules, outcomes and cards."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from hashlib import sha256
from itertools import groupby

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
from cds_service.terminology.value_set_file import Concept, concept_element
from cds_service.terminology.value_sets import PACKAGED, Additions

_DEPLOYMENT = "This deployment"


def value_sets_in_use(additions: Additions) -> list[Json]:
    """Every packaged value set, by id, with what a deployment adds to it. The files are checked at the start.

    Args:
        additions: what it adds.
    """
    files = [file for file in PACKAGED.iterdir() if file.name.endswith(".json")]
    packaged = sorted((orjson.loads(file.read_bytes()) for file in files), key=lambda one: str(one["id"]))
    return [_with_added(one, additions.get(one["id"].replace("-", "_"), ())) for one in packaged]


def version_with(version: str, added: Iterable[Concept]) -> str:
    """A version that is another where a deployment adds other codes, and the same where it adds the same."""
    elements = sorted(orjson.dumps([one.system, _element(one)]) for one in added)
    return f"{version}-{sha256(b''.join(elements)).hexdigest()[:8]}" if elements else version


def _with_added(packaged: Json, added: Sequence[Concept]) -> Json:
    if not added:
        return packaged
    by_system = groupby(sorted(added, key=lambda one: (one.system, one.code)), key=lambda one: one.system)
    include = [{"system": system, "concept": [_element(one) for one in concepts]} for system, concepts in by_system]
    compose = packaged["compose"]
    # Nobody knows on which day the two became one: it has no date.
    return {name: value for name, value in packaged.items() if name != "date"} | {
        "version": version_with(packaged["version"], added),
        "publisher": _DEPLOYMENT,
        "description": f"{packaged['description']} This deployment adds {len(added)} code(s), in the last include(s).",
        "compose": {**compose, "include": [*compose["include"], *include]},
    }


def _element(concept: Concept) -> Json:
    """A concept that was added. Its sources are the deployment's own words, and anyone may read the export."""
    return concept_element(replace(concept, sources=(_DEPLOYMENT,)))


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
