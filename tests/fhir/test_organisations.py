import pytest
from fhir_builders import (
    COMMUNITY_MSK,
    DIRECTORY,
    EX_NCL_PRACTICE,
    NEL,
    PRACTICE,
    SERVER,
    TRUST,
    TRUST_CLINIC,
    UNLISTED,
    by_ods,
    encounter,
    identifier,
    index_of,
    logical,
    order,
    organization,
    patient,
    practitioner,
    ref,
    role,
    site,
)

from cds_service.directory.model import Organisation
from cds_service.fhir.organisations import (
    ODS_ORGANISATION,
    ODS_SITE,
    OrganisationEvidence,
    organisations_of,
    region_of,
)
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import OUTSIDE

NOTHING = OrganisationEvidence(sent=False)
NOT_LISTED = OrganisationEvidence(sent=True)


def evidence(reference: object, *resources: Json, holder: Json | None = None) -> OrganisationEvidence:
    """What a reference says, given the resources of the call."""
    return organisations_of(reference, holder or order(), index_of(*resources), DIRECTORY)


def of(*listed: Organisation) -> OrganisationEvidence:
    """An organisation that was sent and is listed."""
    return OrganisationEvidence(sent=True, listed=listed)


def test_an_organisation_is_known_by_its_resource() -> None:
    """The ODS code stands in the Organization."""
    assert evidence(ref("Organization/o1"), organization("o1", "Z99101")) == of(PRACTICE)


def test_an_organisation_is_known_by_a_logical_reference() -> None:
    """UK Core sends an identifier and no target."""
    assert evidence(by_ods("Z99101")) == of(PRACTICE)


def test_an_identifier_beside_a_reference_that_did_not_come_is_enough() -> None:
    """Not every answer includes its organisations."""
    assert evidence(ref("Organization/o1", identifier=identifier("Z99101", ODS_ORGANISATION))) == of(PRACTICE)


@pytest.mark.parametrize("code", ["z99101", " Z99101 ", "\tz99101\n"])
def test_an_ods_code_is_compared_without_case_and_blanks(code: str) -> None:
    """Domain.md §2.3."""
    assert evidence(by_ods(code)) == evidence(ref("Organization/o1"), organization("o1", code)) == of(PRACTICE)


@pytest.mark.parametrize(
    "identifiers",
    [
        [identifier("Z99130", ODS_ORGANISATION), identifier("Z99131", ODS_SITE)],
        [identifier("Z99131", ODS_SITE), identifier("Z99130", ODS_ORGANISATION)],
    ],
)
def test_a_site_is_looked_up_before_its_organisation(identifiers: list[Json]) -> None:
    """A community clinic of a trust is a community clinic."""
    clinic = organization("o1") | {"identifier": identifiers}
    assert evidence(ref("Organization/o1"), clinic) == of(TRUST_CLINIC)


def test_a_site_in_the_resource_is_looked_up_before_the_organisation_in_the_reference() -> None:
    """The order of looking up is the same wherever the codes stand; else the clinic would pass for the hospital."""
    stated = ref("Organization/o1", identifier=identifier("Z99130", ODS_ORGANISATION))
    assert evidence(stated, site("o1", "Z99131")) == of(TRUST_CLINIC)


def test_a_reference_and_its_resource_that_name_two_settings_settle_nothing() -> None:
    """Evidence that disagrees is unknown (fact 3): the reference says hospital, the resource says practice."""
    stated = ref("Organization/o1", identifier=identifier("Z99130", ODS_ORGANISATION))
    assert set(evidence(stated, organization("o1", "Z99101")).listed) == {TRUST, PRACTICE}


def test_an_unlisted_site_is_known_by_its_organisation_code() -> None:
    """Not every site has a row of its own."""
    ward = organization("o1") | {"identifier": [identifier(UNLISTED, ODS_SITE), identifier("Z99130", ODS_ORGANISATION)]}
    assert evidence(ref("Organization/o1"), ward) == of(TRUST)


@pytest.mark.parametrize(
    "parent",
    [ref("Organization/o2"), by_ods("Z99130"), ref("Organization/lost", identifier=by_ods("Z99130")["identifier"])],
)
def test_an_unlisted_site_is_known_by_what_it_is_part_of(parent: Json) -> None:
    """By reference or by identifier."""
    ward = site("o1", UNLISTED, partOf=parent)
    assert evidence(ref("Organization/o1"), ward, organization("o2", "Z99130")) == of(TRUST)


def test_a_listed_site_is_not_taken_for_what_it_is_part_of() -> None:
    """The first that is listed counts."""
    clinic = site("o1", "Z99131", partOf=ref("Organization/o2"))
    assert evidence(ref("Organization/o1"), clinic, organization("o2", "Z99130")) == of(TRUST_CLINIC)


