"""What holds for any register and any text, tried on generated ones."""

import contextlib
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.directory import ConfigurationError, Directory, Organisation, RegisterEntry, load_directory
from cds_service.directory.tables import FILES

FOOTPRINTS = {"W2U3Z": "nwl", "A3A8R": "nel"}
SYSTEMS = ["urn:z99:a", "urn:z99:b"]
VALUES = ["1", "2"]
PLACES = ["Z99101", "Z99102", "Z99P11", "Z99P12"]
DAYS = st.integers(0, 20).map(lambda days: date(2026, 1, 1) + timedelta(days=days))


@st.composite
def entries(draw: st.DrawFn) -> RegisterEntry:
    """Draw a listing of a few days somewhere."""
    valid_from = draw(DAYS)
    valid_to = draw(st.none() | st.integers(0, 10).map(lambda days: valid_from + timedelta(days=days)))
    return RegisterEntry(draw(st.sampled_from(PLACES)), valid_from, valid_to, draw(st.booleans()))


registers = st.dictionaries(
    st.tuples(st.sampled_from(SYSTEMS), st.sampled_from(VALUES)), st.lists(entries(), max_size=4).map(tuple)
)
organisations = st.builds(
    Organisation,
    ods_code=st.sampled_from(PLACES[:2]),
    name=st.just("Demo Surgery"),
    setting=st.just("general-practice"),
    sub_icb=st.just("A3A8R"),
    region=st.just("nel"),
    borough=st.none(),
    pcn=st.none() | st.sampled_from(PLACES[2:]),
)
identifiers = st.lists(st.tuples(st.sampled_from(SYSTEMS), st.sampled_from([*VALUES, " 1 ", "3"])), max_size=3)


@given(registers, identifiers, st.none() | organisations, DAYS)
def test_a_current_listing_is_the_practitioners_own_at_this_place_on_this_day(
    register: dict[tuple[str, str], tuple[RegisterEntry, ...]],
    practitioner: list[tuple[str, str]],
    organisation: Organisation | None,
    today: date,
) -> None:
    """Never by another's listing, at another organisation, or outside its dates (NEL E5)."""
    state = Directory(fcp_register=register).fcp_listing(practitioner, organisation, today)
    valid_here = [
        entry
        for system, value in practitioner
        for entry in register.get((system, value.strip()), ())
        if organisation is not None
        and entry.organisation in {organisation.ods_code, organisation.pcn}
        and entry.valid_from <= today
        and (entry.valid_to is None or today <= entry.valid_to)
    ]
    assert (state == "current") == any(entry.spine for entry in valid_here)
    assert (state == "current-not-spine") == (bool(valid_here) and not any(entry.spine for entry in valid_here))


@given(registers, identifiers, organisations, DAYS)
def test_taking_evidence_away_never_makes_a_listing_current(
    register: dict[tuple[str, str], tuple[RegisterEntry, ...]],
    practitioner: list[tuple[str, str]],
    organisation: Organisation,
    today: date,
) -> None:
    """Missing evidence never exempts: no organisation, no identifier, no register is "none"."""
    directory = Directory(fcp_register=register)
    assert directory.fcp_listing(practitioner, None, today) == "none"
    assert directory.fcp_listing([], organisation, today) == "none"
    assert Directory().fcp_listing(practitioner, organisation, today) == "none"


def read_or_refuse(content: dict[str, bytes]) -> None:
    """Read a folder of these files; any error but ConfigurationError fails the test."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, data in content.items():
            (folder / file).write_bytes(data)
        with contextlib.suppress(ConfigurationError):
            load_directory(folder, FOOTPRINTS)


HEADERS = {
    "organisations.csv": "ods_code,name,setting,sub_icb,borough,pcn",
    "fcp-register.csv": "identifier_system,identifier_value,organisation,valid_from,valid_to,spine",
    "destinations.csv": (
        "region,borough,kind,name,ods_code,phone,url,ers_service_id,wait,as_of,verified_by,verified_on"
    ),
    "procedures.csv": "system,code,modality,body_region,display",
}
EMPTY = {"organisations.csv": HEADERS["organisations.csv"].encode()}
HALF_RIGHT = st.sampled_from(
    [
        "Z99001",
        "W2U3Z",
        "general-practice",
        "nwl",
        "ces",
        "urn:z99",
        "2026-01-01",
        "2026-13-01",
        "mri",
        "knee",
        "https://a.example",
        "https://[",
        "",
        ",",
        '"',
        "\n",
        "\r\n",
        "\x00",
        "&",
        "1E+9",
    ]
)


@given(st.fixed_dictionaries({file: st.binary(max_size=80) for file in FILES}))
def test_any_bytes_are_read_or_refused(content: dict[str, bytes]) -> None:
    """A damaged file never crashes the start."""
    read_or_refuse(content)


@pytest.mark.parametrize("file", FILES)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=120))
def test_any_text_under_the_header_is_read_or_refused(file: str, text: str) -> None:
    """Whatever stands in the rows."""
    read_or_refuse({**EMPTY, file: f"{HEADERS[file]}\n{text}".encode()})


@pytest.mark.parametrize("file", FILES)
@given(cells=st.lists(st.lists(HALF_RIGHT, max_size=13), max_size=4))
def test_rows_that_are_half_right_are_read_or_refused(file: str, cells: list[list[str]]) -> None:
    """Cells that are sound one by one and wrong together."""
    rows = "\n".join(",".join(row) for row in cells)
    read_or_refuse({**EMPTY, file: f"{HEADERS[file]}\n{rows}".encode()})
