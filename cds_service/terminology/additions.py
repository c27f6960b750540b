"""What an expansion brings beside a list, and the file in which a deployment keeps what it takes from it."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from cds_service.terminology.check_digit import is_concept_id
from cds_service.terminology.overlaps import MAY_OVERLAP
from cds_service.terminology.value_set_file import VALUE_SET_BASE, Concept, ValueSet
from cds_service.terminology.vocabulary import SNOMED

_OURS = "https://cds-service.example/fhir/StructureDefinition/"


class Difference(NamedTuple):
    """How a list and the expansion of its intent differ.

    Attributes:
        new: codes of the expansion that the list lacks, with their names: what could be added.
        elsewhere: those among the others that stand in another list, with that list's name; they are never added.
        beyond: codes of the list that the expansion lacks: retired, or meant by another reading; they stay.
    """

    new: Mapping[str, str]
    elsewhere: Mapping[str, str]
    beyond: tuple[Concept, ...]


def difference(value_set: ValueSet, expansion: Mapping[str, str], every: Iterable[ValueSet]) -> Difference:
    """Compare a list with the expansion of its intent.

    Args:
        value_set: the list, additions of the deployment included.
        expansion: codes and names, as a server gives them now.
        every: all lists.
    """
    listed = {concept.code for concept in value_set.concepts if concept.system == SNOMED}
    other = {
        concept.code: one.group
        for one in every
        for concept in one.concepts
        if one.group != value_set.group and concept.system == SNOMED
    }
    missing = {code: display for code, display in expansion.items() if code not in listed and is_concept_id(code)}
    return Difference(
        {code: display for code, display in missing.items() if code not in other},
        {code: other[code] for code in missing if code in other},
        tuple(one for one in value_set.concepts if one.system == SNOMED and one.code not in expansion),
    )


def without_rivals(group: str, differences: Mapping[str, Difference]) -> Difference:
    """What is new for a list and for no other: a code that two lists could take is left to a person.

    Args:
        group: the list.
        differences: of every list that was expanded, by group.
    """
    own = differences[group]
    rivals = {
        code: name
        for name, other in differences.items()
        if name != group and frozenset({name, group}) not in MAY_OVERLAP
        for code in other.new
    }
    new = {code: display for code, display in own.new.items() if code not in rivals}
    claimed = {code: rivals[code] for code in own.new if code in rivals}
    return own._replace(new=new, elsewhere={**own.elsewhere, **claimed})


def additions_file(value_set: ValueSet, own: Iterable[Concept], new: Mapping[str, str], source: str, on: date) -> str:
    """The deployment's file of what it adds to a list: a strict ValueSet of the additions alone.

    Args:
        value_set: the packaged list.
        own: what the deployment added before.
        new: codes and names to add.
        source: where they come from, with the day; it stands at each of them.
        on: the day.
    """
    identifier = value_set.group.replace("_", "-")
    concepts = [_element(concept.code, concept.display, concept.sources) for concept in own]
    concepts += [_element(code, display or code, (source,)) for code, display in sorted(new.items())]
    resource = {
        "resourceType": "ValueSet",
        "id": identifier,
        "url": VALUE_SET_BASE + identifier,
        "version": "1.0.0",
        "name": "".join(part.capitalize() for part in identifier.split("-")),
        "title": value_set.title,
        "status": "draft",
        "date": f"{on}",
        "publisher": "This deployment",
        "description": "What this deployment adds to the packaged value set of the same name.",
        "compose": {"include": [{"system": SNOMED, "concept": concepts}]},
    }
    return json.dumps(resource, indent=2, ensure_ascii=False) + "\n"


def _element(code: str, display: str, sources: Iterable[str]) -> dict[str, Any]:
    extension = [{"url": f"{_OURS}concept-status", "valueCode": "verified"}]
    extension += [{"url": f"{_OURS}concept-source", "valueString": source} for source in sources]
    return {"code": code, "display": display, "extension": extension}
