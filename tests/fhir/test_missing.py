import pytest
from fhir_builders import (
    BLOOD_TEST,
    DIRECTORY,
    NEXT_PAGE,
    SERVER,
    TERMINOLOGY,
    bundle,
    by_ods,
    call,
    concept,
    condition,
    encounter,
    order,
    organization,
    patient,
    practitioner,
    ref,
    role,
    site,
)
from hypothesis import given
from hypothesis import strategies as st

from cds_service.fhir.missing import MissingRead, missing_organisations, missing_reads, next_page
from cds_service.fhir.reading import HookContext, OrderReader
from cds_service.fhir.shapes import Json
from cds_service.hooks.discovery import PREFETCH

INCLUDES = "_include=PractitionerRole:practitioner&_include=PractitionerRole:organization"
OUTCOME: Json = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]}
WHOLE: Json = {
    "patient": patient(),
    "user": None,
    "userRoles": None,
    "encounter": None,
    **{key: bundle() for key in ("conditions", "pastConditions", "episodes", "careTeams")},
}
"""A prefetch that leaves nothing to ask."""


def missing(context: HookContext) -> tuple[MissingRead, ...]:
    """The first round for a call, by discovery's own templates."""
    return missing_reads(context, OrderReader(DIRECTORY, TERMINOLOGY).select(context), PREFETCH)


def paths(context: HookContext) -> list[str]:
    """The paths of the first round."""
    return [read.path for read in missing(context)]


def organisations(context: HookContext) -> list[str]:
    """The paths of the second round."""
    selection = OrderReader(DIRECTORY, TERMINOLOGY).select(context)
    return [read.path for read in missing_organisations(context, selection)]


def test_a_call_without_prefetch_asks_for_every_key_that_can_be_filled() -> None:
    """Each under its own key, with the call's ids in it."""
    context = call(user_id="PractitionerRole/ann", encounter_id="e1")
    assert missing(context) == (
        MissingRead("patient", "Patient/p1"),
        MissingRead("user", f"PractitionerRole?_id=ann&{INCLUDES}"),
        MissingRead("encounter", "Encounter?_id=e1&_include=Encounter:service-provider"),
        MissingRead("conditions", "Condition?patient=p1&clinical-status=active,recurrence,relapse"),
        MissingRead("pastConditions", "Condition?patient=p1&clinical-status=inactive,remission,resolved"),
        MissingRead("episodes", "EpisodeOfCare?patient=p1&status=active"),
        MissingRead("careTeams", "CareTeam?patient=p1&status=active"),
    )


def test_a_practitioner_as_user_is_asked_for_by_their_roles() -> None:
    """The other kind of user id."""
    asked = paths(call(prefetch={**WHOLE, "userRoles": OUTCOME}, user_id="Practitioner/ann"))
    assert asked == [f"PractitionerRole?practitioner=ann&{INCLUDES}"]


def test_a_call_that_brought_everything_asks_for_nothing() -> None:
    """Not even for what is null: that is an answer."""
    assert missing(call(prefetch=WHOLE)) == ()


def test_a_call_about_no_msk_imaging_asks_for_nothing() -> None:
    """It is answered without any of it."""
    other = order(code=concept(BLOOD_TEST))
    assert (missing(call(other)), organisations(call(other))) == ((), [])


@pytest.mark.parametrize("junk", [OUTCOME, {}, [], "no", 7, {"resourceType": 3}, False])
def test_what_is_no_resource_is_missing(junk: object) -> None:
    """An outcome, or junk."""
    assert paths(call(prefetch={**WHOLE, "patient": junk})) == ["Patient/p1"]


def test_a_resource_that_came_under_another_key_is_not_asked_for() -> None:
    """The patient, the user's role and the encounter are found by their ids, wherever they came."""
    brought = bundle(patient(), role("ann", None, by_ods("Z99101")), encounter("e1"))
    kept = {key: value for key, value in WHOLE.items() if key not in {"patient", "user", "encounter"}}
    context = call(prefetch={**kept, "all": brought}, user_id="PractitionerRole/ann", encounter_id="e1")
    assert missing(context) == ()


def test_nothing_is_asked_about_a_patient_whom_no_order_is_for() -> None:
    """Age, home and cancer history of the call's patient do not count for another's order."""
    somebody_else = order(subject=ref("Patient/p2"))
    asked = paths(call(somebody_else, user_id="PractitionerRole/ann"))
    assert asked == [f"PractitionerRole?_id=ann&{INCLUDES}"]


UNUSABLE_IDS = ["", ".", "..", "a/b", "a?b", "a#b", "a&b=c", "a%2fb", "é", "a b", "x" * 65, "p\n1", "{{x}}"]


