"""SPC charts: stretches with limits of their own, missing periods, and what a special week means."""

import pytest
from spc_builders import CALM, limits_in, monday, weekly

from cds_service.monitor.chart_rules import Rules
from cds_service.monitor.spc import Annotation, Direction, Meaning, Value, Xmr, xmr
from cds_service.monitor.special_causes import Cause


def test_missing_periods_are_left_out_and_not_made_up() -> None:
    """Limits and runs are those of the values alone, and the period stays on the chart without a value."""
    with_gaps = [10, None, 12, 10, 12, None, None, 10, 12] + [10, 12] * 4 + [9, None, 10, 9, 10, 9, 10, 9]
    without = [value for value in with_gaps if value is not None]
    chart = xmr(weekly(with_gaps))
    other = xmr(weekly(without))

    assert limits_in(chart) == limits_in(other)
    assert [point.cause for point in chart.points if point.value is not None] == [point.cause for point in other.points]
    assert [point.cause for point in chart.points if point.value is None] == [None] * 4
    assert len(chart.points) == len(with_gaps)


def test_an_annotation_begins_a_baseline_with_limits_of_its_own() -> None:
    """A change of pathway: both stretches are calm, though one is higher."""
    values: list[Value | None] = [*CALM, *[30, 32] * 10]
    chart = xmr(weekly(values), rebase_at=[Annotation(monday(20), "Pathway nwl 1.2")])

    assert [(each.first, each.name, each.points) for each in chart.baselines] == [
        (monday(0), None, 20),
        (monday(20), "Pathway nwl 1.2", 20),
    ]
    assert limits_in(chart, 1).mean == 31
    assert {point.cause for point in chart.points} == {None}
    assert {point.cause for point in xmr(weekly(values)).points} != {None}


def test_a_baseline_of_fewer_than_thirteen_points_has_nolimits_in() -> None:
    """Whatever the one before it had."""
    chart = xmr(weekly([*CALM, *[30] * 12]), rebase_at=[Annotation(monday(20), "Go-live")])

    assert chart.baselines[0].limits is not None
    assert chart.baselines[1].limits is None
    assert {point.cause for point in chart.points[20:]} == {None}


def test_no_rule_looks_across_an_annotation() -> None:
    """Six points above the mean before it and six after are no shift of twelve."""
    before: list[Value | None] = [*[10, 12] * 7, 10, *[11.2] * 6]
    after: list[Value | None] = [*[11.2] * 6, 10, *[10, 12] * 7]
    values = [*before, *after]

    assert Cause.SHIFT in {point.cause for point in xmr(weekly(values)).points}
    rebased = xmr(weekly(values), rebase_at=[Annotation(monday(21), "Go-live")])
    assert Cause.SHIFT not in {point.cause for point in rebased.points}


def test_annotations_outside_the_series_cut_nothing_and_those_of_one_period_cut_once() -> None:
    """Two changes in the same week are one baseline with both names."""
    annotations = [
        Annotation(monday(-3), "Before"),
        Annotation(monday(5), "Go-live"),
        Annotation(monday(5), "Pathway nel 1.4"),
        Annotation(monday(90), "After"),
    ]
    chart = xmr(weekly(CALM), rebase_at=annotations)

    assert [each.name for each in chart.baselines] == [None, "Go-live; Pathway nel 1.4"]


@pytest.mark.parametrize(
    ("side_up", "better", "expected"),
    [
        (True, Direction.HIGHER, Meaning.IMPROVEMENT),
        (True, Direction.LOWER, Meaning.CONCERN),
        (True, Direction.NEITHER, Meaning.NEUTRAL),
        (False, Direction.HIGHER, Meaning.CONCERN),
        (False, Direction.LOWER, Meaning.IMPROVEMENT),
        (False, Direction.NEITHER, Meaning.NEUTRAL),
    ],
)
def test_what_a_special_cause_means_depends_on_which_way_is_better(
    side_up: bool, better: Direction, expected: Meaning
) -> None:
    """High is good, bad or neither."""
    chart = xmr(weekly([*CALM, 100 if side_up else -100]), rules=Rules(lock_after=20))

    assert chart.points[-1].meaning(better) is expected
    assert chart.points[0].meaning(better) is Meaning.COMMON_CAUSE


def test_an_empty_series_has_neither_points_nor_baselines() -> None:
    """An empty log is no error."""
    assert xmr([]) == Xmr((), (), Rules())


def test_periods_out_of_order_are_refused() -> None:
    """A moving range between them would mean nothing."""
    with pytest.raises(ValueError, match="not in order"):
        xmr(list(reversed(weekly([1, 2]))))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_refused(value: float) -> None:
    """It would spoil the mean of all."""
    with pytest.raises(ValueError, match="the value of 2026-01-05"):
        xmr(weekly([value]))


def test_an_unseen_period_counts_in_limits_and_ends_every_run() -> None:
    """Eight points above the mean are a shift; with the fourth unseen they are three and four."""
    values: list[Value | None] = [*CALM, 13, 12, 13, 12, 13, 12, 13]
    seen, partly = (xmr(weekly(values), unseen=unseen) for unseen in ((), {monday(22)}))

    assert limits_in(partly) == limits_in(seen)
    assert Cause.SHIFT in {point.cause for point in seen.points}
    assert {point.cause for point in partly.points} == {None}
