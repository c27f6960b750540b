"""A day of the invented history."""

from collections.abc import Iterator
from datetime import date, timedelta

from cds_service.cardlog.events import CallRecord, EvaluationEvent, FeedbackEvent
from cds_service.invented_history.day import InventedDay, Made, Version
from cds_service.invented_history.kinds import ASSURED
from cds_service.invented_history.places import LATE_EHR, SILENT_EHR, practices
from cds_service.invented_history.story import Story
from cds_service.pathway.facts import Setting
from cds_service.pathway.outcomes import Outcome

_TODAY = date(2026, 11, 29)
_STORY = Story(_TODAY)


def _made(weeks_ago: int, *, seed: int = 1, is_current: bool = True) -> list[Made]:
    """Five working days."""
    monday = date(2026, 11, 23) - timedelta(weeks=weeks_ago)
    versions = {"nwl": Version("1.2", is_current), "nel": Version("1.4", is_current)}
    days = [monday + timedelta(days=number) for number in range(5)]
    return [InventedDay(seed, _STORY, day, versions, "0.1.0").make() for day in days]


def _evaluations(made: list[Made]) -> Iterator[EvaluationEvent]:
    for day in made:
        for record in day.records:
            if isinstance(record, CallRecord):
                yield from record.evaluations


def _feedback(made: list[Made]) -> Iterator[FeedbackEvent]:
    for day in made:
        for record in day.records:
            if not isinstance(record, CallRecord):
                yield from record


def test_a_day_is_the_same_for_a_seed_and_another_for_another() -> None:
    """Screenshots and tests can rely on it."""
    assert _made(2) == _made(2)
    assert _made(2) != _made(2, seed=2)


def test_everything_is_marked_as_of_the_demo_and_from_invented_places() -> None:
    """ODS codes that begin with Z99 belong to nobody."""
    events = list(_evaluations(_made(2)))

    assert {event.mode for event in events} == {"demo"}
    assert all(event.organisation is None or event.organisation.startswith("Z99") for event in events)
    assert {event.region for event in events} == {"nwl", "nel"}


def test_most_orders_are_redirected_and_red_flags_are_rare() -> None:
    """As in life."""
    outcomes = [event.outcome for week in range(4) for event in _evaluations(_made(week))]

    assert outcomes.count(Outcome.REDIRECT) > len(outcomes) * 0.4
    assert 0 < outcomes.count(Outcome.CES) + outcomes.count(Outcome.MSCC) < len(outcomes) * 0.04


def test_calls_are_counted_as_they_were_made() -> None:
    """Beside them those that were about something else."""
    for day in _made(2):
        calls = [record for record in day.records if isinstance(record, CallRecord)]
        counted = sum(count for (*_, result), count in day.calls.items() if result in {"cards", "silent"})
        assert counted == len(calls)
        assert sum(count for (*_, result), count in day.calls.items() if result == "out_of_scope") > 100


def test_in_the_fault_the_second_ehr_leaves_out_where_the_requester_works() -> None:
    """And no other does."""
    events = list(_evaluations(_made(14)))
    silent = [event for event in events if event.client_id == SILENT_EHR]

    assert {event.setting for event in silent} == {Setting.UNKNOWN}
    assert sum(event.setting is Setting.UNKNOWN for event in events if event.client_id != SILENT_EHR) < len(events) / 10


def test_the_third_ehr_calls_only_once_it_is_live() -> None:
    """A go-live is a change that a chart should show."""
    assert LATE_EHR not in {event.client_id for event in _evaluations(_made(60))}
    assert LATE_EHR in {event.client_id for event in _evaluations(_made(20))}


def test_the_second_ehr_sends_no_feedback_and_others_do() -> None:
    """The monitor must tell a silent client from clinicians who do not answer."""
    clients = {entry.client_id for entry in _feedback(_made(2))}

    assert clients
    assert SILENT_EHR not in clients


def test_assured_practitioners_who_are_not_listed_say_so_where_they_work() -> None:
    """Only in North East London, and only once its current version is in force."""
    unlisted = {practice.organisation for practice in practices() if practice.has_unlisted_fcp}
    made = _made(2)
    cards = {event.card_id: event.organisation for event in _evaluations(made)}
    saying_so = {cards[entry.card_id] for entry in _feedback(made) if entry.override_reason_code == ASSURED}

    assert saying_so
    assert saying_so <= unlisted
    assert ASSURED not in {entry.override_reason_code for entry in _feedback(_made(2, is_current=False))}


def test_a_region_without_a_pathway_has_no_history() -> None:
    """The deployment says which regions there are."""
    made = InventedDay(1, _STORY, date(2026, 11, 23), {"nwl": Version("1.2", is_current=True)}, "0.1.0").make()

    assert {event.region for event in _evaluations([made])} == {"nwl"}
