"""All that is exported, in one order, and the Bundle of it."""

from collections.abc import Collection, Iterable, Mapping
from itertools import chain, groupby

from cds_service import __version__
from cds_service.exchange.activity_definition import Referral, referral_activity
from cds_service.exchange.library import facts_library
from cds_service.exchange.names import Json, resource_url
from cds_service.exchange.plan_definition import Shared, national_plan, regional_plan
from cds_service.exchange.terminology import code_systems, value_sets_in_use, version_with
from cds_service.pathway.facts import Indication
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import TextKey
from cds_service.terminology.value_sets import Additions


def knowledge_resources(
    versions: Collection[Pathway],
    referrals: Mapping[TextKey, Referral],
    indications: Mapping[str, Indication],
    additions: Additions,
) -> list[Json]:
    """PlanDefinitions, ActivityDefinitions, the Library, CodeSystems and ValueSets, always in the same order.

    Args:
        versions: every version of every region's pathway.
        referrals: the draft referral of each card text that has one.
        indications: for the id of a value set of reasons, the indication that its codes are.
        additions: what the deployment adds to the packaged value sets.
    """
    value_sets = value_sets_in_use(additions)
    library_version = version_with(__version__, chain.from_iterable(additions.values()))
    library = facts_library(value_sets, indications, library_version)
    shared = Shared(f"{library['url']}|{library_version}", frozenset(referrals))
    return [
        *_regional_plans(versions, shared),
        national_plan({pathway.id for pathway in versions}, shared),
        *(referral_activity(text, referrals[text]) for text in sorted(referrals)),
        library,
        *code_systems(),
        *value_sets,
    ]


def _regional_plans(versions: Collection[Pathway], shared: Shared) -> list[Json]:
    ordered = sorted(versions, key=lambda pathway: (pathway.id, pathway.effective))
    plans = []
    for _, group in groupby(ordered, key=lambda pathway: pathway.id):
        of_region = list(group)
        for pathway, successor in zip(of_region, [*of_region[1:], None], strict=True):
            is_first = pathway is of_region[0]
            plans.append(regional_plan(pathway, is_first=is_first, successor=successor, shared=shared))
    return plans


def collection(resources: Iterable[Json]) -> Json:
    """A Bundle that holds the resources, each under its own address."""
    return {
        "resourceType": "Bundle",
        "id": "msk-imaging-pathways",
        "type": "collection",
        "entry": [{"fullUrl": resource_url(one["resourceType"], one["id"]), "resource": one} for one in resources],
    }
