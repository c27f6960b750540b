import pytest
from fhir_builders import (
    COMMUNITY_MSK,
    EX_NCL_PRACTICE,
    NEIGHBOUR,
    NEXT_PAGE,
    NWL_PRACTICE,
    PRACTICE,
    SDS_JOB_ROLE,
    SDS_ROLE,
    SERVER,
    TRUST,
    TRUST_CLINIC,
    UNLISTED,
    URGENT_CARE,
    bundle,
    by_ods,
    concept,
    encounter,
    identifier,
    logical,
    organization,
    practitioner,
    ref,
    requester_of,
    role,
)

from cds_service.directory.model import Organisation
from cds_service.fhir.requester import Requester, SettingSource
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import Setting

ANN, BOB = ref("Practitioner/ann"), ref("Practitioner/bob")
ANNS_ROLE, BOBS_ROLE = ref("PractitionerRole/ann-role"), ref("PractitionerRole/bob-role")
AT_PRACTICE, AT_TRUST, AT_MSK = by_ods("Z99101"), by_ods("Z99130"), by_ods("Z99120")
NOWHERE = by_ods(UNLISTED)

GP, HOSPITAL, MSK, UNKNOWN = Setting.GENERAL_PRACTICE, Setting.SECONDARY_CARE, Setting.COMMUNITY_MSK, Setting.UNKNOWN


def anns_role(at: Json | None = AT_PRACTICE, identity: str = "ann-role", **elements: object) -> Json:
    """A role of Ann's."""
    return role(identity, ANN, at, **elements)


def bobs_role(at: Json | None = AT_TRUST, identity: str = "bob-role", **elements: object) -> Json:
    """A role of Bob's, at the trust unless said otherwise."""
    return role(identity, BOB, at, **elements)


def place(found: Requester) -> tuple[Setting, SettingSource, tuple[Organisation, ...], bool]:
    """What is known of where the requester works."""
    return found.setting, found.setting_source, found.organisations, found.organisation_sent


def placed(
    setting: Setting, source: SettingSource, *organisations: Organisation, sent: bool = True
) -> tuple[Setting, SettingSource, tuple[Organisation, ...], bool]:
    """The same, as expected."""
    return setting, source, organisations, sent


NOT_PLACED = placed(UNKNOWN, SettingSource.NONE, sent=False)
NOT_LISTED = placed(UNKNOWN, SettingSource.NOT_LISTED)


@pytest.mark.parametrize("target", ["PractitionerRole/ann-role", f"{SERVER}/PractitionerRole/ann-role/_history/2"])
@pytest.mark.parametrize(
    ("organisation", "setting"),
    [
        (PRACTICE, GP),
        (URGENT_CARE, Setting.URGENT_CARE),
        (COMMUNITY_MSK, MSK),
        (TRUST, HOSPITAL),
        (EX_NCL_PRACTICE, GP),
    ],
)
def test_first_the_requesters_role_tells_the_setting(target: str, organisation: Organisation, setting: Setting) -> None:
    """§2.2, 1: PractitionerRole → organization, by logical reference or by a resource."""
    logical_one = anns_role(by_ods(organisation.ods_code))
    with_resource = (anns_role(ref("Organization/o1")), organization("o1", organisation.ods_code))
    expected = placed(setting, SettingSource.REQUESTER_ROLE, organisation)
    assert place(requester_of(logical_one, requester=ref(target))) == expected
    assert place(requester_of(*with_resource, requester=ref(target))) == expected


@pytest.mark.parametrize("code", ["R0050", "S0010:G0020:R0050"])
def test_a_consultants_code_inside_a_practice_is_a_practice(code: str) -> None:
    """Fact 3: the setting comes from the organisation and never from the role."""
    found = requester_of(anns_role(code=[concept(code, system=SDS_JOB_ROLE)]), requester=ANNS_ROLE)
    assert (found.setting, found.category) == (GP, "hospital-doctor")


