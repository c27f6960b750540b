import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import respx
from click.testing import CliRunner, Result

from cds_service.cli import main
from cds_service.directory.ods_api import ORD
from tests.directory.ods_files import ods_row, write_epraccur
from tests.directory.test_ods_api import organisation, target

STARTER = Path(__file__).parents[2] / "examples" / "deployment"
SYSTEM = "https://fhir.nhs.uk/Id/sds-user-id"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the starter folder: one practice of North West London."""
    return Path(shutil.copytree(STARTER, tmp_path / "config"))


@pytest.fixture(autouse=True)
def london_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one day for all of these tests."""
    for module in ("directory", "fcp_register"):
        monkeypatch.setattr(f"cds_service.commands.{module}.today_in_london", lambda: date(2026, 11, 29))


@pytest.fixture
def epraccur(tmp_path: Path) -> Path:
    """The ODS file: a practice that is known, one that joins, one of former NCL, a hospice."""
    return write_epraccur(
        tmp_path / "epraccur.csv",
        ods_row("Z99901", "ELDER TREE DEMO SURGERY"),
        ods_row("Z99902", "HAZEL DEMO SURGERY"),
        ods_row("Z99201", "HONEYSUCKLE DEMO SURGERY", commissioner="93C"),
        ods_row("Z99401", "DEMO HOSPICE", role="RO249"),
        ods_row("Z99301", "FAR AWAY DEMO SURGERY", commissioner="72Q", geography="QKK"),
    )


@pytest.fixture
def boroughs(tmp_path: Path) -> Path:
    """A list of boroughs for the joiner."""
    path = tmp_path / "boroughs.csv"
    path.write_text("ods_code,borough\nZ99902,Ealing\n", "utf-8")
    return path


def run(*words: object) -> Result:
    """What `cds-service directory` answers."""
    return CliRunner().invoke(main, ["directory", *map(str, words)], env={"CDS_SERVICE_CONFIG": None})


def rows(folder: Path) -> list[str]:
    """The rows of organisations.csv."""
    return (folder / "organisations.csv").read_text("utf-8").splitlines()[1:]


def test_an_import_is_shown_before_it_is_written(folder: Path, epraccur: Path, boroughs: Path) -> None:
    """Without --accept nothing is touched; with it the file is written; again it is up to date."""
    before = rows(folder)
    words = ("import", "--epraccur", epraccur, "--boroughs", boroughs, "--config", folder)
    shown = run(*words)
    assert (shown.exit_code, rows(folder)) == (0, before)
    assert (
        "2 join:\n"
        "  Z99201  HONEYSUCKLE DEMO SURGERY: general-practice, 93C (in no footprint)\n"
        "  Z99902  HAZEL DEMO SURGERY: general-practice, W2U3Z (nwl)\n"
    ) in shown.output
    assert "1 have another borough:\n  Z99902  HAZEL DEMO SURGERY: none -> Ealing\n" in shown.output
    assert "1 were not taken (hospice)" in shown.output
    assert "Nothing is written yet. Repeat the command with --accept" in shown.output
    written = run(*words, "--accept")
    assert written.output.endswith("organisations.csv written.\n")
    assert rows(folder) == [
        *before,
        "Z99201,HONEYSUCKLE DEMO SURGERY,general-practice,93C,,",
        "Z99902,HAZEL DEMO SURGERY,general-practice,W2U3Z,Ealing,",
    ]
    again = run(*words, "--accept")
    assert again.output.endswith("organisations.csv is up to date.\n")


def test_a_file_without_a_practice_of_the_footprints_is_refused(folder: Path, tmp_path: Path) -> None:
    """It is the wrong file, or only its beginning."""
    path = write_epraccur(tmp_path / "other.csv", ods_row("Z99301", commissioner="72Q", geography="QKK"))
    refused = run("import", "--epraccur", path, "--config", folder, "--accept")
    assert refused.exit_code == 1
    assert "no practice of A3A8R, QMF, QRV, W2U3Z. Is it the current file, and whole?" in refused.output


def test_what_an_operator_can_mend_is_a_message(folder: Path, epraccur: Path, tmp_path: Path) -> None:
    """A list of boroughs that names a practice twice, a name that cannot be printed: no traceback, nothing written."""
    twice = tmp_path / "boroughs.csv"
    twice.write_text("ods_code,borough\nZ99901,Brent\nz99901,Ealing\n", "utf-8")
    refused = run("import", "--epraccur", epraccur, "--boroughs", twice, "--config", folder, "--accept")
    assert "boroughs.csv, line 3, column ods_code: 'z99901' is already on line 2" in refused.output
    nameless = write_epraccur(tmp_path / "e.csv", ods_row("Z99902", ""))
    refused = run("import", "--epraccur", nameless, "--config", folder, "--accept")
    assert "column name: is blank" in refused.output
    assert (refused.exit_code, len(rows(folder))) == (1, 1)