@pytest.mark.parametrize("parent", [ref("Organization/o2"), by_ods("Z99130")])
@pytest.mark.parametrize(
    "unlisted",
    [
        organization("o1", UNLISTED),
        organization("o1", UNLISTED) | {"type": [{"text": "practice"}]},
        {
            **site("o1", "Z99998"),
            "identifier": [identifier("Z99998", ODS_SITE), identifier(UNLISTED, ODS_ORGANISATION)],
        },
    ],
)
def test_an_unlisted_organisation_is_not_taken_for_what_it_is_part_of(unlisted: Json, parent: Json) -> None:
    """A practice that a trust owns is a practice: with an organisation code of its own it is simply not listed."""
    part = {**unlisted, "partOf": parent}
    assert evidence(ref("Organization/o1"), part, organization("o2", "Z99130")) == NOT_LISTED


def test_an_unlisted_organisation_code_in_the_reference_is_not_taken_for_the_parent_either() -> None:
    """The code counts wherever it stands."""
    stated = ref("Organization/o1", identifier=identifier(UNLISTED, ODS_ORGANISATION))
    parts = (organization("o1", partOf=ref("Organization/o2")), organization("o2", "Z99130"))
    assert evidence(stated, *parts) == NOT_LISTED


def test_an_organisation_without_any_code_is_known_by_what_it_is_part_of() -> None:
    """A ward or department has none."""
    ward = organization("o1", partOf=ref("Organization/o2"))
    assert evidence(ref("Organization/o1"), ward, organization("o2", "Z99130")) == of(TRUST)


def test_organisations_that_are_part_of_each_other_end() -> None:
    """A loop is junk, and no reason to hang."""
    loop = [site(f"o{here}", UNLISTED, partOf=ref(f"Organization/o{there}")) for here, there in [(1, 2), (2, 1)]]
    assert evidence(ref("Organization/o1"), *loop) == NOT_LISTED


def test_an_organisation_is_found_through_a_role() -> None:
    """A patient's general practitioner may be a PractitionerRole."""
    gp = role("r1", ref("Practitioner/a"), ref("Organization/o1"))
    assert evidence(ref("PractitionerRole/r1"), gp, organization("o1", "Z99101")) == of(PRACTICE)


@pytest.mark.parametrize("at", [ref("PractitionerRole/r1"), ref("PractitionerRole/r2")])
def test_roles_that_name_each_other_as_their_organisation_end(at: Json) -> None:
    """Junk, and never a 5xx."""
    roles = [role("r1", None, at), role("r2", None, ref("PractitionerRole/r1"))]
    assert evidence(ref("PractitionerRole/r1"), *roles).listed == ()


def test_a_contained_organisation_is_found_in_its_holder() -> None:
    """The holder is the resource that refers to it."""
    holder = order(contained=[organization("o1", "Z99120")])
    assert evidence(ref("#o1"), holder=holder) == of(COMMUNITY_MSK)


@pytest.mark.parametrize(
    "reference",
    [
        by_ods(UNLISTED),
        ref("Organization/lost"),
        ref("https://other.example/fhir/Organization/o1"),
        {"display": "A surgery"},
        logical("Z99101", "https://other.example/organisations", type="Organization"),
        logical("Z99P11", ODS_ORGANISATION, type="Organization"),
        {"identifier": {"system": ODS_ORGANISATION, "value": " "}},
        {"identifier": {"system": ODS_ORGANISATION, "value": 7}},
        {"identifier": [by_ods("Z99101")["identifier"]]},
        ref("Organization/bare"),
    ],
)
def test_an_organisation_that_was_sent_but_is_not_listed_is_told_from_none(reference: Json) -> None:
    """It must not fall to the client's default region (fact 4)."""
    resources = [organization("o1", "Z99101"), {"resourceType": "Organization", "id": "bare", "identifier": "junk"}]
    assert evidence(reference, *resources) == NOT_LISTED


@pytest.mark.parametrize("reference", [None, "Organization/o1", 7, [], [by_ods("Z99101")], {}])
def test_no_reference_names_no_organisation(reference: object) -> None:
    """Junk sends nothing."""
    assert evidence(reference, organization("o1", "Z99101")) == NOTHING


@pytest.mark.parametrize("target", ["Patient/p1", "Practitioner/a", "Encounter/e1"])
def test_a_reference_to_another_kind_of_resource_names_no_organisation(target: str) -> None:
    """A practice's doctor is not the practice."""
    assert evidence(ref(target), patient(), practitioner("a"), encounter("e1", by_ods("Z99101"))) == NOTHING


@pytest.mark.parametrize(
    "reference",
    [
        ref("Practitioner/a"),
        ref("Practitioner/a", type="Practitioner", display="Dr A Example"),
        ref(f"{SERVER}/Practitioner/a/_history/2"),
        logical("999100000201", type="Practitioner"),
    ],
)
def test_a_reference_to_another_kind_of_resource_names_no_organisation_though_it_did_not_come(reference: Json) -> None:
    """The reference says what it names; nothing was sent that could be in no list."""
    assert evidence(reference) == NOTHING


def test_a_listed_organisation_in_no_footprint_is_outside() -> None:
    """Fact 4; the others lie in their own."""
    assert [region_of(organisation) for organisation in (PRACTICE, EX_NCL_PRACTICE)] == [NEL, OUTSIDE]
