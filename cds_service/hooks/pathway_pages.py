"""`/pathways/{id}`: the page that a card's source points to, with metadata as printed and each rule's sentence.

Plain HTML without script or style sheet from elsewhere, readable with a keyboard and without JavaScript.
"""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import Document, NationalFallback, Pathway

_STYLE = (
    "body{font:1.1875rem/1.5 Arial,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#212b32}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.5rem;"
    "border-bottom:1px solid #4c6272}a{color:#005eb8}caption{text-align:left;font-weight:bold;padding:.5rem 0}"
)

_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()

_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""The page runs nothing, loads nothing, and is styled by its own style element alone (CSP level 3, hash sources)."""


def pathway_pages(pathways: Mapping[RegionId, Pathway]) -> APIRouter:
    """One page for each loaded pathway and one for the national fallback.

    Args:
        pathways: the loaded pathways.
    """
    speakers: list[Pathway | NationalFallback] = [*pathways.values(), NATIONAL]
    pages = {str(speaker.id): _page(speaker) for speaker in speakers}
    router = APIRouter(tags=["pathways"])

    @router.get(
        "/pathways/{pathway_id}", response_class=HTMLResponse, responses={404: {"description": "No such pathway."}}
    )
    async def show(pathway_id: str) -> HTMLResponse:
        """What a pathway says, as a page: metadata as printed, and each rule with its source."""
        page = pages.get(pathway_id)
        if page is None:
            raise HTTPException(404)
        return HTMLResponse(page, headers=_HEADERS)

    return router


def _page(speaker: Pathway | NationalFallback) -> str:
    title = f"{speaker.title} v{speaker.version}"
    metadata: list[tuple[str, ...]] = [("In force", "always, where no region's pathway applies")]
    if isinstance(speaker, Pathway):
        metadata = _metadata(speaker)
    return (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        "<p>What this service applies, and where each rule comes from. It advises; the clinician decides.</p>"
        f"{_table('About the pathway', ('Item', 'As loaded'), metadata)}"
        f"{_table('Rules', ('Rule', 'Why', 'Source'), _rules(speaker))}"
        f"{_table('What the cards say first', ('Text', 'Summary'), _summaries(speaker))}"
        "</main></body></html>"
    )


def _metadata(pathway: Pathway) -> list[tuple[str, ...]]:
    document: Document = pathway.document
    approval = document.approval
    approved = (
        "none printed" if approval is None else f"{approval.as_printed} ({approval.status}: {approval.note or ''})"
    )
    return [
        ("Document", document.title),
        ("Published by", document.publisher),
        ("Effective", f"{pathway.effective:%d %B %Y}"),
        ("Review due", f"{pathway.review:%d %B %Y}"),
        ("Approval date as printed", approved),
        ("Footprint", f"{pathway.footprint.name}: {', '.join(pathway.footprint.boroughs)}"),
        ("Sub-ICB location", ", ".join(pathway.footprint.sub_icb)),
        ("Scans covered", ", ".join(modality.value.upper() for modality in pathway.modalities)),
        ("Redirected settings", ", ".join(pathway.settings.redirect)),
        ("Exempt settings", ", ".join(pathway.settings.exempt)),
        ("Contact", document.contact or "not printed"),
    ]


def _rules(speaker: Pathway | NationalFallback) -> list[tuple[str, ...]]:
    return [
        (
            rule_id + ("" if rule.enabled else " (switched off)"),
            rule.because,
            f"document, {', '.join(rule.sentences)}" if rule.basis == "document" else "national guidance",
        )
        for rule_id, rule in speaker.rules.items()
    ]


def _summaries(speaker: Pathway | NationalFallback) -> list[tuple[str, ...]]:
    return [
        (key, text.summary.replace("{this}", "this scan").replace("{the}", "the scan"))
        for key, text in speaker.texts.cards.items()
    ]


def _table(caption: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
