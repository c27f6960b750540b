"""The proof of a pathway: what it covers, and that a pathway which could do harm is caught."""

import ast
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.pathway import decide as decide_module
from cds_service.pathway import explain, proof_record, scan_removal, signs
from cds_service.pathway.decide import UNDER_ONCOLOGY, decide
from cds_service.pathway.decision import Decision
from cds_service.pathway.exploring import UnknownFactError, explore
from cds_service.pathway.fact_space import INTERCHANGEABLE, Reading, domains_of, reading_of
from cds_service.pathway.facts import (
    NO_SINGLE_PART,
    UNRESOLVED,
    BodyRegion,
    Facts,
    Indication,
    Modality,
    Oncology,
    Setting,
)
from cds_service.pathway.loading import PathwayFileError, parse_pathway, read_pathway_files
from cds_service.pathway.model import LOCKED_RULES, Pathway
from cds_service.pathway.outcomes import Indicator, KeepScan, Outcome, RuleId, TextKey
from cds_service.pathway.proof_record import UnsafePathwayError, not_proved, prove_what_is_new, read_record
from cds_service.pathway.properties import PROPERTIES
from cds_service.pathway.property_cases import Case
from cds_service.pathway.proving import ANY_DAY, CounterExample, Proof, prove

Json = dict[str, Any]
NWL, NEL = (file.pathway for file in read_pathway_files())


def test_the_packaged_pathways_are_proved() -> None:
    """The record that ships names them as they are, so that a start proves nothing. `make proofs` renews it."""
    assert not_proved(read_pathway_files(), read_record(None)) == []


@pytest.mark.parametrize("pathway", [None, NEL], ids=["national", "nel"])
def test_a_first_look_finds_nothing(pathway: Pathway | None) -> None:
    """With one reason at most, every property holds."""
    assert prove(pathway, most_reasons=1).broken == ()


ASKED = {
    "age": {
        "facts.age is None",
        "facts.age is not None",
        "facts.age < pathway.adult_from",
        "facts.age < CHILD_UNDER",
        "facts.age == 0",
    },
    "body_region": {
        "facts.body_region is BodyRegion.NOT_MSK",
        "facts.body_region in NO_SINGLE_PART",
        "facts.body_region is BodyRegion.HIP",
        "facts.body_region in SPINE_REGIONS",
        "facts.body_region in CAUDA_EQUINA_REGIONS",
    },
    "setting": {
        "facts.setting is Setting.SECONDARY_CARE",
        "facts.setting is Setting.COMMUNITY_MSK",
        "facts.setting is Setting.UNKNOWN",
        "facts.setting in pathway.settings.exempt",
        "facts.setting not in pathway.settings.redirect",
    },
    "indications": {
        "facts.indications == {Indication.BENIGN_CAUSE}",
        "facts.indications == {Indication.TEXT_ONLY}",
        "facts.indications.isdisjoint(UNCODED)",
        "facts.indications",
        "facts.indications.isdisjoint(CODED_CANCER)",
        "facts.indications.isdisjoint(STATED_URGENT | {Indication.CORD_COMPRESSION})",
        "Indication.CORD_COMPRESSION in facts.indications",
        "Indication.SUSPICIOUS_PAIN in facts.indications",
        "Indication.BACK_PAIN_OR_SCIATICA in reasons",
        "Indication.CAUDA_EQUINA in reasons",
        "Indication.CES_SYMPTOM_STRONG in reasons",
        "Indication.CES_SYMPTOM_WEAK in reasons",
        "Indication.CORD_COMPRESSION in reasons",
        "Indication.METASTASIS in reasons",
        "Indication.RED_FLAG_SYMPTOM in reasons",
        "Indication.SARCOMA in reasons",
        "Indication.SOFT_TISSUE_LUMP in reasons",
        "Indication.SUSPICIOUS_PAIN in reasons",
        "Indication.URGENT in reasons",
        "Indication.URGENT_SAME_DAY in reasons",
        "STATED_CANCER.isdisjoint(reasons)",
        "STATED_URGENT.isdisjoint(reasons)",
        "URGENT_SYMPTOMS.isdisjoint(reasons)",
        "reasons = facts.indications",
    },
}
"""For the facts whose values are grouped: every question that the rules ask of them."""


