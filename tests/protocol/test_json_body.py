import json
import re
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cds_service.protocol.json_body import DEEPEST_NESTING, DEEPEST_WRITTEN, FEW_ESCAPES, parse_object
from cds_service.protocol.operation_outcome import Issue, ProtocolError
from fhir_fixtures import expectations, hook_call

Spelling = Callable[[str], bytes]

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=15
)
OBJECTS = st.dictionaries(TEXT, VALUES, max_size=5)


def finite(value: object) -> bool:
    """Whether a value can be written as JSON at all."""
    return "Infinity" not in json.dumps(value)


def compact(text: str) -> bytes:
    """Without a blank, in UTF-8."""
    return text.encode()


def spaced(text: str) -> bytes:
    """Blanks after commas and colons, as Python writes JSON unless told otherwise."""
    return outside_strings(text, {",": ", ", ":": ": "}).encode()


def pretty(text: str) -> bytes:
    """A line for each member, indented, with Windows' line ends."""
    return outside_strings(text, {",": ",\r\n  ", ":": " : ", "{": "{\r\n\t", "}": "\n}"}).encode()


def escaped(text: str) -> bytes:
    r"""Letters and slashes of the strings as escapes, such as `\u0061` and `\/`."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', lambda string: IN_A_STRING.sub(as_escape, string[0]), text).encode()


IN_A_STRING = re.compile(r"\\u.{4}|\\.|[a-z/é]")
"""An escape, which stays, or a sign that can become one."""


def as_escape(found: re.Match[str]) -> str:
    r"""A sign as `\u` and four digits, a slash as `\/`."""
    if found[0].startswith("\\"):
        return found[0]
    return r"\/" if found[0] == "/" else f"\\u{ord(found[0]):04X}"


def outside_strings(text: str, exchanged: dict[str, str | int | None]) -> str:
    """Exchange signs of a JSON text that stand in none of its strings."""
    parts = re.split(r'("(?:[^"\\]|\\.)*")', text)
    return "".join(part if part.startswith('"') else part.translate(str.maketrans(exchanged)) for part in parts)


SPELLINGS: dict[str, Spelling] = {"compact": compact, "spaced": spaced, "pretty": pretty, "escaped": escaped}


def refusal(body: bytes) -> Issue:
    """The one issue of a body that is refused."""
    with pytest.raises(ProtocolError) as caught:
        parse_object(body)
    (issue,) = caught.value.issues
    assert (caught.value.status, issue.code) == (400, "structure")
    return issue


def nested(levels: int, brackets: str = "[]", innermost: str = "1") -> str:
    """An object around arrays (or objects) around a value: this many levels in all."""
    opened, closed = brackets[:-1], brackets[-1]
    return '{"a":' + opened * (levels - 1) + innermost + closed * (levels - 1) + "}"


def test_a_json_object_is_parsed() -> None:
    """Bytes in, dictionary out."""
    assert parse_object(b' {"hook": "order-sign"} ') == {"hook": "order-sign"}


@pytest.mark.parametrize("file", sorted({row.file for row in expectations()}))
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_every_fixture_call_is_parsed(file: str, indent: int | None, ascii_only: bool) -> None:
    """However it is spelled."""
    call = hook_call(file)

    assert parse_object(json.dumps(call, indent=indent, ensure_ascii=ascii_only).encode()) == call


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b"\xff",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": 1,}',
        b"[" * 2000,
        b"[" * 2000 + b"]" * 2000,
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\x00"}',
        b'{"a": 1}\x00',
        b'{"a": "\\ud800"}',
        b'{"a": "\\udc00\\ud800"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\n"}',
        b'{"a": 1} {"b": 2}',
        b'{"a": 01}',
        b"{} // comment",
    ],
)
def test_what_is_not_json_is_refused_with_the_place(body: bytes) -> None:
    """The position helps to find the fault; the body itself is not repeated."""
    issue = refusal(body)

    assert re.search(r"not JSON: .* at character \d+\. Send a JSON object in UTF-8\.", issue.diagnostics)
    assert issue.field is None


@pytest.mark.parametrize("value", [[], "text", 5, None, True])
def test_json_that_is_no_object_is_refused(value: object) -> None:
    """400 that says so."""
    assert refusal(json.dumps(value).encode()).diagnostics == (
        "The body is JSON but not an object. Send a JSON object."
    )


def test_the_parser_does_not_quote_the_body() -> None:
    """A body that is cut short ends in somebody's data."""
    assert "Test-adult" not in refusal(b'{"family": "Test-adult').diagnostics


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"hook":"a","hook":"a"}', None),
        ('{"context":{"userId":"a","x":[1],"userId":"b"}}', "context"),
        (
            '{"context":{"draftOrders":{"entry":[{},{"resource":{"a":{},"a":{"b":"c"}}}]}}}',
            "context.draftOrders.entry[1].resource",
        ),
        ('{"a":[[{"":1,"":2}]]}', "a[0][0]"),
        ('{"with blank":{"a":1,"a":2}}', None),
        ('{"prefetch":{"Test adult":{"a":1,"a":2}}}', "prefetch"),
        (r'{"quotation":"\"\\","mark\"":"\\\"","mark\"":0}', None),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_the_place(spelling: Spelling, body: str, field: str | None) -> None:
    """As FHIRPath, as far as keys are plain names."""
    issue = refusal(spelling(body))

    assert "a key twice" in issue.diagnostics
    assert issue.field == field
    assert "Send each key once." in issue.diagnostics


