"""Somebody who sees a control chart with its table, and tries other series that would look the same."""

from collections.abc import Iterator, Sequence
from random import Random

from attackers import looks_like, values_behind
from spc_builders import monday, weekly

from cds_service.monitor.chart_rules import Rules
from cds_service.monitor.disclosure import RawCount, Shown, disclose_parts
from cds_service.monitor.shown_spc import ShownSeries, shown_counts
from cds_service.monitor.spc import Direction, xmr
from cds_service.monitor.tables import is_masked

_TRIES = 2_000
_MOST_CHANGED = 6


def possible_counts_of(week: int, counts: Sequence[int], rules: Rules, choose: Random) -> set[int]:
    """What a masked small count can be for all that is shown, until there are two; with the true one."""
    table = disclose_parts({number: RawCount(count) for number, count in enumerate(counts)})
    cells = [*table.parts.values()]
    seen = _drawn(counts, cells, rules)
    for other in sorted({*range(1, 8)} - {counts[week]}, key=lambda value: abs(value - counts[week])):
        for tried in _with_another(week, other, counts, cells, choose):
            if looks_like(table.total, sum(tried)) and _drawn(tried, cells, rules) == seen:
                return {counts[week], other}
    return {counts[week]}


def _drawn(counts: Sequence[int], cells: Sequence[Shown], rules: Rules) -> ShownSeries:
    masked = {monday(number) for number, cell in enumerate(cells) if is_masked(cell)}
    return shown_counts(xmr(weekly(counts), rules=rules, unseen=masked), cells, Direction.LOWER)


def _with_another(
    week: int, other: int, counts: Sequence[int], cells: Sequence[Shown], choose: Random
) -> Iterator[list[int]]:
    """Series with another count in a week, and some of the other counts moved as far as they are shown as before."""
    behind = [values_behind(cell, small=0 < count < 8) for cell, count in zip(cells, counts, strict=True)]
    movable = [number for number, values in enumerate(behind) if number != week and len(values) > 1]
    for _ in range(_TRIES):
        tried = [*counts]
        tried[week] = other
        missing = counts[week] - other
        for number in choose.sample(movable, min(len(movable), choose.randint(1, _MOST_CHANGED))):
            wanted = tried[number] + choose.choice((missing, choose.randint(-2, 2)))
            moved = min(max(wanted, behind[number][0]), max(behind[number][-1], tried[number]))
            missing -= moved - tried[number]
            tried[number] = moved
        yield tried
