from collections.abc import Callable

from cds_service.cardlog.backlog import Backlog, Tally
from cds_service.cardlog.events import EvaluationEvent, FeedbackEvent

BuildEvaluation = Callable[..., EvaluationEvent]
BuildFeedback = Callable[..., FeedbackEvent]


def test_what_does_not_fit_is_counted_as_lost(an_evaluation: BuildEvaluation) -> None:
    """Of one call's events as many are kept as there is room for."""
    backlog = Backlog(3)

    lost = [backlog.add_evaluations([an_evaluation(), an_evaluation()]) for _ in range(3)]

    assert lost == [0, 1, 2]
    assert backlog.tally() == Tally(recorded=6, lost=3, waiting=3)
    assert backlog.full


def test_feedback_is_taken_whole_or_not_at_all(a_feedback: BuildFeedback) -> None:
    """A sender is never told that half of its entries are stored."""
    backlog = Backlog(3)

    taken = [backlog.add_feedback([a_feedback(), a_feedback()]) is not None for _ in range(2)]

    assert taken == [True, False]


def test_events_leave_in_order_and_only_when_settled(an_evaluation: BuildEvaluation) -> None:
    """A batch that could not be written is still the first in the queue."""
    events = [an_evaluation() for _ in range(5)]
    backlog = Backlog(10)
    backlog.add_evaluations(events)

    first = backlog.head(3)
    again = backlog.head(3)
    backlog.settle(3, stored=True)
    rest = backlog.head(3)

    assert (first, again, rest) == (events[:3], events[:3], events[3:])
    assert backlog.tally() == Tally(recorded=5, stored=3, waiting=2)


def test_room_returns_when_events_are_settled(an_evaluation: BuildEvaluation, a_feedback: BuildFeedback) -> None:
    """Both kinds of event count towards the capacity, and both give it back."""
    backlog = Backlog(4)
    post = backlog.add_feedback([a_feedback(), a_feedback(), a_feedback()])
    backlog.add_evaluations([an_evaluation()])
    before = backlog.full

    backlog.settle(2, stored=True)

    assert post is not None
    assert post.stored.result()
    assert (before, backlog.full) == (True, False)
    assert backlog.tally() == Tally(recorded=1, stored=1, feedback_stored=3)


def test_a_closed_backlog_takes_nothing_more_and_keeps_what_waits(
    an_evaluation: BuildEvaluation, a_feedback: BuildFeedback
) -> None:
    """Closing turns events away, and counts them, but drops none."""
    backlog = Backlog(10)
    backlog.add_evaluations([an_evaluation()])

    backlog.close()

    assert backlog.add_evaluations([an_evaluation()]) == 1
    assert backlog.add_feedback([a_feedback()]) is None
    assert len(backlog.head(10)) == 1


def test_what_is_abandoned_is_lost_and_its_senders_are_told(
    an_evaluation: BuildEvaluation, a_feedback: BuildFeedback
) -> None:
    """A write that returns afterwards changes no count."""
    backlog = Backlog(10)
    backlog.add_evaluations([an_evaluation(), an_evaluation()])
    post = backlog.add_feedback([a_feedback()])

    lost = backlog.abandon()
    backlog.settle(3, stored=True)

    assert lost == 2
    assert post is not None
    assert not post.stored.result()
    assert backlog.tally() == Tally(recorded=2, lost=2)
