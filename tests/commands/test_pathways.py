"""`cds-service pathways`, as the owner of a pathway uses it."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from errno import EACCES
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from cds_service.cardlog.databases import open_engine
from cds_service.cardlog.migrating import bring_up_to_date
from cds_service.cardlog.schema import evaluation
from cds_service.cli import main
from cds_service.commands import pathways as pathways_commands
from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import read_pathway_files
from cds_service.pathway.register import PathwayRegister, seal_of
from cds_service.pathway.sign_off import read_sign_offs
from cds_service.pathway.suspensions import read_suspensions
from cds_service.terminology.additions import additions_file
from cds_service.terminology.value_sets import packaged_value_sets
from fhir_fixtures import hook_call
from tests.conftest import DEMO_CONFIGURATION

NWL = RegionId("nwl")


def run(*arguments: str | Path) -> Result:
    """What the command prints and how it ends."""
    return CliRunner().invoke(main, ["pathways", *(str(argument) for argument in arguments)])


def test_check_tells_of_lost_links_and_ends_with_one() -> None:
    """The packaged pathways have lost links."""
    result = run("check")
    assert result.exit_code == 1
    assert "North West London MSK MRI and ultrasound pathway v1.2" in result.output
    assert "NWL soft-tissue lump imaging guidance" in result.output


def test_check_tells_of_a_borough_without_a_destination() -> None:
    """The demo leaves Havering without a community MSK service."""
    result = run("check", "--config", DEMO_CONFIGURATION)
    assert "no 'community-msk' destination for Havering" in result.output


def test_check_tells_of_a_wrong_file_in_words(tmp_path: Path) -> None:
    """With file, and without a traceback."""
    (tmp_path / "pathways").mkdir()
    (tmp_path / "pathways" / "nwl.yaml").write_text("id: nwl\n", encoding="utf-8")
    result = run("check", "--config", tmp_path)
    assert result.exit_code == 1
    assert "nwl.yaml: title: is missing; add it" in result.output


@pytest.fixture
def folder(folder: Path) -> Path:
    """The same with NWL's pathway as the deployment's own file."""
    (folder / "pathways").mkdir()
    (folder / "pathways" / "nwl-1.2.yaml").write_text(read_pathway_files()[0].text, encoding="utf-8")
    return folder


def test_prove_does_not_prove_twice(folder: Path) -> None:
    """What ships proved is not proved again, and the folder gets a record."""
    result = run("prove", "--config", folder)
    assert (result.exit_code, result.output.count("proved before")) == (0, 2)
    assert "nwl 1.2" in (folder / "pathways" / "proofs.json").read_text("utf-8")


@pytest.fixture(scope="module")
def printed() -> str:
    """NWL's matrix, as Markdown."""
    return run("matrix", "nwl").output


@pytest.fixture(scope="module")
def read_hash(printed: str) -> str:
    """What stands below it."""
    (found,) = re.findall(r"SHA-256 of this matrix, which a sign-off names: `([0-9a-f]{64})`", printed)
    return str(found)


def test_the_matrix_is_printed(printed: str, read_hash: str) -> None:
    """As Markdown unless HTML is asked for; a region or version that is not there is refused with those that are."""
    assert printed.startswith("# North West London MSK MRI and ultrasound pathway v1.2")
    page = run("matrix", "NWL", "--format", "html").output
    assert page.startswith("<!doctype html>")
    assert f"which a sign-off names: <code>{read_hash}</code>" in page
    assert "there are nel, nwl" in run("matrix", "elsewhere").output
    assert "there are 1.4" in run("matrix", "nel", "--version", "9").output


def sign(folder: Path, matrix_sha256: str) -> Result:
    """NWL's pathway signed by somebody who read a matrix."""
    who = ("--by", "A Name", "--role", "Clinical Safety Officer")
    return run("sign-off", "nwl", "--config", folder, *who, "--matrix-sha256", matrix_sha256)


def test_a_pathway_is_not_signed_off_until_somebody_signs(folder: Path, read_hash: str) -> None:
    """A sign-off names who, role and day; a file that changes afterwards is not signed off again."""
    unsigned = "sign-offs.yaml: not signed off: read the matrix, and sign it"
    assert run("check", "--config", folder).output.count(unsigned) == 2
    assert "(Clinical Safety Officer), matrix " in sign(folder, read_hash).output
    (entry,) = yaml.safe_load((folder / "sign-offs.yaml").read_text("utf-8"))
    assert (entry["pathway"], entry["version"], entry["by"]) == ("nwl", "1.2", "A Name")
    assert run("check", "--config", folder).output.count(unsigned) == 1
    path = folder / "pathways" / "nwl-1.2.yaml"
    path.write_text(path.read_text("utf-8") + "# a remark\n", encoding="utf-8")
    assert "not signed off: changed since the sign-off" in run("check", "--config", folder).output


