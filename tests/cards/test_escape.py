import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.cards.escape import LONGEST, escaped, one_line

MARKDOWN = "\\`*_{}[]()#+!|~<>"
"""Punctuation that may mean something to GitHub-flavoured Markdown within a line."""


def as_shown(markdown: str) -> str:
    """What a reader sees: Markdown's backslashes and HTML's entities resolved, as a parser resolves them."""
    return html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MRI Knee Rt", "MRI Knee Rt"),
        ("Knee pain (finding)", r"Knee pain \(finding\)"),
        ("eGFR <30 & falling", "eGFR &lt;30 &amp; falling"),
        ("<script>alert(1)</script>", r"&lt;script&gt;alert\(1\)&lt;/script&gt;"),
        ("**now** _go_ `rm`", r"\*\*now\*\* \_go\_ \`rm\`"),
        ("![click](x)", r"\!\[click\]\(x\)"),
        ("# heading | cell ~ gone", r"\# heading \| cell \~ gone"),
        ("\\*not escaped\\*", r"\\\*not escaped\\\*"),
        ('say "it\'s"', "say &quot;it&#39;s&quot;"),
        ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
        ("- knee", r"\- knee"),
        ("1. knee", r"1\. knee"),
        ("5-year follow-up, 1.5T", "5-year follow-up, 1.5T"),
    ],
)
def test_markup_loses_its_meaning(text: str, expected: str) -> None:
    """HTML as entities, Markdown with a backslash."""
    assert escaped(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two\nlines", "two lines"),
        ("tab\there", "tab here"),
        ("\r\n  edges \x00", "edges"),
        ("a\u2028b\u2029c\x85d", "a b c d"),
        ("many    blanks", "many blanks"),
        ("", ""),
        ("\u202e", ""),
    ],
)
def test_words_come_on_one_line(text: str, expected: str) -> None:
    """Line breaks of every kind, tabs and control characters become one blank."""
    assert one_line(text) == expected


@pytest.mark.parametrize(
    "character", [chr(code) for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]
)
def test_characters_that_turn_the_direction_of_text_are_taken_out(character: str) -> None:
    """All twelve that Unicode calls Bidi_Control: with them a word can be shown as another."""
    assert character not in one_line(f"left{character}right")


@pytest.mark.parametrize("length", [79, 80])
def test_eighty_characters_are_left_whole(length: int) -> None:
    """The limit itself is allowed."""
    assert one_line("x" * length) == "x" * length


def test_longer_words_are_cut_at_eighty_characters() -> None:
    """An ellipsis says so, and counts."""
    assert one_line("x" * 81) == "x" * 79 + "…"
    assert one_line("x" * 70 + " " * 20 + "y" * 20) == "x" * 70 + " " + "y" * 8 + "…"


def test_the_cut_is_made_before_escaping() -> None:
    """So that no escape is cut in half."""
    assert escaped("<" * 100) == "&lt;" * 79 + "…"


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/x",
        "see http://evil.example",
        "HTTPS://EVIL.EXAMPLE",
        "www.evil.example",
        "WWW.evil.example",
        "(www.evil.example)",
        "someone@evil.example",
        "mailto:someone@evil.example",
    ],
)
def test_an_address_is_not_made_a_link(text: str) -> None:
    """Not even by remark-gfm, which the public sandbox uses: after parsing it looks once more at the resolved text."""
    shown = as_shown(escaped(text))

    assert not re.search(r"(https?://|www(?=\.))[-.\w]+", shown, re.ASCII | re.IGNORECASE)
    assert not re.search(r"[-.\w+]+@[-\w]+(\.[-\w]+)+", shown, re.ASCII)


@given(st.text())
def test_one_line_is_short_and_on_one_line(text: str) -> None:
    """Whatever is sent."""
    line = one_line(text)

    assert len(line) <= LONGEST
    assert line.splitlines() in ([], [line])
    assert line == line.strip()


@given(st.text(alphabet=st.sampled_from(f"{MARKDOWN}&\"'@:/w. a\n\t\u202e")) | st.text())
def test_no_markup_survives(text: str) -> None:
    """No bare `<`, `[`, line break or other mark is left, and the reader sees the words that were sent."""
    safe = escaped(text)

    bare = re.sub(r"\\[!-/:-@\[-`{-~]|&(?:lt|gt|amp|quot|#\d+);", "", safe)
    assert not set(bare) & {*MARKDOWN, "&", "\n", "\r"}


@given(st.text(alphabet=st.characters(exclude_characters=".:@/", exclude_categories=("C", "Z")), max_size=80))
def test_the_reader_sees_the_words_that_were_sent(text: str) -> None:
    """Escaping changes what they do, not how they read."""
    assert as_shown(escaped(text)) == one_line(text)
