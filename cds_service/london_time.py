"""The calendar and the clocks that the pathways go by: those of London, whatever zone the machine is set to.

A pathway version begins, a register entry ends and an order is counted on a day in London.
"""

from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

_LONDON: Final = ZoneInfo("Europe/London")


def in_london(moment: datetime) -> datetime:
    """An aware moment as clocks in London show it.

    Raises:
        ValueError: the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("moment: has no time zone; pass an aware datetime, for example datetime.now(UTC)")
    return moment.astimezone(_LONDON)


def london_day(moment: datetime) -> date:
    """The date in London at an aware moment.

    Raises:
        ValueError: the moment has no time zone.
    """
    return in_london(moment).date()


def london_day_and_hour(moment: datetime) -> tuple[date, int]:
    """The date and the hour (0 to 23) in London at an aware moment.

    Minutes are left out on purpose: with them a row of the card log could be matched to one consultation.

    Raises:
        ValueError: the moment has no time zone.
    """
    local = in_london(moment)
    return local.date(), local.hour


def today_in_london() -> date:
    """The date in London now."""
    return london_day(datetime.now(UTC))
