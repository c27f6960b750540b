"""What may be shown of an XmR chart."""

import pytest
from shown_alone import shown_alone
from spc_builders import monday, weekly

from cds_service.monitor.disclosure import RawCount, disclose_parts, disclose_percentage
from cds_service.monitor.shown_spc import ShownSeries, shown_counts, shown_percentages
from cds_service.monitor.spc import Annotation, Direction, Meaning, xmr


def _counts(counts: list[int], *annotations: Annotation) -> ShownSeries:
    shown = disclose_parts({week: RawCount(count) for week, count in enumerate(counts)})
    return shown_counts(xmr(weekly(counts), rebase_at=annotations), list(shown.parts.values()), Direction.HIGHER)


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


def test_a_single_small_week_among_weeks_of_nought_is_not_told_by_the_limits() -> None:
    """The mean of 26 weeks times 26 would be that week's count."""
    seen = {_counts([0] * 12 + [count] + [0] * 13).baselines[0][3:] for count in (1, 2, 3)}

    assert seen == {(0.0, 0.0, 0.0)}


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
