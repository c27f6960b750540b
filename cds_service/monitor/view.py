"""What a page of the monitor is made of, ready to be shown: nothing in it has to be kept from anybody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from cds_service.monitor.asked import Asked
from cds_service.monitor.disclosure import Shown, ShownPercentage
from cds_service.monitor.drawing import Drawing
from cds_service.monitor.selection import Field, Selection
from cds_service.monitor.tables import FigureTable
from cds_service.pathway.outcomes import RED_FLAGS

NOT_BY_PLACE: Final = MappingProxyType(
    {
        Field.BOROUGH: "only the page Where looks into boroughs",
        Field.PCN: "only the page Where looks into networks",
    }
)
"""What most pages cannot be narrowed by."""


class Kpi(NamedTuple):
    """One number with its name.

    Attributes:
        label: what it is.
        value: as it may be shown.
        definition: its entry on the page of definitions.
        note: what it is to be compared with; None for nothing.
    """

    label: str
    value: Shown | ShownPercentage | str
    definition: str
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A finding with the figures behind it.

    Attributes:
        finding: what the figures say, as a heading.
        sentence: the same with numbers, or what can be read from them.
        table: the figures.
        draw: makes the chart; None where a table says it better, or there is nothing to draw.
        note: what a reader has to know; None for nothing.
        links: for the rows in order, the query that looks into one; None for a row into which nobody can look.
    """

    finding: str
    sentence: str
    table: FigureTable
    draw: Callable[[], Drawing] | None = None
    note: str | None = None
    links: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelKind:
    """A panel that a page has, whatever is asked.

    Attributes:
        name: in addresses and file names.
        title: what it is about.
        build: makes it.
        definitions: entries of the page of definitions that it rests on.
        not_by: fields that its figures are not counted by, though others of its page are, each with the reason in
            words.
        has_chart: whether there are addresses for its pictures.
    """

    name: str
    title: str
    build: Callable[[Asked], Panel]
    definitions: tuple[str, ...]
    not_by: Mapping[Field, str] = field(default_factory=dict)
    has_chart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a page says before its panels.

    Attributes:
        finding: in words, first.
        kpis: its numbers.
    """

    finding: str
    kpis: tuple[Kpi, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageKind:
    """A page of figures.

    Attributes:
        slug: in its address; empty for the first.
        title: in the navigation and as its heading.
        introduction: what it is for, one sentence.
        open: makes its opening.
        panels: what it shows.
        not_by: fields that none of its figures is counted by, each with the reason in words.
        is_compared: whether any of its figures stands beside that of the period before.
        not_by_for_red_flags: further such fields, where a red-flag outcome is chosen.
    """

    slug: str
    title: str
    introduction: str
    open: Callable[[Asked], Opening]
    panels: tuple[PanelKind, ...]
    not_by: Mapping[Field, str]
    is_compared: bool = True
    not_by_for_red_flags: Mapping[Field, str] = field(default_factory=dict)

    def not_by_of(self, stated: Selection) -> Mapping[Field, str]:
        """The fields that none of its figures is counted by, for what is asked."""
        further = self.not_by_for_red_flags if stated.outcome in RED_FLAGS else {}
        return {**self.not_by, **further}

    @property
    def address(self) -> str:
        """Where it is, from the root of the service."""
        return f"/monitor/{self.slug}" if self.slug else "/monitor"

    def panel_address(self, panel: PanelKind, ending: str) -> str:
        """Where a panel is as a file."""
        return f"/monitor/{self.slug or 'overview'}/{panel.name}.{ending}"
