"""`cds-service doctor` and `cds-service call`, as click commands that the command line adds.

What speaks HTTP is imported when a command runs: `cds-service serve` reads this module at every start.
"""

import math
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

import click

from cds_service.vendor.address import AddressError, address_of, checked_url
from cds_service.vendor.words import printable

if TYPE_CHECKING:
    from cds_service.vendor.call import Called
    from cds_service.vendor.wire import Mint, Wire

MintWithKey = Callable[[Path, str, str | None, str], "Mint"]
"""From key file, issuer, key id (None: the key's own) and algorithm to what mints a JWT for an audience.

The command line hands it to these commands as click's context object. It raises ValueError when the key cannot be
used; the message names the file and says why, and holds nothing of the key.
"""

UNREACHABLE: Final = 2
"""The exit code when nothing answers."""

WIDEST: Final = 110
"""Columns beyond which text is hard to read."""

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request is sent with, as the options state it."""

    header: tuple[str, ...]
    token_key: Path | None
    issuer: str | None
    kid: str | None
    algorithm: str
    timeout: float

    def wire(self, mint_with_key: MintWithKey | None) -> "Wire":
        """What sends requests with these credentials.

        Raises:
            click.ClickException: an option is wrong or lacks another.
        """
        from cds_service.vendor.wire import Wire  # noqa: PLC0415 - httpx, for a command that runs

        return Wire([_header(stated) for stated in self.header], self._mint(mint_with_key), self.timeout)

    def _mint(self, mint_with_key: MintWithKey | None) -> "Mint | None":
        if self.token_key is None:
            if self.issuer is not None or self.kid is not None:
                msg = "--issuer and --kid are for the tokens of --token-key. Add --token-key FILE, or leave them out."
                raise click.UsageError(msg)
            return None
        if not self.issuer:
            msg = "--token-key needs --issuer: the iss that the service knows you by."
            raise click.UsageError(msg)
        if any(stated.partition(":")[0].lower() == "authorization" for stated in self.header):
            msg = "--token-key and a --header Authorization would send two tokens. Leave one of them out."
            raise click.UsageError(msg)
        if mint_with_key is None:
            msg = "Tokens cannot be minted here. Give one with --header 'Authorization: Bearer …'."
            raise click.UsageError(msg)
        try:
            return mint_with_key(self.token_key, self.issuer, self.kid, self.algorithm)
        except ValueError as error:
            msg = f"--token-key {error}"
            raise click.ClickException(msg) from None


def _a_number(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    """Refuse `nan`, which lies in every range."""
    if math.isnan(value):
        msg = "'nan' is no number of seconds. Give one from 0.05 to 120."
        raise click.BadParameter(msg)
    return value


def with_credentials(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that make its `Credentials`."""
    options = (
        click.option(
            "--header",
            multiple=True,
            metavar="'NAME: VALUE'",
            allow_from_autoenv=False,
            help="Send this header too; for a fixed token, 'Authorization: Bearer …'. Repeatable.",
        ),
        click.option(
            "--token-key",
            type=click.Path(path_type=Path),
            default=None,
            help="Sign a fresh token for each request with this private key; a fixed one is refused as a replay.",
        ),
        click.option("--issuer", default=None, help="The iss of those tokens."),
        click.option("--kid", default=None, help="The kid of those tokens, when the key file names none."),
        click.option("--algorithm", default="ES384", show_default=True, help="The alg of those tokens."),
        click.option(
            "--timeout",
            type=click.FloatRange(0.05, 120),
            callback=_a_number,
            default=10.0,
            show_default=True,
            help="Seconds that one request may take.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("url")
@click.option(
    "--hook-call",
    multiple=True,
    metavar="FILE",
    allow_from_autoenv=False,
    help="A call that earns cards: a file, or a ready-made call (cds-service call --list). Repeatable.",
)
@click.option("--origin", default=None, help="The web page that CORS is tried for.  [default: the public sandbox]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_credentials
@click.pass_obj
def doctor(
    mint_with_key: MintWithKey | None,
    /,
    *,
    url: str,
    hook_call: tuple[str, ...],
    origin: str | None,
    as_json: bool,
    **credentials: Any,  # noqa: ANN401 - the options that `with_credentials` adds
) -> None:
    """Hold the CDS Hooks service at URL against the specification.

    URL is its base or its discovery URL. Only invented data is sent, feedback and bad calls included: run it against
    a test service. Without --hook-call each service gets a call with an empty draft, which may earn no card to look at.

    Exit code: 0 when no `must` fails, 1 when one does, 2 when nothing answers.
    """
    from cds_service.vendor import report  # noqa: PLC0415 - httpx, for a command that runs
    from cds_service.vendor.doctor import SANDBOX, examine  # noqa: PLC0415 - as above
    from cds_service.vendor.hook_file import HookFileError, read_hook_call  # noqa: PLC0415 - as above

    with _naming("URL"):
        address = address_of(url)
    if origin is not None:
        origin = _origin(origin)
    try:
        calls = [read_hook_call(named) for named in hook_call]
    except HookFileError as error:
        msg = f"--hook-call {error}"
        raise click.ClickException(msg) from None
    with Credentials(**credentials).wire(mint_with_key) as wire:
        found = examine(wire, address, calls, origin or SANDBOX)
    click.echo(report.as_json(found) if as_json else report.as_table(found, _width()))
    sys.exit(found.exit_code)


def _list_calls(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's
    if not wanted:
        return
    from cds_service.vendor.hook_file import ready_made_calls  # noqa: PLC0415 - the fixtures, for this option

    calls = ready_made_calls()
    longest = max(len(name) for name in calls)
    for name, shows in calls.items():
        click.echo(f"{name:<{longest}}  {shows}")
    context.exit()


@click.command()
@click.argument("file")
@click.option("--url", required=True, help="The service's URL, or its base URL: discovery then finds the service.")
@click.option("--fhir", metavar="URL", default=None, help="Fill prefetch from this FHIR server, as an EHR does.")
@click.option(
    "--feedback",
    type=click.Choice(["accepted", "overridden"]),
    default=None,
    help="Afterwards tell the service what became of its first card.",
)
@click.option("--raw", is_flag=True, help="Print the JSON that came.")
@click.option(
    "--list", is_flag=True, is_eager=True, expose_value=False, callback=_list_calls, help="List the ready-made calls."
)
@with_credentials
@click.pass_obj
def call(
    mint_with_key: MintWithKey | None,
    /,
    *,
    file: str,
    url: str,
    fhir: str | None,
    feedback: Literal["accepted", "overridden"] | None,
    raw: bool,
    **credentials: Any,  # noqa: ANN401 - the options that `with_credentials` adds
) -> None:
    """Send the hook call in FILE to a CDS Hooks service, and print its cards.

    FILE is a JSON file or the name of a ready-made call. The call gets a hookInstance of its own. With --fhir, what
    the service's prefetch templates ask for is read from there (without a token) and sent in place of FILE's prefetch.

    Exit code: 0 for an answer of 200 with its list of cards, 1 for any other, 2 when nothing answers.
    """
    from cds_service.vendor.call import CallError, UnreachableError, make  # noqa: PLC0415 - httpx, only when run
    from cds_service.vendor.hook_file import HookFileError, read_hook_call  # noqa: PLC0415 - as above
    from cds_service.vendor.printing import has_cards  # noqa: PLC0415 - as above

    with _naming("--url"):
        address = address_of(url)
    with _naming("--fhir"):
        base = checked_url(fhir) if fhir is not None else None
    try:
        body = read_hook_call(file)
        with Credentials(**credentials).wire(mint_with_key) as wire:
            called = make(wire, address, body, base)
            _print_answer(called, raw=raw)
            taken = feedback is None or _sends_feedback(wire, called, feedback)
    except UnreachableError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(UNREACHABLE)
    except (HookFileError, CallError) as error:
        raise click.ClickException(str(error)) from None
    sys.exit(0 if has_cards(called.answer) and taken else 1)


def _print_answer(called: "Called", *, raw: bool) -> None:
    from cds_service.vendor.printing import answer_lines, raw_json  # noqa: PLC0415 - httpx, for a command that runs

    for key, why in called.left_out.items():
        click.echo(f"Prefetch left out: {printable(key)}: {why}", err=True)
    click.echo(f"{called.url}: {called.answer.status} in {called.answer.milliseconds:.0f} ms", err=True)
    click.echo(raw_json(called.answer) if raw else "\n".join(answer_lines(called.answer, _width())))


def _sends_feedback(wire: "Wire", called: "Called", outcome: Literal["accepted", "overridden"]) -> bool:
    from cds_service.vendor.call import send_feedback  # noqa: PLC0415 - httpx, for a command that runs

    answer = send_feedback(wire, called, outcome)
    click.echo(f"Feedback '{outcome}': the service {answer.said()}", err=True)
    return answer.accepted


@contextmanager
def _naming(what: str) -> Iterator[None]:
    """Say of which argument or option an address is wrong: a command takes two."""
    try:
        yield
    except AddressError as error:
        msg = f"{what}: {error}"
        raise click.ClickException(msg) from None


def _origin(stated: str) -> str:
    """An origin as browsers send it: scheme, host and port, and nothing after them."""
    with _naming("--origin"):
        origin = checked_url(stated)
    if origin != stated or urlsplit(origin).path:
        msg = f"--origin: '{stated[:80]}' has a path. Give scheme and host alone, for example https://ehr.example.org"
        raise click.ClickException(msg)
    return origin


def _header(stated: str) -> tuple[str, str]:
    """A header as `--header` gives it; its value may be a secret, so no message repeats it."""
    name, colon, value = stated.partition(":")
    if not colon or not _HEADER_NAME.fullmatch(name) or not value.isascii() or not value.strip().isprintable():
        msg = "--header is not written 'Name: value' in ASCII. Write for example 'Authorization: Bearer …'."
        raise click.UsageError(msg)
    return name, value.strip()


def _width() -> int:
    return min(shutil.get_terminal_size().columns, WIDEST)
