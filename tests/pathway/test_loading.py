"""Reading pathway files: the packaged ones, a deployment's own, and what is refused with which words."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from cds_service.pathway.decide import decide
from cds_service.pathway.facts import Facts, RegionId
from cds_service.pathway.loading import (
    NATIONAL,
    PathwayFile,
    PathwayFileError,
    load_pathways,
    parse_pathway,
    read_pathway_files,
)
from cds_service.pathway.outcomes import Caution, Outcome, RuleId, TextKey
from cds_service.pathway.register import PathwayRegister

Json = dict[str, Any]
TODAY = date(2026, 11, 21)
NWL, NEL, THIRD = RegionId("nwl"), RegionId("nel"), RegionId("third")


def third_region(nwl_file: Json) -> Json:
    """A further region's file, modelled on NWL's."""
    footprint = {"name": "Demo region", "sub_icb": ["Z9901"], "legacy_icb": ["Z99"], "boroughs": ["Demo borough"]}
    return {**nwl_file, "id": "third", "title": "Demo region pathway", "footprint": footprint}


def write(folder: Path, name: str, stated: Json) -> None:
    """Write a region's file."""
    (folder / name).write_text(yaml.safe_dump(stated), encoding="utf-8")


def refusal(folder: Path) -> str:
    """The message with which a folder is refused."""
    with pytest.raises(PathwayFileError) as refused:
        load_pathways(folder)
    return str(refused.value)


def test_two_regions_come_with_the_package() -> None:
    """Without a folder, with one that does not exist, and with an empty one."""
    assert list(load_pathways()) == [NWL, NEL]


def test_a_missing_or_empty_folder_leaves_the_packaged_pathways(tmp_path: Path) -> None:
    """A deployment's `pathways/` is optional."""
    assert load_pathways(tmp_path) == load_pathways(tmp_path / "none") == load_pathways()


def test_a_deployments_file_replaces_the_packaged_one(tmp_path: Path, nwl_file: Json) -> None:
    """The whole file, for its region alone."""
    write(tmp_path, "anything.yaml", {**nwl_file, "version": "1.3", "review": date(2028, 1, 1)})
    pathways = load_pathways(tmp_path)

    assert (pathways[NWL].version, pathways[NWL].review) == ("1.3", date(2028, 1, 1))
    assert pathways[NEL] == load_pathways()[NEL]


def test_a_deployments_file_can_add_a_region(tmp_path: Path, nwl_file: Json, routine: Facts) -> None:
    """A third footprint joins the packaged two and speaks for itself."""
    write(tmp_path, "third.yaml", third_region(nwl_file))
    pathways = load_pathways(tmp_path)
    decision = decide(routine._replace(region=THIRD), pathways[THIRD], TODAY)

    assert list(pathways) == [NWL, NEL, THIRD]
    assert PathwayRegister(read_pathway_files(tmp_path)).footprints(TODAY)["Z9901"] == THIRD
    assert (decision.outcome, decision.rule_id) == (Outcome.REDIRECT, "third.redirect")


def test_only_yaml_files_are_read(tmp_path: Path) -> None:
    """A note beside them is no pathway."""
    (tmp_path / "README.md").write_text("Notes of the pathway group", encoding="utf-8")

    assert load_pathways(tmp_path) == load_pathways()


def test_the_pathways_cannot_be_changed() -> None:
    """They are shared by every call."""
    with pytest.raises(TypeError):
        load_pathways()[THIRD] = load_pathways()[NWL]  # type: ignore[index] # that it cannot be set is the point


def test_two_files_for_one_region_are_refused(tmp_path: Path, nwl_file: Json) -> None:
    """Both are named."""
    write(tmp_path, "a.yaml", nwl_file)
    write(tmp_path, "b.yaml", nwl_file)
    message = refusal(tmp_path)

    assert all(words in message for words in ("a.yaml", "b.yaml", "'nwl'", "keep one"))


