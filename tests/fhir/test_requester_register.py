"""The assured-FCP register as `requester` reads it: who is listed, and from where the order is made (NEL E5)."""

from typing import Any

import pytest
from fhir_builders import (
    ASSURED_FCP,
    DIRECTORY,
    EXPIRED_FCP,
    FUTURE_FCP,
    NEXT_PAGE,
    PCN_FCP,
    SDS_ROLE,
    SDS_USER,
    TODAY,
    UNLISTED,
    bundle,
    by_ods,
    encounter,
    identifier,
    logical,
    practitioner,
    ref,
    requester_of,
    role,
)
from hypothesis import given
from hypothesis import strategies as st

from cds_service.directory.vocabulary import identifier_key
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import FcpListing, Setting

FCP, GP = ref("Practitioner/fcp"), ref("Practitioner/gp")
FCPS_ROLE, GPS_ROLE = ref("PractitionerRole/fcp-role"), ref("PractitionerRole/gp-role")
LISTED_HERE, ELSEWHERE = by_ods("Z99101"), by_ods("Z99102")
NOT_REGISTERED = "999100000999"

CURRENT, EXPIRED, NONE, UNKNOWN = FcpListing.CURRENT, FcpListing.EXPIRED, FcpListing.NONE, FcpListing.UNKNOWN


def fcps_role(at: Json | None = LISTED_HERE, identity: str = "fcp-role", **elements: object) -> Json:
    """A role of the practitioner whom the tests list or not."""
    return role(identity, FCP, at, **elements)


def listing(*resources: Json, **arguments: Any) -> FcpListing:  # noqa: ANN401 - the arguments of requester_of
    """The state on the register, as read."""
    return requester_of(*resources, **arguments).fcp_listing


@pytest.mark.parametrize("requester", [FCPS_ROLE, FCP])
@pytest.mark.parametrize(
    ("sds_user", "at", "expected"),
    [
        (ASSURED_FCP, LISTED_HERE, CURRENT),
        (f" {ASSURED_FCP} ", by_ods(" z99101"), CURRENT),
        (ASSURED_FCP, ELSEWHERE, NONE),
        (ASSURED_FCP, by_ods("Z99001"), NONE),
        (EXPIRED_FCP, LISTED_HERE, EXPIRED),
        (FUTURE_FCP, LISTED_HERE, NONE),
        (PCN_FCP, ELSEWHERE, FcpListing.CURRENT_NOT_SPINE),
        (PCN_FCP, LISTED_HERE, NONE),
        (NOT_REGISTERED, LISTED_HERE, NONE),
        (ASSURED_FCP, by_ods(UNLISTED), UNKNOWN),
        (ASSURED_FCP, None, UNKNOWN),
    ],
)
def test_a_listing_counts_at_its_own_practice_or_network(
    requester: Json, sds_user: str, at: Json | None, expected: FcpListing
) -> None:
    """Current, expired, by network, elsewhere, or from an organisation that is not known."""
    assert listing(fcps_role(at), practitioner("fcp", sds_user), requester=requester) is expected


@pytest.mark.parametrize("elements", [{}, {"identifier": [identifier(ASSURED_FCP, SDS_ROLE)]}])
def test_a_practitioner_without_a_number_is_unknown(elements: Json) -> None:
    """The role's own identifier is not the person's."""
    assert listing(fcps_role(**elements), practitioner("fcp"), requester=FCPS_ROLE) is UNKNOWN
    assert listing(fcps_role(**elements), requester=FCPS_ROLE) is UNKNOWN


@pytest.mark.parametrize(
    "identifiers",
    [
        [{"value": ASSURED_FCP}],
        [{"system": SDS_USER}],
        [{"system": SDS_USER, "value": int(ASSURED_FCP)}],
        [{"system": [SDS_USER], "value": ASSURED_FCP}],
        {"system": SDS_USER, "value": ASSURED_FCP},
        [identifier(ASSURED_FCP, "https://other.example/users")],
        "junk",
    ],
)
def test_an_identifier_counts_whole_and_in_its_own_system(identifiers: object) -> None:
    """Junk and other systems list nobody."""
    person = practitioner("fcp") | {"identifier": identifiers}
    assert listing(fcps_role(), person, requester=FCPS_ROLE) in {NONE, UNKNOWN}


