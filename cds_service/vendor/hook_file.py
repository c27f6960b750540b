"""The hook call that a command was given: a file, or one of the ready-made calls of the fixtures."""

from codecs import BOM_UTF8
from pathlib import Path
from typing import Final

import orjson

from cds_service.vendor.words import JsonObject, is_text
from fhir_fixtures import expectations, hook_call

LARGEST_FILE: Final = 4 * 1024 * 1024
"""Bytes of a file that are read."""


class HookFileError(Exception):
    """A hook call that cannot be used; the message names the file, what is wrong and how to mend it."""


def ready_made_calls() -> dict[str, str]:
    """The names of the fixtures' hook calls, each with what it shows."""
    shows: dict[str, str] = {}
    for row in expectations():
        what = f"{row.outcome}{f' ({row.indicator})' if row.indicator is not None else ''}"
        shows[row.file] = f"{shows[row.file]}, {what}" if row.file in shows else what
    return shows


def read_hook_call(named: str) -> JsonObject:
    """The body of a hook call.

    Args:
        named: the path of a JSON file, or the name of a ready-made call, with or without `.json`.

    Raises:
        HookFileError: there is no such file, or it is no hook call.
    """
    path = Path(named)
    if _is_file(path):
        return _checked(named, _read(path))
    ready_made = ready_made_calls()
    for name in (named, f"{named}.json"):
        if name in ready_made:
            return hook_call(name)
    msg = f"{named}: no such file, and no ready-made call of that name. `cds-service call --list` lists those."
    raise HookFileError(msg)


def _is_file(path: Path) -> bool:
    """Whether there is a file to read.

    Raises:
        HookFileError: there is a folder or a device, or a path that the system does not take.
    """
    try:
        if path.is_file():
            return True
        something_else = path.name != "" and path.exists()
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}). Give a file that can."
        raise HookFileError(msg) from None
    if something_else:
        msg = f"{path}: not a file. Give a JSON file, or a name that `cds-service call --list` lists."
        raise HookFileError(msg)
    return False


def _read(path: Path) -> object:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            msg = f"{path}: larger than {LARGEST_FILE} bytes (4 MiB), which no service needs to take. Make it smaller."
            raise HookFileError(msg)
        # Windows puts a byte order mark before UTF-8; RFC 8259, 8.1 lets a reader pass over it.
        return orjson.loads(content.removeprefix(BOM_UTF8).decode())
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}). Give a file that can."
        raise HookFileError(msg) from None
    except UnicodeDecodeError:
        msg = f"{path}: not UTF-8 text. Save it as UTF-8."
        raise HookFileError(msg) from None
    except orjson.JSONDecodeError as error:
        msg = f"{path}: line {error.lineno}, column {error.colno}: {error.msg}. Correct the JSON."
        raise HookFileError(msg) from None


def _checked(named: str, content: object) -> JsonObject:
    if not isinstance(content, dict):
        msg = f"{named}: not a JSON object. A hook call is an object with hook, hookInstance and context."
        raise HookFileError(msg)
    if not is_text(content.get("hook")):
        msg = f'{named}: hook is missing or not text. Add for example "hook": "order-select".'
        raise HookFileError(msg)
    if not isinstance(content.get("context"), dict):
        msg = f"{named}: context is missing or not an object. Add the fields that the hook requires."
        raise HookFileError(msg)
    return content
