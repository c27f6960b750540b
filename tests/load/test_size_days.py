"""The generated log's rows are those that the service would have written."""

from collections import Counter
from datetime import date, datetime
from typing import Any

from size_days import evaluations_by_day, rows_of_day
from size_england import REGIONS, england

from cds_service.cardlog import schema
from cds_service.cardlog.bands import AgeBand, BodyRegionGroup
from cds_service.cardlog.events import CardEvent, EvaluationEvent, FeedbackEvent, FeedbackOutcome, SuggestionEvent
from cds_service.cardlog.rows import Row, Rows, card_row, evaluation_row, feedback_row, suggestion_row
from cds_service.pathway.facts import FcpListing, Indication, KnownBy, Modality, Oncology, Setting
from cds_service.pathway.outcomes import Indicator, Outcome

LAST = date(2026, 11, 22)
DAY = date(2026, 11, 20)


def some_rows() -> Rows:
    """A day of a few thousand evaluations."""
    return rows_of_day(DAY, LAST, 4_000)


def named(table: Any, row: Row) -> dict[str, Any]:  # noqa: ANN401 - a table, whose columns are named
    """A row's values by column."""
    return dict(zip(table.c.keys(), row, strict=True))


def evaluation_again(row: Row) -> Row:
    """The row that an event with this row's values leaves."""
    values = named(schema.evaluation, row)
    indicator, groups = values["indicator"], values["indication_groups"]
    values |= {
        "outcome": Outcome(values["outcome"]),
        "indicator": None if indicator is None else Indicator(indicator),
        "modality": Modality(values["modality"]),
        "body_region_group": BodyRegionGroup(values["body_region_group"]),
        "known_by": KnownBy(values["known_by"]),
        "setting": Setting(values["setting"]),
        "indication_groups": tuple(Indication(group) for group in groups.split(",") if group),
        "oncology": Oncology(values["oncology"]),
        "age_band": AgeBand(values["age_band"]),
        "fcp_listing": FcpListing(values["fcp_listing"]),
    }
    return evaluation_row(EvaluationEvent(**values))


def card_again(row: Row, suggestions: int) -> Row:
    """The row that a card with this row's values leaves."""
    values = named(schema.card, row)
    values |= {
        "outcome": Outcome(values["outcome"]),
        "indicator": Indicator(values["indicator"]),
        "suggestions": (SuggestionEvent("", 0, 0),) * suggestions,
    }
    return card_row(CardEvent(**values))


def suggestion_again(row: Row, card: Row) -> Row:
    """The row that a suggestion with this row's values leaves."""
    values = named(schema.suggestion, row)
    event = SuggestionEvent(values["suggestion_id"], values["creates"], values["deletes"])
    shown = named(schema.card, card) | {"suggestions": (event,)}
    return suggestion_row(event, CardEvent(**shown))


def feedback_again(row: Row) -> Row:
    """The row that a feedback entry with this row's values leaves."""
    values = named(schema.feedback, row)
    return feedback_row(FeedbackEvent(**values | {"outcome": FeedbackOutcome(values["outcome"])}))


def test_a_generated_evaluation_is_the_row_of_an_event() -> None:
    """Every text has its form, every closed set its member, every column its place."""
    rows = some_rows().evaluation

    assert [evaluation_again(row) for row in rows] == rows


def test_a_generated_card_is_the_row_of_an_event() -> None:
    """Cards have their suggestions, and those have their cards."""
    rows = some_rows()
    offered = Counter(row[2] for row in rows.suggestion)
    cards = {row[0]: row for row in rows.card}

    assert [card_again(row, offered[row[0]]) for row in rows.card] == rows.card
    assert [suggestion_again(row, cards[row[2]]) for row in rows.suggestion] == rows.suggestion


def test_generated_feedback_is_the_row_of_an_event() -> None:
    """Codes, systems and times have their forms."""
    rows = some_rows().feedback

    assert [feedback_again(row) for row in rows] == rows


def test_everything_hangs_together() -> None:
    """Each card speaks of its evaluation, each evaluation's card is there, each key has its evaluation."""
    rows = some_rows()
    events = {row[0] for row in rows.evaluation}

    assert {row[2] for row in rows.card} <= events
    assert {row[9] for row in rows.evaluation} - {None} == {row[0] for row in rows.card}
    assert [row[0] for row in rows.episode_key] == [row[0] for row in rows.evaluation]


def test_a_day_has_all_there_is() -> None:
    """All outcomes, both hooks, and nearly all regions occur; some orders fire several times."""
    rows = some_rows()
    firings = Counter(row[2] for row in rows.episode_key)

    assert {row[7] for row in rows.evaluation} == {outcome.value for outcome in Outcome}
    assert {row[26] for row in rows.evaluation} == {"order-select", "order-sign"}
    assert {row[3] for row in rows.evaluation} >= {"nwl", "nel", "other", "unresolved"}
    assert {row[3] for row in rows.evaluation} <= {*REGIONS, "other", "unresolved"}
    assert max(firings.values()) > 3


def test_feedback_repeats_contradicts_comes_late_and_names_unknown_cards() -> None:
    """What clients do in practice is in the log, too."""
    rows = some_rows()
    cards = {row[0] for row in rows.card}
    said = Counter((row[5], row[6]) for row in rows.feedback)
    outcomes = Counter(card_id for card_id, _ in said)

    assert max(said.values()) == 2
    assert max(outcomes.values()) == 2
    assert {row[1] for row in rows.feedback} > {DAY}
    assert {row[5] for row in rows.feedback} - cards != set()


def test_keys_are_of_the_last_four_weeks() -> None:
    """Keys of older firings are dropped by then."""
    assert rows_of_day(date(2026, 10, 25), LAST, 50).episode_key == []
    assert len(rows_of_day(date(2026, 10, 26), LAST, 50).episode_key) >= 50


def test_no_feedback_comes_after_the_last_day() -> None:
    """The log ends with its last day."""
    assert {row[1] for row in rows_of_day(LAST, LAST, 4_000).feedback} == {LAST}


def test_a_day_is_the_same_each_time() -> None:
    """A run can be repeated."""
    assert some_rows() == some_rows()


def test_the_days_share_the_evaluations_by_the_week() -> None:
    """Every evaluation is on a day, few at weekends."""
    counts = evaluations_by_day(100_000, LAST, 365)

    assert sum(counts.values()) == 100_000
    assert (min(counts), max(counts), len(counts)) == (date(2025, 11, 23), LAST, 365)
    assert counts[date(2026, 11, 22)] < counts[date(2026, 11, 21)] < counts[date(2026, 11, 20)] / 5


def test_the_country_has_its_practices_in_networks() -> None:
    """6,500 practices over all regions, each with a network and a borough of its region."""
    practices = england().practices

    assert len({place.organisation for place in practices}) == 6_500
    assert {place.region for place in practices} == set(REGIONS)
    assert all(place.pcn and place.borough and place.borough.endswith(place.region) for place in practices)


def test_times_of_feedback_are_aware() -> None:
    """As in the events, in UTC."""
    moments = [row[12] for row in some_rows().feedback]

    assert all(isinstance(moment, datetime) and moment.tzinfo is not None for moment in moments)
