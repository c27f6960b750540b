"""What the demo's FHIR server holds of invented people: what prefetch templates and the public sandbox ask for."""

from typing import Final

from cds_service.fhir_server.search import SearchParameter, ServedType
from cds_service.fhir_server.server import Shelf
from fhir_fixtures import resources

_UK_CORE: Final = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"
_ID: Final = SearchParameter("_id", "token", "id")
_STATUS: Final = SearchParameter("status", "token", "status")
_OF_SUBJECT: Final = (
    _ID,
    SearchParameter("patient", "reference", "subject"),
    SearchParameter("subject", "reference", "subject"),
)

_PARAMETERS: Final[dict[str, tuple[SearchParameter, ...]]] = {
    "CareTeam": (*_OF_SUBJECT, _STATUS),
    "Condition": (*_OF_SUBJECT, SearchParameter("clinical-status", "token", "clinicalStatus")),
    "Encounter": (*_OF_SUBJECT, _STATUS),
    "EpisodeOfCare": (_ID, SearchParameter("patient", "reference", "patient"), _STATUS),
    "Organization": (_ID,),
    "Patient": (_ID,),
    "Practitioner": (_ID,),
    "PractitionerRole": (_ID, SearchParameter("practitioner", "reference", "practitioner")),
    "ServiceRequest": (*_OF_SUBJECT, _STATUS),
}

_INCLUDES: Final[dict[str, dict[str, str]]] = {
    "Encounter": {"service-provider": "serviceProvider"},
    "PractitionerRole": {"organization": "organization", "practitioner": "practitioner"},
}

ABOUT_FIXTURES: Final = "Invented patients, clinicians and organisations to try the CDS service with."


def fixture_shelf() -> Shelf:
    """Every fixture, read into memory once."""
    types = tuple(
        ServedType(name, parameters, _INCLUDES.get(name, {}), _UK_CORE + name)
        for name, parameters in _PARAMETERS.items()
    )
    fixtures = tuple(resources())
    return Shelf(types, lambda: fixtures)