def test_a_matrix_that_was_not_read_cannot_be_signed(folder: Path) -> None:
    """Another hash than that of the matrix as it is drawn: nothing is written."""
    assert "is of another matrix than this service draws" in sign(folder, "0" * 64).output
    assert not (folder / "sign-offs.yaml").exists()


def test_a_sign_off_ends_when_the_service_draws_another_matrix(folder: Path, read_hash: str) -> None:
    """The file is as it was; the rules, or the words that every region starts from, are not."""
    sign(folder, read_hash)
    path = folder / "sign-offs.yaml"
    path.write_text(path.read_text("utf-8").replace(read_hash, "f" * 64), encoding="utf-8")
    assert "not signed off: signed off for another matrix than this service draws" in checked(folder)


def test_a_sign_off_leaves_a_record_that_can_be_read(folder: Path, read_hash: str) -> None:
    """Whatever stood there: a list in brackets, a remark without its line end; earlier ones stay, and remarks too."""
    path = folder / "sign-offs.yaml"
    path.write_text("[]", encoding="utf-8")
    assert sign(folder, read_hash).exit_code == 0
    remark = "# Signed at the board of 26 November."
    path.write_text(f"{path.read_text('utf-8')}{remark}", encoding="utf-8")
    assert sign(folder, read_hash).exit_code == 0
    first, second = read_sign_offs(folder)
    assert first == second
    assert path.read_text("utf-8").count(remark) == 1


def test_a_record_that_cannot_be_written_is_told(folder: Path, read_hash: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words, without a traceback."""

    def refused(*_: object) -> None:
        raise PermissionError(EACCES, "Permission denied")

    monkeypatch.setattr(pathways_commands, "replace_file", refused)
    for result in (sign(folder, read_hash), suspended(folder, "nwl")):
        assert result.exit_code == 1
        assert "Permission denied. Run the command as a user who may write the folder" in result.output


def checked(folder: Path) -> str:
    """What `check` prints, its lines joined."""
    return " ".join(run("check", "--config", folder).output.split())


def suspended(folder: Path, region: str) -> Result:
    """A region's pathway suspended by somebody for a reason."""
    return run("suspend", region, "--config", folder, "--by", "A Name", "--reason", "The link is wrong")


def test_a_suspension_has_a_name_and_a_reason(folder: Path) -> None:
    """It is written once for a region; without a reason nothing is written."""
    assert run("suspend", "nwl", "--config", folder, "--by", "A Name").exit_code == 2
    assert "is blank" in run("suspend", "nwl", "--config", folder, "--by", " ", "--reason", "The link is wrong").output
    assert not (folder / "suspensions.yaml").exists()
    assert "nwl: suspended from" in suspended(folder, "NWL").output
    assert "nel: suspended from" in suspended(folder, "nel").output
    stated = yaml.safe_load((folder / "suspensions.yaml").read_text("utf-8"))
    assert {region: one["reason"] for region, one in stated.items()} == dict.fromkeys(
        ("nwl", "nel"), "The link is wrong"
    )
    assert "nwl is suspended already" in suspended(folder, "nwl").output
    assert "nwl: version 1.2 is suspended (suspensions.yaml): only CES and MSCC speak" in checked(folder)


def test_a_pathway_whose_next_version_is_filed_can_be_suspended(folder: Path) -> None:
    """The next version seals the one in force: neither file changes, the folder loads, and the pathway is out."""
    day = datetime.now(UTC).date()
    before = PathwayRegister.load(folder).versions(NWL)[-1]
    stated = yaml.safe_load(before.text)
    stated |= {"version": "1.3", "effective": day + timedelta(days=30), "review": day + timedelta(days=400)}
    stated["supersedes"] = seal_of(before).model_dump()
    (folder / "pathways" / "nwl-1.3.yaml").write_text(yaml.safe_dump(stated), encoding="utf-8")
    files = {path: path.read_bytes() for path in (folder / "pathways").iterdir()}

    assert suspended(folder, "nwl").exit_code == 0

    register = PathwayRegister.load(folder)
    ahead = [day + timedelta(days=days) for days in (1, 29, 30, 300)]
    assert not any(register.in_force(one)[NWL].is_effective(one) for one in ahead)
    assert {path: path.read_bytes() for path in (folder / "pathways").iterdir()} == files


def test_a_suspension_that_is_over_makes_room_for_another(folder: Path) -> None:
    """Its last day has gone by; what somebody wrote in the file stays when another region's is added."""
    over = {"nwl": {"by": "A Name", "reason": "wrong link", "since": "2025-08-01", "until": "2025-08-02"}}
    (folder / "suspensions.yaml").write_text(yaml.safe_dump(over), encoding="utf-8")
    assert "nwl: suspended from" in suspended(folder, "nwl").output
    path = folder / "suspensions.yaml"
    assert "until" not in yaml.safe_load(path.read_text("utf-8"))["nwl"]
    path.write_text(f"# Asked for by the board\n{path.read_text('utf-8')}# the last line", encoding="utf-8")
    assert "nel: suspended from" in suspended(folder, "nel").output
    lines = path.read_text("utf-8").splitlines()
    assert (lines[0], lines[lines.index("# the last line") + 1]) == ("# Asked for by the board", "nel:")


def test_a_suspension_that_lies_ahead_is_not_swallowed(folder: Path) -> None:
    """Its days, name and reason stay; who wants it today changes them."""
    day = datetime.now(UTC).date() + timedelta(days=30)
    planned = f"nwl: {{by: A Name, reason: the service moves, since: {day}}}\n"
    (folder / "suspensions.yaml").write_text(planned, encoding="utf-8")
    result = suspended(folder, "nwl")
    assert result.exit_code == 1
    assert f"nwl is to be suspended from {day}; change 'since' there" in result.output
    assert (folder / "suspensions.yaml").read_text("utf-8") == planned


def test_a_suspension_that_a_refused_folder_holds_up_is_not_called_in_force(folder: Path) -> None:
    """It is written; what is wrong with another file is told, and once that is mended it counts."""
    (folder / "monitor-access.yaml").write_text("nothing of the kind\n", encoding="utf-8")
    result = suspended(folder, "nwl")
    assert result.exit_code == 1
    assert "nwl: NOT in force: suspensions.yaml is written, but a running service refuses the folder" in result.output
    assert "monitor-access.yaml" in result.output
    assert "suspended from" not in result.output
    assert read_suspensions(folder)[NWL].reason == "The link is wrong"


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("- {by: A Name}\n", "0.pathway: is missing; add it"),
        ("- [\n", "not YAML"),
        ("- {by: A Name, by: Another}\n", "the key 'by' stands twice"),
        ("- {signed_on: 2026-11-31}\n", "'2026-11-31' is no value"),
        ("{}\n", "valid list"),
    ],
)
def test_a_record_of_sign_offs_that_is_none_is_refused(folder: Path, stated: str, said: str) -> None:
    """With the mend."""
    (folder / "sign-offs.yaml").write_text(stated, encoding="utf-8")
    output = run("check", "--config", folder).output
    assert said in output
    assert "Restore sign-offs.yaml, or delete it and sign again" in output


