"""The directory on each day: the same rows, with each organisation in the region that holds its area on that day."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from cds_service.directory.model import Directory


class DailyDirectory:
    """A directory whose organisations lie where the footprints of the day asked about have them.

    A version of a pathway may take in an area or give it up, on a day that comes while a folder is in force. The
    directory of a day is made once and kept until another day is asked for.

    Args:
        directory: as it was read, on whatever day.
        footprints: gives the region of each sub-ICB location or legacy ICB code, upper case, on a day; a code that it
            leaves out lies in no footprint.
    """

    def __init__(self, directory: Directory, footprints: Callable[[date], Mapping[str, str]]) -> None:
        self._directory = directory
        self._footprints = footprints
        self._on_day: tuple[date, Directory] | None = None

    def on(self, day: date) -> Directory:
        """The directory on a day.

        Args:
            day: the date in Europe/London.
        """
        kept = self._on_day
        if kept is None or kept[0] != day:
            kept = self._on_day = day, _placed(self._directory, self._footprints(day))
        return kept[1]


def _placed(directory: Directory, footprints: Mapping[str, str]) -> Directory:
    """The directory with the region of each organisation by these footprints; itself where none of them moves."""
    moved = {
        code: replace(organisation, region=footprints.get(organisation.sub_icb))
        for code, organisation in directory.organisations.items()
        if organisation.region != footprints.get(organisation.sub_icb)
    }
    if not moved:
        return directory
    return replace(directory, organisations=MappingProxyType({**directory.organisations, **moved}))
