"""The safety case is whole: eighteen hazards with controls that are tests, and no sentence, rule or text unmapped."""

import re
from pathlib import Path

import pytest

from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.outcomes import RuleId, TextKey
from tests.docs.conftest import name_of
from tests.docs.safety_case import (
    CARRIERS,
    DECISIONS,
    HAZARDS,
    PAGES,
    PATHWAYS,
    SENTENCES,
    additions,
    back_from_cases,
    back_from_rules,
    back_from_texts,
    hazards_of,
    hazards_of_addition,
    is_a_test,
    named_tests,
    rules_of,
    stated_rules,
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
    assert set(CARRIERS) <= set(SENTENCES)
    for sentence in SENTENCES:
        assert rules_of(sentence) or {"carried_by", "not_executable"} & set(CARRIERS[sentence]), sentence
        carried_alone = not rules_of(sentence) and "carried_by" in CARRIERS[sentence]
        assert not carried_alone or "hazards" in CARRIERS[sentence], sentence
    named = {one for pathway in PATHWAYS.values() for rule in pathway.rules.values() for one in rule.sentences}
    assert named <= set(SENTENCES)


@pytest.mark.parametrize("rule", RuleId)
def test_every_rule_bears_on_a_hazard(rule: RuleId) -> None:
    """None is there for nothing."""
    assert hazards_of(rule)


@pytest.mark.parametrize("case", DECISIONS)
def test_every_case_stands_on_the_line_of_the_rule_that_decides_it(case: str) -> None:
    """In whose words it is answered, too: a region's, or the nation's before a pathway is in force."""
    rule_id = DECISIONS[case].rule_id

    listed = re.compile(rf"`(?:nwl|nel|national)\..*(?:\| |, ){case}(?:, | \|)")
    lines = [line for line in traceability().splitlines() if listed.search(line)]

    assert lines
    assert [line for line in lines if f"`{rule_id}`" not in line] == []


def test_every_card_text_belongs_to_a_rule() -> None:
    """And each rule's texts stand on the page."""
    assert {text for rule in RuleId for text in texts_of(rule)} == {key.value for key in TextKey}
    page = traceability()
    assert [key for key in TextKey if f"`{key}`" not in page] == []


def test_each_card_text_rule_and_case_leads_back_to_its_source_and_its_hazards() -> None:
    """Every one of them, once, with no cell empty, and all of it on the page."""
    texts, rules, cases = back_from_texts(), back_from_rules(), back_from_cases()

    assert [text for text, *_ in texts] == [f"`{key}`" for key in TextKey]
    assert [rule for rule, *_ in rules] == [f"`{speaker}.{rule}`" for speaker, rule in stated_rules()]
    assert [case for case, *_ in cases] == list(DECISIONS)
    assert [row for row in (*texts, *rules, *cases) if not all(row)] == []
    page = traceability().splitlines()
    assert [row for row in (*texts, *rules, *cases) if f"| {' | '.join(row)} |" not in page] == []


def test_the_way_back_meets_the_way_there() -> None:
    """What a case is decided by, and what each sentence leads to, is what stands behind it on the way back."""
    behind = {rule: source for rule, source, _ in back_from_rules()}
    for case, rule, _, source, _ in back_from_cases():
        assert behind[rule] == source
        assert set(DECISIONS[case].sources) <= set(source.split(", ")), case
    for sentence in SENTENCES:
        assert [
            rule for region, rule in rules_of(sentence) if sentence not in behind[f"`{region}.{rule}`"].split(", ")
        ] == []


def test_everything_that_a_card_adds_bears_on_a_hazard() -> None:
    """Cautions, other red flags, and why a scan stays: all that the texts of a pathway can add."""
    texts = NATIONAL.texts
    stated = {"cautions": texts.cautions, "also_coded": texts.also_coded, "kept": texts.kept}

    assert {*additions()} == {f"{kind}.{name}" for kind, names in stated.items() for name in names}
    assert [place for place in additions() if not hazards_of_addition(place)] == []


def test_no_cell_of_the_traceability_is_empty_where_a_rule_or_an_addition_stands() -> None:
    """Its line has its cases, its texts and its hazards."""
    starts = ("`nwl.", "`nel.", "`national.", "`cautions.", "`also_coded.", "`kept.")
    lines = [line for line in traceability().splitlines() if any(start in line for start in starts)]
    assert lines
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert all(cells), line
