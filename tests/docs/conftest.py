"""What the tests of the documentation share: the project's files, and the tables of a page."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

PARTS = ("cds_service", "docs", "examples", "fhir_fixtures", "openapi", "requirements", "tests", ".ci")
"""Folders that are the project's own; the rest of a checkout is made by tools."""

TEXTS = frozenset(
    {"", ".cfg", ".css", ".csv", ".html", ".json", ".md", ".py", ".sh", ".toml", ".txt", ".typed", ".yaml", ".yml"}
)
"""Endings of files that hold text; a name that begins with a dot has none."""


def project_files() -> Iterator[Path]:
    """Every text file that belongs to the project."""
    files = [path for path in ROOT.iterdir() if path.is_file() and path.name not in {".coverage", ".env"}]
    for part in PARTS:
        files += [path for path in (ROOT / part).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return (path for path in sorted(files) if path.suffix in TEXTS)


def markdown_pages() -> list[Path]:
    """Every page of the documentation, wherever it stands."""
    return [path for path in project_files() if path.suffix == ".md"]


def name_of(path: Path) -> str:
    """A file's place in the project, for the names of tests and for messages."""
    return path.relative_to(ROOT).as_posix()


def page(name: str) -> str:
    """The text of a page of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def chapter(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its level."""
    level = heading.partition(" ")[0]
    return text.split(f"\n{heading}\n", 1)[1].split(f"\n{level} ", 1)[0]


def table_rows(text: str) -> list[list[str]]:
    """The cells of every table row of a text, without header rows and rulers."""
    rows = []
    lines = [line.strip() for line in text.splitlines()]
    for number, line in enumerate(lines):
        is_header = number + 1 < len(lines) and re.fullmatch(r"\|[-|: ]+\|", lines[number + 1])
        if line.startswith("|") and not is_header and not re.fullmatch(r"\|[-|: ]+\|", line):
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))])
    return rows


def in_backticks(text: str) -> list[str]:
    """Every word that a text shows as code within a line, outside fenced blocks."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", prose)
