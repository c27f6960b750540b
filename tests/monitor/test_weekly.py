"""What the heading and the sentence of a weekly control chart say."""

from collections.abc import Sequence

from spc_builders import monday, weekly

from cds_service.monitor.disclosure import RawCount, disclose, disclose_parts, disclose_percentage
from cds_service.monitor.shown_spc import ShownSeries, shown_counts, shown_percentages
from cds_service.monitor.spc import Annotation, Cause, Direction, Xmr, xmr
from cds_service.monitor.weekly import finding, limits_in_words


def _counts(counts: Sequence[int], *annotations: Annotation) -> tuple[Xmr, ShownSeries]:
    shown = disclose_parts({week: RawCount(count) for week, count in enumerate(counts)})
    result = xmr(weekly(counts), rebase_at=annotations)
    return result, shown_counts(result, list(shown.parts.values()), Direction.HIGHER)


def _shares_of_100(accepted: Sequence[int], weeks_without_a_card: int = 0) -> tuple[Xmr, ShownSeries]:
    whole, nothing = disclose(RawCount(100)), disclose(RawCount(0))
    shown = [disclose_percentage(disclose(RawCount(part)), whole) for part in accepted]
    shown += [disclose_percentage(nothing, nothing)] * weeks_without_a_card
    result = xmr(weekly([*accepted, *[None] * weeks_without_a_card]))
    return result, shown_percentages(result, shown, Direction.HIGHER)


def test_a_series_that_ends_in_masked_weeks_says_so_and_not_what_was_special_before() -> None:
    """An EHR that stopped calling is the finding, not the week above the limit before it."""
    result, shown = _counts([100, 102, 98] * 6 + [150] + [3, 2] * 3)

    assert [point.cause for point in result.points[-6:]] == [Cause.OUTSIDE] * 6
    assert finding("Orders", result, shown) == "Orders: the latest 6 weeks cannot be shown"
    assert finding("Orders", *_counts([100, 102] * 7 + [3])) == "Orders: the latest week cannot be shown"


def test_a_share_of_no_cards_is_the_finding_where_there_were_cards_before() -> None:
    """The EHR that showed them calls no more."""
    assert finding("Accepted", *_shares_of_100([30, 31] * 10, 4)) == "Accepted: the latest 4 weeks cannot be shown"


def test_a_masked_week_that_others_follow_is_not_the_finding() -> None:
    """What is now is told, and that it speaks of the weeks that are shown."""
    told = finding("Orders", *_counts([110, 80] * 7 + [3] + [110, 80] * 7))

    assert told == "Orders: no week that is shown differs by more than chance"


def test_a_baseline_too_short_for_limits_is_the_finding() -> None:
    """A jump with a new version is not "no week differs by more than chance"."""
    begun = Annotation(monday(16), "Pathway nwl 1.3")
    result, shown = _counts([100, 102] * 8 + [300, 302] * 5, begun)

    assert finding("Orders", result, shown) == "Orders: too few weeks since Pathway nwl 1.3 for control limits"
    assert limits_in_words(result, shown) == (
        "No control limits since Pathway nwl 1.3: they need 13 weeks with figures, and there are 10."
    )


def test_the_sentence_says_why_there_are_no_limits() -> None:
    """Twenty-one weeks are enough; that one of them is masked is the reason."""
    result, shown = _shares_of_100([30, 31] * 10 + [3])

    assert limits_in_words(result, shown, "%") == (
        "No control limits are shown: beside masked weeks they would tell what is masked."
    )
    assert limits_in_words(*_shares_of_100([30, 31] * 10), "%").startswith("Mean 30.5%, expected by chance from ")
