"""The roles of a person: which are theirs, which are held, and what several of them say together."""

import pytest
from fhir_builders import (
    NEIGHBOUR,
    NEXT_PAGE,
    PRACTICE,
    SDS_JOB_ROLE,
    SDS_ROLE,
    TRUST,
    bundle,
    by_ods,
    concept,
    identifier,
    logical,
    organization,
    practitioner,
    ref,
    requester_of,
    role,
)
from requester_builders import (
    ANN,
    ANNS_ROLE,
    AT_MSK,
    AT_PRACTICE,
    AT_TRUST,
    GP,
    HOSPITAL,
    NOT_PLACED,
    NOWHERE,
    UNKNOWN,
    anns_role,
    bobs_role,
    place,
    placed,
)

from cds_service.fhir.requester import SettingSource
from cds_service.fhir.shapes import Json


@pytest.mark.parametrize("code", ["R0050", "S0010:G0020:R0050"])
def test_a_consultants_code_inside_a_practice_is_a_practice(code: str) -> None:
    """Fact 3: the setting comes from the organisation and never from the role."""
    found = requester_of(anns_role(code=[concept(code, system=SDS_JOB_ROLE)]), requester=ANNS_ROLE)
    assert (found.setting, found.category) == (GP, "hospital-doctor")


def test_several_roles_that_agree_give_their_setting() -> None:
    """Two practices are one setting, and two organisations."""
    roles = bundle(anns_role(), anns_role(by_ods("Z99102"), "second"))
    assert place(requester_of(roles, requester=ANN)) == placed(GP, SettingSource.REQUESTER_ROLES, PRACTICE, NEIGHBOUR)


@pytest.mark.parametrize("other", [AT_TRUST, AT_MSK, by_ods("Z99110")])
def test_several_roles_that_disagree_are_unknown(other: Json) -> None:
    """§2.2, 2: only accepted if all give the same setting."""
    for roles in ((anns_role(), anns_role(other, "second")), (anns_role(other, "second"), anns_role())):
        found = requester_of(bundle(*roles), requester=ANN)
        assert (found.setting, found.setting_source) == (UNKNOWN, SettingSource.CONFLICT)


@pytest.mark.parametrize("other", [NOWHERE, None])
@pytest.mark.parametrize("listed", [AT_PRACTICE, AT_TRUST, AT_MSK])
def test_several_roles_of_which_one_cannot_be_placed_are_unknown(listed: Json, other: Json | None) -> None:
    """The missing one never exempts (fact 2)."""
    found = requester_of(bundle(anns_role(listed), anns_role(other, "second")), requester=ANN)
    assert (found.setting, found.setting_source) == (UNKNOWN, SettingSource.NOT_LISTED)


@pytest.mark.parametrize("listed", [AT_TRUST, AT_MSK])
def test_roles_on_one_page_of_several_are_not_all_the_roles(listed: Json) -> None:
    """A role on the next page may disagree, so one page exempts nobody."""
    page = bundle(anns_role(listed), total=2, link=NEXT_PAGE)
    found = requester_of(page, requester=ANN)
    assert (found.setting, found.setting_source) == (UNKNOWN, SettingSource.NOT_LISTED)
    assert not found.every_organisation_listed


def test_one_page_of_roles_holds_the_role_that_the_order_names() -> None:
    """Nobody needs the others then."""
    page = bundle(anns_role(AT_TRUST), total=2, link=NEXT_PAGE)
    assert place(requester_of(page, requester=ANNS_ROLE)) == placed(HOSPITAL, SettingSource.REQUESTER_ROLE, TRUST)


@pytest.mark.parametrize("elements", [{"active": False}, {"period": {"end": "2026-11-20"}}])
def test_a_role_that_is_inactive_or_over_does_not_place_a_bare_practitioner(elements: Json) -> None:
    """The job at the trust has ended."""
    roles = bundle(anns_role(), anns_role(AT_TRUST, "second", **elements))
    assert place(requester_of(roles, requester=ANN)) == placed(GP, SettingSource.REQUESTER_ROLES, PRACTICE)
    assert place(requester_of(anns_role(AT_TRUST, **elements), requester=ANN)) == NOT_PLACED


@pytest.mark.parametrize("at", [AT_TRUST, AT_MSK])
@pytest.mark.parametrize("elements", [{"active": False}, {"period": {"end": "2026-11-20"}}])
def test_a_role_that_is_inactive_or_over_is_nobodys_though_the_order_or_the_user_names_it(
    at: Json, elements: Json
) -> None:
    """It shows no place of work, however it is named."""
    ended = anns_role(at, **elements)
    by_number = {**ended, "identifier": [identifier("1", SDS_ROLE)]}
    assert place(requester_of(ended, requester=ANNS_ROLE)) == NOT_PLACED
    assert place(requester_of(ended, user="PractitionerRole/ann-role")) == NOT_PLACED
    assert place(requester_of(requester=ref("#ann-role"), contained=[ended])) == NOT_PLACED
    found = requester_of(by_number, requester=logical("1", SDS_ROLE, type="PractitionerRole"))
    assert place(found) == NOT_PLACED


