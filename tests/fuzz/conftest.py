"""What every answer must be, whatever came, and the corpus of requests that once went wrong or would."""

import base64
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.servicerequest import ServiceRequest
from hypothesis import HealthCheck, settings

from cds_service.hooks.openapi import openapi_document
from fhir_fixtures import expectations, hook_call
from tests.conftest import SERVICE, InProcess, JsonObject
from tests.contract import test_card_rules as card_rules
from tests.contract.conftest import Exchange
from tests.contract.test_mutated_calls import put

FEEDBACK = f"{SERVICE}/feedback"
CORPUS = Path(__file__).parent / "corpus"


def fuzz(examples: int) -> settings:
    """Settings that draw the same so many examples each time, here and anywhere."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
            HealthCheck.large_base_example,
            HealthCheck.data_too_large,
        ],
    )


@cache
def documented(path: str) -> frozenset[int]:
    """The statuses that the OpenAPI document lists for a POST, but for those that only load or an outage earns."""
    return frozenset(map(int, openapi_document()["paths"][path]["post"]["responses"])) - {429, 503}


MEND = re.compile(r"\b(?:Send|Correct|GET /cds-services)\b")


def assert_an_outcome(answer: httpx.Response) -> None:
    """An error is a valid OperationOutcome that says how to mend it, and bears the answer's correlation id."""
    outcome = answer.json()
    OperationOutcome.model_validate(outcome)
    assert outcome["id"] == answer.headers["X-Correlation-ID"]
    assert set(card_rules.empty_elements(outcome)) == set()
    for issue in outcome["issue"]:
        assert MEND.search(issue["diagnostics"]), issue


CARD_RULES = (
    card_rules.test_no_element_of_an_answer_is_null_or_empty,
    card_rules.test_an_answer_has_the_published_shape,
    card_rules.test_a_summary_is_one_short_line,
    card_rules.test_a_card_says_where_its_advice_comes_from,
    card_rules.test_a_card_explains_itself,
    card_rules.test_a_selection_behaviour_stands_with_suggestions_only,
    card_rules.test_a_scan_is_never_removed_without_a_referral_in_the_same_suggestion,
    card_rules.test_override_reasons_are_few_and_coded,
    card_rules.test_links_are_absolute_and_stand_once,
    card_rules.test_a_detail_has_no_html,
)
"""The rules of `tests/contract/test_card_rules.py` that hold one answer to them."""


def assert_well_answered(answer: httpx.Response, path: str = SERVICE) -> None:
    """Hold an answer to what every answer must be: documented, JSON, correlated, and cards that obey the rules."""
    assert answer.status_code in documented(path), answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert UUID(answer.headers["X-Correlation-ID"]).version == 4
    if answer.status_code != 200:
        assert_an_outcome(answer)
        return
    exchange = Exchange({}, answer, [])
    for rule in CARD_RULES:
        rule(exchange)
    for card in exchange.cards:
        for suggestion in card.get("suggestions", []):
            for action in suggestion["actions"]:
                if action["type"] == "create":
                    ServiceRequest.model_validate(action["resource"])


def assert_the_red_flag_is_shown(answer: httpx.Response) -> None:
    """Fact 1: a coded emergency outside secondary care is a critical card or a visible refusal, never silence."""
    if 400 <= answer.status_code < 500:
        return
    assert answer.status_code == 200, answer.text
    assert "critical" in [card["indicator"] for card in answer.json()["cards"]]


def send(service: InProcess, body: object, path: str = SERVICE) -> httpx.Response:
    """Send a body as JSON in ASCII, so that even half a surrogate pair can be spelled."""
    return service.send("POST", path, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"})


def emergencies() -> list[str]:
    """The fixture calls whose one order earns a card for cauda equina syndrome."""
    rows = expectations()
    alone = {row.file for row in rows} - {row.file for row in rows if row.outcome != "ces"}
    return sorted(file for file in alone if len(hook_call(file)["context"]["draftOrders"]["entry"]) == 1)


@dataclass(frozen=True, slots=True)
class Kept:
    """One request of the corpus.

    Attributes:
        note: what it once did, or which trap it holds.
        path: where it goes.
        headers: its headers.
        content: its body.
        status: what it must be answered with.
        indicators: the cards that it must earn; None where that is not the point.
    """

    note: str
    path: str
    headers: dict[str, str]
    content: bytes
    status: int
    indicators: list[str] | None


def kept(file: Path) -> Kept:
    """Read one file of the corpus.

    `request` has `path`, `headers`, and the body: `text`, `base64`, or `fixture` (a hook call) with `put`, a list of
    places and values, and `remove`, a list of places.
    """
    read: JsonObject = json.loads(file.read_text(encoding="utf-8"))
    request, answer = read["request"], read["answer"]
    return Kept(
        note=read["note"],
        path=request.get("path", SERVICE),
        headers=request.get("headers", {"Content-Type": "application/json"}),
        content=_content(request),
        status=answer["status"],
        indicators=answer.get("indicators"),
    )


def _content(request: JsonObject) -> bytes:
    if "base64" in request:
        return base64.b64decode(request["base64"])
    if "text" in request:
        text: str = request["text"]
        return text.encode()
    body = hook_call(request["fixture"])
    for path, value in request.get("put", []):
        put(body, tuple(path), value)
    for *steps, last in request.get("remove", []):
        holder: Any = body
        for step in steps:
            holder = holder[step]
        del holder[last]
    return json.dumps(body).encode()
