"""What is known of cancer, in five values.

Under care outranks active, active outranks past. `NONE` needs a whole answer from every place that could have said
otherwise, and that nothing in it is beyond reading: an absent key is never read as "none", and neither is a cancer
whose patient is named in another form, a problem without a SNOMED CT code, or care of which nobody can tell the
service. Of care, an active episode must say its service in a code that can be read. A care team must only where it
states a category (one of LOINC says what a team is for and not of which service); its name and its members' roles
are mostly words, and would make every patient unknown. Words that name cancer care ("Breast oncology MDT") do so, as
does a team that states a cancer for its reason, or an oncology episode that has not begun or rests: never "none",
and no more than that. An encounter's type would make every patient unknown too, and no encounter is asked for
"none".
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from cds_service.fhir.problem_list import Problem, is_past
from cds_service.fhir.reasons import is_not_true
from cds_service.fhir.resources import ResourceIndex, another_patient, same_patient
from cds_service.fhir.shapes import (
    Json,
    as_object,
    as_text,
    codings,
    codings_of,
    concept_words,
    has_coding,
    objects,
)
from cds_service.pathway.facts import Oncology
from cds_service.terminology.value_sets import Terminology
from cds_service.terminology.vocabulary import SNOMED, plain_coding

ONCOLOGY_PREFETCH = ("conditions", "pastConditions", "episodes", "careTeams")
"""The prefetch keys that together answer whether there is, or was, cancer."""

REMISSION_GROUP = "malignancy_remission"
CANCER_GROUPS = frozenset({"malignancy", "metastasis", "ind_sarcoma", REMISSION_GROUP})
HAEMATOLOGICAL_GROUP = "haematological_malignancy"

CURRENT_ENCOUNTER = frozenset({"planned", "arrived", "triaged", "in-progress", "onleave"})
EPISODE_TO_COME = frozenset({"planned", "waitlist", "onhold"})
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


class _Found(NamedTuple):
    """What the resources of a call show, each kind of evidence in a list of its own.

    Attributes:
        cancers: the patient's cancers, present or past, that are not refuted, with their groups.
        care: what shows the patient's current oncology care.
        unclear: cancers and oncology care that may be the patient's or another's.
        uncoded: the problems that are in no code that can be read.
        unread: current care of which nobody can tell the service, or whose words speak of cancer; and oncology care
            that is to come.
    """

    cancers: list[tuple[Json, frozenset[str]]]
    care: list[Json]
    unclear: list[Json]
    uncoded: list[Json]
    unread: list[Json]


def read_oncology(
    patient_id: str, problems: Sequence[Problem], index: ResourceIndex, terminology: Terminology
) -> OncologyStatus:
    """Read care first, then the problem list, then whether everything was answered and could be read.

    Args:
        patient_id: `context.patientId`.
        problems: as `read_problems` gives them.
        index: what came with the call.
        terminology: the value sets.
    """
    found = _Found([], [], [], [], [])
    _sort_problems(found, problems, patient_id, index)
    _read_care(found, patient_id, index, terminology)
    if found.care:
        return OncologyStatus(Oncology.UNDER_CARE, found.care[0]["resourceType"], tuple(found.care))
    if found.cancers:
        active = tuple(condition for condition, groups in found.cancers if _is_active(condition, groups))
        shown_by = active or tuple(condition for condition, _ in found.cancers)
        return OncologyStatus(Oncology.ACTIVE if active else Oncology.PAST, "problem list", shown_by)
    for evidence, beyond_reading in (
        (PATIENT_IN_ANOTHER_FORM, found.unclear),
        ("a problem without a SNOMED CT code", found.uncoded),
        ("care whose service is in no code that can be read", found.unread),
    ):
        if beyond_reading:
            return OncologyStatus(Oncology.UNKNOWN, evidence, tuple(beyond_reading))
    if all(index.answered(key) for key in ONCOLOGY_PREFETCH):
        return OncologyStatus(Oncology.NONE, "problem list, episodes and care teams")
    return OncologyStatus(Oncology.UNKNOWN, "not all sources answered")


PATIENT_IN_ANOTHER_FORM = "cancer evidence that names its patient in another form"
"""A search for this patient brought it, and nobody can say that it is another's (fact 2)."""


def _sort_problems(found: _Found, problems: Sequence[Problem], patient_id: str, index: ResourceIndex) -> None:
    for condition, coded in problems:
        is_uncoded = True
        for system, code, groups in coded:
            is_uncoded = is_uncoded and not _can_be_read(system, code, groups, _PROBLEM_SYSTEMS)
            if not groups.isdisjoint(CANCER_GROUPS) and not is_not_true(condition):
                _sort_cancer(found, condition, groups, patient_id, index)
        if is_uncoded:
            found.uncoded.append(condition)


def _sort_cancer(found: _Found, condition: Json, groups: frozenset[str], patient_id: str, index: ResourceIndex) -> None:
    subject = condition.get("subject")
    if same_patient(subject, patient_id, index):
        found.cancers.append((condition, groups))
    elif not another_patient(subject, patient_id, index):
        found.unclear.append(condition)


def _is_readable(system: str, code: str, systems: frozenset[str], terminology: Terminology) -> bool:
    return _can_be_read(system, code, terminology.groups(system, code), systems)


