"""Cards held against the specification (CDS Hooks 2.0, "Card Attributes"); pure: JSON in, checks out."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from cds_service.vendor.check import Check, Level, Rule, all_skipped
from cds_service.vendor.checks_suggestions import SUGGESTION_RULES
from cds_service.vendor.words import JsonObject, is_text, objects, placed_objects, quoted

MUST, SHOULD, INFO = Level
_CARD: Final = "2.0 Card Attributes"
_LINK: Final = "2.0 Link, r138-147"

LONGEST_SUMMARY: Final = 139
"""Characters: "under 140" (r83)."""

Holds = Callable[[JsonObject, str], Iterator[str]]
"""From a card and its place to its breaches of one rule."""


def _types(card: JsonObject, place: str) -> Iterator[str]:
    for name in ("uuid", "summary", "detail", "indicator", "selectionBehavior"):
        if name in card and not isinstance(card[name], str):
            yield f"{place}.{name} is {quoted(card[name])}, not text"
    for name in ("suggestions", "overrideReasons", "links"):
        members = card.get(name, [])
        if not isinstance(members, list):
            yield f"{place}.{name} is {quoted(members)}, not an array"
        elif len(objects(members)) != len(members):
            yield f"{place}.{name} has a member that is not an object"
    for name in ("source", "extension"):
        if name in card and not isinstance(card[name], dict):
            yield f"{place}.{name} is {quoted(card[name])}, not an object"


def _summary(card: JsonObject, place: str) -> Iterator[str]:
    if not is_text(card.get("summary")):
        yield f"{place} has no `summary`"


def _summary_length(card: JsonObject, place: str) -> Iterator[str]:
    summary = card.get("summary")
    if isinstance(summary, str) and len(summary) > LONGEST_SUMMARY:
        yield f"{place}.summary has {len(summary)} characters: {quoted(summary)}"


def _summary_line(card: JsonObject, place: str) -> Iterator[str]:
    summary = card.get("summary")
    if isinstance(summary, str) and len(summary.strip().splitlines()) > 1:
        yield f"{place}.summary has several lines: {quoted(summary)}"


def _indicator(card: JsonObject, place: str) -> Iterator[str]:
    if card.get("indicator") not in ("info", "warning", "critical"):
        yield f"{place}.indicator is {quoted(card.get('indicator'))}"


def _source_label(card: JsonObject, place: str) -> Iterator[str]:
    source = card.get("source")
    if not isinstance(source, dict) or not is_text(source.get("label")):
        yield f"{place} has no `source.label`"


def _source_urls(card: JsonObject, place: str) -> Iterator[str]:
    source = card.get("source")
    for name in ("url", "icon"):
        if isinstance(source, dict) and name in source and not is_absolute(source[name]):
            yield f"{place}.source.{name} is {quoted(source[name])}"


def _source_topic(card: JsonObject, place: str) -> Iterator[str]:
    source = card.get("source")
    topic = source.get("topic") if isinstance(source, dict) else None
    if topic is not None and not isinstance(topic, dict):
        yield f"{place}.source.topic is {quoted(topic)}"
    elif topic is not None:
        yield from (
            f"{place}.source.topic has no `{name}`" for name in ("code", "system") if not is_text(topic.get(name))
        )


def _uuid(card: JsonObject, place: str) -> Iterator[str]:
    if "uuid" in card and not is_uuid(card["uuid"]):
        yield f"{place}.uuid is {quoted(card['uuid'])}"


def _uuid_for_feedback(card: JsonObject, place: str) -> Iterator[str]:
    if "uuid" not in card:
        yield f"{place} has no `uuid`"


_HTML: Final = re.compile(r"</?(?![a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^\s<>]*>|[^\s<>@]+@[^\s<>@]+>)[a-zA-Z][^<>]*>")
"""A tag; an address between the same signs is Markdown's link."""


def _html(card: JsonObject, place: str) -> Iterator[str]:
    detail = card.get("detail")
    found = _HTML.search(detail) if isinstance(detail, str) else None
    if found is not None:
        yield f"{place}.detail has {quoted(found[0])}"


def _override_display(card: JsonObject, place: str) -> Iterator[str]:
    for reason, where in placed_objects(card.get("overrideReasons"), f"{place}.overrideReasons"):
        if not is_text(reason.get("display")):
            yield f"{where} has no `display`"


def _override_coding(card: JsonObject, place: str) -> Iterator[str]:
    for reason, where in placed_objects(card.get("overrideReasons"), f"{place}.overrideReasons"):
        yield from (f"{where} has no `{name}`" for name in ("code", "system") if not is_text(reason.get(name)))


def _link_label(card: JsonObject, place: str) -> Iterator[str]:
    for link, where in placed_objects(card.get("links"), f"{place}.links"):
        if not is_text(link.get("label")):
            yield f"{where} has no `label`"


def _link_url(card: JsonObject, place: str) -> Iterator[str]:
    for link, where in placed_objects(card.get("links"), f"{place}.links"):
        if not is_absolute(link.get("url")):
            yield f"{where}.url is {quoted(link.get('url'))}"


def _link_type(card: JsonObject, place: str) -> Iterator[str]:
    for link, where in placed_objects(card.get("links"), f"{place}.links"):
        if link.get("type") not in ("absolute", "smart"):
            yield f"{where}.type is {quoted(link.get('type'))}"