@pytest.mark.parametrize("requester", [ANN, ref(f"{SERVER}/Practitioner/ann"), ref("Practitioner/ann/_history/4")])
def test_second_a_bare_practitioner_is_placed_by_their_one_role(requester: Json) -> None:
    """§2.2, 2."""
    found = requester_of(bundle(anns_role(), practitioner("ann")), requester=requester)
    assert place(found) == placed(GP, SettingSource.REQUESTER_ROLES, PRACTICE)


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
    assert requester_of(page, requester=ANN).setting is UNKNOWN


def test_an_inactive_role_does_not_place_a_bare_practitioner() -> None:
    """The job at the trust has ended."""
    roles = bundle(anns_role(), anns_role(AT_TRUST, "second", active=False))
    assert requester_of(roles, requester=ANN).setting is GP
    assert place(requester_of(anns_role(AT_TRUST, active=False), requester=ANN)) == NOT_PLACED


@pytest.mark.parametrize("at", [AT_TRUST, AT_MSK])
def test_an_inactive_role_exempts_nobody_though_the_order_or_the_user_names_it(at: Json) -> None:
    """A role that has ended shows no place of work, however it is named."""
    ended = anns_role(at, active=False)
    assert requester_of(ended, requester=ANNS_ROLE).setting is UNKNOWN
    assert requester_of(ended, user="PractitionerRole/ann-role").setting is UNKNOWN


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


@pytest.mark.parametrize("requester", [None, ANN, {"display": "Dr A Example"}, ref("#lost"), ref("Device/d1"), {}])
@pytest.mark.parametrize("user", ["PractitionerRole/bob-role", "Practitioner/bob"])
def test_third_the_users_role_tells_the_setting(requester: Json | None, user: str) -> None:
    """§2.2, 3: where the requester's own evidence names no organisation."""
    found = requester_of(bundle(bobs_role(AT_MSK)), requester=requester, user=user)
    assert place(found) == placed(MSK, SettingSource.USER_ROLE, COMMUNITY_MSK)


def test_fourth_the_requesting_organisation_tells_the_setting() -> None:
    """§2.2, 4: by reference or by ODS code."""
    expected = placed(GP, SettingSource.REQUESTER_ORGANISATION, PRACTICE)
    by_reference = requester_of(organization("o1", "Z99101"), requester=ref("Organization/o1"))
    assert [place(by_reference), place(requester_of(requester=AT_PRACTICE))] == [expected, expected]


@pytest.mark.parametrize("elements", [{"encounter_id": "e1"}, {"encounter": ref("Encounter/e1")}])
def test_last_the_encounters_provider_tells_the_setting(elements: Json) -> None:
    """§2.2, 4: the hook's encounter, or the order's."""
    found = requester_of(bundle(encounter("e1", AT_PRACTICE)), requester=ANN, **elements)
    assert place(found) == placed(GP, SettingSource.ENCOUNTER, PRACTICE)


def test_the_patients_practice_never_tells_the_setting() -> None:
    """§2.2, 5."""
    registered = {"resourceType": "Patient", "id": "p1", "generalPractitioner": [AT_PRACTICE]}
    assert place(requester_of(registered, requester=ANN)) == NOT_PLACED


@pytest.mark.parametrize(
    "arguments",
    [
        {"requester": ANNS_ROLE},
        {"requester": ANN},
        {"user": "PractitionerRole/ann-role"},
        {"requester": NOWHERE},
        {"requester": ref("Organization/lost")},
        {"encounter_id": "e1"},
    ],
)
def test_an_organisation_that_was_sent_but_is_not_listed_is_unknown(arguments: Json) -> None:
    """And it is remembered that one was sent (fact 4)."""
    found = requester_of(anns_role(NOWHERE), encounter("e1", NOWHERE), **arguments)
    assert place(found) == NOT_LISTED


CONTAINED_TRUST = [organization("o1", "Z99130")]
UNTYPED_ORGANISATIONS: dict[str, Json] = {
    "contained": {"requester": ref("#o1"), "contained": CONTAINED_TRUST},
    "identifier": {"requester": logical("Z99130", "https://fhir.nhs.uk/Id/ods-organization-code")},
}


