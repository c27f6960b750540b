"""The pages of the safety case, drawn from the hazard log, the sentences, the pathway files and the decision table.

`make safety-case` writes them; `test_safety_case.py` holds them to what they are drawn from.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from cds_service.pathway.decide import decide
from cds_service.pathway.decision import Decision
from cds_service.pathway.loading import NATIONAL
from cds_service.pathway.model import Basis
from cds_service.pathway.outcomes import Caution, KeepScan, Outcome, RuleId, TextKey
from tests.spec.test_decision_table import PATHWAYS, ROWS, TODAY, facts_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "clinical-safety"

HAZARDS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "hazard-log.yaml").read_text("utf-8"))
CARRIERS: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "sentences.yaml").read_text("utf-8"))
"""What carries a sentence besides the rules that name it, or why nothing can."""

SENTENCES = {sentence: says for pathway in PATHWAYS.values() for sentence, says in pathway.document.sentences.items()}
"""What each sentence of the two documents says, as the pathway files and so their matrices have it."""

DECISIONS = {
    row["id"]: decide(
        facts := facts_of(row),
        PATHWAYS.get(facts.region),
        date.fromisoformat(row["today"]) if row["today"] else TODAY,
    )
    for row in ROWS
}
"""What is decided in each case of the decision table."""

GENERATED = "<!-- Written by `make safety-case`; change what it is drawn from. -->\n"


def rows_of(rule: RuleId, speaker: str) -> list[str]:
    """The cases of the decision table that a rule decides, in a region's words or the nation's."""
    return [row for row, decision in DECISIONS.items() if decision.rule_id == f"{speaker}.{rule}"]


def additions() -> dict[str, list[str]]:
    """What a card adds to the words of its rule, with the cases in which it does.

    Cautions, other red flags that are coded too, and why a scan stays, each by its place in the pathway files.
    """
    cautions = {f"cautions.{one}": [row for row, it in DECISIONS.items() if one in it.cautions] for one in Caution}
    red_flags = {f"also_coded.{one}": _cases_beside(one) for one in Outcome if one in NATIONAL.texts.also_coded}
    kept = {
        f"kept.{one}": [row for row, it in DECISIONS.items() if it.indicator and one in it.keep] for one in KeepScan
    }
    return cautions | red_flags | kept


def _cases_beside(outcome: Outcome) -> list[str]:
    return [row for row, decision in DECISIONS.items() if outcome in decision.also_coded]


def texts_of(rule: RuleId) -> list[str]:
    """The card texts with which a rule speaks."""
    prefix = {RuleId.URGENT_MSK: "urgent"}.get(rule, rule.value)
    exact = rule in {RuleId.REDIRECT, RuleId.CES, RuleId.MSCC}
    return [key.value for key in TextKey if key == prefix or (not exact and key.startswith(f"{prefix}_"))]


def hazards_of(rule: RuleId) -> list[str]:
    """The hazards that a rule bears on."""
    return [hazard["id"] for hazard in HAZARDS if rule in hazard["rules"]]


def hazards_of_addition(place: str) -> list[str]:
    """The hazards that an addition to a card bears on; another red flag's are those of its rule."""
    kind, _, name = place.partition(".")
    if kind == "also_coded":
        return hazards_of(RuleId(name))
    return [hazard["id"] for hazard in HAZARDS if {kind, place} & set(hazard.get("adds", ()))]


def rules_of(sentence: str) -> list[tuple[str, RuleId]]:
    """The rules that rest on a sentence, with their region."""
    return [
        (region, rule)
        for region, pathway in PATHWAYS.items()
        for rule, stated in pathway.rules.items()
        if sentence in stated.sentences
    ]


def hazard_log() -> str:
    """The hazard log as a page."""
    lines = [
        GENERATED,
        "# Hazard log",
        "",
        "Eighteen starting hazards. **A Clinical Safety Officer has to review them; nothing here is signed off.**",
        "Severity and likelihood run from 1 to 5 and are what is left with the controls in place.",
        "[Clinical safety](../clinical-safety.md) says who approves what.",
        "[Traceability](traceability.md) leads from each sentence of the documents to the hazards.",
        "",
    ]
    for hazard in HAZARDS:
        residual = hazard["residual"]
        lines += [f"## {hazard['id']}: {hazard['hazard']}", ""]
        lines += [f"Causes: {'; '.join(hazard['causes'])}.", "", "| control | tests |", "|---|---|"]
        for control in hazard["controls"]:
            lines.append(f"| {control['control']} | {', '.join(f'`{test}`' for test in control['tests'])} |")
        risk = residual["severity"] * residual["likelihood"]
        lines += [
            "",
            f"Residual risk: severity {residual['severity']}, likelihood {residual['likelihood']}, together {risk}.",
            f"Left, because {residual['why']}. Owner: {hazard['owner']}.",
            "",
        ]
    return "\n".join(lines)


