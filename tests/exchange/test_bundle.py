"""The export is sound FHIR R4: valid, bound, whole, and the same each time."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest
from fhir.resources.R4B.bundle import Bundle

from cds_service.exchange.bundle import collection
from cds_service.exchange.facts import FactName
from cds_service.exchange.names import BASE
from cds_service.exchange.terminology import version_with
from cds_service.pathway.facts import RegionId
from cds_service.pathway.loading import load_pathways
from cds_service.pathway.model import Suspension
from cds_service.terminology import load_terminology
from cds_service.terminology.value_set_file import Concept
from cds_service.wiring.exchange import exported_resources
from tests.contract.test_suggested_resources import INTENT, PRIORITY, empty

Json = dict[str, Any]

PUBLICATION = {"draft", "active", "retired", "unknown"}
REQUIRED = {
    ("PlanDefinition", "status"): PUBLICATION,
    ("ActivityDefinition", "status"): PUBLICATION,
    ("Library", "status"): PUBLICATION,
    ("CodeSystem", "status"): PUBLICATION,
    ("ValueSet", "status"): PUBLICATION,
    ("ActivityDefinition", "kind"): {"ServiceRequest"},
    ("ActivityDefinition", "intent"): INTENT,
    ("ActivityDefinition", "priority"): PRIORITY,
    ("CodeSystem", "content"): {"not-present", "example", "fragment", "complete", "supplement"},
    ("action", "priority"): PRIORITY,
    ("action", "groupingBehavior"): {"visual-group", "logical-group", "sentence-group"},
    ("action", "selectionBehavior"): {"any", "all", "all-or-none", "exactly-one", "at-most-one", "one-or-more"},
    ("action", "requiredBehavior"): {"must", "could", "must-unless-documented"},
    ("condition", "kind"): {"applicability", "start", "stop"},
    ("trigger", "type"): {"named-event"},
    ("documentation", "type"): {"documentation", "justification", "citation", "derived-from", "depends-on"},
    ("relatedArtifact", "type"): {"documentation", "justification", "citation", "derived-from", "depends-on"},
    ("telecom", "system"): {"phone", "fax", "email", "pager", "url", "sms", "other"},
    ("parameter", "use"): {"in", "out"},
    ("parameter", "type"): {"code", "boolean", "integer", "date"},
    ("dataRequirement", "type"): {"ServiceRequest"},
}
"""Elements under R4's required bindings, which `fhir.resources` does not enforce, with the codes allowed there."""

CANONICAL_ELEMENTS = {"definitionCanonical", "library", "resource", "valueSet"}


def elements(value: object, parent: str) -> Iterator[tuple[str, str, object]]:
    """Every element below a value: the element that it stands in, its own name, its value."""
    if isinstance(value, list):
        for item in value:
            yield from elements(item, parent)
    if isinstance(value, dict):
        parent = value.get("resourceType", parent)
        for name, member in value.items():
            for one in member if isinstance(member, list) else [member]:
                yield parent, name, one
            yield from elements(member, name)


@pytest.fixture(scope="module")
def found(exported: list[Json]) -> list[tuple[str, str, object]]:
    """Every element of the export."""
    return list(elements(exported, "Bundle"))


def test_the_bundle_is_valid_r4(exported: list[Json]) -> None:
    """By the same models that check the service's referrals, each entry as its own type."""
    bundle = Bundle.model_validate(collection(exported))
    assert len(bundle.entry) == len(exported)


def test_required_bindings_hold(found: list[tuple[str, str, object]]) -> None:
    """Each bound element has a code of its value set, and each of the bindings is met at least once."""
    bound = [(parent, name, value) for parent, name, value in found if (parent, name) in REQUIRED]
    assert [one for one in bound if one[2] not in REQUIRED[one[0], one[1]]] == []
    assert {(parent, name) for parent, name, _ in bound} == set(REQUIRED)


def test_no_element_is_empty(exported: list[Json]) -> None:
    """FHIR has no empty element."""
    assert [one["id"] for one in exported if empty(one)] == []


def test_ids_names_and_addresses_are_well_formed(exported: list[Json]) -> None:
    """By R4's data type `id` and the invariant on names; no two entries have one address."""
    assert [one["id"] for one in exported if not re.fullmatch(r"[A-Za-z0-9.-]{1,64}", one["id"])] == []
    assert [one["name"] for one in exported if not re.fullmatch(r"[A-Z][A-Za-z0-9_]{0,254}", one["name"])] == []
    addresses = [entry["fullUrl"] for entry in collection(exported)["entry"]]
    assert len(set(addresses)) == len(addresses)


