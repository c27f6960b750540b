"""`/pathways/{id}`: the page that a card's source points to, with metadata as printed and each rule's sentence.

A page without script, readable with a keyboard; it stands open to everyone, as the document does.
"""

from collections.abc import Callable, Mapping
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from cds_service.pages.frame import Frame
from cds_service.pages.render import Pages
from cds_service.pages.words import day_in_words
from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import Basis, Document, NationalFallback, Pathway, Rule
from cds_service.pathway.sign_off import NOT_SIGNED_OFF

TEMPLATES = {"pathways": "cds_service.hooks"}
"""What `Pages` must know for these pages."""

# By hand: to look at a parameter FastAPI loads the whole of pydantic's first version, at each start.
_PATHWAY_ID: Final = {"name": "pathway_id", "in": "path", "required": True, "schema": {"type": "string"}}


def pathway_pages(
    in_force: Callable[[], Mapping[RegionId, Pathway]],
    pages: Pages,
    state_of: Callable[[RegionId], str] = lambda _region: NOT_SIGNED_OFF,
) -> APIRouter:
    """One page for each region's pathway and one for the national fallback.

    Args:
        in_force: gives each region's version of today, as the cards of today name it.
        pages: draws them; knows `TEMPLATES`.
        state_of: tells whether a region's version of today is signed off, in words.
    """
    router = APIRouter(tags=["pathways"])

    @router.get(
        "/pathways/{pathway_id}",
        response_class=HTMLResponse,
        responses={404: {"description": "No such pathway."}},
        openapi_extra={"parameters": [_PATHWAY_ID]},
    )
    def show(request: Request) -> HTMLResponse:
        """What a pathway says, as a page: metadata as printed, and each rule with its source."""
        # No coroutine: whether a file is signed off may take a second, and calls go on meanwhile.
        region = RegionId(request.path_params["pathway_id"])
        speaker = NATIONAL if region == NATIONAL.id else in_force().get(region)
        if speaker is None:
            raise HTTPException(404)
        return _page(speaker, pages, NOT_SIGNED_OFF if speaker is NATIONAL else state_of(region))

    return router


def _page(speaker: Pathway | NationalFallback, pages: Pages, state: str) -> HTMLResponse:
    metadata = _ALWAYS_IN_FORCE
    if isinstance(speaker, Pathway):
        metadata = [*_metadata(speaker), ("Clinical sign-off", state)]
    return pages.respond(
        "pathways/pathway.html",
        Frame("MSK imaging pathway", f"/pathways/{speaker.id}"),
        title=f"{speaker.title} v{speaker.version}",
        metadata=metadata,
        rules=_rules(speaker),
        summaries=_summaries(speaker),
    )


_ALWAYS_IN_FORCE = [("In force", "always, where no region's pathway applies")]


def _metadata(pathway: Pathway) -> list[tuple[str, str]]:
    document: Document = pathway.document
    approval = document.approval
    approved = (
        "none printed" if approval is None else f"{approval.as_printed} ({approval.status}: {approval.note or ''})"
    )
    return [
        ("Document", document.title),
        ("Published by", document.publisher),
        ("Effective", day_in_words(pathway.effective)),
        ("Review due", day_in_words(pathway.review)),
        *_suspension(pathway),
        ("Approval date as printed", approved),
        ("Footprint", f"{pathway.footprint.name}: {', '.join(pathway.footprint.boroughs)}"),
        ("Sub-ICB location", ", ".join(pathway.footprint.sub_icb)),
        ("Scans covered", ", ".join(modality.value.upper() for modality in pathway.modalities)),
        ("Redirected settings", ", ".join(pathway.settings.redirect)),
        ("Exempt settings", ", ".join(pathway.settings.exempt)),
        ("Contact", document.contact or "not printed"),
    ]


def _suspension(pathway: Pathway) -> list[tuple[str, str]]:
    """Without the name of who decided it, which stays in the folder."""
    suspended = pathway.suspension
    if suspended is None:
        return []
    until = "" if suspended.until is None else f" to {day_in_words(suspended.until)}"
    since = day_in_words(suspended.since)
    return [("Suspended", f"from {since}{until}: {suspended.reason}; CES and MSCC speak nationally")]


def _rules(speaker: Pathway | NationalFallback) -> list[tuple[str, ...]]:
    return [
        (
            rule_id + ("" if rule.enabled else " (switched off)"),
            rule.because,
            _source(rule, speaker.document.sentences if isinstance(speaker, Pathway) else {}),
        )
        for rule_id, rule in speaker.rules.items()
    ]


def _source(rule: Rule, said: Mapping[str, str]) -> str:
    """Where a rule comes from: the sentences of the document by number, and in our words where the file has them."""
    if rule.basis is not Basis.DOCUMENT:
        return "national guidance"
    return "document, " + "; ".join(f"{one}: {said[one]}" if one in said else one for one in rule.sentences)


def _summaries(speaker: Pathway | NationalFallback) -> list[tuple[str, ...]]:
    return [
        (key, text.summary.replace("{this}", "this scan").replace("{the}", "the scan"))
        for key, text in speaker.texts.cards.items()
    ]