def a_logged_order(event_id: str, age_band: str) -> dict[str, object]:
    """A row of the card log: a redirected knee MRI."""
    return {
        "event_id": event_id,
        "occurred_on": datetime.now(UTC).date(),
        "occurred_hour": 9,
        "region": "nwl",
        "rule_id": "nwl.redirect",
        "outcome": "redirect",
        "card_count": 1,
        "modality": "mri",
        "body_region_group": "lower-limb",
        "known_by": "code",
        "setting": "general-practice",
        "requester_category": "gp",
        "region_conflict": False,
        "indication_present": True,
        "indication_groups": "pain",
        "oncology": "none",
        "age_band": age_band,
        "fcp_listing": "none",
        "hook": "order-sign",
        "client_id": "z99-ehr",
        "latency_ms": 1,
        "mode": "live",
        "software_version": "0",
    }


def test_diff_says_in_words_what_changes_and_for_how_many(tmp_path: Path) -> None:
    """An adult age of 17 changes what a person of 16 is told; of a logged "16-17" only a range; no row of a demo."""
    old, new, log = tmp_path / "nwl-1.2.yaml", tmp_path / "nwl-1.3.yaml", f"sqlite:///{tmp_path / 'log.sqlite3'}"
    text = read_pathway_files()[0].text
    old.write_text(text, encoding="utf-8")
    changed = (
        text.replace('version: "1.2"', 'version: "1.3"')
        .replace("adult_from: 16", "adult_from: 17")
        .replace("review: 2027-01-01\n", "review: 2028-01-01\n")
    )
    new.write_text(changed, encoding="utf-8")
    bring_up_to_date(log)
    engine = open_engine(log)
    with engine.begin() as connection:
        rows = [a_logged_order(f"{position:036}", age) for position, age in enumerate(("16-17", "18-64", "<16"))]
        rows.append({**a_logged_order(f"{9:036}", "16-17"), "mode": "demo"})
        connection.execute(evaluation.insert(), rows)
    engine.dispose()

    result = run("diff", old, new, "--database-url", log)

    assert result.exit_code == 0, result.output
    was = "was redirect (warning card 'redirect', a referral is drafted, the scan may be removed)"
    now = "is  paediatric (info card 'paediatric')"
    lines = result.output.splitlines()
    assert (lines.count(was), lines[lines.index(was) + 1]) == (1, now)
    told = lines[lines.index(now) + 1]
    assert told.startswith("  - ")
    assert "age: 16" in told
    assert "also: review: 2027-01-01 becomes 2028-01-01" in result.output
    assert "with no or one coded reason are answered otherwise" in result.output
    assert "Of 3 live evaluations since " in result.output
    assert "between 0 and 1 are answered otherwise by 1.3 than by 1.2" in result.output