@pytest.mark.parametrize("fact", sorted(ASKED))
def test_the_rules_ask_nothing_else_of_a_grouped_fact(fact: str) -> None:
    """What the fact space takes for alike, the rules cannot tell apart: their source asks these questions alone."""
    assert {question for module in _RULES for question in _questions(module, fact)} == ASKED[fact]


_RULES: tuple[ModuleType, ...] = (decide_module, explain, scan_removal, signs)


def _questions(module: ModuleType, fact: str) -> set[str]:
    """Each question that a module asks of a fact, by the fact's name or by the short name that it gives it.

    A question is a comparison or a call of `isdisjoint`; any other use stands for itself, so that it is noticed.
    """
    tree = ast.parse(inspect.getsource(module))
    inside: dict[ast.AST, ast.AST] = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    names = {fact} | {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute) and node.value.attr == fact
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {
        ast.unparse(_question_around(node, inside))
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr == fact)
        or (isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load))
    }


def _question_around(node: ast.AST, inside: dict[ast.AST, ast.AST]) -> ast.AST:
    around = inside[node]
    if isinstance(around, ast.Attribute):  # facts.indications.isdisjoint(…)
        around = inside[around]
    return around if isinstance(around, ast.Compare | ast.Call | ast.Assign) else node


def test_the_patients_region_words_a_caution_and_nothing_else() -> None:
    """So the proof need not vary it."""
    assert [module for module in _RULES if _questions(module, "patient_region")] == [explain]


def _without(pathway: Pathway, rule: RuleId) -> Pathway:
    """A pathway with a rule of it switched off."""
    stated = {one: found.model_copy(update={"enabled": one is not rule}) for one, found in pathway.rules.items()}
    return pathway.model_copy(update={"rules": stated})


PATHWAYS: dict[str, Pathway | None] = {
    "national": None,
    **{own.id: own for own in (NWL, NEL)},
    **{
        f"{own.id} without {rule}": _without(own, rule)
        for own in (NWL, NEL)
        for rule in sorted({*own.rules} - LOCKED_RULES)
    },
}
"""Each packaged pathway whole, and with each rule off that a region may switch off."""


@cache
def _proved(name: str, body: BodyRegion, cancer: Oncology) -> dict[Reading, frozenset[Indication]]:
    """For an order of such a part: each proved set of reasons, by what the rules make of it."""
    pathway = PATHWAYS[name]
    order = Facts(Modality.MRI, body, oncology=cancer)
    domains = domains_of(pathway)
    alike = next(one for one in BodyRegion if (one, cancer) in domains.reasons and _class_of(one) == _class_of(body))
    return {reading_of(order._replace(indications=found), pathway): found for found in domains.reasons[alike, cancer]}


ORDERS = st.builds(
    Facts,
    modality=st.sampled_from((Modality.MRI, Modality.USS)),
    body_region=st.sampled_from(BodyRegion),
    setting=st.sampled_from(Setting),
    indications=st.frozensets(st.sampled_from(Indication), max_size=6),
    oncology=st.sampled_from(Oncology),
    age=st.sampled_from((None, 0, 10, 40)),
    specialist_request=st.booleans(),
)


@pytest.mark.parametrize("name", PATHWAYS)
@settings(max_examples=100)
@given(order=ORDERS)
def test_any_set_of_reasons_is_answered_like_one_that_is_proved(name: str, order: Facts) -> None:
    """Whatever the reasons, one of the proved sets has the very same answer, but for which urgent text speaks."""
    pathway = PATHWAYS[name]
    order = order._replace(region=UNRESOLVED if pathway is None else pathway.id)
    proved = _proved(name, order.body_region, order.oncology)
    alike = order._replace(indications=proved[reading_of(order, pathway)])
    assert _answer(order, pathway) == _answer(alike, pathway)


def _answer(order: Facts, pathway: Pathway | None) -> Decision:
    decision = decide(order, pathway, ANY_DAY if pathway is None else pathway.effective)
    text = None if decision.text in _URGENT_TEXTS else decision.text
    return decision._replace(facts=order._replace(indications=frozenset()), text=text)


