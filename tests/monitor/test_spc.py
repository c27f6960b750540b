"""SPC charts: a case for each rule of `domain.md` 4.4, and what must hold of every series."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spc_builders import monday, weekly

from cds_service.monitor.spc import (
    Annotation,
    Cause,
    Direction,
    Limits,
    Meaning,
    Rules,
    Side,
    Value,
    Xmr,
    xmr,
)

_CALM = [10, 12] * 10  # mean 11, average moving range 2: limits 11 ± 5.32, near limits 11 ± 3.5467


def _limits(chart: Xmr, baseline: int = 0) -> Limits:
    limits = chart.baselines[baseline].limits
    assert limits is not None

    return limits


def _causes(values: list[Value | None], **rules: object) -> list[Cause | None]:
    return [point.cause for point in xmr(weekly(values), rules=Rules(**rules)).points]  # type: ignore[arg-type]  # tests name any


def test_limits_are_2_66_average_moving_ranges_from_the_mean() -> None:
    """The constant of an XmR chart, exact to the last digit."""
    limits = _limits(xmr(weekly(_CALM)))

    assert limits.mean == 11
    assert limits.average_moving_range == 2
    assert limits.upper == Fraction("16.32")
    assert limits.lower == Fraction("5.68")
    assert limits.points == 20


def test_near_limits_are_two_thirds_of_the_way() -> None:
    """1.7733 average moving ranges."""
    limits = _limits(xmr(weekly(_CALM)))

    assert limits.near_upper == 11 + 2 * Fraction("2.66") * 2 / 3
    assert limits.near_lower == 11 - 2 * Fraction("2.66") * 2 / 3


def test_a_lower_limit_below_zero_is_kept_for_reckoning() -> None:
    """Only a drawing stops at 0."""
    assert _limits(xmr(weekly([0, 9] * 7))).lower < 0


def test_a_constant_series_has_limits_on_its_mean_and_nothing_outside() -> None:
    """An average moving range of 0; 0.1 stands for values that no binary fraction meets."""
    chart = xmr(weekly([0.1] * 20))

    assert _limits(chart).upper == _limits(chart).lower == _limits(chart).mean == Fraction(0.1)
    assert [point.cause for point in chart.points] == [None] * 20


def test_a_point_beyond_the_upper_limit_is_outside() -> None:
    """Strictly above."""
    chart = xmr(weekly([*_CALM, 40]))

    assert chart.points[-1].cause is Cause.OUTSIDE
    assert chart.points[-1].side is Side.HIGH


def test_a_point_beyond_the_lower_limit_is_outside() -> None:
    """Strictly below."""
    chart = xmr(weekly([*_CALM, -20]))

    assert (chart.points[-1].cause, chart.points[-1].side) == (Cause.OUTSIDE, Side.LOW)


def test_a_point_exactly_on_the_upper_limit_is_inside() -> None:
    """Limits are locked so that the point itself does not move them."""
    values: list[Value | None] = [*_CALM, Fraction("16.32")]

    assert _causes(values, lock_after=20)[-1] is None
    assert _causes([*_CALM, Fraction("16.320001")], lock_after=20)[-1] is Cause.OUTSIDE


def test_seven_points_above_the_mean_are_a_shift() -> None:
    """All seven of them."""
    causes = _causes([*_CALM, 13, 12, 13, 12, 13, 12, 13], lock_after=20)

    # The last of the calm points, 12, is above the mean of 11 as well.
    assert causes[-8:] == [Cause.SHIFT] * 8
    assert causes[:-8] == [None] * 19


def test_six_points_above_the_mean_are_no_shift() -> None:
    """One fewer is chance."""
    assert _causes([*_CALM, 10, 13, 12, 13, 12, 13, 12], lock_after=20) == [None] * 27


def test_seven_points_below_the_mean_are_a_shift() -> None:
    """The other side."""
    chart = xmr(weekly([*_CALM, 9, 10, 9, 10, 9, 10, 9]), rules=Rules(lock_after=20))

    assert [(point.cause, point.side) for point in chart.points[-7:]] == [(Cause.SHIFT, Side.LOW)] * 7


def test_a_point_on_the_mean_breaks_a_shift() -> None:
    """It is on neither side."""
    assert _causes([*_CALM, 10, 13, 12, 13, 11, 13, 12, 13, 12], lock_after=20) == [None] * 29


def test_six_rises_in_a_row_are_a_trend_of_seven_points() -> None:
    """The point that it starts from is part of it."""
    causes = _causes([*_CALM, 7, 8, 9, 10, 11, 12, 13], lock_after=20)

    assert causes[-7:] == [Cause.TREND] * 7
    assert causes[-8] is None


def test_five_rises_are_a_trend_only_where_six_points_are_chosen() -> None:
    """Making Data Count lets the user choose."""
    values: list[Value | None] = [*_CALM, 8, 9, 10, 11, 12, 13]

    assert _causes(values, lock_after=20) == [None] * 26
    assert _causes(values, lock_after=20, trend_points=6)[-6:] == [Cause.TREND] * 6


def test_a_falling_trend_points_down_though_it_begins_above_the_mean() -> None:
    """What a trend says is where it goes."""
    chart = xmr(weekly([*_CALM, 14, 13, 12, 11, 10, 9, 8]), rules=Rules(lock_after=20))

    assert {(point.cause, point.side) for point in chart.points[-7:]} == {(Cause.TREND, Side.LOW)}


def test_a_tie_breaks_a_trend() -> None:
    """Rises are strict."""
    assert _causes([*_CALM, 8, 9, 10, 10, 11, 12, 13], lock_after=20) == [None] * 27


def test_two_of_three_near_the_same_limit_are_marked_and_the_third_is_not() -> None:
    """All three must be above the mean; the one that is not near is not marked."""
    assert _causes([*_CALM, 10, 15, 12, 15, 10], lock_after=20)[-5:] == [
        None,
        Cause.TWO_OF_THREE,
        None,
        Cause.TWO_OF_THREE,
        None,
    ]


def test_two_of_three_need_the_third_on_the_same_side() -> None:
    """A point between them below the mean breaks the rule."""
    assert _causes([*_CALM, 10, 15, 10, 15, 10], lock_after=20) == [None] * 25


def test_near_opposite_limits_are_not_two_of_three() -> None:
    """The same limit is meant."""
    assert _causes([*_CALM, 15, 7, 12, 10], lock_after=20) == [None] * 24


def test_a_point_beyond_the_limit_counts_towards_two_of_three() -> None:
    """Making Data Count, November 2023; the point itself is marked as outside, which takes precedence."""
    causes = _causes([*_CALM, 10, 15, 12, 17, 10], lock_after=20)

    assert causes[-5:] == [None, Cause.TWO_OF_THREE, None, Cause.OUTSIDE, None]


def test_outside_takes_precedence_over_a_trend() -> None:
    """The last of a trend is beyond the limit."""
    causes = _causes([*_CALM, 7, 8, 9, 10, 11, 12, 30], lock_after=20)

    assert causes[-7:] == [Cause.TREND] * 6 + [Cause.OUTSIDE]


def test_a_trend_takes_precedence_over_two_of_three_and_these_over_a_shift() -> None:
    """Each rule holds; the first in order is named."""
    rising: list[Value | None] = [*_CALM, 10, 11.5, 12, 12.5, 13, 13.5, 15, 15.5]
    shifted: list[Value | None] = [*_CALM, 10, 12, 12, 12, 12, 12, 15, 15]

    assert _causes(rising, lock_after=20)[-8:] == [Cause.TREND] * 8
    assert _causes(shifted, lock_after=20)[-8:] == [None, *[Cause.SHIFT] * 5, *[Cause.TWO_OF_THREE] * 2]


def test_twelve_points_have_no_limits_and_no_special_cause() -> None:
    """Too few to tell chance from change, however high one is."""
    chart = xmr(weekly([*[10] * 11, 1000]))

    assert chart.baselines[0].limits is None
    assert chart.baselines[0].points == 12
    assert {point.cause for point in chart.points} == {None}


def test_thirteen_points_have_limits() -> None:
    """The least that Making Data Count draws them for."""
    assert xmr(weekly([10, 11] * 6 + [10])).baselines[0].limits is not None


def test_missing_periods_are_left_out_and_not_made_up() -> None:
    """Limits and runs are those of the values alone, and the period stays on the chart without a value."""
    with_gaps = [10, None, 12, 10, 12, None, None, 10, 12] + [10, 12] * 4 + [9, None, 10, 9, 10, 9, 10, 9]
    without = [value for value in with_gaps if value is not None]
    chart = xmr(weekly(with_gaps))
    other = xmr(weekly(without))

    assert _limits(chart) == _limits(other)
    assert [point.cause for point in chart.points if point.value is not None] == [point.cause for point in other.points]
    assert [point.cause for point in chart.points if point.value is None] == [None] * 4
    assert len(chart.points) == len(with_gaps)


def test_missing_periods_do_not_count_towards_thirteen() -> None:
    """Twelve values and any number of gaps have no limits."""
    assert xmr(weekly([*[10, 11] * 6, None, None])).baselines[0].limits is None


def test_the_moving_range_screen_leaves_out_the_largest_steps_when_asked_for() -> None:
    """One leap among twenty calm steps; by default it stays in, as in the Excel tool."""
    values: list[Value | None] = [*_CALM, 110]

    assert _limits(xmr(weekly(values))).average_moving_range == Fraction(19 * 2 + 98, 20)
    assert _limits(xmr(weekly(values), rules=Rules(screen_moving_ranges=True))).average_moving_range == 2


def test_locked_limits_are_those_of_the_first_points() -> None:
    """What comes later is held against them and does not move them."""
    locked = xmr(weekly([*_CALM, *[30] * 10]), rules=Rules(lock_after=20))

    assert _limits(locked) == _limits(xmr(weekly(_CALM)))
    assert locked.points[-1].cause is Cause.OUTSIDE


def test_an_annotation_begins_a_baseline_with_limits_of_its_own() -> None:
    """A change of pathway: both stretches are calm, though one is higher."""
    values: list[Value | None] = [*_CALM, *[30, 32] * 10]
    chart = xmr(weekly(values), rebase_at=[Annotation(monday(20), "Pathway nwl 1.2")])

    assert [(each.first, each.name, each.points) for each in chart.baselines] == [
        (monday(0), None, 20),
        (monday(20), "Pathway nwl 1.2", 20),
    ]
    assert _limits(chart, 1).mean == 31
    assert {point.cause for point in chart.points} == {None}
    assert {point.cause for point in xmr(weekly(values)).points} != {None}


def test_a_baseline_of_fewer_than_thirteen_points_has_no_limits() -> None:
    """Whatever the one before it had."""
    chart = xmr(weekly([*_CALM, *[30] * 12]), rebase_at=[Annotation(monday(20), "Go-live")])

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
    chart = xmr(weekly(_CALM), rebase_at=annotations)

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
    chart = xmr(weekly([*_CALM, 100 if side_up else -100]), rules=Rules(lock_after=20))

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


@pytest.mark.parametrize(("rule", "value"), [("trend_points", 5), ("lock_after", 12)])
def test_rules_that_nobody_knows_are_refused(rule: str, value: int) -> None:
    """Five points are no trend, and twelve make no limits."""
    with pytest.raises(ValueError, match=rule):
        Rules(**{rule: value})  # type: ignore[arg-type]  # that is what is tested


_ANY = st.lists(st.none() | st.integers(-100, 100), max_size=60)


@settings(max_examples=50)
@given(_ANY)
def test_turning_a_series_upside_down_turns_each_finding(values: list[Value | None]) -> None:
    """No rule prefers a side."""
    upright = xmr(weekly(values)).points
    turned = xmr(weekly([None if value is None else -value for value in values])).points

    assert [point.cause for point in upright] == [point.cause for point in turned]
    assert all(
        (a.side is None and b.side is None) or a.side is not b.side for a, b in zip(upright, turned, strict=True)
    )


@settings(max_examples=50)
@given(_ANY, st.integers(-1000, 1000), st.integers(1, 50))
def test_another_unit_changes_no_finding(values: list[Value | None], shift: int, scale: int) -> None:
    """Counts, percents and tenths of percents give the same marks."""
    other = xmr(weekly([None if value is None else value * Fraction(scale, 7) + shift for value in values]))

    assert [(p.cause, p.side) for p in other.points] == [(p.cause, p.side) for p in xmr(weekly(values)).points]


@settings(max_examples=50)
@given(st.lists(st.integers(0, 100), min_size=13, max_size=60))
def test_a_mark_is_never_without_its_reason(values: list[int]) -> None:
    """Outside is beyond the limit and nothing else is; a shift's points lie on its side."""
    chart = xmr(weekly(values))
    limits = _limits(chart)
    for point in chart.points:
        assert point.value is not None
        assert (point.cause is Cause.OUTSIDE) == (not limits.lower <= point.value <= limits.upper)
        if point.cause is Cause.SHIFT:
            assert (point.value > limits.mean) == (point.side is Side.HIGH)
            assert point.value != limits.mean
        if point.cause is Cause.TWO_OF_THREE:
            assert not limits.near_lower <= point.value <= limits.near_upper