@pytest.fixture
def ods() -> Iterator[respx.MockRouter]:
    """ODS, as these tests play it: one practice in each footprint that is asked for."""
    with respx.mock(base_url=ORD, assert_all_called=False) as router:
        router.get("/organisations", params__contains={"TargetOrgId": "W2U3Z"}).respond(json=found("Z99902"))
        router.get("/organisations").respond(json=found())
        router.get("/organisations/Z99902").respond(json=organisation(Name="HAZEL DEMO SURGERY"))
        rels = {"Rel": [{"id": "RE4", "Status": "Active", "Target": target("72Q", "RO98")}]}
        router.get("/organisations/Z99901").respond(json=organisation(Name="ELDER TREE DEMO SURGERY", Rels=rels))
        yield router


def found(*codes: str) -> dict[str, Any]:
    """A page of a search."""
    return {"Organisations": [{"OrgId": code} for code in codes]}


def test_a_sync_asks_ods_itself(folder: Path, ods: respx.MockRouter) -> None:
    """A joiner comes with its network; a known practice that is not in the lists is asked after: it moved."""
    shown = run("sync", "--config", folder, "--accept")
    assert shown.exit_code == 0, shown.output
    assert "  Z99901  Elder Tree Demo Surgery: W2U3Z -> 72Q (LEAVES nwl, now in no footprint)\n" in shown.output
    assert rows(folder) == [
        "Z99901,Elder Tree Demo Surgery,general-practice,72Q,Brent,Z99P90",
        "Z99902,HAZEL DEMO SURGERY,general-practice,W2U3Z,,Z99P01",
    ]
    asked = {call.request.url.params["TargetOrgId"] for call in ods.calls if "TargetOrgId" in call.request.url.params}
    assert asked == {"W2U3Z", "QRV", "A3A8R", "QMF", "93C"}


@pytest.mark.usefixtures("ods")
@pytest.mark.parametrize(("last_day", "is_told"), [("2026-11-28", False), ("2026-11-29", True)])
def test_a_sync_says_where_the_register_exempts(folder: Path, last_day: str, is_told: bool) -> None:
    """A listing by network that has ended exempts nobody."""
    register = folder / "fcp-register.csv"
    header = "identifier_system,identifier_value,organisation,valid_from,valid_to"
    register.write_text(f"{header}\n{SYSTEM},999100000902,z99p90,2026-01-01,{last_day}\n", "utf-8")
    shown = run("sync", "--config", folder).output
    assert "1 keep a network of which ODS states nothing:\n  Z99901  Elder Tree Demo Surgery: Z99P90" in shown
    assert ("Z99P90; listings at Z99P90 in fcp-register.csv count here" in shown) is is_told


def test_a_sync_that_fails_half_way_writes_nothing(folder: Path, ods: respx.MockRouter) -> None:
    """Half of what ODS says is nothing."""
    ods.get("/organisations/Z99902").respond(401)
    before = rows(folder)
    refused = run("sync", "--config", folder, "--accept")
    assert (refused.exit_code, rows(folder)) == (1, before)
    assert "Z99902 answered 401. Check the address" in refused.output


def test_a_sync_that_finds_nobody_is_refused(folder: Path) -> None:
    """It is another server, or the codes are wrong."""
    with respx.mock(base_url="https://ods.example") as router:
        router.get("/organisations").respond(json=found())
        refused = run("sync", "--config", folder, "--server", "https://ods.example/")
    assert "ODS lists no practice of 93C, A3A8R, QMF, QRV, W2U3Z. Check the codes." in refused.output


def test_a_lookup_says_where_patients_are_sent(folder: Path, ods: respx.MockRouter) -> None:
    """And, where that is asked for, what ODS says of the code."""
    shown = run("lookup", "z99901", "--config", folder, "--ods").output
    assert "  sub-ICB   W2U3Z (nwl)\n" in shown
    assert "  community-msk  Elder Tree Demo Community MSK Service, 020 7946 0901\n" in shown
    assert "  ces            none\n" in shown
    assert "ODS: ELDER TREE DEMO SURGERY, active\n  setting   RO76\n  sub-ICB   72Q\n" in shown
    assert ods.calls.call_count == 1


def test_a_lookup_of_a_code_that_is_not_listed_fails(folder: Path) -> None:
    """Its setting and region are unknown, which is what the service would find."""
    with respx.mock(base_url=ORD) as router:
        router.get("/organisations/Z99777").respond(404)
        shown = run("lookup", "Z99777", "--config", folder, "--ods")
    assert (shown.exit_code, shown.output.splitlines()) == (
        1,
        [
            "Z99777 is not in organisations.csv: its setting and region are unknown.",
            "ODS answered 404: it knows no such organisation, or the address (--server) is wrong.",
        ],
    )


