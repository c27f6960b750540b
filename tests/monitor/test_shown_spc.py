"""What may be shown of an XmR chart."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from series_attacker import possible_counts_of
from shown_alone import shown_alone
from spc_builders import charted, monday, weekly

from cds_service.monitor.chart_rules import Rules
from cds_service.monitor.disclosure import disclose_percentage
from cds_service.monitor.shown_spc import ShownSeries, shown_counts, shown_percentages
from cds_service.monitor.spc import Annotation, Direction, Meaning, xmr


def _counts(counts: Sequence[int], *annotations: Annotation, rules: Rules | None = None) -> ShownSeries:
    return charted(counts, *annotations, rules=rules)[1]


def _shares(accepted: list[int], cards: list[int]) -> ShownSeries:
    exact = [100 * part / whole if whole else None for part, whole in zip(accepted, cards, strict=True)]
    shown = [
        disclose_percentage(shown_alone(part), shown_alone(whole)) for part, whole in zip(accepted, cards, strict=True)
    ]
    return shown_percentages(xmr(weekly(exact)), shown, Direction.HIGHER)


def test_points_are_rounded_and_limits_are_whole_numbers() -> None:
    """The rules saw 101 and 103; the reader sees 100 and 105, and a mean of 102."""
    series = _counts([101, 103] * 10)

    assert {point.value for point in series.points} == {100.0, 105.0}
    assert (series.baselines[0].mean, series.baselines[0].upper, series.baselines[0].lower) == (102, 107, 97)


def test_a_lower_limit_is_drawn_at_nought_where_it_would_be_below() -> None:
    """A count is never below."""
    assert _counts([0, 20] * 10).baselines[0].lower == 0


def test_a_masked_point_has_no_value_and_no_mark_and_coarsens_its_limits() -> None:
    """Its being outside would tell something of it."""
    series = _counts([103, 101] * 10 + [3])

    assert series.points[-1].value is None
    assert series.points[-1].is_masked
    assert series.points[-1].meaning is Meaning.COMMON_CAUSE
    assert series.baselines[0].mean is not None
    assert series.baselines[0].mean % 5 == 0


_RULES = pytest.mark.parametrize(
    "rules", [Rules(), Rules(screen_moving_ranges=True), Rules(lock_after=16), Rules(trend_points=6, lock_after=16)]
)


@_RULES
@pytest.mark.parametrize("weeks", [13, 16, 17, 18, 26])
def test_a_single_small_week_among_weeks_of_nought_is_told_by_no_limit_and_no_mark(rules: Rules, weeks: int) -> None:
    """The mean of 26 weeks times 26 would be its count; of 17 or 18 the upper limit is 5 for a 7, and else 0."""
    before = weeks // 2
    seen = {
        _counts([0] * before + [count] + [0] * (weeks - before - 1) + [160, 0, 0, 0], rules=rules)
        for count in range(1, 8)
    }

    assert len(seen) == 1


def test_limits_before_a_change_do_not_tell_a_small_week_after_it() -> None:
    """A mean to the whole number, beside the total of all, would: they are to the nearest 5 in all of the series."""
    before = [103] * 12 + [110]

    assert _counts(before, Annotation(monday(13), "Go-live")).baselines[0][3:6] == (104.0, 105.0, 102.0)
    assert _counts([*before, 1], Annotation(monday(13), "Go-live")).baselines[0][3:6] == (105.0, 105.0, 100.0)


def test_no_mark_of_a_shown_week_rests_on_a_masked_one() -> None:
    """Six weeks below the mean are a shift with a seventh: marked, they would tell that the masked one is below it."""
    series = _counts([12, 16] * 7 + [9] * 3 + [7] + [9] * 3 + [12, 16] * 3)

    assert series.baselines[0].mean == 15
    assert {point.meaning for point in series.points} == {Meaning.COMMON_CAUSE}


_SHOWN = st.integers(8, 22)
_WEEK = st.one_of(_SHOWN, _SHOWN, _SHOWN, _SHOWN, st.just(0), st.integers(1, 7))


@_RULES
@settings(max_examples=12)
@given(st.lists(_WEEK, min_size=16, max_size=24), st.randoms(use_true_random=False))
def test_nobody_who_tries_other_series_can_tell_a_masked_week(rules: Rules, counts: list[int], choose: Random) -> None:
    """Another count of it, with others that are shown as the same, gives the same total, limits and marks."""
    for week in [week for week, count in enumerate(counts) if 0 < count < 8][:2]:
        assert len(possible_counts_of(week, counts, rules, choose)) > 1


def test_a_series_with_most_weeks_masked_has_no_limits() -> None:
    """There is too little to show a chart of."""
    assert _counts([3] * 15 + [20] * 5).baselines[0].mean is None


def test_limits_of_percentages_have_one_decimal_and_are_left_out_beside_a_masked_point() -> None:
    """One more of ten is 10 points, which no rounding of limits hides."""
    assert _shares([30, 31] * 10, [100] * 20).baselines[0].mean == 30.5
    masked = _shares([30, 31] * 10 + [3], [100] * 21)
    assert masked.baselines[0].mean is None
    assert masked.points[-1].is_masked


def test_a_week_without_cards_is_a_gap_and_not_a_masked_point() -> None:
    """There is no share of nothing."""
    series = _shares([30, 31] * 10 + [0], [100] * 20 + [0])

    assert (series.points[-1].value, series.points[-1].is_masked) == (None, False)


def test_each_baseline_keeps_its_name_and_its_weeks() -> None:
    """One that is too short for limits has none."""
    series = _counts([100, 102] * 10, Annotation(monday(15), "Go-live"))

    assert [(each.name, each.first, each.last, each.mean) for each in series.baselines] == [
        (None, monday(0), monday(14), 101.0),
        ("Go-live", monday(15), monday(19), None),
    ]


def test_another_number_of_points_than_periods_is_refused() -> None:
    """Each would stand at another's week."""
    with pytest.raises(ValueError, match="zip"):
        shown_counts(xmr(weekly([1, 2])), [], Direction.HIGHER)