def test_diff_names_two_answers_once_with_all_their_situations(tmp_path: Path) -> None:
    """Urgent care that is exempt from now on: `--each` says all facts of many situations, below their two answers."""
    old, new = tmp_path / "nwl-1.2.yaml", tmp_path / "nwl-1.3.yaml"
    stated = yaml.safe_load(text := read_pathway_files()[0].text)
    stated["settings"]["redirect"].remove("urgent-care")
    stated["settings"]["exempt"].append("urgent-care")
    stated["supersedes"] = {"version": "1.2", "sha256": "0" * 64}
    old.write_text(text, encoding="utf-8")
    new.write_text(yaml.safe_dump({**stated, "version": "1.3"}), encoding="utf-8")
    lines = run("diff", old, new, "--each").output.splitlines()
    pairs = [(line, after) for line, after in pairwise(lines) if line.startswith("was ")]
    assert len(pairs) == len(set(pairs))
    situations = [line for line in lines if line.startswith("  - ")]
    assert len(situations) > len(pairs) > 1
    assert all("coded reason: " in line and "setting: urgent-care" in line for line in situations)
    assert not any("supersedes" in line for line in lines)


def test_diff_compares_one_region_with_itself(tmp_path: Path) -> None:
    """Two regions are two documents."""
    for file in read_pathway_files():
        (tmp_path / file.name).write_text(file.text, encoding="utf-8")
    assert "another region than 'nwl'" in run("diff", tmp_path / "nwl.yaml", tmp_path / "nel.yaml").output


def test_diff_refuses_what_is_no_text(tmp_path: Path) -> None:
    """With the name of the file."""
    (tmp_path / "old.yaml").write_bytes(b"id: \xff\xfe")
    assert "Error: old.yaml: not UTF-8 text" in run("diff", tmp_path / "old.yaml", tmp_path / "old.yaml").output


def test_explain_traces_a_call_from_its_place_to_the_card(tmp_path: Path) -> None:
    """Place, fact, rule with its sentences, card; nobody's name or identifier."""
    call = tmp_path / "call.json"
    call.write_text(json.dumps(hook_call("nwl-gp-knee-mri-pain--redirect.json")), encoding="utf-8")
    said = run("explain", call, "--config", DEMO_CONFIGURATION, "--on", "2026-11-21").output
    assert "fact      indications = pain" in said
    assert "rule      nwl.redirect of North West London MSK MRI and ultrasound pathway v1.2 (N2, N5)" in said
    assert "card      warning: Refer to community MSK instead of ordering this MRI" in said
    assert "999" not in said


def test_explain_reads_the_codes_of_the_deployment(folder: Path, tmp_path: Path) -> None:
    """As the service does: a code that the folder adds is an indication; one that cannot be added is told."""
    knee_pain, own_code = "30989003", "90000002"
    text = json.dumps(hook_call("nwl-gp-knee-mri-pain--redirect.json"))
    assert knee_pain in text
    call = tmp_path / "call.json"
    call.write_text(text.replace(knee_pain, own_code), encoding="utf-8")
    asked = ("explain", call, "--config", folder, "--on", "2026-11-21")
    assert "fact      indications = pain" not in run(*asked).output
    pain = next(one for one in packaged_value_sets() if one.group == "ind_pain")
    added = folder / "value-sets" / "ind-pain.json"
    added.parent.mkdir()
    added.write_text(additions_file(pain, None, {own_code: "Sore knee"}, "A test", date(2026, 11, 21)), "utf-8")
    assert "fact      indications = pain" in run(*asked).output
    added.write_text("nothing of the kind\n", encoding="utf-8")
    result = run(*asked)
    assert result.exit_code == 1
    assert "Error: ind-pain.json: " in result.output


def test_explain_refuses_what_is_no_call(tmp_path: Path) -> None:
    """In words."""
    for name, text, words in (("a", "{", "not JSON"), ("b", "[]", "not a hook call"), ("c", "{}", "hook")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        result = run("explain", tmp_path / name, "--config", DEMO_CONFIGURATION)
        assert result.exit_code == 1
        assert words in result.output
