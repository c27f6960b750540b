from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.pathway import facts
from cds_service.terminology import ProcedureConcept, Terminology, ValueSetError, load_terminology, value_sets
from cds_service.terminology.additions import additions_file
from cds_service.terminology.value_set_file import Concept, ValueSet
from cds_service.terminology.value_sets import build_terminology, packaged_value_sets
from cds_service.terminology.vocabulary import (
    BODY_REGIONS,
    MODALITIES,
    MSK_REGIONS,
    REQUESTER_CATEGORIES,
    SNOMED,
    SPINE_AND_MORE,
    SPINE_REGIONS,
)

SPECIALTY = "https://fhir.hl7.org.uk/CodeSystem/UKCore-PracticeSettingCode"
TREATMENT = "https://fhir.nhs.uk/CodeSystem/NHSDataModelAndDictionary-treatment-function"
SDS_SYSTEMS = [
    "https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode",
    "https://fhir.hl7.org.uk/CodeSystem/UKCore-SDSJobRoleName",
    "https://fhir.nhs.uk/R4/CodeSystem/UKCore-SDSJobRoleName",
]

# docs/outcomes.md, "What a coded reason means", and the sets that tell of cancer and its care.
GROUPS_WITH_A_MEANING = {
    "ind_cauda_equina",
    "ind_ces_symptom_strong",
    "ind_ces_symptom_weak",
    "ind_red_flag_symptom",
    "ind_cord_compression",
    "metastasis",
    "ind_sarcoma",
    "ind_suspected_cancer",
    "suspected_cancer_clinic",
    "malignancy",
    "malignancy_remission",
    "ind_suspicious_pain",
    "ind_urgent_same_day",
    "ind_urgent",
    "ind_rheumatology",
    "ind_soft_tissue_lump",
    "ind_pain",
    "ind_benign_cause",
    "back_pain_or_sciatica",
    "oncology_care",
    "haematology_care",
    "haematological_malignancy",
}


def a_role(code: str, category: str) -> Concept:
    """Build an SDS job role."""
    return Concept(SDS_SYSTEMS[1], code, "A role", provisional=False, sources=("x",), requester_category=category)


def a_scan(region: str) -> Concept:
    """Build a scan whose code is always the same."""
    return Concept(SNOMED, "241641004", "A scan", provisional=False, sources=("x",), modality="mri", body_region=region)


def sets_of(*concepts: Concept) -> list[ValueSet]:
    """Put each concept into a value set of its own."""
    return [ValueSet(f"set_{place}", "url", "A set", (concept,)) for place, concept in enumerate(concepts)]


def test_the_words_of_modality_and_region_are_those_of_the_facts() -> None:
    """Terminology answers in the pathway's own vocabulary, no word more and none less."""
    assert set(facts.Modality) == MODALITIES
    assert set(facts.BodyRegion) == BODY_REGIONS | {SPINE_AND_MORE}


def test_the_spine_is_the_same_spine_as_in_the_facts() -> None:
    """Both rooms agree on what a spine order images."""
    assert SPINE_REGIONS | {SPINE_AND_MORE} == facts.SPINE_REGIONS


def test_the_value_sets_are_read_once() -> None:
    """Loading again gives the same object, not a second reading."""
    assert load_terminology() is load_terminology()


def test_every_group_of_the_design_exists(terminology: Terminology) -> None:
    """Each group that gives an order a meaning has a value set."""
    assert GROUPS_WITH_A_MEANING - terminology.value_sets.keys() == set()


