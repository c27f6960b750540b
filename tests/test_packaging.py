"""The wheel, built from this checkout without a network, carries all that `demo` and `serve` need."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("cds_service", "fhir_fixtures")

LOADS_EVERYTHING = """
from datetime import date
from importlib.resources import as_file, files
import cds_service, fhir_fixtures
from cds_service.demo.fhir_server import fixture_shelf
from cds_service.directory import load_directory
from cds_service.pathway.loading import load_pathways
from cds_service.pathway.register import PathwayRegister
from cds_service.terminology import load_terminology
print(cds_service.__file__, fhir_fixtures.__file__, sep="\\n")
pathways = load_pathways()
with as_file(files("cds_service.demo") / "configuration") as folder:
    directory = load_directory(folder, PathwayRegister.load().footprints(date(2026, 11, 21)))
resources = fixture_shelf().resources()
calls = [fhir_fixtures.hook_call(row.file) for row in fhir_fixtures.expectations()]
counts = pathways, directory.organisations, load_terminology().value_sets, calls, fhir_fixtures.feedback(), resources
print(all(len(count) > 0 for count in counts))
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as the Dockerfile builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
    subprocess.run(  # noqa: S603 - this interpreter's own pip
        [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder), str(ROOT)], check=True
    )
    (built,) = folder.glob("*.whl")
    return built


def files_of(package: str) -> set[str]:
    """Every file of a package in the checkout."""
    found = (ROOT / package).rglob("*")
    return {path.relative_to(ROOT).as_posix() for path in found if path.is_file() and "__pycache__" not in path.parts}


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    """Code, pathways, value sets, the demo's configuration and the fixtures; and the type marker."""
    packed = set(zipfile.ZipFile(wheel).namelist())
    expected = {name for package in PACKAGES for name in files_of(package)}
    assert {Path(name).suffix for name in expected} >= {".csv", ".json", ".py", ".typed", ".yaml"}
    assert expected - packed == set()


def test_nothing_else_is_in_the_wheel(wheel: Path) -> None:
    """No tests and no documentation; beside the packages only the wheel's own metadata, with the licence."""
    names = zipfile.ZipFile(wheel).namelist()
    others = [name for name in names if not name.startswith(tuple(f"{package}/" for package in PACKAGES))]
    assert {name.split("/")[0].rpartition(".")[2] for name in others} == {"dist-info"}
    assert [name for name in others if name.endswith("/licenses/LICENSE")] != []


def test_the_wheel_loads_what_it_carries(wheel: Path, tmp_path: Path) -> None:
    """Unpacked away from the checkout, pathways, value sets, demo and fixtures are all read from the wheel."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    answered = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", LOADS_EVERYTHING],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    *places, loaded = answered.stdout.splitlines()
    assert [Path(place).is_relative_to(tmp_path) for place in places] == [True, True]
    assert loaded == "True"
