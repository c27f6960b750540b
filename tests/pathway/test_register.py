"""Versions of a region's pathway side by side: which is in force, and what is refused."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from cds_service.pathway.decide import decide
from cds_service.pathway.facts import Facts, Indication, RegionId
from cds_service.pathway.loading import PathwayFileError, packaged_file, packaged_path
from cds_service.pathway.outcomes import Outcome
from cds_service.pathway.register import PathwayRegister, seal_of

Json = dict[str, Any]
NWL = RegionId("nwl")
Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, nwl_file: Json) -> Write:
    """Writes a version of NWL's file; a later one names the one before it unless told otherwise."""

    def one(version: str, effective: str, **stated: object) -> None:
        folder = tmp_path / "pathways"
        folder.mkdir(exist_ok=True)
        before = sorted(folder.glob("*.yaml"))
        if before and "supersedes" not in stated:
            stated["supersedes"] = seal_of(PathwayRegister.load(tmp_path).versions(NWL)[-1]).model_dump()
        text = yaml.safe_dump({**nwl_file, "version": version, "effective": effective, **stated})
        (folder / f"nwl-{version}.yaml").write_text(text, encoding="utf-8")

    return one


def refusal(folder: Path) -> str:
    """The message with which a folder is refused."""
    with pytest.raises(PathwayFileError) as refused:
        PathwayRegister.load(folder)
    return str(refused.value)


def version_on(folder: Path, day: str) -> str:
    """The version that orders of a day are held against."""
    return PathwayRegister.load(folder).in_force(date.fromisoformat(day))[NWL].version


def test_the_packaged_pathways_are_there_without_a_folder() -> None:
    """One version of each region."""
    register = PathwayRegister.load()
    assert register.regions == {"nwl", "nel"}
    assert register.footprints(date(2026, 11, 21)) == {"W2U3Z": "nwl", "QRV": "nwl", "A3A8R": "nel", "QMF": "nel"}
    assert [file.packaged for file in register.files] == [True, True]


def test_the_latest_version_that_has_begun_is_in_force(tmp_path: Path, write: Write) -> None:
    """The old one speaks to the last day before the new one."""
    write("1.2", "2025-07-01")
    write("1.3", "2026-10-01")
    assert [version_on(tmp_path, day) for day in ("2025-06-30", "2026-09-30", "2026-10-01")] == ["1.2", "1.2", "1.3"]


def test_a_day_is_answered_the_same_each_time(tmp_path: Path, write: Write) -> None:
    """Also when another day was asked in between."""
    write("1.2", "2025-07-01")
    write("1.3", "2026-10-01")
    register = PathwayRegister.load(tmp_path)
    days = [date(2026, 9, 30), date(2026, 10, 1), date(2026, 9, 30)]
    assert [register.in_force(day)[NWL].version for day in days] == ["1.2", "1.3", "1.2"]


def test_a_gap_leaves_the_nation_to_speak(tmp_path: Path, write: Write, routine: Facts) -> None:
    """Between two versions a routine order is not effective, and a coded cauda equina syndrome still critical."""
    write("1.2", "2025-07-01", until="2026-06-30")
    write("1.3", "2026-10-01")
    register = PathwayRegister.load(tmp_path)
    assert [gap[1:] for gap in register.gaps()] == [(date(2026, 7, 1), date(2026, 9, 30))]
    day = date(2026, 8, 1)
    red_flag = routine._replace(indications=frozenset({Indication.CAUDA_EQUINA}))
    outcomes = [decide(facts, register.in_force(day)[NWL], day).outcome for facts in (routine, red_flag)]
    assert outcomes == [Outcome.NOT_EFFECTIVE, Outcome.CES]


def test_versions_that_overlap_are_refused(tmp_path: Path, write: Write) -> None:
    """The message names both files, the day and the mend."""
    write("1.2", "2025-07-01", until="2026-10-01")
    write("1.3", "2026-10-01")
    assert "nwl-1.2.yaml: until 2026-10-01 overlaps nwl-1.3.yaml, effective 2026-10-01" in refusal(tmp_path)


@pytest.mark.parametrize(("version", "effective"), [("1.3", "2025-07-01"), ("1.2", "2026-10-01")])
def test_two_versions_of_one_day_or_number_are_refused(
    tmp_path: Path, write: Write, version: str, effective: str
) -> None:
    """Which of them would speak could not be told."""
    write("1.2", "2025-07-01")
    text = (tmp_path / "pathways" / "nwl-1.2.yaml").read_text("utf-8")
    changed = {**yaml.safe_load(text), "version": version, "effective": effective}
    (tmp_path / "pathways" / "other.yaml").write_text(yaml.safe_dump(changed), encoding="utf-8")
    assert "versions have numbers and days of their own" in refusal(tmp_path)


