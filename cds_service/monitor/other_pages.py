"""The pages without figures: pathways, downloads, and words."""

from datetime import date
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from cds_service.monitor.access.guard import Visit
from cds_service.monitor.access.permissions import Permission
from cds_service.monitor.asked import Asked
from cds_service.monitor.contents import FIGURE_PAGES
from cds_service.monitor.definitions import DEFINITIONS
from cds_service.monitor.exports import DAYS_NOT_WORKED_OUT, dictionary_csv
from cds_service.monitor.figure_pages import regions_and_period
from cds_service.monitor.findings_in_words import being_worked_out
from cds_service.monitor.pathway_versions import HEADS, version_rows
from cds_service.monitor.selection import Field, SelectionError
from cds_service.monitor.surroundings import MadePage, Surroundings
from cds_service.pages.frame import Link
from cds_service.pages.headers import PAGE_HEADERS
from cds_service.pages.words import day_in_words
from cds_service.pathway.model import Pathway

_DICTIONARY: Final = "/monitor/downloads/data_dictionary.csv"
_NOT_BY: Final = (Field.BOROUGH, Field.PCN)
_EVERY_FILE: Final = "every-file"
_SOON_DAYS: Final = 90


class OtherPages:
    """Makes the other pages.

    Args:
        surroundings: what they have around them.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings

    def made(self) -> list[MadePage]:
        """Every page, with what it needs."""
        return [
            MadePage("/monitor/pathways", Permission.SEE_CHARTS, self._pathways),
            MadePage("/monitor/downloads", Permission.EXPORT_FIGURES, self._downloads),
            MadePage(_DICTIONARY, Permission.EXPORT_FIGURES, self._dictionary, is_export=True),
            MadePage("/monitor/about", Permission.SEE_CHARTS, partial(self._words, "about", "About these figures")),
            MadePage("/monitor/definitions", Permission.SEE_CHARTS, partial(self._words, "definitions", "Definitions")),
        ]

    def _pathways(self, request: Request, visit: Visit) -> Response:
        try:
            stated, asked = self._around.asked(request, visit, [*Field])
        except SelectionError as error:
            return self._refused("Pathways", visit, "/monitor/pathways", error)
        pathways = self._around.sources.pathways()
        return self._around.page(
            "pathways.html",
            "Pathways",
            visit,
            here="/monitor/pathways",
            query=stated.query(),
            pathways=[_pathway(pathways[region], asked) for region in asked.regions if region in pathways],
            version_heads=HEADS,
        )

    def _downloads(self, request: Request, visit: Visit) -> Response:
        try:
            stated, asked = self._around.asked(request, visit, _NOT_BY)
        except SelectionError as error:
            return self._refused("Downloads", visit, "/monitor/downloads", error)
        query = stated.query()
        rows = [
            [
                kind.title,
                page.title,
                Link("CSV", f"{page.panel_address(kind, 'csv')}{query}"),
                Link("JSON", f"{page.panel_address(kind, 'json')}{query}"),
                Link("PNG", f"{page.panel_address(kind, 'png')}{query}") if kind.has_chart else None,
            ]
            for page in FIGURE_PAGES
            for kind in page.panels
        ]
        return self._around.page(
            "downloads.html",
            "Downloads",
            visit,
            here="/monitor/downloads",
            query=query,
            scope=f"{regions_and_period(asked)}.",
            notices=being_worked_out(asked),
            rows=rows,
            dictionary=f"{_DICTIONARY}{query}",
        )

    def _dictionary(self, request: Request, visit: Visit) -> Response:
        try:
            _, asked = self._around.asked(request, visit, [*Field])  # fields are the same for every choice
        except SelectionError as error:
            return self._refused("Downloads", visit, "/monitor/downloads", error)
        tables = [
            (f"{page.slug or 'overview'}-{kind.name}", kind.build(asked).table.headings)
            for page in FIGURE_PAGES
            for kind in page.panels
        ]
        headers = {**PAGE_HEADERS, "Content-Disposition": 'attachment; filename="data_dictionary.csv"'}
        return Response(
            dictionary_csv([*tables, (_EVERY_FILE, (DAYS_NOT_WORKED_OUT,))]), media_type="text/csv", headers=headers
        )

    def _words(self, template: str, heading: str, request: Request, visit: Visit) -> Response:
        try:
            stated, _ = self._around.asked(request, visit, [*Field])
        except SelectionError as error:
            return self._refused(heading, visit, f"/monitor/{template}", error)
        return self._around.page(
            f"{template}.html",
            heading,
            visit,
            here=f"/monitor/{template}",
            query=stated.query(),
            definitions=list(DEFINITIONS.values()),
            window_days=self._around.sources.window_days,
            chart_rules=self._around.sources.rules,
        )

    def _refused(self, heading: str, visit: Visit, back: str, error: SelectionError) -> Response:
        return self._around.page(
            "refused.html", heading, visit, here=back, status=400, problems=error.problems, back=back
        )


def _pathway(pathway: Pathway, asked: Asked) -> dict[str, object]:
    """A pathway for the template: what is in force, how long until somebody has to look at it, and what was before."""
    days = (pathway.review - asked.today).days
    approval = pathway.document.approval
    return {
        "id": pathway.id,
        "title": pathway.title,
        "version": pathway.version,
        "days": days,
        "review_kind": "critical" if days < 0 else "warning" if days <= _SOON_DAYS else "good",
        "review_words": _review_words(days),
        "region": pathway.footprint.name,
        "versions": version_rows(asked, pathway.id),
        "rows": [
            ("In force", _in_force(pathway, asked.today)),
            ("Review due", f"{day_in_words(pathway.review)}"),
            ("Approval, as printed", "none printed" if approval is None else approval.as_printed),
            ("Approval date", "none" if approval is None else f"{approval.status}. {approval.note or ''}".strip()),
            ("Scans covered", ", ".join(modality.value.upper() for modality in pathway.modalities)),
            (
                "Rules switched off",
                ", ".join(rule for rule, each in pathway.rules.items() if not each.enabled) or "none",
            ),
            ("What the cards say", Link("Rules and texts", f"/pathways/{pathway.id}")),
        ],
    }


def _review_words(days: int) -> str:
    if days < 0:
        return f"Past review by {-days} {'day' if days == -1 else 'days'}: cards say so"
    if days == 0:
        return "Review is due today"
    return f"{days} {'day' if days == 1 else 'days'} to review"


def _in_force(pathway: Pathway, today: date) -> str:
    since = day_in_words(pathway.effective)
    if pathway.is_effective(today):
        return f"since {since}"
    if today < pathway.effective:
        return f"not yet: from {since}"
    if pathway.until is not None and today > pathway.until:
        return f"no longer: until {day_in_words(pathway.until)}"
    return "suspended: CES and MSCC alone speak, nationally"
