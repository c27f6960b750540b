"""What no file may say: where it was written, where packages come from, or that the NHS stands behind it."""

import re
from pathlib import Path

import pytest

from tests.docs.conftest import markdown_pages, name_of, project_files

PACKAGE_HOSTS = (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("deb", "debian", "org"))
"""In parts, so that this file does not name them either."""

MACHINE_FOLDERS = ("work", "tmp", "root", "home")

FORBIDDEN = re.compile(
    "|".join(
        [
            *(re.escape(".".join(parts)) for parts in PACKAGE_HOSTS),
            *(rf"(?<![\w.}}*])/{folder}(?=[/\s\"'`),;]|$)" for folder in MACHINE_FOLDERS),
        ]
    ),
    re.MULTILINE,
)


def test_the_search_finds_what_it_looks_for() -> None:
    """The pattern is not blind, and lets ordinary words pass."""
    assert FORBIDDEN.search("see /" + "tmp/x")
    assert FORBIDDEN.search("https://" + ".".join(PACKAGE_HOSTS[0]) + "/simple")
    assert not FORBIDDEN.search("a network/workflow, docs/root, https://example.org/home/page")


def test_no_file_names_a_machine_or_a_package_host() -> None:
    """A checkout means the same everywhere."""
    found = {
        name_of(path): match[0] for path in project_files() if (match := FORBIDDEN.search(path.read_text("utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize("path", markdown_pages(), ids=name_of)
def test_no_page_claims_endorsement(path: Path) -> None:
    """The project speaks of the NHS and never in its name."""
    pattern = r"(?i)\b(?:nhs[- ]approved|approved by the nhs|endorsed by (?:the )?nhs|official nhs)\b"
    claims = re.findall(pattern, path.read_text("utf-8"))
    assert claims == []
