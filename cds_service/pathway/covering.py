"""A large table of cells told in few rows: boxes of values that get one answer.

Cells are the bits of one integer, so that a question about a hundred thousand of them is one operation.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Box = dict[str, tuple[Any, ...]]
"""For each fact, the values for which a row holds."""


class Grid:
    """Every combination of the values of some facts.

    Args:
        values: for each fact its values; the last fact is widened first when cells are merged.
    """

    def __init__(self, values: Mapping[str, tuple[Any, ...]]) -> None:
        self.values = dict(values)
        self._masks: dict[tuple[str, Any], int] = {}
        run = 1
        size = 1
        for found in self.values.values():
            size *= len(found)
        self.all = (1 << size) - 1
        for name, found in self.values.items():
            period = run * len(found)
            repeated = self.all // ((1 << period) - 1)  # one bit at the start of each period
            for position, value in enumerate(found):
                block = ((1 << run) - 1) << (run * position)
                self._masks[name, value] = block * repeated
            run = period

    def mask(self, box: Mapping[str, Iterable[Any]]) -> int:
        """The cells of a box; a fact that it does not name has any value."""
        cells = self.all
        for name, values in box.items():
            wanted = 0
            for value in values:
                wanted |= self._masks[name, value]
            cells &= wanted
        return cells

    def boxes(self, cells: int, also: int = 0) -> Iterator[Box]:
        """Few boxes that cover the cells, and no cell besides but those of `also`."""
        forbidden = self.all & ~(cells | also)
        left = cells
        while left:
            box = self._widened(self._cell(left & -left), forbidden)
            yield self._without_idle_values(box, left)
            left &= ~self.mask(box)

    def _cell(self, bit: int) -> Box:
        return {
            name: tuple(value for value in values if self._masks[name, value] & bit)
            for name, values in self.values.items()
        }

    def _widened(self, box: Box, forbidden: int) -> Box:
        for name in reversed(self.values):
            rest = self.mask({other: values for other, values in box.items() if other != name})
            box[name] = tuple(
                value
                for value in self.values[name]
                if value in box[name] or not rest & self._masks[name, value] & forbidden
            )
        return box

    def _without_idle_values(self, box: Box, left: int) -> Box:
        """A box without values that only other rows need, unless a fact may then have any value."""
        return {
            name: values
            if len(values) == len(self.values[name])
            else tuple(value for value in values if self.mask({**box, name: (value,)}) & left)
            for name, values in box.items()
        }
