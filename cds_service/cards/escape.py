"""Text that came with a call, made safe to show: one line, at most 80 characters, no markup of any kind."""

import re

LONGEST = 80
"""Characters of the call's own words that a card shows (docs/security.md, "Limits")."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")
_SPACING = re.compile(r"^ |  | $")
_MARKUP = re.compile(r"[&<>\\`*_{}\[\]()#+!|~\"']")
_LIST_OR_RULE = re.compile(r"^(\d+(?=\.(?: |$))|(?=[-=]))")
"""What would begin a list, a rule or a heading, if the words began a line."""
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_LINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
_JOINER = "\u2060"
"""An invisible character that keeps a renderer from making a link of an address, and changes nothing to the eye."""


def one_line(text: str) -> str:
    """The call's words on one line, cut at 80 characters, still unescaped: for a FHIR string, not for Markdown."""
    # Most words are plain already, which is seen sooner than it is mended.
    flat = text if text.isprintable() and not _SPACING.search(text) else " ".join(_CONTROL.sub(" ", text).split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1].rstrip() + "…"


def escaped(text: str) -> str:
    """The call's words for a card's Markdown: HTML as entities, Markdown punctuation escaped, no automatic links."""
    return _LIST_OR_RULE.sub(r"\1\\", _MARKUP.sub(_escape, _LINK.sub(_JOINER, one_line(text))))


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return _ENTITIES.get(character, "\\" + character)
