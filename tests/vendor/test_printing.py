"""Cards and errors read well in a terminal."""

import json

import pytest
from little_service import full_card

from cds_service.vendor.printing import answer_lines, plain_text, raw_json
from cds_service.vendor.wire import Answer


def answer(content: object, status: int = 200, **headers: str) -> Answer:
    """An answer with a JSON body."""
    return Answer(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(content).encode(), 1.0
    )


def test_a_card_is_printed_with_everything_it_says() -> None:
    """Indicator, summary, source, detail as text, suggestions with their actions, reasons, links."""
    assert answer_lines(answer({"cards": [full_card()]}), 80) == [
        "1 card",
        "",
        "[WARNING] Refer to the community service instead",
        "  Source: Little pathway (https://example.org/pathway)",
        "",
        "  Why: the pathway says so.",
        "",
        "  Suggestion: Refer (recommended)",
        "    - create ServiceRequest: Add a referral",
        "    - delete ServiceRequest/draft-1: Remove the scan",
        "",
        "  Suggestion: Keep the scan, marked",
        "    - update ServiceRequest: Mark the scan",
        "",
        "  Reasons to override: Agreed already",
        "",
        "  Link: Guidance <https://example.org/guidance>",
        "  Link: App <https://example.org/app>",
    ]


def test_no_card_is_said_to_be_none() -> None:
    """Silence would read as a failure."""
    assert answer_lines(answer({"cards": []}), 80) == ["No card: the service has nothing to say."]


def test_system_actions_are_printed() -> None:
    """They are applied without asking."""
    content = {"cards": [], "systemActions": [{"type": "update", "resource": {"resourceType": "ServiceRequest"}}]}

    assert answer_lines(answer(content), 80)[-1] == "  update ServiceRequest"


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**What to do**", "What to do"),
        ("*Rule nwl.redirect*, `code`, __so__", "Rule nwl.redirect, code, so"),
        ("see [guidance](https://example.org/a_b_c)", "see guidance (https://example.org/a_b_c)"),
        ("## Heading\ntext", "Heading\ntext"),
        (r"eGFR \*30\* 3 \> 2", "eGFR *30* 3 > 2"),
        ("O&#39;Hara &lt;b&gt;", "O'Hara <b>"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("&#x202e;x", "x"),
    ],
)
def test_markdown_becomes_text(markdown: str, text: str) -> None:
    """Marks go, words and addresses stay, and nothing steers the terminal."""
    assert plain_text(markdown) == text


def test_a_detail_is_wrapped_with_hanging_bullets() -> None:
    """Lists stay lists."""
    card = {"summary": "s", "indicator": "info", "detail": "- " + "word " * 20 + "\n\nEnd."}

    lines = answer_lines(answer({"cards": [card]}), 60)

    bullet = lines.index("  - word word word word word word word word word word word")
    assert lines[bullet + 1].startswith("    word")
    assert lines[-2:] == ["", "  End."]


def test_an_outcome_is_printed_issue_by_issue_with_the_correlation_id() -> None:
    """So that the vendor can ask about this call."""
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [
            {"severity": "error", "code": "required", "diagnostics": "hook is missing.", "expression": ["hook"]},
            {"severity": "error", "code": "invalid", "details": {"text": "Not so."}},
        ],
    }

    assert answer_lines(answer(outcome, 400, x_correlation_id="abc-1"), 80) == [
        "The service answered 400 with an OperationOutcome:",
        "  - error required: hook is missing. [hook]",
        "  - error invalid: Not so.",
        "",
        "Correlation id (X-Correlation-ID): abc-1",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [({"error": "x"}, "answered 500 with"), ({"issue": "x"}, "answered 500"), ({"issue": [{}]}, "OperationOutcome")],
)
def test_an_error_of_any_other_shape_is_printed_too(content: object, words: str) -> None:
    """In short."""
    assert words in "\n".join(answer_lines(answer(content, 500), 80))


@pytest.mark.parametrize(
    "card",
    [
        {},
        {"summary": 1, "indicator": [], "source": "x", "detail": {}, "suggestions": "x", "links": {}},
        {"suggestions": [{"actions": [{"resource": "x"}, {}]}], "overrideReasons": [{}], "links": [{}]},
    ],
)
def test_a_malformed_card_is_printed_as_far_as_it_goes(card: object) -> None:
    """What is wrong with it is for the doctor to say."""
    assert answer_lines(answer({"cards": [card, None]}), 80)[0] == "1 card"


def test_raw_json_is_whole_and_harmless() -> None:
    """Control characters stay escaped; what is no JSON is shown as text."""
    assert json.loads(raw_json(answer({"cards": [], "x": "\x9b"}))) == {"cards": [], "x": "\x9b"}
    assert "\x9b" not in raw_json(answer({"x": "\x9b"}))
    assert raw_json(Answer(500, {}, b"\x1b[2Joops", 1.0)) == " [2Joops"
