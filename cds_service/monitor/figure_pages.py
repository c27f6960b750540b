"""Pages of figures, and each of their panels as a file and as a picture."""

from collections.abc import Container, Mapping
from functools import partial
from threading import Lock
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from cds_service.monitor.access.guard import Visit
from cds_service.monitor.access.permissions import Permission
from cds_service.monitor.asked import Asked
from cds_service.monitor.contents import FIGURE_PAGES
from cds_service.monitor.drawn import DrawnPanel, drawn_kpis, drawn_panel
from cds_service.monitor.exports import About, csv_text, json_text
from cds_service.monitor.findings_in_words import being_worked_out
from cds_service.monitor.form import LABELS, form_fields
from cds_service.monitor.known_clients import KnownClients
from cds_service.monitor.selection import Field, Problem, Selection, SelectionError
from cds_service.monitor.surroundings import MadePage, Surroundings
from cds_service.monitor.view import PageKind, PanelKind
from cds_service.monitor.views.red_flags import RED_FLAG_PAGE
from cds_service.monitor.weeks import week_of
from cds_service.pages.fields import Field as FormField
from cds_service.pages.frame import Link
from cds_service.pages.headers import PAGE_HEADERS
from cds_service.pages.words import day_in_words

_FILES: Final = ("csv", "json")
_FILES_OF_CHARTS: Final = (*_FILES, "png")
RED_FLAG_CARDS: Final = "/monitor/red-flags/cards"
"""The address of the list of red-flag cards."""


