"""The documentation and the starter folder hold to the code."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from cds_service.directory import load_directory
from cds_service.directory.tables import (
    DESTINATIONS,
    FCP_REGISTER,
    FILES,
    ORGANISATIONS,
    PROCEDURES,
    TableFormat,
)
from cds_service.directory.vocabulary import BODY_REGIONS, KINDS, MODALITIES, SETTINGS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
STARTER = ROOT / "examples" / "deployment"
TABLES = (ORGANISATIONS, FCP_REGISTER, DESTINATIONS, PROCEDURES)


def chapter(file: str) -> str:
    """Return the part of the page that is about one file."""
    return PAGE.split(f"\n## `{file}`\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.file)
def test_every_column_is_described_in_the_order_of_the_contract(
    table: TableFormat[BaseModel],
) -> None:
    """The table of columns is the model's."""
    assert tuple(re.findall(r"^\| `(\w+)` \| (?:yes|no) \|", chapter(table.file), re.MULTILINE)) == table.columns


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("organisations.csv", SETTINGS),
        ("destinations.csv", KINDS),
        ("procedures.csv", (*MODALITIES, *BODY_REGIONS)),
    ],
)
def test_every_allowed_word_is_named(file: str, words: tuple[str, ...]) -> None:
    """A reader finds each value that the file may hold."""
    assert [word for word in words if f"`{word}`" not in chapter(file)] == []


def test_the_example_rows_load(tmp_path: Path, footprints: dict[str, str]) -> None:
    """What the page shows can be copied as it stands, and gives no warning."""
    for file in FILES:
        (example,) = re.findall(r"```csv\n(.*?)```", chapter(file), re.DOTALL)
        (tmp_path / file).write_text(example, encoding="utf-8")
    directory = load_directory(tmp_path, footprints)
    assert directory.warnings == ()
    assert (len(directory.organisations), len(directory.fcp_register)) == (2, 2)
    assert (len(directory.destinations), len(directory.procedures)) == (2, 2)


def test_the_example_error_is_what_the_service_says(refuse: Callable[..., tuple[str, ...]]) -> None:
    """The page shows the real message."""
    problems = refuse(
        organisations=["Z99001,Larkspur Demo Surgery,GP,W2U3Z,Brent,"],
        fcp_register=["urn:z99,1,Z99001,2026-01-01,", "urn:z99,2,Z99001,2026-01-01,30/06/2026"],
    )
    (example,) = re.findall(r"```text\n.*?:\n(.*?)```", PAGE, re.DOTALL)
    assert example == "".join(f"- {problem}\n" for problem in problems)


def test_the_starter_folder_loads_without_a_warning(footprints: dict[str, str]) -> None:
    """A deployer begins from something that works, with one row of each file."""
    directory = load_directory(STARTER, footprints)
    assert directory.warnings == ()
    tables = (directory.organisations, directory.fcp_register, directory.destinations, directory.procedures)
    assert [len(table) for table in tables] == [1, 1, 1, 1]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.file)
def test_the_starter_folder_has_every_column(table: TableFormat[BaseModel]) -> None:
    """Optional columns too, so that nobody needs to look up their names."""
    header = (STARTER / table.file).read_text(encoding="utf-8").splitlines()[0]
    assert tuple(header.split(",")) == table.columns


def test_the_starter_folder_explains_its_rows() -> None:
    """CSV has no comments, so the README beside it says what each row means."""
    explained = (STARTER / "README.md").read_text(encoding="utf-8")
    assert [file for file in FILES if f"| `{file}` |" not in explained] == []
