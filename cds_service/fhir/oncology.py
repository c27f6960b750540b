"""What is known of cancer, in five values (`design.md`, "Oncology").

Under care outranks active, active outranks past. `NONE` needs a whole and empty answer from every place that could
have said otherwise; an absent key is never read as "none".
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from cds_service.fhir.reasons import is_not_true
from cds_service.fhir.resources import ResourceIndex, same_patient
from cds_service.fhir.shapes import Json, as_text, codings, codings_of, objects, status_codes
from cds_service.pathway.facts import Oncology
from cds_service.terminology.value_sets import Terminology

ONCOLOGY_PREFETCH = ("conditions", "pastConditions", "episodes", "careTeams")
"""The prefetch keys that together answer whether there is, or was, cancer."""

REMISSION_GROUP = "malignancy_remission"
CANCER_GROUPS = frozenset({"malignancy", "metastasis", "ind_sarcoma", REMISSION_GROUP})
HAEMATOLOGICAL_GROUP = "haematological_malignancy"

PAST_STATUS = frozenset({"resolved", "inactive", "remission"})
"""Values of Condition.clinicalStatus that make a cancer a past one."""

CURRENT_ENCOUNTER = frozenset({"planned", "arrived", "triaged", "in-progress", "onleave"})
ENDED_CARE_TEAM = frozenset({"proposed", "suspended", "inactive", "entered-in-error"})


class OncologyStatus(NamedTuple):
    """The value and where it came from.

    Attributes:
        value: what is known of cancer.
        evidence: the kind of place, in a few words that say nothing of the patient.
        shown_by: every resource of the call that shows it; empty when none does.
    """

    value: Oncology
    evidence: str
    shown_by: tuple[Json, ...] = ()


def read_oncology(patient_id: str, index: ResourceIndex, terminology: Terminology) -> OncologyStatus:
    """Read care first, then the problem list, then whether everything was answered."""
    cancers, uncoded = _problems(patient_id, index, terminology)
    haematological = any(HAEMATOLOGICAL_GROUP in groups for _, groups in cancers)
    care = tuple(_care(patient_id, index, terminology, haematological=haematological))
    if care:
        return OncologyStatus(Oncology.UNDER_CARE, care[0]["resourceType"], care)
    if cancers:
        active = tuple(condition for condition, groups in cancers if _is_active(condition, groups))
        found = active or tuple(condition for condition, _ in cancers)
        return OncologyStatus(Oncology.ACTIVE if active else Oncology.PAST, "problem list", found)
    if uncoded:
        return OncologyStatus(Oncology.UNKNOWN, "a problem without a code", tuple(uncoded))
    if all(index.answered(key) for key in ONCOLOGY_PREFETCH):
        return OncologyStatus(Oncology.NONE, "problem list, episodes and care teams")
    return OncologyStatus(Oncology.UNKNOWN, "not all sources answered")


def _problems(
    patient_id: str, index: ResourceIndex, terminology: Terminology
) -> tuple[list[tuple[Json, frozenset[str]]], list[Json]]:
    """The patient's cancers, present or past, that are not refuted, with their groups; and the problems not coded."""
    cancers: list[tuple[Json, frozenset[str]]] = []
    uncoded: list[Json] = []
    for condition in index.prefetched("Condition"):
        is_coded = False
        for system, code in codings(condition.get("code")):
            groups = terminology.groups(system, code)
            is_coded = is_coded or bool(code.strip())
            if not groups or groups.isdisjoint(CANCER_GROUPS) or is_not_true(condition):
                continue
            if same_patient(condition.get("subject"), patient_id, index):
                cancers.append((condition, groups))
        if not is_coded:
            uncoded.append(condition)
    return cancers, uncoded


def _is_active(condition: Json, groups: frozenset[str]) -> bool:
    if REMISSION_GROUP in groups:
        return False
    return PAST_STATUS.isdisjoint(status_codes(condition.get("clinicalStatus")))


def _care(patient_id: str, index: ResourceIndex, terminology: Terminology, *, haematological: bool) -> Iterator[Json]:
    """Each resource that shows current oncology care."""

    def treats_cancer(found: Iterable[tuple[str, str]]) -> bool:
        for coding in found:
            if terminology.is_oncology_service(*coding):
                return True
            if haematological and terminology.is_haematology_service(*coding):
                return True
        return False

    for kind, patient, is_current, service_codings in _CARE:
        for resource in index.prefetched(kind):
            treats = is_current(resource.get("status")) and treats_cancer(service_codings(resource))
            if treats and same_patient(resource.get(patient), patient_id, index):
                yield resource


def _episode_codings(episode: Json) -> list[tuple[str, str]]:
    return codings_of(episode.get("type"))


def _care_team_codings(team: Json) -> list[tuple[str, str]]:
    found = list(codings_of(team.get("category")))
    for participant in objects(team.get("participant")):
        found += codings_of(participant.get("role"))
    return found


def _encounter_codings(encounter: Json) -> list[tuple[str, str]]:
    return [*codings_of(encounter.get("serviceType")), *codings_of(encounter.get("type"))]


_CARE: tuple[tuple[str, str, Callable[[object], bool], Callable[[Json], list[tuple[str, str]]]], ...] = (
    ("EpisodeOfCare", "patient", lambda status: status == "active", _episode_codings),
    ("CareTeam", "subject", lambda status: as_text(status) not in ENDED_CARE_TEAM, _care_team_codings),
    ("Encounter", "subject", lambda status: as_text(status) in CURRENT_ENCOUNTER, _encounter_codings),
)
"""Where care shows: the resource type, the element that names its patient, whether it is current, its services."""
