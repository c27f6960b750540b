"""Which value sets may share a code, and which must: elsewhere a shared code would mean two things at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Final, NamedTuple

from cds_service.terminology.value_set_file import ValueSet

PART_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "back_pain_or_sciatica": ("ind_pain",),
    "haematological_malignancy": ("malignancy", "malignancy_remission"),
    "haematology_specialty": ("main_specialty", "treatment_function"),
    "oncology_specialty": ("main_specialty", "treatment_function"),
}
"""Value sets that are parts of others: what is read of the whole alone must hold for each code of the part."""

MAY_OVERLAP: Final = {
    frozenset({part, whole}): "a part of the other" for part, wholes in PART_OF.items() for whole in wholes
} | {frozenset({"imaging_parent", "servicerequest_category"}): "Imaging, listed as a category in both"}
"""Pairs of value sets that may share codes, and why."""


class Overlap(NamedTuple):
    """A code in two value sets that must not share one."""

    code: str
    first: str
    second: str

    def __str__(self) -> str:
        """Say which code stands where."""
        both = f"stands in {self.first} and in {self.second}, which mean different things"
        return f"code {self.code!r} {both}. Remove it from the file of the additions"


class Stray(NamedTuple):
    """A code in a value set that is a part of others, none of which holds it."""

    code: str
    part: str

    def __str__(self) -> str:
        """Say which code stands where, where it lacks, and how that is mended."""
        wholes = " or ".join(PART_OF[self.part])
        file = f"{PART_OF[self.part][0].replace('_', '-')}.json"
        return (
            f"code {self.code!r} stands in {self.part} and not in {wholes}, of which that is a part. "
            f"Add it to {file} of the additions as well, or remove it"
        )


def overlaps(value_sets: Iterable[ValueSet]) -> list[Overlap]:
    """Every code that stands in two sets which must not share one."""
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for value_set in value_sets:
        for concept in value_set.concepts:
            groups[concept.system, concept.code].add(value_set.group)
    return [
        Overlap(code, first, second)
        for (_, code), names in groups.items()
        for first, second in combinations(sorted(names), 2)
        if frozenset({first, second}) not in MAY_OVERLAP
    ]


def strays(value_sets: Iterable[ValueSet]) -> list[Stray]:
    """Every code of a part that none of its wholes holds."""
    codes = {
        value_set.group: {(concept.system, concept.code): None for concept in value_set.concepts}
        for value_set in value_sets
    }
    return [
        Stray(key[1], part)
        for part, wholes in PART_OF.items()
        for key in codes.get(part, ())
        if not any(key in codes.get(whole, ()) for whole in wholes)
    ]
