"""Weekly series held against the rules of statistical process control, as panels of a page.

The rules see the exact counts; what leaves here is a week, a direction, and values as they may be shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from cds_service.monitor import headings
from cds_service.monitor.asked import Asked, weeks_logged
from cds_service.monitor.findings_in_words import EMPTY_LOG, WHY_EMPTY, amount, of
from cds_service.monitor.period import day_in_words
from cds_service.monitor.spc import Annotation, Cause, Direction, Point, Side, Value, Xmr, xmr
from cds_service.monitor.standard_tables import answers_of, answers_table, counts_of, first_label
from cds_service.monitor.sums import Sums
from cds_service.monitor.tables import ALL, FigureTable, Heading, Share
from cds_service.monitor.view import Panel
from cds_service.monitor.weeks import by_week, week_of


@dataclass(frozen=True, slots=True)
class WeeklyMeasure:
    """What is followed from week to week.

    Attributes:
        name: as the subject of a sentence.
        better: which way is better.
    """

    name: str
    better: Direction


def weekly_counts(asked: Asked, measure: WeeklyMeasure, heading: Heading, counts: Mapping[date, int]) -> Panel:
    """A number by week.

    Args:
        asked: the request; its weekly rows say since when there are figures.
        measure: what is followed.
        heading: the column of the number.
        counts: exact, by Monday; a week that is missing is 0 once the log has begun.
    """
    weeks = weeks_logged(asked.weekly, asked.period)
    disclosed = counts_of({(week,): counts.get(week, 0) for week in weeks})
    rows = tuple((week, disclosed.whole((week,))) for week in weeks)
    table = FigureTable(caption=f"{measure.name} by week", headings=(headings.WEEK, heading), labels=1, rows=rows)
    if not any(counts.get(week) for week in weeks):
        return Panel(finding=EMPTY_LOG, sentence=WHY_EMPTY, table=table)
    return _panel(asked, measure, table, dict(counts), 0, f"{amount(disclosed.whole(), 'order')} over the period.")


def weekly_share(asked: Asked, measure: WeeklyMeasure, sums: Mapping[date, Sums], share: Share) -> Panel:
    """What became of cards by week, and one part of it followed as a share of the cards shown.

    Args:
        asked: the request.
        measure: what is followed.
        sums: exact, by Monday.
        share: the column that is followed.
    """
    weeks = weeks_logged(asked.weekly, asked.period)
    answers = answers_of({(week,): sums.get(week, Sums()) for week in weeks})
    table = answers_table(f"{measure.name} by week", (headings.WEEK,), answers, first_label, (share,), total=None)
    if answers.whole().rounded == 0 or not weeks:
        return Panel(finding="No card was shown", sentence=WHY_EMPTY, table=table)
    exact = {week: Fraction(100 * each.answers[share.kind], each.cards) for week, each in sums.items() if each.cards}
    return _panel(asked, measure, table, exact, None, f"{of(answers.share(ALL, share.kind))} over the period.")


def annotations(asked: Asked) -> tuple[Annotation, ...]:
    """From which weeks limits are worked out anew: when a pathway came into force."""
    return tuple(
        Annotation(week_of(pathway.effective), f"{asked.region_name(pathway.id)} pathway {pathway.version}")
        for pathway in asked.sources.versions()
        if pathway.id in asked.regions and asked.period.first < pathway.effective <= asked.period.last
    )


def _panel(
    asked: Asked,
    measure: WeeklyMeasure,
    table: FigureTable,
    exact: Mapping[date, Value],
    missing: Value | None,
    total: str,
) -> Panel:
    weeks = weeks_logged(asked.weekly, asked.period)
    result = xmr(by_week(weeks, exact, missing), rebase_at=annotations(asked))
    return Panel(finding=finding(measure.name, result), sentence=total, table=table)


def finding(name: str, result: Xmr) -> str:
    """What the rules say of a series, the latest first; no value is told, only weeks and directions."""
    if all(baseline.limits is None for baseline in result.baselines):
        return f"{name}: too few weeks for control limits"
    told = [point for point in result.points if point.cause is not None and point.side is not None]
    if not told:
        return f"{name}: no week differs by more than chance"
    last = told[-1]
    week = day_in_words(last.period)
    high = last.side is Side.HIGH
    if last.cause is Cause.OUTSIDE:
        return f"{name}: {'above the upper' if high else 'below the lower'} limit in the week of {week}"
    if last.cause is Cause.TREND:
        return f"{name}: {'rising' if high else 'falling'} week by week up to the week of {week}"
    if last.cause is Cause.TWO_OF_THREE:
        return f"{name}: close to the {'upper' if high else 'lower'} limit around the week of {week}"
    since = _since(result, last)
    return f"{name}: {'above' if high else 'below'} the mean from the week of {day_in_words(since)} to that of {week}"


def _since(result: Xmr, last: Point) -> date:
    """The first week of the run to which a point belongs."""
    first = last.period
    for point in reversed([point for point in result.points if point.period <= last.period]):
        if point.value is not None and (point.side is not last.side or point.baseline != last.baseline):
            break
        first = point.period
    return first
