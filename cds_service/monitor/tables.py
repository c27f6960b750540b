"""Tables of figures as they may be shown, the same for a page, a chart, a file and a finding.

Exact counts come in as leaves of a tree (all, borough, network, practice; or all, week), go through the one function of
disclosure with their sums, and leave as `Shown`. Nothing that is made here can hold an exact count about people.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from cds_service.monitor.attack import FEWEST_TOLD_BY_A_SMALL_SUM, MASKED_BELOW
from cds_service.monitor.disclosure import (
    RawCount,
    Shown,
    ShownPercentage,
    ShownTable,
    disclose_percentage,
    disclose_table,
    may_stand_beside,
)

Key = tuple[str | date, ...]
"""A row: its place in the tree from below the top, such as `("Brent", "Z99P01")`; empty for the whole."""

Leaves = Mapping[Key, Mapping[str, int]]
"""Exact counts by kind of the rows that have none below them."""

ALL: Final[Key] = ()
"""The row of everything."""

_Row = dict[str | None, int]
"""The exact counts of a row by kind, its whole under None."""

Cell = str | date | int | Shown | ShownPercentage | None
"""What stands in a table; an integer counts calls, codes or days, never people."""


class Heading(NamedTuple):
    """A column.

    Attributes:
        name: in files, in snake_case.
        words: on a page.
        meaning: what it counts, for the data dictionary.
    """

    name: str
    words: str
    meaning: str


class Share(NamedTuple):
    """A percentage column.

    Attributes:
        heading: of the column.
        kind: the numerator.
    """

    heading: Heading
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureTable:
    """Rows that may be shown.

    Attributes:
        caption: what the table is.
        headings: its columns.
        labels: how many of the first columns say what a row is; the others are figures.
        rows: the cells.
    """

    caption: str
    headings: tuple[Heading, ...]
    labels: int
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def masked(self) -> int:
        """How many figures are not shown."""
        return sum(is_masked(cell) for row in self.rows for cell in row)

    def column(self, name: str) -> list[Cell]:
        """The cells of a column, by its name in files."""
        place = [heading.name for heading in self.headings].index(name)
        return [row[place] for row in self.rows]


class Disclosed:
    """Counts of a tree of rows by kind, as they may be shown, with the counts of all kinds together.

    Args:
        leaves: exact counts.
        kinds: columns that do not overlap and make a whole.
        beside: for each filter that narrows the table, the leaves of the same table for each other value: what a reader
            can see one after the other, with their sums.
        sums_stand_elsewhere: whether the sums of all rows stand in another table too, which tells by its masks that
            they are small.
    """

    def __init__(
        self,
        leaves: Leaves,
        kinds: Sequence[str],
        beside: Iterable[Iterable[Leaves]] = (),
        *,
        sums_stand_elsewhere: bool = False,
    ) -> None:
        self.kinds = tuple(kinds)
        self._below: dict[Key, list[Key]] = defaultdict(list)
        parents: dict[Key, Key | None] = {ALL: None}
        for leaf in leaves:
            for depth in range(1, len(leaf) + 1):
                key = leaf[:depth]
                if key not in parents:
                    parents[key] = key[:-1]
                    self._below[key[:-1]].append(key)
        counts = {
            (leaf, kind): RawCount(by_kind[kind])
            for leaf, by_kind in leaves.items()
            for kind in kinds
            if kind in by_kind
        }
        self._rows = frozenset(parents)
        withheld = _withheld(leaves, beside)
        if sums_stand_elsewhere:
            withheld |= _parts_of_small_sums(leaves, self.kinds)
        self._table: ShownTable[Key, str] = disclose_table(parents, self.kinds, counts, withheld=withheld)

    def __contains__(self, key: object) -> bool:
        """Whether there is such a row."""
        return key in self._rows

    def below(self, key: Key = ALL) -> list[Key]:
        """The rows right below a row, in the order in which they came."""
        return self._below.get(key, [])

    def count(self, key: Key, kind: str) -> Shown:
        """The count of a row and kind; 0 of a row that there is not."""
        return self._table.cell(key, kind) if key in self else Shown(0)

    def whole(self, key: Key = ALL) -> Shown:
        """The count of a row over all kinds; 0 of a row that there is not."""
        return self._table.total(key) if key in self else Shown(0)

    def share(self, key: Key, kind: str) -> ShownPercentage:
        """What part of a row's whole is of a kind."""
        return disclose_percentage(self.count(key, kind), self.whole(key))

    def share_of_all(self, key: Key) -> ShownPercentage:
        """What part of everything a row is."""
        return disclose_percentage(self.whole(key), self.whole(ALL))

    def largest(self, kind: str | None = None) -> Key | None:
        """The row right below the top with the largest count that is shown; None when none is."""
        shown = [(self.whole(key) if kind is None else self.count(key, kind), key) for key in self.below()]
        numbers = [(count.rounded, key) for count, key in shown if count.rounded]
        return max(numbers, key=lambda each: each[0])[1] if numbers else None

    def cells(self, key: Key, shares: Sequence[Share] = ()) -> tuple[Cell, ...]:
        """The figures of a row: the whole, each kind, and shares of the whole."""
        return (
            self.whole(key),
            *(self.count(key, kind) for kind in self.kinds),
            *(self.share(key, share.kind) for share in shares),
        )


