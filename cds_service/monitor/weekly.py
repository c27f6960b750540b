"""Weekly series held against the rules of statistical process control, as panels of a page.

The rules see the exact counts; what leaves here is a week, a direction, and values as they may be shown.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import takewhile
from typing import Final, TypeVar

from cds_service.cardlog.report_rows import WeeklyCount
from cds_service.monitor import headings
from cds_service.monitor.asked import Asked, weeks_logged
from cds_service.monitor.chart_rules import LEAST_POINTS
from cds_service.monitor.findings_in_words import amount, nothing_by_week, of
from cds_service.monitor.shown_spc import ShownSeries, shown_counts, shown_percentages
from cds_service.monitor.spc import Annotation, Direction, Meaning, Observation, Point, Xmr, xmr
from cds_service.monitor.special_causes import Cause, Side
from cds_service.monitor.standard_tables import answers_over_time, answers_table, counts_over_time, first_label
from cds_service.monitor.sums import Sums, grouped
from cds_service.monitor.tables import ALL, Cell, FigureTable, Heading, Key, Share, is_masked
from cds_service.monitor.view import Panel
from cds_service.monitor.weekly_charts import control_chart
from cds_service.monitor.weeks import by_week, first_whole_week
from cds_service.monitor.words import sentence_case
from cds_service.pages.words import day_in_words
from cds_service.pathway.model import Pathway

_WHY_NOT_SHOWN: Final = (
    "A week cannot be shown where it is too small or would give a small one away, nor a share where no card was shown. "
    "Where weeks were larger before, an EHR may have stopped calling or sending feedback: see the page of data quality."
)
_EXACT_AND_ROUNDED: Final = (
    "The rules see exact figures, the chart rounded ones: a week may be drawn on the other side of a limit."
)
_WHY_NO_CARD: Final = "The log has these weeks, and in them no card of this kind for this choice."

RowsOf = Callable[[Asked], Iterable[WeeklyCount]]
"""The rows of a request that a series is made of."""

_BY_STRENGTH: Final = tuple(Cause)
"""The rules, the strongest first: by it a spell of weeks is told."""

_Value = TypeVar("_Value", int, Sums)


@dataclass(frozen=True, slots=True)
class WeeklyMeasure:
    """What is followed from week to week.

    Attributes:
        name: as the subject of a sentence.
        better: which way is better.
    """

    name: str
    better: Direction


def weekly_counts(asked: Asked, measure: WeeklyMeasure, heading: Heading, rows_of: RowsOf) -> Panel:
    """A number by week.

    Args:
        asked: the request; it knows since when there are figures.
        measure: what is followed.
        heading: the column of the number.
        rows_of: what is counted of a request; a week without any is 0 once the log has begun.
    """
    weeks = weeks_logged(asked)
    counts = _firings(rows_of(asked))
    # With the week in which the log began: without it the total would tell it, beside that of the page's opening.
    disclosed = counts_over_time(asked, lambda each: _of_weeks(asked.period.mondays(), _firings(rows_of(each)), 0))
    cells = [disclosed.whole((week,)) for week in weeks]
    rows = tuple(zip(weeks, cells, strict=True))
    table = FigureTable(caption=f"{measure.name} by week", headings=(headings.WEEK, heading), labels=1, rows=rows)
    if not any(counts.get(week) for week in weeks):
        nothing, why = nothing_by_week(asked, measure.name)
        return Panel(finding=nothing, sentence=why, table=table)
    result = _held_against_the_rules(asked, by_week(weeks, counts, 0), cells)
    shown = shown_counts(result, cells, measure.better)
    total = f"{sentence_case(amount(disclosed.whole(), 'firing'))} over the period."
    return _panel(measure, table, result, shown, total, "")


def weekly_share(asked: Asked, measure: WeeklyMeasure, share: Share, rows_of: RowsOf) -> Panel:
    """What became of cards by week, and one part of it followed as a share of the cards shown.

    Args:
        asked: the request.
        measure: what is followed.
        share: the column that is followed.
        rows_of: what is counted of a request.
    """
    weeks = weeks_logged(asked)
    sums = grouped(rows_of(asked), _week)
    answers = answers_over_time(
        asked, lambda each: _of_weeks(asked.period.mondays(), grouped(rows_of(each), _week), Sums())
    )
    keys = [(week,) for week in weeks]
    table = answers_table(
        f"{measure.name} by week", (headings.WEEK,), answers, first_label, (share,), total=None, keys=keys
    )
    if not weeks:
        nothing, why = nothing_by_week(asked, measure.name)
        return Panel(finding=nothing, sentence=why, table=table)
    if answers.whole().rounded == 0:
        return Panel(finding=f"{measure.name}: no card was shown", sentence=_WHY_NO_CARD, table=table)
    exact = {week: Fraction(100 * each.answers[share.kind], each.cards) for week, each in sums.items() if each.cards}
    cells = [answers.share((week,), share.kind) for week in weeks]
    result = _held_against_the_rules(asked, by_week(weeks, exact, None), cells)
    shown = shown_percentages(result, cells, measure.better)
    total = f"Over the period: {of(answers.share(ALL, share.kind))}."
    return _panel(measure, table, result, shown, total, "%")


def _held_against_the_rules(asked: Asked, series: Sequence[Observation], cells: Sequence[Cell]) -> Xmr:
    """The exact figures by the rules that were chosen; no rule looks across a week that is masked in its cell."""
    masked = {week.period for week, cell in zip(series, cells, strict=True) if is_masked(cell)}
    return xmr(series, rebase_at=annotations(asked), rules=asked.sources.rules, unseen=masked)


def _week(row: WeeklyCount) -> date:
    return row.week


def _firings(rows: Iterable[WeeklyCount]) -> dict[date, int]:
    return {week: sums.evaluations for week, sums in grouped(rows, _week).items()}


def _of_weeks(weeks: Iterable[date], values: Mapping[date, _Value], missing: _Value) -> dict[Key, _Value]:
    return {(week,): values.get(week, missing) for week in weeks}


def annotations(asked: Asked) -> tuple[Annotation, ...]:
    """From which weeks limits are worked out anew: the first whole ones of pathways that came into force."""
    return tuple(
        annotation_of(asked, pathway)
        for pathway in asked.sources.versions()
        if pathway.id in asked.regions and asked.period.first < pathway.effective <= asked.period.last
    )


def annotation_of(asked: Asked, pathway: Pathway) -> Annotation:
    """The first week that is wholly of a version, and what the charts call it.

    A week with days of both versions would move the new mean and widen its limits.
    """
    return Annotation(
        first_whole_week(pathway.effective), f"{asked.sources.region_name(pathway.id)} pathway {pathway.version}"
    )


def _panel(measure: WeeklyMeasure, table: FigureTable, result: Xmr, shown: ShownSeries, total: str, unit: str) -> Panel:
    told = finding(measure.name, result, shown)
    why = f" {_WHY_NOT_SHOWN}" if _not_shown_at_the_end(shown) else ""
    sentence = f"{total} {limits_in_words(result, shown, unit)}{why}"
    rules = result.rules.in_words
    return Panel(
        finding=told,
        sentence=sentence,
        table=table,
        draw=lambda: control_chart(f"{measure.name} by week", f"{told}. {sentence}", shown, rules, unit=unit),
        note=f"{_EXACT_AND_ROUNDED} {rules}",
    )


def limits_in_words(result: Xmr, shown: ShownSeries, unit: str = "") -> str:
    """Mean and limits of the latest baseline as they may be shown, or why there are none.

    Args:
        result: of the exact figures, which tells whether there are limits.
        shown: the same as it may be shown.
        unit: what follows a value, such as `%`.
    """
    exact, last = result.baselines[-1], shown.baselines[-1]
    since = _since_name(last.name)
    if exact.limits is None:
        return f"No control limits{since}: they need {LEAST_POINTS} weeks with figures, and there are {exact.points}."
    if last.mean is None:
        return f"No control limits{since} are shown: beside masked weeks they would tell what is masked."
    limits = f"{last.lower:,.10g}{unit} to {last.upper:,.10g}{unit}"
    return f"Mean{since} {last.mean:,.10g}{unit}, expected by chance from {limits}."


def finding(name: str, result: Xmr, shown: ShownSeries) -> str:
    """What the rules say of the latest special weeks that are shown; no value is told, only weeks and directions.

    Of weeks beside each other the strongest rule speaks: that one is close to a limit is less than that one is outside.

    A week that is not shown has no meaning of its own, and a baseline without limits knows no special week. Where the
    series ends with such weeks the finding is that, and not what was special long before.
    """
    hidden = _not_shown_at_the_end(shown)
    if hidden:
        return f"{name}: the latest {'week' if hidden == 1 else f'{hidden} weeks'} cannot be shown"
    latest = result.baselines[-1]
    if latest.limits is None:
        return f"{name}: too few weeks{_since_name(latest.name)} for control limits"
    if not shown.baselines[-1].is_marked:
        return f"{name}: control limits{_since_name(latest.name)} cannot be shown"
    spell = _latest_spell(result, shown)
    if not spell:
        of_those = " that is shown" if any(point.is_masked for point in shown.points) else ""
        return f"{name}: no week{of_those} differs by more than chance"
    return f"{name}: {_in_words(result, spell)}{_since_then(shown, spell[-1].period)}"


def _latest_spell(result: Xmr, shown: ShownSeries) -> list[Point]:
    """The latest special weeks of one side that no other week parts, in order; a week without a figure parts none."""
    spell: list[Point] = []
    for point, drawn in zip(reversed(result.points), reversed(shown.points), strict=True):
        if drawn.is_masked and spell:
            break
        if drawn.value is None:
            continue
        is_special = drawn.meaning is not Meaning.COMMON_CAUSE and point.cause is not None
        if spell and (not is_special or (point.side, point.baseline) != (spell[0].side, spell[0].baseline)):
            break
        if is_special:
            spell.insert(0, point)
    return spell


def _in_words(result: Xmr, spell: Sequence[Point]) -> str:
    """What the strongest rule says, of the latest week of which it does; and that the week stands in a run."""
    strongest = min(reversed(spell), key=lambda point: _BY_STRENGTH.index(point.cause or Cause.SHIFT))
    is_run = any(point.cause is Cause.SHIFT for point in spell)
    run = [point for point in spell if point.cause is not Cause.TREND or _is_beyond_the_mean(result, point)]
    told = [
        *([] if strongest.cause is Cause.SHIFT else [_week_in_words(strongest)]),
        *([_run_in_words(run)] if is_run else []),
    ]
    return ", and ".join(told)


def _week_in_words(point: Point) -> str:
    week, high = day_in_words(point.period), point.side is Side.HIGH
    if point.cause is Cause.OUTSIDE:
        return f"{'above the upper' if high else 'below the lower'} limit in the week of {week}"
    if point.cause is Cause.TREND:
        return f"{'rising' if high else 'falling'} week by week up to the week of {week}"
    return f"close to the {'upper' if high else 'lower'} limit around the week of {week}"


def _is_beyond_the_mean(result: Xmr, point: Point) -> bool:
    """Whether a week of a trend is on the side of the mean to which it leads."""
    limits = result.baselines[point.baseline].limits
    if limits is None or point.value is None:
        return False
    return point.value > limits.mean if point.side is Side.HIGH else point.value < limits.mean


def _run_in_words(run: Sequence[Point]) -> str:
    """From which week to which."""
    first, last = day_in_words(run[0].period), day_in_words(run[-1].period)
    return f"{'above' if run[0].side is Side.HIGH else 'below'} the mean from the week of {first} to that of {last}"


def _since_then(shown: ShownSeries, last: date) -> str:
    """That the finding is not of now, where no later week is special."""
    later = [point for point in shown.points if point.period > last]
    if not any(point.value is not None for point in later):
        return ""
    return "; no special week is shown since" if any(point.is_masked for point in later) else "; no special week since"


def _since_name(name: str | None) -> str:
    """How a baseline is told by the change that begins it; nothing for the beginning of the series."""
    return "" if name is None else f" since {name}"


def _not_shown_at_the_end(shown: ShownSeries) -> int:
    """How many of the latest weeks have no value that is shown."""
    return sum(1 for _ in takewhile(lambda point: point.value is None, reversed(shown.points)))
