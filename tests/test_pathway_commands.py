"""`cds-service pathways`, as the owner of a pathway uses it."""

from pathlib import Path

from click.testing import CliRunner, Result

from cds_service.pathway_commands import pathways
from tests.conftest import DEMO_CONFIGURATION


def run(*arguments: str | Path) -> Result:
    """What the command prints and how it ends."""
    return CliRunner().invoke(pathways, [str(argument) for argument in arguments])


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
    assert "nwl.yaml: title: Field required" in result.output
