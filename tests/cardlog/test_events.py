from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from cds_service.cardlog import schema
from cds_service.cardlog.events import CallRecord, EvaluationEvent, FeedbackEvent
from cds_service.cardlog.forms import MALFORMED
from cds_service.cardlog.rows import rows_of
from cds_service.pathway.facts import Indication

BuildEvaluation = Callable[..., EvaluationEvent]
BuildFeedback = Callable[..., FeedbackEvent]

SENTENCE = "Ann Example (999 000 0018) rang about her knee"


def test_each_event_gets_an_id_of_its_own(an_evaluation: BuildEvaluation, a_feedback: BuildFeedback) -> None:
    """Two events are never taken for a repeat of each other."""
    ids = {an_evaluation().event_id, an_evaluation().event_id, a_feedback().event_id}

    assert [UUID(event_id).version for event_id in ids] == [4, 4, 4]


def test_an_event_id_that_is_no_uuid_is_refused_without_naming_it(
    an_evaluation: BuildEvaluation, a_feedback: BuildFeedback
) -> None:
    """The message must not carry what was handed over."""
    for build in (an_evaluation, a_feedback):
        with pytest.raises(ValueError, match="event_id") as refusal:
            build(event_id=SENTENCE)
        assert "Ann" not in str(refusal.value)


def test_an_event_does_not_change(an_evaluation: BuildEvaluation) -> None:
    """What was checked when it was made is what is stored."""
    with pytest.raises(FrozenInstanceError):
        an_evaluation().client_id = SENTENCE  # type: ignore[misc] # the fault under test


TEXT_OF_AN_EVALUATION = [
    field.name for field in fields(EvaluationEvent) if field.type in (str, str | None) and field.name != "event_id"
]
TEXT_OF_FEEDBACK = [
    field.name for field in fields(FeedbackEvent) if field.type in (str, str | None) and field.name != "event_id"
]


def evaluation_row(event: EvaluationEvent) -> dict[str, object]:
    """The row that is stored of an evaluation, by column."""
    return dict(zip(schema.evaluation.c.keys(), rows_of([CallRecord([event])]).evaluation[0], strict=True))


def feedback_row(event: FeedbackEvent) -> dict[str, object]:
    """The row that is stored of a feedback entry, by column."""
    return dict(zip(schema.feedback.c.keys(), rows_of([[event]]).feedback[0], strict=True))


@pytest.mark.parametrize("field", TEXT_OF_AN_EVALUATION)
def test_an_evaluation_cannot_hold_a_sentence(field: str, an_evaluation: BuildEvaluation) -> None:
    """Whichever field is given free text, it is not in the row."""
    row = evaluation_row(an_evaluation(**{field: SENTENCE}))

    assert row[field] in (None, MALFORMED)


@pytest.mark.parametrize("field", TEXT_OF_FEEDBACK)
def test_feedback_cannot_hold_a_sentence(field: str, a_feedback: BuildFeedback) -> None:
    """Whichever field is given free text, it is not in the row."""
    row = feedback_row(a_feedback(**{field: SENTENCE}))

    assert row[field] in (None, MALFORMED)


@pytest.mark.parametrize("field", ["comment", "user_comment", "had_comment_text", "suggestion_ids"])
def test_feedback_has_no_place_for_a_comment(field: str, a_feedback: BuildFeedback) -> None:
    """A comment is reduced to "had a comment" before an event exists."""
    with pytest.raises(TypeError, match="unexpected keyword"):
        a_feedback(**{field: SENTENCE})


def test_only_known_indication_groups_are_kept_once_and_sorted(an_evaluation: BuildEvaluation) -> None:
    """A code or a text in place of a group is left out."""
    event = an_evaluation(
        indication_groups=(Indication.PAIN, Indication.BENIGN_CAUSE, Indication.PAIN, SENTENCE, "57676002")
    )

    assert evaluation_row(event)["indication_groups"] == "benign_cause,pain"


@pytest.mark.parametrize(("latency", "stored"), [(-5, 0), (12, 12), (2**40, 2**31 - 1)])
def test_a_latency_always_fits_its_column(latency: int, stored: int, an_evaluation: BuildEvaluation) -> None:
    """A clock that jumps cannot make the database refuse the event."""
    assert an_evaluation(latency_ms=latency).latency_ms == stored


def test_the_time_of_the_decision_is_kept_to_the_second_in_utc(a_feedback: BuildFeedback) -> None:
    """The same moment sent with another offset sorts the same."""
    summer_time = timezone(timedelta(hours=1))

    event = a_feedback(outcome_timestamp=datetime(2026, 7, 1, 10, 0, 5, 987_654, tzinfo=summer_time))

    assert event.outcome_timestamp == datetime(2026, 7, 1, 9, 0, 5, tzinfo=UTC)
    assert event.outcome_timestamp.tzinfo is UTC


def test_a_timestamp_at_the_edge_of_the_calendar_is_stored(a_feedback: BuildFeedback) -> None:
    """A client's broken clock does not cost the feedback."""
    event = a_feedback(outcome_timestamp=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))))

    assert event.outcome_timestamp == datetime(1, 1, 1, tzinfo=UTC)


def test_a_timestamp_without_a_time_zone_is_refused(a_feedback: BuildFeedback) -> None:
    """Which of several entries came last could not be told."""
    with pytest.raises(ValueError, match="outcome_timestamp: has no time zone"):
        a_feedback(outcome_timestamp=datetime(2026, 1, 1))  # noqa: DTZ001 - the fault under test