def test_a_logical_reference_to_the_practitioner_carries_the_number() -> None:
    """The Practitioner need not come."""
    assert listing(role("fcp-role", logical(ASSURED_FCP), LISTED_HERE), requester=FCPS_ROLE) is CURRENT
    assert listing(role("fcp-role", logical(ASSURED_FCP), LISTED_HERE), requester=logical(ASSURED_FCP)) is CURRENT


def test_of_several_organisations_the_least_state_holds() -> None:
    """The order may come from either practice."""
    roles = (fcps_role(), fcps_role(ELSEWHERE, "second"), practitioner("fcp", ASSURED_FCP))
    assert listing(*roles, requester=FCP) is NONE
    assert listing(*roles, requester=FCPS_ROLE, user="Practitioner/fcp") is CURRENT


def test_a_role_that_cannot_be_placed_leaves_the_listing_unknown() -> None:
    """The order may come from there."""
    for at in (by_ods(UNLISTED), None):
        roles = (fcps_role(), fcps_role(at, "second"), practitioner("fcp", ASSURED_FCP))
        assert listing(*roles, requester=FCP) is UNKNOWN


def test_the_listing_is_the_requesters_and_not_the_users() -> None:
    """The FCP's session does not make a GP's order exempt; the GP's does not undo the FCP's."""
    people = (
        fcps_role(),
        practitioner("fcp", ASSURED_FCP),
        role("gp-role", GP, LISTED_HERE),
        practitioner("gp", NOT_REGISTERED),
    )
    assert listing(*people, requester=GPS_ROLE, user="PractitionerRole/fcp-role") is NONE
    assert listing(*people, requester=GP, user="Practitioner/fcp") is NONE
    assert listing(*people, requester=FCPS_ROLE, user="PractitionerRole/gp-role") is CURRENT


@pytest.mark.parametrize("requester", [ref("Practitioner/lost"), {"display": "Dr A Example"}, LISTED_HERE])
def test_a_requester_of_whom_no_number_is_known_is_unknown_whoever_the_user_is(requester: Json) -> None:
    """A practice is not a person, and a name is no number."""
    people = (fcps_role(), practitioner("fcp", ASSURED_FCP))
    assert listing(*people, requester=requester, user="PractitionerRole/fcp-role") is UNKNOWN


def test_the_user_stands_in_where_no_requester_is_named() -> None:
    """Whoever signs asks."""
    people = (fcps_role(), practitioner("fcp", ASSURED_FCP))
    assert listing(*people, user="PractitionerRole/fcp-role") is CURRENT
    assert listing(*people, user="Practitioner/fcp") is CURRENT


@pytest.mark.parametrize(
    ("provider", "expected"),
    [(LISTED_HERE, CURRENT), (ELSEWHERE, NONE), (by_ods(UNLISTED), UNKNOWN), (None, CURRENT)],
)
@pytest.mark.parametrize("elements", [{"encounter_id": "e1"}, {"encounter": ref("Encounter/e1")}])
def test_a_listing_holds_at_the_place_of_the_encounter_too(
    elements: Json, provider: Json | None, expected: FcpListing
) -> None:
    """All are practices, so the setting stands; but the encounter shows that the order is made from elsewhere."""
    people = (fcps_role(), practitioner("fcp", ASSURED_FCP), encounter("e1", provider))
    found = requester_of(*people, requester=FCPS_ROLE, **elements)
    assert (found.setting, found.fcp_listing) == (Setting.GENERAL_PRACTICE, expected)


@pytest.mark.parametrize(("at", "expected"), [(LISTED_HERE, CURRENT), (ELSEWHERE, NONE), (by_ods(UNLISTED), UNKNOWN)])
def test_a_listing_holds_at_the_users_place_too(at: Json, expected: FcpListing) -> None:
    """The order may come from the session in which it is made."""
    people = (fcps_role(), practitioner("fcp", ASSURED_FCP), role("gp-role", GP, at))
    assert listing(*people, requester=FCPS_ROLE, user="PractitionerRole/gp-role") is expected


def test_one_page_of_roles_leaves_the_listing_unknown() -> None:
    """The order may come from a place on the next page."""
    page = bundle(fcps_role(), practitioner("fcp", ASSURED_FCP), total=5, link=NEXT_PAGE)
    assert listing(page, requester=FCP) is UNKNOWN