@pytest.mark.parametrize("end", ["2025", "2026-10", "2026-11-20", "2026-11-20T23:59:59Z", "1999-12-31"])
def test_a_role_is_over_after_the_last_day_of_its_period(end: str) -> None:
    """A date of FHIR may be a year or a month, and stands for all of it."""
    assert place(requester_of(anns_role(AT_TRUST, period={"end": end}), requester=ANNS_ROLE)) == NOT_PLACED


@pytest.mark.parametrize(
    "elements",
    [
        {"period": {"end": "2026-11-21"}},
        {"period": {"end": "2026-11-21T08:00:00Z"}},
        {"period": {"end": "2026-11"}},
        {"period": {"end": "2026"}},
        {"period": {"end": "2027-01-01"}},
        {"period": {"start": "2019-04-01"}},
        {"period": {}},
        {"period": None},
        {"active": True},
        {"active": None},
    ],
)
def test_a_role_that_is_not_over_is_held(elements: Json) -> None:
    """The last day counts, and a role need say neither."""
    found = requester_of(anns_role(AT_TRUST, **elements), requester=ANNS_ROLE)
    assert place(found) == placed(HOSPITAL, SettingSource.REQUESTER_ROLE, TRUST)


@pytest.mark.parametrize("at", [AT_TRUST, AT_MSK])
@pytest.mark.parametrize("start", ["2026-11-22", "2026-12", "2027"])
def test_a_role_that_has_not_begun_exempts_nobody(at: Json, start: str) -> None:
    """She does not work there yet (fact 2)."""
    for requester in (ANNS_ROLE, ANN):
        assert requester_of(anns_role(at, period={"start": start}), requester=requester).setting is UNKNOWN


def test_roles_of_someone_else_in_a_lenient_answer_are_not_theirs() -> None:
    """A server that ignores a parameter sends every role it has."""
    nobodys = [
        role("r3", None, AT_TRUST),
        role("r4", {"display": "Ann"}, AT_TRUST),
        role("r5", ref("Patient/ann"), AT_TRUST),
    ]
    assert requester_of(bundle(bobs_role(), anns_role(), *nobodys), requester=ANN).setting is GP
    assert place(requester_of(bundle(bobs_role(), *nobodys), requester=ANN)) == NOT_PLACED


@pytest.mark.parametrize("requester", [ref("https://other.example/fhir/Practitioner/ann"), ref("Practitioner/an")])
def test_a_practitioner_of_another_server_is_someone_else(requester: Json) -> None:
    """The id alone is not the person."""
    assert place(requester_of(bundle(anns_role(AT_TRUST)), requester=requester)) == NOT_PLACED


@pytest.mark.parametrize(
    "role_of_hers",
    [
        role("r1", logical("999100000201"), AT_PRACTICE),
        role("r1", ref("Practitioner/ann"), AT_PRACTICE),
        role("r1", ref("urn:uuid:lost", identifier=identifier("999100000201")), AT_PRACTICE),
    ],
)
def test_a_logical_reference_to_the_practitioner_finds_the_role(role_of_hers: Json) -> None:
    """By an identifier in the role's own reference, or in the Practitioner behind it."""
    found = requester_of(bundle(role_of_hers, practitioner("ann", "999100000201")), requester=logical("999100000201"))
    assert place(found) == placed(GP, SettingSource.REQUESTER_ROLES, PRACTICE)


def test_a_logical_reference_to_the_role_finds_the_role() -> None:
    """By the role's own identifier."""
    roles = bundle(bobs_role(identifier=[identifier("2", SDS_ROLE)]), anns_role(identifier=[identifier("1", SDS_ROLE)]))
    found = requester_of(roles, requester=logical("1", SDS_ROLE, type="PractitionerRole"))
    assert place(found) == placed(GP, SettingSource.REQUESTER_ROLE, PRACTICE)


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_identifier_is_nobodys(blank: str) -> None:
    """Two people without a number are not one person."""
    stranger = role("bob-role", logical(blank), AT_TRUST, identifier=[identifier(blank, SDS_ROLE)])
    assert place(requester_of(bundle(stranger), requester=logical(blank))) == NOT_PLACED
    assert (
        place(requester_of(bundle(stranger), requester=logical(blank, SDS_ROLE, type="PractitionerRole"))) == NOT_PLACED
    )


def test_a_contained_role_is_read() -> None:
    """In the order itself."""
    contained = [role("inner", ANN, AT_PRACTICE)]
    found = requester_of(requester=ref("#inner"), contained=contained)
    assert (found.setting, found.organisations) == (GP, (PRACTICE,))


def test_a_contained_role_may_name_an_organisation_contained_beside_it() -> None:
    """Contained resources refer to each other through the order that holds them."""
    contained = [role("inner", ref("#ann"), ref("#surgery")), organization("surgery", "Z99101"), practitioner("ann")]
    found = requester_of(requester=ref("#inner"), contained=contained)
    assert (found.setting, found.organisations) == (GP, (PRACTICE,))