def test_every_canonical_resolves_inside_the_bundle(exported: list[Json], found: list[tuple[str, str, object]]) -> None:
    """Each with its version, so that another release beside it is not meant; nothing is a literal reference."""
    known = {f"{one['url']}|{one['version']}" for one in exported}
    named = {str(value) for _, name, value in found if name in CANONICAL_ELEMENTS}
    assert named <= known
    assert len(named) > len(load_terminology().value_sets)
    assert [value for _, name, value in found if name == "reference"] == []


def test_every_code_of_ours_is_in_a_code_system_of_the_bundle(
    exported: list[Json], found: list[tuple[str, str, object]]
) -> None:
    """Rules, outcomes and cards."""
    systems = {one["url"]: one["concept"] for one in exported if one["resourceType"] == "CodeSystem"}
    defined = {(url, concept["code"]) for url, concepts in systems.items() for concept in concepts}
    codings = [value for parent, name, value in found if name == "coding" and isinstance(value, dict)]
    used = {(coding["system"], coding["code"]) for coding in codings if coding["system"].startswith(BASE)}
    assert used <= defined
    assert {system for system, _ in used} == set(systems)


def test_every_value_set_is_exported_as_it_is_packaged(exported: list[Json]) -> None:
    """All of them, in the order of their ids."""
    value_sets = [one for one in exported if one["resourceType"] == "ValueSet"]
    assert {one["url"] for one in value_sets} == {one.url for one in load_terminology().value_sets.values()}
    assert [one["id"] for one in value_sets] == sorted(one["id"] for one in value_sets)


def test_what_a_deployment_adds_stands_in_the_value_sets_that_it_uses(exported: list[Json]) -> None:
    """Under a version of its own, to which the Library points; the other sets are as before."""
    concepts = (
        Concept("http://snomed.info/sct", "404684003", "A finding", provisional=True, sources=("Dr Invented, ward 3",)),
        Concept("http://hl7.org/fhir/sid/icd-10", "M45", "Spondylitis", provisional=False, sources=("A list",)),
    )
    resources = exported_resources(list(load_pathways().values()), {"ind_rheumatology": concepts})
    Bundle.model_validate(collection(resources))
    assert [one["id"] for one in resources if empty(one)] == []
    before, after = ({one["id"]: one for one in every} for every in (exported, resources))
    own = after["ind-rheumatology"]
    codes = {(include["system"], one["code"]) for include in own["compose"]["include"] for one in include["concept"]}
    assert {(one.system, one.code) for one in concepts} < codes
    assert re.fullmatch(rf"{before['ind-rheumatology']['version']}-[0-9a-f]{{8}}", own["version"])
    library = after["msk-imaging-facts"]
    assert f"{own['url']}|{own['version']}" in [artifact["resource"] for artifact in library["relatedArtifact"]]
    assert library["version"] != before["msk-imaging-facts"]["version"]
    test_every_canonical_resolves_inside_the_bundle(resources, list(elements(resources, "Bundle")))
    changed = {name for name in before if before[name] != after[name]}
    assert {name for name in changed if before[name]["resourceType"] == "ValueSet"} == {"ind-rheumatology"}
    assert b"Invented" not in orjson.dumps(resources)


def test_the_same_additions_have_the_same_version_and_others_another() -> None:
    """In whatever order their files give them; a name that changed is another addition."""
    first, second = (
        Concept("http://snomed.info/sct", code, f"Name of {code}", provisional=False, sources=("A test",))
        for code in ("404684003", "404640003")
    )
    renamed = replace(second, display="Another name")
    versions = [version_with("1.0.0", each) for each in ([first, second], [second, first], [first], [first, renamed])]
    assert versions[0] == versions[1]
    assert len({*versions, version_with("1.0.0", [])}) == 4
    assert version_with("1.0.0", []) == "1.0.0"


def test_action_ids_are_unique_in_a_plan(exported: list[Json]) -> None:
    """An engine can name an action."""
    for plan in exported[:3]:
        ids = [value["id"] for _, name, value in elements(plan, "Bundle") if name == "action"]  # type: ignore[index] # an action is an object
        assert len(set(ids)) == len(ids)


