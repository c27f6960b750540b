"""The exported conditions, evaluated by a FHIRPath engine that is not ours, agree with `decide`."""

import json
import random
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from plan_evaluator import Applied, Json, Variables, applied, code_of, input_of

from cds_service.pathway.decide import decide
from cds_service.pathway.decision import Decision
from cds_service.pathway.facts import (
    OUTSIDE,
    UNRESOLVED,
    BodyRegion,
    Facts,
    FcpListing,
    Indication,
    KnownBy,
    Modality,
    Oncology,
    RegionId,
    Setting,
)
from cds_service.pathway.loading import load_pathways, read_pathway_files
from cds_service.pathway.model import Suspension
from cds_service.pathway.outcomes import RuleId
from cds_service.pathway.register import PathwayRegister, seal_of
from cds_service.wiring.exchange import exported_resources
from tests.spec.situations import Choices
from tests.spec.test_decision_table import FURTHER, ROWS, TODAY, facts_of

PATHWAYS = load_pathways()
TURNING_POINTS = [day for pathway in PATHWAYS.values() for day in (pathway.effective, pathway.review)]
PRIORITIES = {"critical": "stat", "warning": "urgent", "info": "routine"}


class Answer(NamedTuple):
    """What is compared: all that an engine can do with the export."""

    rule: str
    outcome: str
    card: str | None
    priority: str | None
    proposes_referral: bool
    removes_scan: bool


def answer_of(decision: Decision) -> Answer:
    """What `decide` says."""
    return Answer(
        rule=decision.rule_id,
        outcome=decision.outcome.value,
        card=decision.text,
        priority=PRIORITIES[decision.indicator] if decision.indicator else None,
        proposes_referral=decision.proposes_referral,
        removes_scan=decision.may_delete,
    )


def answer_from(plans: list[Json], variables: Variables) -> Answer:
    """What the exported PlanDefinitions say: exactly one rule, with at most one card and one suggestion."""
    (rule,) = [found for plan in plans for found in applied(plan["action"], variables)]
    assert len(rule.below) <= 1, rule.action["id"]
    card = rule.below[0] if rule.below else None
    suggestions = card.below if card else []
    assert len(suggestions) <= 1, rule.action["id"]
    return Answer(
        rule=rule.action["code"][0]["text"],
        outcome=str(code_of(rule.action, "msk-imaging-outcome")),
        card=code_of(card.action, "msk-imaging-card") if card else None,
        priority=card.action["priority"] if card else None,
        proposes_referral=any(does(one, "create") for one in suggestions),
        removes_scan=any(does(one, "remove") for one in suggestions),
    )


def does(suggestion: Applied, kind: str) -> bool:
    """Whether a suggestion, or a part of it, creates or removes."""
    own = suggestion.action.get("type", {"coding": []})["coding"]
    return any(coding["code"] == kind for coding in own) or any(does(part, kind) for part in suggestion.below)


def plans_of(exported: list[Json]) -> list[Json]:
    """The PlanDefinitions of an export."""
    return [resource for resource in exported if resource["resourceType"] == "PlanDefinition"]


@pytest.fixture(scope="module")
def plans(exported: list[Json]) -> list[Json]:
    """Those of the packaged pathways."""
    return plans_of(exported)


def random_facts(source: random.Random, regions: list[str]) -> Facts:
    """Facts of every kind, unknown ones among them, more often those of an order that a pathway is about."""
    plain = source.random() < 0.4
    reasons = [Indication.PAIN, Indication.BACK_PAIN_OR_SCIATICA, Indication.BENIGN_CAUSE]
    return Facts(
        modality=source.choice([Modality.MRI, Modality.MRI, Modality.USS, *Modality]),
        body_region=source.choice([BodyRegion.LUMBAR_SPINE, BodyRegion.KNEE, BodyRegion.HIP, *BodyRegion]),
        known_by=source.choice([KnownBy.CODE, *KnownBy]),
        live=source.random() < 0.95,
        region=RegionId(source.choice(regions)),
        setting=source.choice([Setting.GENERAL_PRACTICE, Setting.COMMUNITY_MSK, *Setting]),
        fcp_listing=source.choice([FcpListing.CURRENT, *FcpListing]),
        indications=frozenset(source.sample(reasons if plain else list(Indication), source.randint(0, 3))),
        oncology=source.choice([Oncology.NONE, Oncology.UNKNOWN] if plain else list(Oncology)),
        age=source.choice([None, 0, 1, 15, 16, 17, 18, 50, 90]),
        patient_region=source.choice([None, OUTSIDE, *PATHWAYS]),
        specialist_request=source.random() < 0.2,
    )