_URGENT_TEXTS = {*UNDER_ONCOLOGY, *UNDER_ONCOLOGY.values()}


def _class_of(body: BodyRegion) -> tuple[bool, ...]:
    spine, cauda = body in signs.SPINE_REGIONS, body in signs.CAUDA_EQUINA_REGIONS
    return (spine, cauda, body is BodyRegion.HIP, body is BodyRegion.NOT_MSK, body in NO_SINGLE_PART)


def test_interchangeable_reasons_are_named_groups_of_the_rules() -> None:
    """They are the very sets that the rules ask for."""
    assert set(INTERCHANGEABLE) == {signs.URGENT_SYMPTOMS, signs.STATED_URGENT, signs.STATED_CANCER, signs.UNCODED}


def test_a_rule_that_reads_something_else_stops_the_proof() -> None:
    """A fact that is not varied would be a hole in the proof."""

    def ask(facts: Facts) -> object:
        return facts.evidence

    with pytest.raises(UnknownFactError, match="'evidence'"):
        list(explore(ask, domains_of(NWL)))


def test_every_way_is_gone_once() -> None:
    """Two facts of five and two values: ten ways, none twice; a fact that is not read is not varied."""
    ways = [tuple(read.items()) for read, _ in explore(lambda facts: (facts.oncology, facts.known_by), domains_of(NWL))]
    assert (len(ways), len(set(ways))) == (10, 10)
    assert {name for way in ways for name, _ in way} == {"oncology", "known_by"}


def _own(change: Callable[[Json], object]) -> str:
    """NWL's packaged file, tampered with."""
    stated = yaml.safe_load(read_pathway_files()[0].text)
    change(stated)
    return yaml.safe_dump(stated)


def _nel(change: Callable[[Json], object]) -> str:
    stated = yaml.safe_load(read_pathway_files()[1].text)
    change(stated)
    return yaml.safe_dump(stated)


def _off(rule: str) -> str:
    return _own(lambda f: f["rules"][rule].update(enabled=False))


_EXEMPTION = {"modalities": ["mri"]}
_FCP_RULE = {"outcome": "fcp_exempt", "basis": "national", "because": "listed"}
_COMMUNITY = {"redirect": ["general-practice", "urgent-care", "community-msk"], "exempt": ["secondary-care"]}
_HOSPITAL = {"redirect": ["general-practice", "urgent-care", "secondary-care"], "exempt": ["community-msk"]}

