"""From a reference to listed organisations: by ODS site or organisation code, in a resource or in the reference."""

from typing import NamedTuple

from cds_service.directory.model import Directory, Organisation
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json, as_object, as_text, objects

ODS_SITE = "https://fhir.nhs.uk/Id/ods-site-code"
ODS_ORGANISATION = "https://fhir.nhs.uk/Id/ods-organization-code"

_MOST_PARENTS = 3
"""How far `partOf` is followed: site, provider, and one more; also ends a loop."""


class OrganisationEvidence(NamedTuple):
    """What a reference says of an organisation.

    Attributes:
        sent: whether anything named an organisation.
        listed: the organisations named that the directory lists.
    """

    sent: bool
    listed: tuple[Organisation, ...] = ()


NOTHING_SENT = OrganisationEvidence(sent=False)


def organisations_of(
    reference: object, holder: Json, index: ResourceIndex, directory: Directory
) -> OrganisationEvidence:
    """Follow a reference to an Organization, directly or through a PractitionerRole.

    Args:
        reference: a Reference; one with an `identifier` alone (a logical reference) is read as well.
        holder: the resource that holds it, for contained resources.
        index: the resources of the call.
        directory: the listed organisations.
    """
    stated = as_object(reference)
    if not stated:
        return NOTHING_SENT
    resource = index.find(stated, holder=holder)
    if resource is not None and resource.get("resourceType") == "PractitionerRole":
        return organisations_of(resource.get("organization"), resource, index, directory)
    if resource is not None and resource.get("resourceType") != "Organization":
        return NOTHING_SENT
    found = _listed(resource, stated, index, directory)
    return OrganisationEvidence(sent=True, listed=(found,) if found is not None else ())


def _listed(resource: Json | None, reference: Json, index: ResourceIndex, directory: Directory) -> Organisation | None:
    found = _by_identifiers([as_object(reference.get("identifier"))], directory)
    for _ in range(_MOST_PARENTS):
        if found is not None or resource is None:
            break
        found = _by_identifiers(objects(resource.get("identifier")), directory)
        parent = as_object(resource.get("partOf"))
        if found is None:
            found = _by_identifiers([as_object(parent.get("identifier"))], directory)
        resource = index.find(parent, holder=resource)
    return found


def _by_identifiers(identifiers: list[Json], directory: Directory) -> Organisation | None:
    """A site is looked up before its organisation (`design.md`, configuration folder)."""
    for system in (ODS_SITE, ODS_ORGANISATION):
        for identifier in identifiers:
            code = as_text(identifier.get("value"))
            if identifier.get("system") == system and code is not None:
                organisation = directory.organisation(code)
                if organisation is not None:
                    return organisation
    return None