@pytest.mark.parametrize(
    ("code", "groups"),
    [
        ("192970008", {"ind_cauda_equina"}),
        ("12454008", {"ind_cauda_equina"}),
        ("267064002", {"ind_ces_symptom_strong"}),
        ("165232002", {"ind_ces_symptom_weak"}),
        ("71286001", {"ind_cord_compression"}),
        ("94222008", {"metastasis"}),
        ("424413001", {"ind_sarcoma"}),
        ("162572001", {"ind_suspected_cancer"}),
        ("382761000000101", {"suspected_cancer_clinic"}),
        ("363346000", {"malignancy"}),
        ("109989006", {"malignancy", "haematological_malignancy"}),
        ("94704006", {"malignancy_remission", "haematological_malignancy"}),
        ("428281000", {"malignancy"}),
        ("12584003", {"ind_suspicious_pain"}),
        ("2304001", {"ind_urgent_same_day"}),
        ("429513001", {"ind_urgent"}),
        ("9631008", {"ind_rheumatology"}),
        ("444905003", {"ind_soft_tissue_lump"}),
        ("30989003", {"ind_pain"}),
        ("279039007", {"ind_pain", "back_pain_or_sciatica"}),
        ("23056005", {"ind_pain", "back_pain_or_sciatica"}),
        ("81680005", {"ind_pain"}),
        ("54404000", {"ind_pain"}),
        ("239720000", {"ind_benign_cause"}),
        ("363679005", {"imaging_parent", "servicerequest_category"}),
        ("999999999", set()),
    ],
)
def test_a_code_stands_in_its_groups(terminology: Terminology, code: str, groups: set[str]) -> None:
    """Membership is by the listed code alone."""
    assert terminology.groups(SNOMED, code) == groups


def test_white_space_around_a_code_is_no_difference(terminology: Terminology) -> None:
    """A padded code is the same code, in every question."""
    assert terminology.groups(SNOMED, " 192970008\n") == {"ind_cauda_equina"}
    assert terminology.procedure(SNOMED, " 241641004 ") == terminology.procedure(SNOMED, "241641004")
    assert terminology.requester_category(SDS_SYSTEMS[0], " R0260 ") == "gp"


SNOMED_BY_ANOTHER_NAME = [
    "http://snomed.info/sct/",
    "https://snomed.info/sct",
    "http://snomed.info/sct/83821000000107",
    "http://snomed.info/sct/83821000000107/version/20260401",
    "urn:oid:2.16.840.1.113883.6.96",
    "URN:OID:2.16.840.1.113883.6.96",
    "2.16.840.1.113883.6.96",
    "urn:oid:2.16.840.1.113883.2.1.3.2.4.15",
]


@pytest.mark.parametrize("system", SNOMED_BY_ANOTHER_NAME)
def test_snomed_ct_by_another_of_its_names_is_snomed_ct(terminology: Terminology, system: str) -> None:
    """An edition, a version or an OID names the same concepts, in every question."""
    assert terminology.groups(system, "192970008") == {"ind_cauda_equina"}
    assert terminology.procedure(system, "241641004") == terminology.procedure(SNOMED, "241641004") is not None
    assert terminology.display(system, "192970008") == terminology.display(SNOMED, "192970008") is not None
    assert terminology.is_oncology_service(system, "892571000000101")


def test_a_code_with_its_term_is_the_code(terminology: Terminology) -> None:
    """As SNOMED CT's grammar writes a concept alone; an expression of several is another thing."""
    assert terminology.groups(SNOMED, " 192970008 |Cauda equina syndrome| ") == {"ind_cauda_equina"}
    assert terminology.groups(SNOMED, "192970008 |Cauda equina syndrome| : 363698007 = 7569003") == frozenset()


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("http://snomed.info/id", "192970008"),
        ("http://snomed.info/sct/x", "192970008"),
        ("http://snomed.info/sctx", "192970008"),
        ("2.16.840.1.113883.6.961", "192970008"),
        ("", "192970008"),
        (SNOMED, "192 970008"),
    ],
)
def test_nothing_else_is_mended(terminology: Terminology, system: str, code: str) -> None:
    """A system that is another, or white space inside a code, is not guessed at."""
    assert terminology.groups(system, code) == frozenset()