TAMPERED: dict[str, tuple[str, str]] = {
    "CES switched off": (_off("ces"), "cannot be switched off"),
    "cancer switched off": (
        _own(lambda f: f["rules"]["suspected_cancer"].update(enabled=False)),
        "cannot be switched off",
    ),
    "sarcoma switched off": (
        _own(lambda f: f["rules"]["suspected_sarcoma"].update(enabled=False)),
        "cannot be switched off",
    ),
    "oncology switched off": (_off("oncology"), "cannot be switched off"),
    "CES taken out": (_own(lambda f: f["rules"].pop("ces")), "ces not stated"),
    "CES answers with a redirect": (_own(lambda f: f["rules"]["ces"].update(outcome="redirect")), "must be ces"),
    "CES without its sentence": (_own(lambda f: f["rules"]["ces"].update(sentences=[])), "names at least one sentence"),
    "a rule of its own": (_own(lambda f: f["rules"].update(gp_exempt=_FCP_RULE)), "rules.gp_exempt"),
    "an exemption without a document": (_own(lambda f: f["rules"].update(fcp_exempt=_FCP_RULE)), "cannot be stated"),
    "an NWL role exempted": (
        _own(lambda f: (f.update(fcp_exemption=_EXEMPTION), f["rules"].update(fcp_exempt=_FCP_RULE))),
        "nwl-exempts-no-role",
    ),
    "secondary care redirected": (_own(lambda f: f.update(settings=_HOSPITAL)), "secondary-care is always exempt"),
    "community MSK redirected": (_own(lambda f: f.update(settings=_COMMUNITY)), "every-rule-can-fire"),
    "an unknown setting exempted": (
        _own(lambda f: f["settings"].update(exempt=["community-msk", "secondary-care", "unknown"])),
        "once each",
    ),
    "an adult age of twelve": (_own(lambda f: f.update(adult_from=12)), "adult_from"),
    "the merged ICB as footprint": (_own(lambda f: f["footprint"].update(sub_icb=["Z9B2Z"])), "merged ICB"),
    "CES without its words": (
        _own(lambda f: f["texts"]["cards"].update(ces={"summary": "Refer to community MSK", "do": ["Refer."]})),
        "must spell out 'cauda equina'",
    ),
    "a text that is too long": (
        _own(lambda f: f["texts"]["cards"]["lump"].update(summary="lump " * 30)),
        "at most 139",
    ),
    "a page without https": (_own(lambda f: f["links"][2].update(url="http://pathway.example/")), "https://"),
    "review before effective": (_own(lambda f: f.update(review="2024-01-01")), "is before effective"),
    "a suspension in the file": (
        _own(lambda f: f.update(suspension={"by": "A Name", "reason": "wrong link", "since": "2026-01-01"})),
        "stands in suspensions.yaml",
    ),
    "NEL ultrasound redirected": (
        _nel(lambda f: f.update(modalities=["mri", "uss"])),
        "nel-ultrasound-is-not-redirected",
    ),
    "NEL exempts ultrasound alone": (
        _nel(lambda f: f["fcp_exemption"].update(modalities=["uss"])),
        "every-rule-can-fire",
    ),
}
"""What somebody might do to a file, and why it is not used."""


def test_there_are_at_least_twenty_ways_to_tamper() -> None:
    """As the issue asks."""
    assert len(TAMPERED) >= 20


