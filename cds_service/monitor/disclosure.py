"""Small numbers: the one way by which a count about people leaves the service (docs/monitor.md, "Small numbers").

A count is a `RawCount`, which cannot be formatted, until it has become a `Shown` here. The method is NHS Digital's for
sub-national figures: 1 to 7 are masked, 0 is shown, all else goes to the nearest 5, and percentages are made from
rounded counts alone. A table is masked further where a masked count could be got back from what stands around it.
"""

from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final, Generic, NamedTuple, NoReturn, TypeVar

from cds_service.monitor.attack import MASKED_BELOW, Grid, Place
from cds_service.monitor.masking import rounded, shown_places

NOTHING_TO_DIVIDE_BY: Final = "n/a"
"""What stands for a percentage of nothing."""

MASK: Final = "*"
"""What stands for a count that is not shown; it never means 0."""

_LEAST_OF_ONE_PLACE: Final = 0.05

_Row = TypeVar("_Row", bound=Hashable)
_Column = TypeVar("_Column", bound=Hashable)


@dataclass(frozen=True, slots=True, repr=False)
class RawCount:
    """An exact count about people. It is for reckoning with; text cannot be made from it.

    Attributes:
        exact: the count.
    """

    exact: int

    def __str__(self) -> NoReturn:
        """Refuse to be shown."""
        raise TypeError("a raw count cannot be shown; pass it through cds_service.monitor.disclosure first")

    def __format__(self, _: str) -> NoReturn:
        """Refuse to be shown."""
        self.__str__()

    def __repr__(self) -> str:
        """Tell that there is a count without telling it."""
        return "RawCount(…)"


class Shown(NamedTuple):
    """A count as it may be shown.

    Attributes:
        rounded: 0 or a multiple of 5; None when it is masked.
    """

    rounded: int | None

    def __str__(self) -> str:
        """For people: thousands with commas, or the mask."""
        return MASK if self.rounded is None else f"{self.rounded:,}"

    def __format__(self, spec: str) -> str:
        """As text, padded as asked."""
        return format(str(self), spec)

    @property
    def cell(self) -> str:
        """For a file: digits alone, or the mask."""
        return MASK if self.rounded is None else str(self.rounded)


class ShownPercentage(NamedTuple):
    """A percentage as it may be shown, made from counts as they are shown.

    Attributes:
        percent: 0 to 100; None when either count is masked or there is nothing to divide by.
        numerator: of which it was made.
        denominator: of which it was made.
    """

    percent: Fraction | None
    numerator: Shown
    denominator: Shown

    def __str__(self) -> str:
        """For people: whole percents; the mask, or n/a when there is nothing to divide by. 0% is none at all."""
        if self.percent is None:
            return NOTHING_TO_DIVIDE_BY if self.denominator.rounded == 0 else MASK
        return "under 1%" if 0 < self.percent < 1 else f"{float(self.percent):.0f}%"

    def __format__(self, spec: str) -> str:
        """As text, padded as asked."""
        return format(str(self), spec)

    @property
    def cell(self) -> str:
        """For a file: a number, the mask, or nothing when there is nothing to divide by.

        It has one decimal place, or as many as it takes that it is not 0 where it is not none.
        """
        if self.percent is None:
            return "" if self.denominator.rounded == 0 else MASK
        percent = float(self.percent)
        return f"{percent:.1f}" if percent == 0 or percent >= _LEAST_OF_ONE_PLACE else f"{Decimal(f'{percent:.1g}'):f}"


def disclose_percentage(numerator: Shown, denominator: Shown) -> ShownPercentage:
    """A percentage of two counts that are shown; there is none of a masked one."""
    percent = None
    if numerator.rounded is not None and denominator.rounded:
        percent = Fraction(100 * numerator.rounded, denominator.rounded)
    return ShownPercentage(percent, numerator, denominator)


def may_stand_beside(part: RawCount, others: Iterable[RawCount]) -> bool:
    """Whether a count may be shown to somebody who can see the other parts of a sum, and the sum, one after the other.

    Such parts are those of each EHR, where pages can be narrowed by it. What is answered for one part fits what is
    answered for each other.
    """
    exact = sorted([other.exact for other in others if other.exact])
    if not exact or exact[0] >= MASKED_BELOW:
        return True
    return not 0 < part.exact < MASKED_BELOW and _stands_beside(part.exact, tuple(exact))


@lru_cache(maxsize=4_096)
def _stands_beside(part: int, others: tuple[int, ...]) -> bool:
    # The part comes first: of equal ones the first is masked, so that each page masks its own.
    counts = enumerate((part, *others))
    return disclose_parts({number: RawCount(count) for number, count in counts}).parts[0].rounded is not None


@dataclass(frozen=True, slots=True)
class ShownParts(Generic[_Column]):
    """Parts and their sum, as they may be shown together.

    Attributes:
        parts: each part.
        total: of all, rounded from the exact sum.
    """

    parts: Mapping[_Column, Shown]
    total: Shown


