"""FILE is a path or the name of a ready-made call; what is wrong with it is said by name."""

import json
from pathlib import Path

import pytest

from cds_service.vendor.hook_file import LARGEST_FILE, HookFileError, read_hook_call, ready_made_calls
from fhir_fixtures import expectations, hook_call

READY_MADE = "nwl-gp-knee-mri-pain--redirect.json"


@pytest.mark.parametrize("named", [READY_MADE, READY_MADE.removesuffix(".json")])
def test_a_ready_made_call_is_found_by_its_name(named: str) -> None:
    """With or without its ending."""
    assert read_hook_call(named) == hook_call(READY_MADE)


def test_a_file_is_read(tmp_path: Path) -> None:
    """By its path."""
    call = {"hook": "patient-view", "context": {"patientId": "nobody"}}
    path = tmp_path / "call.json"
    path.write_text(json.dumps(call))

    assert read_hook_call(str(path)) == call


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    """Windows writes one before UTF-8."""
    path = tmp_path / "call.json"
    path.write_text(json.dumps(hook_call(READY_MADE)), "utf-8-sig")

    assert read_hook_call(str(path)) == hook_call(READY_MADE)


def test_what_is_no_file_is_said_to_be_none(tmp_path: Path) -> None:
    """A folder is there, and a name can be too long for the system."""
    with pytest.raises(HookFileError, match=r"not a file\. Give a JSON file"):
        read_hook_call(str(tmp_path))
    with pytest.raises(HookFileError, match="File name too long"):
        read_hook_call("k" * 300)


def test_every_ready_made_call_is_listed_with_what_it_shows() -> None:
    """Each once, a call of several cards with all of them."""
    calls = ready_made_calls()

    assert set(calls) == {row.file for row in expectations()}
    assert calls[READY_MADE] == "redirect (warning)"
    assert "ces (critical)" in calls["nwl-gp-five-drafts-order-sign--ces.json"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"hook": \n  "x",}', "line 2, column"),
        (b'{"hook": "\xe9"}', "not UTF-8 text. Save it as UTF-8"),
        ('{"hook": "x"}'.encode("utf-16"), "not UTF-8 text. Save it as UTF-8"),
        (b"[" * 100_000, "depth limit"),
        (b"[]", "not a JSON object"),
        (b'{"context": {}}', "hook is missing"),
        (b'{"hook": "order-select", "context": "x"}', "context is missing"),
        (b" " * (LARGEST_FILE + 1), "larger than"),
    ],
    ids=["bad JSON", "not UTF-8", "UTF-16", "too deep", "an array", "no hook", "no context", "too large"],
)
def test_what_is_wrong_with_a_file_is_said_by_name(tmp_path: Path, content: bytes, words: str) -> None:
    """With the way to mend it."""
    path = tmp_path / "call.json"
    path.write_bytes(content)

    with pytest.raises(HookFileError, match=words) as refused:
        read_hook_call(str(path))

    assert str(refused.value).startswith(str(path))


@pytest.mark.parametrize("named", ["nothing", "../index.csv", "sandbox/../index.csv"])
def test_no_such_call(named: str) -> None:
    """The message says how to see the names that there are."""
    with pytest.raises(HookFileError, match="--list"):
        read_hook_call(named)
