"""The stretch of time that a page speaks of: whole weeks, Monday to Sunday, all of them over."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Self

from cds_service.pages.words import day_in_words

_WEEK: Final = timedelta(days=7)
_SIX_DAYS: Final = timedelta(days=6)

USUAL_WEEKS: Final = 26
"""Half a year: enough points for control limits, and short enough to see what changed."""

MOST_WEEKS: Final = 108
"""What the card log keeps by week (24 months and the current one); a longer period would be empty at its start."""

_BLOCK_WEEKS: Final = 4
_BLOCK: Final = _BLOCK_WEEKS * _WEEK
_A_BLOCK_BEGAN: Final = date(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class Period:
    """Complete weeks.

    Attributes:
        first: the Monday with which it begins.
        last: the Sunday with which it ends.
    """

    first: date
    last: date

    @classmethod
    def latest(cls, weeks: int, today: date) -> Self:
        """The latest complete weeks.

        Args:
            weeks: how many, at least 1.
            today: the day in London; its own week is complete only when it is over.
        """
        last = last_complete_sunday(today)
        return cls(last - weeks * _WEEK + timedelta(days=1), last)

    @classmethod
    def within(cls, first: date, last: date, today: date) -> Self | None:
        """The blocks of four weeks that lie wholly between two days, both included, and are over; None for none.

        Not single weeks: two periods that differ by one would tell it, however its figure is masked, and a hundred such
        pairs would tell it though each figure is rounded. Only where the log began within both can two such periods
        differ by one.
        """
        begins = block_of(first + _BLOCK - timedelta(days=1))
        ends = block_of(min(last, last_complete_sunday(today)) + timedelta(days=1)) - timedelta(days=1)
        return cls(begins, ends) if begins < ends else None

    @property
    def weeks(self) -> int:
        """How many weeks it has."""
        return ((self.last - self.first).days + 1) // 7

    @property
    def last_monday(self) -> date:
        """The Monday of its last week, by which figures of that week are kept."""
        return self.last - _SIX_DAYS

    @property
    def before(self) -> "Period":
        """As many weeks right before it, to compare with."""
        return Period(self.first - self.weeks * _WEEK, self.first - timedelta(days=1))

    def mondays(self) -> Iterator[date]:
        """The first day of each of its weeks."""
        return (self.first + number * _WEEK for number in range(self.weeks))

    def in_words(self) -> str:
        """For a person: `1 June 2026 to 29 November 2026 (26 weeks)`."""
        weeks = "1 week" if self.weeks == 1 else f"{self.weeks} weeks"
        return f"{day_in_words(self.first)} to {day_in_words(self.last)} ({weeks})"


def block_of(day: date) -> date:
    """The Monday with which the block of four weeks begins that a day belongs to.

    Blocks begin on the same Mondays whatever is asked. Were they counted from the period, two of them would differ by a
    week, and their figures by those of that week.
    """
    return day - (day - _A_BLOCK_BEGAN) % _BLOCK


def whole_blocks(mondays: Iterable[date]) -> list[date]:
    """The first Mondays of the blocks of four weeks of which every week is among some weeks, in order."""
    weeks = Counter(map(block_of, mondays))
    return sorted(block for block, count in weeks.items() if count == _BLOCK_WEEKS)


def last_complete_sunday(today: date) -> date:
    """The last day of the latest week that is over: always before today."""
    return today - timedelta(days=today.weekday() + 1)
