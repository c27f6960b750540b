"""The register of assured First Contact Practitioners, kept: a listing added, a listing ended (NEL E5, E6).

A listing exempts from imaging cards, so it is never guessed: the place must be known, somebody must answer for it by
name, and of one practitioner at one place only one listing runs at a time.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from cds_service.directory.csv_edits import EditableCsv, cells_of
from cds_service.directory.model import Directory
from cds_service.directory.vocabulary import code_key, identifier_key


class RegisterEditError(Exception):
    """The register cannot be changed so; the message says what to do."""


class Listing(NamedTuple):
    """A new listing.

    Attributes:
        system: the identifier's system, as the EHR sends it.
        value: the identifier.
        organisation: ODS code of the practice or primary care network.
        valid_from: first day.
        valid_to: last day; None while it is open.
        spine: whether the assurance covers MRI of the spine.
        assured_by: who assured the practitioner.
        assured_on: the day on which that was done.
    """

    system: str
    value: str
    organisation: str
    valid_from: date
    valid_to: date | None
    spine: bool
    assured_by: str
    assured_on: date


class LaterListing(NamedTuple):
    """A listing that has not begun: where it counts, and its first day as the register writes it."""

    organisation: str
    valid_from: str


class Ending(NamedTuple):
    """What ending a practitioner's listings did.

    Attributes:
        ended: the places at which listings were ended, one for each listing.
        later: those that begin after the day; they stay, and would exempt again.
    """

    ended: list[str]
    later: list[LaterListing]


def add_listing(table: EditableCsv, directory: Directory, listing: Listing) -> None:
    """Add a listing to the rows; they are not saved.

    Raises:
        RegisterEditError: nobody is named who assured the practitioner, the place is not in organisations.csv, or
            another listing there runs at the same time.
    """
    if not listing.assured_by.strip():
        msg = "--assured-by is blank: state who assured the practitioner for the ICB, name and role"
        raise RegisterEditError(msg)
    place = code_key(listing.organisation)
    networks = {known.pcn for known in directory.organisations.values()}
    if place not in directory.organisations and place not in networks:
        msg = (
            f"{place} is no ods_code or pcn of organisations.csv, so the listing would count nowhere. "
            "Add the organisation first, or correct the code"
        )
        raise RegisterEditError(msg)
    for row in _rows_of(table, listing.system, listing.value, place):
        begins, ends = row["valid_from"], row["valid_to"]
        if (listing.valid_to is None or begins <= f"{listing.valid_to}") and (
            not ends or f"{listing.valid_from}" <= ends
        ):
            msg = (
                f"A listing at {place} from {begins} to {ends or 'open'} runs at the same time. "
                "End it first: cds-service directory fcp expire"
            )
            raise RegisterEditError(msg)
    values = {
        "identifier_system": listing.system,
        "identifier_value": listing.value,
        "organisation": place,
        "valid_from": listing.valid_from,
        "valid_to": listing.valid_to,
        "spine": listing.spine,
        "assured_by": listing.assured_by,
        "assured_on": listing.assured_on,
    }
    table.rows.append(cells_of(values))


def expire_listings(table: EditableCsv, system: str, value: str, organisation: str | None, last_day: date) -> Ending:
    """End every listing of a practitioner that runs on a day and beyond it; the rows are not saved.

    Args:
        table: the register's rows.
        system: the identifier's system.
        value: the identifier.
        organisation: the place; None for wherever the practitioner is listed.
        last_day: the last day on which the listings count.

    Returns:
        Where listings were ended, and which begin later.

    Raises:
        RegisterEditError: there is no such listing, or all that do not end by the day begin after it.
    """
    found = list(_rows_of(table, system, value, organisation))
    if not found:
        msg = "There is no such listing. cds-service directory fcp list shows those that there are"
        raise RegisterEditError(msg)
    beyond = [row for row in found if not row["valid_to"] or row["valid_to"] > f"{last_day}"]
    running = [row for row in beyond if row["valid_from"] <= f"{last_day}"]
    later = [
        LaterListing(code_key(row["organisation"]), row["valid_from"])
        for row in beyond
        if row["valid_from"] > f"{last_day}"
    ]
    if later and not running:
        msg = " ".join(told_of_later(listing, last_day) for listing in later)
        raise RegisterEditError(msg)
    for row in running:
        row["valid_to"] = f"{last_day}"
    return Ending([code_key(row["organisation"]) for row in running], later)


def told_of_later(listing: LaterListing, last_day: date) -> str:
    """What an operator should know of a listing that begins after the last day of the others."""
    return (
        f"The listing at {listing.organisation} begins on {listing.valid_from}, after {last_day}, and stays. "
        "Remove its row from fcp-register.csv if it should never count."
    )


def _rows_of(table: EditableCsv, system: str, value: str, organisation: str | None) -> Iterator[dict[str, str]]:
    wanted = identifier_key(system, value)
    for row in table.rows:
        is_wanted = identifier_key(row["identifier_system"], row["identifier_value"]) == wanted
        if is_wanted and organisation in {None, code_key(row["organisation"])}:
            yield row
