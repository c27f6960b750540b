"""The problems that prefetch brought, read once for all who ask of them, and the emergencies among them.

An emergency on the problem list is no reason of the order, so no rule reads it, but its card says so. An old entry
often stays active for years: it must not make a card critical, and must not go unsaid either.
"""

from collections.abc import Sequence
from typing import NamedTuple

from cds_service.fhir.reasons import is_not_true
from cds_service.fhir.resources import ResourceIndex, another_patient
from cds_service.fhir.shapes import Json, codings, status_codes
from cds_service.terminology.value_sets import Terminology

EMERGENCY_GROUPS = frozenset({"ind_cauda_equina", "ind_cord_compression"})
"""The value sets whose codes, as the reason of an order, mean CES, and MSCC where there is a history of cancer."""

PAST_STATUS = frozenset({"resolved", "inactive", "remission"})
"""Values of Condition.clinicalStatus that make a problem a past one."""


class Problem(NamedTuple):
    """A Condition, whoever's and of whatever status.

    Attributes:
        condition: as sent.
        codings: its codings that have a system and a code, each with the value sets that hold it.
    """

    condition: Json
    codings: list[tuple[str, str, frozenset[str]]]


def read_problems(index: ResourceIndex, terminology: Terminology) -> list[Problem]:
    """Every Condition that prefetch brought, under whichever key."""
    groups = terminology.groups
    return [
        Problem(condition, [(system, code, groups(system, code)) for system, code in codings(condition.get("code"))])
        for condition in index.prefetched("Condition")
    ]


def is_past(condition: Json) -> bool:
    """Whether its clinical status says that a problem is over."""
    return not PAST_STATUS.isdisjoint(status_codes(condition.get("clinicalStatus")))


def holds_an_emergency(problems: Sequence[Problem], patient_id: str, index: ResourceIndex) -> bool:
    """Whether cauda equina syndrome or cord compression is an active problem, and nothing says another's.

    Args:
        problems: as `read_problems` gives them.
        patient_id: `context.patientId`.
        index: what came with the call.
    """
    return any(
        not is_not_true(condition)
        and not is_past(condition)
        and not another_patient(condition.get("subject"), patient_id, index)
        for condition, found in problems
        for _, _, groups in found
        if groups and not EMERGENCY_GROUPS.isdisjoint(groups)
    )
