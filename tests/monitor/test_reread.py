"""The monitor reads the configuration folder that is in force, not the one of the process's start."""

from collections.abc import Iterator
from datetime import date
from importlib import resources
from pathlib import Path

import figure_log
import pytest
import yaml
from sqlalchemy import update

from cds_service.app import create_app
from cds_service.cardlog.schema import evaluation
from cds_service.pathway.facts import RegionId
from cds_service.pathway.proof_record import record_of
from cds_service.pathway.register import PathwayRegister, seal_of
from cds_service.pathway.sign_off import sign, with_signature
from cds_service.settings import Settings
from tests.conftest import InProcess
from tests.monitor.access.conftest import hidden_fields
from tests.wiring.test_folder_watch import configuration, rewrite, until

NETWORK = "/monitor/where?region=nwl&borough=Brent&pcn=Larkfield+PCN"


@pytest.fixture
def folder(folder: Path) -> Path:
    """The same with the pathway of North West London in it."""
    (folder / "pathways").mkdir()
    packaged = resources.files("cds_service.pathway") / "packaged" / "nwl.yaml"
    (folder / "pathways" / "nwl-1.2.yaml").write_text(packaged.read_text("utf-8"), "utf-8")
    return folder


@pytest.fixture
def analyst(folder: Path, tmp_path: Path) -> Iterator[InProcess]:
    """A service with a card log that looks at its folder all the time, and an analyst signed in to its monitor."""
    database = tmp_path / "log.sqlite3"
    engine = figure_log.fill(database)
    with engine.begin() as connection:  # without a provider to sign in at, this is a demo, which writes to its own log
        connection.execute(update(evaluation).values(mode="demo"))
    engine.dispose()
    settings = Settings(config=folder, auth="off", demo=True, database_url=f"sqlite:///{database}", reload_seconds=0.02)
    with InProcess(create_app(settings, clock=lambda: figure_log.NOW), database) as service:
        form = hidden_fields(service.send("GET", "/monitor/sign-in"))
        service.send("POST", "/monitor/sign-in", data={**form, "role": "analyst", "footprint": ["nwl", "nel"]})
        yield service


def says(service: InProcess, address: str, words: str) -> bool:
    """Whether a page says something."""
    answer = service.send("GET", address)
    assert answer.status_code == 200
    return words in answer.text


def add_version(folder: Path, version: str, effective: date) -> None:
    """Put a version beside the one before it: signed off, and proved, since its rules are the same."""
    pathways = folder / "pathways"
    before = PathwayRegister.load(folder).versions(RegionId("nwl"))[-1]
    stated = {"version": version, "effective": effective, "supersedes": seal_of(before).model_dump()}
    text = yaml.safe_dump({**yaml.safe_load(before.text), **stated}, allow_unicode=True)
    (pathways / f"nwl-{version}.yaml").write_text(text, "utf-8")
    register = PathwayRegister.load(folder)
    signed = sign(register.versions(RegionId("nwl"))[-1], "A Name", "Clinical Safety Officer", date(2026, 9, 15))
    (folder / "sign-offs.yaml").write_text(with_signature(folder, signed), "utf-8")
    (pathways / "proofs.json").write_text(record_of(register.files), "utf-8")


def test_a_practice_that_is_named_anew_has_its_new_name(analyst: InProcess, folder: Path) -> None:
    """Without a restart."""
    assert says(analyst, NETWORK, "Larkspur Demo Surgery (Z99001)")
    rewrite(folder / "organisations.csv", "Larkspur Demo Surgery", "Delphinium Demo Surgery")
    until(analyst, lambda: says(analyst, NETWORK, "Delphinium Demo Surgery (Z99001)"))


def test_a_new_version_of_a_pathway_is_on_its_page_and_in_the_names_of_files(analyst: InProcess, folder: Path) -> None:
    """With the days of both, and the sign-off of the folder without a name."""
    assert says(analyst, "/monitor/pathways", "pathway, version 1.2")
    add_version(folder, "1.3", date(2026, 10, 1))
    until(analyst, lambda: says(analyst, "/monitor/pathways", "pathway, version 1.3"))
    page = analyst.send("GET", "/monitor/pathways").text
    assert "superseded on 1 October 2026 by 1.3" in page
    assert "signed off on 15 September 2026 (Clinical Safety Officer)" in page
    assert "A Name" not in page
    csv = analyst.send("GET", "/monitor/overview/outcomes.csv?region=nwl")
    assert "nwl-1.3" in csv.headers["content-disposition"]


def test_a_wrong_folder_leaves_the_monitor_as_it_is(analyst: InProcess, folder: Path) -> None:
    """It reads what is in force, not what lies in the folder."""
    text = (folder / "organisations.csv").read_text("utf-8").replace("Larkspur", "Delphinium")
    (folder / "organisations.csv").write_text(text.replace("general-practice", "GP"), "utf-8")
    until(analyst, lambda: "reason" in configuration(analyst))
    assert says(analyst, NETWORK, "Larkspur Demo Surgery (Z99001)")
