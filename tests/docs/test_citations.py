"""What code and tests cite stands where they say: a newcomer can look it up."""

import re
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT, name_of, page, project_files, table_rows

SOURCES = [path for path in project_files() if path.suffix == ".py"]
FACTS = {row[0] for row in table_rows(page("docs/eight-facts.md"))}

CITED_FACTS = re.compile(r"\bfacts? (\d(?:(?:, | and )\d)*)", re.IGNORECASE)
CITED_PAGE = re.compile(r"\b(docs/[\w/-]+\.md)(?:, \"([A-Z][^\"\n]*)\")?")

NOT_HERE = re.compile(r"\b(?:design|domain)\.md\b")
"""Papers on which the service was designed; the project does not have them."""


def flowing(path: Path) -> str:
    """A file's text with the line breaks of comments and docstrings taken out."""
    return re.sub(r"\s*\n\s*(?:# )?", " ", path.read_text("utf-8"))


def test_the_page_has_eight_facts() -> None:
    """Numbered from 1, without a gap."""
    assert {str(number) for number in range(1, 9)} == FACTS


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_what_a_source_cites_can_be_looked_up(path: Path) -> None:
    """A fact by its number, and a page, with its heading where one is named; nothing that the project does not have."""
    text = flowing(path)
    facts = {number for cited in CITED_FACTS.findall(text) for number in re.findall(r"\d", cited)}
    missing = [
        f"{file}, {heading}"
        for file, heading in CITED_PAGE.findall(text)
        if not (ROOT / file).is_file() or (heading and not re.search(rf"^#+ {re.escape(heading)}$", page(file), re.M))
    ]
    assert (facts - FACTS, missing, NOT_HERE.findall(text)) == (set(), [], [])
