"""Fact 4: the requester's organisation, else the patient's practice, else the client's default."""

import pytest
from fhir_builders import (
    NEL,
    NEXT_PAGE,
    NWL,
    REQUESTER,
    UNLISTED,
    bundle,
    by_ods,
    encounter,
    facts,
    identifier,
    order,
    organization,
    patient,
    ref,
    registered,
    requesters_role,
    role,
)

from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import OUTSIDE, UNRESOLVED, RegionId


def region(at: str | None = None, home: tuple[str, ...] = (), default: RegionId | None = None) -> tuple[str, str]:
    """The region and its evidence, for a requester's and a registered practice and a client's default."""
    prefetch = {"user": requesters_role(at), "patient": registered(*home)}
    read = facts(order(requester=REQUESTER), prefetch=prefetch, default_region=default)
    return read.region, read.evidence["region"]


@pytest.mark.parametrize("home", [(), ("Z99001",)])
@pytest.mark.parametrize(("at", "expected"), [("Z99101", NEL), ("Z99001", NWL), ("Z99201", OUTSIDE)])
def test_the_region_is_first_the_requesters(at: str, home: tuple[str, ...], expected: str) -> None:
    """Fact 4; an organisation in no footprint is known to be outside."""
    assert region(at, home, default=NWL) == (expected, "requester's organisation")


@pytest.mark.parametrize(("home", "expected"), [("Z99101", NEL), ("Z99001", NWL), ("Z99201", OUTSIDE)])
@pytest.mark.parametrize("at", [None, UNLISTED])
def test_the_region_is_then_that_of_the_patients_practice(at: str | None, home: str, expected: str) -> None:
    """Fact 4; also where the requester's organisation is not listed."""
    assert region(at, (home,), default=NEL) == (expected, "patient's registered practice")


def test_the_region_is_last_the_clients_default() -> None:
    """Fact 4; where no organisation was sent at all."""
    assert region(default=NEL) == (NEL, "client's default")
    assert region() == (UNRESOLVED, "nothing places the order")


@pytest.mark.parametrize(
    "elements",
    [
        {"requester": by_ods(UNLISTED)},
        {"requester": ref("Organization/lost")},
        {"requester": ref("#o1"), "contained": [organization("o1", UNLISTED)]},
        {"requester": {"identifier": identifier(UNLISTED, "https://fhir.nhs.uk/Id/ods-organization-code")}},
        {"requester": REQUESTER},
        {"encounter": ref("Encounter/e1")},
    ],
)
def test_an_organisation_that_was_sent_but_is_not_listed_never_falls_to_the_default(elements: Json) -> None:
    """Fact 4: it may be anywhere."""
    prefetch = {"user": requesters_role(UNLISTED), "encounter": encounter("e1", by_ods(UNLISTED))}
    assert facts(order(**elements), prefetch=prefetch, default_region=NEL).region == UNRESOLVED


@pytest.mark.parametrize("home", [(UNLISTED,), ("Z99101", "Z99001")])
def test_a_registered_practice_that_settles_nothing_never_falls_to_the_default(home: tuple[str, ...]) -> None:
    """Fact 4 speaks of any organisation: a practice that is not listed, or two that disagree, may be anywhere."""
    assert region(home=home, default=NEL)[0] == UNRESOLVED


def test_two_practices_of_one_region_still_tell_the_region() -> None:
    """They disagree on the borough alone; the client's default must not outweigh both."""
    assert region(home=("Z99101", "Z99110"), default=NWL)[0] == NEL


@pytest.mark.parametrize("other", [UNLISTED, None])
def test_a_role_that_cannot_be_placed_leaves_the_region_open(other: str | None) -> None:
    """She may order from there: "in no footprint" would silence a suspected sarcoma on half the evidence."""
    second = role("second", ref("Practitioner/ann"), by_ods(other) if other else None)
    draft = order(requester=ref("Practitioner/ann"))
    assert facts(draft, prefetch={"user": bundle(requesters_role("Z99201"), second)}).region == UNRESOLVED


def test_organisations_of_two_regions_settle_none() -> None:
    """A bare practitioner with a practice in each; then the patient's practice decides."""
    people = bundle(requesters_role("Z99101"), role("second", ref("Practitioner/ann"), by_ods("Z99001")))
    draft = order(requester=ref("Practitioner/ann"))
    assert facts(draft, prefetch={"user": people}, default_region=NEL).region == UNRESOLVED
    assert facts(draft, prefetch={"user": people, "patient": registered("Z99001")}).region == NWL


def test_one_page_of_roles_leaves_the_region_open() -> None:
    """A role on the next page may lie in a footprint."""
    page = bundle(requesters_role("Z99201"), link=NEXT_PAGE)
    assert facts(order(requester=ref("Practitioner/ann")), prefetch={"user": page}).region == UNRESOLVED


@pytest.mark.parametrize(
    "elements",
    [
        {"managingOrganization": by_ods(UNLISTED)},
        {"generalPractitioner": [ref("PractitionerRole/lost")]},
        {"generalPractitioner": [by_ods(UNLISTED)], "managingOrganization": by_ods("Z99101")},
    ],
)
def test_a_practice_that_was_named_but_is_not_listed_never_falls_to_the_default(elements: Json) -> None:
    """However it was named."""
    assert facts(prefetch={"patient": patient(**elements)}, default_region=NEL).region == UNRESOLVED


@pytest.mark.parametrize("doctor", [ref("Practitioner/lost"), ref("Practitioner/lost", type="Practitioner")])
def test_a_patients_doctor_is_no_practice_and_keeps_the_clients_default(doctor: Json) -> None:
    """No organisation was sent: else every patient whose record names a doctor would cost the call its pathway."""
    read = facts(prefetch={"patient": patient(generalPractitioner=[doctor])}, default_region=NEL)
    assert (read.region, read.evidence["region"]) == (NEL, "client's default")
