"""The facts that rules can tell apart: for each, one value of every class that the rules treat alike.

The rules ask few questions of a fact. Values to which every question gets the same answer cannot be told apart, so
one of them stands for all. The questions are written down here; a test reads the rules' source and holds the two
together, so that a rule cannot ask another question unseen.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import NamedTuple, TypeVar

from cds_service.pathway.facts import (
    CAUDA_EQUINA_REGIONS,
    NO_SINGLE_PART,
    OUTSIDE,
    SPINE_REGIONS,
    UNRESOLVED,
    BodyRegion,
    Facts,
    FcpListing,
    Indication,
    KnownBy,
    Modality,
    Oncology,
    RegionId,
    Setting,
)
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import RuleId
from cds_service.pathway.signs import (
    CANCER_HISTORY,
    STATED_CANCER,
    STATED_URGENT,
    UNCODED,
    URGENT_SYMPTOMS,
    Signs,
    every_reason_is_benign,
    read_signs,
    reasons_are_words_alone,
    some_reason_is_unknown,
    states_urgency,
)

_Value = TypeVar("_Value")

ELSEWHERE = RegionId("elsewhere")
"""Another footprint than the pathway's own."""

CHILD_UNDER = 16
AGES: tuple[int | None, ...] = (None, *range(111))

INTERCHANGEABLE = (URGENT_SYMPTOMS, STATED_URGENT, STATED_CANCER, UNCODED)
"""Groups of reasons that the rules read as one. An urgent reason's group words the card, and nothing else.

Of the uncoded ones words alone, with nothing beside them, are told apart.
"""

_ALONE = frozenset({Indication.PAIN, Indication.BENIGN_CAUSE, Indication.TEXT_ONLY})
"""Reasons that matter only where no other stands beside them."""


class Domains(NamedTuple):
    """The values that stand for all, fact by fact.

    Attributes:
        of: for each fact's name, its values; `indications` is asked of `reasons` instead.
        reasons: for a body region and a cancer status, the sets of reasons that can be told apart.
    """

    of: dict[str, tuple[object, ...]]
    reasons: dict[tuple[BodyRegion, Oncology], tuple[frozenset[Indication], ...]]


def domains_of(pathway: Pathway | None) -> Domains:
    """The fact space of a pathway; of the national fallback where it is None."""
    usual_ages: tuple[int | None, ...] = (None, 40, 0, 10)
    bodies = _one_of_each((BodyRegion.KNEE, BodyRegion.LUMBAR_SPINE, *BodyRegion), _asked_of_body)
    settings = _one_of_each(tuple(Setting), lambda setting: _asked_of_setting(setting, pathway))
    ages = _one_of_each((*usual_ages, *AGES), lambda age: _asked_of_age(age, pathway))
    return Domains(
        of={
            "modality": tuple(Modality),
            "body_region": bodies,
            "known_by": tuple(KnownBy),
            "live": (True, False),
            "region": (*((pathway.id,) if pathway is not None else ()), OUTSIDE, UNRESOLVED, ELSEWHERE),
            "setting": settings,
            "fcp_listing": tuple(FcpListing),
            "oncology": tuple(Oncology),
            "age": ages,
            "patient_region": (None,),  # words a caution, and nothing else
            "specialist_request": (False, True),
        },
        reasons={(body, cancer): _reasons(body, cancer, pathway) for body in bodies for cancer in Oncology},
    )


def _one_of_each(values: Iterable[_Value], asked: Callable[[_Value], object]) -> tuple[_Value, ...]:
    """The first value of each class; familiar ones come first, for examples that read well."""
    classes: dict[object, _Value] = {}
    for value in values:
        classes.setdefault(asked(value), value)
    return tuple(classes.values())


def _asked_of_body(body: BodyRegion) -> tuple[bool, ...]:
    return (
        body is BodyRegion.NOT_MSK,
        body in NO_SINGLE_PART,
        body is BodyRegion.HIP,
        body in SPINE_REGIONS,
        body in CAUDA_EQUINA_REGIONS,
    )


def _asked_of_setting(setting: Setting, pathway: Pathway | None) -> tuple[bool, ...]:
    return (
        setting is Setting.SECONDARY_CARE,
        setting is Setting.COMMUNITY_MSK,
        setting is Setting.UNKNOWN,
        pathway is not None and setting in pathway.settings.exempt,
        pathway is not None and setting in pathway.settings.redirect,
    )


def _asked_of_age(age: int | None, pathway: Pathway | None) -> tuple[bool, ...]:
    if age is None:
        return ()
    return (age == 0, age < CHILD_UNDER, pathway is not None and age < pathway.adult_from)


class Reading(NamedTuple):
    """All that the rules make of an order's reasons, apart from which urgent text speaks.

    Attributes:
        signs: what they mean, with symptoms counted, and not counted where the region switched that off.
        benign: whether each is a stated benign cause.
        missing: whether there is none.
        unknown: whether there is none, or one that no list knows.
        words_alone: whether there is nothing but words.
        urgency: whether one is urgent by itself.
        cord: whether cord compression is coded, which is urgent even where the region switched the urgent rule off.
    """

    signs: tuple[Signs, ...]
    benign: bool
    missing: bool
    unknown: bool
    words_alone: bool
    urgency: bool
    cord: bool


def reading_of(facts: Facts, pathway: Pathway | None) -> Reading:
    """What the rules make of the reasons of an order."""
    counts = {True} if pathway is None else {True, pathway.enabled(RuleId.SYMPTOMS)}
    return Reading(
        signs=tuple(read_signs(facts, symptoms_count=count) for count in sorted(counts)),
        benign=every_reason_is_benign(facts),
        missing=not facts.indications,
        unknown=some_reason_is_unknown(facts),
        words_alone=reasons_are_words_alone(facts),
        urgency=states_urgency(facts),
        cord=Indication.CORD_COMPRESSION in facts.indications,
    )


def _reasons(body: BodyRegion, cancer: Oncology, pathway: Pathway | None) -> tuple[frozenset[Indication], ...]:
    """The smallest set of reasons for each reading."""
    asked = (body in SPINE_REGIONS, body in CAUDA_EQUINA_REGIONS, cancer in CANCER_HISTORY)
    known = _reasons_by_question.get((asked, pathway is None or pathway.enabled(RuleId.SYMPTOMS)))
    if known is None:
        order = Facts(Modality.MRI, body, oncology=cancer)
        known = _one_of_each(_sets(), lambda reasons: reading_of(order._replace(indications=reasons), pathway))
        _reasons_by_question[asked, pathway is None or pathway.enabled(RuleId.SYMPTOMS)] = known
    return known


_reasons_by_question: dict[tuple[tuple[bool, bool, bool], bool], tuple[frozenset[Indication], ...]] = {}
"""Worked out once for each answer to what is asked of body region and cancer beside the reasons."""


def _sets() -> Iterator[frozenset[Indication]]:
    """Every set of reasons up to interchangeable ones, the smallest first."""
    standing = [min(group - _ALONE) for group in INTERCHANGEABLE]
    grouped = frozenset[Indication]().union(*INTERCHANGEABLE, _ALONE)
    atoms = sorted({*standing, *(set(Indication) - grouped)})
    yield frozenset()
    yield from (frozenset({reason}) for reason in sorted(_ALONE))
    for size in range(1, len(atoms) + 1):
        yield from map(frozenset, combinations(atoms, size))