def _withheld(leaves: Leaves, beside: Iterable[Iterable[Leaves]]) -> frozenset[tuple[Key, str | None]]:
    """The counts by row and kind, None for the whole of a row, that would tell one of a table beside this one."""
    own = _sums(leaves)
    told: set[tuple[Key, str | None]] = set()
    for tables in beside:
        others = [_sums(table) for table in tables]
        for key, counts in own.items():
            same_row = [other[key] for other in others if key in other]
            if same_row:
                told.update((key, kind) for kind in _kinds_that_tell(counts, same_row))
    return frozenset(told)


def _parts_of_small_sums(leaves: Leaves, kinds: Sequence[str]) -> frozenset[tuple[Key, str | None]]:
    """The counts below each small sum, those that are 0 among them, where they might be so many that they are told.

    Seven masked weeks of a sum of 1 to 7 are of one each, so it must not be seen how many weeks are not 0. With fewer
    rows three values are left for each. Where a row's whole is shown as 0, its parts are no secret.
    """
    if len(leaves) < FEWEST_TOLD_BY_A_SMALL_SUM:
        return frozenset()
    sums = _sums(leaves)
    small = [kind for kind, count in sums.get(ALL, {}).items() if 0 < count < MASKED_BELOW]
    if None in small:
        return frozenset((key, kind) for key in (ALL, *leaves) for kind in (*kinds, None))
    return frozenset((key, kind) for key in leaves if sums.get(key, {}).get(None) for kind in small)


def _kinds_that_tell(counts: _Row, others: Sequence[_Row]) -> Iterator[str | None]:
    for kind, count in counts.items():
        if not may_stand_beside(RawCount(count), [RawCount(other.get(kind, 0)) for other in others]):
            yield kind


def _sums(leaves: Leaves) -> dict[Key, _Row]:
    """All rows, with those that others add up to, from below."""
    sums: dict[Key, _Row] = {}
    for leaf, by_kind in leaves.items():
        if by_kind:
            sums[leaf] = {None: sum(by_kind.values())}
            _add(sums[leaf], by_kind.items())
    for depth in range(max(map(len, sums), default=0), 0, -1):
        for key in [key for key in sums if len(key) == depth]:
            _add(sums.setdefault(key[:-1], {}), sums[key].items())
    return sums


def _add(row: _Row, counts: Iterable[tuple[str | None, int]]) -> None:
    for kind, count in counts:
        row[kind] = row.get(kind, 0) + count


def is_masked(cell: Cell) -> bool:
    """Whether a figure is not shown for its size."""
    return isinstance(cell, Shown | ShownPercentage) and cell.cell == "*"
