"""Reading one packaged FHIR R4 ValueSet, strictly: a field that is not expected stops the start.

The files are data that clinicians review, so each concept carries where it was seen, whether it is verified,
and what it means to us in extensions of our own. Anything else in a file is a slip, and is refused here.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from cds_service.terminology.check_digit import concept_id_fault
from cds_service.terminology.vocabulary import BODY_REGIONS, MODALITIES, REQUESTER_CATEGORIES, SNOMED

VALUE_SET_BASE: Final = "https://cds-service.example/fhir/ValueSet/"
"""Our value sets are named under a reserved domain: the URL identifies and does not resolve."""

_OURS: Final = "https://cds-service.example/fhir/StructureDefinition/"
_MODALITY: Final = _OURS + "imaging-modality"
_BODY_REGION: Final = _OURS + "imaging-body-region"
_REQUESTER_CATEGORY: Final = _OURS + "requester-category"
_STATUS: Final = _OURS + "concept-status"
_SOURCE: Final = _OURS + "concept-source"
_INTENT: Final = _OURS + "value-set-intent"
_INTENT_NOTE: Final = _OURS + "value-set-intent-note"
_COMMENT: Final = "http://hl7.org/fhir/StructureDefinition/valueset-concept-comments"

_ALLOWED: Final = {
    _MODALITY: MODALITIES,
    _BODY_REGION: BODY_REGIONS,
    _REQUESTER_CATEGORY: REQUESTER_CATEGORIES,
    _STATUS: frozenset({"verified", "provisional"}),
}
_REPEATABLE: Final = frozenset({_SOURCE})
_KNOWN: Final = _ALLOWED.keys() | {_SOURCE, _COMMENT}

_Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S(?:.*\S)?$")]


class ValueSetError(ValueError):
    """A packaged value set is wrong; the message names the file, the code and the mend."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One code of a value set and what it means to us.

    Attributes:
        system: the code system's URI.
        code: the code, as text.
        display: a plain name.
        provisional: true when no published list confirms the code.
        sources: where the code was seen.
        modality: for a procedure, one of `MODALITIES`; else None.
        body_region: for a procedure, one of `BODY_REGIONS`; else None.
        requester_category: for a role, one of `REQUESTER_CATEGORIES`; else None.
    """

    system: str
    code: str
    display: str
    provisional: bool
    sources: tuple[str, ...]
    modality: str | None = None
    body_region: str | None = None
    requester_category: str | None = None


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A value set as it is packaged: its group's name, its canonical URL and its concepts.

    Attributes:
        group: its name in the design, with underscores.
        url: its canonical URL.
        title: a title for people.
        concepts: its codes: what counts.
        intent: what it is meant to hold, in SNOMED CT's Expression Constraint Language (ECL), for bringing the list up
            to date; None where no hierarchy that we know of states it.
        intent_note: why not, or what to mind.
    """

    group: str
    url: str
    title: str
    concepts: tuple[Concept, ...]
    intent: str | None = None
    intent_note: str | None = None


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Extension(_Strict):
    url: _Text
    value: _Text = Field(validation_alias=AliasChoices("valueCode", "valueString"))


class _ConceptElement(_Strict):
    code: _Text
    display: _Text
    extension: Annotated[list[_Extension], Field(min_length=1)]


class _Include(_Strict):
    system: _Text
    concept: Annotated[list[_ConceptElement], Field(min_length=1)]


class _Compose(_Strict):
    extension: list[_Extension] = []
    include: Annotated[list[_Include], Field(min_length=1)]


class _ValueSetResource(_Strict):
    resource_type: Literal["ValueSet"] = Field(validation_alias="resourceType")
    id: _Text
    url: _Text
    version: _Text
    name: _Text
    title: _Text
    status: Literal["draft", "active", "retired"]
    date: _Text
    publisher: _Text
    description: _Text
    copyright: _Text | None = None
    compose: _Compose


