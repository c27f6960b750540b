"""`cds-service pathways export`, as somebody runs it."""

import json
from datetime import date
from pathlib import Path

from click.testing import CliRunner, Result

from cds_service.cli import main
from cds_service.terminology.additions import additions_file
from cds_service.terminology.value_sets import packaged_value_sets


def export(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["pathways", "export", *arguments])


def plans(text: str) -> list[str]:
    """The ids of the PlanDefinitions in a Bundle's text."""
    resources = [entry["resource"] for entry in json.loads(text)["entry"]]
    return [one["id"] for one in resources if one["resourceType"] == "PlanDefinition"]


def test_the_export_goes_to_standard_output() -> None:
    """Both packaged pathways and national guidance, and nothing else on that stream."""
    result = export("--format", "fhir")
    assert result.exit_code == 0
    assert plans(result.stdout) == ["msk-imaging-nel-1.4", "msk-imaging-nwl-1.2", "msk-imaging-national"]


def test_the_export_is_written_to_a_file(tmp_path: Path) -> None:
    """The command says what it wrote: every region, so that an order of each has its answer."""
    file = tmp_path / "pathways.json"
    result = export("--output", str(file))
    assert result.exit_code == 0
    assert file.read_text("utf-8") == export().stdout
    assert "North East London" in result.output
    assert "North West London" in result.output


def test_the_value_sets_are_those_of_the_deployment(tmp_path: Path) -> None:
    """With the codes that its folder adds; a file of them that is wrong is told."""
    (tmp_path / "value-sets").mkdir()
    file = tmp_path / "value-sets" / "ind-rheumatology.json"
    file.write_text(an_addition(), "utf-8")
    bundle = json.loads(export("--config", str(tmp_path)).stdout)
    (own,) = [one["resource"] for one in bundle["entry"] if one["resource"]["id"] == "ind-rheumatology"]
    assert own["compose"]["include"][-1]["concept"][-1]["code"] == "404684003"

    file.write_text("{}", "utf-8")
    refused = export("--config", str(tmp_path))
    assert (refused.exit_code, "ind-rheumatology.json" in refused.output) == (1, True)
    assert isinstance(refused.exception, SystemExit)


def an_addition() -> str:
    """A file that adds one code to the reasons of rheumatology."""
    (packaged,) = [one for one in packaged_value_sets() if one.group == "ind_rheumatology"]
    return additions_file(packaged, None, {"404684003": "A finding"}, "A test", date(2026, 11, 29))


def test_a_wrong_pathway_file_is_told_without_a_traceback(tmp_path: Path) -> None:
    """As for the other commands of the group."""
    (tmp_path / "pathways").mkdir()
    (tmp_path / "pathways" / "own.yaml").write_text("id: 3", "utf-8")
    result = export("--config", str(tmp_path))
    assert result.exit_code == 1
    assert "own.yaml" in result.output
    assert isinstance(result.exception, SystemExit)
