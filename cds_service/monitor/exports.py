"""Files of figures: CSV for a spreadsheet, JSON for a program, and the dictionary that explains both.

They hold what the page holds, from the same tables, so that no file knows more than a page.
"""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import Final

from cds_service.cardlog.export_formats import spreadsheet_safe
from cds_service.monitor.disclosure import Shown, ShownPercentage
from cds_service.monitor.tables import Cell, FigureTable, Heading

SUPPRESSED: Final = "suppressed"
"""The state of every file: counts about people of 1 to 7 are masked, others are rounded to 5."""

DAYS_NOT_WORKED_OUT: Final = Heading(
    "days_not_worked_out",
    "Days not worked out",
    "days of the period whose figures are still being worked out, so that numbers may be too low or missing; in a CSV "
    "file only while there are any",
)
"""What every file says of figures that are not all there."""

DICTIONARY_HEADER: Final = ("table", "field", "meaning")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a file is of; it stands in its name, and at the head of the JSON.

    Attributes:
        name: of the table.
        title: the same for a person.
        regions: footprints in it.
        first: first day of the period.
        last: last day of the period.
        versions: pathway versions in force at its end, such as `nwl-1.2`.
        filters: further filters, each as field and value.
        not_narrowed_by: filters that were asked for and that these figures cannot meet.
        is_demo: whether the figures are invented.
        days_not_worked_out: days of the period whose figures were not there yet, or not all of them; 0 as a rule.
    """

    name: str
    title: str
    regions: tuple[str, ...]
    first: date
    last: date
    versions: tuple[str, ...]
    filters: tuple[tuple[str, str], ...]
    not_narrowed_by: tuple[str, ...]
    is_demo: bool
    days_not_worked_out: int = 0

    def file_name(self, ending: str) -> str:
        """Table, footprints, period, filters, pathway versions and state, as a file system takes them."""
        parts = [
            self.name,
            "-".join(self.regions),
            self.first.isoformat(),
            self.last.isoformat(),
            *(value for _, value in self.filters),
            *self.versions,
            *(("demo",) if self.is_demo else ()),
            *(("not-worked-out",) if self.days_not_worked_out else ()),
            SUPPRESSED,
        ]
        return f"{'_'.join(_plain(part) for part in parts)}.{ending}"


def csv_text(table: FigureTable, about: About) -> str:
    """One header row in snake_case, ISO dates, `*` for what is masked, nothing for what there is not.

    A text that a spreadsheet would take for a formula has an apostrophe in front. While figures of some days are being
    worked out, each row ends with how many days those are: a file's name is soon lost, and its columns are not.
    """
    further: list[Cell] = [about.days_not_worked_out] if about.days_not_worked_out else []
    headed = [*table.headings, *(DAYS_NOT_WORKED_OUT for _ in further)]
    return _rows_as_csv([heading.name for heading in headed], (map(_csv_cell, (*row, *further)) for row in table.rows))


def json_text(table: FigureTable, about: About, note: str | None = None) -> str:
    """What the file is of, its fields, and its rows; `"*"` for what is masked, null for what there is not.

    Args:
        table: what it holds.
        about: what it is of.
        note: what a reader has to know, as it stands below the page's panel.
    """
    names = [heading.name for heading in table.headings]
    return json.dumps(
        {
            "table": about.name,
            "title": about.title,
            "regions": about.regions,
            "first": about.first.isoformat(),
            "last": about.last.isoformat(),
            "pathway_versions": about.versions,
            "filters": dict(about.filters),
            "not_narrowed_by": about.not_narrowed_by,
            "invented": about.is_demo,
            DAYS_NOT_WORKED_OUT.name: about.days_not_worked_out,
            "disclosure": "Counts about people of 1 to 7 are *, 0 is 0, others are rounded to the nearest 5.",
            "note": note,
            "fields": {heading.name: heading.meaning for heading in table.headings},
            "rows": [dict(zip(names, map(_json_cell, row), strict=True)) for row in table.rows],
        },
        ensure_ascii=False,
        indent=2,
    )


def dictionary_csv(tables: Iterable[tuple[str, Sequence[Heading]]]) -> str:
    """What each field of each table means."""
    rows = ((name, heading.name, heading.meaning) for name, headings in tables for heading in headings)
    return _rows_as_csv(DICTIONARY_HEADER, rows)


def _rows_as_csv(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _csv_cell(cell: Cell) -> str:
    if isinstance(cell, Shown | ShownPercentage):
        return cell.cell
    if cell is None:
        return ""
    return spreadsheet_safe(cell) if isinstance(cell, str) else str(cell)


def _json_cell(cell: Cell) -> str | int | float | None:
    if isinstance(cell, Shown):
        return cell.cell if cell.rounded is None else cell.rounded
    if isinstance(cell, ShownPercentage):
        return float(cell.cell) if cell.percent is not None else cell.cell or None
    return cell.isoformat() if isinstance(cell, date) else cell


def _plain(part: str) -> str:
    """Letters, digits, dots and hyphens alone: the part may be a borough's name."""
    return "".join(sign if sign.isascii() and (sign.isalnum() or sign in ".-") else "-" for sign in part)
