"""The first page: how many orders and firings, what the pathway did, and whether anything changed for real."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from cds_service.monitor import headings
from cds_service.monitor.asked import Asked, within
from cds_service.monitor.charting import bars
from cds_service.monitor.disclosure import Shown, ShownPercentage, disclose_percentage
from cds_service.monitor.findings_in_words import (
    EMPTY_LOG,
    WHY_EMPTY,
    amount,
    before_note,
    looked_at,
    not_looked_at,
    of,
    of_one_critical,
    unanswered_critical,
)
from cds_service.monitor.period import Period
from cds_service.monitor.spc import Direction
from cds_service.monitor.standard_tables import answers_in, counts_in, sums_by_week
from cds_service.monitor.sums import (
    ACCEPTED,
    CRITICAL,
    NOT_ANSWERED,
    OVERRIDDEN,
    REDIRECTS,
    grouped,
    in_precedence,
    in_scope,
    of_outcomes,
)
from cds_service.monitor.tables import ALL, Disclosed, FigureTable, Key
from cds_service.monitor.view import NOT_BY_PLACE, Kpi, Opening, PageKind, Panel, PanelKind
from cds_service.monitor.weekly import WeeklyMeasure, weekly_counts, weekly_share
from cds_service.monitor.words import outcome_words, sentence_case
from cds_service.pathway.outcomes import Outcome

_NO_REDIRECTS: Final = not_looked_at("Redirects")
_CHOOSE_NONE: Final = "Take the choice of an outcome away to see them."


def opening(asked: Asked) -> Opening:
    """How many firings and orders, what the pathway answered, and whether red flags go unanswered."""
    rows = within(asked.weekly, asked.period)
    if not rows:
        return Opening(finding=f"{EMPTY_LOG}. {WHY_EMPTY}")
    now, before = asked.period, asked.period.before
    firings, firings_before = _firings(asked, now), _firings(asked, before)
    redirects, redirects_before = _answers(asked, now, REDIRECTS), _answers(asked, before, REDIRECTS)
    critical, critical_before = _answers(asked, now, CRITICAL), _answers(asked, before, CRITICAL)
    distinct = _distinct_orders(asked)
    of_orders = "" if distinct is None else f", of {amount(distinct, 'distinct order')}"
    redirected = (
        f"It offered community MSK {amount(redirects.whole(), 'time')}; accepted: {of(redirects.share(ALL, ACCEPTED))}."
        if looked_at(asked, REDIRECTS)
        else f"{_NO_REDIRECTS}."
    )
    finding = (
        f"{sentence_case(amount(firings.whole(), 'firing'))} of MSK scan orders came to the pathway{of_orders}. "
        f"{redirected} {unanswered_critical(asked, critical.whole(), critical.share(ALL, NOT_ANSWERED))}"
    )
    return Opening(
        finding=finding,
        kpis=(
            Kpi("Firings in scope", firings.whole(), "firings", before_note(asked, firings_before.whole())),
            *(() if distinct is None else (Kpi("Distinct orders in scope", distinct, "distinct-orders"),)),
            *(_redirect_kpis(asked, redirects, redirects_before) if looked_at(asked, REDIRECTS) else ()),
            *(_critical_kpis(asked, critical, critical_before) if looked_at(asked, CRITICAL) else ()),
        ),
    )


def _redirect_kpis(asked: Asked, redirects: Disclosed, before: Disclosed) -> tuple[Kpi, ...]:
    return (
        Kpi("Redirect cards shown", redirects.whole(), "redirect-accepted", before_note(asked, before.whole())),
        *(
            Kpi(label, redirects.share(ALL, kind), name, before_note(asked, before.share(ALL, kind)))
            for label, kind, name in (
                ("Redirects accepted", ACCEPTED, "redirect-accepted"),
                ("Redirects overridden", OVERRIDDEN, "overridden"),
                ("Redirects not answered", NOT_ANSWERED, "not-answered"),
            )
        ),
        Kpi(
            "Redirects accepted, of those answered",
            _accepted_of_answered(redirects),
            "accepted-of-answered",
            before_note(asked, _accepted_of_answered(before)),
        ),
    )


def _critical_kpis(asked: Asked, critical: Disclosed, before: Disclosed) -> tuple[Kpi, ...]:
    which = of_one_critical(asked)
    return (
        Kpi(f"Critical cards shown{which}", critical.whole(), "critical-cards", before_note(asked, before.whole())),
        Kpi(
            f"Critical cards not answered{which}",
            critical.share(ALL, NOT_ANSWERED),
            "not-answered",
            before_note(asked, before.share(ALL, NOT_ANSWERED)),
        ),
    )


def weekly_firings(asked: Asked) -> Panel:
    """Firings in scope by week, against the rules of statistical process control."""
    measure = WeeklyMeasure("Firings in scope", Direction.LOWER)
    return weekly_counts(asked, measure, headings.FIRINGS, lambda each: in_scope(each.weekly))


def redirects_accepted(asked: Asked) -> Panel:
    """The share of redirect cards that were accepted, by week."""
    measure = WeeklyMeasure("Redirects accepted", Direction.HIGHER)
    panel = weekly_share(asked, measure, headings.ACCEPTED_SHARE, lambda each: of_outcomes(each.weekly, REDIRECTS))
    if looked_at(asked, REDIRECTS):
        return panel
    return Panel(finding=_NO_REDIRECTS, sentence=_CHOOSE_NONE, table=replace(panel.table, rows=()))


def outcomes(asked: Asked) -> Panel:
    """What the pathway answered, as numbers of firings."""
    disclosed = counts_in(asked, _by_outcome)
    rows = [
        (outcome_words(str(key[0])), disclosed.whole(key), disclosed.share_of_all(key)) for key in disclosed.below()
    ]
    table = FigureTable(
        caption="Firings by outcome",
        headings=(headings.OUTCOME, headings.FIRINGS, headings.SHARE_OF_FIRINGS),
        labels=1,
        rows=tuple(rows),
    )
    first = disclosed.largest()
    if first is None:
        return Panel(finding=EMPTY_LOG, sentence=WHY_EMPTY, table=table)
    return Panel(
        finding=f"The most frequent answer: {outcome_words(str(first[0]))}",
        sentence=f"Of all firings, those out of scope among them: {of(disclosed.share_of_all(first))}.",
        table=table,
        draw=lambda: bars(table, headings.OUTCOME, headings.FIRINGS),
    )


def _accepted_of_answered(answers: Disclosed) -> ShownPercentage:
    """Accepted of the cards that somebody accepted or overrode: an EHR without feedback does not dilute it.

    It is made from the two numbers as they are shown, so that it tells nothing that they do not.
    """
    accepted, overridden = answers.count(ALL, ACCEPTED), answers.count(ALL, OVERRIDDEN)
    if accepted.rounded is None or overridden.rounded is None:
        return disclose_percentage(accepted, Shown(None))
    return disclose_percentage(accepted, Shown(accepted.rounded + overridden.rounded))


def _distinct_orders(asked: Asked) -> Shown | None:
    """Orders in scope, each counted once, as far as an EHR's ids tie its firings together.

    None where there are none to count: a hook is chosen, and an episode is made of both; no id came; or episodes are
    switched off.
    """
    if asked.selection.hook is not None or not asked.episodes:
        return None
    return counts_in(asked, _by_window).whole()


def _by_window(asked: Asked) -> dict[Key, int]:
    by_window: dict[Key, int] = defaultdict(int)
    for row in in_scope(asked.episodes):
        by_window[row.window_start,] += row.episodes
    return by_window


def _by_outcome(asked: Asked) -> dict[Key, int]:
    counts = grouped(within(asked.weekly, asked.period), lambda row: row.outcome)
    return {(outcome,): counts[outcome].evaluations for outcome in in_precedence(counts)}


def _firings(asked: Asked, period: Period) -> Disclosed:
    def by_week(each: Asked) -> dict[Key, int]:
        sums = grouped(in_scope(within(each.weekly, period)), lambda row: row.week)
        return {(week,): of_week.evaluations for week, of_week in sums.items()}

    return counts_in(asked, by_week)


def _answers(asked: Asked, period: Period, outcomes: Sequence[Outcome]) -> Disclosed:
    return answers_in(asked, lambda each: sums_by_week(of_outcomes(within(each.weekly, period), outcomes)))


OVERVIEW: Final = PageKind(
    slug="",
    title="Overview",
    introduction="How many MSK scans were started, what the pathway answered, and what became of its cards.",
    open=opening,
    panels=(
        PanelKind(
            has_chart=True,
            name="weekly-firings",
            title="Firings in scope by week",
            build=weekly_firings,
            definitions=("firings", "process-control"),
        ),
        PanelKind(
            has_chart=True,
            name="redirects-accepted",
            title="Redirects accepted by week",
            build=redirects_accepted,
            definitions=("redirect-accepted", "process-control"),
        ),
        PanelKind(
            has_chart=True, name="outcomes", title="Firings by outcome", build=outcomes, definitions=("outcome",)
        ),
    ),
    not_by=NOT_BY_PLACE,
)
