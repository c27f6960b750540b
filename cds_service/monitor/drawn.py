"""A page's panels as its template draws them: addresses of their files, and cells as text."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from cds_service.monitor.definitions import DEFINITIONS
from cds_service.monitor.tables import Cell
from cds_service.monitor.view import Kpi, PageKind, Panel, PanelKind
from cds_service.pages.frame import Link
from cds_service.pages.words import day_in_words


class DrawnPanel(NamedTuple):
    """A panel for the template.

    Attributes:
        name: its id on the page.
        finding: its heading.
        sentence: below the heading, with the filters that the panel cannot meet.
        note: below the figures; None for nothing.
        caption: of the table.
        heads: of the table.
        rows: of the table; the first cell may be a link.
        numeric: columns that hold figures.
        masked: whether any figure is masked.
        image: address of the picture; None without one.
        png: address of the picture for a paper; None without one.
        csv: address of the file; None for readers who may not have it.
        definitions: links to what is counted.
    """

    name: str
    finding: str
    sentence: str
    note: str | None
    caption: str
    heads: list[str]
    rows: list[list[str | int | Link | None]]
    numeric: list[int]
    masked: bool
    image: str | None
    png: str | None
    csv: str | None
    definitions: list[Link]


def drawn_panel(
    page: PageKind, kind: PanelKind, panel: Panel, query: str, *, notices: Sequence[str], may_export: bool
) -> DrawnPanel:
    """A panel for the template.

    Args:
        page: where it stands.
        kind: which it is.
        panel: what it says.
        query: of the page, kept in the addresses of the files.
        notices: filters that it cannot meet.
        may_export: whether the reader may have files of figures.
    """
    table = panel.table
    rows = [[_text(cell) for cell in row] for row in table.rows]
    for row, link in zip(rows, panel.links, strict=False):
        if link is not None:
            row[0] = Link(str(row[0]), f"{page.address}{link}")
    has_picture = panel.draw is not None
    return DrawnPanel(
        name=kind.name,
        finding=panel.finding,
        sentence=" ".join([panel.sentence, *notices]),
        note=panel.note,
        caption=table.caption,
        heads=[heading.words for heading in table.headings],
        rows=rows,
        numeric=[*range(table.labels, len(table.headings))],
        masked=table.masked > 0,
        image=f"{page.panel_address(kind, 'svg')}{query}" if has_picture else None,
        png=f"{page.panel_address(kind, 'png')}{query}" if has_picture and may_export else None,
        csv=f"{page.panel_address(kind, 'csv')}{query}" if may_export else None,
        definitions=[Link(DEFINITIONS[name].title, definition_address(name)) for name in kind.definitions],
    )


def drawn_kpis(kpis: Sequence[Kpi]) -> list[Mapping[str, str | None]]:
    """Key figures for the template."""
    return [
        {
            "label": kpi.label,
            "value": str(kpi.value),
            "definition": definition_address(kpi.definition),
            "note": kpi.note,
        }
        for kpi in kpis
    ]


def definition_address(name: str) -> str:
    """Where a number is defined."""
    return f"/monitor/definitions#{DEFINITIONS[name].name}"


def _text(cell: Cell) -> str | int | Link | None:
    if isinstance(cell, date):
        return day_in_words(cell)
    return cell if cell is None or isinstance(cell, str | int) else str(cell)
