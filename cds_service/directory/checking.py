"""What should be looked at in a folder that is sound: telephones nobody verified, gaps, listings that end.

`advice.py` says at each start what weakens the cards; this is the longer look that an operator takes from time to time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

from cds_service.directory.model import Destination, Directory, Organisation
from cds_service.directory.rows import RegisterRow
from cds_service.directory.tables import DESTINATIONS, FCP_REGISTER, ORGANISATIONS, Record
from cds_service.directory.vocabulary import KINDS, REFERRING_SETTINGS, borough_key

EMERGENCY_KINDS: Final = ("ces", "mscc")
"""What a card asks to be telephoned at once."""

NEEDED_KINDS: Final = ("community-msk", *EMERGENCY_KINDS)
"""Without these a card names no service of the area; for the others a packaged national link stands in."""

VERIFIED_FOR: Final = timedelta(days=90)
"""How long a verification counts (docs/keeping-current.md)."""


class CheckFinding(NamedTuple):
    """One line of the report: how bad it is, and what it is with its mend."""

    level: Literal["note", "problem"]
    text: str


def check_directory(
    directory: Directory,
    register: Iterable[Record[RegisterRow]],
    boroughs: Mapping[str, Iterable[str]],
    today: date,
    ending_within: timedelta,
) -> list[CheckFinding]:
    """Look through a folder.

    Args:
        directory: the folder, as it loads.
        register: the rows of the register with their lines.
        boroughs: the boroughs of each region's footprint.
        today: the date in Europe/London.
        ending_within: how far ahead a listing's end is told.

    Returns:
        What was found; nothing of it stops a start.
    """
    return [
        *_telephones(directory.destinations.values(), today),
        *_gaps(directory, boroughs),
        *_without_borough(directory.organisations.values(), boroughs),
        *_listings(register, today, ending_within),
        *(CheckFinding("note", warning) for warning in directory.warnings),
    ]


def _telephones(destinations: Iterable[Destination], today: date) -> Iterator[CheckFinding]:
    for destination in destinations:
        if destination.kind not in EMERGENCY_KINDS:
            continue
        where = f"{DESTINATIONS.file}: {_area(destination.region, destination.borough)}, {destination.kind}"
        if destination.phone is None:
            yield CheckFinding("problem", f"{where}: has no phone. A card that says to telephone now shows none.")
        elif destination.verified_on is None:
            yield CheckFinding("problem", f"{where}: nobody has verified the phone. Ring it, then fill {_VERIFIED}.")
        elif destination.verified_on > today:
            text = f"{where}: verified_on {destination.verified_on} is in the future. Correct it."
            yield CheckFinding("problem", text)
        elif today - destination.verified_on > VERIFIED_FOR:
            days = (today - destination.verified_on).days
            text = f"{where}: the phone was last verified {days} days ago. Ring it, then fill {_VERIFIED}."
            yield CheckFinding("problem", text)
        elif destination.verified_by is None:
            text = f"{where}: verified_on is {destination.verified_on}, and verified_by is blank. Write who rang it."
            yield CheckFinding("problem", text)


_VERIFIED: Final = "verified_by and verified_on"


def _gaps(directory: Directory, boroughs: Mapping[str, Iterable[str]]) -> Iterator[CheckFinding]:
    """Every borough of a footprint, by the kinds of service that it has no destination for."""
    for region, names in sorted(boroughs.items()):
        for kind in KINDS:
            without = [name for name in names if directory.destination(region, name, kind) is None]
            if without:
                level: Literal["note", "problem"] = "problem" if kind in NEEDED_KINDS else "note"
                text = f"{DESTINATIONS.file}: {region} has no {kind} destination for {', '.join(without)}."
                yield CheckFinding(level, text)


def _without_borough(
    organisations: Iterable[Organisation], boroughs: Mapping[str, Iterable[str]]
) -> Iterator[CheckFinding]:
    known = {region: {borough_key(name) for name in names} for region, names in boroughs.items()}
    blank: dict[str, list[str]] = defaultdict(list)
    odd: dict[tuple[str, str], list[str]] = defaultdict(list)
    for organisation in organisations:
        if organisation.region is None or organisation.setting not in REFERRING_SETTINGS:
            continue
        if organisation.borough is None:
            blank[organisation.region].append(organisation.ods_code)
        elif borough_key(organisation.borough) not in known.get(organisation.region, set()):
            odd[organisation.region, organisation.borough].append(organisation.ods_code)
    for region, codes in sorted(blank.items()):
        text = f"{ORGANISATIONS.file}: {region}: no borough for {_first(codes)}, so cards there name no local service."
        yield CheckFinding("problem", text)
    for (region, borough), codes in sorted(odd.items()):
        text = (
            f"{ORGANISATIONS.file}: {borough!r} is no borough of {region}'s pathway ({_first(codes)}). Is it misspelt?"
        )
        yield CheckFinding("problem", text)


def _listings(register: Iterable[Record[RegisterRow]], today: date, ending_within: timedelta) -> Iterator[CheckFinding]:
    """Listings by their line: nobody is named in a report that may be passed on."""
    for record in register:
        row = record.row
        where = f"{FCP_REGISTER.file}, line {record.line} (at {row.organisation})"
        if row.assured_by is None:
            yield CheckFinding("note", f"{where}: assured_by is blank. Write who assured the practitioner.")
        if row.valid_to is None:
            continue
        if row.valid_to < today:
            yield CheckFinding("note", f"{where}: ended on {row.valid_to}.")
        elif row.valid_to - today <= ending_within:
            text = f"{where}: ends on {row.valid_to}. Assure the practitioner again, or let it end."
            yield CheckFinding("problem", text)


def _area(region: str, borough: str | None) -> str:
    return f"{region}, {borough or 'whole region'}"


def _first(codes: list[str]) -> str:
    shown = ", ".join(codes[:_SHOWN])
    return shown if len(codes) <= _SHOWN else f"{shown} and {len(codes) - _SHOWN} more"


_SHOWN: Final = 10