@pytest.mark.parametrize(
    "body", [b'{"a":1,"\\u0061":2}', b'{"a\\/b":1,"a/b":2}', '{"é":1,"\\u00e9":2}'.encode(), b'{"\\"":1,"\\u0022":2}']
)
def test_two_spellings_of_one_key_are_one_key(body: bytes) -> None:
    """Another reader might take the other one."""
    assert "a key twice" in refusal(body).diagnostics


def test_a_key_may_stand_in_several_objects() -> None:
    """And a value may equal a key."""
    assert parse_object(b'{"a": {"a": "a"}, "b": [{"a": 1}, {"a": 1}]}')["b"] == [{"a": 1}, {"a": 1}]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (r'{"a":"\u0000"}', "a"),
        (r'{"a":["b",{"c":"d\u0000"}]}', "a[1].c"),
        (r'{"a":{"\u0000":1}}', "a"),
        (r'{"a":"\\\u0000"}', "a"),
        ('{"a":"' + r"\"" * FEW_ESCAPES * 2 + r'\u0000"}', "a"),
        (r'{"a":"\"\u0000","b":"\""}', "a"),
    ],
)
def test_a_nul_character_is_refused_with_the_place(body: str, field: str) -> None:
    """Databases and C libraries end a text there."""
    issue = refusal(body.encode())

    assert "a NUL character" in issue.diagnostics
    assert issue.field == field


@pytest.mark.parametrize("count", [1, FEW_ESCAPES, FEW_ESCAPES * 3])
def test_an_escaped_backslash_before_digits_is_no_nul_character(count: int) -> None:
    """Somebody may write about JSON in JSON."""
    body = '{"a":"' + r"\\u0000" * count + '"}'

    assert parse_object(body.encode()) == {"a": r"\u0000" * count}


@pytest.mark.parametrize("brackets", ["[]", '{"a":}'])
@pytest.mark.parametrize("innermost", ["1", '"text"'])
@pytest.mark.parametrize("blank", ["", " "])
def test_nesting_is_bounded(brackets: str, innermost: str, blank: str) -> None:
    """64 levels are read, 65 are not, blanks or no blanks."""
    parse_object((nested(DEEPEST_NESTING, brackets, innermost) + blank).encode())

    issue = refusal((nested(DEEPEST_NESTING + 1, brackets, innermost) + blank).encode())

    assert issue.diagnostics == "The body nests deeper than 64 levels. Send it flatter."


@pytest.mark.parametrize("innermost", ["[]", "{}"])
def test_an_empty_level_is_a_level(innermost: str) -> None:
    """With 63 around it, it is the 64th."""
    parse_object(nested(DEEPEST_NESTING - 1, innermost=innermost).encode())

    assert "nests deeper" in refusal(nested(DEEPEST_NESTING, innermost=innermost).encode()).diagnostics


