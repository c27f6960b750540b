"""Each row of the decision table, asked by hand: what the checker shows is what the service answers to its call."""

from datetime import date
from html import unescape
from typing import Any

import pytest

from cds_service.checker.explanation import OUTCOME_WORDS
from cds_service.pathway.outcomes import Outcome
from tests.checker.conftest import Answers, OnDay, asked
from tests.conftest import NOW
from tests.spec.test_decision_table import FURTHER
from tests.spec.test_decision_table import ROWS as TABLE

ROWS = [*TABLE, *FURTHER]

NOT_EXPRESSIBLE = {"D49", "X30", "X32"}
"""Two orders in one call, where the form asks about one; and a code on no list, where it offers those of the lists."""

REASONS = {
    "none": [],
    "pain": ["30989003"],
    "pain_back": ["279039007"],
    "benign_cause": ["307945003"],
    "ces": ["192970008"],
    "ces_symptom_strong": ["449813001"],
    "ces_symptom_weak": ["6077001"],
    "red_flag_symptom": ["422868009"],
    "cord": ["71286001"],
    "metastasis": ["94602001"],
    "sarcoma": ["424413001"],
    "lump": ["444905003"],
    "suspected_cancer": ["162572001"],
    "malignancy": ["363346000"],
    "suspicious_pain": ["12584003"],
    "urgent_same_day": ["2304001"],
    "urgent": ["42942008"],
    "rheumatology": ["69896004"],
    "text_only": ["free-text"],
    "ces_refuted": ["ruled-out"],
}
AGES = {"adult": "adult", "unknown": "", "12": "1-15", "0": "under-1"}
PRACTICE_WITHOUT_DESTINATION = "Z99103"


def answers_of(row: dict[str, str]) -> Answers:
    """The answers that a person gives to ask about a row."""
    return {
        "practice": PRACTICE_WITHOUT_DESTINATION if row["destinations"] == "none" else "",
        "region": row["region"],
        "setting": row["setting"],
        "register": row["fcp_register"],
        "home": row["patient_region"],
        "modality": row["modality"],
        "body": "not-msk" if row["body_region"] == "none" else row["body_region"],
        "named": row["known_by"],
        "reason": [reason for word in row["indication"].split(";") for reason in REASONS[word]],
        "oncology": row["oncology"],
        "age": AGES[row["age"]],
        "asked": "yes" if row["specialist_request"] == "y" else "",
        "date": row["today"] or NOW.date().isoformat(),
    }


def without_ids(answer: Any) -> Any:  # noqa: ANN401 - any JSON value
    """An answer without the ids that each answer has for itself."""
    if isinstance(answer, dict):
        return {key: without_ids(value) for key, value in answer.items() if key not in {"uuid", "id"}}
    return [without_ids(item) for item in answer] if isinstance(answer, list) else answer


EXPRESSIBLE = [row for row in ROWS if row["id"] not in NOT_EXPRESSIBLE]


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize("row", EXPRESSIBLE, ids=[row["id"] for row in EXPRESSIBLE])
def test_the_call_that_is_shown_gets_the_answer_that_is_shown(on_day: OnDay, row: dict[str, str], hook: str) -> None:
    """Posted to the running service it earns the row's card, removal and referral, as the page shows it."""
    service = on_day(date.fromisoformat(row["today"]) if row["today"] else NOW.date())
    answers = {**answers_of(row), "hook": hook}

    shown = asked(service, answers, "/answer.json").json()
    got = service.call(asked(service, answers, "/request.json").json())

    assert without_ids(got.json()) == without_ids(shown)
    assert got.status_code == (412 if row["outcome"] == "could_not_evaluate" else 200)
    cards = got.json().get("cards", [])
    assert [card["indicator"] for card in cards] == ([] if row["indicator"] == "-" else [row["indicator"]])
    actions = [one["type"] for card in cards for offer in card.get("suggestions", []) for one in offer["actions"]]
    assert ("create" in actions, "delete" in actions) == (row["create"] == "y", row["delete"] == "y")


@pytest.mark.parametrize("row", EXPRESSIBLE, ids=[row["id"] for row in EXPRESSIBLE])
def test_the_page_says_what_the_row_says(on_day: OnDay, row: dict[str, str]) -> None:
    """The outcome in words and the card's own summary; a scan of no pathway leaves before anything is decided."""
    service = on_day(date.fromisoformat(row["today"]) if row["today"] else NOW.date())

    page = asked(service, answers_of(row))

    assert page.status_code == 200
    words = unescape(page.text)
    outcome = Outcome(row["outcome"])
    assert OUTCOME_WORDS[outcome] in words or (
        outcome is Outcome.NOT_APPLICABLE and "the pathway is not asked" in words
    )
    for card in asked(service, answers_of(row), "/answer.json").json().get("cards", []):
        assert card["summary"] in words


def test_what_cannot_be_asked_is_known() -> None:
    """The rest of the table can."""
    assert {row["id"] for row in ROWS} >= NOT_EXPRESSIBLE
    assert len(EXPRESSIBLE) == len(ROWS) - len(NOT_EXPRESSIBLE)
