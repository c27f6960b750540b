"""`cds-service pathways explain`: what it says of a call beside facts, rule and card."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from cds_service.cli import main
from fhir_fixtures import hook_call
from tests.conftest import DEMO_CONFIGURATION

Json = dict[str, Any]
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
    assert f"indications = cauda_equina (from {DRAFTS}[0].resource.reasonCode[0])" in said
    way = (
        f"from {DRAFTS}[0].resource.requester -> prefetch.user.entry[0].resource.organization -> "
        "prefetch.user.entry[2].resource.identifier"
    )
    assert f"({way}: from the requester's role at an organisation)" in said
    assert f"fact      region = nwl ({way}: requester's organisation)" in said
    assert "sentence  N10: suspected cauda equina syndrome is not managed in primary care" in said


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "nel-assured-fcp-hip-mri-bone-pain-under-oncology--oncology.json",
            [
                "code      310022001 at prefetch.episodes.entry[0].resource.type[0]: in oncology_care",
                "oncology = under_care (from prefetch.episodes.entry[0].resource.type[0]: EpisodeOfCare)",
            ],
        ),
        (
            "nwl-gp-knee-mri-pain-past-cancer--redirect.json",
            [
                "code      254837009 at prefetch.pastConditions.entry[0].resource.code: in malignancy",
                (
                    "oncology = past (from prefetch.pastConditions.entry[0].resource.code; "
                    "prefetch.pastConditions.entry[0].resource.clinicalStatus: problem list)"
                ),
            ],
        ),
        (
            "nwl-gp-knee-mri-asked-for-by-consultant--redirect.json",
            [
                (
                    "oncology = none (from prefetch.conditions; prefetch.pastConditions; prefetch.episodes; "
                    "prefetch.careTeams: problem list, episodes and care teams)"
                ),
                f"specialist_request = yes (from {DRAFTS}[0].resource.basedOn[0] -> {DRAFTS}[1].resource.requester)",
                "age = 47 (from prefetch.patient.birthDate)",
                (
                    "prefetch.user.entry[0].resource.practitioner -> prefetch.user.entry[1].resource.identifier: "
                    "fcp-register.csv)"
                ),
            ],
        ),
    ],
)
def test_what_prefetch_says_is_traced_to_its_place(call_file: Path, name: str, told: list[str]) -> None:
    """Cancer and its care, age, who asks and the specialist's request: key, entry and element."""
    said = explained(call_file, name)
    assert [line for line in told if line not in said] == []


def condition(identity: str, code: str, verification: str = "confirmed") -> Json:
    """A problem of the patient of the call."""
    return {
        "resourceType": "Condition",
        "id": identity,
        "verificationStatus": {"coding": [{"code": verification}]},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": code}]},
    }


def test_a_reason_behind_a_reference_is_traced_to_its_condition(call_file: Path) -> None:
    """Wherever it came: in prefetch, contained, under a key of the EHR's own; or why it is none."""
    call = hook_call("nwl-gp-lumbar-mri-ces--ces.json")
    order = call["context"]["draftOrders"]["entry"][0]["resource"]
    del order["reasonCode"]
    order["contained"] = [condition("inside", "30989003")]
    names = ["Condition/ces", "#inside", "Condition/refuted", "Condition/of-their-own", "Patient/nobody"]
    order["reasonReference"] = [{"reference": name} for name in names]
    found = call["prefetch"]["conditions"].setdefault("entry", [])
    before = len(found)
    found += [
        "junk",
        {"resource": condition("ces", "192970008")},
        {"resource": condition("refuted", "1", "refuted")},
    ]
    call["prefetch"]["A Name"] = condition("of-their-own", "30989003")
    call_file.write_text(json.dumps(call), encoding="utf-8")
    said = CliRunner().invoke(main, ["pathways", "explain", str(call_file), "--config", str(DEMO_CONFIGURATION)]).output

    reference, conditions = f"{DRAFTS}[0].resource.reasonReference", "prefetch.conditions.entry"
    assert f"{reference}[0] -> {conditions}[{before + 1}].resource.code; " in said
    assert f"{reference}[1] -> {DRAFTS}[0].resource.contained[0].code; " in said
    assert (
        f"{reference}[2] -> {conditions}[{before + 2}].resource.verificationStatus, refuted or entered in error" in said
    )
    assert f"{reference}[3] -> prefetch.(a key that was not asked for).code; " in said
    assert f"{reference}[4] -> nothing that came with the call)" in said
    assert f"code      192970008 at {conditions}[{before + 1}].resource.code: in ind_cauda_equina" in said
    assert "Name" not in said


def test_what_did_not_answer_about_cancer_is_named(call_file: Path) -> None:
    """The key, so that whoever runs the EHR can mend it; a problem without a code is placed too."""
    call = hook_call("nwl-gp-knee-mri-pain--redirect.json")
    del call["prefetch"]["episodes"]
    call_file.write_text(json.dumps(call), encoding="utf-8")
    asked = ["pathways", "explain", str(call_file), "--config", str(DEMO_CONFIGURATION)]
    assert "(from prefetch.episodes: not all sources answered)" in CliRunner().invoke(main, asked).output
    call["prefetch"]["conditions"]["entry"] = [{"resource": {"resourceType": "Condition", "code": {"text": "A Name"}}}]
    call_file.write_text(json.dumps(call), encoding="utf-8")
    said = CliRunner().invoke(main, asked).output
    assert "(from prefetch.conditions.entry[0].resource.code: a problem without a SNOMED CT code)" in said
    assert "Name" not in said


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
