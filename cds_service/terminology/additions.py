"""What an expansion brings beside a list, and the file in which a deployment keeps what it takes from it."""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from cds_service.terminology.check_digit import is_concept_id
from cds_service.terminology.overlaps import MAY_OVERLAP, PART_OF
from cds_service.terminology.value_set_file import VALUE_SET_BASE, Concept, ValueSet, concept_element
from cds_service.terminology.vocabulary import SNOMED


class Claimed(NamedTuple):
    """A code that another list holds or could take: that list, and the code's name."""

    group: str
    display: str


class Difference(NamedTuple):
    """How a list and the expansion of its intent differ.

    Attributes:
        new: codes of the expansion that the list lacks, with their names: what could be added.
        elsewhere: those among the others that another list holds or could take; they are never added.
        beyond: codes of the list that the expansion lacks: retired, or meant by another reading; they stay.
        homeless: those among the others that would be codes of a part (`PART_OF`) and of no whole, with their names.
    """

    new: Mapping[str, str]
    elsewhere: Mapping[str, Claimed]
    beyond: tuple[Concept, ...]
    homeless: Mapping[str, str]


def differences(
    every: Iterable[ValueSet], expansions: Mapping[str, Mapping[str, str]], chosen: Collection[str]
) -> dict[str, Difference]:
    """Compare lists with the expansions of their intents.

    A code that two lists could take is new for neither and left to a person: so the expansions of all lists are
    needed, also where few are chosen.

    Args:
        every: all lists, additions of the deployment included.
        expansions: codes and names by group, as a server gives them now, of every list that has an intent.
        chosen: the groups that are wanted, and would be added to.

    Returns:
        What is found for each chosen list, by group.
    """
    every = list(every)
    compared = {one.group: _difference(one, expansions[one.group], every) for one in every if one.group in expansions}
    found = {group: _without_rivals(group, compared) for group in compared if group in chosen}
    return {group: _within_its_whole(group, found, every) for group in found}


def _difference(value_set: ValueSet, expansion: Mapping[str, str], every: Iterable[ValueSet]) -> Difference:
    listed = _snomed_codes(value_set)
    other = {
        code: one.group
        for one in every
        if one.group != value_set.group and not _may_share(one.group, value_set.group)
        for code in _snomed_codes(one)
    }
    missing = {code: display for code, display in expansion.items() if code not in listed and is_concept_id(code)}
    return Difference(
        {code: display for code, display in missing.items() if code not in other},
        {code: Claimed(other[code], display) for code, display in missing.items() if code in other},
        tuple(one for one in value_set.concepts if one.system == SNOMED and one.code not in expansion),
        {},
    )


def _without_rivals(group: str, compared: Mapping[str, Difference]) -> Difference:
    own = compared[group]
    rivals = {
        code: name
        for name, other in compared.items()
        if name != group and not _may_share(name, group)
        for code in other.new
    }
    new = {code: display for code, display in own.new.items() if code not in rivals}
    claimed = {code: Claimed(rivals[code], display) for code, display in own.new.items() if code in rivals}
    return own._replace(new=new, elsewhere={**own.elsewhere, **claimed})


def _within_its_whole(group: str, found: Mapping[str, Difference], every: Iterable[ValueSet]) -> Difference:
    """A part gets what its whole holds, or gets with it: what is read of the whole alone would else miss the code."""
    own = found[group]
    if group not in PART_OF:
        return own
    wholes = PART_OF[group]
    there = {code for one in every if one.group in wholes for code in _snomed_codes(one)}
    there |= {code for whole in wholes if whole in found for code in found[whole].new}
    return own._replace(
        new={code: display for code, display in own.new.items() if code in there},
        homeless={code: display for code, display in own.new.items() if code not in there},
    )


def _may_share(one: str, other: str) -> bool:
    return frozenset({one, other}) in MAY_OVERLAP


def _snomed_codes(value_set: ValueSet) -> frozenset[str]:
    return frozenset(concept.code for concept in value_set.concepts if concept.system == SNOMED)


def additions_file(value_set: ValueSet, before: bytes | None, new: Mapping[str, str], source: str, on: date) -> str:
    """The deployment's file of what it adds to a list: a strict ValueSet of the additions alone.

    Args:
        value_set: the packaged list.
        before: the deployment's file as it stands, a sound one; None when there is none. All that it says stays.
        new: codes and names to add.
        source: where they come from, with the day; it stands at each of them.
        on: the day; of a new file.
    """
    resource: dict[str, Any] = _empty(value_set, on) if before is None else json.loads(before)
    includes = resource["compose"]["include"]
    include = next((one for one in includes if one["system"] == SNOMED), None)
    if include is None:
        include = {"system": SNOMED, "concept": []}
        includes.append(include)
    include["concept"] += [_element(code, display, source) for code, display in sorted(new.items())]
    return json.dumps(resource, indent=2, ensure_ascii=False) + "\n"


def _empty(value_set: ValueSet, on: date) -> dict[str, Any]:
    identifier = value_set.group.replace("_", "-")
    return {
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
        "compose": {"include": []},
    }


def _element(code: str, display: str, source: str) -> dict[str, Any]:
    name = " ".join(display.split()) or code
    return concept_element(Concept(SNOMED, code, name, provisional=False, sources=(source,)))
