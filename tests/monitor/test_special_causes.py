"""Special causes: a case for each rule of Making Data Count, and what must hold of every series."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from spc_builders import CALM, limits_in, weekly

from cds_service.monitor.chart_rules import Rules
from cds_service.monitor.spc import Value, xmr
from cds_service.monitor.special_causes import Cause, Side


def _causes(values: list[Value | None], **rules: object) -> list[Cause | None]:
    return [point.cause for point in xmr(weekly(values), rules=Rules(**rules)).points]  # type: ignore[arg-type]  # tests name any


def test_a_point_beyond_the_upper_limit_is_outside() -> None:
    """Strictly above."""
    chart = xmr(weekly([*CALM, 40]))

    assert chart.points[-1].cause is Cause.OUTSIDE
    assert chart.points[-1].side is Side.HIGH


def test_a_point_beyond_the_lower_limit_is_outside() -> None:
    """Strictly below."""
    chart = xmr(weekly([*CALM, -20]))

    assert (chart.points[-1].cause, chart.points[-1].side) == (Cause.OUTSIDE, Side.LOW)


def test_a_point_exactly_on_the_upper_limit_is_inside() -> None:
    """Limits are locked so that the point itself does not move them."""
    values: list[Value | None] = [*CALM, Fraction("16.32")]

    assert _causes(values, lock_after=20)[-1] is None
    assert _causes([*CALM, Fraction("16.320001")], lock_after=20)[-1] is Cause.OUTSIDE


def test_seven_points_above_the_mean_are_a_shift() -> None:
    """All seven of them."""
    causes = _causes([*CALM, 13, 12, 13, 12, 13, 12, 13], lock_after=20)

    # The last of the calm points, 12, is above the mean of 11 as well.
    assert causes[-8:] == [Cause.SHIFT] * 8
    assert causes[:-8] == [None] * 19


def test_six_points_above_the_mean_are_no_shift() -> None:
    """One fewer is chance."""
    assert _causes([*CALM, 10, 13, 12, 13, 12, 13, 12], lock_after=20) == [None] * 27


def test_seven_points_below_the_mean_are_a_shift() -> None:
    """The other side."""
    chart = xmr(weekly([*CALM, 9, 10, 9, 10, 9, 10, 9]), rules=Rules(lock_after=20))

    assert [(point.cause, point.side) for point in chart.points[-7:]] == [(Cause.SHIFT, Side.LOW)] * 7


def test_a_point_on_the_mean_breaks_a_shift() -> None:
    """It is on neither side."""
    assert _causes([*CALM, 10, 13, 12, 13, 11, 13, 12, 13, 12], lock_after=20) == [None] * 29


def test_six_rises_in_a_row_are_a_trend_of_seven_points() -> None:
    """The point that it starts from is part of it."""
    causes = _causes([*CALM, 7, 8, 9, 10, 11, 12, 13], lock_after=20)

    assert causes[-7:] == [Cause.TREND] * 7
    assert causes[-8] is None


def test_five_rises_are_a_trend_only_where_six_points_are_chosen() -> None:
    """Making Data Count lets the user choose."""
    values: list[Value | None] = [*CALM, 8, 9, 10, 11, 12, 13]

    assert _causes(values, lock_after=20) == [None] * 26
    assert _causes(values, lock_after=20, trend_points=6)[-6:] == [Cause.TREND] * 6


def test_a_falling_trend_points_down_though_it_begins_above_the_mean() -> None:
    """What a trend says is where it goes."""
    chart = xmr(weekly([*CALM, 14, 13, 12, 11, 10, 9, 8]), rules=Rules(lock_after=20))

    assert {(point.cause, point.side) for point in chart.points[-7:]} == {(Cause.TREND, Side.LOW)}


def test_a_tie_breaks_a_trend() -> None:
    """Rises are strict."""
    assert _causes([*CALM, 8, 9, 10, 10, 11, 12, 13], lock_after=20) == [None] * 27


def test_two_of_three_near_the_same_limit_are_marked_and_the_third_is_not() -> None:
    """All three must be above the mean; the one that is not near is not marked."""
    assert _causes([*CALM, 10, 15, 12, 15, 10], lock_after=20)[-5:] == [
        None,
        Cause.TWO_OF_THREE,
        None,
        Cause.TWO_OF_THREE,
        None,
    ]


def test_two_of_three_need_the_third_on_the_same_side() -> None:
    """A point between them below the mean breaks the rule."""
    assert _causes([*CALM, 10, 15, 10, 15, 10], lock_after=20) == [None] * 25


def test_near_opposite_limits_are_not_two_of_three() -> None:
    """The same limit is meant."""
    assert _causes([*CALM, 15, 7, 12, 10], lock_after=20) == [None] * 24


def test_a_point_beyond_the_limit_counts_towards_two_of_three() -> None:
    """Making Data Count, November 2023; the point itself is marked as outside, which takes precedence."""
    causes = _causes([*CALM, 10, 15, 12, 17, 10], lock_after=20)

    assert causes[-5:] == [None, Cause.TWO_OF_THREE, None, Cause.OUTSIDE, None]


def test_outside_takes_precedence_over_a_trend() -> None:
    """The last of a trend is beyond the limit."""
    causes = _causes([*CALM, 7, 8, 9, 10, 11, 12, 30], lock_after=20)

    assert causes[-7:] == [Cause.TREND] * 6 + [Cause.OUTSIDE]


def test_a_trend_takes_precedence_over_two_of_three_and_these_over_a_shift() -> None:
    """Each rule holds; the first in order is named."""
    rising: list[Value | None] = [*CALM, 10, 11.5, 12, 12.5, 13, 13.5, 15, 15.5]
    shifted: list[Value | None] = [*CALM, 10, 12, 12, 12, 12, 12, 15, 15]

    assert _causes(rising, lock_after=20)[-8:] == [Cause.TREND] * 8
    assert _causes(shifted, lock_after=20)[-8:] == [None, *[Cause.SHIFT] * 5, *[Cause.TWO_OF_THREE] * 2]


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
    limits = limits_in(chart)
    for point in chart.points:
        assert point.value is not None
        assert (point.cause is Cause.OUTSIDE) == (not limits.lower <= point.value <= limits.upper)
        if point.cause is Cause.SHIFT:
            assert (point.value > limits.mean) == (point.side is Side.HIGH)
            assert point.value != limits.mean
        if point.cause is Cause.TWO_OF_THREE:
            assert not limits.near_lower <= point.value <= limits.near_upper