def disclose_parts(parts: Mapping[_Column, RawCount]) -> ShownParts[_Column]:
    """Parts of a whole that are shown beside their sum, such as reasons or weeks; they must not overlap.

    Raises:
        ValueError: a count is negative.
    """
    table = disclose_table({None: None}, tuple(parts), {(None, key): count for key, count in parts.items()})
    return ShownParts({key: table.cell(None, key) for key in parts}, table.total(None))


@dataclass(frozen=True, slots=True)
class ShownTable(Generic[_Row, _Column]):
    """A table of counts with the sums of its rows and, above them, of the places that rows belong to."""

    _cells: Mapping[tuple[_Row, int], Shown]
    _columns: Mapping[_Column, int]

    def cell(self, row: _Row, column: _Column) -> Shown:
        """The count of a row, or of all rows that belong to it, in a column."""
        return self._cells[row, self._columns[column]]

    def total(self, row: _Row) -> Shown:
        """The count of a row over all columns, rounded from the exact sum."""
        return self._cells[row, len(self._columns)]

    @property
    def masked(self) -> int:
        """How many counts are not shown."""
        return sum(shown.rounded is None for shown in self._cells.values())


def disclose_table(
    parents: Mapping[_Row, _Row | None],
    columns: Sequence[_Column],
    counts: Mapping[tuple[_Row, _Column], RawCount],
    *,
    withheld: Container[tuple[_Row, _Column | None]] = (),
) -> ShownTable[_Row, _Column]:
    """Counts by place and kind, masked so that no masked count can be told from the sums and the other counts.

    Each row but the top one belongs to a parent, and rows without rows below them have counts; a parent's are the sums
    of theirs. A parent of a single row, below the top one, is masked throughout: it would show that row under another
    name.

    Args:
        parents: the parent of each row; None for the top row, of which there is one.
        columns: kinds that do not overlap; together they make a row's total.
        counts: of the rows that have none below them; a missing one is 0.
        withheld: counts by row and column, None for a row's total, that would tell one of another table; they are
            masked, and so is what would tell them.

    Raises:
        ValueError: a count is negative, there is not one top row, rows go in a circle, or a count is of a row that has
            rows below it or of no row or column.
    """
    places = {column: place for place, column in enumerate(columns)}
    numbers = {row: number for number, row in enumerate(_parents_first(parents))}
    above = [None if parent is None else numbers[parent] for parent in map(parents.get, numbers)]
    exact = _exact_counts(numbers, places, counts, above)
    grid = Grid(above, len(places), exact)
    kept = {
        (number, column)
        for row, number in numbers.items()
        for name, column in (*places.items(), (None, len(places)))
        if (row, name) in withheld
    }
    shown = shown_places(grid, kept)
    cells = {
        (row, column): Shown(rounded(exact[number, column]) if (number, column) in shown else None)
        for row, number in numbers.items()
        for column in range(len(places) + 1)
    }
    return ShownTable(cells, places)


def _parents_first(parents: Mapping[_Row, _Row | None]) -> list[_Row]:
    tops = [row for row, parent in parents.items() if parent is None]
    if len(tops) != 1:
        raise ValueError(f"parents: {len(tops)} rows have no parent; exactly one, the top row, has none")
    below: dict[_Row, list[_Row]] = {row: [] for row in parents}
    for row, parent in parents.items():
        if row != tops[0]:
            if parent not in below:
                raise ValueError("parents: a row's parent is no row; add it")
            below[parent].append(row)
    ordered = list(tops)
    for row in ordered:
        ordered.extend(below[row])
    if len(ordered) != len(parents):
        raise ValueError("parents: some rows belong to each other in a circle; each must lead up to the top row")
    return ordered


def _exact_counts(
    numbers: Mapping[_Row, int],
    places: Mapping[_Column, int],
    counts: Mapping[tuple[_Row, _Column], RawCount],
    above: Sequence[int | None],
) -> dict[Place, int]:
    """All counts, with the sums: the last column is the total, and rows are added to the row above from below."""
    parents = set(above)
    exact = {(number, column): 0 for number in numbers.values() for column in range(len(places) + 1)}
    for (row, column), count in counts.items():
        if row not in numbers or column not in places:
            raise ValueError("counts: a count is of no row or column of the table; add it or leave the count out")
        if numbers[row] in parents:
            raise ValueError("counts: a row with rows below it has a count of its own; its counts are their sums")
        if count.exact < 0:
            raise ValueError("counts: one is negative; a count of people is 0 or more")
        exact[numbers[row], places[column]] += count.exact
        exact[numbers[row], len(places)] += count.exact
    for number in range(len(above) - 1, 0, -1):
        parent = above[number]
        if parent is not None:
            for place in range(len(places) + 1):
                exact[parent, place] += exact[number, place]
    return exact
