"""Natural process limits: each rule of Making Data Count that is about them."""

from fractions import Fraction

from spc_builders import CALM, limits_in, weekly

from cds_service.monitor.chart_rules import Rules
from cds_service.monitor.spc import Value, xmr
from cds_service.monitor.special_causes import Cause


def test_limits_are_2_66_average_moving_ranges_from_the_mean() -> None:
    """The constant of an XmR chart, exact to the last digit."""
    limits = limits_in(xmr(weekly(CALM)))

    assert limits.mean == 11
    assert limits.average_moving_range == 2
    assert limits.upper == Fraction("16.32")
    assert limits.lower == Fraction("5.68")
    assert limits.points == 20


def test_near_limits_are_two_thirds_of_the_way() -> None:
    """1.7733 average moving ranges."""
    limits = limits_in(xmr(weekly(CALM)))

    assert limits.near_upper == 11 + 2 * Fraction("2.66") * 2 / 3
    assert limits.near_lower == 11 - 2 * Fraction("2.66") * 2 / 3


def test_a_lower_limit_below_zero_is_kept_for_reckoning() -> None:
    """Only a drawing stops at 0."""
    assert limits_in(xmr(weekly([0, 9] * 7))).lower < 0


def test_a_constant_series_has_limits_on_its_mean_and_nothing_outside() -> None:
    """An average moving range of 0; 0.1 stands for values that no binary fraction meets."""
    chart = xmr(weekly([0.1] * 20))

    assert limits_in(chart).upper == limits_in(chart).lower == limits_in(chart).mean == Fraction(0.1)
    assert [point.cause for point in chart.points] == [None] * 20


def test_twelve_points_have_no_limits_and_no_special_cause() -> None:
    """Too few to tell chance from change, however high one is."""
    chart = xmr(weekly([*[10] * 11, 1000]))

    assert chart.baselines[0].limits is None
    assert chart.baselines[0].points == 12
    assert {point.cause for point in chart.points} == {None}


def test_thirteen_points_havelimits_in() -> None:
    """The least that Making Data Count draws them for."""
    assert xmr(weekly([10, 11] * 6 + [10])).baselines[0].limits is not None


def test_missing_periods_do_not_count_towards_thirteen() -> None:
    """Twelve values and any number of gaps have no limits."""
    assert xmr(weekly([*[10, 11] * 6, None, None])).baselines[0].limits is None


def test_the_moving_range_screen_leaves_out_the_largest_steps_when_asked_for() -> None:
    """One leap among twenty calm steps; by default it stays in, as in the Excel tool."""
    values: list[Value | None] = [*CALM, 110]

    assert limits_in(xmr(weekly(values))).average_moving_range == Fraction(19 * 2 + 98, 20)
    assert limits_in(xmr(weekly(values), rules=Rules(screen_moving_ranges=True))).average_moving_range == 2


def test_locked_limits_are_those_of_the_first_points() -> None:
    """What comes later is held against them and does not move them."""
    locked = xmr(weekly([*CALM, *[30] * 10]), rules=Rules(lock_after=20))

    assert limits_in(locked) == limits_in(xmr(weekly(CALM)))
    assert locked.points[-1].cause is Cause.OUTSIDE