def test_an_earlier_version_that_was_changed_is_refused(tmp_path: Path, write: Write) -> None:
    """One letter is enough; the message says how the file is sealed."""
    write("1.2", "2025-07-01")
    write("1.3", "2026-10-01")
    path = tmp_path / "pathways" / "nwl-1.2.yaml"
    path.write_text(path.read_text("utf-8") + "# a remark\n", encoding="utf-8")
    assert "if it was changed, put it back" in refusal(tmp_path)


def test_an_earlier_version_that_was_taken_away_is_refused(tmp_path: Path, write: Write) -> None:
    """The log has rows that it explains."""
    write("1.2", "2025-07-01")
    write("1.3", "2026-10-01")
    (tmp_path / "pathways" / "nwl-1.2.yaml").unlink()
    assert "version 1.2 is not in the folder; put its file back" in refusal(tmp_path)


def test_a_later_version_has_to_name_the_one_before_it(tmp_path: Path, write: Write) -> None:
    """The message has the line to write."""
    write("1.2", "2025-07-01")
    write("1.3", "2026-10-01", supersedes=None)
    seal = refusal(tmp_path)
    assert 'write supersedes: {version: "1.2", sha256: ' in seal


def test_a_file_that_begins_later_than_the_packaged_one_is_told_how_to_keep_it_until_then(
    tmp_path: Path, write: Write
) -> None:
    """It takes its place at once; doing what is said puts both in force, each on its days."""
    packaged = packaged_file(NWL)
    assert packaged is not None
    copying = f"copy the packaged file {packaged_path(packaged)}, byte for byte, into the folder as nwl-1.2.yaml"
    today = date(2026, 11, 29)
    write("1.3", "2026-12-01")
    said = PathwayRegister.load(tmp_path).silent(today)[NWL]
    assert "nwl-1.3.yaml takes the place of the packaged version 1.2" in said
    assert copying in said
    seal = yaml.safe_load(said[said.index("{version") : said.index(" into nwl-1.3.yaml")])
    write("1.3", "2026-12-01", supersedes=seal)
    assert f"nwl-1.3.yaml: supersedes: version 1.2 is not in the folder; {copying}" in refusal(tmp_path)
    (tmp_path / "pathways" / "nwl-1.2.yaml").write_bytes(Path(packaged_path(packaged)).read_bytes())
    assert [version_on(tmp_path, day) for day in ("2026-11-30", "2026-12-01")] == ["1.2", "1.3"]
    assert PathwayRegister.load(tmp_path).silent(today) == {}


def test_the_name_to_copy_a_packaged_file_to_is_never_that_of_the_file_it_goes_before(
    tmp_path: Path, write: Write
) -> None:
    """Copied over it, the region's own text would be lost."""
    write("1.2", "2026-12-01")
    said = PathwayRegister.load(tmp_path).silent(date(2026, 11, 29))[NWL]
    assert "into the folder as packaged-nwl-1.2.yaml" in said


def test_a_file_that_begins_with_the_packaged_one_takes_its_place(tmp_path: Path, write: Write) -> None:
    """A region's own text of the same version, for example with the links of its area."""
    write("1.2", "2025-07-01", title="Own")
    assert PathwayRegister.load(tmp_path).in_force(date(2026, 8, 1))[NWL].title == "Own"


def footprint(*sub_icb: str) -> Json:
    """A footprint of invented codes."""
    return {"name": "Invented", "sub_icb": [*sub_icb], "legacy_icb": [], "boroughs": ["Invented"]}


def regions_on(folder: Path, day: str) -> dict[str, str]:
    """The region of each invented code on a day."""
    footprints = PathwayRegister.load(folder).footprints(date.fromisoformat(day))
    return {code: region for code, region in footprints.items() if code.startswith("Z99")}


def test_a_footprint_is_that_of_the_version_of_the_day(tmp_path: Path, write: Write) -> None:
    """A version that takes in another area maps it from its first day, and not as soon as it is filed."""
    write("1.2", "2025-07-01", footprint=footprint("Z9901"))
    write("1.3", "2026-10-01", footprint=footprint("Z9901", "Z9902"))
    assert [regions_on(tmp_path, day) for day in ("2026-09-30", "2026-10-01")] == [
        {"Z9901": "nwl"},
        {"Z9901": "nwl", "Z9902": "nwl"},
    ]


@pytest.fixture
def third(tmp_path: Path, nwl_file: Json) -> Callable[..., None]:
    """Writes the only version of a third region."""

    def one(effective: str, *sub_icb: str) -> None:
        stated = {**nwl_file, "id": "third", "effective": effective, "footprint": footprint(*sub_icb)}
        (tmp_path / "pathways" / "third.yaml").write_text(yaml.safe_dump(stated), encoding="utf-8")

    return one