@pytest.mark.parametrize("elements", UNTYPED_ORGANISATIONS.values(), ids=UNTYPED_ORGANISATIONS.keys())
def test_a_requesting_organisation_is_one_though_the_reference_states_no_type(elements: Json) -> None:
    """`Reference.type` is optional: the resource, or the ODS code, says what it is."""
    assert place(requester_of(**elements)) == placed(HOSPITAL, SettingSource.REQUESTER_ORGANISATION, TRUST)


def test_a_requesting_organisation_may_be_an_entry_with_a_uuid() -> None:
    """As a bundle names its entries."""
    urn = "urn:uuid:5f0e0ca0-5a0f-4a0e-9c2e-000000000001"
    answer = {"resourceType": "Bundle", "entry": [{"fullUrl": urn, "resource": organization("o1", "Z99101")}]}
    found = requester_of(answer, bobs_role(AT_TRUST), requester=ref(urn), user="PractitionerRole/bob-role")
    assert (found.setting, found.setting_source) == (UNKNOWN, SettingSource.CONFLICT)


@pytest.mark.parametrize(
    "elements",
    [
        {"requester": ref("#o1"), "contained": [organization("o1", "Z99101")]},
        {"requester": logical("Z99101", "https://fhir.nhs.uk/Id/ods-organization-code")},
        {"requester": AT_PRACTICE},
        {"requester": ref("Organization/o1")},
    ],
)
def test_a_requesting_practice_contradicts_a_user_from_a_trust(elements: Json) -> None:
    """Evidence that disagrees is unknown (fact 3); else the trust's silence would cover a practice's order."""
    evidence = (bobs_role(AT_TRUST), organization("o1", "Z99101"))
    found = requester_of(*evidence, user="PractitionerRole/bob-role", **elements)
    assert (found.setting, found.setting_source) == (UNKNOWN, SettingSource.CONFLICT)


@pytest.mark.parametrize("requester", [ANNS_ROLE, ANN, None, AT_TRUST])
@pytest.mark.parametrize("elements", [{"encounter_id": "e1"}, {"encounter": ref("Encounter/e1")}])
def test_an_encounter_elsewhere_contradicts(requester: Json | None, elements: Json) -> None:
    """D80: practice by encounter, trust by employer."""
    evidence = (anns_role(AT_TRUST), encounter("e1", AT_PRACTICE))
    found = requester_of(*evidence, requester=requester, user="PractitionerRole/ann-role", **elements)
    assert (found.setting, found.setting_source) == (UNKNOWN, SettingSource.CONFLICT)


def test_the_orders_encounter_is_read_where_the_hooks_did_not_come() -> None:
    """The key was left out, but the order itself names another encounter that did come."""
    evidence = (anns_role(AT_TRUST), encounter("e2", AT_PRACTICE))
    found = requester_of(*evidence, requester=ANNS_ROLE, encounter_id="e1", encounter=ref("Encounter/e2"))
    assert (found.setting, found.setting_source) == (UNKNOWN, SettingSource.CONFLICT)


@pytest.mark.parametrize("at", [AT_TRUST, AT_MSK])
@pytest.mark.parametrize(
    "elements",
    [
        {"requester": ANNS_ROLE, "encounter_id": "e1"},
        {"requester": ANN, "encounter_id": "e1"},
        {"requester": NOWHERE, "user": "PractitionerRole/ann-role"},
        {"requester": BOBS_ROLE, "user": "PractitionerRole/ann-role"},
    ],
)
def test_an_organisation_that_cannot_be_placed_agrees_with_no_exemption(at: Json, elements: Json) -> None:
    """The encounter, the requester or the user may be in a practice that nobody listed (fact 2)."""
    evidence = (anns_role(at), bobs_role(NOWHERE), encounter("e1", NOWHERE))
    assert requester_of(*evidence, **elements).setting is UNKNOWN


@pytest.mark.parametrize("provider", [AT_TRUST, None])
def test_an_encounter_that_agrees_or_says_nothing_changes_nothing(provider: Json | None) -> None:
    """The source stays the role."""
    found = requester_of(anns_role(AT_TRUST), encounter("e1", provider), requester=ANNS_ROLE, encounter_id="e1")
    assert place(found) == placed(HOSPITAL, SettingSource.REQUESTER_ROLE, TRUST)


