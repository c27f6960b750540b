"""The records of decisions are whole, listed, and say what enforces them."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT, chapter, markdown_pages, name_of, page

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


@pytest.mark.parametrize("path", markdown_pages(), ids=name_of)
def test_a_name_that_is_given_with_its_file_stands_in_it(path: Path) -> None:
    """Of a function, class or constant, as `name` in `file.py`: it was not renamed, or moved, without the page."""
    given = re.findall(r"`(\w+)(?:\(\))?`,? in `([\w/]+\.py)`", path.read_text("utf-8"))
    files = [file for folder in ("cds_service", "tests") for file in (ROOT / folder).rglob("*.py")]
    missing = [
        f"{name} in {file}"
        for name, file in given
        if not any(
            re.search(rf"^\s*(?:(?:async )?def |class )?{name}\b", one.read_text("utf-8"), re.MULTILINE)
            for one in files
            if one.as_posix().endswith(f"/{file}")
        )
    ]
    assert missing == []


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