@given(st.text(), st.text())
def test_any_system_and_code_may_be_asked(system: str, code: str) -> None:
    """Whatever an order holds, the answer is a set, never an error."""
    assert isinstance(load_terminology().groups(system, code), frozenset)
    load_terminology().procedure(system, code)
    load_terminology().requester_category(system, code)


def test_knee_mri_is_known(terminology: Terminology) -> None:
    """The code that most orders carry is read with modality and region."""
    assert terminology.procedure(SNOMED, "241641004") == ProcedureConcept(
        modality="mri", body_region="knee", display="Magnetic resonance imaging of knee", provisional=False
    )


@pytest.mark.parametrize(
    ("code", "modality", "region"),
    [
        ("394451000119106", "mri", "lumbar-spine"),
        ("726546000", "mri", "lumbar-spine"),
        ("433141005", "mri", "lumbar-spine"),
        ("411571000119106", "mri", "thoracolumbar-spine"),
        ("411611000119102", "mri", "whole-spine"),
        ("241645008", "mri", "spine"),
        ("713206003", "mri", "spine"),
        ("388321000119101", "mri", "sacral-spine"),
        ("1332285003", "mri", "sacroiliac-joint"),
        ("432878002", "mri", "shoulder"),
        ("709526000", "mri", "shoulder"),
        ("709502002", "mri", "chest-wall"),
        ("1289996000", "mri", "hand"),
        ("113109007", "mri", "lower-limb"),
        ("449921006", "uss", "upper-limb"),
        ("426903000", "uss", "hip"),
        ("816077007", "mri", "not-msk"),
        ("391077008", "uss", "not-msk"),
        ("241453007", "uss", "not-msk"),
        ("396161000119106", "mri", "unknown"),
        ("241618007", "mri", "unknown"),
        ("113091000", "mri", "unknown"),
        ("16310003", "uss", "unknown"),
        ("3457005", "other", "not-msk"),
        ("308461008", "other", "not-msk"),
    ],
)
def test_a_procedure_is_read_by_its_code(terminology: Terminology, code: str, modality: str, region: str) -> None:
    """Scans have a region, other scans are known as not MSK, and a referral is never a scan."""
    procedure = terminology.procedure(SNOMED, code)
    assert procedure is not None
    assert (procedure.modality, procedure.body_region) == (modality, region)


def test_a_provisional_procedure_is_switched_on_and_says_so(terminology: Terminology) -> None:
    """MRI of lumbar spine works, marked as unconfirmed."""
    assert terminology.procedure(SNOMED, "241648005") == ProcedureConcept(
        modality="mri", body_region="lumbar-spine", display="MRI of lumbar spine", provisional=True
    )


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("http://www.ama-assn.org/go/cpt", "73721"),  # comes from a site's catalogue
        (SNOMED, "363679005"),  # a category
        (SNOMED, "278292003"),  # an attribute value
        (SNOMED, "999001111000000105"),  # a reference set
        (SNOMED, "113091000000109"),  # starts like MRI and is a visit
        (SNOMED, "192970008"),  # a disorder
    ],
)
def test_what_is_no_listed_procedure_is_not_classified(terminology: Terminology, system: str, code: str) -> None:
    """Categories, helper concepts, prefixes and other systems give no procedure."""
    assert terminology.procedure(system, code) is None


def test_every_msk_imaging_code_has_an_msk_region(
    terminology: Terminology, packaged: dict[str, dict[str, Any]]
) -> None:
    """A code in an MSK set has a region of its own, one outside has none."""
    regions = {
        name: {
            procedure.body_region
            for include in packaged[name]["compose"]["include"]
            for concept in include["concept"]
            if (procedure := terminology.procedure(include["system"], concept["code"]))
        }
        for name in packaged
        if name.startswith(("imaging", "referral"))
    }
    msk = {"imaging-msk-mri", "imaging-msk-mri-provisional", "imaging-msk-us"}
    assert set().union(*(regions[name] for name in msk)) <= MSK_REGIONS
    assert {name: found for name, found in regions.items() if name not in msk} == {
        "imaging-non-msk": {"not-msk"},
        "imaging-ambiguous": {"unknown"},
        "imaging-parent": {"unknown"},
        "referral-target": {"not-msk"},
    }


