"""Somebody who sees a whole table and tries every table that would look the same, one count after the other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from cds_service.monitor.disclosure import Shown

Table = tuple[tuple[int, ...], ...]

_HIDDEN_AT_MOST = 24  # of a count that may be hidden for another's sake; trying fewer values makes a stronger attacker


def values_behind(shown: Shown, *, small: bool) -> range | tuple[int, ...]:
    """What a count can be, looked at alone. Knows of each mask whether it hides a small count."""
    if shown.rounded is None:
        return range(1, 8) if small else range(8, _HIDDEN_AT_MOST + 1)
    if shown.rounded == 0:
        return (0,)
    return range(max(8, shown.rounded - 2), shown.rounded + 3)


def looks_like(shown: Shown, count: int) -> bool:
    """Whether a sum can be this; a masked one can be anything above 0."""
    return (
        count > 0 if shown.rounded is None else abs(shown.rounded - count) <= 2 and (shown.rounded > 0) == (count > 0)
    )


def tables_that_look_the_same(
    cells: Sequence[Sequence[Shown]],
    true: Table,
    row_totals: Sequence[Shown],
    column_totals: Sequence[Shown],
    total: Shown,
) -> Iterator[Table]:
    """All tables behind what is shown of a table of rows and columns with its sums."""
    rows = [
        [
            row
            for row in product(
                *(values_behind(shown, small=0 < count < 8) for shown, count in zip(line, counts, strict=True))
            )
            if looks_like(row_total, sum(row))
        ]
        for line, counts, row_total in zip(cells, true, row_totals, strict=True)
    ]
    for table in product(*rows):
        columns = [sum(column) for column in zip(*table, strict=True)]
        if looks_like(total, sum(columns)) and all(map(looks_like, column_totals, columns)):
            yield table


def possible_values(
    tables: Iterator[Table], masked: Mapping[tuple[int, int], int], enough: int
) -> dict[tuple[int, int], set[int]]:
    """For each masked count the values found, until there are enough of each."""
    found: dict[tuple[int, int], set[int]] = {place: set() for place in masked}
    for table in tables:
        for (row, column), values in found.items():
            values.add(table[row][column])
        if all(len(values) >= enough for values in found.values()):
            break
    return found


def room(total: str, parts: Iterable[str]) -> range:
    """What is left for a masked count of 1 to 7 beside other parts of a sum, as all are shown."""
    bounds = [_bounds(part) for part in parts]
    least, most = _bounds(total)
    return range(
        max(1, least - sum(bound[1] for bound in bounds)), min(7, most - sum(bound[0] for bound in bounds)) + 1
    )


def _bounds(shown: str) -> tuple[int, int]:
    if shown == "*":
        return 1, 1_000_000  # it may be masked for another's sake
    count = int(shown)
    return (max(count - 2, 8), count + 2) if count else (0, 0)
