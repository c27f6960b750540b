"""The tables that several pages have: what became of cards by something, and numbers of something by something."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from cds_service.monitor import headings
from cds_service.monitor.sums import ANSWERS, Sums
from cds_service.monitor.tables import ALL, Cell, Disclosed, FigureTable, Heading, Key, Share

WHOLE: Final = "whole"
"""The one kind of a table that tells no kinds apart."""

Labels = Callable[[Key], tuple[Cell, ...]]
"""What a row is called: a cell for each label column."""


def answers_of(sums: Mapping[Key, Sums]) -> Disclosed:
    """Cards by what became of them, for each row."""
    return Disclosed({key: each.answers for key, each in sums.items()}, ANSWERS)


def counts_of(counts: Mapping[Key, int]) -> Disclosed:
    """One number for each row."""
    return Disclosed({key: {WHOLE: count} for key, count in counts.items()}, (WHOLE,))


def answers_table(
    caption: str,
    labels: Sequence[Heading],
    answers: Disclosed,
    labels_of: Labels,
    shares: Sequence[Share],
    total: str | None = "All",
    keys: Sequence[Key] | None = None,
) -> FigureTable:
    """Cards shown, what became of them, and shares of those shown.

    Args:
        caption: what the table is.
        labels: the columns that say what a row is.
        answers: the figures, of rows right below the whole.
        labels_of: what a row is called.
        shares: percentages of the cards shown.
        total: what the row of everything is called; None for no such row.
        keys: which of the rows; None for all of them.
    """
    shown = answers.below() if keys is None else keys
    rows = [(*labels_of(key), *answers.cells(key, shares)) for key in shown]
    if total is not None and len(rows) > 1:
        rows.append((total, *[""] * (len(labels) - 1), *answers.cells(ALL, shares)))
    headed = (*labels, headings.SHOWN, *headings.ANSWERS, *(share.heading for share in shares))
    return FigureTable(caption=caption, headings=headed, labels=len(labels), rows=tuple(rows))


def first_label(key: Key) -> tuple[Cell, ...]:
    """A row called by what it is."""
    return (key[0],)
