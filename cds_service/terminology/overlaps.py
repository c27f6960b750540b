"""Which value sets may share a code: in any other pair a shared code would mean two things at once."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations
from typing import Final, NamedTuple

from cds_service.terminology.value_set_file import ValueSet

MAY_OVERLAP: Final = {
    frozenset({"ind_pain", "back_pain_or_sciatica"}): "a subset that is derived from the other",
    frozenset({"malignancy", "haematological_malignancy"}): "a subset that is derived from the other",
    frozenset({"malignancy_remission", "haematological_malignancy"}): "a subset that is derived",
    frozenset({"main_specialty", "oncology_specialty"}): "a subset that is derived from the other",
    frozenset({"treatment_function", "oncology_specialty"}): "a subset that is derived from the other",
    frozenset({"main_specialty", "haematology_specialty"}): "a subset that is derived from the other",
    frozenset({"treatment_function", "haematology_specialty"}): "a subset that is derived from the other",
    frozenset({"imaging_parent", "servicerequest_category"}): "Imaging, listed as a category in both",
}
"""Pairs of value sets that may share codes, and why."""


class Overlap(NamedTuple):
    """A code in two value sets that must not share one."""

    code: str
    first: str
    second: str

    def __str__(self) -> str:
        """Say which code stands where."""
        return f"code {self.code!r} stands in {self.first} and in {self.second}, which mean different things"


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