def test_an_area_can_move_from_one_region_to_another(tmp_path: Path, write: Write, third: Callable[..., None]) -> None:
    """On one day: the old region gives it up in the version with which the new one begins."""
    write("1.2", "2025-07-01", footprint=footprint("Z9901", "Z9902"))
    write("1.3", "2026-10-01", footprint=footprint("Z9901"))
    third("2026-10-01", "Z9902")
    assert [regions_on(tmp_path, day)["Z9902"] for day in ("2026-09-30", "2026-10-01")] == ["nwl", "third"]


def test_two_regions_never_hold_one_area_on_one_day(tmp_path: Path, write: Write, third: Callable[..., None]) -> None:
    """One day is enough."""
    write("1.2", "2025-07-01", footprint=footprint("Z9901", "Z9902"))
    write("1.3", "2026-10-01", footprint=footprint("Z9901"))
    third("2026-09-30", "Z9902")
    assert "code Z9902 is claimed by" in refusal(tmp_path)


def test_a_region_holds_its_area_before_it_begins_and_after_it_ends(
    tmp_path: Path, write: Write, third: Callable[..., None]
) -> None:
    """So that its orders are told as out of force and not as outside; another region in force goes first."""
    write("1.2", "2025-07-01", until="2026-06-30", footprint=footprint("Z9901", "Z9902"))
    third("2026-10-01", "Z9902", "Z9903")
    both = {"Z9901": "nwl", "Z9902": "nwl", "Z9903": "third"}
    assert regions_on(tmp_path, "2026-06-30") == regions_on(tmp_path, "2025-06-30") == both
    assert regions_on(tmp_path, "2026-10-01") == {**both, "Z9902": "third"}


def suspend(folder: Path, **stated: str) -> None:
    """Suspends NWL in a configuration folder."""
    suspension = {"by": "A Name", "reason": "wrong link", "since": "2026-08-01", **stated}
    (folder / "suspensions.yaml").write_text(yaml.safe_dump({"nwl": suspension}), encoding="utf-8")


def test_a_suspension_never_silences_a_red_flag_emergency(tmp_path: Path, write: Write, routine: Facts) -> None:
    """While it lasts CES and MSCC speak nationally; before and after, the pathway speaks."""
    write("1.2", "2025-07-01")
    suspend(tmp_path, until="2026-08-31")
    pathway = PathwayRegister.load(tmp_path).in_force(date(2026, 8, 1))[NWL]
    emergency = routine._replace(indications=frozenset({Indication.CAUDA_EQUINA}))
    said = {day: decide(routine, pathway, date(2026, *day)).outcome for day in ((7, 31), (8, 1), (8, 31), (9, 1))}
    assert list(said.values()) == [
        Outcome.REDIRECT,
        Outcome.NOT_EFFECTIVE,
        Outcome.NOT_EFFECTIVE,
        Outcome.REDIRECT,
    ]
    decision = decide(emergency, pathway, date(2026, 8, 15))
    assert (decision.outcome, decision.speaker) == (Outcome.CES, "national")


def test_a_suspension_outlasts_a_version_and_touches_no_seal(tmp_path: Path, write: Write, routine: Facts) -> None:
    """The next version was filed before, and begins while the region is suspended: it does not speak either."""
    write("1.2", "2025-07-01")
    write("1.3", "2026-10-01")
    suspend(tmp_path)
    register = PathwayRegister.load(tmp_path)
    days = date(2026, 7, 31), date(2026, 9, 30), date(2026, 10, 1)
    outcomes = [decide(routine, register.in_force(day)[NWL], day).outcome for day in days]
    assert outcomes == [Outcome.REDIRECT, Outcome.NOT_EFFECTIVE, Outcome.NOT_EFFECTIVE]


@pytest.mark.parametrize(
    ("stated", "versions"),
    [
        ({"since": "2026-09-30"}, ["1.2", "1.3"]),
        ({"since": "2026-10-01"}, ["1.3"]),
        ({"since": "2026-09-01", "until": "2026-09-30"}, ["1.2"]),
    ],
)
def test_a_suspension_is_told_of_the_versions_on_whose_days_it_falls(
    tmp_path: Path, write: Write, stated: dict[str, str], versions: list[str]
) -> None:
    """Pages list every version: one that was over before was not suspended."""
    write("1.2", "2025-07-01")
    write("1.3", "2026-10-01")
    suspend(tmp_path, **stated)
    found = [file.pathway for file in PathwayRegister.load(tmp_path).versions(NWL)]
    assert [pathway.version for pathway in found if pathway.suspension is not None] == versions


def test_a_packaged_pathway_can_be_suspended(tmp_path: Path) -> None:
    """Without a file of the deployment's own; the other region goes on."""
    suspend(tmp_path)
    day = date(2026, 8, 1)
    in_force = PathwayRegister.load(tmp_path).in_force(day)
    assert {region: pathway.is_effective(day) for region, pathway in in_force.items()} == {"nwl": False, "nel": True}


