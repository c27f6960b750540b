"""The scans that can be chosen: by modality and body region, or one procedure of the packaged lists."""

from typing import NamedTuple

from cds_service.pathway.facts import BodyRegion, Modality
from cds_service.terminology.value_sets import ProcedureConcept, Terminology

MODALITY_WORDS = {Modality.MRI: "MRI", Modality.USS: "Ultrasound", Modality.OTHER: "Another (X-ray, CT, …)"}

BODY_WORDS = {
    region: {
        BodyRegion.SPINE: "spine, level not stated",
        BodyRegion.SPINE_AND_MORE: "spine and another part",
        BodyRegion.UNKNOWN: "not stated",
        BodyRegion.NOT_MSK: "not musculoskeletal (brain, abdomen, vessels, …)",
        BodyRegion.LOWER_LEG: "lower leg",
    }.get(region, region.value.replace("-", " "))
    for region in BodyRegion
}


class Scan(NamedTuple):
    """A procedure with its SNOMED CT code; without one it is known by its words alone."""

    words: str
    system: str | None = None
    code: str | None = None


class Scans:
    """The imaging procedures of the packaged value sets.

    Args:
        terminology: the value sets.
    """

    def __init__(self, terminology: Terminology) -> None:
        listed = sorted(terminology.procedures(), key=lambda procedure: _plainest(procedure[2], procedure[1]))
        self.by_code = {code: (system, concept) for system, code, concept in listed}
        self._plainest: dict[tuple[str, str], Scan] = {}
        for system, code, concept in listed:
            scan = Scan(concept.display, system, code)
            self._plainest.setdefault((concept.modality, concept.body_region), scan)

    def coded(self, code: str) -> Scan:
        """The procedure with a code that is listed."""
        system, concept = self.by_code[code]
        return Scan(concept.display, system, code)

    def plainest(self, modality: Modality, body: BodyRegion) -> Scan | None:
        """The plainest procedure of a modality and body region, or None when no list has one.

        What is neither MRI nor ultrasound is listed without a body region, since no rule asks for it.
        """
        region = BodyRegion.NOT_MSK if modality is Modality.OTHER else body
        return self._plainest.get((modality.value, region.value))

    def typed(self, modality: Modality, body: BodyRegion) -> Scan:
        """The same as a clinician might type it, without a code."""
        return Scan(f"{_TYPED_MODALITY[modality]} {_TYPED_BODY.get(body, BODY_WORDS[body])}".strip())


_TYPED_MODALITY = {Modality.MRI: "MRI", Modality.USS: "Ultrasound", Modality.OTHER: "X-ray"}
_TYPED_BODY = {
    BodyRegion.SPINE: "spine",
    BodyRegion.SPINE_AND_MORE: "spine and pelvis",
    BodyRegion.UNKNOWN: "",
    BodyRegion.NOT_MSK: "abdomen",
}


def _plainest(concept: ProcedureConcept, code: str) -> tuple[bool, int, str]:
    """A code that published lists confirm comes before one that none does, and a short name before a long one."""
    return concept.provisional, len(concept.display), code
