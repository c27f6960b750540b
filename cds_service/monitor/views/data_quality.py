"""What EHRs leave out: the data-quality contract with each vendor, and the codes that wait for a mapping."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import partial
from operator import attrgetter
from typing import Final, NamedTuple

from cds_service.cardlog.report_rows import ClientCount, WeeklyCount
from cds_service.monitor import headings
from cds_service.monitor.asked import Asked, weeks_logged, within
from cds_service.monitor.charting import lines
from cds_service.monitor.disclosure import Shown, ShownPercentage
from cds_service.monitor.findings_in_words import EMPTY_LOG, WHY_EMPTY, before_note, nothing_by_week, of
from cds_service.monitor.period import Period
from cds_service.monitor.standard_tables import figures_in
from cds_service.monitor.tables import ALL, Cell, FigureTable, Heading, Key, Leaves
from cds_service.monitor.view import NOT_BY_PLACE, Kpi, Opening, PageKind, Panel, PanelKind
from cds_service.monitor.views.calls_and_codes import CALLS_PANEL, UNKNOWN_PROCEDURES_PANEL
from cds_service.pages.words import day_in_words

MISSING: Final[Mapping[str, str]] = {
    "without_indication": "No reason",
    "setting_unknown": "Setting unknown",
    "oncology_unknown": "Oncology unknown",
    "known_by_text": "Known by text alone",
}
"""What may be missing in a firing's order, by the log's name for it."""

_MEANINGS: Final = {
    "without_indication": "firings of orders without any reason",
    "setting_unknown": "firings of orders of which nothing told where the requester works, or the evidence disagreed",
    "oncology_unknown": "firings of orders of which nothing told whether the patient has or had cancer",
    "known_by_text": "firings of orders whose scan was recognised by its text, not by a code",
}
_COUNTS: Final = tuple(Heading(name, words, _MEANINGS[name]) for name, words in MISSING.items())
_PERCENTS: Final = tuple(
    Heading(f"{name}_percent", f"{words}, %", f"{_MEANINGS[name]}: percentage of firings")
    for name, words in MISSING.items()
)
_WHAT_IT_DOES: Final = (
    "An order without a coded reason earns no card for CES, MSCC, suspected cancer or sarcoma, and may still be "
    "redirected with its scan removed. An unknown setting never exempts an order and never removes a scan."
)
_PRESENT: Final = "present"

_Lacking = Mapping[Key, Mapping[str, int]]
"""The firings of each row, and how many of them lack each thing."""


class _Quality:
    """Firings, and how many of them lack each thing; each lack goes through disclosure with its opposite."""

    def __init__(self, asked: Asked, lacking: Callable[[Asked], _Lacking], *, over_time: bool = False) -> None:
        self._by_lack = {
            lack: figures_in(asked, partial(_leaves, lacking, lack), (lack, _PRESENT), sums_stand_elsewhere=over_time)
            for lack in MISSING
        }

    def rows(self) -> list[Key]:
        """The rows."""
        return self._by_lack[next(iter(MISSING))].below()

    def firings(self, key: Key = ALL) -> Shown:
        """Firings of a row; masked where any of the tables masks them."""
        wholes = [disclosed.whole(key) for disclosed in self._by_lack.values()]
        return next((whole for whole in wholes if whole.rounded is None), wholes[0])

    def share(self, key: Key, lack: str) -> ShownPercentage:
        """What part of a row's firings lacks something."""
        return self._by_lack[lack].share(key, lack)

    def cells(self, key: Key) -> tuple[Cell, ...]:
        """Firings, those that lack each thing, and the shares."""
        return (
            self.firings(key),
            *(self._by_lack[lack].count(key, lack) for lack in MISSING),
            *(self.share(key, lack) for lack in MISSING),
        )


def opening(asked: Asked) -> Opening:
    """What is missing most, and what more than before."""
    rows = within(asked.weekly, asked.period)
    if not rows:
        return Opening(finding=f"{EMPTY_LOG}. {WHY_EMPTY}")
    now, before = asked.once(_by_week), _of_weeks(asked, asked.period.before)
    shares = {lack: now.share(ALL, lack) for lack in MISSING}
    most = max(shares, key=lambda lack: shares[lack].percent or 0)
    rise = _standing_out(now, [ALL], partial(before.share, ALL)) if asked.has_period_before else None
    risen = "" if rise is None else f"Risen most: {MISSING[rise.lack].lower()}, from {rise.usual} to {rise.share}. "
    return Opening(
        finding=f"Missing most often: {MISSING[most].lower()}, {of(shares[most])}. {risen}{_WHAT_IT_DOES}",
        kpis=tuple(
            Kpi(words, shares[lack], lack.replace("_", "-"), before_note(asked, before.share(ALL, lack)))
            for lack, words in MISSING.items()
        ),
    )


def by_week(asked: Asked) -> Panel:
    """What was missing, by week: a fault at an EHR shows as a step."""
    quality = asked.once(_by_week)
    weeks: list[Key] = [(week,) for week in weeks_logged(asked)]
    table = _table("What was missing in orders, by week", headings.WEEK, quality, weeks, lambda key: key[0])
    if not weeks or quality.firings().rounded == 0:
        nothing, why = nothing_by_week(asked, "Firings")
        return Panel(finding=nothing, sentence=why, table=table)
    out = _standing_out(quality, weeks, partial(quality.share, ALL))
    return Panel(
        finding=(
            "In no week that can be shown was more missing than over the period"
            if out is None
            else f"{MISSING[out.lack]} in the week of {_day(out.key)}: {out.share}, {out.usual} over the period"
        ),
        sentence=(
            "Of the weeks that can be shown, the heading has the one furthest above the period's own share. A step "
            "that begins and ends on a date is a fault at an EHR, not a change in clinics."
        ),
        table=table,
        draw=lambda: lines(table, _PERCENTS),
    )