@pytest.mark.parametrize("elements", [{"active": False}, {"period": {"end": "2026-11-20"}}])
def test_a_role_that_is_inactive_or_over_lists_nobody(elements: Json) -> None:
    """She has left the practice."""
    people = (fcps_role(**elements), practitioner("fcp", ASSURED_FCP))
    for arguments in ({"requester": FCPS_ROLE}, {"requester": FCP}, {"user": "PractitionerRole/fcp-role"}):
        assert listing(*people, **arguments) is UNKNOWN


PEOPLE = ["fcp", "gp"]
NUMBERS = st.sampled_from([ASSURED_FCP, EXPIRED_FCP, FUTURE_FCP, PCN_FCP, NOT_REGISTERED, "", None])
PLACES = st.sampled_from(["Z99101", "Z99102", "Z99130", "Z99001", UNLISTED, None])
ROLES = st.builds(
    lambda identity, person, place, held: role(
        identity, ref(f"Practitioner/{person}"), by_ods(place) if place else None, **held
    ),
    st.sampled_from(["r1", "r2"]),
    st.sampled_from(PEOPLE),
    PLACES,
    st.sampled_from([{}, {"active": True}, {"active": False}, {"period": {"end": "2025-03-31"}}]),
)
REQUESTERS = st.one_of(
    st.none(),
    st.sampled_from(
        [FCP, GP, ref("PractitionerRole/r1"), ref("PractitionerRole/r2"), ref("PractitionerRole/lost"), LISTED_HERE]
    ),
    st.builds(logical, NUMBERS.filter(bool)),
)
USERS = st.sampled_from(["Practitioner/fcp", "Practitioner/gp", "PractitionerRole/r1", "Practitioner/lost"])


@given(
    numbers=st.tuples(NUMBERS, NUMBERS),
    roles=st.lists(ROLES, max_size=3),
    requester=REQUESTERS,
    user=USERS,
    provider=PLACES,
)
def test_nothing_unknown_gives_a_current_listing(
    numbers: tuple[str | None, str | None], roles: list[Json], requester: Json | None, user: str, provider: str | None
) -> None:
    """Current means: a number on the register, and every organisation the order may come from is the listing's own."""
    people = [practitioner(name, *[n for n in [number] if n]) for name, number in zip(PEOPLE, numbers, strict=True)]
    meeting = [encounter("e1", by_ods(provider))] if provider else []
    found = requester_of(*people, *roles, *meeting, requester=requester, user=user, encounter_id="e1")
    if found.fcp_listing in {CURRENT, FcpListing.CURRENT_NOT_SPINE}:
        sent = {*numbers, (requester or {}).get("identifier", {}).get("value")} - {None, ""}
        keys = [identifier_key(SDS_USER, number) for number in sent]
        assert found.organisations
        places = [*found.organisations, *([DIRECTORY.organisation(provider)] if provider else [])]
        for organisation in places:
            assert organisation is not None
            entries = [entry for key in keys for entry in DIRECTORY.fcp_register.get(key, ())]
            here = [entry for entry in entries if entry.organisation in {organisation.ods_code, organisation.pcn}]
            assert "current" in {entry.state(TODAY)[:7] for entry in here}


@given(numbers=NUMBERS, roles=st.lists(ROLES, max_size=3), requester=REQUESTERS, user=USERS)
def test_a_listing_that_is_not_current_never_exempts(
    numbers: str | None, roles: list[Json], requester: Json | None, user: str
) -> None:
    """With nobody on the register today, no evidence makes anyone exempt."""
    number = numbers if numbers not in {ASSURED_FCP, PCN_FCP} else NOT_REGISTERED
    if requester is not None and requester.get("identifier", {}).get("value") in {ASSURED_FCP, PCN_FCP}:
        requester = logical(NOT_REGISTERED)
    people = [practitioner(name, *([number] if number else [])) for name in PEOPLE]
    assert listing(*people, *roles, requester=requester, user=user) in {NONE, EXPIRED, UNKNOWN}


@given(roles=st.lists(ROLES, max_size=3, unique_by=lambda role: role["id"]), requester=REQUESTERS, user=USERS)
def test_a_role_that_is_inactive_or_over_is_as_good_as_absent(
    roles: list[Json], requester: Json | None, user: str
) -> None:
    """Whoever's it was, and whatever names it."""
    people = (practitioner("fcp", ASSURED_FCP), practitioner("gp", NOT_REGISTERED))
    held = [role for role in roles if role.get("active") is not False and "period" not in role]
    with_all = requester_of(*people, *roles, requester=requester, user=user)
    assert with_all == requester_of(*people, *held, requester=requester, user=user)
