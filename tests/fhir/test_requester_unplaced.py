"""A requester whom the order names and of whom no organisation came: nobody else's place exempts them (facts 1, 2)."""

import pytest
from fhir_builders import (
    ASSURED_FCP,
    CAUDA_EQUINA,
    DIRECTORY,
    EX_NCL_PRACTICE,
    MRI_LUMBAR,
    PRACTICE,
    SDS_ROLE,
    SERVER,
    TERMINOLOGY,
    TODAY,
    URGENT_CARE,
    bundle,
    by_ods,
    concept,
    encounter,
    facts,
    index_of,
    logical,
    order,
    practitioner,
    ref,
    registered,
    requester_of,
)
from hypothesis import given
from hypothesis import strategies as st
from oncology_builders import BONE_METASTASIS
from requester_builders import (
    ANN,
    ANNS_ROLE,
    AT_MSK,
    AT_PRACTICE,
    AT_TRUST,
    BOBS_ROLE,
    GP,
    HOSPITAL,
    MSK,
    NOWHERE,
    UNKNOWN,
    anns_role,
    bobs_role,
    place,
    placed,
)

from cds_service.directory.model import Organisation
from cds_service.fhir.requester import RequesterReader, SettingSource
from cds_service.fhir.resources import ResourceIndex
from cds_service.fhir.shapes import Json
from cds_service.pathway.decide import decide
from cds_service.pathway.facts import UNRESOLVED, FcpListing
from cds_service.pathway.loading import load_pathways
from cds_service.pathway.outcomes import Outcome

BOB_SIGNS = "PractitionerRole/bob-role"
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]}
PATHWAYS = load_pathways()

NOTHING_CAME: dict[str, tuple[Json, Json]] = {
    "her role did not come": (ANNS_ROLE, bundle()),
    "an error came in its place": (ANNS_ROLE, OUTCOME),
    "her role names no organisation": (ANNS_ROLE, anns_role(None)),
    "her role is over": (ANNS_ROLE, anns_role(AT_PRACTICE, period={"end": "2026-11-20"})),
    "her role is not held": (ANNS_ROLE, anns_role(AT_PRACTICE, active=False)),
    "her role has not begun": (ANNS_ROLE, anns_role(AT_PRACTICE, period={"start": "2026-11-22"})),
    "she has no role": (ANN, practitioner("ann")),
    "she is named by a number": (logical("999100000201"), bundle()),
    "her role is named by its number": (logical("1", SDS_ROLE, type="PractitionerRole"), bundle()),
    "she is of another server": (ref("https://other.example/fhir/Practitioner/bob"), bundle()),
    "she is contained and did not come": (ref("#lost"), bundle()),
    "she is a name": ({"display": "Dr A Example"}, bundle()),
}


@pytest.mark.parametrize("user", [BOB_SIGNS, "Practitioner/bob"])
@pytest.mark.parametrize("at", [AT_TRUST, AT_MSK])
@pytest.mark.parametrize(("requester", "came"), NOTHING_CAME.values(), ids=NOTHING_CAME.keys())
def test_the_users_exemption_is_not_the_requesters(requester: Json, came: Json, at: Json, user: str) -> None:
    """The session is a consultant's; the order is of somebody who may work in a practice."""
    found = requester_of(bundle(bobs_role(at)), came, requester=requester, user=user)
    assert (found.setting, found.setting_source) == (UNKNOWN, SettingSource.REQUESTER_NOT_PLACED)


@pytest.mark.parametrize("at", [AT_TRUST, AT_MSK])
@pytest.mark.parametrize(("requester", "came"), NOTHING_CAME.values(), ids=NOTHING_CAME.keys())
def test_the_encounters_exemption_is_not_the_requesters(requester: Json, came: Json, at: Json) -> None:
    """Nothing places the user either."""
    found = requester_of(came, encounter("e1", at), requester=requester, user=BOB_SIGNS, encounter_id="e1")
    assert (found.setting, found.setting_source) == (UNKNOWN, SettingSource.REQUESTER_NOT_PLACED)


