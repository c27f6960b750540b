"""The safety case is whole: eighteen hazards with controls that are tests, and no sentence, rule or text unmapped."""

from pathlib import Path

import pytest

from cds_service.pathway.outcomes import RuleId, TextKey
from tests.docs.conftest import name_of
from tests.docs.safety_case import (
    HAZARDS,
    PAGES,
    PATHWAYS,
    SENTENCES,
    hazards_of,
    is_a_test,
    named_tests,
    rows_of,
    rules_of,
    texts_of,
    traceability,
)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_is_as_it_is_drawn(page: Path) -> None:
    """`make safety-case` writes it."""
    assert page.read_text("utf-8") == PAGES[page]()


def test_the_eighteen_hazards_are_there_and_whole() -> None:
    """Each with causes, controls that name tests, what is left of the risk, and an owner by role."""
    assert [hazard["id"] for hazard in HAZARDS] == [f"H{number}" for number in range(1, 19)]
    for hazard in HAZARDS:
        assert hazard["causes"], hazard["id"]
        assert hazard["owner"], hazard["id"]
        assert all(control["tests"] for control in hazard["controls"]), hazard["id"]
        assert hazard["controls"], hazard["id"]
        assert set(hazard["residual"]) == {"severity", "likelihood", "why"}
        assert {hazard["residual"]["severity"], hazard["residual"]["likelihood"]} <= set(range(1, 6))
        assert {RuleId(rule) for rule in hazard["rules"]} <= set(RuleId)


def test_every_control_names_a_test_that_exists() -> None:
    """File and function."""
    assert [test for test in named_tests() if not is_a_test(test)] == []


def test_no_sentence_is_unmapped() -> None:
    """Each leads to a rule, says what carries it, or says why it is not executable."""
    assert list(SENTENCES) == [f"{letter}{number}" for letter in "NE" for number in range(1, 15)]
    for sentence, about in SENTENCES.items():
        assert rules_of(sentence) or {"carried_by", "not_executable"} & set(about), sentence
    named = {one for pathway in PATHWAYS.values() for rule in pathway.rules.values() for one in rule.sentences}
    assert named <= set(SENTENCES)


@pytest.mark.parametrize("rule", RuleId)
def test_every_rule_leads_to_cases_and_a_hazard(rule: RuleId) -> None:
    """`symptoms` gives no outcome of its own; its cases are those of the rules that symptoms lead to."""
    assert rule is RuleId.SYMPTOMS or rows_of(rule, None)
    assert hazards_of(rule)


def test_every_card_text_belongs_to_a_rule() -> None:
    """And each rule's texts stand on the page."""
    assert {text for rule in RuleId for text in texts_of(rule)} == {key.value for key in TextKey}
    page = traceability()
    assert [key for key in TextKey if f"`{key}`" not in page] == []


def test_no_cell_of_the_traceability_is_empty_where_a_rule_stands() -> None:
    """A rule's line has its cases, its texts and its hazards."""
    lines = [line for line in traceability().splitlines() if "`nwl." in line or "`nel." in line]
    assert lines
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert all(cells), line