def traceability() -> str:
    """From each sentence to rules, cases, texts and hazards; and back from each hazard, text, rule and case."""
    lines = [GENERATED, "# Traceability", "", _HOW, "", "## From the documents to the hazards", ""]
    lines += ["| sentence | says | rule | cases | card texts | hazards |", "|---|---|---|---|---|---|"]
    for sentence, says in SENTENCES.items():
        rules, about = rules_of(sentence), CARRIERS.get(sentence, {})
        for region, rule in rules:
            lines.append(f"| {sentence} | {says} | {_chain(rule, region)} |")
        if "carried_by" in about:
            hazards = "" if rules else ", ".join(about["hazards"]) or "none: it informs"
            lines.append(f"| {sentence} | {says} | carried by {about['carried_by']} | | | {hazards} |")
        elif not rules:
            lines.append(f"| {sentence} | {says} | not executable: {about['not_executable']} | | | |")
    lines += ["", "## Rules from national guidance", "", "| rule | cases | card texts | hazards |", "|---|---|---|---|"]
    lines += [f"| {_chain(rule, speaker)} |" for speaker, rule in national_rules()]
    lines += ["", "## What a card adds to its rule's words", "", "| addition | cases | hazards |", "|---|---|---|"]
    for place, cases in additions().items():
        shown = ", ".join(cases) or _NO_CASE_OF_ADDITION[place.partition(".")[0]]
        lines.append(f"| `{place}` | {shown} | {', '.join(hazards_of_addition(place))} |")
    lines += [
        "",
        "## From the hazards to the documents",
        "",
        "| hazard | rules | sentences | tests |",
        "|---|---|---|---|",
    ]
    for hazard in HAZARDS:
        rules = [RuleId(rule) for rule in hazard["rules"]]
        carried = {one for one, about in CARRIERS.items() if hazard["id"] in about.get("hazards", ())}
        sentences = sorted(
            carried.union(*map(_sentences_of, rules)),
            key=lambda one: (one[0], int(one[1:])),
        )
        tests = sum(len(control["tests"]) for control in hazard["controls"])
        named = ", ".join(f"`{rule}`" for rule in rules) or "none: it is about the log and its figures"
        link = f"[{hazard['id']}](hazard-log.md) {hazard['hazard']}"
        lines.append(f"| {link} | {named} | {', '.join(sentences) or 'none'} | {tests} |")
    for caption, heads, rows in (
        (
            "Back from the card texts",
            ("card text", "rules", "cases that show it", "rests on", "hazards"),
            back_from_texts(),
        ),
        ("Back from the rules", ("rule", "rests on", "hazards"), back_from_rules()),
        ("Back from the cases", ("case", "rule", "card text", "rests on", "hazards"), back_from_cases()),
    ):
        lines += ["", f"## {caption}", "", f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
        lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def back_from_texts() -> list[tuple[str, ...]]:
    """Each card text with the rules that speak with it, the cases that show it, what it rests on, and its hazards."""
    return [
        (
            f"`{key}`",
            ", ".join(f"`{speaker}.{rule}`" for speaker, rule in speaking),
            ", ".join(row for row, it in DECISIONS.items() if _text_of(it) is key) or _NO_CASE_OF_RULE,
            _sources_in_words(speaking),
            _in_order(hazard for _, rule in speaking for hazard in hazards_of(rule)),
        )
        for key in TextKey
        if (speaking := [(speaker, rule) for speaker, rule in stated_rules() if key in texts_of(rule)])
    ]


def back_from_rules() -> list[tuple[str, ...]]:
    """Each rule of each file with what it rests on and its hazards."""
    return [
        (f"`{speaker}.{rule}`", _sources_in_words([(speaker, rule)]), _in_order(hazards_of(rule)))
        for speaker, rule in stated_rules()
    ]


def back_from_cases() -> list[tuple[str, ...]]:
    """Each case with the rule that decides it, its card, what that rests on, and the hazards of all that is said."""
    added: dict[str, list[str]] = {row: [] for row in DECISIONS}
    for place, cases in additions().items():
        for row in cases:
            added[row] += hazards_of_addition(place)
    return [
        (
            row,
            f"`{it.rule_id}`",
            "no card" if (text := _text_of(it)) is None else f"`{text}`",
            _sources_in_words([(str(it.speaker), it.rule)]),
            _in_order([*hazards_of(it.rule), *added[row]]),
        )
        for row, it in DECISIONS.items()
    ]


def _text_of(decision: Decision) -> TextKey | None:
    """The text of a case's card; what could not be evaluated is told to a client that asked for a card."""
    could_not = decision.rule is RuleId.COULD_NOT_EVALUATE
    return TextKey.COULD_NOT_EVALUATE if could_not else decision.text


def stated_rules() -> list[tuple[str, RuleId]]:
    """Every rule of every file, with whose words it speaks."""
    return [(speaker, rule) for rule in RuleId for speaker, rules in _FILES.items() if rule in rules]


_FILES = {**{str(region): pathway.rules for region, pathway in PATHWAYS.items()}, NATIONAL.id: NATIONAL.rules}


def _sources_in_words(rules: list[tuple[str, RuleId]]) -> str:
    """The sentences behind rules, and whether any rests on national guidance."""
    stated = [_FILES[speaker][rule] for speaker, rule in rules]
    sentences = dict.fromkeys(sentence for one in stated for sentence in one.sentences)
    national = any(one.basis is Basis.NATIONAL for one in stated)
    return ", ".join([*sentences, *(["national guidance"] if national else [])])


def _in_order(hazards: Iterable[str]) -> str:
    return ", ".join(sorted(set(hazards), key=lambda hazard: int(hazard[1:])))


_HOW = (
    "Which sentence of a document stands behind what a clinician reads, and which hazard it bears on. Cases are rows "
    "of `tests/spec/decision_table.csv`, each a test (`tests/spec/test_decision_table.py`). Every rule is also held to "
    "the properties of `cds_service/pathway/properties.py` over all combinations of facts."
)


def national_rules() -> list[tuple[str, RuleId]]:
    """The rules that rest on national guidance, with whose words speak: a region's, or the nation's."""
    return [(speaker, rule) for speaker, rule in stated_rules() if not _FILES[speaker][rule].sentences]


def _sentences_of(rule: RuleId) -> Iterator[str]:
    for pathway in PATHWAYS.values():
        if rule in pathway.rules:
            yield from pathway.rules[rule].sentences


def _chain(rule: RuleId, speaker: str) -> str:
    cases = ", ".join(rows_of(rule, speaker)) or _NO_CASE.get((speaker, rule), _NO_CASE_OF_RULE)
    texts = ", ".join(f"`{key}`" for key in texts_of(rule)) or "no card"
    return f"`{speaker}.{rule}` | {cases} | {texts} | {', '.join(hazards_of(rule))}"


_SYMPTOMS = "D61 to D63c, through the rules that symptoms lead to"
_NO_CASE: dict[tuple[str, RuleId], str] = {
    ("nwl", RuleId.OUT_OF_POLICY): "none: both scans are covered",
    ("nwl", RuleId.SYMPTOMS): _SYMPTOMS,
    ("nel", RuleId.REDIRECT_UNKNOWN_SETTING): "as D23, whose rule is the same",
    ("nel", RuleId.SYMPTOMS): _SYMPTOMS,
}
_NO_CASE_OF_RULE = "none of the table's: the proof fires every rule"
_NO_CASE_OF_ADDITION = {
    "cautions": "none of the table's: `tests/spec/further_cases.csv`, `tests/spec/test_properties_scan_removal.py`",
    "also_coded": "none of the table's: `tests/spec/test_properties_texts.py`",
    "kept": "none of the table's: `tests/spec/test_properties_scan_removal.py`",
}


def named_tests() -> list[str]:
    """Every test that a control names."""
    return [test for hazard in HAZARDS for control in hazard["controls"] for test in control["tests"]]


def is_a_test(named: str) -> bool:
    """Whether a test of that name stands in that file."""
    file, _, test = named.partition("::")
    path = ROOT / file
    return path.is_file() and re.search(rf"^(?:async )?def {test}\(", path.read_text("utf-8"), re.MULTILINE) is not None


PAGES = {FOLDER / "hazard-log.md": hazard_log, FOLDER / "traceability.md": traceability}

if __name__ == "__main__":
    for page, draw in PAGES.items():
        page.write_text(draw(), encoding="utf-8")
