"""The whole of the fixtures sent to the demo once, with what was answered, logged and stored."""

import json
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest

from fhir_fixtures import expectations, feedback, hook_call
from tests.conftest import SERVICE, InProcess, JsonObject, StartService, everything_logged

FILES = sorted({row.file for row in expectations()})

DISMISSED = {
    "card": "00000000-0000-4000-8000-000000000000",
    "outcome": "overridden",
    "outcomeTimestamp": "2026-11-21T09:30:00Z",
}
"""Feedback on no card of ours: once it is answered, the evaluations before it are stored as well."""


class Exchange(NamedTuple):
    """A hook call, its answer, and the rows that the card log gained."""

    call: JsonObject
    answer: httpx.Response
    rows: list[JsonObject]

    @property
    def cards(self) -> list[JsonObject]:
        """The cards of the answer; an error has none."""
        cards: list[JsonObject] = self.answer.json().get("cards", [])
        return cards


def empty(value: object) -> bool:
    """Whether a value is, or holds, an empty one."""
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value in (None, "", [], {}) or any(empty(member) for member in members)


class ContractRun(NamedTuple):
    """All the exchanges by fixture file, the answers to feedback and ill-formed calls, and what was left behind."""

    exchanges: dict[str, Exchange]
    feedback: dict[str, httpx.Response]
    refusals: list[httpx.Response]
    log: str
    database: bytes
    metrics: str


@pytest.fixture(scope="session")
def contract_run(start_service: StartService) -> ContractRun:
    """Send every fixture call, each also cut short and bent in four ways, and every feedback body."""
    with everything_logged() as lines:
        service = start_service()
        exchanges = _exchanges(service)
        refusals = [service.send("POST", SERVICE, content=body) for body in _ill_formed_calls()]
        answers = {name: service.feedback(body) for name, body in feedback().items()}
        refusals += [service.feedback(_with_broken_last_entry(body)) for body in feedback().values()]
        files = sorted(service.database.parent.glob(f"{service.database.name}*"))
        left = b"".join(file.read_bytes() for file in files)
        metrics = service.send("GET", "/metrics").text
    return ContractRun(exchanges, answers, refusals, "\n".join(lines), left, metrics)


def _exchanges(service: InProcess) -> dict[str, Exchange]:
    exchanges = {}
    seen: set[str] = set()
    for file in FILES:
        call = hook_call(file)
        answer = service.call(call)
        service.feedback({"feedback": [DISMISSED]})
        rows = [row for row in service.logged() if row["event_id"] not in seen]
        seen.update(row["event_id"] for row in rows)
        exchanges[file] = Exchange(call, answer, rows)
    return exchanges


def _ill_formed_calls() -> Iterator[bytes]:
    for file in FILES:
        call = json.dumps(hook_call(file))
        yield call[: len(call) // 2].encode()
        for bend in (_of_another_hook, _with_text_for_a_code, _with_a_selection_too_many, _with_a_name_for_drafts):
            bent = json.loads(call)
            bend(bent)
            yield json.dumps(bent).encode()


def _of_another_hook(call: JsonObject) -> None:
    call["hook"] = f"patient-view-of-{call['context']['patientId']}"


def _with_text_for_a_code(call: JsonObject) -> None:
    call["hook"] = "order-sign"  # where every draft is looked at
    for entry in call["context"]["draftOrders"]["entry"]:
        wrong = {"resourceType": "ServiceRequest", "status": "draft", "code": call["context"]["patientId"]}
        entry["resource"].update(wrong)


def _with_a_selection_too_many(call: JsonObject) -> None:
    call["hook"] = "order-select"
    call["context"]["selections"] = [f"ServiceRequest/{call['context']['patientId']}"]


def _with_a_name_for_drafts(call: JsonObject) -> None:
    call["context"]["draftOrders"] = call["context"]["userId"]


def _with_broken_last_entry(body: JsonObject) -> JsonObject:
    whole = {"userComment": "Already referred last week."}
    return {"feedback": [*body["feedback"], {**DISMISSED, "outcome": "ignored", "overrideReason": whole}]}


@pytest.fixture(autouse=True)
def _nobody_in_the_logs_of_any_test(nobody_in_the_logs: list[str]) -> None:
    """Every test of this folder fails when the service logged who anybody is."""
