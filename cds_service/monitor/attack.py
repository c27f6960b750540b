"""What somebody who sees all that is shown of a table, and knows how it was made, can tell of what is masked.

Rows add up to the rows above them and columns to the total. Such a table is a network: each count is an edge on which
it flows, and each sum a node where as much comes in as goes out. Another table that looks the same is the true one with
something sent round a circle of edges, each of which can take it. So a masked count can be told when hardly anything
can be sent through its edge and back by another way. The search is exact for whole numbers.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Self

MASKED_BELOW: Final = 8
"""Counts from 1 to 7 are masked."""
ROUND_TO: Final = 5
"""What is shown goes to the nearest multiple of this."""
LEAST_POSSIBLE: Final = 3
"""A masked count stays masked only if at least this many values could be it."""
FEWEST_TOLD_BY_A_SMALL_SUM: Final = MASKED_BELOW - LEAST_POSSIBLE + 1
"""So many counts that are not 0 have fewer values left where it is known that their sum is below eight."""

_NO_BOUND: Final = 10**12
_MOST_ROUNDED_AWAY: Final = ROUND_TO // 2

Place = tuple[int, int]
"""Row and column of a count; the column after the last is the total."""


class Bounds(NamedTuple):
    """What is known of a count by looking at it alone.

    Attributes:
        least: it is not below this.
        most: it is not above this.
        shown: whether it is shown.
        protected: whether nobody may be able to tell it.
        fall: by how much less it has to be possible besides, so that it may be a small one for all that is shown.
    """

    least: int
    most: int
    shown: bool
    protected: bool
    fall: int = 0

    @classmethod
    def of_shown(cls, rounded: int) -> Self:
        """Of a count that is shown rounded; 0 is shown only where it is 0."""
        if rounded == 0:
            return cls(0, 0, shown=True, protected=False)
        return cls(
            max(rounded - _MOST_ROUNDED_AWAY, MASKED_BELOW), rounded + _MOST_ROUNDED_AWAY, shown=True, protected=False
        )

    @classmethod
    def small(cls) -> Self:
        """Of a count that is masked for its size."""
        return cls(1, MASKED_BELOW - 1, shown=False, protected=True)

    @classmethod
    def of_few(cls, exact: int) -> Self:
        """Of a sum that is masked whatever its size, so that its mask does not say that it is small."""
        return cls(1, _NO_BOUND, shown=False, protected=exact < MASKED_BELOW)

    @classmethod
    def withheld(cls, exact: int) -> Self:
        """Of a count that would tell one of another table, by not being small."""
        fall = max(0, exact - MASKED_BELOW + 1)
        return cls(min(exact, 1), _NO_BOUND, shown=False, protected=True, fall=fall)

    @classmethod
    def hidden_with_withheld(cls, exact: int) -> Self:
        """Of a count that is masked for the sake of one that is withheld."""
        return cls(min(exact, 1), _NO_BOUND, shown=False, protected=0 < exact < MASKED_BELOW)

    @classmethod
    def hidden(cls, exact: int) -> Self:
        """Of a count that is masked for the sake of another; somebody may guess so, and that it is not a small one."""
        if 0 < exact < MASKED_BELOW:
            return cls.small()
        return cls(0 if exact == 0 else MASKED_BELOW, _NO_BOUND, shown=False, protected=False)


class Grid:
    """The exact counts of a table, and how they hang together.

    Args:
        above: the row that each row belongs to; None for the top row, which is number 0.
        columns: how many there are, the total not counted.
        exact: the counts, sums included.

    Attributes:
        exact: as given.
        below: the rows that belong to each row.
        edges: the counts at each node: where they lead, and twice the count's place in `exact`, one more against its
            flow.
        ends: the nodes from and to which each count flows.
    """

    def __init__(self, above: Sequence[int | None], columns: int, exact: Mapping[Place, int]) -> None:
        self.exact: Final = exact
        self.below: Final[list[list[int]]] = [[] for _ in above]
        self.edges: Final[dict[int, list[tuple[int, int]]]] = defaultdict(list)
        self.ends: Final[dict[Place, tuple[int, int]]] = {}
        self._columns = columns
        for row, parent in enumerate(above):
            if parent is not None:
                self.below[parent].append(row)
        for number, (row, column) in enumerate(exact):
            parent = above[row]
            # A node for each sum of a column, one for the whole, and one for each row below which there is nothing.
            start = 0 if parent is None else 1 + parent * (columns + 1) + column
            end = 1 + row * (columns + 1) + column if self.below[row] else -(row + 1)
            if column == columns:  # what has come down through the columns flows back up through the totals
                start, end = end, start
            self.ends[row, column] = (start, end)
            self.edges[start].append((end, 2 * number))
            self.edges[end].append((start, 2 * number + 1))

    def is_of_few(self, place: Place) -> bool:
        """Whether a sum is of six or seven counts that are all small, the zeros left out.

        Were such a sum masked only when it is itself below eight, its mask would tell that they are nearly all 1.
        """
        fewest, most = FEWEST_TOLD_BY_A_SMALL_SUM, MASKED_BELOW - 1
        # What so few small counts cannot add up to needs no second look.
        if not (fewest <= self.exact[place] <= most * most and self.is_sum(place)):
            return False
        counts = [count for count in self._summed(*place) if count]
        return fewest <= len(counts) <= most and max(counts) < MASKED_BELOW

    def is_sum(self, place: Place) -> bool:
        """Whether a count is a sum of others."""
        row, column = place
        return column == self._columns or bool(self.below[row])

    def _summed(self, row: int, column: int) -> Iterator[int]:
        if self.below[row]:
            for each in self.below[row]:
                yield from self._summed(each, column)
        elif column == self._columns:
            yield from (self.exact[row, each] for each in range(self._columns))
        else:
            yield self.exact[row, column]


class Attacker:
    """Knows a table by what is shown of it.

    What is masked in the course of time only ever leaves more possible, so a count that could not be told is not told
    later. Of one that could be told it is remembered what shuts it in: nodes from which too little can be sent away.
    It stays so until a count that leads out of them is masked, which saves looking again after every mask.

    Args:
        grid: the table.
        bounds: what each count tells by itself.
    """

    def __init__(self, grid: Grid, bounds: Mapping[Place, Bounds]) -> None:
        self._grid = grid
        self._places = list(grid.exact)
        self._numbers = {place: number for number, place in enumerate(self._places)}
        # By how much a count can rise, and beside it by how much it can fall.
        self._room = [0] * (2 * len(self._numbers))
        self._fall: dict[Place, int] = {}
        self._seen: list[Place] = []
        self._shut_in: dict[Place, _ShutIn] = {}
        for place, bound in bounds.items():
            self._take_in(place, bound)

    def see(self, place: Place, bound: Bounds) -> None:
        """Take note of what a count tells by itself, now that it is masked."""
        self._take_in(place, bound)
        self._seen.append(place)

    def can_tell(self, place: Place) -> bool:
        """Whether fewer than `LEAST_POSSIBLE` values of a count agree with all that is shown, or not as small a one."""
        if self._is_still_shut_in(place):
            return True
        told, sides = self._told(place)
        if told:
            self._shut_in[place] = _ShutIn(sides, len(self._seen))
        return told

    def in_the_way(self, place: Place) -> set[Place]:
        """The counts that lead out of what shuts in one that has been found told: it stays so until one is masked."""
        return {
            self._places[step // 2]
            for side in self._shut_in[place].sides
            for node in side
            for other, step in self._grid.edges[node]
            if other not in side
        }

    def _take_in(self, place: Place, bound: Bounds) -> None:
        number, exact = 2 * self._numbers[place], self._grid.exact[place]
        self._room[number : number + 2] = (bound.most - exact, exact - bound.least)
        self._fall[place] = bound.fall

    def _is_still_shut_in(self, place: Place) -> bool:
        known = self._shut_in.pop(place, None)
        if known is None:
            return False
        for each in self._seen[known.when :]:
            start, end = self._grid.ends[each]
            if each == place or any((start in side) != (end in side) for side in known.sides):
                return False
        self._shut_in[place] = _ShutIn(known.sides, len(self._seen))
        return True

    def _told(self, place: Place) -> tuple[bool, list[Collection[int]]]:
        """Whether a count can be told, and the nodes that shut it in."""
        wanted = LEAST_POSSIBLE - 1
        start, end = self._grid.ends[place]
        rise = 2 * self._numbers[place]
        fall = self._fall[place]
        if fall:
            found, side = self._sendable(start, end, rise, min(self._room[rise + 1], fall))
            if found < fall:
                return True, [side]
            if fall >= wanted:
                return False, []
        found, above = self._sendable(end, start, rise, min(self._room[rise], wanted))
        if found >= wanted:
            return False, []
        more, below = self._sendable(start, end, rise, min(self._room[rise + 1], wanted - found))
        return found + more < wanted, [above, below]

    def _sendable(self, start: int, end: int, without: int, wanted: int) -> tuple[int, Collection[int]]:
        """How much, up to what is wanted, can be sent from one node to another past one count.

        Where it is less, the nodes of one side of what is in the way.
        """
        sent: list[tuple[list[int], int]] = []
        total = 0
        side: Collection[int] = ()
        while total < wanted:
            way, side = self._way(start, end, without)
            if not way:
                break
            amount = min(wanted - total, *(self._room[step] for step in way))
            self._send(way, amount)
            sent.append((way, amount))
            total += amount
        for way, amount in sent:
            self._send(way, -amount)
        return total, side

    def _send(self, way: Sequence[int], amount: int) -> None:
        for step in way:
            self._room[step] -= amount
            self._room[step ^ 1] += amount

    def _way(self, start: int, end: int, without: int) -> tuple[list[int], Collection[int]]:
        """A way between two nodes on which something can be sent; where there is none, the nodes of the side shut in.

        It is looked for from both ends, where fewer nodes wait: often one of them is shut in, or both are neighbours.
        """
        room, edges, without = self._room, self._grid.edges, without >> 1
        ahead: dict[int, tuple[int, int]] = {start: (start, -1)}
        back: dict[int, tuple[int, int]] = {end: (end, -1)}
        from_start, from_end = [start], [end]
        while from_start and from_end:
            forward = len(from_start) <= len(from_end)
            came, met = (ahead, back) if forward else (back, ahead)
            reached: list[int] = []
            for node in from_start if forward else from_end:
                for other, step in edges[node]:
                    taken = step if forward else step ^ 1
                    if other in came or room[taken] <= 0 or step >> 1 == without:
                        continue
                    came[other] = (node, taken)
                    if other in met:
                        return [*_steps(ahead, other), *_steps(back, other)], ()
                    reached.append(other)
            if forward:
                from_start = reached
            else:
                from_end = reached
        return [], back if from_start else ahead


class _ShutIn(NamedTuple):
    """Why a count can be told.

    Attributes:
        sides: for each way in which it might have moved, nodes out of which too little can be sent.
        when: how many masks had been seen.
    """

    sides: Sequence[Collection[int]]
    when: int


def _steps(came: Mapping[int, tuple[int, int]], node: int) -> Iterator[int]:
    """The steps between a node and the end from which it was reached."""
    before, step = came[node]
    while step >= 0:
        yield step
        before, step = came[before]
