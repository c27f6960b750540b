r"""A request body as JSON (RFC 8259), read strictly: what two readers could take for two different things is refused.

Refused with 400: what is not UTF-8 JSON (a byte order mark, NaN and Infinity, lone surrogates, control characters),
a key that stands twice in one object, a NUL character, however it is spelled, and nesting beyond 64 levels.

The parser sees to the first itself. For the others the body is not walked through in Python, because a clinician waits:

* What was parsed is written out again by orjson, inside so many lists that more than 64 levels of the body exceed the
  nesting that orjson writes.
* If that gives the very bytes that came, no key stood twice. If not (blanks, line breaks, escapes), the strings of both
  texts are counted: the parser keeps one of two equal keys, so that the text with a key twice holds more strings.
* A NUL character can only be spelled `\u0000`, which is searched for.
"""

import json
import re
import threading
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import orjson

from cds_service.protocol.operation_outcome import Issue, ProtocolError

DEEPEST_NESTING = 64
"""Levels of objects and arrays that a body may have, the outermost included; FHIR and CDS Hooks need about 20."""

DEEPEST_WRITTEN = 254
"""Levels that `orjson.dumps` writes; it refuses one more."""

LARGEST_SEARCHED = 128 * 1024
"""Bytes of a body up to which a fault is looked for in order to name its place: the search is in Python."""

MOST_CONTAINERS = 250_000
"""Objects and arrays, counted by their brackets: four MiB of FHIR hold about a hundred thousand, and each costs memory
and the collector's time."""

FEW_ESCAPES = 100
"""Escapes of a text that are looked at one by one; so bounded, because each costs as much as a hundred bytes."""

_NUL = rb"\u0000"
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


class _Casing(threading.local):
    """As many lists around a place as leave orjson just the allowed levels for what is put there; one a thread.

    Making the lists for each body would cost half of what the writing costs.
    """

    def __init__(self) -> None:
        self.levels = DEEPEST_WRITTEN - DEEPEST_NESTING
        self._place: list[object] = [None]
        self._outermost = self._place
        for _ in range(self.levels - 1):
            self._outermost = [self._outermost]

    def write(self, parsed: object) -> bytes:
        """The value as compact JSON.

        Raises:
            orjson.JSONEncodeError: it nests too deeply.
        """
        self._place[0] = parsed
        try:
            return orjson.dumps(self._outermost)[self.levels : -self.levels]
        finally:
            self._place[0] = None  # a patient's record is not kept until the next call


_casing = _Casing()


def parse_object(body: bytes) -> dict[str, Any]:
    """A request body as a JSON object.

    Raises:
        ProtocolError: 400 when it is not JSON, or not an object, or has one of the faults named above. Values are not
            repeated.
    """
    if len(body) > LARGEST_SEARCHED and body.count(b"[") + body.count(b"{") > MOST_CONTAINERS:
        text = f"The body holds more than {MOST_CONTAINERS} objects and arrays. Send fewer prefetched resources."
        raise ProtocolError(413, [Issue("too-long", text)])
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        text = f"The body is not JSON: {error.msg} at character {error.pos}. Send a JSON object in UTF-8."
        raise _refusal(text) from None
    try:
        written = _casing.write(parsed)
    except orjson.JSONEncodeError:
        raise _refusal(f"The body nests deeper than {DEEPEST_NESTING} levels. Send it flatter.") from None
    if _NUL in body and _escapes(body).nul:
        raise _at_fault(body, "The body holds a NUL character. Send text without it.", _holds_nul)
    if written != body and _delimiters(written, _escapes(written)) != _delimiters(body, _escapes(body)):
        raise _at_fault(body, "The body holds a key twice in one object. Send each key once.", _holds_a_key_twice)
    if not isinstance(parsed, dict):
        raise _refusal("The body is JSON but not an object. Send a JSON object.")
    return parsed


class _Escapes(NamedTuple):
    """What a JSON text spells with backslashes: how many quotation marks (all, unless there is a NUL), and any NUL."""

    quotation_marks: int
    nul: bool


def _escapes(text: bytes) -> _Escapes:
    """Look through the escapes of a JSON text: one by one while there are few, which is the fastest for most bodies."""
    quotation_marks = 0
    position = text.find(b"\\")
    for _ in range(FEW_ESCAPES):
        if position < 0:
            return _Escapes(quotation_marks, nul=False)
        if text.startswith(b'"', position + 1):
            quotation_marks += 1
        elif text.startswith(_NUL, position):
            return _Escapes(quotation_marks, nul=True)
        position = text.find(b"\\", position + 2)
    without_backslashes = text.replace(b"\\\\", b"")
    return _Escapes(without_backslashes.count(b'\\"'), nul=_NUL in without_backslashes)


def _delimiters(text: bytes, escapes: _Escapes) -> int:
    """The quotation marks that begin or end a string of a JSON text."""
    return text.count(b'"') - escapes.quotation_marks


def _refusal(text: str, field: str | None = None) -> ProtocolError:
    return ProtocolError(400, [Issue("structure", text, field)])


class _Members(list[tuple[str, object]]):
    """The members of an object as they stand in the text, equal keys included."""


def _at_fault(body: bytes, text: str, is_at_fault: Callable[[object], bool]) -> ProtocolError:
    """A refusal that says where, for a body that is JSON, not too deep, and small enough to be searched."""
    if len(body) > LARGEST_SEARCHED:
        return _refusal(text)
    members = json.loads(body, object_pairs_hook=_Members, parse_int=str, parse_float=str)
    field = _field(_steps_to(members, is_at_fault) or ())
    return _refusal(f"{text} The place: {field}." if field else text, field)


def _steps_to(value: object, is_at_fault: Callable[[object], bool]) -> tuple[str | int, ...] | None:
    """Keys and positions that lead to the first value at fault; None when there is none."""
    if is_at_fault(value):
        return ()
    children: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, _Members):
        children = value
    elif isinstance(value, list):
        children = enumerate(value)
    for step, child in children:
        further = _steps_to(child, is_at_fault)
        if further is not None:
            return (step, *further)
    return None


def _holds_a_key_twice(value: object) -> bool:
    return isinstance(value, _Members) and len({key for key, _ in value}) < len(value)


def _holds_nul(value: object) -> bool:
    if isinstance(value, _Members):
        return any("\0" in key for key, _ in value)
    return isinstance(value, str) and "\0" in value


def _field(steps: Iterable[str | int]) -> str | None:
    """The steps as `context.selections[0]`, as far as the keys are plain names: others may hold anybody's words."""
    field = ""
    for step in steps:
        if isinstance(step, str) and _FIELD_NAME.fullmatch(step) is None:
            break
        field += f"[{step}]" if isinstance(step, int) else f".{step}" if field else step
    return field or None
