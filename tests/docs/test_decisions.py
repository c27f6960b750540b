"""The records of decisions are whole, listed, and say what enforces them."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT, chapter, name_of, page

RECORDS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
HEADINGS = ["## Context", "## Decision", "## Consequences", "## How it is enforced"]


def heading_of(record: Path) -> str:
    """A record's first line without its mark."""
    return record.read_text("utf-8").splitlines()[0].removeprefix("# ")


@pytest.mark.parametrize("record", RECORDS, ids=name_of)
def test_a_record_has_the_four_parts(record: Path) -> None:
    """Context, decision, consequences and enforcement, in this order, none of them empty."""
    text = record.read_text("utf-8")
    assert [line for line in text.splitlines() if line.startswith("## ")] == HEADINGS
    assert [part for part in HEADINGS if not chapter(text, part).strip()] == []


def test_the_records_are_numbered_without_a_gap_and_listed() -> None:
    """The list names each record with its own title, in order."""
    listed = re.findall(r"^\| \[(\d{4})\]\(([\w.-]+)\) \| (.*) \|$", page("docs/decisions/README.md"), re.MULTILINE)
    assert [f"{number}: {title}" for number, _, title in listed] == [heading_of(record) for record in RECORDS]
    assert [file for _, file, _ in listed] == [record.name for record in RECORDS]
    assert [number for number, _, _ in listed] == [f"{count:04}" for count in range(1, len(RECORDS) + 1)]


def test_every_direct_dependency_is_explained() -> None:
    """Each package of pyproject.toml stands in the tables of decision 0011."""
    project = tomllib.loads(page("pyproject.toml"))
    stated = [*project["project"]["dependencies"]]
    stated += [entry for group in project["dependency-groups"].values() for entry in group if isinstance(entry, str)]
    packages = {re.split(r"[\[<>=;, ]", requirement)[0].lower() for requirement in stated}
    rows = re.findall(r"^\| ([^|]+) \|", page("docs/decisions/0011-dependencies.md"), re.MULTILINE)
    explained = {package.strip().lower() for row in rows for package in row.split(",")}
    assert packages - explained == set()
    assert explained - packages - {"package", "---"} == set()
