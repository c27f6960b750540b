"""A pathway's matrix as a page: Markdown for git and e-mail, HTML for reading and printing."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any

from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.matrix import Answer, Matrix, Row, ages_of, in_words, matrix_of
from cds_service.pathway.model import Basis, NationalFallback, Pathway, Rule
from cds_service.pathway.outcomes import TextKey

_Table = tuple[str, tuple[str, ...], list[tuple[str, ...]]]


def markdown(pathway: Pathway) -> str:
    """The matrix as Markdown, with its hash below."""
    drawn = _drawn(pathway, _tables(pathway))
    return f"{drawn}\n{_HASH}: `{_hash_of(drawn)}`\n"


def _drawn(pathway: Pathway, tables: Iterable[_Table]) -> str:
    """What is hashed for a sign-off, so a suspension is not in it."""
    lines = [f"# {_title(pathway)}", "", _INTRODUCTION, ""]
    for caption, heads, rows in tables:
        lines += [f"## {caption}", "", _markdown_row(heads), _markdown_row(("---",) * len(heads))]
        lines += [*map(_markdown_row, rows), ""]
    return "\n".join(lines)


def matrix_hash(pathway: Pathway) -> str:
    """What a sign-off is of: the SHA-256 of the matrix as Markdown, in hexadecimal digits."""
    return _hash_of(_drawn(pathway, _tables(pathway)))


def _hash_of(drawn: str) -> str:
    return sha256(drawn.encode()).hexdigest()


def html(pathway: Pathway) -> str:
    """The matrix as one HTML page that needs nothing else."""
    title = escape(_title(pathway))
    tables = list(_tables(pathway))
    return (
        f'<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"</head><body><main><h1>{title}</h1><p>{escape(_INTRODUCTION)}</p>"
        f"{''.join(map(_html_table, tables))}<p>{_HASH}: <code>{_hash_of(_drawn(pathway, tables))}</code></p>"
        "</main></body></html>\n"
    )


_INTRODUCTION = (
    "What the service answers, worked out from its rules. Read the first table from top to bottom: the first row that "
    "fits answers. Each order is shown with no coded reason or a single one; of several, all are asked in this order "
    "of rules, and the card names the others. What a row does not name may be anything. Beside each row stand the "
    "summary of its card, whose whole text is below, and the sentences of the document behind it, in our words."
)

_HASH = "SHA-256 of this matrix, which a sign-off names"

_STYLE = (
    "body{font:1rem/1.5 Arial,sans-serif;margin:2rem;color:#212b32}table{border-collapse:collapse;margin:1rem 0 2rem}"
    "caption{text-align:left;font-size:1.25rem;font-weight:bold;padding:.5rem 0}"
    "th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border:1px solid #4c6272}"
    "@media print{tr{break-inside:avoid}body{margin:0}}"
)


def _title(pathway: Pathway) -> str:
    return f"{pathway.title} v{pathway.version}"


def _tables(pathway: Pathway) -> Iterator[_Table]:
    matrix = matrix_of(pathway)
    yield "About", ("Item", "As loaded"), _about(pathway)
    rows = [_row(position, row, matrix, pathway) for position, row in enumerate(matrix.rows, start=1)]
    yield "What answers", ("Row", "When", "Outcome", "Card", "Referral drafted", "Rests on", "Why"), rows
    removals: list[tuple[str, ...]] = [
        (row.answer.outcome.value, in_words(row.when, matrix.grid, ages_of(pathway))) for row in matrix.removals
    ]
    yield "When the scan may be removed with the referral; otherwise it stays", ("Outcome", "When"), removals
    said = sorted({row.answer.text for row in matrix.rows if row.answer.text is not None})
    yield "What the cards say", ("Text", "Summary", "What to do"), [_text(key, pathway) for key in said]
    suggestions = [row for key in said for row in _suggestions(key, pathway)]
    yield "What the cards suggest", ("Text", "When", "Suggestion"), suggestions
    texts = pathway.texts
    yield "What a card adds", ("Caution", "Words"), _lines(texts.cautions)
    yield "What a card says of another red flag that is coded too", ("Red flag", "Words"), _lines(texts.also_coded)
    yield "Why a scan stays, as a card says it", ("Reason", "Words"), _lines(texts.kept)
    yield "What the document says, in our words", ("Sentence", "Says", "Rules", "Pages"), _sentences(pathway)
    yield "Pages that cards offer", ("Page", "Address", "Sentence", "On the cards"), _links(pathway)
    reasons = [(one.code, one.display, one.hl7 or "none") for one in pathway.override_reasons]
    yield "What a clinician may answer", ("Code", "Words", "HL7's code"), list(reasons)


def _about(pathway: Pathway) -> list[tuple[str, ...]]:
    return [
        ("Pathway", f"{pathway.id}, version {pathway.version}"),
        ("In force", f"from {pathway.effective}{'' if pathway.until is None else f' to {pathway.until}'}"),
        ("Review", str(pathway.review)),
        ("Footprint", f"{pathway.footprint.name} ({', '.join(pathway.footprint.sub_icb)})"),
        ("Scans", ", ".join(pathway.modalities)),
        ("Settings redirected", ", ".join(pathway.settings.redirect)),
        ("Settings exempt", ", ".join(pathway.settings.exempt)),
        ("Adult from", str(pathway.adult_from)),
        ("Switched off", ", ".join(rule for rule, stated in pathway.rules.items() if not stated.enabled) or "nothing"),
        ("Outside its days or its footprint", "national guidance: CES and MSCC speak, and nothing is suggested"),
    ]


def _row(position: int, row: Row, matrix: Matrix, pathway: Pathway) -> tuple[str, ...]:
    answer = row.answer
    nationally = answer.speaker == NATIONAL.id
    stated = (NATIONAL if nationally else pathway).rules[answer.rule]
    return (
        str(position),
        in_words(row.when, matrix.grid, ages_of(pathway)),
        answer.outcome.value,
        _card(answer, NATIONAL if nationally else pathway),
        "yes" if answer.creates else "no",
        _source(stated, pathway),
        stated.because,
    )


def _card(answer: Answer, speaker: Pathway | NationalFallback) -> str:
    """How urgent, which text, and its summary; the whole text stands in the table of texts."""
    if answer.indicator is None or answer.text is None:
        return "none"
    return f"{answer.indicator}, {answer.text}: {_shown(speaker.texts.cards[answer.text].summary)}"


def _source(rule: Rule, pathway: Pathway) -> str:
    """The sentences behind a rule, in our words."""
    said = pathway.document.sentences
    sentences = [f"{one}: {said.get(one, _NOT_SAID)}" for one in rule.sentences]
    return "; ".join([*(["national guidance"] if rule.basis is Basis.NATIONAL else []), *sentences])


_NOT_SAID = "the pathway file does not say it"


def _sentences(pathway: Pathway) -> list[tuple[str, ...]]:
    """Each sentence of the document, with the rules and the pages that rest on it."""
    return [
        (
            sentence,
            says,
            ", ".join(rule for rule, stated in pathway.rules.items() if sentence in stated.sentences) or "none",
            ", ".join(link.label for link in pathway.links if link.sentence == sentence) or "none",
        )
        for sentence, says in pathway.document.sentences.items()
    ]


def _text(key: TextKey, pathway: Pathway) -> tuple[str, ...]:
    card = pathway.texts.cards[key]
    net = f"Red flags: {card.safety_net}" if card.safety_net else None
    draft = f"With a draft: {card.drafting}" if card.drafting else None
    removal = f"With a removal: {card.removing}" if card.removing else None
    steps = [step for step in (*card.do, draft, removal, card.destination, net) if step is not None]
    return key.value, _shown(card.summary), _shown(" ".join(steps))


def _suggestions(key: TextKey, pathway: Pathway) -> Iterator[tuple[str, ...]]:
    card = pathway.texts.cards[key]
    suggested = {
        "the scan is removed": card.suggestion,
        "some of several scans are removed": card.suggestion_removing_some,
        "the scan stays": card.suggestion_keeping_scan,
    }
    return ((key.value, when, _shown(text)) for when, text in suggested.items() if text is not None)


def _lines(texts: Mapping[Any, str]) -> list[tuple[str, ...]]:
    return [(str(key), texts[key]) for key in sorted(texts)]


def _links(pathway: Pathway) -> list[tuple[str, ...]]:
    return [
        (
            link.label,
            "lost: the cards do not offer it" if link.url is None else str(link.url),
            link.sentence or "none",
            ", ".join(link.shown_on) + ("; for the spine alone" if link.spine_only else ""),
        )
        for link in pathway.links
    ]


def _shown(text: str) -> str:
    return text.replace("{this}", "this scan").replace("{the}", "the scan")


def _markdown_row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _html_table(table: _Table) -> str:
    caption, heads, rows = table
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