@pytest.mark.parametrize("left_out", ["by", "reason", "since"])
def test_a_suspension_without_name_reason_or_day_is_refused(tmp_path: Path, left_out: str) -> None:
    """Somebody decided it, and for a reason."""
    suspension = {"by": "A Name", "reason": "wrong link", "since": "2026-08-01"}
    stated = {"nwl": {key: value for key, value in suspension.items() if key != left_out}}
    (tmp_path / "suspensions.yaml").write_text(yaml.safe_dump(stated), encoding="utf-8")
    assert f"suspensions.yaml: nwl.{left_out}: is missing; add it" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("nvl: {by: A Name, reason: wrong link, since: 2026-08-01}\n", "no pathway 'nvl': there are nel, nwl"),
        ("nwl: {}\nnwl: {}\n", "the key 'nwl' stands twice"),
        ("- nwl\n", "should be a mapping"),
        ("[]\n", "should be a mapping"),
        ("false\n", "should be a mapping"),
        ("0\n", "should be a mapping"),
        ('""\n', "should be a mapping"),
        ("nwl: {by: A Name, reason: wrong link, since: 2026-11-31}\n", "'2026-11-31' is no value"),
        ("nwl: [\n", "not YAML"),
    ],
)
def test_a_file_of_suspensions_that_suspends_nobody_is_refused(tmp_path: Path, stated: str, said: str) -> None:
    """Somebody meant to stop a pathway."""
    (tmp_path / "suspensions.yaml").write_text(stated, encoding="utf-8")
    assert said in refusal(tmp_path)


@pytest.mark.parametrize("put", [Path.mkdir, lambda path: path.symlink_to("nowhere")], ids=["a folder", "a lost link"])
def test_what_bears_the_name_of_the_suspensions_and_is_no_file_is_refused(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    """A share that did not come up, or a mount of a missing file, must not end a suspension."""
    put(tmp_path / "suspensions.yaml")
    assert "suspensions.yaml: cannot be read (" in refusal(tmp_path)


@pytest.mark.parametrize("blank", ["", "# every suspension was taken out\n"])
def test_a_blank_file_of_suspensions_suspends_nobody(tmp_path: Path, blank: str) -> None:
    """What is left when the last entry is taken out."""
    (tmp_path / "suspensions.yaml").write_text(blank, encoding="utf-8")
    assert not PathwayRegister.load(tmp_path).silent(date(2026, 11, 29))


def test_a_suspension_in_a_pathway_file_is_refused_with_its_place(tmp_path: Path, write: Write) -> None:
    """There it would end with the version."""
    write("1.2", "2025-07-01", suspension={"by": "A Name", "reason": "wrong link", "since": "2026-08-01"})
    assert "nwl-1.2.yaml: suspension: stands in suspensions.yaml" in refusal(tmp_path)


def test_a_region_whose_suspension_is_gone_speaks_again(tmp_path: Path, write: Write) -> None:
    """By another register of the same day: one that speaks in both, or is no more, does not."""
    write("1.2", "2025-07-01")
    suspend(tmp_path)
    day, before = date(2026, 8, 1), PathwayRegister.load(tmp_path)
    assert before.speaks_again(before, day) == []
    (tmp_path / "suspensions.yaml").unlink()
    after = PathwayRegister.load(tmp_path)
    assert after.speaks_again(before, day) == [NWL]
    assert after.speaks_again(before, date(2026, 7, 31)) == []
    assert PathwayRegister([file for file in after.files if file.pathway.id != NWL]).speaks_again(before, day) == []


def test_a_region_that_does_not_speak_is_told_of(tmp_path: Path, write: Write) -> None:
    """Before its first day, in a gap, while suspended and after its last; a region that speaks is not."""
    write("1.2", "2025-07-01", until="2025-12-31")
    write("1.3", "2026-02-01", until="2026-10-01")
    suspend(tmp_path, until="2026-08-31")
    register = PathwayRegister.load(tmp_path)
    days = ("2025-06-30", "2025-07-01", "2026-01-31", "2026-02-01", "2026-08-01", "2026-09-01", "2026-10-02")
    said = [register.silent(date.fromisoformat(day)).get(NWL) for day in days]
    assert said == [
        "version 1.2 is not in force before 2025-07-01: only CES and MSCC speak",
        None,
        "version 1.2 was in force until 2025-12-31, and none has followed: only CES and MSCC speak",
        None,
        "version 1.3 is suspended (suspensions.yaml): only CES and MSCC speak",
        None,
        "version 1.3 was in force until 2026-10-01, and none has followed: only CES and MSCC speak",
    ]
