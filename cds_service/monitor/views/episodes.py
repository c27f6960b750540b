"""What became of orders after their card: the closest that the log comes to whether a card changed anything."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Final

from cds_service.cardlog.episodes import CHANGED, CUT, NOT_SIGNED, OPEN, SIGNED_ANYWAY, WITHOUT_CARD
from cds_service.cardlog.report_rows import EpisodeState
from cds_service.monitor import headings
from cds_service.monitor.asked import Asked
from cds_service.monitor.charting import lines, stacked
from cds_service.monitor.findings_in_words import amount, of
from cds_service.monitor.selection import Field
from cds_service.monitor.standard_tables import counts_in, counts_over_time, figures_in
from cds_service.monitor.sums import in_precedence
from cds_service.monitor.tables import ALL, Cell, Disclosed, FigureTable, Heading, Key, Leaves, Share
from cds_service.monitor.view import NOT_BY_PLACE, Kpi, Opening, PageKind, Panel, PanelKind
from cds_service.monitor.words import EPISODE_STATES, MODALITIES, outcome_words, sentence_case

_ENDED: Final = (CHANGED, NOT_SIGNED, SIGNED_ANYWAY)
_STATE_HEADINGS: Final = tuple(
    Heading(state, words, meaning)
    for state, words, meaning in (
        (CHANGED, EPISODE_STATES[CHANGED], "orders not signed; another scan was chosen in the same order or session"),
        (NOT_SIGNED, EPISODE_STATES[NOT_SIGNED], "orders of which nothing more came in their window"),
        (
            SIGNED_ANYWAY,
            EPISODE_STATES[SIGNED_ANYWAY],
            "orders sent to signing for the same scan, and not removed there by accepting the card",
        ),
    )
)
_END_KNOWN: Final = Heading(
    "orders_ended", "End known", "orders, each counted once, that had a card and whose end is known"
)
_SIGNED_SHARE: Final = Share(
    Heading("signed_anyway_percent", "Signed anyway, %", "signed anyway of orders whose end is known"), SIGNED_ANYWAY
)
_CUT: Final = Heading(
    CUT, "Cut", "further orders, not signed, that began on their window's last day: what came after cannot be told"
)
_FIGURES: Final = (_END_KNOWN, *_STATE_HEADINGS, _SIGNED_SHARE.heading, _CUT)
_FROM: Final = Heading("from_scan", "From", "scan of the order that had the card")
_TO: Final = Heading("to_scan", "To", "scan that was chosen in its place")
_CHANGED_ORDERS: Final = Heading("orders", "Orders", "orders changed for another scan")
_NONE: Final = "No order episode in these weeks"
_WHY_NONE: Final = (
    "Episodes tie the firings of one order together. They are worked out when their window is over, and not at all "
    "where they are switched off (CDS_SERVICE_EPISODES=off)."
)


def opening(asked: Asked) -> Opening:
    """How many orders were signed in spite of their card."""
    ended = _ended(asked, _by_outcome)
    if ended.whole().rounded == 0:
        return Opening(finding=f"{_NONE}. {_WHY_NONE}")
    finding = (
        f"Of {amount(ended.whole(), 'order')} with a card whose end is known, signed anyway: "
        f"{of(ended.share(ALL, SIGNED_ANYWAY))}; changed for another scan: {of(ended.share(ALL, CHANGED))}; "
        f"not signed: {of(ended.share(ALL, NOT_SIGNED))}."
    )
    return Opening(
        finding=finding,
        kpis=(
            Kpi("Orders whose end is known", ended.whole(), "episodes"),
            *(Kpi(EPISODE_STATES[state], ended.share(ALL, state), "episodes") for state in _ENDED),
        ),
    )


def states(asked: Asked) -> Panel:
    """What became of orders, by what their card said."""
    ended, cut = _ended(asked, _by_outcome), _cut(asked, _by_outcome)
    rows = [(outcome_words(str(key[0])), *_cells(ended, cut, key)) for key in ended.below()]
    if len(rows) > 1:
        rows.append(("All", *_cells(ended, cut, ALL)))
    table = FigureTable(
        caption="What became of orders with a card",
        headings=(headings.OUTCOME, *_FIGURES),
        labels=1,
        rows=tuple(rows),
    )
    if not rows:
        return Panel(finding=_NONE, sentence=_WHY_NONE, table=table)
    return Panel(
        finding=f"Orders with a card that were signed anyway: {of(ended.share(ALL, SIGNED_ANYWAY))}",
        sentence=(
            "An order that was not signed may have become a referral, or may have been made elsewhere: the log cannot "
            "tell which. Signed is: sent to signing, and not removed there by accepting the card."
        ),
        table=table,
        draw=lambda: stacked(table, _END_KNOWN, _STATE_HEADINGS),
        note=(
            "“Cut” are orders whose end is not known: they are in no other number. Windows that are not over are left "
            "out altogether, since orders that were signed are known before those that were not."
        ),
    )


def substitution(asked: Asked) -> Panel:
    """Which scan was chosen in place of which."""
    disclosed = counts_in(asked, _changed)
    rows = tuple(
        (_scan(key[0]), _scan(key[1]), disclosed.whole(key))
        for above in disclosed.below()
        for key in disclosed.below(above)
    )
    table = FigureTable(
        caption="Scans chosen in place of others", headings=(_FROM, _TO, _CHANGED_ORDERS), labels=2, rows=rows
    )
    if not rows:
        return Panel(
            finding="No order was changed for another scan",
            sentence="A change of the region of the body within one kind of scan would count as well.",
            table=table,
        )
    return Panel(
        finding="What was chosen in place of the scan that the card was about",
        sentence=f"{sentence_case(amount(disclosed.whole(), 'order'))} changed. From one kind of scan to the same kind "
        "means another region of the body.",
        table=table,
        note="A rise of ultrasound in place of MRI, where the pathway covers MRI alone, is demand that has moved.",
    )


def over_time(asked: Asked) -> Panel:
    """What became of orders, by window."""
    ended, cut = _ended(asked, _by_window, over_time=True), _cut(asked, _by_window, over_time=True)
    rows = tuple((_day(key), *_cells(ended, cut, key)) for key in ended.below())
    table = FigureTable(
        caption="What became of orders, by window", headings=(headings.WINDOW, *_FIGURES), labels=1, rows=rows
    )
    if not rows:
        return Panel(finding=_NONE, sentence=_WHY_NONE, table=table)
    return Panel(
        finding="Orders changed, not signed and signed anyway, by window",
        sentence=(
            f"{len(rows)} windows of {asked.sources.window_days} days, all of them over. Feedback that "
            "comes late still moves what they say."
        ),
        table=table,
        draw=lambda: lines(table, _STATE_HEADINGS),
    )


def _day(key: Key) -> date | str:
    return key[0]


def _scan(modality: object) -> str:
    return MODALITIES.get(str(modality), str(modality))


def _of_windows_over(asked: Asked) -> list[EpisodeState]:
    """Orders with a card, of the windows that are over.

    In an open one the orders that were signed are known before those that were not.
    """
    length = timedelta(days=asked.sources.window_days)
    not_worked_out = {row.window_start for row in asked.episodes if row.state == OPEN}
    return [
        row
        for row in asked.episodes
        if row.state != WITHOUT_CARD
        and row.window_start + length <= asked.today
        and row.window_start not in not_worked_out
    ]


def _changed(asked: Asked) -> dict[Key, int]:
    counts: dict[Key, int] = defaultdict(int)
    changed = [row for row in _of_windows_over(asked) if row.state == CHANGED]
    for row in sorted(changed, key=lambda row: (row.modality, row.changed_to_modality)):
        counts[row.modality, row.changed_to_modality] += row.episodes
    return counts


def _by_window(asked: Asked) -> Leaves:
    over = _of_windows_over(asked)
    return {
        (window,): _counts(row for row in over if row.window_start == window)
        for window in sorted({row.window_start for row in over})
    }


def _by_outcome(asked: Asked) -> Leaves:
    over = _of_windows_over(asked)
    return {
        (outcome,): _counts(row for row in over if row.outcome == outcome)
        for outcome in in_precedence({row.outcome for row in over})
    }


def _ended(asked: Asked, by_state: Callable[[Asked], Leaves], *, over_time: bool = False) -> Disclosed:
    """Orders whose end is known: what all shares are of."""

    def ended(each: Asked) -> Leaves:
        return {key: {state: counts.get(state, 0) for state in _ENDED} for key, counts in by_state(each).items()}

    return figures_in(asked, ended, _ENDED, sums_stand_elsewhere=over_time)


def _cut(asked: Asked, by_state: Callable[[Asked], Leaves], *, over_time: bool = False) -> Disclosed:
    """Orders cut off by their window. No number holds them and others, so that none tells them by a difference."""
    counted = counts_over_time if over_time else counts_in
    return counted(asked, lambda each: {key: counts.get(CUT, 0) for key, counts in by_state(each).items()})


def _cells(ended: Disclosed, cut: Disclosed, key: Key) -> tuple[Cell, ...]:
    return (*ended.cells(key, (_SIGNED_SHARE,)), cut.whole(key))


def _counts(rows: Iterable[EpisodeState]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        counts[row.state] += row.episodes
    return counts


EPISODES_PAGE: Final = PageKind(
    slug="episodes",
    title="Episodes",
    introduction="What became of an order after its card: changed, not signed, or signed anyway.",
    open=opening,
    panels=(
        PanelKind(
            has_chart=True, name="states", title="What became of orders", build=states, definitions=("episodes",)
        ),
        PanelKind(
            name="substitution",
            title="Scans chosen in place of others",
            build=substitution,
            definitions=("substitution",),
        ),
        PanelKind(
            has_chart=True,
            name="over-time",
            title="What became of orders, by window",
            build=over_time,
            definitions=("episodes",),
        ),
    ),
    not_by={Field.HOOK: "an episode is made of both hooks", **NOT_BY_PLACE},
    is_compared=False,
)