@pytest.mark.parametrize("organisation", [PRACTICE, URGENT_CARE])
def test_a_setting_that_exempts_nobody_is_still_the_users(organisation: Organisation) -> None:
    """A practice's order stays a practice's."""
    roles = bundle(bobs_role(by_ods(organisation.ods_code)))
    found = requester_of(roles, requester=ANNS_ROLE, user=BOB_SIGNS)
    assert (found.setting, found.setting_source) == (organisation.setting, SettingSource.USER_ROLE)


@pytest.mark.parametrize("at", [AT_TRUST, AT_MSK])
def test_where_the_order_names_nobody_the_user_asks(at: Json) -> None:
    """Whoever signs asks."""
    assert requester_of(bundle(bobs_role(at)), user=BOB_SIGNS).setting in {HOSPITAL, MSK}


@pytest.mark.parametrize("orders", [(None, {"display": "Dr A Example"}), ({"display": "Dr A Example"}, None)])
def test_of_two_orders_the_one_that_names_nobody_does_not_speak_for_the_other(orders: tuple[Json | None, ...]) -> None:
    """Requesters are read once for the orders of a call; a name alone tells two apart as well."""
    reader = RequesterReader(index_of(bundle(bobs_role(AT_TRUST))), DIRECTORY, TERMINOLOGY, TODAY)
    for requester in orders:
        read = reader.read(order(requester=requester), BOB_SIGNS, None)
        assert read.setting is (HOSPITAL if requester is None else UNKNOWN)


SAME_PERSON: dict[str, tuple[Json, str]] = {
    "the role": (BOBS_ROLE, BOB_SIGNS),
    "the role with its server": (ref(f"{SERVER}/PractitionerRole/bob-role"), BOB_SIGNS),
    "a version of the role": (ref("PractitionerRole/bob-role/_history/3"), BOB_SIGNS),
    "the person of the role": (ref("Practitioner/bob"), BOB_SIGNS),
    "the person with their server": (ref(f"{SERVER}/Practitioner/bob/_history/1"), BOB_SIGNS),
    "the person by their number": (logical("999100000202"), BOB_SIGNS),
    "a role of the person": (BOBS_ROLE, "Practitioner/bob"),
    "the person, both times": (ref(f"{SERVER}/Practitioner/bob"), "Practitioner/bob"),
}


@pytest.mark.parametrize(("requester", "user"), SAME_PERSON.values(), ids=SAME_PERSON.keys())
def test_the_user_under_another_reference_is_still_the_requester(requester: Json, user: str) -> None:
    """A consultant's own order in a trust stays silent, whatever form names them."""
    came = (bundle(bobs_role(AT_TRUST)), practitioner("bob", "999100000202"))
    assert requester_of(*came, requester=requester, user=user).setting is HOSPITAL


@pytest.mark.parametrize(("requester", "user"), SAME_PERSON.values(), ids=SAME_PERSON.keys())
def test_the_encounter_places_the_user_under_another_reference(requester: Json, user: str) -> None:
    """Their role names no place, the encounter does (§2.2, 4)."""
    came = (bundle(bobs_role(None)), practitioner("bob", "999100000202"), encounter("e1", AT_TRUST))
    found = requester_of(*came, requester=requester, user=user, encounter_id="e1")
    assert (found.setting, found.setting_source) == (HOSPITAL, SettingSource.ENCOUNTER)


@pytest.mark.parametrize("requester", [f"{SERVER}/Practitioner/bob", f"{SERVER}/Practitioner/bob/_history/2"])
@pytest.mark.parametrize("user", [BOB_SIGNS, "Practitioner/bob"])
def test_without_a_server_an_absolute_reference_is_the_users_by_its_end(requester: str, user: str) -> None:
    """Nobody can say whose server it names; as for a patient."""
    index = ResourceIndex({"user": bundle(bobs_role(AT_TRUST))}, bundle(), None)
    reader = RequesterReader(index, DIRECTORY, TERMINOLOGY, TODAY)
    assert reader.read(order(requester=ref(requester)), user, None).setting is HOSPITAL


@pytest.mark.parametrize("ended", [{"period": {"end": "2026-11-20"}}, {"active": False}])
def test_a_role_of_hers_that_is_over_is_not_the_one_she_signs_in(ended: Json) -> None:
    """The order names the role in a practice that has ended; she has opened the record as of the trust."""
    roles = bundle(anns_role(AT_PRACTICE, **ended), anns_role(AT_TRUST, "second"))
    assert requester_of(roles, requester=ANNS_ROLE, user="PractitionerRole/second").setting is UNKNOWN


