"""What the pages show of a call and its answer is what happens."""

import json
import re
from typing import Any

import pytest

from fhir_fixtures import expectations, hook_call
from tests.conftest import InProcess
from tests.docs.conftest import chapter, page, table_rows

CUT = "…"


def differences(shown: Any, answered: Any, place: str = "answer") -> list[str]:  # noqa: ANN401 - any JSON value
    """Where an abridged example is not what was answered: a text may be cut, members and items may be left out."""
    if isinstance(shown, dict) and isinstance(answered, dict):
        return [
            problem
            for name, value in shown.items()
            for problem in differences(value, answered.get(name), f"{place}.{name}")
        ]
    if isinstance(shown, list) and isinstance(answered, list) and len(shown) <= len(answered):
        return [
            problem
            for number, value in enumerate(shown)
            for problem in differences(value, answered[number], f"{place}[{number}]")
        ]
    if isinstance(shown, str) and isinstance(answered, str) and shown.endswith(CUT):
        return [] if answered.startswith(shown.removesuffix(CUT)) else [place]
    return [] if shown == answered else [place]


def test_the_readme_shows_a_real_answer(service: InProcess) -> None:
    """The call of the README gets the answer of the README, but for what it cuts."""
    readme = page("README.md")
    ((file,), (block,)) = (
        re.findall(r"--data @fhir_fixtures/hook_calls/(\S+)", readme),
        re.findall(r"```json\n(.*?)```", readme, re.DOTALL),
    )
    assert differences(json.loads(block), {"cards": service.cards(hook_call(file))}) == []


@pytest.mark.parametrize("name", ["README.md", "docs/integrating.md"])
def test_every_call_that_a_page_sends_is_there(name: str) -> None:
    """A command can be copied."""
    files = re.findall(r"--data @fhir_fixtures/hook_calls/(\S+)", page(name))
    assert files != []
    assert [file for file in files if not hook_call(file)] == []


def test_the_readme_counts_the_calls() -> None:
    """What it calls a hundred is a hundred, give or take ten."""
    assert 95 <= len({row.file for row in expectations()}) <= 114


SANDBOX_PICKS = table_rows(chapter(page("docs/try-with-the-sandbox.md"), "## Step by step"))


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("sandbox/pama-knee-mri-knee-pain--redirect.json", "Knee pain (finding)"),
        ("sandbox/pama-lumbar-mri-cauda-equina--ces.json", "Cauda equina syndrome (disorder)"),
        ("sandbox/pama-knee-mri-sarcoma--suspected-sarcoma.json", "Sarcoma (disorder)"),
    ],
)
def test_the_sandbox_gives_the_cards_that_the_guide_promises(service: InProcess, file: str, words: str) -> None:
    """Indicator and summary of each pick are those of the answer to the sandbox's own call."""
    call = hook_call(file)
    order = call["context"]["draftOrders"]["entry"][0]["resource"]
    (card,) = service.cards(call)
    ((procedure, reason, promise),) = [row for row in SANDBOX_PICKS if len(row) == 3 and row[1] == words]
    assert (procedure, reason) == (order["code"]["text"], order["reasonCode"][0]["text"])
    indicator, summary = re.findall(r"`(\w+)`: \*([^*]+)\*", promise)[0]
    assert indicator == card["indicator"]
    assert card["summary"].startswith(summary.removesuffix(CUT).rstrip())


def test_the_picture_shows_the_words_of_the_card(service: InProcess) -> None:
    """The picture's alternative text begins with the summary of the very answer that was drawn."""
    ((words, file),) = re.findall(
        r"!\[([^\]]+)\]\(docs/images/card-cauda-equina\.png\).*?`fhir_fixtures/hook_calls/([^`]+)`",
        page("README.md"),
        re.DOTALL,
    )
    (card,) = service.cards(hook_call(file))
    assert words.startswith(f"A {card['indicator']} card. Summary: {card['summary']}.")
