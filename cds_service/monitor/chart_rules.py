"""What Making Data Count leaves to the user of a control chart, and what was chosen, in words."""

from dataclasses import dataclass
from typing import Final, Literal

LEAST_POINTS: Final = 13
"""Fewer points than these have no limits and no special causes: a run chart alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What Making Data Count leaves to the user.

    Attributes:
        trend_points: points in a trend; seven are six rises or falls one after the other.
        screen_moving_ranges: leave out moving ranges of 3.267 times their average or more, and average again.
        lock_after: work limits out from this many first points of each baseline; None for all of them.

    Raises:
        ValueError: `lock_after` is too few points for limits, or `trend_points` is neither 6 nor 7.
    """

    trend_points: Literal[6, 7] = 7
    screen_moving_ranges: bool = False
    lock_after: int | None = None

    def __post_init__(self) -> None:
        """Refuse what would give limits that mean nothing."""
        if self.trend_points not in {6, 7}:
            raise ValueError(f"trend_points: is {self.trend_points}; Making Data Count knows 6 and 7")
        if self.lock_after is not None and self.lock_after < LEAST_POINTS:
            raise ValueError(f"lock_after: is {self.lock_after}; limits need {LEAST_POINTS} points or more")

    @property
    def in_words(self) -> str:
        """For a person who reads a chart by week."""
        is_screened = self.screen_moving_ranges
        ranges = "Moving ranges from 3.267 times their average on are" if is_screened else "No moving range is"
        weeks = "all weeks" if self.lock_after is None else f"the first {self.lock_after} weeks, and stay"
        return f"A trend takes {self.trend_points} weeks. {ranges} left out. Limits are worked out from {weeks}."
