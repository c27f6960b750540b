"""The demo's own folder: invented throughout, complete, and right about the codes that it explains."""

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

import cds_service
from cds_service.directory import Directory, load_directory
from cds_service.directory.vocabulary import KINDS

FOLDER = Path(cds_service.__file__).parent / "demo" / "configuration"
SYSTEM = "https://fhir.nhs.uk/Id/sds-user-id"
CPT = "http://www.ama-assn.org/go/cpt"
TODAY = date(2026, 11, 21)

NWL_BOROUGHS = [
    "Brent",
    "Ealing",
    "Hammersmith & Fulham",
    "Harrow",
    "Hillingdon",
    "Hounslow",
    "Kensington & Chelsea",
    "Westminster",
]
NEL_PLACES = [
    "Barking & Dagenham",
    "City & Hackney",
    "Newham",
    "Redbridge",
    "Tower Hamlets",
    "Waltham Forest",
]


@pytest.fixture(scope="module")
def demo() -> Directory:
    """The demo's configuration folder as the service reads it."""
    return load_directory(FOLDER, {"W2U3Z": "nwl", "QRV": "nwl", "A3A8R": "nel", "QMF": "nel"})


def cells(file: str) -> list[dict[str, str]]:
    """Return a demo file's rows as they are written."""
    with (FOLDER / file).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.mark.parametrize(
    ("ods_code", "known"),
    [
        ("Z99001", ("general-practice", "nwl", "Brent", "Z99P01")),
        ("Z99002", ("general-practice", "nwl", "Ealing", "Z99P02")),
        ("Z99003", ("general-practice", "nwl", "Hounslow", None)),
        ("Z99010", ("urgent-care", "nwl", "Harrow", None)),
        ("Z99020", ("community-msk", "nwl", "Brent", None)),
        ("Z99030", ("secondary-care", "nwl", "Hillingdon", None)),
        ("Z99031", ("community-msk", "nwl", "Hillingdon", None)),
        ("Z99101", ("general-practice", "nel", "Newham", "Z99P11")),
        ("Z99102", ("general-practice", "nel", "City and Hackney", "Z99P12")),
        ("Z99103", ("general-practice", "nel", "Havering", None)),
        ("Z99110", ("urgent-care", "nel", "Redbridge", None)),
        ("Z99120", ("community-msk", "nel", "Newham", None)),
        ("Z99130", ("secondary-care", "nel", "Tower Hamlets", None)),
        ("Z99201", ("general-practice", None, "Camden", None)),
    ],
)
def test_the_fixtures_organisations_are_known(
    demo: Directory, ods_code: str, known: tuple[str, str | None, str, str | None]
) -> None:
    """Every organisation that a fixture names has its setting, region, borough and network."""
    found = demo.organisation(ods_code)
    assert found is not None
    assert (found.setting, found.region, found.borough, found.pcn) == known


@pytest.mark.parametrize(
    ("value", "ods_code", "state"),
    [
        ("999100000101", "Z99101", "current"),
        ("999100000101", "Z99102", "none"),
        ("999100000101", "Z99001", "none"),
        ("999100000102", "Z99101", "expired"),
        ("999100000103", "Z99102", "current-not-spine"),
        ("999100000103", "Z99101", "none"),
        ("999100000199", "Z99101", "none"),
    ],
)
def test_the_register_has_each_state(demo: Directory, value: str, ods_code: str, state: str) -> None:
    """A physiotherapist who is listed at one practice has no right at another."""
    assert demo.fcp_listing([(SYSTEM, value)], demo.organisation(ods_code), TODAY) == state


def test_only_havering_has_no_community_msk_destination(demo: Directory) -> None:
    """The one warning of the demo is there to be seen."""
    assert len(demo.warnings) == 1
    assert "nel has no community-msk destination for Havering (Z99103)" in demo.warnings[0]


