"""Every word of the service's own that a reader may meet is explained, and the tables say what the code does."""

import csv
import json
from datetime import date

from cds_service.cards.speaker import OVERRIDE_SYSTEM
from cds_service.fhir.reasons import INDICATION_OF_GROUP
from cds_service.hooks.discovery import PREFETCH
from cds_service.pathway.facts import Setting
from cds_service.pathway.loading import NATIONAL, load_pathways
from cds_service.pathway.model import LOCKED_RULES, OUTCOME_OF, NationalFallback, Pathway
from cds_service.pathway.outcomes import Caution, Indicator, KeepScan, Outcome, RuleId
from cds_service.pathway.scan_removal import REMOVING_RULES
from tests.docs.conftest import ROOT, chapter, in_backticks, page, table_rows

OUTCOMES = page("docs/outcomes.md")
PATHWAYS_PAGE = page("docs/pathways.md")
PATHWAYS = load_pathways()
SPEAKERS: list[Pathway | NationalFallback] = [*PATHWAYS.values(), NATIONAL]

PRECEDENCE = table_rows(OUTCOMES.split("\n## ")[0])
"""Rows of the first table: place, outcome, rule, condition, card."""


def words(cell: str) -> list[str]:
    """The words of a cell that stand in backticks."""
    return in_backticks(cell)


def first_words(text: str) -> list[str]:
    """The words in backticks of the first cells of all tables."""
    return [word for row in table_rows(text) for word in words(row[0])]


def test_the_table_of_precedence_has_every_rule_with_its_outcome() -> None:
    """Each rule stands there once, beside the outcome that it gives."""
    stated = {row[2].strip("`"): row[1].strip("`") for row in PRECEDENCE}
    assert stated == {rule.value: outcome.value if outcome else "none" for rule, outcome in OUTCOME_OF.items()}
    assert len(PRECEDENCE) == len(RuleId)


