"""What may be chosen of the rules of control charts, and what a reader is told of it."""

import pytest

from cds_service.monitor.chart_rules import Rules


@pytest.mark.parametrize(("rule", "value"), [("trend_points", 5), ("lock_after", 12)])
def test_rules_that_nobody_knows_are_refused(rule: str, value: int) -> None:
    """Five points are no trend, and twelve make no limits."""
    with pytest.raises(ValueError, match=rule):
        Rules(**{rule: value})  # type: ignore[arg-type]  # that is what is tested


def test_what_holds_is_told_in_words() -> None:
    """Each choice, also where nobody chose."""
    assert Rules().in_words == (
        "A trend takes 7 weeks. No moving range is left out. Limits are worked out from all weeks."
    )
    assert Rules(trend_points=6, screen_moving_ranges=True, lock_after=16).in_words == (
        "A trend takes 6 weeks. Moving ranges from 3.267 times their average on are left out. "
        "Limits are worked out from the first 16 weeks, and stay."
    )