@pytest.mark.parametrize("identity", UNUSABLE_IDS)
def test_an_id_of_another_form_gives_no_read(identity: str) -> None:
    """For every id that a call can put into a path."""
    hostile = order(
        requester=ref(f"PractitionerRole/{identity}"),
        reasonReference=[ref(f"Condition/{identity}")],
        subject=ref(f"Patient/{identity}"),
    )
    context = call(
        hostile,
        order(id="draft-2", requester=ref(f"Practitioner/{identity}")),
        patient_id=identity,
        encounter_id=identity,
        user_id=f"PractitionerRole/{identity}",
        prefetch={"user": role("somebody", None, ref(f"Organization/{identity}"))},
    )
    assert (paths(context), organisations(context)) == ([], [])


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_no_text_of_a_call_changes_what_is_asked(user: str, subject: str, requester: str, reason: str) -> None:
    """Whatever is sent as an id, every path is a template's or a plain read, with one id in it."""
    draft = order(
        requester=ref(f"Practitioner/{requester}"),
        reasonReference=[ref(f"Condition/{reason}")],
        subject=ref(f"Patient/{subject}"),
    )
    context = call(draft, patient_id=subject, encounter_id=user, user_id=f"Practitioner/{user}")
    for path in paths(context):
        assert path.count("?") <= 1
        assert ".." not in path.split("/")
        assert path.isascii()
        assert path.partition("?")[2].count("=") == sum(path.partition("?")[2].count(name) for name in PARAMETERS)


PARAMETERS = ("_id=", "_include=", "practitioner=", "patient=", "clinical-status=", "&status=")


@pytest.mark.parametrize(
    ("requester", "asked"),
    [
        ("PractitionerRole/bea", [f"PractitionerRole?_id=bea&{INCLUDES}"]),
        (f"{SERVER}/PractitionerRole/bea/_history/3", [f"PractitionerRole?_id=bea&{INCLUDES}"]),
        ("Practitioner/bea", [f"PractitionerRole?practitioner=bea&{INCLUDES}"]),
        ("https://other.example/fhir/Practitioner/bea", []),
        ("Organization/o1", []),
        ("Patient/p1", []),
        ("urn:uuid:9b1a3ba1-2a3b-4c4d-8e8f-000000000001", []),
        ("#bea", []),
        ("PractitionerRole/ann", []),
    ],
)
def test_the_orders_own_requester_is_asked_for_when_it_is_not_the_user(requester: str, asked: list[str]) -> None:
    """By role or by person, on the call's own server alone; of the user the client said that there is nothing."""
    context = call(order(requester=ref(requester)), prefetch=WHOLE, user_id="PractitionerRole/ann")
    assert paths(context) == asked


def test_a_requester_is_asked_for_by_discoverys_own_templates_alone() -> None:
    """A deployment that offers no such key asks for no such thing."""
    context = call(order(requester=ref("Practitioner/bea")), prefetch=WHOLE)
    selection = OrderReader(DIRECTORY, TERMINOLOGY).select(context)
    assert missing_reads(context, selection, {"patient": PREFETCH["patient"]}) == ()


def test_a_requester_who_came_is_not_asked_for() -> None:
    """Neither the role that is there, nor the roles of a person of whom one is there."""
    roles = bundle(role("bea", ref("Practitioner/bea"), by_ods("Z99101")), practitioner("bea"))
    by_role, by_person = order(requester=ref("PractitionerRole/bea")), order(requester=ref("Practitioner/bea"))
    prefetch = {**WHOLE, "requesters": roles}
    assert (paths(call(by_role, prefetch=prefetch)), paths(call(by_person, prefetch=prefetch))) == ([], [])


def test_a_requester_who_is_the_user_is_asked_for_once() -> None:
    """One read serves both."""
    kept = {key: value for key, value in WHOLE.items() if key != "user"}
    context = call(order(requester=ref("PractitionerRole/ann")), prefetch=kept, user_id="PractitionerRole/ann")
    assert missing(context) == (MissingRead("user", f"PractitionerRole?_id=ann&{INCLUDES}"),)


def test_each_reason_that_did_not_come_is_asked_for_once() -> None:
    """Conditions of this server; what came, is contained, or is no Condition is left."""
    reasons = [
        ref("Condition/c1"),
        ref(f"{SERVER}/Condition/c1"),
        ref("Condition/came"),
        ref("#here"),
        ref("Observation/o1"),
        ref("https://other.example/Condition/c9"),
        {"display": "pain"},
    ]
    draft = order(reasonReference=reasons, contained=[condition("here")])
    prefetch = {**WHOLE, "conditions": bundle(condition("came"))}
    assert missing(call(draft, prefetch=prefetch)) == (MissingRead("Condition/c1", "Condition/c1"),)


