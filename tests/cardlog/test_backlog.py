import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cds_service.cardlog.backlog import Backlog, Tally
from cds_service.cardlog.events import CallRecord, EvaluationEvent, FeedbackEvent

BuildCall = Callable[..., CallRecord]
BuildEvaluation = Callable[..., EvaluationEvent]
BuildFeedback = Callable[..., FeedbackEvent]


def on_a_loop(scenario: Callable[[asyncio.AbstractEventLoop], Any]) -> None:
    """Run a scenario on an event loop, and then what it left for the loop to do."""

    async def run() -> None:
        await scenario(asyncio.get_running_loop())

    asyncio.run(run())


def test_records_that_come_together_share_a_batch(a_call: BuildCall, a_feedback: BuildFeedback) -> None:
    """One sync serves them all, in order of arrival."""
    backlog = Backlog(10)
    calls = [a_call(), a_call()]
    entries = [a_feedback()]

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        added = [backlog.add(record, loop) for record in (*calls, entries)]
        assert [each[2] for each in added if each] == [True, False, False]
        [batch] = backlog.take(100)
        assert batch.records == [*calls, entries]

    on_a_loop(scenario)


def test_a_batch_that_is_being_written_takes_nothing_more(a_call: BuildCall) -> None:
    """What comes meanwhile is in the next."""
    backlog = Backlog(10)

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        backlog.add(a_call(), loop)
        backlog.take(100)
        backlog.add(a_call(), loop)
        assert [len(batch.records) for batch in backlog.take(100)] == [1, 1]

    on_a_loop(scenario)


def test_batches_leave_only_when_they_are_settled(a_call: BuildCall) -> None:
    """A failed write loses nothing: the same batch is simply still there."""
    backlog = Backlog(10)

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        backlog.add(a_call(), loop)
        assert backlog.take(100) == backlog.take(100)
        [batch] = backlog.take(100)
        backlog.settle(batch)
        assert backlog.is_empty
        assert backlog.take(100) == []

    on_a_loop(scenario)


def test_a_call_that_is_on_a_disk_is_answered_and_stored(a_call: BuildCall) -> None:
    """Its waiter is let go on the event loop, whatever thread settled it."""
    backlog = Backlog(10)

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        added = backlog.add(a_call(), loop)
        assert added is not None
        batch, waiter, _ = added
        assert backlog.tally() == Tally()
        await asyncio.to_thread(backlog.settle, batch)
        assert await waiter
        assert backlog.tally() == Tally(answered=1, stored=1)

    on_a_loop(scenario)


def test_a_late_call_counts_as_lost_until_it_is_stored(a_call: BuildCall) -> None:
    """Killed in between, the process has lost it; afterwards it is stored, once."""
    backlog = Backlog(10)

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        added = backlog.add(a_call(), loop)
        assert added is not None
        batch, waiter, _ = added
        assert backlog.answer_late(batch)
        assert not await waiter
        assert backlog.is_overdue
        assert backlog.tally() == Tally(answered=1, lost=1, late=1)
        backlog.settle(batch)
        backlog.settle(batch)
        assert not backlog.is_overdue
        assert backlog.tally() == Tally(answered=1, stored=1, late=1)
        assert not backlog.answer_late(batch)

    on_a_loop(scenario)


def test_feedback_waits_on_when_the_calls_of_its_batch_are_answered_late(
    a_call: BuildCall, a_feedback: BuildFeedback
) -> None:
    """Its sender is told that it is stored, so nothing less lets it go."""
    backlog = Backlog(10)

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        backlog.add(a_call(), loop)
        added = backlog.add([a_feedback(), a_feedback()], loop)
        assert added is not None
        batch, waiter, _ = added
        backlog.answer_late(batch)
        await asyncio.sleep(0)
        assert not waiter.done()
        backlog.settle(batch)
        assert await waiter
        assert backlog.tally().feedback_stored == 2

    on_a_loop(scenario)


def test_a_record_that_is_refused_is_lost_and_the_rest_of_its_batch_stored(
    an_evaluation: BuildEvaluation, a_call: BuildCall, a_feedback: BuildFeedback
) -> None:
    """Each waiter learns of its own record."""
    backlog = Backlog(10)
    refused = CallRecord([an_evaluation(), an_evaluation()])

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        added = [backlog.add(record, loop) for record in (a_call(), refused, [a_feedback()])]
        waiters = [each[1] for each in added if each]
        [batch] = backlog.take(100)
        backlog.settle(batch, frozenset({1, 2}))
        assert await asyncio.gather(*waiters) == [True, False, False]
        assert backlog.tally() == Tally(answered=3, stored=1, lost=2)

    on_a_loop(scenario)


def test_what_does_not_fit_is_answered_and_lost(an_evaluation: BuildEvaluation, a_feedback: BuildFeedback) -> None:
    """The clinician's call goes on; feedback is for its sender to send again, and counts as nothing."""
    backlog = Backlog(1)

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        backlog.add([a_feedback()], loop)
        assert backlog.is_full
        assert backlog.add(CallRecord([an_evaluation(), an_evaluation()]), loop) is None
        assert backlog.add([a_feedback()], loop) is None
        assert backlog.tally() == Tally(answered=2, lost=2)

    on_a_loop(scenario)


def test_giving_up_answers_everything_and_counts_it_as_lost(a_call: BuildCall) -> None:
    """At the end nobody waits any more, and the sum holds."""
    backlog = Backlog(10)

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        late = backlog.add(a_call(), loop)
        assert late is not None
        backlog.answer_late(late[0])
        added = backlog.add(a_call(), loop)
        assert added is not None
        assert backlog.abandon() == 2
        assert not await added[1]
        assert backlog.add(a_call(), loop) is None
        assert backlog.tally() == Tally(answered=3, lost=3, late=1)

    on_a_loop(scenario)


def test_a_spooled_evaluation_that_the_database_refuses_is_lost_after_all() -> None:
    """The sum of stored and lost stays what was answered."""
    backlog = Backlog(10)

    backlog.lose_stored(2)

    assert backlog.tally() == Tally(answered=0, stored=-2, lost=2)


def test_a_waiter_whose_caller_went_away_disturbs_nobody(a_call: BuildCall) -> None:
    """A cancelled request's record is stored all the same, and the others of its batch are answered."""
    backlog = Backlog(10)

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        added = [backlog.add(a_call(), loop) for _ in range(2)]
        gone, staying = [each[1] for each in added if each]
        gone.cancel()
        [batch] = backlog.take(100)
        backlog.settle(batch)
        assert await staying
        assert backlog.tally() == Tally(answered=2, stored=2)

    on_a_loop(scenario)


def test_a_loop_that_has_ended_is_left_alone(a_call: BuildCall) -> None:
    """A write that outlives the event loop of its calls fails nothing."""
    backlog = Backlog(10)

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        backlog.add(a_call(), loop)

    on_a_loop(scenario)
    [batch] = backlog.take(100)

    backlog.settle(batch)

    assert backlog.tally() == Tally(answered=1, stored=1)


@pytest.mark.parametrize("most", [1, 3, 4])
def test_a_take_is_bounded_by_records_and_gives_at_least_one_batch(most: int, a_call: BuildCall) -> None:
    """A commit stays small enough to be quick; a batch is never split."""
    backlog = Backlog(10)

    async def scenario(loop: asyncio.AbstractEventLoop) -> None:
        for size in (2, 2):
            for _ in range(size):
                backlog.add(a_call(), loop)
            backlog.take(100)
        assert sum(len(batch.records) for batch in backlog.take(most)) == (4 if most == 4 else 2)

    on_a_loop(scenario)
