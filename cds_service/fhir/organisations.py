"""From a reference to listed organisations: by ODS site or organisation code, in a resource or in the reference."""

from typing import NamedTuple

from cds_service.directory.model import Directory, Organisation
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json, as_object, as_text, objects, reference_kind
from cds_service.pathway.facts import OUTSIDE, RegionId

ODS_SITE = "https://fhir.nhs.uk/Id/ods-site-code"
ODS_ORGANISATION = "https://fhir.nhs.uk/Id/ods-organization-code"

_MOST_STEPS = 3
"""How far `partOf` and roles are followed: site, provider, and one more; also ends a loop."""


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
    for _ in range(_MOST_STEPS):
        stated = as_object(reference)
        if not stated:
            return NOTHING_SENT
        resources = index.find_all(stated, holder=holder)
        kind = as_text(resources[0].get("resourceType")) if resources else reference_kind(stated)
        if kind in {"Organization", None}:
            return OrganisationEvidence(sent=True, listed=_listed(stated, resources, index, directory))
        if kind != "PractitionerRole":
            return NOTHING_SENT
        if len(resources) != 1:
            return OrganisationEvidence(sent=True)
        reference, holder = resources[0].get("organization"), resources[0]
    return OrganisationEvidence(sent=True)


def _listed(
    reference: Json, resources: list[Json], index: ResourceIndex, directory: Directory
) -> tuple[Organisation, ...]:
    """The listed organisations that a reference and its resources name; two of them where they disagree.

    A resource whose own codes are not listed may be a site: its parent is asked, but not for a resource with an
    ODS organisation code of its own, which is simply not listed.
    """
    identifiers = [as_object(reference.get("identifier"))]
    for _ in range(_MOST_STEPS):
        for resource in resources:
            identifiers += objects(resource.get("identifier"))
        found = _by_identifiers(identifiers, directory)
        if found or not resources or any(i.get("system") == ODS_ORGANISATION for i in identifiers):
            return found
        if len(resources) > 1:
            return ()  # copies that differ, none of them listed: whose part they are would be a guess
        parent = as_object(resources[0].get("partOf"))
        identifiers = [as_object(parent.get("identifier"))]
        resources = index.find_all(parent, holder=resources[0])
    return ()


def _by_identifiers(identifiers: list[Json], directory: Directory) -> tuple[Organisation, ...]:
    """A site is looked up before its organisation: it may have a row, and a setting, of its own."""
    sites: dict[Organisation, None] = {}
    organisations: dict[Organisation, None] = {}
    for identifier in identifiers:
        system = identifier.get("system")
        if system != ODS_SITE and system != ODS_ORGANISATION:  # noqa: PLR1714 - the value may be unhashable junk
            continue
        code = as_text(identifier.get("value"))
        listed = directory.organisation(code) if code is not None else None
        if listed is not None:
            (sites if system == ODS_SITE else organisations)[listed] = None
    return tuple(sites or organisations)


def region_of(organisation: Organisation) -> RegionId:
    """The pathway footprint of a listed organisation, or `OUTSIDE` when it lies in none (fact 4)."""
    return RegionId(organisation.region) if organisation.region is not None else OUTSIDE
