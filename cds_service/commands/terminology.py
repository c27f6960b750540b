"""`cds-service terminology`: value sets checked, and held against a terminology server."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cds_service.commands.faults import told
from cds_service.directory.csv_edits import replace_file
from cds_service.london_time import today_in_london
from cds_service.terminology import ValueSetError
from cds_service.terminology.additions import Difference, additions_file, differences
from cds_service.terminology.overlaps import PART_OF
from cds_service.terminology.value_set_file import ValueSet, read_value_set
from cds_service.terminology.value_sets import (
    build_terminology,
    packaged_value_sets,
    read_value_sets,
    with_additions,
)
from cds_service.terminology.vocabulary import SNOMED

if TYPE_CHECKING:
    from cds_service.terminology.server import TerminologyServer, Validated

FOLDER: Final = "value-sets"
"""Where a configuration folder keeps what it adds to the packaged value sets."""

SECRET: Final = "TERMINOLOGY_CLIENT_SECRET"  # noqa: S105 - the name of a variable
_SHOWN: Final = 25

_config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=None,
    envvar="CDS_SERVICE_CONFIG",
    help="The configuration folder, whose value-sets are read with the packaged ones.",
)
_token_option = click.option("--token-url", default=None, help="Where the server's OAuth2 tokens are given out.")
_client_option = click.option(
    "--client-id", default=None, help=f"Who asks for one; the secret stands in the variable {SECRET}."
)
_timeout_option = click.option(
    "--timeout", type=click.FloatRange(0.1, 600), default=30.0, show_default=True, help="Seconds for one answer."
)


@click.group()
def terminology() -> None:
    """What codes mean: the lists checked, and held against a FHIR terminology server."""


@terminology.command()
@click.option("--server", required=True, help="FHIR R4 base address of the terminology server.")
@click.option("--set", "names", multiple=True, help="Only this value set, such as ind-cauda-equina; repeat for more.")
@_token_option
@_client_option
@_timeout_option
@_config_option
@click.option("--accept", is_flag=True, help="Write what is new into value-sets of the configuration folder.")
def expand(
    server: str,
    names: tuple[str, ...],
    token_url: str | None,
    client_id: str | None,
    timeout: float,
    config: Path | None,
    accept: bool,  # noqa: FBT001 - click passes options by name
) -> None:
    """Show what each value set's intent holds on a server and its list does not."""
    if accept and config is None:
        raise click.UsageError("--accept writes into a configuration folder: say which, with --config.")
    with told(ValueSetError):
        every = _value_sets(config)
        chosen = _chosen(every, names)
        with_intent = [value_set for value_set in every if value_set.intent is not None]
        with _server(server, token_url, client_id, timeout) as asked:
            expansions = {}
            # Also those that are not wanted: a code that one of them could take as well is for a person to place.
            with click.progressbar(with_intent, label="Asking the server", file=sys.stderr) as bar:
                for value_set in bar:
                    expansions[value_set.group] = asked.expand(value_set.intent or "")
        found = differences(every, expansions, chosen)
        for value_set in every:
            if value_set.group in found:
                _show(value_set, found[value_set.group])
        written = 0
        if accept and config is not None:
            source = f"{server} $expand of the intent, {today_in_london()}"
            written = _add(config / FOLDER, {group: one.new for group, one in found.items() if one.new}, source)
    if accept:
        click.echo(f"{written} file(s) written to {FOLDER}. Have a clinician review them before they are used.")
    else:
        click.echo("Nothing is written. --accept writes what is new into value-sets of --config.")


@terminology.command()
@click.option("--server", default=None, help="FHIR R4 base address of a terminology server that confirms codes.")
@click.option("--all", "check_all", is_flag=True, help="Ask it about every SNOMED CT code, not only the provisional.")
@_token_option
@_client_option
@_timeout_option
@_config_option
def check(
    server: str | None,
    check_all: bool,  # noqa: FBT001 - click passes options by name
    token_url: str | None,
    client_id: str | None,
    timeout: float,
    config: Path | None,
) -> None:
    """Check digits, overlaps and provisional codes; a server confirms the latter, by name."""
    with told(ValueSetError):
        value_sets = _value_sets(config)
        problems = []
        provisional = {one.code: one.display for each in value_sets for one in each.concepts if one.provisional}
        asked_about = dict(provisional)
        if check_all:
            snomed = (one for each in value_sets for one in each.concepts if one.system == SNOMED)
            asked_about = {one.code: one.display for one in snomed}
        if server is not None:
            with (
                _server(server, token_url, client_id, timeout) as asked,
                click.progressbar(asked_about.items(), label="Asking the server", file=sys.stderr) as bar,
            ):
                answers = {code: asked.validate(code) for code, _ in bar}
            for code, name in asked_about.items():
                click.echo(f"{code} {name} | {answers[code].display or 'no name'}")
                fault = _fault(name, answers[code])
                problems += [f"{code} {name}: {fault}"] if fault else []
            click.echo(f"{len(asked_about) - len(problems)} code(s) confirmed by {server}")
    codes = sum(len(value_set.concepts) for value_set in value_sets)
    click.echo(f"{len(value_sets)} value sets, {codes} codes; every SNOMED CT code has a right check digit")
    if server is None:
        for code, display in provisional.items():
            click.secho("note    ", fg="yellow", nl=False)
            click.echo(f" {code} {display}: provisional, to be confirmed with --server")
    for problem in problems:
        click.secho("problem ", fg="red", nl=False)
        click.echo(f" {problem}")
    click.echo(f"{len(problems)} problem(s)")
    if problems:
        raise SystemExit(1)


