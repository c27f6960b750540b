from collections.abc import Callable
from pathlib import Path

import pytest

from cds_service.directory import Directory, load_directory
from cds_service.directory.tables import YAML_FILES
from cds_service.monitor.access import access_file
from cds_service.pathway.sign_off import SIGN_OFFS
from cds_service.pathway.suspensions import SUSPENSIONS
from cds_service.security import clients_file

Load = Callable[..., Directory]

PRACTICE = "Z99103,Demo Surgery,general-practice,A3A8R,Havering,"
EVERYWHERE = ["nwl,,community-msk,A,,,", "nel,,community-msk,B,,,"]
NO_DESTINATION = "destinations.csv: {} has no community-msk destination for"
NO_SERVICE = "so redirect cards there name no service and suggest no referral."


def test_a_sound_folder_gives_no_warning(load: Load) -> None:
    """A warning that always stands would soon go unread; an organisation outside is a legal row."""
    outside = "Z99201,Camden Surgery,general-practice,93C,Camden,"
    assert load(organisations=[PRACTICE, outside], destinations=EVERYWHERE).warnings == ()


def test_a_borough_without_a_community_msk_destination_is_told_once(load: Load) -> None:
    """However many practices it has and however they spell it."""
    directory = load(
        organisations=[
            PRACTICE,
            "Z99104,B,general-practice,A3A8R,HAVERING,",
            "Z99105,C,urgent-care,QMF,Havering,",
            "Z99001,D,general-practice,W2U3Z,Brent,",
            "Z99106,E,general-practice,A3A8R,Newham,",
        ],
        destinations=["nel,Newham,community-msk,A,,,", "nel,Havering,ces,B,,,"],
    )
    assert directory.warnings == (
        f"{NO_DESTINATION.format('nel')} Havering (Z99103 and 2 more), {NO_SERVICE}",
        f"{NO_DESTINATION.format('nwl')} Brent (Z99001), {NO_SERVICE}",
    )


def test_a_practice_without_a_borough_or_region_wide_service_is_told(load: Load) -> None:
    """Its cards could name no service either."""
    directory = load(organisations=["Z99103,A,general-practice,A3A8R,,"])
    assert directory.warnings == (
        f"{NO_DESTINATION.format('nel')} organisations without a borough (Z99103), {NO_SERVICE}",
    )


@pytest.mark.parametrize("setting", ["community-msk", "secondary-care"])
def test_specialist_settings_need_no_destination(load: Load, setting: str) -> None:
    """Their orders are not redirected."""
    assert load(organisations=[f"Z99130,A,{setting},A3A8R,Havering,"]).warnings == ()


def test_a_further_column_is_told_and_not_read(load: Load) -> None:
    """A misspelt optional column would otherwise be lost in silence."""
    directory = load(
        organisations="ods_code,name,setting,sub_icb,borough,pcn,Notes\n" + PRACTICE + ",ask Jo\n",
        destinations=EVERYWHERE,
    )
    assert directory.warnings == (
        (
            "organisations.csv: the column 'notes' is not read. "
            "The columns are ods_code, name, setting, sub_icb, borough, pcn."
        ),
    )


def test_a_csv_file_of_another_name_is_told(write_folder: Callable[..., Path], footprints: dict[str, str]) -> None:
    """An optional file that is misspelt would otherwise be an empty table in silence."""
    folder = write_folder(organisations=[PRACTICE], destinations=EVERYWHERE)
    (folder / "fcp_register.csv").write_text("anything")
    (folder / "notes.txt").write_text("anything")
    assert load_directory(folder, footprints).warnings == (
        (
            "fcp_register.csv: not read. The CSV files of a configuration folder are "
            "organisations.csv, fcp-register.csv, destinations.csv, procedures.csv."
        ),
    )


@pytest.mark.parametrize("name", ["suspension.yaml", "suspensions.yml", "Suspensions.yaml", "sign-offs.YML"])
def test_a_yaml_file_of_another_name_is_told(
    write_folder: Callable[..., Path], footprints: dict[str, str], name: str
) -> None:
    """A suspension that is misspelt would otherwise suspend nobody in silence; what begins with a dot is no file."""
    folder = write_folder(organisations=[PRACTICE], destinations=EVERYWHERE)
    for written in (name, *YAML_FILES, ".suspensions.yaml.a1b2"):
        (folder / written).write_text("anything")
    assert load_directory(folder, footprints).warnings == (
        (
            f"{name}: not read. The YAML files of a configuration folder are "
            "clients.yaml, monitor-access.yaml, sign-offs.yaml, suspensions.yaml."
        ),
    )


def test_the_yaml_files_are_those_that_the_other_rooms_read() -> None:
    """They are told apart by name alone, and this room reads none of them."""
    assert set(YAML_FILES) == {clients_file.NAME, access_file.NAME, SIGN_OFFS, SUSPENSIONS}


def test_a_listing_at_an_unknown_place_is_told_without_naming_the_practitioner(load: Load) -> None:
    """It can never count; the line finds it, and nobody is identified in a log."""
    directory = load(
        organisations=["Z99101,A,general-practice,A3A8R,Newham,Z99P11"],
        fcp_register=[
            "urn:z99,999100000101,Z99101,2026-01-01,",
            "urn:z99,999100000102,Z99P11,2026-01-01,",
            "urn:z99,999100000103,Z99P99,2026-01-01,",
        ],
        destinations=EVERYWHERE,
    )
    assert directory.warnings == (
        ("fcp-register.csv, line 4: Z99P99 is no ods_code or pcn of organisations.csv, so the listing counts nowhere."),
    )


@pytest.mark.parametrize(
    ("written", "meant"), [("W2U32", "W2U3Z"), ("W2UZ3", "W2U3Z"), ("A3ABR", "A3A8R"), ("A3A8", "A3A8R")]
)
def test_a_sub_icb_that_looks_like_a_footprint_is_told(load: Load, written: str, meant: str) -> None:
    """One wrong letter would put a whole borough's practices outside in silence."""
    directory = load(organisations=[f"Z99001,A,general-practice,{written},,"])
    assert directory.warnings == (
        (
            f"organisations.csv: sub_icb {written} is in no footprint, so its organisations get no pathway. "
            f"Was {meant} meant?"
        ),
    )


@pytest.mark.parametrize("code", ["93C", "QMJ", "QKK", "QWE", "QRL", "D9Y0V", "07T", "08Y", "09A"])
def test_a_real_neighbour_is_not_taken_for_a_slip(load: Load, code: str) -> None:
    """Other ICBs and sub-ICB locations are legal rows."""
    assert load(organisations=[f"Z99001,A,general-practice,{code},,"]).warnings == ()


def test_an_empty_list_of_organisations_is_told(load: Load) -> None:
    """The service would know nobody's setting."""
    assert load(organisations=[]).warnings == (
        "organisations.csv: lists no organisation, so no requester's setting or region is known.",
    )