def _app_context(card: JsonObject, place: str) -> Iterator[str]:
    for link, where in placed_objects(card.get("links"), f"{place}.links"):
        if "appContext" in link and (link.get("type") != "smart" or not isinstance(link["appContext"], str)):
            yield f"{where} is {quoted(link.get('type'))} and its appContext {quoted(link['appContext'])}"


def _autolaunchable(card: JsonObject, place: str) -> Iterator[str]:
    for link, where in placed_objects(card.get("links"), f"{place}.links"):
        if not isinstance(link.get("autolaunchable", False), bool):
            yield f"{where}.autolaunchable is {quoted(link['autolaunchable'])}"


UNIQUE = Rule(
    "card.uuid-unique",
    MUST,
    "no uuid of a card or suggestion comes twice",
    f"{_CARD}, r80",
    "Make a new random UUID for each card of each answer: feedback is told apart by it.",
)

CARD_RULES: Final[tuple[tuple[Rule, Holds], ...]] = (
    (
        Rule("card.types", MUST, "each member of a card has its type", _CARD, "Send it as the specification types it."),
        _types,
    ),
    (Rule("card.summary", MUST, "there is a `summary`", f"{_CARD}, r83", "Say in one sentence what to do."), _summary),
    (
        Rule("card.summary-length", MUST, "`summary` is under 140 characters", f"{_CARD}, r83", "Shorten it."),
        _summary_length,
    ),
    (
        Rule("card.summary-line", SHOULD, "`summary` is one line", f"{_CARD}, r83", "Leave line breaks to `detail`."),
        _summary_line,
    ),
    (
        Rule(
            "card.indicator",
            MUST,
            "`indicator` is info, warning or critical",
            f"{_CARD}, r88",
            "Send one of the three.",
        ),
        _indicator,
    ),
    (
        Rule("card.source-label", MUST, "there is a `source.label`", "2.0 Source, r105", "Name whose advice it is."),
        _source_label,
    ),
    (
        Rule("card.source-urls", MUST, "`source.url` and `icon` are absolute", "2.0 Source", "Add scheme and host."),
        _source_urls,
    ),
    (
        Rule(
            "card.source-topic",
            MUST,
            "`source.topic` is a Coding",
            "2.0 Source; 2.0 Coding",
            "Send `system`, `code`, `display`.",
        ),
        _source_topic,
    ),
    (Rule("card.uuid", SHOULD, "a card's `uuid` is a UUID", f"{_CARD}, r80", "Send a random UUID as text."), _uuid),
    (
        Rule(
            "card.uuid-for-feedback",
            SHOULD,
            "each card has a `uuid`",
            f"{_CARD}, r80",
            "Without it no feedback can be sent, and the public sandbox shows no Dismiss button.",
        ),
        _uuid_for_feedback,
    ),
    (
        Rule(
            "card.html",
            SHOULD,
            "`detail` is Markdown without HTML",
            f"{_CARD}: detail",
            "Some clients render raw HTML: escape it, above all where it repeats words of the call.",
        ),
        _html,
    ),
    (
        Rule(
            "card.override-display", MUST, "override reasons have a `display`", "2.0 Card Attributes, r100", "Add it."
        ),
        _override_display,
    ),
    (
        Rule(
            "card.override-coding",
            MUST,
            "override reasons have `code` and `system`",
            "2.0 Coding",
            "Add them: feedback names the reason by them.",
        ),
        _override_coding,
    ),
    (Rule("link.label", MUST, "a link has a `label`", _LINK, "Say where it leads."), _link_label),
    (Rule("link.url", MUST, "a link's `url` is absolute", _LINK, "Add scheme and host."), _link_url),
    (Rule("link.type", MUST, "a link's `type` is absolute or smart", _LINK, "Send one of the two."), _link_type),
    (
        Rule(
            "link.app-context",
            MUST,
            "`appContext` is text, on smart links only",
            _LINK,
            "Leave it out of absolute links.",
        ),
        _app_context,
    ),
    (
        Rule("link.autolaunchable", MUST, "`autolaunchable` is a boolean", "3.0 Link", "Send true or false."),
        _autolaunchable,
    ),
    *SUGGESTION_RULES,
)


def card_checks(cards: Sequence[tuple[JsonObject, str]]) -> list[Check]:
    """Cards held against the specification.

    Args:
        cards: each with its place, for example `order-sign cards[0]`.
    """
    if not cards:
        why = "no call earned a card; give one that does with --hook-call FILE"
        return all_skipped((UNIQUE, *(rule for rule, _ in CARD_RULES)), why)
    return [
        UNIQUE.check(_twice(card for card, _ in cards)),
        *(rule.check(problem for card, place in cards for problem in holds(card, place)) for rule, holds in CARD_RULES),
    ]


def is_absolute(url: object) -> bool:
    """Whether a value is a URL that names its scheme and host."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def is_uuid(value: object) -> bool:
    """Whether a value is a UUID as text, in the usual form with hyphens."""
    try:
        return isinstance(value, str) and str(UUID(value)) == value.lower()
    except ValueError:
        return False


def _twice(cards: Iterator[JsonObject]) -> Iterator[str]:
    uuids = Counter(
        one["uuid"]
        for card in cards
        for one in (card, *objects(card.get("suggestions")))
        if isinstance(one.get("uuid"), str)
    )
    yield from (f"{quoted(uuid)} came {times} times" for uuid, times in uuids.items() if times > 1)