@pytest.mark.parametrize("code", ["A3A8R", "a3a8r", "QMF"])
def test_a_footprint_code_claimed_twice_is_refused(tmp_path: Path, nwl_file: Json, code: str) -> None:
    """An organisation lies in one region; codes are compared without case, and the file to mend is named."""
    stated = third_region(nwl_file)
    stated["footprint"]["sub_icb"] = [code]
    write(tmp_path, "third.yaml", stated)
    message = refusal(tmp_path)

    assert all(words in message for words in (code, "'nel'", "'third'"))
    assert "third.yaml" in message


def test_a_region_may_take_a_code_that_the_replaced_file_had(tmp_path: Path, nwl_file: Json) -> None:
    """Only the files in use are compared."""
    moved = {**nwl_file, "footprint": {**nwl_file["footprint"], "legacy_icb": []}}
    stated = third_region(nwl_file)
    stated["footprint"]["legacy_icb"] = ["QRV"]
    write(tmp_path, "nwl.yaml", moved)
    write(tmp_path, "third.yaml", stated)

    assert PathwayRegister(read_pathway_files(tmp_path)).footprints(TODAY)["QRV"] == THIRD


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"id: [", "not YAML"),
        (b"- nwl\n", "a pathway file is a mapping that starts with 'id:'"),
        (b"", "a pathway file is a mapping that starts with 'id:'"),
        (b"just words", "a pathway file is a mapping that starts with 'id:'"),
        (b"id: \xff\xfe", "UTF-8"),
        (b"id: nwl\nreview: 2027-02-29\n", "'2027-02-29' is no value (day is out of range for month)"),
        (b"id: nwl\nreview: !!timestamp soon\n", "'soon' is no value"),
    ],
)
def test_a_file_that_is_no_pathway_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    """Broken YAML, another shape, nothing at all, bytes that are no UTF-8, a day that does not exist."""
    (tmp_path / "own.yaml").write_bytes(content)
    message = refusal(tmp_path)

    assert message.startswith("own.yaml: ")
    assert said in message


@pytest.mark.parametrize(("broken", "line"), [("title: [\n", "line 3"), ("title: A\nreview: 2027-02-29\n", "line 3")])
def test_a_broken_line_is_named(tmp_path: Path, broken: str, line: str) -> None:
    """YAML errors keep their line, and so does a day that does not exist."""
    (tmp_path / "own.yaml").write_text(f"id: nwl\n{broken}", encoding="utf-8")

    assert line in refusal(tmp_path)


@pytest.mark.parametrize("doubled", ["adult_from: 18\n", "extra:\n  note: one\n  note: two\n"])
def test_a_key_that_stands_twice_is_refused(tmp_path: Path, nwl_file: Json, doubled: str) -> None:
    """YAML would quietly take the second: two versions of a rule must not hide one another."""
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(nwl_file) + doubled, encoding="utf-8")

    assert "stands twice; keep one" in refusal(tmp_path)


def test_every_fault_of_a_file_is_named_with_its_field(tmp_path: Path, nwl_file: Json) -> None:
    """One start of the service shows them all, a line each."""
    nwl_file["adult_from"] = 12
    nwl_file["rules"]["ces"]["basis"] = "habit"
    nwl_file["document"]["approval"]["status"] = "doubtful"
    write(tmp_path, "own.yaml", nwl_file)
    lines = refusal(tmp_path).splitlines()

    assert [line.split(": ")[:2] for line in lines] == [
        ["own.yaml", "document.approval.status"],
        ["own.yaml", "adult_from"],
        ["own.yaml", "rules.ces.basis"],
    ]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("adult_from", 12, "adult_from: 12 should be greater than or equal to 16; correct it"),
        ("modalitys", ["mri"], "modalitys: is not known here; correct its spelling, or take it out"),
        ("modalities", ["xray"], "modalities.0: 'xray' cannot stand here; write mri or uss"),
        ("modalities", ["other"], "modalities: list mri, uss or both, once each"),
        ("modalities", [], "modalities: what stands there should have at least 1 item after validation, not 0"),
        ("document", "A Name", "document: should be a mapping; correct it"),
        ("modalities", "mri", "modalities: 'mri' should be a list; correct it"),
        ("title", None, "title: nothing should be a valid string; correct it"),
        ("id", "national", "id 'national' means that no region applies; choose another"),
        ("effective", date(2030, 1, 1), "review 2027-01-01 is before effective 2030-01-01: check the two dates"),
        ("rules", {"cess": None}, "rules.cess: is not known here; correct its spelling, or take it out"),
    ],
)
def test_a_fault_says_what_to_write(nwl_file: Json, field: str, value: object, said: str) -> None:
    """File, field, value and mend; nothing is offered that is refused next."""
    with pytest.raises(PathwayFileError) as refused:
        parse_pathway(yaml.safe_dump({**nwl_file, field: value}), "own.yaml")
    assert str(refused.value).splitlines()[0].startswith(f"own.yaml: {said}")
    assert "Value error" not in str(refused.value)
    assert str(refused.value).count("modalities") <= 1