def test_an_encounter_of_another_kind_is_no_encounter() -> None:
    """A reference may point at anything."""
    evidence = (anns_role(AT_TRUST), organization("o1", "Z99101"))
    found = requester_of(*evidence, requester=ANNS_ROLE, encounter=ref("Organization/o1"))
    assert found.setting is HOSPITAL


@pytest.mark.parametrize("user", ["PractitionerRole/bob-role", "Practitioner/bob"])
@pytest.mark.parametrize("requester", [ANNS_ROLE, ANN])
def test_another_person_as_user_contradicts(requester: Json, user: str) -> None:
    """The order is a practice nurse's, the session a consultant's: unknown, either way round."""
    for hers, his in ((AT_PRACTICE, AT_TRUST), (AT_TRUST, AT_PRACTICE)):
        found = requester_of(bundle(anns_role(hers), bobs_role(his)), requester=requester, user=user)
        assert (found.setting, found.setting_source) == (UNKNOWN, SettingSource.CONFLICT)


def test_another_person_of_the_same_setting_does_not_contradict() -> None:
    """The requester's own organisation counts."""
    roles = bundle(anns_role(), bobs_role(by_ods("Z99102")))
    found = requester_of(roles, requester=ANNS_ROLE, user="PractitionerRole/bob-role")
    assert place(found) == placed(GP, SettingSource.REQUESTER_ROLE, PRACTICE)


def test_another_role_of_the_same_person_contradicts() -> None:
    """She orders as of the trust and has opened the record as of the practice."""
    roles = bundle(anns_role(AT_TRUST), anns_role(AT_PRACTICE, "second"))
    found = requester_of(roles, requester=ANNS_ROLE, user="PractitionerRole/second")
    assert (found.setting, found.setting_source) == (UNKNOWN, SettingSource.CONFLICT)


def test_the_role_that_the_order_names_holds_for_a_user_known_by_name_alone() -> None:
    """The user is the same person; her other role adds nothing to the one she orders in."""
    roles = bundle(anns_role(AT_PRACTICE), anns_role(AT_TRUST, "second"))
    found = requester_of(roles, requester=ANNS_ROLE, user="Practitioner/ann")
    assert place(found) == placed(GP, SettingSource.REQUESTER_ROLE, PRACTICE)


def test_a_clinic_of_a_trust_is_a_clinic_and_no_trust() -> None:
    """Site before organisation, all the way from the role."""
    codes = [identifier("Z99131", "https://fhir.nhs.uk/Id/ods-site-code"), *organization("x", "Z99130")["identifier"]]
    clinic = organization("o1") | {"identifier": codes}
    found = requester_of(anns_role(ref("Organization/o1")), clinic, requester=ANNS_ROLE)
    assert place(found) == placed(MSK, SettingSource.REQUESTER_ROLE, TRUST_CLINIC)


@pytest.mark.parametrize(
    ("codes", "category"),
    [
        ([concept("R9806", system=SDS_JOB_ROLE)], "first-contact-physiotherapist"),
        ([concept("S8000:G8000:R8000", system=SDS_JOB_ROLE), concept("62247001")], "gp"),
        ([concept("R8000", system=SDS_JOB_ROLE)], "unknown"),
        ([concept("1")], "unknown"),
        ("junk", "unknown"),
        (None, "unknown"),
    ],
)
def test_the_category_is_the_requesters_kind_of_role(codes: object, category: str) -> None:
    """For the log alone; a generic access role says nothing."""
    assert requester_of(anns_role(code=codes), requester=ANNS_ROLE).category == category


def test_the_category_is_the_users_only_where_no_requester_is_named() -> None:
    """Another person's role is not the requester's."""
    his = bobs_role(code=[concept("62247001")])
    assert requester_of(his, user="PractitionerRole/bob-role").category == "gp"
    assert requester_of(his, requester=ANN, user="PractitionerRole/bob-role").category == "unknown"


def test_region_evidence_of_another_footprint_is_kept() -> None:
    """The organisation carries its own region."""
    found = requester_of(anns_role(by_ods("Z99001")), requester=ANNS_ROLE)
    assert found.organisations == (NWL_PRACTICE,)
