"""`cds-service pathways export`: the pathways and their terminology as a FHIR Bundle."""

from pathlib import Path

import click
import orjson

from cds_service.commands.faults import told
from cds_service.commands.pathways import FAULTS, config_option, pathways
from cds_service.exchange.bundle import collection
from cds_service.pathway.register import PathwayRegister
from cds_service.terminology import load_terminology
from cds_service.wiring.exchange import exported_resources


@pathways.command()
@config_option
@click.option(
    "--format", "form", type=click.Choice(["fhir"]), default="fhir", show_default=True, help="FHIR R4, as JSON."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    default=None,
    help="The file to write; without it, standard output.",
)
def export(config: Path | None, form: str, output: Path | None) -> None:  # noqa: ARG001 - one format so far
    """Write every version of the pathways as PlanDefinitions, with all they refer to, in one Bundle.

    All regions are in it: an engine that knew one alone would have no answer, and no red flag, for an order of another.
    """
    with told(*FAULTS):
        register = PathwayRegister.load(config)
        terminology = load_terminology(None if config is None else config / "value-sets")
    versions = [file.pathway for file in register.files]
    bundle = collection(exported_resources(versions, terminology.additions))
    text = orjson.dumps(bundle, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if output is None:
        click.echo(text, nl=False)
        return
    output.write_bytes(text)
    written = ", ".join(f"{pathway.title} v{pathway.version}" for pathway in versions)
    click.echo(f"{output}: {len(bundle['entry'])} resources, of {written}")
