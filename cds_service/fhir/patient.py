"""What is read of the patient: age and registered practice, and nothing else."""

import re
from datetime import date
from typing import NamedTuple

from cds_service.directory.model import Directory
from cds_service.fhir.organisations import organisations_of, region_of
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json, as_text, objects
from cds_service.pathway.facts import OUTSIDE, RegionId

AGE_BOUNDARIES = (1, 16, 17, 18)
"""Ages in years at which some rule changes; a partial birth date must not straddle one."""

FIRST_BIRTHDAY = 1
"""The one boundary between two ages of a child: where it alone is in doubt, the patient is a child of a year."""

OLDEST = 130
"""Years beyond which a birth date is taken for a mistake."""

_BIRTH_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


def find_patient(patient_id: str, index: ResourceIndex) -> Json | None:
    """The Patient of the call, never another's resource; copies that differ in what is read are none."""
    patients = [patient for patient in index.prefetched("Patient") if patient.get("id") == patient_id]
    if any(patient.get(element) != patients[0].get(element) for patient in patients[1:] for element in _READ):
        return None
    return patients[0] if patients else None


_READ = ("birthDate", "generalPractitioner", "managingOrganization")
"""The elements of a Patient that anything is read from."""


def read_age(patient: Json | None, today: date) -> int | None:
    """The age in whole years, or None when it is unknown or a partial date leaves a rule open.

    A partial date that leaves the first birthday alone open gives 1: a child for certain, and one to whom no
    exception for infants applies, so that neither an adult's route nor silence rests on a doubt.

    Args:
        patient: the Patient, or None when it did not come.
        today: the date in Europe/London.
    """
    birth_date = as_text(patient.get("birthDate")) if patient is not None else None
    possible = _birth_range(birth_date) if birth_date is not None else None
    if possible is None or possible[0] > today:
        return None
    earliest, latest = possible
    oldest, youngest = _years(earliest, today), _years(min(latest, today), today)
    straddled = [boundary for boundary in AGE_BOUNDARIES if youngest < boundary <= oldest]
    if straddled == [FIRST_BIRTHDAY]:
        return FIRST_BIRTHDAY
    return None if straddled or oldest > OLDEST else youngest


def _birth_range(birth_date: str) -> tuple[date, date] | None:
    """The first and last day that a FHIR date (YYYY, YYYY-MM or YYYY-MM-DD) may mean; None for anything else."""
    parts = _BIRTH_DATE.fullmatch(birth_date)
    if parts is None:
        return None
    year, month, day = (int(part) if part is not None else None for part in parts.groups())
    try:
        if year is None or month is None:
            return date(year or 0, 1, 1), date(year or 0, 12, 31)
        if day is None:
            return date(year, month, 1), _last_day(year, month)
        return date(year, month, day), date(year, month, day)
    except ValueError:
        return None


def _last_day(year: int, month: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


def _years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


class Home(NamedTuple):
    """The area of the patient's registered practice (A11).

    Attributes:
        sent: whether any registered practice was named, listed or not.
        region: its footprint, `OUTSIDE`, or None when it is not listed or several disagree.
        borough: its borough, or None when unknown or several disagree.
    """

    sent: bool
    region: RegionId | None = None
    borough: str | None = None


def read_home(patient: Json | None, index: ResourceIndex, directory: Directory) -> Home:
    """Where the patient is registered: by `generalPractitioner`, and only without one by `managingOrganization`."""
    if patient is None:
        return Home(sent=False)
    for references in (objects(patient.get("generalPractitioner")), objects([patient.get("managingOrganization")])):
        found = [organisations_of(reference, patient, index, directory) for reference in references]
        if any(evidence.sent for evidence in found):
            listed = [organisation for evidence in found for organisation in evidence.listed]
            regions = {region_of(organisation) for organisation in listed}
            if not all(evidence.listed for evidence in found):
                regions.discard(OUTSIDE)  # a practice that is not listed may lie in a footprint
            boroughs = {organisation.borough for organisation in listed}
            if len(regions) != 1:
                return Home(sent=True)
            return Home(sent=True, region=regions.pop(), borough=boroughs.pop() if len(boroughs) == 1 else None)
    return Home(sent=False)
