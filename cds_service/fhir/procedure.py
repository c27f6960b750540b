"""What an order images: modality and body region, by code lists, the site's own catalogue, and last by text."""

from typing import NamedTuple

from cds_service.directory.model import Directory
from cds_service.fhir.shapes import Json, as_object, codings, concept_words, objects
from cds_service.pathway.facts import SPINE_REGIONS, BodyRegion, KnownBy, Modality
from cds_service.terminology.procedure_text import classify_text
from cds_service.terminology.value_sets import Terminology


class Procedure(NamedTuple):
    """An order's procedure: how and what it images, how that is known, and a label of our own where a list has one."""

    modality: Modality
    body_region: BodyRegion
    known_by: KnownBy
    evidence: str
    label: str | None = None

    @property
    def in_scope(self) -> bool:
        """Whether it is an MRI or ultrasound that is, or may be, musculoskeletal."""
        return self.modality is not Modality.OTHER and self.body_region is not BodyRegion.NOT_MSK


NOT_RECOGNISED = Procedure(Modality.OTHER, BodyRegion.UNKNOWN, KnownBy.TEXT, "not recognised")


def read_procedure(order: Json, terminology: Terminology, directory: Directory) -> Procedure:
    """Classify an order by its `code`, and by `bodySite` where that names the modality alone.

    Args:
        order: a ServiceRequest.
        terminology: the packaged SNOMED CT lists.
        directory: the site's catalogue (`procedures.csv`).
    """
    concept = order.get("code")
    known = _known_codes(concept, terminology, directory)
    if not known:
        return _by_text(order, concept)
    procedure = known[0] if len(known) == 1 else _reconciled(known)
    modality_alone = all("imaging_parent" in terminology.groups(*coding) for coding in codings(concept))
    return _with_body_site(order, procedure) if modality_alone else procedure


def _known_codes(concept: object, terminology: Terminology, directory: Directory) -> list[Procedure]:
    known = []
    for system, code in codings(concept):
        listed = terminology.procedure(system, code)
        if listed is not None:
            known.append(_procedure(listed.modality, listed.body_region, "SNOMED CT list", listed.display))
            continue
        local = directory.procedure(system, code)
        if local is not None:
            known.append(_procedure(local.modality, local.body_region, "procedures.csv", local.display))
    return known


def _procedure(modality: str, body_region: str, evidence: str, label: str | None) -> Procedure:
    return Procedure(Modality(modality), BodyRegion(body_region), KnownBy.CODE, evidence, label)


def _reconciled(known: list[Procedure]) -> Procedure:
    """Several known codes on one order: what they agree on; a disagreement leaves the body region unknown."""
    first = known[0]
    imaging = [procedure for procedure in known if procedure.modality is not Modality.OTHER]
    if not imaging:
        return first
    stated = {procedure.body_region for procedure in imaging} - {BodyRegion.UNKNOWN}
    modality = Modality.MRI if any(p.modality is Modality.MRI for p in imaging) else Modality.USS
    if len(imaging) == len(known) and len({p.modality for p in imaging}) == 1:
        if len(stated) == 1:
            return next(procedure for procedure in imaging if procedure.body_region in stated)
        if stated and stated <= SPINE_REGIONS:
            return Procedure(modality, BodyRegion.SPINE, KnownBy.CODE, first.evidence, first.label)
    return Procedure(modality, BodyRegion.UNKNOWN, KnownBy.CODE, "codes that disagree", first.label)


def _with_body_site(order: Json, procedure: Procedure) -> Procedure:
    """A code that names the modality alone: words for the body site may refine it, and it is then known by text."""
    word = _MODALITY_WORD[procedure.modality]
    for site in _body_site_words(order):
        read = classify_text(f"{word} {site}")
        if read is not None and BodyRegion(read.body_region) not in {BodyRegion.NOT_MSK, BodyRegion.UNKNOWN}:
            region = BodyRegion(read.body_region)
            return Procedure(procedure.modality, region, KnownBy.TEXT, "body site text", procedure.label)
    return procedure


_MODALITY_WORD = {Modality.MRI: "MRI", Modality.USS: "Ultrasound"}


def _body_site_words(order: Json) -> list[str]:
    return [word for site in objects(order.get("bodySite")) for word in concept_words(site)]


def _by_text(order: Json, concept: object) -> Procedure:
    """The text fallback: the concept's text, then its displays, each also read together with the body site."""
    for words in concept_words(concept):
        read = classify_text(words)
        if read is None:
            continue
        if read.body_region == BodyRegion.UNKNOWN:
            read = classify_text(" ".join([words, *_body_site_words(order)])) or read
        return Procedure(Modality(read.modality), BodyRegion(read.body_region), KnownBy.TEXT, "procedure text")
    return NOT_RECOGNISED


def order_label(order: Json, procedure: Procedure) -> str:
    """What a card calls the order: our own label for a known code, else the call's own words."""
    if procedure.label is not None:
        return procedure.label
    words = concept_words(as_object(order).get("code"))
    return words[0] if words else "Imaging order"
