"""What an order images: modality and body region, by code lists, the site's own catalogue, and last by text."""

from typing import NamedTuple

from cds_service.directory.model import Directory
from cds_service.fhir.shapes import Json, as_object, codings, concept_words, objects
from cds_service.pathway.facts import SPINE_REGIONS, BodyRegion, KnownBy, Modality
from cds_service.terminology.procedure_text import classify_text
from cds_service.terminology.value_sets import Terminology

Coding = tuple[str, str]
"""A code system and a code in it."""


class Procedure(NamedTuple):
    """An order's procedure.

    Attributes:
        modality: how it images.
        body_region: what it images.
        known_by: whether a code told so, or words alone, which exempt nobody and remove nothing.
        evidence: where that was found, in words, such as `SNOMED CT list` or `procedure text`.
        label: what a list or the catalogue calls it; None where only the call's own words do.
    """

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
    specific = [procedure for procedure in known if procedure.evidence != _MODALITY_ALONE]
    if len({procedure.modality for procedure in known}) > 1:
        return _reconciled(known)
    if not specific:
        return _with_words(order, concept, known[0])
    return _with_spine(order, specific[0] if len(specific) == 1 else _reconciled(specific))


def unknown_codes(order: Json, procedure: Procedure, terminology: Terminology, directory: Directory) -> list[Coding]:
    """The codes of an order of whose codes no list knows any: what a site may have to map in `procedures.csv`.

    Args:
        order: a ServiceRequest.
        procedure: how `read_procedure` classified it.
        terminology: the packaged lists; a code that stands in any of them is known, whatever it is for.
        directory: the site's catalogue.

    Returns:
        Each (system, code) once, as sent, at most ten.
    """
    if procedure.known_by is KnownBy.CODE:
        return []
    coded = codings(order.get("code"))
    for system, code in coded:
        if terminology.groups(system, code) or directory.procedure(system, code) is not None:
            return []
    return list(dict.fromkeys(coded[:_MOST_UNKNOWN_CODES]))


_MOST_UNKNOWN_CODES = 10  # an order has a code or two, and a translation of each

_MODALITY_ALONE = "code for the modality alone"


def _known_codes(concept: object, terminology: Terminology, directory: Directory) -> list[Procedure]:
    known = []
    for system, code in codings(concept):
        listed = terminology.procedure(system, code)
        if listed is not None:
            alone = "imaging_parent" in terminology.groups(system, code)
            evidence = _MODALITY_ALONE if alone else "SNOMED CT list"
            known.append(_procedure(listed.modality, listed.body_region, evidence, listed.display))
            continue
        local = directory.procedure(system, code)
        if local is not None:
            known.append(_procedure(local.modality, local.body_region, "procedures.csv", local.display))
    return known


def _procedure(modality: str, body_region: str, evidence: str, label: str | None) -> Procedure:
    return Procedure(Modality(modality), BodyRegion(body_region), KnownBy.CODE, evidence, label)


def _reconciled(known: list[Procedure]) -> Procedure:
    """Several known codes on one order: what they agree on; a disagreement leaves no single body region.

    A spine among them stays known, since cauda equina syndrome and MSCC speak of it.
    """
    first = known[0]
    imaging = [procedure for procedure in known if procedure.modality is not Modality.OTHER]
    if not imaging:
        return first
    modality = Modality.MRI if any(p.modality is Modality.MRI for p in imaging) else Modality.USS
    regions = {procedure.body_region for procedure in imaging}
    if len(imaging) == len(known) and len({p.modality for p in imaging}) == 1:
        if len(regions) == 1:
            return first
        if regions <= SPINE_REGIONS:
            return Procedure(modality, BodyRegion.SPINE, KnownBy.CODE, first.evidence, first.label)
    several = BodyRegion.UNKNOWN if regions.isdisjoint(SPINE_REGIONS) else BodyRegion.SPINE_AND_MORE
    return Procedure(modality, several, KnownBy.CODE, "codes that disagree", first.label)


def _with_words(order: Json, concept: object, procedure: Procedure) -> Procedure:
    """A code that names the modality alone: the order's words may name the region, and it is then known by text."""
    words = [_MODALITY_WORD[procedure.modality], *concept_words(concept), *_body_site_words(order)]
    read = classify_text(" ".join(dict.fromkeys(words)))
    region = BodyRegion(read.body_region) if read is not None else BodyRegion.UNKNOWN
    if region in {BodyRegion.NOT_MSK, BodyRegion.UNKNOWN}:
        return procedure
    return Procedure(procedure.modality, region, KnownBy.TEXT, "procedure text", procedure.label)


def _with_spine(order: Json, procedure: Procedure) -> Procedure:
    """A code for a part that is not MSK, or may be, beside a body site that names the spine: both are ordered."""
    if procedure.modality is Modality.OTHER or procedure.body_region not in _NOT_SURELY_MSK:
        return procedure
    sites = _body_site_words(order)
    # "Neck" or "Thoracic" names the spine in an MRI of a part that nothing states; beside a brain it names itself.
    loosely = procedure.modality is Modality.MRI and procedure.body_region is BodyRegion.UNKNOWN
    read = classify_text(" ".join(["MRI", *sites]), loosely=loosely) if sites else None
    if read is None or read.body_region not in SPINE_REGIONS:
        return procedure
    return procedure._replace(
        body_region=BodyRegion.SPINE_AND_MORE, known_by=KnownBy.TEXT, evidence="code, and body site"
    )


_NOT_SURELY_MSK = frozenset({BodyRegion.NOT_MSK, BodyRegion.UNKNOWN})
_MODALITY_WORD = {Modality.MRI: "MRI", Modality.USS: "Ultrasound"}


def _body_site_words(order: Json) -> list[str]:
    return [word for site in objects(order.get("bodySite")) for word in concept_words(site)]


def _by_text(order: Json, concept: object) -> Procedure:
    """The text fallback, over all that the order says of itself, so that a word that excludes is never missed."""
    words = list(dict.fromkeys(concept_words(concept)))
    if classify_text(" ".join(words)) is None:
        return NOT_RECOGNISED
    read = classify_text(" ".join(dict.fromkeys([*words, *_body_site_words(order)])))
    if read is None:
        return NOT_RECOGNISED
    return Procedure(Modality(read.modality), BodyRegion(read.body_region), KnownBy.TEXT, "procedure text")


def order_label(order: Json, procedure: Procedure) -> str:
    """What a card calls the order: our own label for a known code, else the call's own words."""
    if procedure.label is not None:
        return procedure.label
    words = concept_words(as_object(order).get("code"))
    return words[0] if words else "Imaging order"
