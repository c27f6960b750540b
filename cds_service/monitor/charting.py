"""Charts of tables: what a page's table shows, and nothing besides, drawn."""

from collections.abc import Sequence
from datetime import date

from cds_service.monitor.bar_charts import SharesRow, bar_chart, stacked_share_chart
from cds_service.monitor.disclosure import Shown, ShownPercentage
from cds_service.monitor.drawing import Drawing
from cds_service.monitor.tables import Cell, FigureTable, Heading
from cds_service.monitor.weekly_charts import NamedLine, line_chart
from cds_service.pages.words import day_in_words


def bars(table: FigureTable, label: Heading, figure: Heading) -> Drawing:
    """A bar for each row.

    Args:
        table: what is drawn.
        label: the column that names a bar.
        figure: the column of its length.
    """
    pairs = zip(_names(table, label), _counts(table, figure), strict=True)
    return bar_chart(table.caption, f"{figure.words} for each of {len(table.rows)} rows of the table.", [*pairs])


def stacked(table: FigureTable, whole: Heading, kinds: Sequence[Heading]) -> Drawing:
    """What each row is made of, as shares.

    Args:
        table: what is drawn; its first column names the rows.
        whole: the column of what the parts make together.
        kinds: the columns of the parts, four at most.
    """
    parts = zip(*(_counts(table, kind) for kind in kinds), strict=True)
    named = zip(_names(table, table.headings[0]), _counts(table, whole), parts, strict=True)
    words = [kind.words for kind in kinds]
    description = f"Shares of: {', '.join(words).lower()}."
    return stacked_share_chart(table.caption, description, words, [SharesRow(*row) for row in named])


def lines(table: FigureTable, figures: Sequence[Heading]) -> Drawing:
    """A line for each of some columns.

    Args:
        table: what is drawn; its first column is a day.
        figures: the columns, four at most, of counts or of percentages.
    """
    days = [cell for cell in table.column(table.headings[0].name) if isinstance(cell, date)]
    drawn = [NamedLine(figure.words.removesuffix(", %"), _figures(table, figure)) for figure in figures]
    is_of_shares = all(isinstance(value, ShownPercentage) for line in drawn for value in line.values)
    words = ", ".join(line.name.lower() for line in drawn)
    return line_chart(
        table.caption,
        f"By {table.headings[0].name.removesuffix('_from')}: {words}.",
        days,
        drawn,
        "%" if is_of_shares else "",
    )


def _names(table: FigureTable, label: Heading) -> list[str]:
    return [_name(cell) for cell in table.column(label.name)]


def _name(cell: Cell) -> str:
    return day_in_words(cell) if isinstance(cell, date) else str(cell)


def _figures(table: FigureTable, heading: Heading) -> list[Shown | ShownPercentage]:
    return [cell for cell in table.column(heading.name) if isinstance(cell, Shown | ShownPercentage)]


def _counts(table: FigureTable, heading: Heading) -> list[Shown]:
    return [cell for cell in table.column(heading.name) if isinstance(cell, Shown)]
