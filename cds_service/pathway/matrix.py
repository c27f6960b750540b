"""The whole behaviour of a pathway as a short decision table: what its owner reads and signs.

Rows are read from top to bottom; the first that fits answers. They are worked out from the rules, not written: every
combination of facts, with no reason or a single one, is put to `decide`, and cells with one answer are merged.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from cds_service.pathway.covering import Box, Grid
from cds_service.pathway.decide import decide
from cds_service.pathway.decision import Decision
from cds_service.pathway.exploring import explore
from cds_service.pathway.fact_space import CHILD_UNDER, Domains, domains_of
from cds_service.pathway.facts import BodyRegion, FcpListing, Indication, KnownBy, Modality, Oncology, Setting
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import Indicator, Outcome, RuleId, TextKey

SINGLE_REASONS = (
    frozenset[Indication](),
    *(frozenset({reason}) for reason in Indication),
    frozenset({Indication.CES_SYMPTOM_STRONG, Indication.BACK_PAIN_OR_SCIATICA}),
)
"""No reason, each by itself, and the one pair that means more than its parts."""


@dataclass(frozen=True)
class Answer:
    """What a row answers; orders with equal answers are told in one row where that is possible."""

    rule: RuleId
    outcome: Outcome
    indicator: Indicator | None
    text: TextKey | None
    speaker: str
    creates: bool

    @classmethod
    def of(cls, decision: Decision) -> "Answer":
        """The answer of a decision."""
        return cls(
            decision.rule,
            decision.outcome,
            decision.indicator,
            decision.text,
            str(decision.speaker),
            decision.proposes_referral,
        )


@dataclass(frozen=True)
class Row:
    """One row: the facts that it asks for (any other is allowed to be anything), and its answer."""

    when: Box
    answer: Answer


RULE_ORDER = {rule: position for position, rule in enumerate(RuleId)}
"""The rules as they are asked."""

_TEXTS_IN_ORDER = (
    TextKey.ONCOLOGY_SAME_DAY,
    TextKey.ONCOLOGY_EXAMINE_TODAY,
    TextKey.ONCOLOGY_URGENT,
    TextKey.ONCOLOGY_RHEUMATOLOGY,
    TextKey.ONCOLOGY_NEW_PRIMARY,
    TextKey.ONCOLOGY_SUSPICIOUS,
    TextKey.URGENT_SAME_DAY,
    TextKey.URGENT_EXAMINE_TODAY,
    TextKey.URGENT,
)
"""Texts of one rule that come before its others, as `decide` chooses them."""


def _rank(text: TextKey | None) -> int:
    return _TEXTS_IN_ORDER.index(text) if text in _TEXTS_IN_ORDER else len(_TEXTS_IN_ORDER)


def grid_of(pathway: Pathway) -> Grid:
    """The cells that a matrix of this pathway merges; the last fact is widened first."""
    of = domains_of(pathway).of
    return Grid(
        {
            "indications": SINGLE_REASONS,
            "modality": (Modality.MRI, Modality.USS),
            "body_region": tuple(body for body in of["body_region"] if body is not BodyRegion.NOT_MSK),
            "setting": tuple(sorted(set(Setting))),
            "oncology": of["oncology"],
            "age": of["age"],
            "known_by": of["known_by"],
            "specialist_request": of["specialist_request"],
            "fcp_listing": _listings(pathway),
        }
    )


def _listings(pathway: Pathway) -> tuple[FcpListing, ...]:
    if pathway.fcp_exemption is None:
        return (FcpListing.NONE,)
    return tuple(FcpListing)


class Matrix(NamedTuple):
    """A pathway as tables.

    Attributes:
        grid: the cells that were asked.
        rows: what answers, first match first.
        removals: when the scan may be removed together with the referral; any row that fits.
    """

    grid: Grid
    rows: list[Row]
    removals: list[Row]


def matrix_of(pathway: Pathway) -> Matrix:
    """The matrix of a pathway on a day on which it is in force."""
    grid = grid_of(pathway)
    cells: dict[Answer, int] = defaultdict(int)
    removed: dict[Answer, int] = defaultdict(int)
    for when, decision in answers_on(pathway, grid, pathway.effective):
        answer, box = Answer.of(decision), grid.mask(when)
        cells[answer] |= box
        if decision.may_delete:
            removed[answer] |= box
    rows = []
    claimed = 0
    for answer in sorted(cells, key=lambda one: (RULE_ORDER[one.rule], _rank(one.text), cells[one].bit_count())):
        rows += [Row(_asked(grid, box), answer) for box in grid.boxes(cells[answer], also=claimed)]
        claimed |= cells[answer]
    removals = [Row(_asked(grid, box), answer) for answer in removed for box in grid.boxes(removed[answer])]
    return Matrix(grid, rows, removals)


def answers_on(pathway: Pathway, grid: Grid, today: date) -> Iterator[tuple[dict[str, tuple[Any, ...]], Decision]]:
    """Every way through the rules that lies in the grid, as a box of it."""
    lasting = pathway.model_copy(update={"until": None, "suspension": None})
    domains = domains_of(pathway)
    of = {**domains.of, **grid.values, "region": (pathway.id,), "live": (True,)}
    reasons = dict.fromkeys(domains.reasons, of.pop("indications"))
    own = Domains(of, reasons)
    for read, decision in explore(lambda facts: decide(facts, lasting, today), own):
        yield {name: (value,) for name, value in read.items() if name in grid.values}, decision


def _asked(grid: Grid, box: Box) -> Box:
    """A row without the facts that may have any value."""
    return {name: values for name, values in box.items() if len(values) < len(grid.values[name])}


_FACTS = {
    "indications": "coded reason",
    "modality": "scan",
    "body_region": "part",
    "setting": "setting",
    "oncology": "cancer",
    "age": "age",
    "known_by": "recognised by",
    "specialist_request": "asked for by a specialist",
    "fcp_listing": "register",
}
_PARTS = {
    BodyRegion.KNEE: "a joint, limb or the chest wall",
    BodyRegion.LUMBAR_SPINE: "the lumbar, sacral, whole or unstated spine",
    BodyRegion.CERVICAL_SPINE: "the cervical or thoracic spine",
    BodyRegion.HIP: "the hip",
    BodyRegion.SPINE_AND_MORE: "the spine and another part",
    BodyRegion.UNKNOWN: "unknown",
}
_SCANS = {Modality.MRI: "MRI", Modality.USS: "ultrasound"}
_CANCER = {
    Oncology.NONE: "none",
    Oncology.PAST: "past",
    Oncology.ACTIVE: "active",
    Oncology.UNDER_CARE: "under oncology care",
    Oncology.UNKNOWN: "unknown",
}


def in_words(when: Box, grid: Grid, age_in_words: Callable[[int | None], str]) -> str:
    """The facts of a row in words; the shorter of "is one of" and "is none of"."""
    said = []
    for name, shown in _FACTS.items():
        if name in when:
            values, every = when[name], grid.values[name]
            others = tuple(value for value in every if value not in values)
            none_of = len(others) < len(values)
            words = [_word(name, value, age_in_words) for value in (others if none_of else values)]
            said.append(f"{shown}: {_none_of(words) if none_of else ' / '.join(words)}")
    return "; ".join(said) or "anything else"


def _none_of(words: list[str]) -> str:
    """A list in which each is denied: "not A / B" would read as "not A, or B"."""
    return f"not {words[0]}" if len(words) == 1 else f"neither {' nor '.join(words)}"


def _word(name: str, value: Any, age_in_words: Callable[[int | None], str]) -> str:  # noqa: ANN401 - each fact has a type of its own
    match name:
        case "indications":
            return " with ".join(sorted(reason.replace("_", " ") for reason in value)) or "none"
        case "body_region":
            return _PARTS[value]
        case "modality":
            return _SCANS[value]
        case "oncology":
            return _CANCER[value]
        case "age":
            return age_in_words(value)
        case "known_by":
            return "its code" if value is KnownBy.CODE else "its text alone"
        case "specialist_request":
            return "yes" if value else "no"
        case _:
            return str(value)


def ages_of(pathway: Pathway) -> Callable[[int | None], str]:
    """The words for the ages that a pathway's rules can tell apart."""

    def in_years(age: int | None) -> str:
        if age is None:
            return "unknown"
        if age == 0:
            return "under 1"
        if age >= pathway.adult_from:
            return f"{pathway.adult_from} or over"
        return "1 to 15" if age < CHILD_UNDER else f"16 to {pathway.adult_from - 1}"

    return in_years
