from datetime import date

import pytest

from cds_service.directory import Destination, Directory, LocalProcedure, Organisation, RegisterEntry
from cds_service.pathway.facts import FcpListing

SYSTEM = "https://fhir.nhs.uk/Id/sds-user-id"
TODAY = date(2026, 11, 21)
PRACTICE = Organisation("Z99101", "Demo Surgery", "general-practice", "A3A8R", "nel", "Newham", "Z99P11")
NEIGHBOUR = Organisation("Z99102", "Other Surgery", "general-practice", "A3A8R", "nel", "Newham", "Z99P11")
ELSEWHERE = Organisation("Z99103", "Third Surgery", "general-practice", "A3A8R", "nel", "Havering", None)


def entry(
    organisation: str = "Z99101",
    valid_from: str = "2026-01-01",
    valid_to: str | None = None,
    *,
    spine: bool = True,
) -> RegisterEntry:
    """Build a listing at the practice, current and open unless said otherwise."""
    return RegisterEntry(
        organisation,
        date.fromisoformat(valid_from),
        date.fromisoformat(valid_to) if valid_to else None,
        spine,
    )


def listing(*entries: RegisterEntry, organisation: Organisation | None = PRACTICE, today: date = TODAY) -> str:
    """Return how the practitioner with these listings stands."""
    directory = Directory(fcp_register={(SYSTEM, "a1"): entries})
    return directory.fcp_listing([(SYSTEM, "A1")], organisation, today)


def test_every_state_is_one_of_the_pathway() -> None:
    """What the register says is a word that the rules know."""
    states = {
        listing(),
        listing(entry()),
        listing(entry(spine=False)),
        listing(entry(valid_to="2026-06-30")),
    }
    assert states == {state.value for state in FcpListing} - {"unknown"}


@pytest.mark.parametrize(
    ("entries", "state"),
    [
        ((), "none"),
        ((entry(),), "current"),
        ((entry(spine=False),), "current-not-spine"),
        ((entry(valid_to="2026-06-30"),), "expired"),
        ((entry(valid_from="2027-01-01"),), "none"),
        ((entry(valid_to="2026-06-30"), entry(valid_from="2027-01-01")), "expired"),
        ((entry(spine=False), entry()), "current"),
        ((entry(valid_to="2026-06-30"), entry(spine=False)), "current-not-spine"),
        ((entry(valid_to="2026-06-30"), entry(spine=False), entry()), "current"),
        ((entry(valid_to="2026-06-30", spine=False),), "expired"),
    ],
)
def test_the_best_listing_that_counts_holds(entries: tuple[RegisterEntry, ...], state: str) -> None:
    """Current, then current but not for the spine, then expired; one that has not begun is none."""
    assert listing(*entries) == state


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2025, 11, 16), "none"),
        (date(2025, 11, 17), "current"),
        (date(2026, 6, 30), "current"),
        (date(2026, 7, 1), "expired"),
    ],
)
def test_first_and_last_day_count(today: date, state: str) -> None:
    """Dates are inclusive."""
    assert listing(entry(valid_from="2025-11-17", valid_to="2026-06-30"), today=today) == state


@pytest.mark.parametrize(
    ("listed_at", "organisation", "state"),
    [
        ("Z99101", PRACTICE, "current"),
        ("Z99101", NEIGHBOUR, "none"),
        ("Z99P11", PRACTICE, "current"),
        ("Z99P11", NEIGHBOUR, "current"),
        ("Z99P11", ELSEWHERE, "none"),
        ("Z99101", None, "none"),
    ],
)
def test_a_listing_counts_at_its_practice_or_network_only(
    listed_at: str, organisation: Organisation | None, state: str
) -> None:
    """A practitioner assured at one practice has no right at another, nor where the place is unknown."""
    assert listing(entry(listed_at), organisation=organisation) == state


@pytest.mark.parametrize(
    ("identifiers", "state"),
    [
        ([], "none"),
        ([(SYSTEM, " a1 ")], "current"),
        ([(SYSTEM.upper(), "a1")], "none"),
        ([("https://fhir.nhs.uk/Id/sds-role-profile-id", "a1")], "none"),
        ([(SYSTEM, "")], "none"),
        ([("urn:other", "x"), (SYSTEM, "A1")], "current"),
    ],
)
def test_an_identifier_is_found_by_its_exact_system(identifiers: list[tuple[str, str]], state: str) -> None:
    """The value is compared without case and spaces, the system as it is."""
    directory = Directory(fcp_register={(SYSTEM, "a1"): (entry(),)})
    assert directory.fcp_listing(identifiers, PRACTICE, TODAY) == state


def test_the_best_of_several_identifiers_holds() -> None:
    """A practitioner may be listed under two identifiers."""
    directory = Directory(
        fcp_register={(SYSTEM, "1"): (entry(valid_to="2026-06-30"),), ("urn:hcpc", "ph1"): (entry(),)}
    )
    assert directory.fcp_listing(iter([(SYSTEM, "1"), ("urn:hcpc", "PH1")]), PRACTICE, TODAY) == "current"


def test_an_organisation_is_found_without_case_or_spaces() -> None:
    """An EHR's spelling of an ODS code finds the row; an unlisted one finds nothing."""
    directory = Directory(organisations={"Z99101": PRACTICE})
    assert directory.organisation(" z99101 ") is PRACTICE
    assert directory.organisation("Z99999") is None
    assert directory.organisation("") is None


BRENT = Destination("nwl", "Brent", "community-msk", "Brent service")
HAMMERSMITH = Destination("nwl", "Hammersmith & Fulham", "community-msk", "H&F service")
NWL_CES = Destination("nwl", None, "ces", "NWL ED")
NEL_MSK = Destination("nel", None, "community-msk", "NEL service")
DESTINATIONS = Directory(
    destinations={
        ("nwl", "brent", "community-msk"): BRENT,
        ("nwl", "hammersmith and fulham", "community-msk"): HAMMERSMITH,
        ("nwl", "", "ces"): NWL_CES,
        ("nel", "", "community-msk"): NEL_MSK,
    }
)


@pytest.mark.parametrize(
    ("region", "borough", "kind", "found"),
    [
        ("nwl", "Brent", "community-msk", BRENT),
        (" NWL ", " BRENT ", "community-msk", BRENT),
        ("nwl", "hammersmith and fulham", "community-msk", HAMMERSMITH),
        ("nwl", "Brent", "ces", NWL_CES),
        ("nwl", None, "ces", NWL_CES),
        ("nwl", "Ealing", "community-msk", None),
        ("nwl", None, "community-msk", None),
        ("nel", "Brent", "community-msk", NEL_MSK),
        ("nel", None, "ces", None),
        (None, "Brent", "community-msk", None),
        ("other", "Brent", "community-msk", None),
    ],
)
def test_a_borough_has_its_own_destination_else_its_regions(
    region: str | None, borough: str | None, kind: str, found: Destination | None
) -> None:
    """Another borough's and another region's service are never offered."""
    assert DESTINATIONS.destination(region, borough, kind) is found


def test_a_procedure_is_found_by_system_and_code() -> None:
    """The code compares without case, the system exactly."""
    knee = LocalProcedure("mri", "knee", "MRI knee")
    directory = Directory(procedures={("urn:z99", "MKNEE"): knee})
    assert directory.procedure("urn:z99", " mknee ") is knee
    assert directory.procedure("urn:Z99", "MKNEE") is None
    assert directory.procedure("urn:z99", "UKNEE") is None
