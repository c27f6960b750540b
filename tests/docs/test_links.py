"""Links, and the files and tests that the documentation names."""

import re
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT, in_backticks, markdown_pages, name_of, page, project_files

PAGES = markdown_pages()
PYTHON_FILES = {path.name for path in project_files() if path.suffix == ".py"}

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
NAMED_FILE = re.compile(r"(?:\.?[\w-]+/)+[\w.*-]+\.(?:csv|json|md|png|py|toml|txt|yaml|yml)(?:::\w+)?")
NAMED_FOLDER = re.compile(r"(?:cds_service|docs|examples|fhir_fixtures|openapi|requirements|tests)/(?:[\w.-]+/)*")


def anchor(heading: str) -> str:
    """The anchor that a heading gets, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors_of(path: Path) -> set[str]:
    """Every anchor of a page."""
    return {anchor(heading) for heading in re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)}


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    """A link to a file, or to a heading in it, resolves from where the page stands."""
    broken = []
    for target in LINK.findall(path.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, fragment = target.partition("#")
        linked = (path.parent / file).resolve() if file else path
        if not linked.exists() or (fragment and fragment not in anchors_of(linked)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_file_that_a_page_names_exists(path: Path) -> None:
    """A path in backticks is a file, a folder or a test of this project; a bare Python name is one of its files."""
    missing = []
    for word in in_backticks(path.read_text("utf-8")):
        if NAMED_FILE.fullmatch(word):
            file, _, test = word.partition("::")
            found = sorted(ROOT.glob(file))
            if not found or (test and f"def {test}(" not in found[0].read_text("utf-8")):
                missing.append(word)
        elif NAMED_FOLDER.fullmatch(word):
            missing += [] if (ROOT / word).is_dir() else [word]
        elif re.fullmatch(r"\w+\.py", word):
            missing += [] if word in PYTHON_FILES else [word]
    assert missing == []


def test_the_readme_leads_to_every_page() -> None:
    """A newcomer finds each page of the documentation from the README; decisions have a list of their own."""
    readme = page("README.md")
    pages = [name_of(path) for path in (ROOT / "docs").glob("*.md")]
    assert [name for name in pages if f"({name})" not in readme] == []


def test_every_picture_says_what_it_shows_and_is_small() -> None:
    """Pictures have alternative text, stay below 150 kB, and none lies about unused."""
    shown = {
        (path.parent / target).resolve(): words
        for path in PAGES
        for words, target in re.findall(r"!?\[([^\]]*)\]\(([^)\s]+\.png)\)", path.read_text("utf-8"))
    }
    pictures = sorted((ROOT / "docs" / "images").glob("*"))
    assert pictures != []
    assert {picture.suffix for picture in pictures} == {".png"}
    assert [picture.name for picture in pictures if picture.stat().st_size >= 150_000] == []
    assert [picture.name for picture in pictures if not shown.get(picture)] == []
