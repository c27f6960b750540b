"""`cds-service pathways export`, as somebody runs it."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from cds_service.cli import main


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


def test_a_wrong_pathway_file_is_told_without_a_traceback(tmp_path: Path) -> None:
    """As for the other commands of the group."""
    (tmp_path / "pathways").mkdir()
    (tmp_path / "pathways" / "own.yaml").write_text("id: 3", "utf-8")
    result = export("--config", str(tmp_path))
    assert result.exit_code == 1
    assert "own.yaml" in result.output
    assert isinstance(result.exception, SystemExit)
