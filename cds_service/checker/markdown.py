"""A card's Markdown as HTML, as far as our cards use it (`cards/detail.py`): paragraphs, lists, bold, emphasis, links.

Every character is escaped unless it is one of these marks, so that HTML stays words. An EHR shows the same with a
renderer of its own.
"""

import re
from html import escape, unescape

_INLINE = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<entity>&(?:amp|lt|gt|quot|#39);)"
    r"|\*\*(?P<strong>(?=\S)(?:\\.|[^*\\])+(?<=\S))\*\*"
    r"|\*(?P<emphasis>(?=\S)(?:\\.|[^*\\])+(?<=\S))\*"
    r"|\[(?P<words>(?:\\.|[^\]\\])*)\]\((?P<address>https://[^\s()<>\"]+)\)"
)

_ITEM = "- "


def card_html(detail: str) -> str:
    """The HTML of a card's detail, safe to put into a page."""
    blocks = [block.splitlines() for block in re.split(r"\n{2,}", detail.strip())]
    return "\n".join(_block(lines) for lines in blocks)


def _block(lines: list[str]) -> str:
    """A paragraph and the list that may follow it; a line that begins no item goes on with the one before."""
    paragraph: list[str] = []
    items: list[str] = []
    for line in lines:
        if line.startswith(_ITEM):
            items.append(line.removeprefix(_ITEM))
        elif items:
            items[-1] += f" {line.strip()}"
        else:
            paragraph.append(line)
    html = f"<p>{_inline(' '.join(paragraph))}</p>" if paragraph else ""
    if items:
        html += f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</ul>"
    return html


def _inline(text: str) -> str:
    html = ""
    position = 0
    for mark in _INLINE.finditer(text):
        html += escape(text[position : mark.start()]) + _marked(mark)
        position = mark.end()
    return html + escape(text[position:])


def _marked(mark: re.Match[str]) -> str:
    if mark["escaped"] is not None:
        return escape(mark["escaped"])
    if mark["entity"] is not None:
        return escape(unescape(mark["entity"]))
    if mark["strong"] is not None:
        return f"<strong>{_inline(mark['strong'])}</strong>"
    if mark["emphasis"] is not None:
        return f"<em>{_inline(mark['emphasis'])}</em>"
    return f'<a href="{escape(mark["address"])}">{_inline(mark["words"])}</a>'