def test_expressions_read_exactly_the_facts_that_the_library_documents(
    exported: list[Json], found: list[tuple[str, str, object]]
) -> None:
    """No variable without a parameter, no parameter that nothing reads."""
    (library,) = [one for one in exported if one["resourceType"] == "Library"]
    expressions = [str(value) for _, name, value in found if name == "expression" and isinstance(value, str)]
    read = {name for text in expressions for name in re.findall(r"%(\w+)", text)}
    assert read == {parameter["name"] for parameter in library["parameter"]} == set(FactName)


def test_two_exports_are_the_same_byte_for_byte() -> None:
    """Nothing in it is of the moment, and no set decides an order."""
    first, second = (orjson.dumps(collection(exported_resources(list(load_pathways().values())))) for _ in range(2))
    backwards = orjson.dumps(collection(exported_resources(list(load_pathways().values())[::-1])))
    assert first == second == backwards


def test_metadata_is_the_documents_own(exported: list[Json]) -> None:
    """Version and dates are the file's; an approval date that cannot be right is told, and is no data."""
    nel, nwl = exported[:2]
    assert (nwl["id"], nwl["version"], nwl["effectivePeriod"]) == (
        "msk-imaging-nwl-1.2",
        "1.2",
        {"start": "2025-07-01"},
    )
    assert nwl["extension"][0]["valueDate"] == "2027-01-01"
    assert "approvalDate" not in nwl
    assert "01/01/2027 (printed twice) (implausible)" in nwl["usage"]
    assert "question for the ICB" in nwl["usage"]
    assert "none printed" in nel["usage"]
    assert nwl["contact"] == [{"telecom": [{"system": "email", "value": "nhsnwl.diagnostics@nhs.net"}]}]
    assert nel["endorser"][0]["name"].startswith("Dr ")


def test_a_suspension_is_told_without_the_name_of_who_decided_it() -> None:
    """The export is served to anyone; from when to when, and why, is what an engine's owner needs."""
    suspension = Suspension(by="Invented Owner", reason="the link is wrong", since=date(2026, 11, 2))
    pathway = load_pathways()[RegionId("nwl")].model_copy(update={"suspension": suspension})
    exported = exported_resources([pathway])
    assert "Suspended from 2026-11-02 until further notice: the link is wrong" in exported[0]["usage"]
    assert b"Invented Owner" not in orjson.dumps(exported)


def test_a_plausible_approval_date_is_data() -> None:
    """An ICB that mends its date has it exported."""
    pathway = load_pathways()[RegionId("nwl")]
    approval = pathway.document.approval
    assert approval is not None
    mended = approval.model_copy(update={"status": "plausible", "date": date(2025, 6, 1), "note": None})
    document = pathway.document.model_copy(update={"approval": mended})
    plan = exported_resources([pathway.model_copy(update={"document": document})])[0]
    assert plan["approvalDate"] == "2025-06-01"


def test_a_version_ends_the_day_before_the_next_begins() -> None:
    """R4 counts the end of a Period in."""
    first = load_pathways()[RegionId("nwl")]
    second = first.model_copy(update={"version": "2.0 (draft)", "effective": date(2027, 1, 1)})
    plans = exported_resources([second, first])[:2]
    assert [plan["id"] for plan in plans] == ["msk-imaging-nwl-1.2", "msk-imaging-nwl-2.0-draft"]
    assert plans[0]["url"] == plans[1]["url"]
    assert plans[0]["effectivePeriod"] == {"start": "2025-07-01", "end": "2026-12-31"}


def test_each_rule_names_its_sentences_and_a_lost_link_is_named_without_address(exported: list[Json]) -> None:
    """The source of a rule travels with it."""
    nwl = exported[1]
    (redirect,) = [action for action in nwl["action"] if action["id"] == "in-force.redirect"]
    (lump,) = [action for action in nwl["action"] if action["id"] == "in-force.lump"]
    assert [source["label"] for source in redirect["documentation"]] == ["N2", "N5"]
    assert lump["action"][0]["documentation"][0] == {
        "type": "documentation",
        "label": "N11",
        "display": "NWL soft-tissue lump imaging guidance",
    }


def test_a_removal_is_offered_only_together_with_its_referral(exported: list[Json]) -> None:
    """Fact 6: every action that removes stands in an all-or-none group beside one that creates."""
    groups = [
        action
        for _, name, action in elements(exported, "Bundle")
        if name == "action"
        and isinstance(action, dict)
        and any("remove" in str(part.get("type")) for part in action.get("action", []))
    ]
    assert {group["selectionBehavior"] for group in groups} == {"all-or-none"}
    assert {tuple(part["type"]["coding"][0]["code"] for part in group["action"]) for group in groups} == {
        ("create", "remove")
    }