def test_a_role_of_hers_without_an_organisation_is_not_the_one_she_signs_in() -> None:
    """With its organisation the two would disagree."""
    roles = bundle(anns_role(None), anns_role(AT_TRUST, "second"))
    assert requester_of(roles, requester=ANNS_ROLE, user="PractitionerRole/second").setting is UNKNOWN


def test_a_listing_does_not_hold_at_the_place_of_somebody_else() -> None:
    """The number is the requester's, the practice the user's (NEL E5)."""
    found = requester_of(bundle(bobs_role(AT_PRACTICE)), requester=logical(ASSURED_FCP), user=BOB_SIGNS)
    assert found.fcp_listing is FcpListing.UNKNOWN
    assert place(found) == placed(GP, SettingSource.USER_ROLE, PRACTICE)


def region_and_evidence(at: Json, home: tuple[str, ...]) -> tuple[str, str]:
    """The region of Ann's order in a session of Bob's."""
    prefetch = {"userRoles": bundle(bobs_role(at)), "patient": registered(*home)}
    read = facts(order(requester=ANNS_ROLE), prefetch=prefetch, user_id=BOB_SIGNS)
    return read.region, read.evidence["region"]


def test_the_region_may_still_be_that_of_the_users_organisation() -> None:
    """It only makes a pathway speak."""
    assert region_and_evidence(AT_TRUST, ()) == ("nel", "requester's organisation")


def test_the_region_is_not_outside_for_the_users_organisation_alone() -> None:
    """The requester may work in a footprint: the patient's practice is asked, else it is open (fact 4)."""
    elsewhere = by_ods(EX_NCL_PRACTICE.ods_code)
    assert region_and_evidence(elsewhere, ("Z99001",)) == ("nwl", "patient's registered practice")
    assert region_and_evidence(elsewhere, ())[0] == UNRESOLVED


PLACES = st.sampled_from([AT_PRACTICE, AT_TRUST, AT_MSK, by_ods("Z99110"), by_ods("Z99201"), NOWHERE])
ENDED = st.sampled_from([{}, {"period": {"end": "2026-11-20"}}, {"active": False}])
HELD = st.lists(st.tuples(st.none() | PLACES, ENDED), max_size=2)
TAKEN: dict[str, Json | None] = {"gone": None, "over": {"active": False}, "without a place": {"organization": None}}


@given(
    hers=HELD,
    his=HELD,
    requester=st.sampled_from(["Practitioner/ann", "PractitionerRole/ann-0", f"{SERVER}/PractitionerRole/ann-1"]),
    user=st.sampled_from(["Practitioner/bob", "PractitionerRole/bob-0", "PractitionerRole/lost"]),
    meeting=st.none() | PLACES,
    reason=st.sampled_from([CAUDA_EQUINA, BONE_METASTASIS]),
    taken=st.sampled_from(list(TAKEN.values())),
)
def test_taking_away_the_requesters_role_never_silences_an_emergency(
    hers: list[tuple[Json | None, Json]],
    his: list[tuple[Json | None, Json]],
    requester: str,
    user: str,
    meeting: Json | None,
    reason: str,
    taken: Json | None,
) -> None:
    """Domain §1.9 (a): a coded CES or MSCC that spoke with the requester's roles speaks without them."""

    def outcome(roles: list[Json]) -> Outcome:
        prefetch = {"userRoles": bundle(*roles, *bobs), "encounter": encounter("e1", meeting)}
        draft = order(code=concept(MRI_LUMBAR), reasonCode=[concept(reason)], requester=ref(requester))
        read = facts(draft, prefetch=prefetch, user_id=user, encounter_id="e1")
        return decide(read, PATHWAYS.get(read.region), TODAY).outcome

    anns = [anns_role(at, f"ann-{number}", **ended) for number, (at, ended) in enumerate(hers)]
    bobs = [bobs_role(at, f"bob-{number}", **ended) for number, (at, ended) in enumerate(his)]
    without = [] if taken is None else [one | taken for one in anns]
    assert outcome(anns) not in EMERGENCIES or outcome(without) in EMERGENCIES


EMERGENCIES = {Outcome.CES, Outcome.MSCC}
