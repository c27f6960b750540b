"""How an order is classified by its code and body sites, with the tiny directory and the real terminology."""

from fhir_builders import DIRECTORY, TERMINOLOGY, order

from cds_service.fhir.procedure import Procedure, read_procedure
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import BodyRegion, KnownBy, Modality

MRI, USS, OTHER = Modality.MRI, Modality.USS, Modality.OTHER
UNKNOWN, NOT_MSK = BodyRegion.UNKNOWN, BodyRegion.NOT_MSK

MRI_PELVIS = "396161000119106"
UNKNOWN_CATALOGUE = "https://other.example/catalogue"


def procedure(code: object, *sites: Json | str) -> Procedure:
    """How an order with this code and these body sites (concepts or texts) is classified."""
    body_site = [{"text": site} if isinstance(site, str) else site for site in sites]
    return read_procedure(order(code=code, bodySite=body_site), TERMINOLOGY, DIRECTORY)


def seen(code: object, *sites: Json | str) -> tuple[Modality, BodyRegion, KnownBy]:
    """Modality, body region and how both are known."""
    found = procedure(code, *sites)
    return found.modality, found.body_region, found.known_by


def displayed(*displays: str, text: str | None = None, system: str = UNKNOWN_CATALOGUE) -> Json:
    """A concept of codes that nobody knows, with these displays."""
    codings = [{"system": system, "code": f"X{place}", "display": display} for place, display in enumerate(displays)]
    return {"coding": codings} | ({"text": text} if text is not None else {})


def both(*coded: tuple[str, str]) -> Json:
    """A concept with codings of several systems."""
    return {"coding": [{"system": system, "code": code} for system, code in coded]}