def test_a_call_asks_for_at_most_sixteen_reads_and_for_reasons_first() -> None:
    """A flood of references leaves room for the patient, and a coded cauda equina is not crowded out."""
    draft = order(reasonReference=[ref(f"Condition/c{number}") for number in range(50)])
    asked = paths(call(draft, user_id="PractitionerRole/ann", encounter_id="e1"))
    assert asked[:8] == [f"Condition/c{number}" for number in range(8)]
    assert "Patient/p1" in asked
    assert len(asked) == 16


def test_the_rest_of_a_page_is_asked_for() -> None:
    """Under the key that it continues."""
    prefetch = {**WHOLE, "conditions": bundle(condition("c1"), link=NEXT_PAGE)}
    assert missing(call(prefetch=prefetch)) == (MissingRead("conditions", "b"),)
    assert missing(call(prefetch=prefetch, fhir_server=None)) == ()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (f"{SERVER}/Condition?page=2", "Condition?page=2"),
        ("HTTPS://EHR.example:443/fhir/Condition?page=2", "Condition?page=2"),
        ("Condition?page=2", "Condition?page=2"),
        ("/fhir/Condition?page=2", "Condition?page=2"),
        (f"{SERVER}?_getpages=1&_offset=20", "?_getpages=1&_offset=20"),
        (f"{SERVER}/Condition?page=2#part", "Condition?page=2"),
        (f"{SERVER}/Condition?status=a|b", "Condition?status=a%7Cb"),
        ("http://ehr.example/fhir/Condition?page=2", None),
        ("https://ehr.example:8443/fhir/Condition?page=2", None),
        ("https://ehr.example:x/fhir/Condition?page=2", None),
        ("https://other.example/fhir/Condition?page=2", None),
        ("https://ehr.example.evil.example/fhir/Condition", None),
        ("https://ehr.example@evil.example/fhir/Condition", None),
        ("https://somebody@ehr.example/fhir/Condition", None),
        ("//evil.example/fhir/Condition", None),
        ("https://ehr.example/admin", None),
        ("https://ehr.example/fhirs/Condition", None),
        (f"{SERVER}/../admin", None),
        (f"{SERVER}/%2e%2e/admin", None),
        (f"{SERVER}/.%2E/admin", None),
        (f"{SERVER}/a%2fb", None),
        ("../admin", None),
        (f"{SERVER}\\..\\admin", None),
        (f"{SERVER}/Condition?page=2\r\nX: y", None),
        (f"{SERVER}/Condition?{'x' * 5000}", None),
        ("file:///etc/passwd", None),
        ("", None),
        (SERVER, None),
        (7, None),
    ],
)
def test_a_next_link_is_followed_below_the_same_base_only(url: object, path: str | None) -> None:
    """The same scheme, host, port and path prefix; relative links are relative to the base."""
    assert next_page(bundle(link=[{"relation": "next", "url": url}]), SERVER) == path


def test_a_bundle_without_a_next_link_has_no_next_page() -> None:
    """Nor has anything else."""
    assert [next_page(value, SERVER) for value in (bundle(), bundle(link=[{"relation": "self"}]), None)] == [None] * 3


def test_organisations_are_asked_for_where_only_their_reference_came() -> None:
    """Of requester, role, encounter and practice, each once."""
    people = bundle(role("ann", None, ref("Organization/o1")), role("bea", None, ref("Organization/o1")))
    home = patient(generalPractitioner=[ref("Organization/o3"), ref("Practitioner/gp")])
    context = call(
        order(requester=ref("Organization/o0"), encounter=ref("Encounter/e2")),
        prefetch={"user": people, "patient": home, "visits": bundle(encounter("e2", ref("Organization/o2")))},
    )
    assert organisations(context) == [f"Organization/o{number}" for number in range(4)]


def test_organisations_that_are_known_already_are_not_asked_for() -> None:
    """By an ODS code in the reference, by having come, by being contained, or for being of another server."""
    people = bundle(
        role("a", None, {**by_ods("Z99101"), "reference": "Organization/o1"}),
        role("b", None, ref("Organization/came")),
        role("c", None, ref("#own"), contained=[organization("own", "Z99102")]),
        role("d", None, ref("https://other.example/Organization/o2")),
        role("e", None, None),
        site("came", "Z99130"),
    )
    assert organisations(call(prefetch={"user": people})) == []


def test_the_managing_organisation_counts_only_without_a_practice() -> None:
    """As the patient is read."""
    managed = patient(managingOrganization=ref("Organization/m1"))
    both = {**managed, "generalPractitioner": [by_ods("Z99001")]}
    assert organisations(call(prefetch={"patient": managed})) == ["Organization/m1"]
    assert organisations(call(prefetch={"patient": both})) == []


def test_at_most_eight_organisations_are_asked_for() -> None:
    """However many roles came."""
    roles = [role(f"r{number}", None, ref(f"Organization/o{number}")) for number in range(30)]
    assert len(organisations(call(prefetch={"user": bundle(*roles)}))) == 8