def test_both_packaged_pathways_and_the_nation_keep_every_property() -> None:
    """Proved here over every combination, whatever the record says: as `make proofs` does, and no look at fewer."""
    command = [sys.executable, "-m", "cds_service", "pathways", "prove", "--again"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603 - our command
    assert re.findall(r"^(\w+).yaml: \d+ properties hold on all [\d,]{6,} ways", said, re.MULTILINE) == [
        "national",
        "nwl",
        "nel",
    ]


@cache
def first_look(text: str) -> tuple[CounterExample, ...]:
    """What a look at single reasons finds broken."""
    return prove(parse_pathway(text, "own.yaml"), most_reasons=1).broken


@pytest.mark.parametrize("case", TAMPERED)
def test_a_tampered_file_is_caught(case: str) -> None:
    """By the strict model, or by the proof; with the reason."""
    text, reason = TAMPERED[case]
    try:
        said = "\n".join(found.property for found in first_look(text))
    except PathwayFileError as refused:
        said = str(refused)
    assert reason in said


def test_a_broken_property_is_told_by_its_smallest_example() -> None:
    """In plain words, with no fact that does not matter."""
    (text,) = [each.text for each in first_look(TAMPERED["NEL ultrasound redirected"][0]) if "(E1)" in each.says]
    assert "scan uss" in text
    assert "coded reasons none" in text
    assert "-> nel.redirect: redirect" in text


PROPERTY = {each.name: each for each in PROPERTIES}
STRONG = frozenset({Indication.CES_SYMPTOM_STRONG})
_CRAFTED: list[tuple[str, Json, Json]] = [
    ("ces-always-speaks", {"indications": frozenset({Indication.CAUDA_EQUINA})}, {}),
    ("ces-always-speaks", {"indications": STRONG, "body_region": BodyRegion.SACRAL_SPINE}, {}),
    ("ces-always-speaks", {"indications": STRONG | {Indication.BACK_PAIN_OR_SCIATICA}}, {}),
    ("mscc-always-speaks", {"indications": frozenset({Indication.CORD_COMPRESSION}), "oncology": Oncology.PAST}, {}),
    ("mscc-always-speaks", {"indications": frozenset({Indication.CORD_COMPRESSION, Indication.MALIGNANCY})}, {}),
    ("critical-is-for-emergencies", {}, {"indicator": Indicator.CRITICAL}),
    ("red-flag-never-lost", {"indications": frozenset({Indication.SARCOMA})}, {}),
    ("unknown-adds-no-deletion", {"age": None}, {"keep": ()}),
    ("no-delete-without-create", {}, {"keep": (), "proposes_referral": False}),
    (
        "what-may-be-a-red-flag-is-told",
        {"indications": STRONG, "body_region": BodyRegion.CERVICAL_SPINE},
        {"keep": (), "conditional": True},
    ),
    (
        "what-may-be-a-red-flag-is-told",
        {"indications": frozenset({Indication.UNRECOGNISED, Indication.PAIN})},
        {"keep": (KeepScan.REASON_UNKNOWN,), "conditional": False},
    ),
    ("only-a-redirect-is-conditional", {}, {"outcome": Outcome.ONCOLOGY, "conditional": True}),
    (
        "urgent-leads-under-oncology",
        {"indications": frozenset({Indication.URGENT_SAME_DAY})},
        {"outcome": Outcome.ONCOLOGY, "text": TextKey.ONCOLOGY_SUSPICIOUS},
    ),
    ("kept-scans-stay", {"age": 12}, {"keep": ()}),
    ("kept-scans-stay", {"indications": STRONG, "body_region": BodyRegion.LUMBAR_SPINE}, {"keep": ()}),
]


@pytest.mark.parametrize(("name", "facts", "answer"), _CRAFTED, ids=[name for name, _, _ in _CRAFTED])
def test_a_property_finds_what_it_is_for(name: str, facts: Json, answer: Json, routine: Facts) -> None:
    """Each is asked of an answer that rules gone wrong would give, and says that it does not hold."""
    day = NWL.effective
    decision = decide(routine, NWL, day)._replace(**answer)
    read = {**routine._asdict(), **facts}
    assert PROPERTY[name].holds(Case(routine._asdict(), decide(routine, NWL, day), NWL, day))
    assert not PROPERTY[name].holds(Case(read, decision, NWL, day))


def test_a_record_that_is_none_is_refused(tmp_path: Path) -> None:
    """With the mend."""
    (tmp_path / "proofs.json").write_text("[]", encoding="utf-8")
    with pytest.raises(PathwayFileError, match="delete it, and run cds-service pathways prove"):
        read_record(tmp_path)


def test_a_changed_file_is_new(tmp_path: Path) -> None:
    """A remark is enough; what the record names stays proved."""
    nwl, nel = read_pathway_files()
    changed = nwl._replace(text=nwl.text + "# a remark\n")
    assert not_proved([changed, nel], read_record(tmp_path)) == [changed]


def test_an_own_record_counts_beside_the_packaged_one(tmp_path: Path) -> None:
    """A deployment keeps its proofs beside its files."""
    (tmp_path / "proofs.json").write_text(json.dumps({"00": "own 1"}), encoding="utf-8")
    assert "own 1" in read_record(tmp_path).values()


def test_a_file_is_proved_once_in_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is read again whenever any of its files changes, and each proof takes seconds."""
    proved: list[str] = []

    def counted(pathway: Pathway, _on_ways: object) -> Proof:
        proved.append(pathway.id)
        return Proof(1, 1, ())

    monkeypatch.setattr(proof_record, "prove", counted)
    monkeypatch.setattr(proof_record, "_proved_here", set())
    nwl, nel = read_pathway_files()
    changed = nwl._replace(text=nwl.text + "# a remark\n")

    for _ in range(3):
        prove_what_is_new([changed, nel], tmp_path)

    assert proved == ["nwl"]


def test_a_file_that_can_do_harm_is_refused_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was refused once has not become sound by it."""
    broken = CounterExample("kept-scans-stay", "No scan is removed where …", "a case")
    monkeypatch.setattr(proof_record, "prove", lambda *_: Proof(1, 1, (broken,)))
    monkeypatch.setattr(proof_record, "_proved_here", set())
    changed = [file._replace(text=file.text + "# a remark\n") for file in read_pathway_files()]

    for _ in range(2):
        with pytest.raises(UnsafePathwayError, match="can do harm"):
            prove_what_is_new(changed, tmp_path)
