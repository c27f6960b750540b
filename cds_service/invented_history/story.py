"""When what happens in the invented history, counted back from today, and how many orders a day has."""

from datetime import date, timedelta
from typing import Final

WEEKS: Final = 78
"""How long the history is."""

_GO_LIVE_AT: Final = 38
_FAULT_AT: Final = (18, 12)
_EASIER_AT: Final = 9
_ONE_WEEK: Final = timedelta(weeks=1)
_OF_WEEKDAY: Final = (1.15, 1.1, 1.0, 1.0, 0.85, 0.1, 0.05)
_OF_MONTH: Final = (1.12, 1.04, 1.02, 0.97, 0.98, 1.0, 0.96, 0.8, 1.03, 1.06, 1.04, 0.86)
_CHRISTMAS: Final = ((12, 22), (1, 2))
_AT_CHRISTMAS: Final = 0.35


class Story:
    """The invented events, each at a number of weeks before today.

    Args:
        today: the day in London; the history ends the day before.
        weeks: how long it is, the week of today not counted.
    """

    def __init__(self, today: date, weeks: int = WEEKS) -> None:
        this_week = today - timedelta(days=today.weekday())
        self._this_week = this_week
        self.first: Final = this_week - weeks * _ONE_WEEK
        self.last: Final = today - timedelta(days=1)

    def days(self) -> list[date]:
        """Every day of the history, the latest first."""
        return [self.last - timedelta(days=back) for back in range((self.last - self.first).days + 1)]

    def first_week(self) -> tuple[date, date]:
        """The first and the last day of its first week."""
        return self.first, self.first + timedelta(days=6)

    def is_after_go_live(self, day: date) -> bool:
        """Whether the third EHR has begun to call."""
        return day >= self._before(_GO_LIVE_AT)

    def is_in_fault(self, day: date) -> bool:
        """Whether the second EHR leaves out the requester's organisation, as it did for six weeks."""
        begun, mended = _FAULT_AT
        return self._before(begun) <= day < self._before(mended)

    def is_easier(self, day: date) -> bool:
        """Whether accepting a redirect takes a single click, since a few weeks ago."""
        return day >= self._before(_EASIER_AT)

    def season(self, day: date) -> float:
        """How busy a day is beside an ordinary Wednesday: by weekday, month and Christmas."""
        busy = _OF_WEEKDAY[day.weekday()] * _OF_MONTH[day.month - 1]
        from_day, to_day = _CHRISTMAS
        at_christmas = (day.month, day.day) >= from_day or (day.month, day.day) <= to_day
        return busy * _AT_CHRISTMAS if at_christmas else busy

    def _before(self, weeks: int) -> date:
        return self._this_week - weeks * _ONE_WEEK