def by_client(asked: Asked) -> Panel:
    """What is missing, by EHR."""
    quality = _Quality(asked, _of_clients)
    table = _table("What was missing in orders, by EHR", headings.CLIENT, quality, quality.rows(), lambda key: key[0])
    if not table.rows:
        return Panel(finding=EMPTY_LOG, sentence=WHY_EMPTY, table=table)
    finding, sentence = _at_one(asked, quality) if len(table.rows) == 1 else _among(quality)
    return Panel(finding=finding, sentence=sentence, table=table)


def _among(quality: _Quality) -> tuple[str, str]:
    """Which EHR leaves out most in excess of all: what is missing everywhere is no vendor's fault."""
    out = _standing_out(quality, quality.rows(), partial(quality.share, ALL))
    if out is None:
        return "No EHR that can be shown leaves out more than all together", "Every share is masked, or much the same."
    return (
        f"{MISSING[out.lack]} at {out.key[0]}: {out.share}, {out.usual} over all EHRs",
        "The furthest above the share of all EHRs, of those that can be shown. This is what to ask the vendor for.",
    )


def _at_one(asked: Asked, quality: _Quality) -> tuple[str, str]:
    """What one EHR leaves out more than before, since there is none beside it to hold it against."""
    [client] = quality.rows()
    if not asked.has_period_before:
        return f"What is missing at {client[0]}", "There is neither another EHR nor a period before to compare it with."
    before = _of_weeks(asked, asked.period.before)
    out = _standing_out(quality, [client], partial(before.share, ALL))
    if out is None:
        return f"At {client[0]} nothing is missing more often than before", "Of what can be shown in both periods."
    return (
        f"{MISSING[out.lack]} at {client[0]}: {out.share}, {out.usual} in the period before",
        "The largest rise of those that can be shown. This is what to ask the vendor for.",
    )


def _by_week(asked: Asked) -> _Quality:
    return _of_weeks(asked, asked.period)


def _of_weeks(asked: Asked, period: Period) -> _Quality:
    def lacking(each: Asked) -> _Lacking:
        rows: dict[Key, list[WeeklyCount]] = {(week,): [] for week in period.mondays()}
        for row in within(each.weekly, period):
            rows[row.week,].append(row)
        return _summed(rows)

    return _Quality(asked, lacking, over_time=True)


def _of_clients(asked: Asked) -> _Lacking:
    rows: dict[Key, list[ClientCount]] = defaultdict(list)
    for row in sorted(asked.by_client, key=lambda row: row.client_id):
        rows[row.client_id,].append(row)
    return _summed(rows)


def _summed(rows: Mapping[Key, Sequence[WeeklyCount | ClientCount]]) -> _Lacking:
    counts = {name: attrgetter(name) for name in ("evaluations", *MISSING)}
    return {key: {name: sum(map(count, of_key)) for name, count in counts.items()} for key, of_key in rows.items()}


def _leaves(lacking: Callable[[Asked], _Lacking], lack: str, asked: Asked) -> Leaves:
    of_rows = asked.once(lacking)
    return {
        key: {lack: counts[lack], _PRESENT: counts["evaluations"] - counts[lack]} for key, counts in of_rows.items()
    }


def _table(
    caption: str, label: Heading, quality: _Quality, keys: Sequence[Key], name: Callable[[Key], Cell]
) -> FigureTable:
    return FigureTable(
        caption=caption,
        headings=(label, headings.FIRINGS, *_COUNTS, *_PERCENTS),
        labels=1,
        rows=tuple((name(key), *quality.cells(key)) for key in keys),
    )


class _Out(NamedTuple):
    """A share that stands out, and what it is usually; both as they may be shown."""

    lack: str
    key: Key
    share: ShownPercentage
    usual: ShownPercentage

    @property
    def excess(self) -> Fraction:
        """How far it is above; 0 where either is not shown, or both read alike."""
        if self.share.percent is None or self.usual.percent is None or str(self.share) == str(self.usual):
            return Fraction(0)
        return self.share.percent - self.usual.percent


def _standing_out(quality: _Quality, keys: Sequence[Key], usual_of: Callable[[str], ShownPercentage]) -> _Out | None:
    """The share that is furthest above its usual one; None where none is above.

    Each lack is held against itself: cancer status, missing in so many orders everywhere, would always be the highest.
    """
    shares = [_Out(lack, key, quality.share(key, lack), usual_of(lack)) for lack in MISSING for key in keys]
    return max((each for each in shares if each.excess > 0), key=lambda each: each.excess, default=None)


def _day(key: Key) -> str:
    return day_in_words(key[0]) if isinstance(key[0], date) else key[0]


DATA_QUALITY_PAGE: Final = PageKind(
    slug="data-quality",
    title="Data quality",
    introduction="What EHRs leave out, how their calls end, and which procedure codes wait for a mapping.",
    open=opening,
    panels=(
        PanelKind(
            has_chart=True,
            name="by-week",
            title="What was missing, by week",
            build=by_week,
            definitions=tuple(lack.replace("_", "-") for lack in MISSING),
        ),
        PanelKind(
            name="by-ehr",
            title="What was missing, by EHR",
            build=by_client,
            definitions=tuple(lack.replace("_", "-") for lack in MISSING),
        ),
        CALLS_PANEL,
        UNKNOWN_PROCEDURES_PANEL,
    ),
    not_by=NOT_BY_PLACE,
)
