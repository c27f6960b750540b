"""`cds-service pathways explain`: what it says of a call beside facts, rule and card."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from cds_service.cli import main
from fhir_fixtures import hook_call
from tests.conftest import DEMO_CONFIGURATION

DRAFTS = "context.draftOrders.entry"


@pytest.fixture
def call_file(tmp_path: Path) -> Path:
    """Where a call is put."""
    return tmp_path / "call.json"


def explained(call_file: Path, name: str, config: Path = DEMO_CONFIGURATION) -> str:
    """What the command says of a packaged call."""
    call_file.write_text(json.dumps(hook_call(name)), encoding="utf-8")
    result = CliRunner().invoke(
        main, ["pathways", "explain", str(call_file), "--config", str(config), "--on", "2026-11-21"]
    )
    assert result.exit_code == 0, result.output
    return result.output


def test_an_order_is_traced_from_its_path_and_its_codes(call_file: Path) -> None:
    """Path and list of each known code, the element behind each fact, and the region whatever the rule."""
    said = explained(call_file, "nwl-gp-lumbar-mri-ces--ces.json")
    assert f", {DRAFTS}[0].resource" in said
    assert f" at {DRAFTS}[0].resource.reasonCode[0]: in ind_cauda_equina" in said
    assert f"indications = cauda_equina (from {DRAFTS}[0].resource.reasonCode)" in said
    assert f"(from {DRAFTS}[0].resource.requester: from the requester's role at an organisation)" in said
    assert "fact      region = nwl (requester's organisation)" in said


def test_why_a_scan_stays_is_said_in_the_words_of_the_cards(call_file: Path) -> None:
    """As the matrix has them."""
    said = explained(call_file, "unresolved-region-lumbar-mri-ces--ces.json")
    assert "scan      stays: no region's pathway applies" in said


def test_a_code_that_no_list_knows_is_not_repeated(call_file: Path) -> None:
    """It may be anything that the EHR put there."""
    call = hook_call("nwl-gp-lumbar-mri-ces--ces.json")
    order = call["context"]["draftOrders"]["entry"][0]["resource"]
    order["reasonCode"].append({"coding": [{"system": "https://z99.example", "code": "A-Name"}], "text": "A Name"})
    call_file.write_text(json.dumps(call), encoding="utf-8")
    result = CliRunner().invoke(main, ["pathways", "explain", str(call_file), "--config", str(DEMO_CONFIGURATION)])
    assert "indications = cauda_equina, unrecognised" in result.output
    assert "Name" not in result.output


def test_every_draft_that_was_left_out_is_named_with_the_reason(call_file: Path) -> None:
    """Of five drafts, a brain MRI and a medication."""
    said = explained(call_file, "nwl-gp-five-drafts-order-sign--ces.json")
    assert [line.split("resource: ")[1] for line in said.splitlines() if line.startswith("Left out: ")] == [
        "no MSK MRI or ultrasound",
        "not a ServiceRequest",
    ]


def test_an_order_that_nothing_places_is_said_to_be_refused(call_file: Path) -> None:
    """With the status, the mend, and what the other choice gives."""
    said = explained(call_file, "unresolved-region-knee-mri-pain--could-not-evaluate.json")
    assert "no card" not in said.replace("No card does not mean", "").lower()
    assert "The service answers HTTP 412 instead of cards: " in said
    assert "'on_unresolved: card'" in said


def test_a_suspension_is_told_with_its_days_and_reason(call_file: Path, tmp_path: Path) -> None:
    """And not with the name of who decided it."""
    config = tmp_path / "configuration"
    shutil.copytree(DEMO_CONFIGURATION, config)
    suspended = {"nwl": {"by": "A Name", "reason": "wrong link", "since": "2026-11-20", "until": "2026-11-22"}}
    (config / "suspensions.yaml").write_text(yaml.safe_dump(suspended), encoding="utf-8")
    said = explained(call_file, "nwl-gp-knee-mri-pain--redirect.json", config)
    assert "pathway   nwl version 1.2 is suspended (suspensions.yaml): only CES and MSCC speak" in said
    assert "pathway   suspended since 2026-11-20 until 2026-11-22: wrong link" in said
    assert "A Name" not in said


def test_an_order_that_cannot_be_read_is_not_said_to_be_none(call_file: Path) -> None:
    """It may be an MSK scan: its place is named, and the refusal."""
    call = hook_call("nwl-gp-knee-mri-pain--redirect.json")
    call["context"]["draftOrders"]["entry"][0]["resource"]["reasonCode"] = "words"
    call_file.write_text(json.dumps(call), encoding="utf-8")
    result = CliRunner().invoke(main, ["pathways", "explain", str(call_file), "--config", str(DEMO_CONFIGURATION)])
    assert f"Left out: {DRAFTS}[0].resource: cannot be read: {DRAFTS}[0].resource.reasonCode is not" in result.output
    assert "The service answers HTTP 400 instead of cards: " in result.output
    assert "No selected order" not in result.output
