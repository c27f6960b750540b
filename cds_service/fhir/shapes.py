"""Reading JSON that may be anything: the few questions the room asks of a value, and malformed orders.

Resources are read as plain dictionaries. A whole-resource validation costs more than the rest of a call, and rejects
what real clients send (empty objects, missing types); so each reader asks for just the shape it needs.
"""

from typing import Any

Json = dict[str, Any]
"""A JSON object as parsed."""


class MalformedOrderError(Exception):
    """A selected order has an element of the wrong JSON type, so it cannot be read.

    Attributes:
        path: the element, as a FHIRPath-like path below the hook request.
        expected: what belongs there, in words.
    """

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path}: expected {expected}")
        self.path = path
        self.expected = expected


def as_object(value: object) -> Json:
    """The value when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[Json]:
    """The JSON objects of an array; anything else gives none."""
    if not isinstance(value, list):
        return []
    for item in value:
        if not isinstance(item, dict):
            return [item for item in value if isinstance(item, dict)]
    return value


def as_text(value: object) -> str | None:
    """A non-blank string, trimmed; None for anything else."""
    return value.strip() or None if isinstance(value, str) else None


def codings(concept: object) -> list[tuple[str, str]]:
    """The (system, code) pairs of a CodeableConcept that have both."""
    if not isinstance(concept, dict):
        return []
    found = []
    for coding in objects(concept.get("coding")):
        system, code = coding.get("system"), coding.get("code")
        if isinstance(system, str) and isinstance(code, str):
            found.append((system, code))
    return found


def status_codes(concept: object) -> list[str]:
    """The codes of a status whose value set FHIR fixes, so that a coding without `system` still means one thing."""
    stated = [coding.get("code") for coding in objects(as_object(concept).get("coding"))]
    return [code for code in stated if isinstance(code, str)]


def codings_of(concepts: object) -> list[tuple[str, str]]:
    """The pairs of one CodeableConcept or of a list of them."""
    if isinstance(concepts, dict):
        return codings(concepts)
    return [pair for concept in objects(concepts) for pair in codings(concept)]


def concept_words(concept: object) -> list[str]:
    """What a CodeableConcept says in words: its text, then its displays."""
    read = as_object(concept)
    words = [as_text(read.get("text"))]
    words += [as_text(coding.get("display")) for coding in objects(read.get("coding"))]
    return [word for word in words if word is not None]


def has_coding(concept: object) -> bool:
    """Whether any coding carries a code, known or not."""
    return any(as_text(coding.get("code")) for coding in objects(as_object(concept).get("coding")))


def reference_kind(reference: Json) -> str | None:
    """The resource type that a reference says it names, by its form or its `type`."""
    target = as_text(reference.get("reference"))
    path = target.split("/_history/", 1)[0] if target is not None else ""
    if "/" in path:
        return path.rsplit("/", 2)[-2]
    return as_text(reference.get("type"))