def test_the_table_of_precedence_has_the_indicators_of_the_decision_table() -> None:
    """The card that the page promises is the one that the specification's rows get."""
    with (ROOT / "tests" / "spec" / "decision_table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for outcome in set(Outcome) - {Outcome.COULD_NOT_EVALUATE}:
        (cell,) = {row[4] for row in PRECEDENCE if row[1] == f"`{outcome}`"}
        specified = {row["indicator"] for row in rows if row["outcome"] == outcome}
        promised = {indicator.value for indicator in Indicator if indicator in cell} or {"-"}
        assert specified <= promised, (outcome, cell)
        assert (cell == "none") == (specified == {"-"})


def test_only_what_may_remove_a_scan_is_said_to() -> None:
    """The table of suggestions agrees with the rules about removal."""
    rows = table_rows(chapter(OUTCOMES, "## What the card suggests"))
    removing = {word for row in rows if "removed" in row[2] for word in words(row[0])}
    assert removing == {rule.value for rule in REMOVING_RULES}


def test_every_reason_to_keep_a_scan_and_every_caution_is_explained() -> None:
    """A card's words can be looked up."""
    assert first_words(chapter(OUTCOMES, "## When the scan stays")) == [reason.value for reason in KeepScan]
    assert set(first_words(chapter(OUTCOMES, "## What the detail adds"))) == {caution.value for caution in Caution}


def test_every_value_set_of_a_reason_is_explained() -> None:
    """What a code means is written down for each list of codes that carries an indication."""
    explained = first_words(chapter(OUTCOMES, "## What a coded reason means"))
    assert sorted(explained) == sorted(group.replace("_", "-") for group in INDICATION_OF_GROUP)


def test_the_readme_names_every_outcome_that_gets_a_card() -> None:
    """The small table leaves no card out."""
    rows = table_rows(chapter(page("README.md"), "## What it can answer"))
    named = {word for row in rows for word in words(row[0])}
    silent = {row[1].strip("`") for row in PRECEDENCE if row[4] == "none"}
    assert {outcome.value for outcome in Outcome} - silent <= named


def test_the_table_of_override_reasons_is_that_of_the_pathway_files() -> None:
    """Code, words, HL7 code and who offers it."""
    expected: dict[tuple[str, str, str], list[str]] = {}
    for speaker in SPEAKERS:
        for reason in speaker.override_reasons:
            hl7 = f"`{reason.hl7}`" if reason.hl7 else "none fits"
            expected.setdefault((f"`{reason.code}`", reason.display, hl7), []).append(str(speaker.id))
    rows = table_rows(page("docs/override-reasons.md"))
    assert {(row[0], row[1], row[2]): row[3].split(", ") for row in rows} == expected
    assert OVERRIDE_SYSTEM in page("docs/override-reasons.md")


def test_the_prefetch_table_has_every_key_with_its_template() -> None:
    """A supplier finds what discovery asks for."""
    rows = {row[0].strip("`"): row[1] for row in table_rows(chapter(page("docs/integrating.md"), "## Prefetch"))}
    assert list(rows) == list(PREFETCH)
    for key, template in PREFETCH.items():
        stated = words(rows[key])[0]
        assert template == stated or template.startswith(f"{stated}&_include="), key


def test_the_table_of_pathways_has_their_versions_and_dates() -> None:
    """The metadata on the page is the files'."""

    def in_words(day: date) -> str:
        return f"{day.day} {day:%B %Y}"

    rows = {row[0].strip("`").removesuffix(".yaml"): row[1:] for row in table_rows(PATHWAYS_PAGE.split("\n## ")[0])}
    assert list(rows) == [speaker.id for speaker in SPEAKERS]
    for region, pathway in PATHWAYS.items():
        _, version, _, effective, review = rows[region]
        assert (version, effective, review) == (
            pathway.version,
            f"from {in_words(pathway.effective)}",
            in_words(pathway.review),
        )
    assert rows["national"][1] == NATIONAL.version


def test_what_a_region_may_switch_off_is_what_is_not_locked() -> None:
    """The page names each optional rule, and each that is not."""
    regional = {rule for pathway in PATHWAYS.values() for rule in pathway.rules}
    may = first_words(chapter(PATHWAYS_PAGE, "### What a region may switch off"))
    assert set(may) == regional - LOCKED_RULES
    may_not = chapter(PATHWAYS_PAGE, "### What it may not").split("cannot be switched off", 1)[0]
    assert set(words(may_not)) == {rule.value for rule in LOCKED_RULES}


def test_the_parts_of_a_pathway_file_are_all_described() -> None:
    """A pathway owner can read the file from top to bottom."""
    described = first_words(chapter(PATHWAYS_PAGE, "## How a file is laid out"))
    assert set(Pathway.model_fields) - set(described) == {"suspension"}  # which stands in a file of its own
    assert [word for word in described if word not in Pathway.model_fields] == []


def test_every_lost_link_is_listed() -> None:
    """A link without an address in a pathway file is named by its sentence, on the page and in the README."""
    lost = {str(link.sentence) for pathway in PATHWAYS.values() for link in pathway.links if link.url is None}
    listed = [row[0] for row in table_rows(chapter(PATHWAYS_PAGE, "## Lost links"))]
    assert lost | {"E4"} == {sentence for cell in listed for sentence in cell.split(", ")}
    assert [sentence for sentence in sorted(lost) if sentence not in page("README.md")] == []


def test_the_settings_that_differ_are_the_files() -> None:
    """Both packaged pathways redirect general practice and urgent care; only one exempts practitioners."""
    for pathway in PATHWAYS.values():
        assert set(pathway.settings.redirect) == {Setting.GENERAL_PRACTICE, Setting.URGENT_CARE}
    assert [region for region, pathway in PATHWAYS.items() if pathway.fcp_exemption is not None] == ["nel"]


def test_the_glossary_is_in_order_and_says_each_term_once() -> None:
    """A reader finds a term where the alphabet puts it."""
    terms = [row[0].lower() for row in table_rows(page("docs/glossary.md"))]
    assert terms == sorted(set(terms))


def test_the_six_provisional_codes_are_named() -> None:
    """The README lists exactly the MRI procedures whose codes nobody has confirmed."""
    file = ROOT / "cds_service" / "terminology" / "value_sets" / "imaging-msk-mri-provisional.json"
    includes = json.loads(file.read_text("utf-8"))["compose"]["include"]
    displays = [concept["display"] for include in includes for concept in include["concept"]]
    (line,) = [line for line in page("README.md").splitlines() if "provisional" in line]
    assert len(displays) == 6
    assert [display for display in displays if display.removeprefix("MRI of ") not in line] == []
