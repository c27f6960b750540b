"""Invented FHIR R4 resources, CDS Hooks calls and feedback, as an electronic health record sends them.

`resources/` holds UK Core shaped patients, clinicians, organisations and charts in two regions, which the
demo serves as a FHIR server; `hook_calls/` holds whole requests made from them, each named after what it
shows and listed in `index.csv` with the answer it should get (one row for each card, or one for silence);
the calls below `hook_calls/sandbox/` are those of the public CDS Hooks Sandbox and are invalid FHIR where
the sandbox is; `feedback/` holds feedback in every form the specification shows. Nobody in here exists: NHS
numbers come from the 999 range, which is never issued, and ODS codes start with Z99. Ages are meant for
21 November 2026.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

__all__ = ["Expectation", "JsonObject", "expectations", "feedback", "hook_call", "resources"]

JsonObject = dict[str, Any]
"""A JSON object as `json.loads` gives it."""

_ROOT: Final = files(__name__)


@dataclass(frozen=True, slots=True)
class Expectation:
    """One row of an `index.csv`: a card that a hook call earns, or the silence it should be met with.

    Attributes:
        file: the call, relative to `hook_calls/`.
        decision_table_id: the row of the decision table that the call acts out, or "" for none.
        outcome: the outcome of the pathway module.
        indicator: `critical`, `warning` or `info`; None where no card is due.
        delete: whether the card may suggest removing the scan.
        create: whether the card may suggest adding a referral.
        note: what else the answer should show, or what the call needs of the configuration.
    """

    file: str
    decision_table_id: str
    outcome: str
    indicator: str | None
    delete: bool
    create: bool
    note: str


def resources() -> list[JsonObject]:
    """Every FHIR resource, ordered by type and then by id."""
    return [
        _read(file) for folder in sorted((_ROOT / "resources").iterdir(), key=_name) for file in _json_files(folder)
    ]


def hook_call(file: str) -> JsonObject:
    """The body of one hook call.

    Args:
        file: its name relative to `hook_calls/`, as `Expectation.file` gives it.

    Raises:
        FileNotFoundError: there is no such call.
    """
    return _read((_ROOT / "hook_calls").joinpath(*file.split("/")))


def expectations() -> list[Expectation]:
    """The rows of both indexes, those of the sandbox's calls last."""
    calls = _ROOT / "hook_calls"
    return [*_index(calls, prefix=""), *_index(calls / "sandbox", prefix="sandbox/")]


def feedback() -> dict[str, JsonObject]:
    """Every feedback body by its file name."""
    return {file.name: _read(file) for file in _json_files(_ROOT / "feedback")}


def _index(folder: Traversable, prefix: str) -> Iterator[Expectation]:
    lines = (folder / "index.csv").read_text(encoding="utf-8").splitlines()
    for row in csv.DictReader(lines):
        yield Expectation(
            file=prefix + row["file"],
            decision_table_id=row["decision_table_id"],
            outcome=row["outcome"],
            indicator=None if row["indicator"] == "-" else row["indicator"],
            delete=row["delete"] == "y",
            create=row["create"] == "y",
            note=row["note"],
        )


def _json_files(folder: Traversable) -> list[Traversable]:
    return sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=_name)


def _name(file: Traversable) -> str:
    return file.name


def _read(file: Traversable) -> JsonObject:
    body: JsonObject = json.loads(file.read_text(encoding="utf-8"))
    return body