@pytest.mark.parametrize("system", SDS_SYSTEMS)
@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("R0260", "gp"),
        ("S0260:G0260:R0260", "gp"),
        ("R9806", "first-contact-physiotherapist"),
        ("R1110", "physiotherapist"),
        ("R0600", "nurse"),
        ("R8001", "nurse"),
        ("R1070", "paramedic"),
        ("R0750", "podiatrist"),
        ("R9813", "physician-associate"),
        ("R1290", "pharmacist"),
        ("R0950", "occupational-therapist"),
        ("R1390", "osteopath"),
        ("E1001", "advanced-practitioner"),
        ("R0050", "hospital-doctor"),
        ("R1190", "radiology"),
        ("R8000", "unknown"),
        ("S8000:G8000:R8000", "unknown"),
        ("R8003", "unknown"),
        ("R9999", None),
        ("", None),
    ],
)
def test_an_sds_role_is_read_under_each_of_its_systems(
    terminology: Terminology, system: str, code: str, category: str | None
) -> None:
    """Current, retired and older system mean the same role, bare or composite."""
    assert terminology.requester_category(system, code) == category


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("62247001", "gp"),
        ("309401003", "physiotherapist"),
        ("3842006", "chiropractor"),
        ("22731001", "hospital-doctor"),
        ("309295000", "hospital-doctor"),
        ("224552008", "nurse"),
        ("66862007", "radiology"),
        ("30989003", None),
    ],
)
def test_a_snomed_role_is_read(terminology: Terminology, code: str, category: str | None) -> None:
    """A GP-based physiotherapist is a physiotherapist: no SNOMED role means First Contact Practitioner."""
    assert terminology.requester_category(SNOMED, code) == category


def test_every_role_has_a_category(terminology: Terminology, packaged: dict[str, dict[str, Any]]) -> None:
    """No role in a role set was forgotten, and every category is used."""
    categories = {
        terminology.requester_category(include["system"], concept["code"])
        for name in ("role-sds", "role-sds-current-system", "role-snomed")
        for include in packaged[name]["compose"]["include"]
        for concept in include["concept"]
    }
    assert categories == REQUESTER_CATEGORIES


@pytest.mark.parametrize(
    ("system", "code", "oncology", "haematology"),
    [
        (SNOMED, "892571000000101", True, False),
        (SNOMED, "185270007", True, False),
        (SNOMED, "708196005", False, True),
        (SPECIALTY, "370", True, False),
        (SPECIALTY, "800", True, False),
        (SPECIALTY, "303", False, True),
        (SPECIALTY, "823", False, True),
        (SPECIALTY, "503", False, False),
        (SPECIALTY, "110", False, False),
        (TREATMENT, "370", True, False),
        (TREATMENT, "800", True, False),
        (TREATMENT, "503", True, False),
        (TREATMENT, "260", True, False),
        (TREATMENT, "303", False, True),
        (TREATMENT, "253", False, True),
        (TREATMENT, "308", False, True),
        (TREATMENT, "823", False, False),
        (TREATMENT, "110", False, False),
        (SNOMED, "382761000000101", False, False),
    ],
)
def test_services_of_oncology_and_haematology(
    terminology: Terminology, system: str, code: str, oncology: bool, haematology: bool
) -> None:
    """Each system has its own numbers; a suspected cancer clinic is not oncology care."""
    assert terminology.is_oncology_service(system, code) is oncology
    assert terminology.is_haematology_service(system, code) is haematology