def random_day(source: random.Random) -> date:
    """A day on or around one on which something changes."""
    return source.choice([TODAY, source.choice(TURNING_POINTS) + timedelta(source.randint(-2, 2))])


def table_case(row: dict[str, str]) -> tuple[Facts, date]:
    """The facts and the day of a row."""
    return facts_of(row), date.fromisoformat(row["today"]) if row["today"] else TODAY


@pytest.mark.parametrize("row", [*ROWS, *FURTHER], ids=lambda row: row["id"])
def test_every_row_of_the_decision_table(row: dict[str, str], plans: list[Json]) -> None:
    """Same rule and outcome; same card, as loud; same referral and removal."""
    facts, today = table_case(row)
    answer = answer_from(plans, input_of(facts, today))

    assert answer == answer_of(decide(facts, PATHWAYS.get(facts.region), today))
    assert answer.outcome == row["outcome"]


def test_a_thousand_random_orders(plans: list[Json]) -> None:
    """All regions and none, unknown facts, several reasons, days around effective and review dates."""
    source = random.Random(20261121)
    regions = [*PATHWAYS, *PATHWAYS, OUTSIDE, UNRESOLVED, "elsewhere"]
    rules = set()
    for _ in range(1000):
        facts, today = random_facts(source, regions), random_day(source)
        decision = decide(facts, PATHWAYS.get(facts.region), today)
        assert answer_from(plans, input_of(facts, today)) == answer_of(decision), (facts, today)
        rules.add(decision.rule)

    assert rules == set(RuleId) - {RuleId.SYMPTOMS}


@pytest.mark.parametrize(
    "choices",
    [
        Choices(RegionId("nel"), frozenset({RuleId.SYMPTOMS, RuleId.MSCC}), 18, 1, spine_requires_expertise=True),
        Choices(RegionId("nwl"), frozenset({RuleId.URGENT_MSK, RuleId.PAEDIATRIC}), 16, 2),
        Choices(RegionId("nel"), frozenset({RuleId.FCP_EXEMPT, RuleId.URGENT_MSK, RuleId.SYMPTOMS}), 17),
    ],
    ids=["symptoms and mscc off", "urgent and paediatric off", "exemption off"],
)
def test_a_region_with_other_choices(choices: Choices) -> None:
    """Rules switched off, another adult age, another sorting of the settings, expertise asked for spines."""
    pathway = choices.pathway()
    plans = plans_of(exported_resources([pathway]))
    source = random.Random(7)
    for _ in range(40):
        facts, today = random_facts(source, [pathway.id]), random_day(source)
        answer = answer_from(plans, input_of(facts, today))
        assert answer == answer_of(decide(facts, pathway, today)), (facts, today)


VERSION_DAYS = [
    *(date(2025, 6, 30), date(2025, 7, 1)),  # the first begins
    *(date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 31)),  # it ends, and a gap begins and ends
    *(date(2027, 1, 1), date(2027, 2, 1), date(2027, 3, 1), date(2027, 3, 2)),  # the second, suspended for a month
]


