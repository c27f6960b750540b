"""Cards and errors as a terminal shows them: wrapped, Markdown as plain text, nothing that could steer the terminal."""

import html
import json
import re
import textwrap
from collections.abc import Iterator
from typing import Final

from cds_service.vendor.wire import OK, Answer
from cds_service.vendor.words import JsonObject, objects, printable

CORRELATION_ID: Final = "x-correlation-id"

_EMPHASIS: Final = re.compile(r"(?<![\\\w])(\*\*|__|\*|_|`)(?=\S)(.{1,300}?)(?<=[^\s\\])\1(?!\w)")
_LINK: Final = re.compile(r"(?<!\\)\[([^\]]{1,300})\]\(([^)\s]{1,2000})\)")
_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_BULLET: Final = re.compile(r"(\s*(?:[-*+]|\d+[.)])\s+)(.*)")


def has_cards(answer: Answer) -> bool:
    """Whether an answer is what a hook call is answered with: 200, and a list of cards, which may be empty."""
    content = answer.json()
    return answer.status == OK and isinstance(content, dict) and isinstance(content.get("cards"), list)


def answer_lines(answer: Answer, width: int) -> list[str]:
    """An answer as lines for a person: its cards, or what went wrong."""
    content = answer.json()
    if has_cards(answer) and isinstance(content, dict):
        return list(_cards(content, width))
    return [*_error(answer, content, width), *_correlation(answer)]


def raw_json(answer: Answer) -> str:
    """An answer's JSON with line breaks; what is no JSON, as it came but for control characters."""
    content = answer.json()
    if content is None:
        return printable(answer.body.decode(errors="replace")) or answer.said()
    return json.dumps(content, indent=2, ensure_ascii=True)


def plain_text(markdown: str) -> str:
    """Markdown as text: no emphasis marks, links with their address behind, escapes undone."""
    text = _LINK.sub(r"\1 (\2)", markdown)
    text = re.sub(r"(?m)^#{1,6} +", "", text)
    for _ in range(2):  # emphasis stands within emphasis at most once
        text = _EMPHASIS.sub(r"\2", text)
    return printable(html.unescape(_ESCAPED.sub(r"\1", text)))


def _cards(content: JsonObject, width: int) -> Iterator[str]:
    cards = objects(content.get("cards"))
    yield "No card: the service has nothing to say." if not cards else f"{len(cards)} card{'s' * (len(cards) > 1)}"
    for card in cards:
        yield ""
        yield from _card(card, width)
    system_actions = objects(content.get("systemActions"))
    if system_actions:
        yield ""
        yield "System actions, applied without asking:"
        yield from (line for action in system_actions for line in _wrap(_action(action), width, "  "))


def _card(card: JsonObject, width: int) -> Iterator[str]:
    indicator = _text(card.get("indicator")).upper() or "NO INDICATOR"
    yield from _wrap(f"[{indicator}] {_text(card.get('summary'))}", width, "")
    source = card.get("source") if isinstance(card.get("source"), dict) else {}
    if isinstance(source, dict) and source:
        url = f" ({_text(source['url'])})" if "url" in source else ""
        yield from _wrap(f"Source: {_text(source.get('label'))}{url}", width, "  ")
    if isinstance(card.get("detail"), str):
        yield ""
        yield from _paragraphs(card["detail"], width)
    yield from _suggestions(card, width)
    reasons = [_text(reason.get("display", reason.get("code"))) for reason in objects(card.get("overrideReasons"))]
    if reasons:
        yield ""
        yield from _wrap(f"Reasons to override: {'; '.join(reasons)}", width, "  ")
    links = objects(card.get("links"))
    if links:
        yield ""
        yield from (
            line
            for link in links
            for line in _wrap(f"Link: {_text(link.get('label'))} <{_text(link.get('url'))}>", width, "  ")
        )


def _suggestions(card: JsonObject, width: int) -> Iterator[str]:
    for suggestion in objects(card.get("suggestions")):
        yield ""
        recommended = " (recommended)" if suggestion.get("isRecommended") is True else ""
        yield from _wrap(f"Suggestion: {_text(suggestion.get('label'))}{recommended}", width, "  ")
        for action in objects(suggestion.get("actions")):
            yield from _wrap(f"- {_action(action)}", width, "    ")


def _action(action: JsonObject) -> str:
    resource = action.get("resource")
    what = resource.get("resourceType") if isinstance(resource, dict) else action.get("resourceId", resource)
    description = _text(action.get("description"))
    return f"{_text(action.get('type'))} {_text(what)}" + (f": {description}" if description else "")


def _error(answer: Answer, content: object, width: int) -> Iterator[str]:
    issues = objects(content.get("issue")) if isinstance(content, dict) else []
    if not issues:
        yield from _wrap(f"The service {answer.said()}.", width, "")
        return
    yield f"The service answered {answer.status} with an OperationOutcome:"
    for issue in issues:
        details = issue.get("details") if isinstance(issue.get("details"), dict) else {}
        said = issue.get("diagnostics") or (details.get("text") if isinstance(details, dict) else None)
        places = issue.get("expression") if isinstance(issue.get("expression"), list) else []
        at = f" [{', '.join(_text(place) for place in places)}]" if isinstance(places, list) and places else ""
        yield from _wrap(f"- {_text(issue.get('severity'))} {_text(issue.get('code'))}: {_text(said)}{at}", width, "  ")


def _correlation(answer: Answer) -> Iterator[str]:
    if CORRELATION_ID in answer.headers:
        yield ""
        yield f"Correlation id (X-Correlation-ID): {_text(answer.headers[CORRELATION_ID])}"


def _paragraphs(markdown: str, width: int) -> Iterator[str]:
    for line in plain_text(markdown).splitlines():
        bullet = _BULLET.fullmatch(line)
        hanging = " " * len(bullet[1]) if bullet else ""
        yield from _wrap(line.rstrip(), width, "  ", hanging) if line.strip() else [""]


def _wrap(text: str, width: int, indent: str, hanging: str = "  ") -> list[str]:
    """Lines of a width; only blanks are broken at, so that addresses can be copied."""
    return textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=indent,
        subsequent_indent=indent + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _text(value: object) -> str:
    """A service's own word on one line."""
    return " ".join(printable("" if value is None else str(value)).split())
