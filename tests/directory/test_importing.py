from pathlib import Path

import pytest

from cds_service.directory.csv_edits import EditableCsv, open_csv
from cds_service.directory.importing import Change, Footprints, ImportReport, Listed, lay_over
from cds_service.directory.practices import OdsPractice
from cds_service.directory.tables import ORGANISATIONS

FOOTPRINTS = Footprints({"W2U3Z": "nwl", "A3A8R": "nel"}, {"nwl": ["Brent", "Ealing"], "nel": ["Newham"]})
WANTED = frozenset({"W2U3Z", "93C", "A3A8R"})
LARKSPUR = OdsPractice("Z99001", "LARKSPUR DEMO SURGERY", "RO76", "W2U3Z", "", "active")
ROW = "Z99001,Larkspur Demo Surgery,general-practice,W2U3Z,Brent,Z99P01"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one practice and one trust."""
    text = f"ods_code,name,setting,sub_icb,borough,pcn\n{ROW}\nZ99030,Demo Trust,secondary-care,W2U3Z,Ealing,\n"
    (tmp_path / "organisations.csv").write_text(text, "utf-8")
    return tmp_path


def laid_over(
    folder: Path, *practices: OdsPractice, boroughs: dict[str, str] | None = None
) -> tuple[EditableCsv, ImportReport]:
    """The rows after, and what is told of them."""
    table = open_csv(folder, ORGANISATIONS)
    return table, lay_over(table, practices, boroughs or {}, WANTED, FOOTPRINTS)


def codes(table: EditableCsv) -> list[str]:
    """The codes of the rows, in order."""
    return [row["ods_code"] for row in table.rows]


def test_nothing_new_changes_nothing(folder: Path) -> None:
    """Names that an ICB wrote more readably than ODS stay, and so do networks that the source does not tell."""
    table, report = laid_over(folder, LARKSPUR)
    assert (table.is_changed, report.renamed, report.kept) == (False, [], [Listed("Z99030", "Demo Trust")])


def test_a_joiner_gets_a_row_at_the_end(folder: Path) -> None:
    """With its setting and commissioner; its borough is told as missing until a list gives it."""
    foxglove = LARKSPUR._replace(code="Z99002", name="FOXGLOVE DEMO SURGERY", pcn="Z99P02")
    table, report = laid_over(folder, LARKSPUR, foxglove)
    assert table.rows[-1] == {
        "ods_code": "Z99002",
        "name": "FOXGLOVE DEMO SURGERY",
        "setting": "general-practice",
        "sub_icb": "W2U3Z",
        "borough": "",
        "pcn": "Z99P02",
    }
    assert report.joiners == report.without_borough == [Listed("Z99002", "FOXGLOVE DEMO SURGERY")]


def test_a_practice_outside_every_footprint_is_taken_so_that_it_is_known(folder: Path) -> None:
    """Fact 4: an ex-NCL practice is told from one that nobody listed. It needs no borough."""
    table, report = laid_over(folder, LARKSPUR._replace(code="Z99201", name="HONEYSUCKLE", commissioner="93C"))
    assert (codes(table)[-1], report.without_borough) == ("Z99201", [])


@pytest.mark.parametrize(
    "practice",
    [
        LARKSPUR._replace(code="Z99301", commissioner="72Q"),
        LARKSPUR._replace(code="Z99302", commissioner=""),
        LARKSPUR._replace(code="Z99303", status="closed"),
        LARKSPUR._replace(code="Z99304", status="neither", commissioner="72Q"),
    ],
    ids=["another ICB's", "nobody's", "closed", "another ICB's and dormant"],
)
def test_who_is_not_of_the_icb_or_not_open_does_not_join(folder: Path, practice: OdsPractice) -> None:
    """Neither is listed: there are thousands in the country."""
    table, report = laid_over(folder, practice)
    assert (codes(table), report.joiners, report.skipped) == (["Z99001", "Z99030"], [], {})
    assert report.not_open == []


@pytest.mark.parametrize("commissioner", ["W2U3Z", "Z9B2Z"])
def test_a_dormant_or_proposed_practice_is_listed_and_does_not_join(folder: Path, commissioner: str) -> None:
    """Orders may come from there all the same, and nobody would know why they are unknown."""
    dormant = LARKSPUR._replace(code="Z99306", name="WILLOW", status="neither", commissioner=commissioner)
    table, report = laid_over(folder, LARKSPUR, dormant)
    assert (table.is_changed, report.not_open) == (False, [Listed("Z99306", "WILLOW")])
    assert (report.joiners, report.placeless) == ([], [])


def test_other_prescribing_settings_are_listed_and_not_taken(folder: Path) -> None:
    """A hospice is no practice; a person adds a row where orders come from there."""
    hospice = LARKSPUR._replace(code="Z99401", name="DEMO HOSPICE", role="RO249")
    table, report = laid_over(folder, hospice)
    assert (codes(table), report.skipped) == (["Z99001", "Z99030"], {"hospice": [Listed("Z99401", "DEMO HOSPICE")]})


def test_a_practice_of_a_merged_icb_is_listed_and_not_placed(folder: Path) -> None:
    """Z9B2Z is wider than any footprint; the row would be refused at the start."""
    merged = LARKSPUR._replace(code="Z99402", commissioner="Z9B2Z")
    table, report = laid_over(folder, merged, LARKSPUR._replace(commissioner="Z9B2Z"))
    assert (codes(table), [listed.code for listed in report.placeless]) == (["Z99001", "Z99030"], ["Z99402"])
    assert table.rows[0]["sub_icb"] == "W2U3Z"


def test_a_closed_practice_leaves(folder: Path) -> None:
    """Its row goes, and it is told."""
    table, report = laid_over(folder, LARKSPUR._replace(status="closed"))
    assert (codes(table), report.leavers) == (["Z99030"], [Listed("Z99001", "Larkspur Demo Surgery")])


def test_a_practice_that_the_source_does_not_name_stays(folder: Path) -> None:
    """Half a file empties no directory."""
    table, report = laid_over(folder)
    assert (codes(table), len(report.kept)) == (["Z99001", "Z99030"], 2)


def test_a_moved_commissioner_is_taken_also_out_of_every_footprint(folder: Path) -> None:
    """The practice is then known to have no pathway."""
    table, report = laid_over(folder, LARKSPUR._replace(commissioner="72Q"))
    assert table.rows[0]["sub_icb"] == "72Q"
    assert report.moved == [Change("Z99001", "Larkspur Demo Surgery", "W2U3Z", "72Q")]


def test_a_setting_that_somebody_changed_stays_and_is_told(folder: Path) -> None:
    """Setting is a decision of the ICB; ODS says only what a cost centre prescribes as."""
    path = folder / "organisations.csv"
    path.write_text(path.read_text("utf-8").replace("general-practice", "urgent-care"), "utf-8")
    table, report = laid_over(folder, LARKSPUR)
    assert (table.rows[0]["setting"], [listed.code for listed in report.settings_kept]) == ("urgent-care", ["Z99001"])


@pytest.mark.parametrize("setting", ["community-msk", "secondary-care"])
@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"status": "closed"}, "closed, general-practice"),
        ({"commissioner": "72Q"}, "general-practice, of 72Q"),
        ({"pcn": "Z99P09"}, "general-practice, in network Z99P09"),
        ({"role": "RO250", "commissioner": "A3A8R"}, "of A3A8R"),
    ],
)
def test_who_was_made_community_msk_or_secondary_care_stays_as_it_is(
    folder: Path, setting: str, said: dict[str, str], told: str
) -> None:
    """A person decided what that organisation is: a cost centre of the same code may be something else."""
    path = folder / "organisations.csv"
    path.write_text(path.read_text("utf-8").replace("general-practice", setting), "utf-8")
    table, report = laid_over(folder, LARKSPUR._replace(name="ANOTHER NAME", **said))
    assert not table.is_changed
    assert report.decided == [Listed("Z99001", f"Larkspur Demo Surgery, {setting}; ODS: {told}")]
    assert (report.leavers, report.moved, report.networks_changed, report.settings_kept) == ([], [], [], [])


def test_a_hospital_of_which_ods_says_nothing_else_is_not_told(folder: Path) -> None:
    """There is nothing to decide."""
    trust = LARKSPUR._replace(code="Z99030", name="DEMO TRUST", role="RO250")
    table, report = laid_over(folder, LARKSPUR, trust)
    assert (table.is_changed, report.decided, report.kept) == (False, [], [])


def test_a_dormant_or_proposed_practice_changes_nothing(folder: Path) -> None:
    """Neither open nor closed: what ODS says of it does not hold yet, or no more. It is told."""
    dormant = LARKSPUR._replace(status="neither", name="ANOTHER NAME", commissioner="72Q", pcn="Z99P09")
    table, report = laid_over(folder, dormant)
    assert (table.is_changed, report.neither) == (False, [Listed("Z99001", "Larkspur Demo Surgery")])


def test_another_name_and_another_network_are_taken(folder: Path) -> None:
    """What ODS owns comes from ODS."""
    table, report = laid_over(folder, LARKSPUR._replace(name="THE LARKSPUR CENTRE", pcn="Z99P09"))
    assert (table.rows[0]["name"], table.rows[0]["pcn"]) == ("THE LARKSPUR CENTRE", "Z99P09")
    assert report.renamed == [
        Change("Z99001", "THE LARKSPUR CENTRE", "Larkspur Demo Surgery", "THE LARKSPUR CENTRE"),
    ]
    assert report.networks_changed == [Change("Z99001", "THE LARKSPUR CENTRE", "Z99P01", "Z99P09")]


def test_a_network_that_ods_does_not_state_stays_and_is_told(folder: Path) -> None:
    """Its absence is no evidence; a source without networks says nothing at all."""
    table, report = laid_over(folder, LARKSPUR._replace(pcn=""))
    assert (table.is_changed, report.networks_kept) == (False, [Listed("Z99001", "Larkspur Demo Surgery")])
    assert laid_over(folder, LARKSPUR)[1].networks_kept == []


def test_boroughs_come_from_the_list_and_stay_where_it_says_nothing(folder: Path) -> None:
    """Of any organisation, a trust too; a code that is no organisation here is told."""
    table, report = laid_over(folder, LARKSPUR, boroughs={"Z99030": "Brent", "Z99777": "Brent"})
    assert [row["borough"] for row in table.rows] == ["Brent", "Brent"]
    assert report.boroughs_changed == [Change("Z99030", "Demo Trust", "Ealing", "Brent")]
    assert report.unused_boroughs == ["Z99777"]


def test_a_borough_that_is_none_of_the_footprint_s_is_told(folder: Path) -> None:
    """It is misspelt, or the practice lies elsewhere: no destination would be found."""
    _, report = laid_over(folder, LARKSPUR, boroughs={"Z99001": "Brentt"})
    assert report.odd_boroughs == {"Brentt": 1}


def test_a_borough_written_otherwise_is_the_same(folder: Path) -> None:
    """Case and spacing do not change a row."""
    table, _ = laid_over(folder, LARKSPUR, boroughs={"Z99001": " brent "})
    assert not table.is_changed