def test_a_check_ends_with_one_when_something_is_wrong(folder: Path) -> None:
    """The starter folder has one destination of all that an area needs."""
    shown = run("check", "--config", folder)
    assert shown.exit_code == 1
    assert (
        "problem  destinations.csv: nel has no ces destination for Barking and Dagenham, City and Hackney"
        in shown.output
    )
    assert shown.output.splitlines()[-1].startswith("1 organisation(s), 1 destination(s), ")


def test_a_listing_is_added_shown_and_ended(folder: Path) -> None:
    """Each by one command; an ended one is shown when asked for."""
    who = ("--identifier", "999100000902")
    lead = ("--assured-by", "Demo lead, ICB")
    place = ("--organisation", "z99p90", "--from", "2026-11-01", "--to", "2027-10-31", "--spine")
    added = run("fcp", "add", *who, *place, *lead, "--config", folder)
    assert (added.exit_code, added.output) == (0, f"{folder / 'fcp-register.csv'} written.\n")
    line = f'{SYSTEM},999100000902,Z99P90,2026-11-01,2027-10-31,yes,"Demo lead, ICB",2026-11-29'
    assert (folder / "fcp-register.csv").read_text("utf-8").splitlines()[-1] == line
    shown = run("fcp", "list", "--organisation", "Z99P90", "--config", folder).output
    assert shown == (
        "999100000902  Z99P90  2026-11-01 to 2027-10-31  current  with spine  assured by Demo lead, ICB\n1 listing(s)\n"
    )
    ended = run("fcp", "expire", *who, "--on", "2026-11-28", "--config", folder)
    assert ended.output.endswith(
        "1 listing(s) ended: at Z99P90.\n"
        "Backdated to 2026-11-28: until now orders were still answered as listed there.\n"
    )
    assert run("fcp", "list", "--organisation", "Z99P90", "--config", folder).output == "0 listing(s)\n"
    assert "  ended  " in run("fcp", "list", "--all", "--config", folder).output


def test_what_begins_later_is_told_when_a_practitioner_s_listings_end(folder: Path) -> None:
    """It would exempt again from that day."""
    who = ("--identifier", "999100000902")
    for dates in (("--from", "2026-11-01", "--to", "2026-12-31"), ("--from", "2027-01-01")):
        run("fcp", "add", *who, "--organisation", "Z99901", *dates, "--assured-by", "Lead", "--config", folder)
    ended = run("fcp", "expire", *who, "--config", folder)
    assert ended.exit_code == 0, ended.output
    assert "1 listing(s) ended: at Z99901.\n" in ended.output
    assert "Backdated" not in ended.output
    assert "The listing at Z99901 begins on 2027-01-01, after 2026-11-29, and stays. Remove its row" in ended.output
    assert "  2026-11-01 to 2026-11-29  " in run("fcp", "list", "--config", folder).output


@pytest.mark.parametrize("words", [("expire",), ("add", "--organisation", "Z99901", "--assured-by", "Lead")])
def test_a_register_whose_header_lacks_a_column_is_told(folder: Path, words: tuple[str, ...]) -> None:
    """A message, no traceback."""
    path = folder / "fcp-register.csv"
    path.write_text("identifier,organisation,valid_from,valid_to\n999100000902,Z99901,2026-01-01,\n", "utf-8")
    refused = run("fcp", *words, "--identifier", "999100000902", "--config", folder)
    assert (refused.exit_code, type(refused.exception)) == (1, SystemExit)
    assert "fcp-register.csv, line 1, column identifier_value: is missing from the header" in refused.output


def test_organisations_whose_header_lacks_a_column_are_told(
    folder: Path, epraccur: Path, ods: respx.MockRouter
) -> None:
    """A message, no traceback, and ODS is asked for no practice."""
    path = folder / "organisations.csv"
    path.write_text(path.read_text("utf-8").replace("setting", "kind"), "utf-8")
    for words in (("import", "--epraccur", epraccur), ("sync",)):
        refused = run(*words, "--config", folder)
        assert (refused.exit_code, type(refused.exception)) == (1, SystemExit)
        assert "organisations.csv, line 1, column setting: is missing from the header" in refused.output
    assert not [call for call in ods.calls if call.request.url.path.endswith("Z99901")]


def test_a_listing_that_would_count_nowhere_is_refused(folder: Path) -> None:
    """A message, and the file as it was."""
    before = (folder / "fcp-register.csv").read_bytes()
    who = ("--identifier", "999100000902", "--organisation", "Z99999", "--assured-by", "Lead")
    refused = run("fcp", "add", *who, "--config", folder)
    assert (refused.exit_code, (folder / "fcp-register.csv").read_bytes()) == (1, before)
    assert "Error: Z99999 is no ods_code or pcn of organisations.csv" in refused.output


def test_a_listing_is_checked_like_any_row(folder: Path) -> None:
    """What the service would refuse at its start is refused here."""
    who = ("--identifier", "9.991E+11", "--organisation", "Z99901", "--assured-by", "Lead")
    refused = run("fcp", "add", *who, "--config", folder)
    assert "column identifier_value: '9.991E+11' was shortened by a spreadsheet" in refused.output