def test_a_field_that_is_missing_is_to_be_added(nwl_file: Json) -> None:
    """In words of ours."""
    del nwl_file["modalities"]
    with pytest.raises(PathwayFileError, match=r"^own\.yaml: modalities: is missing; add it$"):
        parse_pathway(yaml.safe_dump(nwl_file), "own.yaml")


def test_a_regions_texts_are_laid_over_the_national_ones_line_by_line(nwl_file: Json) -> None:
    """What a region does not word itself, down to the lines of one card, it takes from the national file."""
    own = {"summary": "Refer to the demo region's community MSK service instead of {this}"}
    nwl_file["texts"] = {"cards": {"redirect": own}, "cautions": {"past_review": "Ask the demo region."}}
    texts = parse_pathway(yaml.safe_dump(nwl_file), "own.yaml").texts
    national = NATIONAL.texts

    redirect = national.cards[TextKey.REDIRECT].model_copy(update=own)
    past_review = {Caution.PAST_REVIEW: "Ask the demo region."}
    assert texts.cards == {**national.cards, TextKey.REDIRECT: redirect}
    assert texts.cautions == {**national.cautions, **past_review}
    assert (texts.also_coded, texts.kept) == (national.also_coded, national.kept)


@pytest.mark.parametrize("texts", [None, {}, {"cards": {}}])
def test_a_region_without_texts_of_its_own_speaks_in_the_national_ones(nwl_file: Json, texts: object) -> None:
    """Left empty or left out."""
    assert parse_pathway(yaml.safe_dump({**nwl_file, "texts": texts}), "own.yaml").texts == NATIONAL.texts


@pytest.mark.parametrize(
    ("texts", "field"),
    [
        ("our own words", "texts"),
        (["our own words"], "texts"),
        ({"cards": ["our own words"]}, "texts.cards"),
        ({"cards": {"redirect": None}}, "texts.cards.redirect"),
        ({"cards": {"farewell": {"summary": "Goodbye", "do": ["Go."]}}}, "texts.cards.farewell"),
        ({"headings": {}}, "texts.headings"),
        ({"cautions": {"past_review": ""}}, "texts.cautions.past_review"),
    ],
)
def test_texts_that_could_not_be_used_are_refused(nwl_file: Json, texts: object, field: str) -> None:
    """Nothing that a region wrote is dropped without a word."""
    with pytest.raises(PathwayFileError, match=field):
        parse_pathway(yaml.safe_dump({**nwl_file, "texts": texts}), "own.yaml")


def test_footprints_are_found_by_code_in_capitals(nwl_file: Json) -> None:
    """Sub-ICB locations and legacy ICB codes of both regions, and nothing wider."""
    assert PathwayRegister.load().footprints(TODAY) == {"W2U3Z": NWL, "QRV": NWL, "A3A8R": NEL, "QMF": NEL}

    nwl_file["footprint"]["sub_icb"] = ["w2u3z"]
    own = parse_pathway(yaml.safe_dump(nwl_file), "own.yaml")
    assert PathwayRegister([PathwayFile("own.yaml", "", own, packaged=False)]).footprints(TODAY)["W2U3Z"] == NWL


def test_the_national_fallback_is_always_in_force() -> None:
    """It has no dates that could end it."""
    assert NATIONAL.id == "national"
    assert not {"effective", "review"} & set(type(NATIONAL).model_fields)
    assert RuleId.CES in NATIONAL.rules