@pytest.mark.parametrize("day", VERSION_DAYS, ids=str)
def test_versions_of_one_region_take_turns(day: date, two_versions: PathwayRegister, two_plans: list[Json]) -> None:
    """On each day exactly one version answers, as the register chooses: before the first, in a gap, while suspended."""
    speaks = two_versions.in_force(day)[RegionId("nwl")]
    source = random.Random(day.toordinal())
    for _ in range(8):
        facts = random_facts(source, ["nwl"])
        assert answer_from(two_plans, input_of(facts, day)) == answer_of(decide(facts, speaks, day)), (facts, day)


@pytest.fixture(scope="module")
def two_versions() -> PathwayRegister:
    """A region with a first version that ends, and a second for MRI alone, suspended in February 2027."""
    (packaged,) = [file for file in read_pathway_files() if file.pathway.id == "nwl"]
    first = packaged._replace(pathway=packaged.pathway.model_copy(update={"until": date(2026, 11, 30)}))
    suspension = Suspension(by="Invented Owner", reason="A test", since=date(2027, 2, 1), until=date(2027, 3, 1))
    changes: dict[str, Any] = {
        "version": "1.3",
        "effective": date(2027, 1, 1),
        "until": None,
        "review": date(2029, 1, 1),
        "modalities": (Modality.MRI,),
        "adult_from": 18,
        "suspension": suspension,
        "supersedes": seal_of(first),
    }
    return PathwayRegister([first, packaged._replace(pathway=packaged.pathway.model_copy(update=changes))])


@pytest.fixture(scope="module")
def two_plans(two_versions: PathwayRegister) -> list[Json]:
    """Both versions as they are exported, and national guidance."""
    return plans_of(exported_resources([file.pathway for file in two_versions.files]))


@pytest.mark.parametrize(
    "name", ["live", "knownBy", "region", "setting", "fcpListing", "oncology", "age", "specialistRequest", "today"]
)
def test_a_fact_that_is_not_supplied_is_unknown(name: str, plans: list[Json]) -> None:
    """Exactly one rule still answers; for want of it nobody is exempted and no scan removed, and CES is heard."""
    for row in ROWS[::3]:
        facts, today = table_case(row)
        whole = input_of(facts, today)
        known, unknown = answer_from(plans, whole), answer_from(plans, {**whole, name: []})

        if unknown.rule == known.rule:
            assert unknown.removes_scan <= known.removes_scan, (row["id"], name)
        if known.outcome != "fcp_exempt":
            assert unknown.outcome != "fcp_exempt", (row["id"], name)
        if known.outcome in {"ces", "mscc"} and name != "oncology":
            assert unknown.outcome == known.outcome, (row["id"], name)


def test_no_version_is_in_force_on_a_day_that_is_not_known(two_plans: list[Json]) -> None:
    """Neither a suspended nor a later version answers: CES and MSCC speak nationally, and no referral is proposed."""
    source = random.Random(15)
    for _ in range(60):
        facts = random_facts(source, ["nwl"])
        answer = answer_from(two_plans, {**input_of(facts, TODAY), "today": []})
        before_the_first = answer_of(decide(facts, PATHWAYS[RegionId("nwl")], date(2025, 6, 30)))
        assert answer == before_the_first, facts


def test_the_example_of_the_manual_has_the_types_of_the_library(exported: list[Json], plans: list[Json]) -> None:
    """Every fact once, as a FHIRPath literal; a routine knee is redirected."""
    page = (Path(__file__).parents[2] / "docs" / "exchange.md").read_text("utf-8")
    example = dict(re.findall(r"%(\w+) = \(([^)]*)\)", page))
    read = {"code": lambda text: text.strip("'"), "boolean": json.loads, "integer": int, "date": read_date}
    (library,) = [one for one in exported if one["resourceType"] == "Library"]
    types = {parameter["name"]: parameter["type"] for parameter in library["parameter"]}
    assert set(example) == set(types)
    variables = {name: [read[types[name]](literal)] for name, literal in example.items()}
    assert answer_from(plans, variables).rule == "nwl.redirect"


def read_date(literal: str) -> date:
    """The day of a FHIRPath date; a string is none."""
    assert literal.startswith("@"), literal
    return date.fromisoformat(literal.removeprefix("@"))
