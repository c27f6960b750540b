"""From events to the rows that are stored: by table, each row's values in the order of the table's columns."""

from collections.abc import Sequence
from typing import NamedTuple

from cds_service.cardlog.events import CallRecord, CardEvent, EvaluationEvent, FeedbackEvent, SuggestionEvent

Row = tuple[object, ...]


class Rows(NamedTuple):
    """Rows of several records, by table. The first two values of a row are its id and its day, which are its key."""

    evaluation: list[Row]
    episode_key: list[Row]
    card: list[Row]
    suggestion: list[Row]
    feedback: list[Row]


Record = CallRecord | Sequence[FeedbackEvent]
"""What is written whole or not at all: an answered call, or the entries of one feedback call."""


def rows_of(records: Sequence[Record]) -> Rows:
    """The rows of records, by table."""
    rows = Rows([], [], [], [], [])
    for record in records:
        if isinstance(record, CallRecord):
            for event in record.evaluations:
                rows.evaluation.append(evaluation_row(event))
                if event.order_key is not None or event.session_key is not None:
                    rows.episode_key.append((event.event_id, event.occurred_on, event.order_key, event.session_key))
            for card in record.cards:
                rows.card.append(card_row(card))
                rows.suggestion.extend(suggestion_row(each, card) for each in card.suggestions)
        else:
            rows.feedback.extend(feedback_row(entry) for entry in record)
    return rows


def evaluation_row(event: EvaluationEvent) -> Row:
    """The row of an evaluation. A member of an enumeration is a str already; the drivers want a plain one."""
    return (
        event.event_id,
        event.occurred_on,
        event.occurred_hour,
        event.region,
        event.pathway_id,
        event.pathway_version,
        event.rule_id,
        event.outcome.value,
        None if event.indicator is None else event.indicator.value,
        event.card_id,
        event.card_count,
        event.modality.value,
        event.body_region_group.value,
        event.known_by.value,
        event.setting.value,
        event.setting_evidence,
        event.requester_category,
        event.organisation,
        event.pcn,
        event.borough,
        event.region_conflict,
        event.indication_present,
        ",".join(event.indication_groups),
        event.oncology.value,
        event.age_band.value,
        event.fcp_listing.value,
        event.hook,
        event.client_id,
        event.latency_ms,
        event.mode,
        event.software_version,
    )


def card_row(event: CardEvent) -> Row:
    """The row of a card."""
    return (
        event.card_id,
        event.occurred_on,
        event.event_id,
        event.position,
        event.outcome.value,
        event.indicator.value,
        event.orders,
        len(event.suggestions),
    )


def suggestion_row(event: SuggestionEvent, card: CardEvent) -> Row:
    """The row of a card's suggestion."""
    return (event.suggestion_id, card.occurred_on, card.card_id, event.creates, event.deletes)


def feedback_row(event: FeedbackEvent) -> Row:
    """The row of a feedback entry."""
    return (
        event.event_id,
        event.received_on,
        event.received_hour,
        event.service_id,
        event.client_id,
        event.card_id,
        event.outcome.value,
        event.suggestion_accepted,
        event.suggestion_id,
        event.override_reason_code,
        event.override_reason_system,
        event.had_comment,
        event.outcome_timestamp,
    )
