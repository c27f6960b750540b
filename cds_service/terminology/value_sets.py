"""What a code means, answered from the packaged value sets.

The sets are explicit lists, read once and turned into dictionaries: membership is one look-up, and nothing
is inferred from a code's digits, its display or a hierarchy.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Final

from cds_service.terminology.overlaps import overlaps, strays
from cds_service.terminology.value_set_file import Concept, ValueSet, ValueSetError, read_value_set
from cds_service.terminology.vocabulary import SDS_JOB_ROLE, SDS_JOB_ROLE_SYSTEMS, plain_coding

PACKAGED: Final[Traversable] = resources.files("cds_service.terminology") / "value_sets"
"""Where the packaged value sets are."""

_ONCOLOGY_SERVICES: Final = frozenset({"oncology_care", "oncology_specialty"})
_HAEMATOLOGY_SERVICES: Final = frozenset({"haematology_care", "haematology_specialty"})
_NO_GROUPS: Final[frozenset[str]] = frozenset()

_Key = tuple[str, str]
"""A code system's URI and a code in it."""


Additions = Mapping[str, tuple[Concept, ...]]
"""The codes that a deployment adds to the packaged value sets, by group name; none of them was there before."""


@dataclass(frozen=True, slots=True)
class ProcedureConcept:
    """A procedure that is known by its code.

    Attributes:
        modality: `mri`, `uss` or `other`.
        body_region: a value of the pathway's `BodyRegion`.
        display: a plain name.
        provisional: true when no published list confirms the code.
    """

    modality: str
    body_region: str
    display: str
    provisional: bool


@dataclass(frozen=True, slots=True)
class ValueSetSummary:
    """A value set in one line: the group's name, its title and URL, and how many codes it holds.

    Attributes:
        name: the group, with underscores (`ind_cauda_equina`).
        title: a title for people.
        url: the canonical URL.
        count: codes in the set.
        provisional: codes among them that no published list confirms.
    """

    name: str
    title: str
    url: str
    count: int
    provisional: int


@dataclass(frozen=True, slots=True)
class Terminology:
    """Every packaged value set, ready to be asked.

    A code is compared as text, exactly but for white space around it; a system is compared exactly.

    Attributes:
        value_sets: the sets by group name (`ind_cauda_equina`), for documentation and commands.
        additions: what the deployment adds to them, by group name.
    """

    value_sets: Mapping[str, ValueSetSummary]
    _groups: Mapping[_Key, frozenset[str]] = field(repr=False)
    _procedures: Mapping[_Key, ProcedureConcept] = field(repr=False)
    _requester_categories: Mapping[_Key, str] = field(repr=False)
    _displays: Mapping[_Key, str] = field(repr=False)
    additions: Additions = field(default_factory=dict)

    def groups(self, system: str, code: str) -> frozenset[str]:
        """Return the names of the value sets that hold the code; empty when none does."""
        return self._groups.get(plain_coding(system, code), _NO_GROUPS)

    def display(self, system: str, code: str) -> str | None:
        """Return the plain name that a value set gives the code, or None when none holds it."""
        return self._displays.get(plain_coding(system, code))

    def procedure(self, system: str, code: str) -> ProcedureConcept | None:
        """Return what the code images, or None when it is no procedure that we know.

        A referral is a known procedure of modality `other`, so that it is never mistaken for a scan.
        """
        return self._procedures.get(plain_coding(system, code))

    def procedures(self) -> Iterator[tuple[str, str, ProcedureConcept]]:
        """Return every procedure that is known by a code, each as (system, code, what it images)."""
        return ((system, code, concept) for (system, code), concept in self._procedures.items())

    def requester_category(self, system: str, code: str) -> str | None:
        """Return the kind of professional that a role code names, or None when the role is not known.

        `unknown` is a role that is known to say nothing of the profession. A category is for the log: it
        never exempts, and never tells the setting (fact 3).
        """
        system, code = plain_coding(system, code)
        if system in SDS_JOB_ROLE_SYSTEMS:
            # Live systems send service, group and role in one (`S8000:G8000:R8000`): the role comes last.
            return self._requester_categories.get((SDS_JOB_ROLE, code.rpartition(":")[2]))
        return self._requester_categories.get((system, code))

    def is_oncology_service(self, system: str, code: str) -> bool:
        """Say whether the code is a service, attendance, role or specialty of oncology."""
        return not _ONCOLOGY_SERVICES.isdisjoint(self.groups(system, code))

    def is_haematology_service(self, system: str, code: str) -> bool:
        """Say whether the code is a service, role or specialty of haematology.

        It is evidence of oncology care only beside a haematological malignancy: much of haematology is not cancer.
        """
        return not _HAEMATOLOGY_SERVICES.isdisjoint(self.groups(system, code))


def load_terminology(additions: Path | None = None) -> Terminology:
    """The packaged value sets, with what a deployment adds to them.

    Args:
        additions: a folder of value set files whose codes are added to those of the packaged sets; may be absent.

    Raises:
        ValueSetError: as `read_value_sets`, `build_terminology` and `with_additions` say.
    """
    own = read_value_sets(additions) if additions is not None else []
    if not own:
        return _packaged_terminology()
    packaged = packaged_value_sets()
    joined = with_additions(packaged, own)
    new = {after.group: after.concepts[len(before.concepts) :] for before, after in zip(packaged, joined, strict=True)}
    added = {group: concepts for group, concepts in new.items() if concepts}
    return replace(build_terminology(joined), additions=MappingProxyType(added))


