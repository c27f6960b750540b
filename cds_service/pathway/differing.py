"""What changes from one version of a pathway to another: every situation whose answer changes, in words."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, NamedTuple

from cds_service.pathway.covering import Grid
from cds_service.pathway.decide import decide
from cds_service.pathway.exploring import explore
from cds_service.pathway.fact_space import Domains, domains_of
from cds_service.pathway.facts import BodyRegion, Facts, FcpListing, Indication, KnownBy, Modality, Oncology, Setting
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.matrix import RULE_ORDER, SINGLE_REASONS, Answer, in_words
from cds_service.pathway.model import Pathway

_AGES = (None, 0, 10, 16, 17, 40)
_AGE_WORDS = {None: "unknown", 0: "under 1", 10: "1 to 15", 16: "16", 17: "17", 40: "18 or over"}


class Told(NamedTuple):
    """An answer, and whether the scan may be removed."""

    answer: Answer
    deletes: bool

    def in_words(self) -> str:
        """For a list of changes."""
        if self.answer.indicator is None:
            return f"{self.answer.outcome}, no card"
        parts = [f"{self.answer.indicator} card '{self.answer.text}'"]
        parts += ["in national words"] if self.answer.speaker == NATIONAL.id else []
        parts += ["a referral is drafted"] if self.answer.creates else []
        parts += ["the scan may be removed"] if self.deletes else []
        return f"{self.answer.outcome} ({', '.join(parts)})"


class Change(NamedTuple):
    """A situation whose answer changes.

    Attributes:
        when: which of the situations with this old answer it is, in words; each of them where there is no more to say.
        before: the old answer, in words.
        after: the new one.
    """

    when: str
    before: str
    after: str


class LoggedFacts(NamedTuple):
    """What the card log keeps of the facts of an order; the rest may have been anything."""

    modality: Modality
    bodies: tuple[BodyRegion, ...]
    known_by: KnownBy
    setting: Setting
    indications: frozenset[Indication]
    oncology: Oncology
    ages: tuple[int | None, ...]
    fcp_listing: FcpListing


def changes(old: Pathway, new: Pathway, *, each: bool = False) -> list[Change]:
    """Every situation, with no reason or a single one, whose answer changes when both are in force.

    Those with the same two answers follow each other; situations may overlap, so that there are few of them.

    Args:
        old: the version before.
        new: the version after.
        each: name every fact that a situation asks for, also those that all with the same old answer have.
    """
    grid = _grid(old)
    cells: dict[tuple[str, str], int] = defaultdict(int)
    answered: dict[str, int] = defaultdict(int)
    changed: dict[tuple[str, str], tuple[int, int]] = {}
    for when, (was, now) in _ways(_lasting(old), _lasting(new), grid):
        box = grid.mask({name: (value,) for name, value in when.items() if name in grid.values})
        words = was.in_words(), now.in_words()
        answered[words[0]] |= box
        if was != now:
            cells[words] |= box
            changed[words] = RULE_ORDER[was.answer.rule], RULE_ORDER[now.answer.rule]
    found = []
    for before, after in sorted(changed, key=lambda pair: changed[pair]):
        others = 0 if each else grid.all & ~answered[before]
        found += [Change(when, before, after) for when in _situations(grid, cells[before, after], others)]
    return found


def _situations(grid: Grid, cells: int, others: int) -> Iterator[str]:
    """The cells in words, which may cover the others besides."""
    for box in grid.boxes(cells, also=others):
        asked = {name: values for name, values in box.items() if len(values) < len(grid.values[name])}
        yield in_words(asked, grid, _AGE_WORDS.__getitem__) if asked else "every one of them"


def _ways(old: Pathway, new: Pathway, grid: Grid) -> Iterator[tuple[dict[str, object], tuple[Told, Told]]]:
    of: dict[str, tuple[object, ...]] = {**domains_of(old).of, **grid.values, "region": (old.id,), "live": (True,)}
    reasons = dict.fromkeys(domains_of(old).reasons, SINGLE_REASONS)
    return explore(lambda facts: (_told(facts, old), _told(facts, new)), Domains(of, reasons))


def _grid(pathway: Pathway) -> Grid:
    of = domains_of(pathway).of
    return Grid(
        {
            "indications": SINGLE_REASONS,
            "modality": (Modality.MRI, Modality.USS),
            "body_region": tuple(body for body in of["body_region"] if body is not BodyRegion.NOT_MSK),
            "setting": tuple(sorted(Setting)),
            "oncology": of["oncology"],
            "age": _AGES,
            "known_by": of["known_by"],
            "specialist_request": of["specialist_request"],
            "fcp_listing": tuple(FcpListing),
        }
    )


def _lasting(pathway: Pathway) -> Pathway:
    """The pathway as it is while it is in force."""
    return pathway.model_copy(update={"until": None, "suspension": None})


def _told(facts: Facts, pathway: Pathway) -> Told:
    decision = decide(facts, pathway, pathway.effective)
    return Told(Answer.of(decision), decision.may_delete)


def changed_fields(old: Pathway, new: Pathway) -> Iterator[str]:
    """Every field that differs, by its place in the file and with both values; of links and answers the place alone.

    The seal of the version before (`supersedes`) is none of what a pathway says: the register holds it.
    """
    before, after = (pathway.model_dump(mode="json", exclude={"supersedes"}) for pathway in (old, new))
    yield from _differences("", before, after)


def _differences(place: str, before: Any, after: Any) -> Iterator[str]:  # noqa: ANN401 - JSON of any shape
    if isinstance(before, dict) or isinstance(after, dict):
        before, after = before or {}, after or {}
        for key in dict.fromkeys((*before, *after)):
            yield from _differences(f"{place}.{key}" if place else key, before.get(key), after.get(key))
    elif before != after:
        is_a_table = any(isinstance(one, dict) for one in (*_listed(before), *_listed(after)))
        yield place if is_a_table else f"{place}: {_as_words(before)} becomes {_as_words(after)}"


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _as_words(value: object) -> str:
    return "; ".join(str(one) for one in _listed(value) if one is not None) or "nothing"


class Counted(NamedTuple):
    """How many of some logged orders would have been answered otherwise: at least, at most, and of how many."""

    least: int
    most: int
    orders: int


def count_changed(old: Pathway, new: Pathway, logged: Iterable[tuple[LoggedFacts, int]]) -> Counted:
    """Count logged orders; where the log cannot tell, between none and all of them.

    Args:
        old: the version before.
        new: the version after.
        logged: what the log keeps of the facts, with how many orders had them.
    """
    old, new = _lasting(old), _lasting(new)
    least = most = orders = 0
    for facts, count in logged:
        changed = [_told(order, old) != _told(order, new) for order in _possible(facts, old)]
        orders += count
        least += count if all(changed) else 0
        most += count if any(changed) else 0
    return Counted(least, most, orders)


def _possible(logged: LoggedFacts, pathway: Pathway) -> Iterator[Facts]:
    """Every order that the log's row may have been; whether a specialist asked is not logged."""
    for body, age, asked in product(logged.bodies, logged.ages, (False, True)):
        yield Facts(
            logged.modality,
            body,
            logged.known_by,
            region=pathway.id,
            setting=logged.setting,
            fcp_listing=logged.fcp_listing,
            indications=logged.indications,
            oncology=logged.oncology,
            age=age,
            specialist_request=asked,
        )
