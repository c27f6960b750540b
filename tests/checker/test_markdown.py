from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cds_service.cards.escape import escaped
from cds_service.checker.markdown import card_html


class Seen(HTMLParser):
    """The elements of some HTML, their addresses, and the words that a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Note words."""
        self.words += data


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("One.\n\nTwo.", "<p>One.</p>\n<p>Two.</p>"),
        ("**Refer to:** Brent", "<p><strong>Refer to:</strong> Brent</p>"),
        ("Send *immediately*.", "<p>Send <em>immediately</em>.</p>"),
        ("**Why**\n\n- one\n- two", "<p><strong>Why</strong></p>\n<ul><li>one</li><li>two</li></ul>"),
        ("Steps:\n- one\n  and more\n- two", "<p>Steps:</p><ul><li>one and more</li><li>two</li></ul>"),
        ("[NICE](https://www.nice.org.uk/x)", '<p><a href="https://www.nice.org.uk/x">NICE</a></p>'),
        (r"a \*b\* \_c\_", "<p>a *b* _c_</p>"),
        ("R&amp;D &lt;b&gt;", "<p>R&amp;D &lt;b&gt;</p>"),
    ],
)
def test_what_our_cards_use_becomes_html(markdown: str, html: str) -> None:
    """Paragraphs, bold, emphasis, lists, links, escapes and entities."""
    assert card_html(markdown) == html


@pytest.mark.parametrize(
    "markdown", ["<b>x</b>", "[x](javascript:alert(1))", "![x](https://e.example/i.png)", "**open", "* a *", "&nbsp;"]
)
def test_what_is_no_mark_of_ours_stays_words(markdown: str) -> None:
    """Nothing else becomes an element, but for a link to https."""
    assert Seen(card_html(markdown)).tags <= {"p", "a"}
    assert "javascript" not in card_html(markdown).partition("href")[2].partition(">")[0]


@given(st.text())
def test_nothing_becomes_markup_that_we_did_not_mean(text: str) -> None:
    """Whatever the text, only our elements come of it, and no attribute but a link's address."""
    seen = Seen(card_html(text))

    assert seen.tags <= {"p", "ul", "li", "strong", "em", "a"}
    assert seen.attributes <= {"href"}


@given(st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=60))
@example("- 0")
@example("-")
@example("---")
@example("1. knee")
@example("===")
def test_the_calls_own_words_are_shown_as_they_came(words: str) -> None:
    """What a card escapes is read back as the very words."""
    shown = Seen(card_html(escaped(words))).words

    assert shown.replace("\u2060", "").split() == words.split()