class FigurePages:
    """Makes the pages of figures and their files.

    Args:
        surroundings: what they have around them.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings
        self._one_at_a_time = Lock()  # matplotlib promises nothing to several threads
        self._clients = KnownClients(surroundings.sources.engine)

    def made(self) -> list[MadePage]:
        """Every page and file, with what it needs."""
        return [each for page in FIGURE_PAGES for each in self._of(page)]

    def _of(self, page: PageKind) -> list[MadePage]:
        guarded = [MadePage(page.address, Permission.SEE_CHARTS, partial(self._show, page))]
        for kind in page.panels:
            guarded += [
                self._file_of(page, kind, ending, Permission.EXPORT_FIGURES)
                for ending in (_FILES_OF_CHARTS if kind.has_chart else _FILES)
            ]
            if kind.has_chart:  # the picture that stands on the page
                guarded.append(self._file_of(page, kind, "svg", Permission.SEE_CHARTS))
        return guarded

    def _file_of(self, page: PageKind, kind: PanelKind, ending: str, permission: Permission) -> MadePage:
        address = page.panel_address(kind, ending)
        is_export = permission is Permission.EXPORT_FIGURES
        return MadePage(address, permission, partial(self._file, page, kind, ending), is_export=is_export)

    def _asked(self, page: PageKind, request: Request, visit: Visit) -> tuple[Selection, Asked, Mapping[Field, str]]:
        """What is asked, as it is stated and as the page can meet it, and what it cannot be narrowed by.

        Raises:
            SelectionError: the address cannot be meant.
        """
        stated, asked = self._around.asked(request, visit, [*page.not_by])
        if Field.BOROUGH not in page.not_by:
            stated.check_places()
        not_by = page.not_by_of(stated)
        return stated, asked.without(not_by), not_by

    def _show(self, page: PageKind, request: Request, visit: Visit) -> Response:
        try:
            stated, asked, not_by = self._asked(page, request, visit)
        except SelectionError as error:
            return self._refused(page, request, visit, error.problems)
        query = stated.query()
        not_worked_out = being_worked_out(asked)  # asked before the figures
        opening = page.open(asked)
        may_export = visit.viewer.may(Permission.EXPORT_FIGURES)
        further = []
        if page is RED_FLAG_PAGE and visit.viewer.may(Permission.SEE_RED_FLAG_CARDS):
            further = [Link("Red-flag cards one by one (each look is recorded)", f"{RED_FLAG_CARDS}{query}")]
        return self._around.page(
            "figures.html",
            page.title,
            visit,
            here=page.address,
            query=query,
            introduction=page.introduction,
            address=page.address,
            opening=opening,
            kpis=drawn_kpis(opening.kpis),
            scope=scope_in_words(page, asked),
            not_worked_out=not_worked_out,
            notices=not_applied(not_by, stated),
            fields=self._fields(page, visit, stated.stated()),
            further=further,
            above=_places_above(page, stated),
            panels=[self._drawn(page, kind, stated, asked, may_export=may_export) for kind in page.panels],
        )

    def _drawn(
        self, page: PageKind, kind: PanelKind, stated: Selection, asked: Asked, *, may_export: bool
    ) -> DrawnPanel:
        panel = kind.build(asked.without(kind.not_by))
        return drawn_panel(
            page, kind, panel, stated.query(), notices=not_applied(kind.not_by, stated), may_export=may_export
        )

    def _refused(self, page: PageKind, request: Request, visit: Visit, problems: tuple[Problem, ...]) -> Response:
        """The form again, with what is wrong; no figure, since which is not known."""
        typed = {name: value for name, value in request.query_params.items() if name in set(Field) and value}
        return self._around.page(
            "figures.html",
            page.title,
            visit,
            here=page.address,
            status=400,
            introduction=page.introduction,
            address=page.address,
            opening=None,
            kpis=[],
            scope="",
            notices=[],
            fields=self._fields(page, visit, typed, problems),
            further=[],
            above=[],
            panels=[],
        )

    def _fields(
        self, page: PageKind, visit: Visit, stated: dict[str, str], problems: tuple[Problem, ...] = ()
    ) -> list[FormField]:
        sources = self._around.sources
        regions = visit.viewer.footprints(visit.permission)
        names = [(region, sources.region_name(region)) for region in regions]
        return form_fields(stated, page.not_by, names, self._clients.of(regions, sources.now()), problems)

    def _file(self, page: PageKind, kind: PanelKind, ending: str, request: Request, visit: Visit) -> Response:
        try:
            stated, asked, not_by = self._asked(page, request, visit)
        except SelectionError as error:
            return self._refused(page, request, visit, error.problems)
        asked = asked.without(kind.not_by)
        # Before the figures, since it asks whether they are all there.
        about = _about(page, kind, stated, asked, {*not_by, *kind.not_by})
        panel = kind.build(asked)
        if ending == "csv":
            return _named(Response(csv_text(panel.table, about), media_type="text/csv"), about.file_name("csv"))
        if ending == "json":
            return _named(
                Response(json_text(panel.table, about, panel.note), media_type="application/json"),
                about.file_name("json"),
            )
        if panel.draw is None:
            return self._around.page(
                "nothing_to_draw.html", kind.title, visit, here=page.address, status=404, panel=panel, back=page.address
            )
        drawing = panel.draw()
        with self._one_at_a_time:
            picture = drawing.svg().encode() if ending == "svg" else drawing.png()
        if ending == "svg":
            return Response(picture, media_type="image/svg+xml", headers=PAGE_HEADERS)
        return _named(Response(picture, media_type="image/png"), about.file_name("png"))


def scope_in_words(page: PageKind, asked: Asked) -> str:
    """What the figures are of: footprints and period, and what they are compared with, on a page that compares."""
    if not page.is_compared:
        compared = "."
    elif asked.has_period_before:
        compared = ", compared with as many weeks before."
    elif asked.days_before_due:
        compared = ". Figures of as many weeks before are still being worked out, so nothing is compared with them."
    else:
        compared = ". The log does not reach back over as many weeks before, so there is nothing to compare with."
    return f"{regions_and_period(asked)}{compared}"


def regions_and_period(asked: Asked) -> str:
    """The same of what is compared with nothing, without a full stop."""
    regions = ", ".join(asked.sources.region_name(region) for region in asked.regions)
    return f"{regions}. {asked.period.in_words()}{_weeks_of_the_log(asked)}"


def _weeks_of_the_log(asked: Asked) -> str:
    """How many of the weeks the log has, where it begins within them; nothing while that is not known for sure.

    A week, not the day: charts begin with it too, and a day might be that of one order.
    """
    begun = None if asked.first_day is None else week_of(asked.first_day)
    if begun is None or asked.days_due or not asked.period.first < begun <= asked.period.last:
        return ""
    weeks = (asked.period.last_monday - begun).days // 7 + 1
    return f", of which the log has {weeks}, from the week of {day_in_words(begun)} on"


def _named(response: Response, file_name: str) -> Response:
    """An answer that a browser saves under a name, and keeps nowhere else."""
    response.headers.update(PAGE_HEADERS)
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


def _about(page: PageKind, kind: PanelKind, stated: Selection, asked: Asked, not_by: Container[Field]) -> About:
    selection = asked.selection
    further = [field for field in selection.narrowed_by() if field is not Field.REGION]
    return About(
        name=f"{page.slug or 'overview'}-{kind.name}",
        title=kind.title,
        regions=asked.regions,
        first=asked.period.first,
        last=asked.period.last,
        versions=asked.versions,
        filters=tuple((field.value, getattr(selection, field.value)) for field in further),
        not_narrowed_by=tuple(field.value for field in stated.narrowed_by() if field in not_by),
        is_demo=asked.sources.is_demo,
        days_not_worked_out=len(asked.days_due),
    )


def not_applied(not_by: Mapping[Field, str], stated: Selection) -> list[str]:
    """What the reader has to know of filters that a page or a panel cannot meet."""
    return [
        f"Not narrowed by {_named_field(field)}: {not_by[field]}." for field in stated.narrowed_by() if field in not_by
    ]


def _named_field(field: Field) -> str:
    name = LABELS.get(field, field.value)
    return name if name.isupper() else name.lower()


def _places_above(page: PageKind, stated: Selection) -> list[Link]:
    """The way back up from a place that is looked into."""
    if Field.BOROUGH in page.not_by or stated.region is None:
        return []
    ways = [("All footprints", stated.query(region=None, borough=None, pcn=None))]
    if stated.borough is not None:
        ways.append(("All boroughs", stated.query(borough=None, pcn=None)))
    if stated.pcn is not None:
        ways.append((stated.borough or "", stated.query(pcn=None)))
    return [Link(words, f"{page.address}{query}") for words, query in ways]
