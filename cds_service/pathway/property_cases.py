"""What a property is asked of: one way through the rules, and what the facts that were read on it may mean.

A fact that was not read may have any value, so what is asked of it here is answered for the worst.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Final, NamedTuple

from cds_service.pathway.decision import Decision
from cds_service.pathway.facts import CAUDA_EQUINA_REGIONS, BodyRegion, Indication, Modality, Setting
from cds_service.pathway.model import Pathway
from cds_service.pathway.outcomes import RuleId

Read = dict[str, Any]


class Case(NamedTuple):
    """One way through the rules.

    Attributes:
        read: the facts that the rules read, with their values; what is not in it was not read.
        decision: what they answered.
        pathway: the pathway that was handed to them; None for the national fallback alone.
        today: the day.
    """

    read: Read
    decision: Decision
    pathway: Pathway | None
    today: date

    @property
    def in_force(self) -> bool:
        """Whether the order is one of the pathway's own region, on a day on which it is in force."""
        pathway = self.pathway
        return pathway is not None and pathway.is_effective(self.today) and self.read.get("region") == pathway.id


class Property(NamedTuple):
    """Something that must hold whatever the facts.

    Attributes:
        name: its name.
        says: what must hold, in a sentence.
        holds: whether one way through the rules keeps it.
    """

    name: str
    says: str
    holds: Callable[[Case], bool]


_ANY: Final = frozenset(Indication)


def reasons_of(read: Read) -> frozenset[Indication]:
    """The reasons; where they were not read they may be anything, a red flag above all."""
    reasons: frozenset[Indication] = read.get("indications", _ANY)
    return reasons


def is_msk_scan_outside_secondary_care(read: Read) -> bool:
    """Whether an order of this kind may be a live MRI or ultrasound of a body part, from outside secondary care."""
    return (
        read.get("live", True)
        and read.get("modality") is not Modality.OTHER
        and read.get("body_region") is not BodyRegion.NOT_MSK
        and read.get("setting") is not Setting.SECONDARY_CARE
    )


def has_strong_ces_sign(read: Read) -> bool:
    """A strong sign of it on an order that may show the cauda equina, or beside back pain or sciatica."""
    reasons = reasons_of(read)
    may_show_it = read.get("body_region", BodyRegion.SPINE) in CAUDA_EQUINA_REGIONS
    return Indication.CES_SYMPTOM_STRONG in reasons and (may_show_it or Indication.BACK_PAIN_OR_SCIATICA in reasons)


def symptoms_count(case: Case) -> bool:
    """Everywhere but where the region's own pathway is in force and has switched them off."""
    return not case.in_force or case.pathway is None or case.pathway.enabled(RuleId.SYMPTOMS)