@pytest.mark.parametrize("levels", [200, 300, 1000])
def test_deep_nesting_breaks_nothing(levels: int) -> None:
    """Nor does a key that stands twice below it: the search for its place comes after."""
    assert "nests deeper" in refusal(nested(levels, innermost='{"a":1,"a":2}').encode()).diagnostics


def test_the_writer_nests_as_deep_as_is_taken_for_granted() -> None:
    """The bound on the body is what the writer's own bound leaves."""
    orjson.dumps(orjson.loads("[" * DEEPEST_WRITTEN + "]" * DEEPEST_WRITTEN))

    with pytest.raises(orjson.JSONEncodeError):
        orjson.dumps(orjson.loads("[" * (DEEPEST_WRITTEN + 1) + "]" * (DEEPEST_WRITTEN + 1)))


def test_the_place_is_not_looked_for_in_a_large_body() -> None:
    """The refusal stands without it."""
    issue = refusal(b'{"a":{"b":1,"b":2},"c":"' + b"x" * 200_000 + b'"}')

    assert (issue.field, issue.diagnostics) == (None, "The body holds a key twice in one object. Send each key once.")


def test_a_call_after_a_refusal_is_read_as_ever() -> None:
    """Nothing of the one before is left."""
    refusal(nested(100).encode())

    assert parse_object(b'{"a":1}') == {"a": 1}


@given(OBJECTS.filter(finite), st.sampled_from([None, 1, 4]), st.booleans())
def test_any_object_without_a_fault_is_read_as_it_was_written(
    value: dict[str, Any], indent: int | None, ascii_only: bool
) -> None:
    """In any spelling of the standard library, which knows nothing of our checks."""
    body = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()

    assert parse_object(body) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Never another exception."""
    try:
        parse_object(body)
    except ProtocolError as error:
        assert error.status == 400  # noqa: PT017 - whether it is raised at all depends on the bytes


@given(st.text(st.sampled_from('{}[]":,\\u0a/ "1e-\0é'), max_size=60))
def test_anything_that_resembles_json_is_read_as_the_standard_library_does_or_refused(body: str) -> None:
    """What is read has one meaning."""
    try:
        read = parse_object(body.encode())
    except ProtocolError:
        return

    assert read == json.loads(body)


@given(OBJECTS.filter(finite), st.data(), st.sampled_from(sorted(SPELLINGS)))
def test_a_key_put_in_again_is_always_found(value: dict[str, Any], data: st.DataObject, spelling: str) -> None:
    """Anywhere, before or after the first, with the same value or another, in any spelling."""
    objects = [found for found in all_objects(value) if found]
    assume(objects)
    chosen = data.draw(st.sampled_from(objects))
    key = data.draw(st.sampled_from(sorted(chosen)))
    marked = json.dumps(with_mark(value, chosen, key), ensure_ascii=data.draw(st.booleans()), separators=(",", ":"))
    again = json.dumps(key) + ":" + json.dumps(data.draw(VALUES.filter(finite)), separators=(",", ":"))
    body = SPELLINGS[spelling](marked.replace(f'"{MARK}":0', again))

    assert "a key twice" in refusal(body).diagnostics


MARK = "the-place-for-a-key-that-stands-there-already"


def all_objects(value: object) -> list[dict[str, Any]]:
    """Every object in a value, itself included."""
    if isinstance(value, dict):
        return [value, *(found for member in value.values() for found in all_objects(member))]
    return [found for item in value for found in all_objects(item)] if isinstance(value, list) else []


def with_mark(value: object, chosen: dict[str, Any], key: str) -> object:
    """The value with a mark in one of its objects, just behind a key."""
    if isinstance(value, list):
        return [with_mark(item, chosen, key) for item in value]
    if not isinstance(value, dict):
        return value
    copied: dict[str, object] = {}
    for name, member in value.items():
        copied[name] = with_mark(member, chosen, key)
        if value is chosen and name == key:
            copied[MARK] = 0
    return copied
