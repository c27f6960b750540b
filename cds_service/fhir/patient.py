"""What is read of the patient: age and registered practice, and nothing else."""

from datetime import date

from cds_service.directory.model import Directory, Organisation
from cds_service.fhir.organisations import organisations_of
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json, as_text, objects

AGE_BOUNDARIES = (1, 16, 17, 18)
"""Ages in years at which some rule changes; a partial birth date must not straddle one."""

_DATE_PARTS = {1: "year", 2: "month", 3: "day"}


def find_patient(patient_id: str, index: ResourceIndex) -> Json | None:
    """The Patient of the call; another patient's resource is not read."""
    return next((p for p in index.prefetched("Patient") if p.get("id") == patient_id), None)


def read_age(patient: Json | None, today: date) -> int | None:
    """The age in whole years, or None when it is unknown or a partial date leaves a rule open.

    Args:
        patient: the Patient, or None when it did not come.
        today: the date in Europe/London.
    """
    birth_date = as_text(patient.get("birthDate")) if patient is not None else None
    earliest_latest = _birth_range(birth_date) if birth_date is not None else None
    if earliest_latest is None:
        return None
    earliest, latest = earliest_latest
    if earliest > today:
        return None
    oldest, youngest = _years(earliest, today), _years(min(latest, today), today)
    straddles = any(youngest < boundary <= oldest for boundary in AGE_BOUNDARIES)
    return None if straddles else youngest


def _birth_range(birth_date: str) -> tuple[date, date] | None:
    """The first and last day that a FHIR date (YYYY, YYYY-MM or YYYY-MM-DD) may mean."""
    parts = birth_date.split("-")
    if len(parts) not in _DATE_PARTS or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    year, month, day = (int(part) for part in [*parts, "0", "0"][:3])
    try:
        if len(parts) == 1:
            return date(year, 1, 1), date(year, 12, 31)
        if len(parts) == 2:  # noqa: PLR2004 - year and month
            return date(year, month, 1), _last_day(year, month)
        return date(year, month, day), date(year, month, day)
    except ValueError:
        return None


def _last_day(year: int, month: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


def _years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def read_registered_practice(patient: Json | None, index: ResourceIndex, directory: Directory) -> Organisation | None:
    """The listed practice where the patient is registered (A11), or None when unknown or contradictory."""
    if patient is None:
        return None
    references = [
        *objects(patient.get("generalPractitioner")),
        *objects([patient.get("managingOrganization")]),
    ]
    listed: list[Organisation] = []
    for reference in references:
        listed += organisations_of(reference, patient, index, directory).listed
    places = {(organisation.region, organisation.borough) for organisation in listed}
    return listed[0] if len(places) == 1 else None
