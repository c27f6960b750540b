"""The proof of a pathway: every combination of what its rules read, held against the facts that never bend."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from cds_service.pathway.decide import decide
from cds_service.pathway.decision import fact_value
from cds_service.pathway.exploring import explore
from cds_service.pathway.fact_space import Domains, domains_of
from cds_service.pathway.facts import BodyRegion, Facts, Modality
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import RuleId
from cds_service.pathway.properties import PROPERTIES, rules_that_can_never_fire
from cds_service.pathway.property_cases import Case

ANY_DAY = date(2026, 1, 1)
"""The national fallback asks no date."""


class CounterExample(NamedTuple):
    """The smallest combination found that breaks a property.

    Attributes:
        property: the property's name.
        says: what must hold.
        text: the combination and what came of it, in plain words.
    """

    property: str
    says: str
    text: str


class Proof(NamedTuple):
    """What was found.

    Attributes:
        ways: how many ways through the rules there are; each stands for all facts that were not read on it.
        rules: how many rules answered somewhere.
        broken: for each property that does not hold, the smallest counter-example; empty when all hold.
    """

    ways: int
    rules: int
    broken: tuple[CounterExample, ...]


def prove(
    pathway: Pathway | None, on_ways: Callable[[int], None] = lambda _: None, *, most_reasons: int | None = None
) -> Proof:
    """Hold every combination of facts, on every kind of day, against every property.

    Args:
        pathway: the pathway; None for the national fallback alone.
        on_ways: told of each further thousand ways.
        most_reasons: look at sets of so many reasons at most: a first look, and no proof. None for all sets.
    """
    smallest: dict[str, tuple[tuple[int, int], Case]] = {}
    fired: set[RuleId] = set()
    ways = 0
    for case in _cases(pathway, most_reasons):
        ways += 1
        fired.add(case.decision.rule)
        for each in PROPERTIES:
            if not each.holds(case):
                size = _size(case.read)
                if each.name not in smallest or size < smallest[each.name][0]:
                    smallest[each.name] = size, case
        if ways % 1000 == 0:
            on_ways(1000)
    broken = [
        CounterExample(each.name, each.says, _in_words(smallest[each.name][1]))
        for each in PROPERTIES
        if each.name in smallest
    ]
    if pathway is not None:
        broken += _dead_rules(pathway, fired)
    return Proof(ways, len(fired), tuple(broken))


def _cases(pathway: Pathway | None, most_reasons: int | None) -> Iterator[Case]:
    """Every way through the rules, on each day that they can tell apart.

    Two things need no second look at every set of reasons, and are gone through with single ones: the day after
    review, which only adds a caution (`cautions` alone asks for it); and the orders of other regions, for which the
    rules do not look at this pathway, so that the proof of the national fallback holds for them.
    """
    domains = domains_of(pathway)
    if most_reasons is not None:
        domains = _with_few_reasons(domains, most_reasons)
    if pathway is None:
        yield from _on(ANY_DAY, None, domains)
        return
    own = domains._replace(of={**domains.of, "region": (pathway.id,)})
    lasting = pathway.model_copy(update={"until": None, "suspension": None})
    yield from _on(pathway.effective, lasting, own)
    yield from _on(pathway.effective - _DAY, pathway, own)
    few = _with_few_reasons(domains, 1)
    yield from _on(pathway.review + _DAY, lasting, few)
    for day in _days_told_apart(pathway):
        yield from _on(day, pathway, few)


_DAY = timedelta(days=1)


def _days_told_apart(pathway: Pathway) -> Iterable[date]:
    """A day of each kind, from the first and last day of the pathway, of its suspension, and its review."""
    suspension = pathway.suspension
    turns = {pathway.effective, pathway.review, pathway.until}
    turns |= {suspension.since, suspension.until} if suspension is not None else set()
    days = sorted(day + off for day in turns if day is not None for off in (-_DAY, 0 * _DAY, _DAY))
    return {(pathway.is_effective(day), pathway.is_past_review(day)): day for day in days}.values()


def _on(today: date, pathway: Pathway | None, domains: Domains) -> Iterator[Case]:
    for read, decision in explore(lambda facts: decide(facts, pathway, today), domains):
        yield Case(read, decision, pathway, today)


def _with_few_reasons(domains: Domains, most: int) -> Domains:
    return domains._replace(
        reasons={key: tuple(found for found in sets if len(found) <= most) for key, sets in domains.reasons.items()}
    )


def _size(read: Mapping[str, Any]) -> tuple[int, int]:
    """How much of an order a counter-example needs: fewer reasons first, then fewer unusual facts."""
    return len(read.get("indications", ())), sum(read[name] != usual for name, usual in _USUAL.items() if name in read)


_USUAL: Mapping[str, object] = {
    "modality": Modality.MRI,
    "body_region": BodyRegion.KNEE,
    "known_by": "code",
    "setting": "general-practice",
    "fcp_listing": "none",
    "oncology": "none",
    "age": 40,
    "specialist_request": False,
}

_NAMES = {
    "modality": "scan",
    "body_region": "body region",
    "known_by": "recognised by",
    "region": "region",
    "setting": "setting",
    "fcp_listing": "register of assured practitioners",
    "indications": "coded reasons",
    "oncology": "cancer",
    "age": "age",
    "specialist_request": "asked for by a specialist",
    "live": "live order",
}


def _in_words(case: Case) -> str:
    """A combination and its answer; facts that were not read are left out, because they change nothing."""
    decision = case.decision
    order = Facts(Modality.OTHER, BodyRegion.UNKNOWN)._replace(**case.read)
    said = [f"{name} {fact_value(order, field)}" for field, name in _NAMES.items() if field in case.read]
    removal = "; the scan may be removed" if decision.may_delete else ""
    card = decision.indicator or "no"
    return f"on {case.today}: {'; '.join(said)} -> {decision.rule_id}: {decision.outcome}, {card} card{removal}"


def _dead_rules(pathway: Pathway, fired: set[RuleId]) -> list[CounterExample]:
    return [
        CounterExample(
            "every-rule-can-fire",
            "Every rule that a pathway states can be reached.",
            f"no combination of facts reaches {pathway.id}.{rule}: another choice of the file keeps it from answering",
        )
        for rule in rules_that_can_never_fire(pathway, fired)
    ]
