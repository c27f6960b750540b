"""The directory that every call reads: frozen values, and lookups that cost one dictionary access each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from cds_service.directory.vocabulary import borough_key, code_key, identifier_key, region_key

FcpState = Literal["none", "current", "current-not-spine", "expired"]
"""How a practitioner stands on the register of assured First Contact Practitioners (NEL E5, E13)."""

_BEST_FIRST: tuple[FcpState, ...] = ("current", "current-not-spine", "expired")


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation or one of its sites, by a row of `organisations.csv`.

    Attributes:
        ods_code: the ODS code, upper case.
        name: its name.
        setting: where it works: `general-practice`, `urgent-care`, `community-msk` or `secondary-care`.
        sub_icb: the sub-ICB location (or legacy ICB) that it belongs to, upper case.
        region: the pathway footprint of `sub_icb`, or None for an organisation that lies in none.
        borough: the borough whose community services it uses, or None.
        pcn: the ODS code of its primary care network, upper case, or None.
    """

    ods_code: str
    name: str
    setting: str
    sub_icb: str
    region: str | None
    borough: str | None
    pcn: str | None


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """One listing of an assured First Contact Practitioner, by a row of `fcp-register.csv`.

    Attributes:
        organisation: ODS code of the practice or network from which the practitioner orders.
        valid_from: first day of the listing.
        valid_to: last day of the listing, or None while it is open.
        spine: whether the assurance covers MRI of the spine.
    """

    organisation: str
    valid_from: date
    valid_to: date | None
    spine: bool

    def state(self, today: date) -> FcpState:
        """Return how the listing stands on `today` (a date in Europe/London); both ends count."""
        if today < self.valid_from:
            return "none"
        if self.valid_to is not None and today > self.valid_to:
            return "expired"
        return "current" if self.spine else "current-not-spine"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a patient is sent for one kind of concern, by a row of `destinations.csv`.

    Attributes:
        region: the region's id, lower case.
        borough: the borough that it serves as it was written, or None for the whole region.
        kind: what it is for (`vocabulary.KINDS`).
        name: the service's name as a clinician reads it.
        ods_code: its ODS code, upper case, or None.
        phone: its telephone number as it was written, or None.
        url: an absolute https address, or None.
        ers_service_id: its service id in the NHS e-Referral Service, or None.
        wait: its stated waiting time, in words, or None.
        as_of: the day for which `wait` was stated, or None.
        verified_by: who last checked the row, or None.
        verified_on: the day of that check, or None.
    """

    region: str
    borough: str | None
    kind: str
    name: str
    ods_code: str | None = None
    phone: str | None = None
    url: str | None = None
    ers_service_id: str | None = None
    wait: str | None = None
    as_of: date | None = None
    verified_by: str | None = None
    verified_on: date | None = None


@dataclass(frozen=True, slots=True)
class LocalProcedure:
    """A code of a site's own imaging catalogue, by a row of `procedures.csv`.

    Attributes:
        modality: `mri`, `uss` or `other`.
        body_region: what is imaged (`vocabulary.BODY_REGIONS`).
        display: the site's name for it.
    """

    modality: str
    body_region: str
    display: str


@dataclass(frozen=True, slots=True)
class Directory:
    """The configuration folder's CSV files, in memory.

    Attributes:
        organisations: by ODS code, upper case.
        fcp_register: a practitioner's listings by `vocabulary.identifier_key`.
        destinations: by region id, `vocabulary.borough_key` and kind.
        procedures: by code system and code, the code upper case.
        warnings: what an operator should know and the service can start with, one sentence each.
    """

    organisations: Mapping[str, Organisation] = field(default_factory=dict)
    fcp_register: Mapping[tuple[str, str], tuple[RegisterEntry, ...]] = field(default_factory=dict)
    destinations: Mapping[tuple[str, str, str], Destination] = field(default_factory=dict)
    procedures: Mapping[tuple[str, str], LocalProcedure] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def organisation(self, ods_code: str) -> Organisation | None:
        """Return the organisation or site with this ODS code, or None when it is not listed."""
        return self.organisations.get(code_key(ods_code))

    def fcp_listing(
        self, identifiers: Iterable[tuple[str, str]], organisation: Organisation | None, today: date
    ) -> FcpState:
        """Return how a practitioner stands on the register when ordering from `organisation`.

        A listing counts at its own practice or network and nowhere else (NEL E5), so a practitioner listed
        elsewhere, or whose organisation is unknown, is "none". Of several listings the best one holds.

        Args:
            identifiers: the practitioner's identifiers, each as (system, value).
            organisation: from where the order is made, or None when that is unknown.
            today: the date of the order in Europe/London.
        """
        if organisation is None or not self.fcp_register:
            return "none"
        places = (organisation.ods_code, organisation.pcn)
        states = {
            entry.state(today)
            for system, value in identifiers
            for entry in self.fcp_register.get(identifier_key(system, value), ())
            if entry.organisation in places
        }
        return next((state for state in _BEST_FIRST if state in states), "none")

    def destination(self, region: str | None, borough: str | None, kind: str) -> Destination | None:
        """Return the borough's own destination of a kind, else the region's, else None."""
        if region is None:
            return None
        region_id = region_key(region)
        own = self.destinations.get((region_id, borough_key(borough), kind))
        return own or self.destinations.get((region_id, "", kind))

    def procedure(self, system: str, code: str) -> LocalProcedure | None:
        """Return what the site's catalogue says of a code, or None when the code is not in it."""
        return self.procedures.get((system, code_key(code)))