@pytest.mark.parametrize(("region", "boroughs"), [("nwl", NWL_BOROUGHS), ("nel", NEL_PLACES)])
def test_every_borough_has_a_service_of_its_own(demo: Directory, region: str, boroughs: list[str]) -> None:
    """Each of the eight NWL boroughs and each NEL place but Havering."""
    found = [demo.destination(region, borough, "community-msk") for borough in boroughs]
    assert len({destination.name for destination in found if destination}) == len(boroughs)


@pytest.mark.parametrize("region", ["nwl", "nel"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "community-msk"])
def test_every_other_kind_has_a_service_for_the_whole_region(demo: Directory, region: str, kind: str) -> None:
    """With a code, a telephone number and a link, so that a card shows all of them."""
    found = demo.destination(region, "Havering", kind)
    assert found is not None
    assert found.borough is None
    assert found.ods_code
    assert found.phone
    assert found.url


def test_community_services_that_also_order_have_their_own_code(demo: Directory) -> None:
    """Where the destination is one of the demo's organisations, name and code agree."""
    for destination in demo.destinations.values():
        organisation = demo.organisation(destination.ods_code or "")
        assert organisation is None or organisation.name == destination.name


def test_everything_is_plainly_invented() -> None:
    """ODS codes of nobody, Ofcom's numbers for drama, addresses that cannot exist."""
    organisations, destinations = cells("organisations.csv"), cells("destinations.csv")
    codes = [row[column] for row in organisations for column in ("ods_code", "pcn")]
    codes += [row["ods_code"] for row in destinations] + [row["organisation"] for row in cells("fcp-register.csv")]
    assert [code for code in codes if code and not code.startswith("Z99")] == []
    assert [row["phone"] for row in destinations if not row["phone"].startswith("020 7946 0")] == []
    assert [row["url"] for row in destinations if not row["url"].split("/")[2].endswith(".example")] == []
    assert [row["name"] for row in organisations + destinations if "Demo" not in row["name"]] == []


def test_telephone_numbers_differ() -> None:
    """A card that shows another service's number is seen at once."""
    assert max(Counter(row["phone"] for row in cells("destinations.csv")).values()) == 1


def test_cpt_codes_of_the_msk_pathways_have_their_region(demo: Directory) -> None:
    """Spines by level, limbs as limbs: the sandbox's codes do not say which joint."""
    regions = {
        "cervical-spine": "72141 72142 72156",
        "thoracic-spine": "72146 72147 72157",
        "lumbar-spine": "72148 72149 72158",
        "upper-limb": "73218 73219 73220 73221 73222 73223",
        "lower-limb": "73718 73719 73720 73721 73722 73723",
    }
    found = {
        region: " ".join(
            code
            for (system, code), procedure in demo.procedures.items()
            if system == CPT and procedure.body_region == region
        )
        for region in regions
    }
    assert found == regions


def test_the_other_cpt_codes_are_ambiguous_or_not_msk(demo: Directory) -> None:
    """Pelvis and unlisted codes are unknown; the jaw joint and all the rest are not for these pathways."""
    regions = {code: found.body_region for (system, code), found in demo.procedures.items() if system == CPT}
    assert {code for code, region in regions.items() if region == "unknown"} == {
        "72195",
        "72196",
        "72197",
        "76498",
    }
    assert regions["70336"] == "not-msk"
    assert Counter(regions.values())["not-msk"] == 35
    assert len(regions) == 60


def test_every_cpt_code_is_an_mri_under_our_own_label() -> None:
    """The sandbox's list has no ultrasound; its own wording is not ours to ship."""
    rows = [row for row in cells("procedures.csv") if row["system"] == CPT]
    assert {row["modality"] for row in rows} == {"mri"}
    assert [row["display"] for row in rows if not row["display"].startswith(("MRI of ", "MR ", "Functional MRI"))] == []


@pytest.mark.parametrize(("code", "modality"), [("MKNEE", "mri"), ("UKNEE", "uss")])
def test_the_invented_catalogue_has_an_mri_and_an_ultrasound(demo: Directory, code: str, modality: str) -> None:
    """A site's own codes can be tried."""
    procedure = demo.procedure("https://z99-imaging.example/catalogue", code)
    assert procedure is not None
    assert (procedure.modality, procedure.body_region) == (modality, "knee")