def _can_be_read(system: str, code: str, groups: frozenset[str], systems: frozenset[str]) -> bool:
    return bool(groups) or (plain_coding(system, code)[0] in systems and bool(code.strip()))


def _is_active(condition: Json, groups: frozenset[str]) -> bool:
    return REMISSION_GROUP not in groups and not is_past(condition)


def _read_care(found: _Found, patient_id: str, index: ResourceIndex, terminology: Terminology) -> None:
    haematological = any(HAEMATOLOGICAL_GROUP in groups for _, groups in found.cancers)

    def treats_cancer(service: tuple[str, str]) -> bool:
        is_haematology = haematological and terminology.is_haematology_service(*service)
        return is_haematology or terminology.is_oncology_service(*service)

    for care in _CARE:
        for resource in index.prefetched(care.kind):
            subject = resource.get(care.patient)
            if another_patient(subject, patient_id, index):
                continue
            treats = any(treats_cancer(service) for service in care.services(resource))
            if not care.is_current(resource.get("status")):
                if treats and care.is_to_come(resource.get("status")):
                    found.unread.append(resource)
            elif treats:
                (found.care if same_patient(subject, patient_id, index) else found.unclear).append(resource)
            elif care.is_unread(resource, terminology):
                found.unread.append(resource)


def _episode_codings(episode: Json) -> list[tuple[str, str]]:
    return codings_of(episode.get("type"))


def _is_unread_episode(episode: Json, terminology: Terminology) -> bool:
    return not any(_is_readable(*service, _SERVICE_SYSTEMS, terminology) for service in _episode_codings(episode))


def _care_team_codings(team: Json) -> list[tuple[str, str]]:
    found = list(codings_of(team.get("category")))
    for participant in objects(team.get("participant")):
        found += codings_of(participant.get("role"))
    return found


def _is_unread_team(team: Json, terminology: Terminology) -> bool:
    return _speaks_of_cancer(team, terminology) or any(
        (has_coding(category) or concept_words(category))
        and not any(_is_readable(*coding, _CATEGORY_SYSTEMS, terminology) for coding in codings(category))
        for category in objects(team.get("category"))
    )


_OF_CANCER_CARE = re.compile(r"oncolog|cancer|macmillan|chemotherap|radiotherap", re.IGNORECASE)


def _speaks_of_cancer(team: Json, terminology: Terminology) -> bool:
    """Whether a care team's words name cancer care, or a cancer is its reason."""
    reasons = objects(team.get("reasonCode"))
    groups = {group for coding in codings_of(reasons) for group in terminology.groups(*coding)}
    return not groups.isdisjoint(CANCER_GROUPS) or any(map(_OF_CANCER_CARE.search, _words_of(team, reasons)))


def _words_of(team: Json, reasons: list[Json]) -> Iterator[str]:
    """A care team's name, its reasons, and what it says of those who belong to it."""
    participants = objects(team.get("participant"))
    references = [*objects(team.get("managingOrganization"))]
    references += [as_object(one.get(element)) for one in participants for element in ("member", "onBehalfOf")]
    for text in (team.get("name"), *(reference.get("display") for reference in references)):
        if isinstance(text, str):
            yield text
    for concept in (*reasons, *(role for one in participants for role in objects(one.get("role")))):
        yield from concept_words(concept)


def _encounter_codings(encounter: Json) -> list[tuple[str, str]]:
    return [*codings_of(encounter.get("serviceType")), *codings_of(encounter.get("type"))]


_PROBLEM_SYSTEMS = frozenset({SNOMED})
_SERVICE_SYSTEMS = _PROBLEM_SYSTEMS | {
    "https://fhir.hl7.org.uk/CodeSystem/UKCore-PracticeSettingCode",
    "https://fhir.nhs.uk/CodeSystem/NHSDataModelAndDictionary-treatment-function",
}
"""Code systems in which the lists know services: another code there is another service."""

_CATEGORY_SYSTEMS = _SERVICE_SYSTEMS | {"http://loinc.org"}


class _Care(NamedTuple):
    """Where care shows.

    Attributes:
        kind: the resource type.
        patient: the element that names its patient.
        is_current: whether a status is one of care that goes on.
        is_to_come: whether it is one of care that has not begun, or rests.
        services: the codes that say the service.
        is_unread: whether it may be of any service, as far as its codes can be read.
    """

    kind: str
    patient: str
    is_current: Callable[[object], bool]
    is_to_come: Callable[[object], bool]
    services: Callable[[Json], list[tuple[str, str]]]
    is_unread: Callable[[Json, Terminology], bool]


def _is_current_team(status: object) -> bool:
    return as_text(status) not in ENDED_CARE_TEAM


def _is_current_encounter(status: object) -> bool:
    return as_text(status) in CURRENT_ENCOUNTER


def _is_current_episode(status: object) -> bool:
    return status == "active"


def _is_episode_to_come(status: object) -> bool:
    return as_text(status) in EPISODE_TO_COME


def _never(_status: object) -> bool:
    return False


_CARE = (
    _Care("EpisodeOfCare", "patient", _is_current_episode, _is_episode_to_come, _episode_codings, _is_unread_episode),
    _Care("CareTeam", "subject", _is_current_team, _never, _care_team_codings, _is_unread_team),
    _Care("Encounter", "subject", _is_current_encounter, _never, _encounter_codings, lambda *_: False),
)