@cache
def packaged_value_sets() -> tuple[ValueSet, ...]:
    """The packaged value sets, read once for the life of the process.

    Raises:
        ValueSetError: as `read_value_sets` says; or there is none.
    """
    found = tuple(read_value_sets(PACKAGED))
    if not found:
        # Without its sets the service would know no red flag and stay silent, as if all were well.
        raise ValueSetError(f"{PACKAGED.name} holds no value set. Install the package again.")
    return found


@cache
def _packaged_terminology() -> Terminology:
    return build_terminology(packaged_value_sets())


def with_additions(packaged: Iterable[ValueSet], additions: Iterable[ValueSet]) -> list[ValueSet]:
    """The packaged sets, each with the codes that a deployment adds to it; none loses a code.

    Raises:
        ValueSetError: an addition is to no packaged set, makes two sets share a code that must not, or is to a part
            (`overlaps.PART_OF`) and not to its whole.
    """
    own = {value_set.group: value_set for value_set in additions}
    joined = []
    for value_set in packaged:
        known = {(concept.system, concept.code) for concept in value_set.concepts}
        further = own.pop(value_set.group, value_set).concepts
        new = tuple(concept for concept in further if (concept.system, concept.code) not in known)
        joined.append(replace(value_set, concepts=value_set.concepts + new))
    for group in own:
        raise ValueSetError(f"{group.replace('_', '-')}.json: adds to no packaged value set. Correct its name and id.")
    for fault in (*overlaps(joined), *strays(joined)):
        raise ValueSetError(f"{fault}.")
    return joined


def read_value_sets(folder: Traversable) -> list[ValueSet]:
    """Read every value set of a folder, in the order of their names: `*.json` that does not begin with a dot.

    What a mounted folder, an editor or git keeps beside them (`..data`, `.gitkeep`, `README.md`) is not looked at.

    Raises:
        ValueSetError: a file is wrong or cannot be read, and the message names it.
    """
    inside = folder.iterdir() if folder.is_dir() else ()
    files = [file for file in inside if file.name.endswith(".json") and not file.name.startswith(".")]
    return [read_value_set(file.name, _content(file)) for file in sorted(files, key=lambda file: file.name)]


def _content(file: Traversable) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ValueSetError(
            f"{file.name}: cannot be read ({error.strerror}). Make it a plain file that the service may read."
        ) from None


def build_terminology(value_sets: Iterable[ValueSet]) -> Terminology:
    """Turn value sets into look-up tables.

    Raises:
        ValueSetError: two sets give one procedure, or one role, different meanings.
    """
    summaries: dict[str, ValueSetSummary] = {}
    groups: dict[_Key, set[str]] = {}
    procedures: dict[_Key, ProcedureConcept] = {}
    categories: dict[_Key, str] = {}
    displays: dict[_Key, str] = {}
    for value_set in value_sets:
        summaries[value_set.group] = _summarise(value_set)
        for concept in value_set.concepts:
            key = plain_coding(concept.system, concept.code)
            groups.setdefault(key, set()).add(value_set.group)
            displays.setdefault(key, concept.display)
            _enter_procedure(procedures, key, concept)
            _enter_requester_category(categories, key, concept)
    shared = {names: names for names in map(frozenset, groups.values())}
    return Terminology(
        value_sets=MappingProxyType(summaries),
        # Most codes stand in the same few groups: they share one frozen set, not a copy each.
        _groups=MappingProxyType({key: shared[frozenset(names)] for key, names in groups.items()}),
        _procedures=MappingProxyType(procedures),
        _requester_categories=MappingProxyType(categories),
        _displays=MappingProxyType(displays),
    )


def _summarise(value_set: ValueSet) -> ValueSetSummary:
    return ValueSetSummary(
        name=value_set.group,
        title=value_set.title,
        url=value_set.url,
        count=len(value_set.concepts),
        provisional=sum(concept.provisional for concept in value_set.concepts),
    )


def _enter_procedure(procedures: dict[_Key, ProcedureConcept], key: _Key, concept: Concept) -> None:
    if concept.modality is None or concept.body_region is None:
        return
    procedure = ProcedureConcept(concept.modality, concept.body_region, concept.display, concept.provisional)
    if procedures.setdefault(key, procedure) != procedure:
        raise ValueSetError(f"code {concept.code!r} of {concept.system} is two different procedures. Keep one of them.")


def _enter_requester_category(categories: dict[_Key, str], key: _Key, concept: Concept) -> None:
    category = concept.requester_category
    if category is None:
        return
    if concept.system in SDS_JOB_ROLE_SYSTEMS:
        key = (SDS_JOB_ROLE, concept.code.rpartition(":")[2])
    if categories.setdefault(key, category) != category:
        raise ValueSetError(
            f"role {concept.code!r} of {concept.system} has two requester categories. Keep one of them."
        )
