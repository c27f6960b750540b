"""The lints of a pathway: what its owner is told to look at."""

from datetime import date, timedelta
from typing import Any

import pytest
import yaml

from cds_service.pathway.checking import Finding, Level, check_pathway
from cds_service.pathway.loading import PACKAGED_REGIONS, load_pathways, parse_pathway
from cds_service.pathway.model import Pathway

Json = dict[str, Any]
NWL = load_pathways()[PACKAGED_REGIONS[0]]


def findings(pathway: Pathway, field: str, today: date = date(2026, 7, 1)) -> list[Finding]:
    """What is said of one part of a pathway."""
    return [finding for finding in check_pathway(pathway, today) if finding.field.startswith(field)]


@pytest.mark.parametrize(
    ("days", "level", "said"),
    [
        (91, None, ""),
        (90, Level.NOTE, "within 90"),
        (31, Level.NOTE, "within 90"),
        (30, Level.NOTE, "within 30"),
        (0, Level.NOTE, "0 day(s) away"),
        (-1, Level.PROBLEM, "1 day(s) ago"),
    ],
)
def test_a_review_is_told_of_before_it_is_due(days: int, level: Level | None, said: str) -> None:
    """Ninety days before, thirty days before, and as a problem once it has gone by."""
    found = findings(NWL, "review", NWL.review - timedelta(days))
    assert [finding.level for finding in found] == ([level] if level else [])
    assert all(said in finding.text for finding in found)


def test_the_approval_date_of_nwl_is_called_implausible() -> None:
    """As printed, it is later than the day from which the document applies (N14)."""
    (finding,) = findings(NWL, "document.approval")
    assert finding.level is Level.NOTE
    assert "01/01/2027 (printed twice) is implausible" in finding.text


def test_an_approval_that_is_called_plausible_and_cannot_be_is_a_problem(nwl_file: Json) -> None:
    """Whoever marks the printed date as plausible is told why it is not."""
    nwl_file["document"]["approval"]["status"] = "plausible"
    (finding,) = findings(parse_pathway(yaml.safe_dump(nwl_file), "nwl.yaml"), "document.approval")
    assert finding.level is Level.PROBLEM
    assert "lies after effective 2025-07-01" in finding.text


def test_an_approval_before_the_effective_date_is_in_order(nwl_file: Json) -> None:
    """Then there is nothing to say."""
    nwl_file["document"]["approval"] = {"as_printed": "01/06/2025", "date": "2025-06-01", "status": "plausible"}
    assert findings(parse_pathway(yaml.safe_dump(nwl_file), "nwl.yaml"), "document.approval") == []


def test_sentences_that_nobody_can_read_are_a_problem(nwl_file: Json) -> None:
    """Whoever signs would see their numbers alone; both packaged pathways say them."""
    assert [findings(pathway, "document.sentences") for pathway in load_pathways().values()] == [[], []]
    del nwl_file["document"]["sentences"]
    (finding,) = findings(parse_pathway(yaml.safe_dump(nwl_file), "nwl.yaml"), "document.sentences")
    assert finding.level is Level.PROBLEM
    assert "say what each says" in finding.text


def test_each_lost_link_is_a_problem() -> None:
    """NWL's two links are lost (N8, N11)."""
    assert [(finding.level, finding.text[:45]) for finding in findings(NWL, "links")] == [
        (Level.PROBLEM, "'Local cancer referral pathways' (N8) has no "),
        (Level.PROBLEM, "'NWL soft-tissue lump imaging guidance' (N11)"),
    ]


@pytest.mark.parametrize("line", ["Phone Dr Example first.", "Ask Imran Sajid, who knows."])
def test_a_card_text_that_names_a_person_is_a_problem(nwl_file: Json, line: str) -> None:
    """With a title, or as somebody whom the document names; a person may leave."""
    nwl_file["texts"]["cards"]["lump"]["do"].append(line)
    (finding,) = findings(parse_pathway(yaml.safe_dump(nwl_file), "nwl.yaml"), "texts.cards.lump")
    assert finding.level is Level.PROBLEM
    assert "name a role or a service" in finding.text


def test_no_packaged_text_names_a_person() -> None:
    """Neither region's cards do."""
    for pathway in load_pathways().values():
        assert [found for found in check_pathway(pathway, date(2026, 7, 1)) if "names" in found.text] == []
