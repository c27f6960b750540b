"""The tables that several pages have: what became of cards by something, and numbers of something by something.

Figures of a request are made here from a function of requests, which is also asked of those for the other values of a
filter: a reader can lay them beside each other.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Final

from cds_service.cardlog.report_rows import WeeklyCount
from cds_service.monitor import headings
from cds_service.monitor.asked import Asked
from cds_service.monitor.selection import Field
from cds_service.monitor.sums import ANSWERS, Sums, grouped
from cds_service.monitor.tables import ALL, Cell, Disclosed, FigureTable, Heading, Key, Leaves, Share

WHOLE: Final = "whole"
"""The one kind of a table that tells no kinds apart."""

Labels = Callable[[Key], tuple[Cell, ...]]
"""What a row is called: a cell for each label column."""


def figures_in(
    asked: Asked,
    leaves_of: Callable[[Asked], Leaves],
    kinds: Sequence[str],
    but: Container[Field] = (),
    *,
    sums_stand_elsewhere: bool = False,
) -> Disclosed:
    """Figures of a request, held against those that a reader gets with the other values of each filter.

    Args:
        asked: the request.
        leaves_of: the exact counts of a request.
        kinds: as a table has them.
        but: filters of which the values have no row in common, so that they are not laid beside each other.
        sums_stand_elsewhere: as of `Disclosed`.
    """
    beside = [[leaves_of(other) for other in others] for field, others in asked.beside.items() if field not in but]
    return Disclosed(leaves_of(asked), kinds, beside, sums_stand_elsewhere=sums_stand_elsewhere)


def answers_in(asked: Asked, sums_of: Callable[[Asked], Mapping[Key, Sums]], but: Container[Field] = ()) -> Disclosed:
    """Cards of a request by what became of them, for each row; arguments as of `figures_in`."""
    return figures_in(asked, lambda each: {key: sums.answers for key, sums in sums_of(each).items()}, ANSWERS, but)


def counts_in(asked: Asked, counts: Callable[[Asked], Mapping[Key, int]], but: Container[Field] = ()) -> Disclosed:
    """One number of a request for each row; arguments as of `figures_in`."""
    return figures_in(asked, lambda each: {key: {WHOLE: count} for key, count in counts(each).items()}, (WHOLE,), but)


def answers_of(sums: Mapping[Key, Sums]) -> Disclosed:
    """Cards by what became of them, for each row."""
    return Disclosed({key: each.answers for key, each in sums.items()}, ANSWERS)


def answers_over_time(asked: Asked, sums_of: Callable[[Asked], Mapping[Key, Sums]]) -> Disclosed:
    """Cards of a request by what became of them, for each stretch of time: other tables have the sums of all."""
    return figures_in(
        asked,
        lambda each: {key: sums.answers for key, sums in sums_of(each).items()},
        ANSWERS,
        sums_stand_elsewhere=True,
    )


def counts_over_time(asked: Asked, counts: Callable[[Asked], Mapping[Key, int]]) -> Disclosed:
    """One number of a request for each stretch of time: other tables have the sum of all."""
    return figures_in(
        asked,
        lambda each: {key: {WHOLE: count} for key, count in counts(each).items()},
        (WHOLE,),
        sums_stand_elsewhere=True,
    )


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


def sums_by_week(rows: Iterable[WeeklyCount]) -> dict[Key, Sums]:
    """A row for each week."""
    return {(week,): sums for week, sums in grouped(rows, lambda row: row.week).items()}


def first_label(key: Key) -> tuple[Cell, ...]:
    """A row called by what it is."""
    return (key[0],)
