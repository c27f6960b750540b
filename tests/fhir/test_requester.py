"""Who asks, and from where, in the order of evidence of the domain notes (§2.2)."""

import pytest
from fhir_builders import (
    COMMUNITY_MSK,
    EX_NCL_PRACTICE,
    NWL_PRACTICE,
    PRACTICE,
    SDS_JOB_ROLE,
    SERVER,
    TRUST,
    TRUST_CLINIC,
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
)
from requester_builders import (
    ANN,
    ANNS_ROLE,
    AT_MSK,
    AT_PRACTICE,
    AT_TRUST,
    GP,
    HOSPITAL,
    MSK,
    NOT_LISTED,
    NOT_PLACED,
    NOWHERE,
    UNKNOWN,
    anns_role,
    bobs_role,
    place,
    placed,
)

from cds_service.directory.model import Organisation
from cds_service.fhir.requester import SettingSource
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import Setting


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


@pytest.mark.parametrize("requester", [ANN, ref(f"{SERVER}/Practitioner/ann"), ref("Practitioner/ann/_history/4")])
def test_second_a_bare_practitioner_is_placed_by_their_one_role(requester: Json) -> None:
    """§2.2, 2."""
    found = requester_of(bundle(anns_role(), practitioner("ann")), requester=requester)
    assert place(found) == placed(GP, SettingSource.REQUESTER_ROLES, PRACTICE)


@pytest.mark.parametrize("requester", [None, {}])
@pytest.mark.parametrize("user", ["PractitionerRole/bob-role", "Practitioner/bob"])
def test_third_the_users_role_tells_the_setting(requester: Json | None, user: str) -> None:
    """§2.2, 3: where the order names no requester, any setting."""
    found = requester_of(bundle(bobs_role(AT_MSK)), requester=requester, user=user)
    assert place(found) == placed(MSK, SettingSource.USER_ROLE, COMMUNITY_MSK)


@pytest.mark.parametrize("requester", [ANN, {"display": "Dr A Example"}, ref("#lost"), ref("Device/d1")])
@pytest.mark.parametrize("user", ["PractitionerRole/bob-role", "Practitioner/bob"])
def test_third_the_users_role_tells_a_setting_that_exempts_nobody(requester: Json, user: str) -> None:
    """§2.2, 3: where the requester's own evidence names no organisation; what exempts is in test_requester_unplaced."""
    found = requester_of(bundle(bobs_role(AT_PRACTICE)), requester=requester, user=user)
    assert place(found) == placed(GP, SettingSource.USER_ROLE, PRACTICE)


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
