"""The verdict must be able to fail: what is planted here as missing, doubled, torn or miscounted is found."""

from collections import Counter
from dataclasses import replace

import pytest
from loss_ledger import Answered, Health, Ledger, Logged, Sums, Verdict, judge

FAST, SLOW = 0.01, 0.2
LEDGER = Ledger(answered=[Answered("one", 1, FAST), Answered("five", 5, FAST), Answered("slow", 1, SLOW)])
ALL_THERE = Logged(Counter({"one": 1, "five": 5, "slow": 1}), Counter(["one", "five", "slow"]), Counter(), 0)


def verdict(logged: Logged = ALL_THERE, sums: Sums | None = None, *, by_time: bool = False) -> Verdict:
    """The verdict on three answered calls."""
    return judge(LEDGER, logged, sums or Sums(), by_time=by_time)


def without(card_id: str, rows: int) -> Logged:
    """The log without some evaluations of a call, and without its card where none is left."""
    evaluations = ALL_THERE.evaluations - Counter({card_id: rows})
    return replace(ALL_THERE, evaluations=evaluations, cards=Counter(evaluations.keys()))


def test_all_there_once_holds() -> None:
    """Seven evaluations of three calls."""
    found = verdict()
    assert found.holds
    assert (found.acknowledged, found.stored, found.missing) == (7, 7, 0)


def test_a_missing_evaluation_is_found() -> None:
    """An answered call that is not there."""
    found = verdict(without("one", 1))
    assert (found.missing, found.holds) == (1, False)


def test_a_loss_that_the_service_counts_is_not_acknowledged() -> None:
    """Answered and counted lost: nothing was promised."""
    found = verdict(without("one", 1), Sums(lost=1))
    assert (found.acknowledged, found.missing, found.holds) == (6, 0, True)


def test_a_call_of_which_a_part_is_there_is_torn() -> None:
    """A call is written whole or not at all, lost or not."""
    found = verdict(without("five", 2), Sums(lost=2))
    assert (found.torn, found.holds) == (1, False)


def test_a_card_without_its_evaluation_is_torn() -> None:
    """Card and evaluation are written together."""
    found = verdict(replace(ALL_THERE, cards=Counter(["one", "five", "slow", "stray"])))
    assert (found.torn, found.holds) == (1, False)


@pytest.mark.parametrize(
    "logged",
    [
        replace(ALL_THERE, evaluations=ALL_THERE.evaluations + Counter(["one"])),
        replace(ALL_THERE, cards=ALL_THERE.cards + Counter(["one"])),
        replace(ALL_THERE, repeated_events=1),
    ],
)
def test_what_is_there_twice_is_found(logged: Logged) -> None:
    """An evaluation, a card, or an event id on two days."""
    found = verdict(logged)
    assert (found.doubled, found.holds) == (1, False)


def test_a_killed_process_answers_for_what_it_answered_at_once() -> None:
    """An answer that took as long as the service waits may have gone out before its call was on a disk."""
    assert verdict(without("slow", 1), by_time=True).holds
    assert not verdict(without("one", 1), Sums(lost=1), by_time=True).holds


def test_feedback_that_was_taken_is_there_once() -> None:
    """A 200 says that it is stored."""
    ledger = Ledger(answered=LEDGER.answered, feedback=["one", "five"])
    found = judge(ledger, replace(ALL_THERE, feedback=Counter(["one", "five", "five"])), Sums(), by_time=False)
    assert (found.feedback, found.feedback_wrong, found.holds) == (2, 1, False)


@pytest.mark.parametrize("sums", [Sums(wrong=1), Sums(answered=6), Sums(answered=8)])
def test_sums_that_do_not_hold_are_found(sums: Sums) -> None:
    """Answered is stored + lost at every moment, and what the client saw."""
    assert not verdict(sums=sums).holds


def test_what_a_scenario_does_not_allow_for_fails_it() -> None:
    """An answer of another status, or a service that says it is ready when it is not."""
    ledger = Ledger(answered=LEDGER.answered, unexpected=Counter({"500 with 0 cards": 2}))
    found = judge(ledger, ALL_THERE, Sums(), by_time=False)
    assert (found.unexpected, found.holds) == (("2 x 500 with 0 cards",), False)


def test_a_verdict_on_nothing_does_not_hold() -> None:
    """Were every answer too slow to be judged, the proof would be empty."""
    found = judge(Ledger(answered=[Answered("slow", 1, SLOW)]), ALL_THERE, Sums(), by_time=True)
    assert (found.acknowledged, found.holds) == (0, False)


@pytest.mark.parametrize(("stored", "lost", "adds_up"), [(5, 2, True), (5, 1, False)])
def test_a_process_is_held_to_its_sums(stored: int, lost: int, adds_up: bool) -> None:
    """Seven answered."""
    said = Health(is_ready=True, state="writing", answered=7, stored=stored, lost=lost, late=0, spooled=0)
    assert said.adds_up == adds_up
