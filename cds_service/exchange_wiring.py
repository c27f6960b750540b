"""Wiring of the FHIR export: the referrals of the cards room and the indications of the FHIR room, handed to it."""

from collections.abc import Collection

from cds_service.cards.referral import REFERRAL_KINDS
from cds_service.exchange.activity_definition import Referral
from cds_service.exchange.bundle import knowledge_resources
from cds_service.exchange.names import Json
from cds_service.fhir.reasons import INDICATION_OF_GROUP
from cds_service.pathway.model import Pathway


def exported_resources(versions: Collection[Pathway]) -> list[Json]:
    """Everything that is exported of these pathways.

    Args:
        versions: every version of every region's pathway.
    """
    referrals = {
        text: Referral(kind.code, kind.display, kind.text, kind.priority) for text, kind in REFERRAL_KINDS.items()
    }
    indications = {group.replace("_", "-"): indication for group, indication in INDICATION_OF_GROUP.items()}
    return knowledge_resources(versions, referrals, indications)
