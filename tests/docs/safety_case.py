"""The pages of the safety case, drawn from the hazard log, the sentences, the pathway files and the decision table.

`make safety-case` writes them; `test_safety_case.py` holds them to what they are drawn from.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from cds_service.pathway.loading import NATIONAL, load_pathways
from cds_service.pathway.model import OUTCOME_OF
from cds_service.pathway.outcomes import RuleId, TextKey

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "clinical-safety"
PATHWAYS = load_pathways()

HAZARDS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "hazard-log.yaml").read_text("utf-8"))
SENTENCES: dict[str, dict[str, str]] = yaml.safe_load((FOLDER / "sentences.yaml").read_text("utf-8"))
TABLE = list(csv.DictReader((ROOT / "tests" / "spec" / "decision_table.csv").read_text("utf-8").splitlines()))
GENERATED = "<!-- Written by `make safety-case`; change what it is drawn from. -->\n"


def rows_of(rule: RuleId, region: str | None) -> list[str]:
    """The cases of the decision table that end in a rule; two rules share an outcome and differ by setting."""
    setting = {RuleId.SECONDARY_CARE: "secondary-care", RuleId.COMMUNITY_MSK: "community-msk"}.get(rule)
    return [
        row["id"]
        for row in TABLE
        if row["outcome"] == OUTCOME_OF[rule]
        and (region is None or row["region"] == region)
        and (setting is None or row["setting"] == setting)
    ]


def texts_of(rule: RuleId) -> list[str]:
    """The card texts with which a rule speaks."""
    prefix = {RuleId.URGENT_MSK: "urgent"}.get(rule, rule.value)
    exact = rule in {RuleId.REDIRECT, RuleId.LUMP, RuleId.CES, RuleId.MSCC}
    return [key.value for key in TextKey if key == prefix or (not exact and key.startswith(f"{prefix}_"))]


def hazards_of(rule: RuleId) -> list[str]:
    """The hazards that a rule bears on."""
    return [hazard["id"] for hazard in HAZARDS if rule in hazard["rules"]]


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
    """From each sentence to rules, cases, texts and hazards, and from each hazard back."""
    lines = [GENERATED, "# Traceability", "", _HOW, "", "## From the documents to the hazards", ""]
    lines += ["| sentence | says | rule | cases | card texts | hazards |", "|---|---|---|---|---|---|"]
    for sentence, about in SENTENCES.items():
        rules = rules_of(sentence)
        for region, rule in rules:
            lines.append(f"| {sentence} | {about['says']} | {_chain(rule, region)} |")
        if "carried_by" in about:
            lines.append(f"| {sentence} | {about['says']} | carried by {about['carried_by']} | | | |")
        elif not rules:
            lines.append(f"| {sentence} | {about['says']} | not executable: {about['not_executable']} | | | |")
    lines += ["", "## Rules from national guidance", "", "| rule | cases | card texts | hazards |", "|---|---|---|---|"]
    lines += [f"| {_chain(rule, None)} |" for rule in national_rules()]
    lines += [
        "",
        "## From the hazards to the documents",
        "",
        "| hazard | rules | sentences | tests |",
        "|---|---|---|---|",
    ]
    for hazard in HAZARDS:
        rules = [RuleId(rule) for rule in hazard["rules"]]
        sentences = sorted(
            {one for rule in rules for one in _sentences_of(rule)}, key=lambda one: (one[0], int(one[1:]))
        )
        tests = sum(len(control["tests"]) for control in hazard["controls"])
        named = ", ".join(f"`{rule}`" for rule in rules) or "none: it is about the log and its figures"
        link = f"[{hazard['id']}](hazard-log.md) {hazard['hazard']}"
        lines.append(f"| {link} | {named} | {', '.join(sentences) or 'none'} | {tests} |")
    return "\n".join(lines) + "\n"


_HOW = (
    "Which sentence of a document stands behind what a clinician reads, and which hazard it bears on. Cases are rows "
    "of `tests/spec/decision_table.csv`, each a test (`tests/spec/test_decision_table.py`). Every rule is also held to "
    "the properties of `cds_service/pathway/properties.py` over all combinations of facts."
)


def national_rules() -> list[RuleId]:
    """Rules that rest on national guidance in some region, or stand in the national file alone."""
    stated = {rule for pathway in PATHWAYS.values() for rule, one in pathway.rules.items() if not one.sentences}
    alone = set(NATIONAL.rules) - {rule for pathway in PATHWAYS.values() for rule in pathway.rules}
    return sorted(stated | alone)


def _sentences_of(rule: RuleId) -> Iterator[str]:
    for pathway in PATHWAYS.values():
        if rule in pathway.rules:
            yield from pathway.rules[rule].sentences


def _chain(rule: RuleId, region: str | None) -> str:
    name = f"`{region}.{rule}`" if region else f"`{rule}`"
    cases = ", ".join(rows_of(rule, region)) or _NO_CASE.get((region, rule), _NO_CASE.get((None, rule), ""))
    texts = ", ".join(f"`{key}`" for key in texts_of(rule)) or "no card"
    return f"{name} | {cases} | {texts} | {', '.join(hazards_of(rule))}"


_NO_CASE: dict[tuple[str | None, RuleId], str] = {
    ("nwl", RuleId.OUT_OF_POLICY): "none: both scans are covered",
    ("nel", RuleId.REDIRECT_UNKNOWN_SETTING): "as D23, whose rule is the same",
    (None, RuleId.SYMPTOMS): "D61 to D63c, through the rules that symptoms lead to",
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
