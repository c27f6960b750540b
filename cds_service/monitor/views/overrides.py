"""Why clinicians say no: which reasons say that a rule, a register or a list is wrong."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from cds_service.cardlog.report_rows import OverrideReason
from cds_service.monitor import headings
from cds_service.monitor.asked import Asked, within
from cds_service.monitor.charting import bars, stacked
from cds_service.monitor.disclosure import ShownPercentage, disclose_percentage
from cds_service.monitor.findings_in_words import before_note, of
from cds_service.monitor.period import Period
from cds_service.monitor.selection import Field
from cds_service.monitor.spc import Direction
from cds_service.monitor.standard_tables import answers_in, answers_table, figures_in, sums_by_week
from cds_service.monitor.sums import OVERRIDDEN, Sums, grouped, in_precedence
from cds_service.monitor.tables import ALL, Disclosed, FigureTable, Key, Leaves
from cds_service.monitor.view import NOT_BY_PLACE, Kpi, Opening, PageKind, Panel, PanelKind
from cds_service.monitor.weekly import WeeklyMeasure, weekly_share
from cds_service.monitor.words import outcome_words

OTHER: Final = "other"
"""The code of the reason that none of the list fits."""

MOST_OTHER_PERCENT: Final = 20
"""More than this share of `other` says that the list of reasons does not fit what clinicians meet."""

_CODED: Final = "coded"
_UNCODED: Final = "not coded"
_NONE: Final = "No card was overridden"
_WHY_NONE: Final = "Either every card fitted, or the EHRs send no feedback: see the page of data quality."


def opening(asked: Asked) -> Opening:
    """How often cards are overridden, and whether the list of reasons fits."""
    now, then = _by_week(asked, asked.period), _by_week(asked, asked.period.before)
    reasons = asked.once(_by_reason_and_outcome)
    share = of(now.share(ALL, OVERRIDDEN))
    return Opening(
        finding=f"Overridden of all cards shown: {share}. {_fit_of_the_list(reasons)}",
        kpis=(
            Kpi("Cards shown", now.whole(), "cards-shown", before_note(asked, then.whole())),
            Kpi(
                "Overridden", now.share(ALL, OVERRIDDEN), "overridden", before_note(asked, then.share(ALL, OVERRIDDEN))
            ),
            Kpi("Of coded reasons, other", _share_of_other(reasons), "override-reasons"),
        ),
    )


def reasons(asked: Asked) -> Panel:
    """Each reason, in the period and in the one before."""
    now = asked.once(_by_reason_and_outcome)
    before = _disclosed(asked, lambda each: each.override_reasons_before) if asked.has_period_before else None
    either = _reason_keys(now) if before is None else _reason_keys(now) | _reason_keys(before)
    keys = sorted(either, key=lambda key: asked.sources.reason_words(_code(key)))
    rows = tuple(
        (
            asked.sources.reason_words(_code(key)),
            _code(key),
            now.whole(key),
            None if before is None else before.whole(key),
            _share_of_coded(now, key),
        )
        for key in keys
    )
    headed = (
        headings.REASON,
        headings.REASON_CODE,
        headings.OVERRIDES,
        headings.OVERRIDES_BEFORE,
        headings.SHARE_OF_REASONS,
    )
    table = FigureTable(caption="Reasons of overrides", headings=headed, labels=2, rows=rows)
    coded = [key for key in _reason_keys(now) if key[0] == _CODED and now.whole(key).rounded]
    if not coded:
        return Panel(
            finding=_NONE if not keys else "No reason is frequent enough to show", sentence=_WHY_NONE, table=table
        )
    first = max(coded, key=lambda key: (now.whole(key).rounded or 0, _code(key)))
    return Panel(
        finding=f"The most frequent reason: {asked.sources.reason_words(_code(first))}",
        sentence=f"{now.whole(first)} overrides had this reason; "
        + (
            "there are no figures of all the period before."
            if before is None
            else f"in the period before, {before.whole(first)}."
        ),
        table=table,
        draw=lambda: bars(table, headings.REASON, headings.OVERRIDES),
        note=_fit_of_the_list(now),
    )


def by_outcome(asked: Asked) -> Panel:
    """Which cards are overridden."""
    answers = answers_in(asked, _of_outcomes)
    table = answers_table(
        "Overrides by outcome",
        (headings.OUTCOME,),
        answers,
        lambda key: (outcome_words(str(key[0])),),
        (headings.OVERRIDDEN_SHARE,),
    )
    most = answers.largest(OVERRIDDEN)
    if most is None:
        return Panel(finding=_NONE, sentence=_WHY_NONE, table=table)
    return Panel(
        finding=f"Most overrides are of: {outcome_words(str(most[0]))}",
        sentence=f"Overridden of these cards: {of(answers.share(most, OVERRIDDEN))}.",
        table=table,
        draw=lambda: stacked(table, headings.SHOWN, headings.ANSWERS),
    )


def reasons_by_outcome(asked: Asked) -> Panel:
    """Which reasons speak against which cards."""
    disclosed = asked.once(_by_reason_and_outcome)
    keys = sorted(_reason_keys(disclosed), key=_code)
    rows = tuple(
        (outcome_words(outcome), asked.sources.reason_words(_code(key)), _code(key), disclosed.count(key, outcome))
        for outcome in disclosed.kinds
        for key in keys
        if disclosed.count(key, outcome).rounded != 0
    )
    headed = (headings.OUTCOME, headings.REASON, headings.REASON_CODE, headings.OVERRIDES)
    table = FigureTable(caption="Reasons by outcome", headings=headed, labels=3, rows=rows)
    if not rows:
        return Panel(finding=_NONE, sentence=_WHY_NONE, table=table)
    return Panel(
        finding="Which reasons speak against which cards",
        sentence="A reason that is frequent for one kind of card alone says what to look at in its rule.",
        table=table,
    )


def over_time(asked: Asked) -> Panel:
    """The share of cards that were overridden, by week."""
    measure = WeeklyMeasure("Cards overridden", Direction.LOWER)
    return weekly_share(asked, measure, headings.OVERRIDDEN_SHARE, lambda each: each.weekly)


def _by_week(asked: Asked, period: Period) -> Disclosed:
    return answers_in(asked, lambda each: sums_by_week(within(each.weekly, period)))


def _of_outcomes(asked: Asked) -> dict[Key, Sums]:
    sums = grouped(within(asked.weekly, asked.period), lambda row: row.outcome)
    return {(each,): sums[each] for each in in_precedence(sums) if sums[each].cards}


def _by_reason_and_outcome(asked: Asked) -> Disclosed:
    """One table behind the panels of reasons: two would tell by their difference what each of them masks."""
    return _disclosed(asked, lambda each: each.override_reasons)


def _disclosed(asked: Asked, rows_of: Callable[[Asked], Sequence[OverrideReason]]) -> Disclosed:
    return figures_in(
        asked, lambda each: _of_reasons(rows_of(each)), in_precedence({row.outcome for row in rows_of(asked)})
    )


def _of_reasons(rows: Iterable[OverrideReason]) -> Leaves:
    """Coded reasons below one row, so that shares are of them; what came without a code stands beside."""
    counts: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        counts[(_CODED, row.reason_code) if row.reason_code else (_UNCODED,)][row.outcome] += row.overrides
    return counts


def _reason_keys(disclosed: Disclosed) -> set[Key]:
    without = {(_UNCODED,)} if (_UNCODED,) in disclosed.below() else set()
    return {*disclosed.below((_CODED,)), *without}


def _code(key: Key) -> str:
    return str(key[1]) if key[0] == _CODED else ""


def _share_of_coded(disclosed: Disclosed, key: Key) -> ShownPercentage | None:
    if key[0] != _CODED or key not in _reason_keys(disclosed):
        return None
    return disclose_percentage(disclosed.whole(key), disclosed.whole((_CODED,)))


def _share_of_other(disclosed: Disclosed) -> ShownPercentage | str:
    key = (_CODED, OTHER)
    if key in _reason_keys(disclosed):
        return disclose_percentage(disclosed.whole(key), disclosed.whole((_CODED,)))
    return "0%" if _reason_keys(disclosed) else "none"


def _fit_of_the_list(disclosed: Disclosed) -> str:
    share = _share_of_other(disclosed)
    if isinstance(share, str):
        return ""
    if share.percent is None:
        return "How many chose “other” is masked."
    if share.percent > MOST_OTHER_PERCENT:
        return (
            f"“Other” is {share} of the coded reasons, more than {MOST_OTHER_PERCENT}%: the list of reasons does not "
            "fit what clinicians meet and should be revised."
        )
    return f"“Other” is {share} of the coded reasons; up to {MOST_OTHER_PERCENT}% the list of reasons fits."


OVERRIDES_PAGE: Final = PageKind(
    slug="overrides",
    title="Overrides",
    introduction="Why clinicians say no: reasons that tell that a rule, a register or a list is wrong.",
    open=opening,
    panels=(
        PanelKind(
            has_chart=True,
            name="reasons",
            title="Reasons of overrides",
            build=reasons,
            definitions=("override-reasons",),
        ),
        PanelKind(
            has_chart=True,
            name="by-outcome",
            title="Overrides by outcome",
            build=by_outcome,
            definitions=("overridden",),
        ),
        PanelKind(
            name="reasons-by-outcome",
            title="Reasons by outcome",
            build=reasons_by_outcome,
            definitions=("override-reasons",),
        ),
        PanelKind(
            has_chart=True,
            name="over-time",
            title="Cards overridden by week",
            build=over_time,
            definitions=("overridden", "process-control"),
        ),
    ),
    not_by={Field.HOOK: "overrides are counted by card, not by hook", **NOT_BY_PLACE},
)
