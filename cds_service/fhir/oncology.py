"""What is known of cancer, in five values (`design.md`, "Oncology").

Under care outranks active, active outranks past. `NONE` needs a whole and empty answer from every place that could
have said otherwise; an absent key is never read as "none".
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cds_service.fhir.reasons import is_not_true
from cds_service.fhir.resources import ResourceIndex, is_complete_answer, same_patient
from cds_service.fhir.shapes import Json, codings, codings_of, objects
from cds_service.pathway.facts import Oncology
from cds_service.terminology.value_sets import Terminology

ONCOLOGY_PREFETCH = ("conditions", "pastConditions", "episodes", "careTeams")
"""The prefetch keys that together answer whether there is, or was, cancer."""

CANCER_GROUPS = frozenset({"malignancy", "metastasis", "ind_sarcoma"})
REMISSION_GROUP = "malignancy_remission"
HAEMATOLOGICAL_GROUP = "haematological_malignancy"

PAST_STATUS = frozenset({"resolved", "inactive", "remission"})
"""Values of Condition.clinicalStatus that make a cancer a past one."""

CURRENT_ENCOUNTER = frozenset({"planned", "arrived", "triaged", "in-progress", "onleave"})
ENDED_CARE_TEAM = frozenset({"proposed", "suspended", "inactive", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class OncologyStatus:
    """The value and where it came from."""

    value: Oncology
    evidence: str


def read_oncology(prefetch: Json, patient_id: str, index: ResourceIndex, terminology: Terminology) -> OncologyStatus:
    """Read care first, then the problem list, then whether everything was answered."""
    conditions = [
        condition
        for condition in index.prefetched("Condition")
        if not is_not_true(condition) and same_patient(condition.get("subject"), patient_id, index)
    ]
    groups = [_groups(condition, terminology) for condition in conditions]
    haematological = any(HAEMATOLOGICAL_GROUP in found for found in groups)
    care = _care(patient_id, index, terminology, haematological=haematological)
    if care is not None:
        return OncologyStatus(Oncology.UNDER_CARE, care)
    statuses = [_status(condition, found) for condition, found in zip(conditions, groups, strict=True)]
    if Oncology.ACTIVE in statuses:
        return OncologyStatus(Oncology.ACTIVE, "problem list")
    if Oncology.PAST in statuses:
        return OncologyStatus(Oncology.PAST, "problem list")
    if all(is_complete_answer(prefetch.get(key)) for key in ONCOLOGY_PREFETCH):
        return OncologyStatus(Oncology.NONE, "problem list, episodes and care teams")
    return OncologyStatus(Oncology.UNKNOWN, "not all sources answered")


def _groups(condition: Json, terminology: Terminology) -> frozenset[str]:
    return frozenset(group for coding in codings(condition.get("code")) for group in terminology.groups(*coding))


def _status(condition: Json, groups: frozenset[str]) -> Oncology | None:
    if REMISSION_GROUP in groups:
        return Oncology.PAST
    if CANCER_GROUPS.isdisjoint(groups):
        return None
    past = any(code in PAST_STATUS for _, code in codings(condition.get("clinicalStatus")))
    return Oncology.PAST if past else Oncology.ACTIVE


def _care(patient_id: str, index: ResourceIndex, terminology: Terminology, *, haematological: bool) -> str | None:
    """The kind of resource that shows current oncology care, or None."""

    def treats_cancer(found: Iterable[tuple[str, str]]) -> bool:
        return any(
            terminology.is_oncology_service(*coding) or (haematological and terminology.is_haematology_service(*coding))
            for coding in found
        )

    for episode in index.prefetched("EpisodeOfCare"):
        if (
            episode.get("status") == "active"
            and same_patient(episode.get("patient"), patient_id, index)
            and treats_cancer(codings_of(episode.get("type")))
        ):
            return "active EpisodeOfCare"
    for team in index.prefetched("CareTeam"):
        if (
            team.get("status") not in ENDED_CARE_TEAM
            and same_patient(team.get("subject"), patient_id, index)
            and treats_cancer(_care_team_codings(team))
        ):
            return "active CareTeam"
    for encounter in index.prefetched("Encounter"):
        if (
            encounter.get("status") in CURRENT_ENCOUNTER
            and same_patient(encounter.get("subject"), patient_id, index)
            and treats_cancer(_encounter_codings(encounter))
        ):
            return "current Encounter"
    return None


def _care_team_codings(team: Json) -> list[tuple[str, str]]:
    found = list(codings_of(team.get("category")))
    for participant in objects(team.get("participant")):
        found += codings_of(participant.get("role"))
    return found


def _encounter_codings(encounter: Json) -> list[tuple[str, str]]:
    return [*codings_of(encounter.get("serviceType")), *codings_of(encounter.get("type"))]