def test_a_value_set_is_summed_up(terminology: Terminology) -> None:
    """Name, title, URL and counts are there for documentation and commands."""
    summary = terminology.value_sets["imaging_msk_mri_provisional"]
    assert (summary.name, summary.title, summary.count, summary.provisional) == (
        "imaging_msk_mri_provisional",
        "MSK MRI, provisional",
        6,
        6,
    )
    assert summary.url == "https://cds-service.example/fhir/ValueSet/imaging-msk-mri-provisional"


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_package_without_its_data_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """No value set at all is an error, never a service that knows no red flag."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(value_sets, "PACKAGED", tmp_path / name)
    with pytest.raises(ValueSetError, match=f"{name} holds no value set. Install the package again"):
        packaged_value_sets.__wrapped__()


def an_addition(folder: Path, name: str, *codes: str) -> Path:
    """A file of a deployment that adds SNOMED CT codes to a packaged set."""
    packaged = next(one for one in packaged_value_sets() if one.group == name.replace("-", "_"))
    text = additions_file(packaged, None, {code: f"Name of {code}" for code in codes}, "A test", date(2026, 11, 29))
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(text, "utf-8")
    return path


def test_what_lies_beside_the_additions_is_not_looked_at(tmp_path: Path) -> None:
    """A mounted ConfigMap keeps its files in `..data` and links to them; git and editors leave files of their own."""
    assert load_terminology(tmp_path) is load_terminology()
    kept = an_addition(tmp_path / "..2026_11_29", "ind-rheumatology", "404684003")
    (tmp_path / "..data").symlink_to(kept.parent, target_is_directory=True)
    (tmp_path / kept.name).symlink_to(Path("..data") / kept.name)
    for name in (".gitkeep", "README.md", ".ind-urgent.json.x7", ".#ind-urgent.json", "ind-urgent.json~"):
        (tmp_path / name).write_text("no value set", "utf-8")
    assert load_terminology(tmp_path).groups("http://snomed.info/sct", "404684003") == {"ind_rheumatology"}


def test_additions_are_told_apart_from_what_is_packaged(tmp_path: Path) -> None:
    """A code that the packaged set has is none, and a set to which nothing is added is not named."""
    known = next(one for one in packaged_value_sets() if one.group == "ind_urgent").concepts[0].code
    an_addition(tmp_path, "ind-rheumatology", "404684003")
    an_addition(tmp_path, "ind-urgent", known)
    (added,) = load_terminology(tmp_path).additions.items()
    assert (added[0], [concept.code for concept in added[1]]) == ("ind_rheumatology", ["404684003"])
    assert load_terminology().additions == {}


def test_an_addition_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """As what is wrong with the folder, which a running service refuses."""
    (tmp_path / "ind-urgent.json").mkdir()
    with pytest.raises(ValueSetError, match=r"ind-urgent\.json: cannot be read \(Is a directory\)"):
        load_terminology(tmp_path)


def test_a_code_of_a_part_stands_in_its_whole(tmp_path: Path) -> None:
    """A lymphoma that is no malignancy would be no cancer: who has one would be redirected."""
    an_addition(tmp_path, "haematological-malignancy", "404684003")
    said = "'404684003' stands in haematological_malignancy and not in malignancy or malignancy_remission"
    with pytest.raises(ValueSetError, match=rf"{said}.* Add it to malignancy\.json of the additions as well"):
        load_terminology(tmp_path)
    an_addition(tmp_path, "malignancy", "404684003")
    known = load_terminology(tmp_path).groups("http://snomed.info/sct", "404684003")
    assert known == {"haematological_malignancy", "malignancy"}


def test_one_code_as_two_procedures_is_refused() -> None:
    """Two sets that disagree on what a code images stop the start."""
    with pytest.raises(ValueSetError, match=r"'241641004' of .* is two different procedures"):
        build_terminology(sets_of(a_scan("knee"), a_scan("hip")))


def test_one_role_in_two_categories_is_refused() -> None:
    """A composite code and its bare role must agree."""
    with pytest.raises(ValueSetError, match=r"'S1:G1:R0260' of .* has two requester categories"):
        build_terminology(sets_of(a_role("R0260", "gp"), a_role("S1:G1:R0260", "nurse")))
