"""Evidence that disagrees or cannot be placed: the setting is then unknown, and exempts nobody (facts 2 and 3)."""

import pytest
from fhir_builders import PRACTICE, TRUST, bundle, by_ods, encounter, logical, organization, ref, requester_of
from requester_builders import (
    ANN,
    ANNS_ROLE,
    AT_MSK,
    AT_PRACTICE,
    AT_TRUST,
    BOBS_ROLE,
    GP,
    HOSPITAL,
    NOWHERE,
    UNKNOWN,
    anns_role,
    bobs_role,
    place,
    placed,
)

from cds_service.fhir.requester import SettingSource
from cds_service.fhir.shapes import Json


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


@pytest.mark.parametrize("at", [AT_TRUST, AT_MSK])
def test_an_unlisted_encounter_is_the_reason_given_for_an_exemption_lost(at: Json) -> None:
    """Nothing contradicts; one of the places is on no list."""
    found = requester_of(anns_role(at), encounter("e1", NOWHERE), requester=ANNS_ROLE, encounter_id="e1")
    assert (found.setting, found.setting_source) == (UNKNOWN, SettingSource.NOT_LISTED)


@pytest.mark.parametrize("at", [AT_PRACTICE, by_ods("Z99110")])
@pytest.mark.parametrize("elements", [{"encounter_id": "e1"}, {"user": "PractitionerRole/bob-role"}])
def test_an_organisation_that_cannot_be_placed_leaves_a_setting_that_exempts_nobody(at: Json, elements: Json) -> None:
    """A practice's order stays a practice's: nothing is gained by doubting it."""
    evidence = (anns_role(at), bobs_role(NOWHERE), encounter("e1", NOWHERE))
    found = requester_of(*evidence, requester=ANNS_ROLE, **elements)
    assert found.setting_source is SettingSource.REQUESTER_ROLE


def test_an_encounter_that_names_no_provider_takes_nothing_away() -> None:
    """Nothing was sent of it; an encounter that did not come is the same."""
    evidence = (anns_role(AT_TRUST), encounter("e1"))
    for encounter_id in ("e1", "lost"):
        assert requester_of(*evidence, requester=ANNS_ROLE, encounter_id=encounter_id).setting is HOSPITAL


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
