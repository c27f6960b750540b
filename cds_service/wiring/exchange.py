"""Wiring of the FHIR export: what other rooms know is handed to it, and what it makes is served."""

from collections.abc import Collection
from functools import cache
from types import MappingProxyType
from typing import Final

from starlette.applications import Starlette

from cds_service.cards.referral import REFERRAL_KINDS
from cds_service.demo.fhir_server import fixture_shelf
from cds_service.exchange.activity_definition import Referral
from cds_service.exchange.bundle import knowledge_resources
from cds_service.exchange.names import Json
from cds_service.fhir.reasons import INDICATION_OF_GROUP
from cds_service.fhir_server.search import SearchParameter, ServedType
from cds_service.fhir_server.server import Shelf, fhir_app
from cds_service.hooks.correlation import correlation_id
from cds_service.pathway.model import Pathway
from cds_service.pathway.register import PathwayRegister
from cds_service.terminology import Terminology
from cds_service.terminology.value_sets import Additions

_NONE: Final[Additions] = MappingProxyType({})


def exported_resources(versions: Collection[Pathway], additions: Additions = _NONE) -> list[Json]:
    """Everything that is exported of these pathways.

    Args:
        versions: every version of every region's pathway.
        additions: what the deployment adds to the packaged value sets.
    """
    referrals = {
        text: Referral(kind.code, kind.display, kind.text, kind.priority) for text, kind in REFERRAL_KINDS.items()
    }
    indications = {group.replace("_", "-"): indication for group, indication in INDICATION_OF_GROUP.items()}
    return knowledge_resources(versions, referrals, indications, additions)


_PARAMETERS: Final = (
    SearchParameter("_id", "token", "id"),
    SearchParameter("url", "uri", "url"),
    SearchParameter("version", "token", "version"),
    SearchParameter("name", "string", "name"),
    SearchParameter("title", "string", "title"),
    SearchParameter("status", "token", "status"),
)
KNOWLEDGE_TYPES: Final = tuple(
    ServedType(name, _PARAMETERS)
    for name in ("ActivityDefinition", "CodeSystem", "Library", "PlanDefinition", "ValueSet")
)
"""The resource types of the export; none of them is about a person."""


def fhir_server(register: PathwayRegister, terminology: Terminology, *, demo: bool) -> Starlette:
    """The service's own FHIR server: the export, and in the demo the invented people beside it.

    The export is made when it is first asked for, since a hook call has no need of it.

    Args:
        register: the pathways in use.
        terminology: the value sets in use.
        demo: whether the fixtures are served.
    """
    versions = [file.pathway for file in register.files]
    knowledge = Shelf(KNOWLEDGE_TYPES, cache(lambda: exported_resources(versions, terminology.additions)))
    if not demo:
        return fhir_app("The MSK imaging pathways and their terminology; no patient data.", [knowledge], correlation_id)
    about = "The MSK imaging pathways and their terminology, and invented people to try the CDS service with."
    return fhir_app(about, [knowledge, fixture_shelf()], correlation_id)