def read_value_set(file_name: str, content: bytes) -> ValueSet:
    """Read one value set file.

    Args:
        file_name: its name, `<id>.json`.
        content: its bytes.

    Raises:
        ValueSetError: the file is no strict ValueSet, its id, URL and name disagree, a code stands twice or
            fails its check digit, or a concept's extensions are incomplete or unknown.
    """
    try:
        resource = _ValueSetResource.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "file"
        raise ValueSetError(f"{file_name}: {place}: {first['msg']}. Correct the value set.") from error
    if f"{resource.id}.json" != file_name:
        raise ValueSetError(f"{file_name}: id is {resource.id!r}. Name the file after the id.")
    if resource.url != VALUE_SET_BASE + resource.id:
        raise ValueSetError(
            f"{file_name}: url is {resource.url!r}. Write {VALUE_SET_BASE + resource.id!r}, after the id."
        )
    concepts = tuple(
        _read_concept(file_name, include.system, element)
        for include in resource.compose.include
        for element in include.concept
    )
    _refuse_repeats(file_name, concepts)
    # A group is named in code and in the design with underscores, in FHIR ids with hyphens.
    group = resource.id.replace("-", "_")
    return ValueSet(group, resource.url, resource.title, concepts, *_read_intent(file_name, resource.compose.extension))


def _read_intent(file_name: str, extensions: list[_Extension]) -> tuple[str | None, str | None]:
    stated = {extension.url: extension.value for extension in extensions}
    if len(stated) < len(extensions) or stated.keys() - {_INTENT, _INTENT_NOTE}:
        raise ValueSetError(f"{file_name}: compose has an unknown extension, or one twice. Keep intent and note, once.")
    return stated.get(_INTENT), stated.get(_INTENT_NOTE)


def _read_concept(file_name: str, system: str, element: _ConceptElement) -> Concept:
    where = f"{file_name}: code {element.code!r}"
    fault = concept_id_fault(element.code) if system == SNOMED else None
    if fault:
        raise ValueSetError(f"{where} {fault}. Look the code up in its source; never mend a digit by hand.")
    single: dict[str, str] = {}
    sources: list[str] = []
    for extension in element.extension:
        _check_extension(where, extension, single)
        if extension.url == _SOURCE:
            sources.append(extension.value)
        else:
            single[extension.url] = extension.value
    if not sources or _STATUS not in single:
        raise ValueSetError(f"{where} lacks its source or status. Add concept-source and concept-status.")
    if (_MODALITY in single) != (_BODY_REGION in single):
        raise ValueSetError(f"{where} has only one of modality and body region. A procedure needs both.")
    return Concept(
        system=system,
        code=element.code,
        display=element.display,
        provisional=single[_STATUS] == "provisional",
        sources=tuple(sources),
        modality=single.get(_MODALITY),
        body_region=single.get(_BODY_REGION),
        requester_category=single.get(_REQUESTER_CATEGORY),
    )


def _check_extension(where: str, extension: _Extension, seen: dict[str, str]) -> None:
    if extension.url not in _KNOWN:
        raise ValueSetError(f"{where} has the unknown extension {extension.url!r}. Remove it.")
    if extension.url in seen and extension.url not in _REPEATABLE:
        raise ValueSetError(f"{where} has the extension {extension.url!r} twice. Keep one.")
    allowed = _ALLOWED.get(extension.url)
    if allowed is not None and extension.value not in allowed:
        raise ValueSetError(
            f"{where} has {extension.value!r} in {extension.url!r}. Use one of {', '.join(sorted(allowed))}."
        )


def concept_element(concept: Concept) -> dict[str, Any]:
    """A concept as an element of a file, which is read back as the same."""
    coded = {
        _STATUS: "provisional" if concept.provisional else "verified",
        _MODALITY: concept.modality,
        _BODY_REGION: concept.body_region,
        _REQUESTER_CATEGORY: concept.requester_category,
    }
    extension = [{"url": url, "valueCode": value} for url, value in coded.items() if value is not None]
    extension += [{"url": _SOURCE, "valueString": source} for source in concept.sources]
    return {"code": concept.code, "display": concept.display, "extension": extension}


def _refuse_repeats(file_name: str, concepts: tuple[Concept, ...]) -> None:
    seen: set[tuple[str, str]] = set()
    for concept in concepts:
        key = (concept.system, concept.code)
        if key in seen:
            raise ValueSetError(f"{file_name}: code {concept.code!r} stands twice. Remove one.")
        seen.add(key)