def _fault(name: str, answer: "Validated") -> str | None:
    """What a server says against a code of ours: that it exists alone would not tell what it means."""
    if not answer.is_valid:
        return "no active concept of this code is known"
    if answer.display is None:
        return "the server gives it no name, so nothing says what it means there. Look it up"
    if _as_compared(answer.display) != _as_compared(name):
        return f"the server's name is {answer.display!r}. Look up whether both mean the same"
    return None


def _as_compared(name: str) -> str:
    return " ".join(name.split()).casefold()


def _value_sets(config: Path | None) -> list[ValueSet]:
    """The packaged sets with the deployment's additions.

    Raises:
        ValueSetError: a file of the additions is wrong.
    """
    return with_additions(packaged_value_sets(), read_value_sets(config / FOLDER) if config is not None else [])


def _chosen(every: list[ValueSet], names: tuple[str, ...]) -> frozenset[str]:
    """The groups that are wanted, all that have an intent where none is named."""
    with_intent = frozenset(value_set.group for value_set in every if value_set.intent is not None)
    wanted = frozenset(name.replace("-", "_") for name in names)
    for name in sorted(wanted - with_intent):
        known = {value_set.group: value_set.intent_note for value_set in every}
        why = known.get(name, "there is no such value set")
        raise click.ClickException(f"{name.replace('_', '-')} has no intent that a server could expand: {why}")
    return wanted or with_intent


def _show(value_set: ValueSet, found: Difference) -> None:
    """What --accept would write is shown whole; of the rest, which changes nothing, the first lines."""
    click.secho(value_set.group.replace("_", "-"), bold=True)
    click.echo(f"  {len(value_set.concepts)} listed, {len(found.new)} new, {len(found.beyond)} beyond the intent")
    for code, display in sorted(found.new.items()):
        click.echo(f"  + {code} {display}")
    wholes = " or ".join(PART_OF.get(value_set.group, ()))
    lines = [
        f"  ? {code} {display}: not in {wholes}, of which this is a part; add it there first"
        for code, display in sorted(found.homeless.items())
    ]
    lines += [
        f"  = {code} {claimed.display}: stands in {claimed.group}, or could; it is not added"
        for code, claimed in sorted(found.elsewhere.items())
    ]
    lines += [f"  - {one.code} {one.display}: not in the expansion; it stays in the list" for one in found.beyond]
    for line in lines[:_SHOWN]:
        click.echo(line)
    if len(lines) > _SHOWN:
        click.echo(f"  and {len(lines) - _SHOWN} more")


def _add(folder: Path, new: Mapping[str, Mapping[str, str]], source: str) -> int:
    """Add codes to the files of the additions, after a trial in memory; how many files were written.

    Raises:
        ValueSetError: the service would not start with them; nothing is written.
        click.ClickException: they cannot be written; every file is as it was, or the message names those that are not.
    """
    packaged = {value_set.group: value_set for value_set in packaged_value_sets()}
    before, after = {}, {}
    for group, codes in sorted(new.items(), key=lambda item: item[0] in PART_OF):  # a whole before its part
        path = folder / f"{group.replace('_', '-')}.json"
        before[path] = path.read_bytes() if path.is_file() else None
        after[path] = additions_file(packaged[group], before[path], codes, source, today_in_london()).encode()
    trial = {value_set.group: value_set for value_set in read_value_sets(folder)}
    trial |= {value_set.group: value_set for value_set in (read_value_set(path.name, after[path]) for path in after)}
    build_terminology(with_additions(packaged.values(), trial.values()))
    is_new = bool(after) and not folder.exists()
    written: dict[Path, bytes | None] = {}
    try:
        if is_new:
            folder.mkdir()
        for path, content in after.items():
            replace_file(path, content)
            written[path] = before[path]
    except OSError as error:
        fault = f"{folder}: {error.strerror}. Run the command as a user who may write the folder"
        changed = _put_back(written)
        if changed:
            fault += f". {', '.join(changed)} could not be put back: undo the change by git"
        elif is_new and folder.is_dir():
            folder.rmdir()
        raise click.ClickException(fault) from None
    return len(after)


def _put_back(written: Mapping[Path, bytes | None]) -> list[str]:
    """Undo a writing that failed half way; the names of the files for which that failed too."""
    changed = []
    for path, content in written.items():
        try:
            if content is None:
                path.unlink()
            else:
                replace_file(path, content)
        except OSError:
            changed.append(path.name)
    return changed


@contextmanager
def _server(base: str, token_url: str | None, client_id: str | None, timeout: float) -> Iterator["TerminologyServer"]:
    from cds_service.terminology.server import (  # noqa: PLC0415 - httpx is read by these commands alone
        ClientCredentials,
        TerminologyServer,
        TerminologyServerError,
    )

    if (token_url is None) != (client_id is None):
        raise click.UsageError("--token-url and --client-id go together.")
    credentials = None
    if token_url is not None and client_id is not None:
        secret = os.environ.get(SECRET)
        if not secret:
            raise click.UsageError(f"Put the client's secret into the variable {SECRET}: an option is no place for it.")
        credentials = ClientCredentials(token_url, client_id, secret)
    try:
        server = TerminologyServer(base, credentials, timeout)
        try:
            yield server
        finally:
            server.close()
    except TerminologyServerError as error:
        raise click.ClickException(str(error)) from None
