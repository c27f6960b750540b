from typing import Any

import pytest
from fhir_builders import (
    CAUDA_EQUINA,
    KNEE_PAIN,
    MENISCAL_TEAR,
    SERVER,
    SNOMED,
    TERMINOLOGY,
    bundle,
    concept,
    condition,
    index_of,
    logical,
    order,
    ref,
    status,
)

from cds_service.fhir.reasons import INDICATION_OF_GROUP, Reasons, is_not_true, read_reasons
from cds_service.fhir.shapes import Json
from cds_service.pathway.facts import Indication

CES, PAIN, BENIGN = Indication.CAUDA_EQUINA, Indication.PAIN, Indication.BENIGN_CAUSE
UNRECOGNISED, TEXT_ONLY = Indication.UNRECOGNISED, Indication.TEXT_ONLY
NONE: frozenset[Indication] = frozenset()


def reasons(*prefetched: object, drafts: tuple[Json, ...] = (), **elements: Any) -> Reasons:  # noqa: ANN401 - any JSON
    """The reasons of an order with these elements."""
    return read_reasons(order(**elements), index_of(*prefetched, drafts=drafts), TERMINOLOGY)


def coded(*codes: str) -> frozenset[Indication]:
    """What an order with these reason codes, each a concept of its own, is read to mean."""
    return reasons(reasonCode=[concept(code) for code in codes]).indications


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("192970008", {CES}),
        ("782388003", {CES}),
        ("449813001", {Indication.CES_SYMPTOM_STRONG}),
        ("267064002", {Indication.CES_SYMPTOM_STRONG}),
        ("6077001", {Indication.CES_SYMPTOM_WEAK}),
        ("165232002", {Indication.CES_SYMPTOM_WEAK}),
        ("422868009", {Indication.RED_FLAG_SYMPTOM}),
        ("71286001", {Indication.CORD_COMPRESSION}),
        ("94222008", {Indication.METASTASIS}),
        ("424413001", {Indication.SARCOMA}),
        ("162572001", {Indication.SUSPECTED_CANCER}),
        ("382361000000100", {Indication.SUSPECTED_CANCER}),
        ("363346000", {Indication.MALIGNANCY}),
        ("109989006", {Indication.MALIGNANCY}),
        ("12584003", {Indication.SUSPICIOUS_PAIN}),
        ("2304001", {Indication.URGENT_SAME_DAY}),
        ("42942008", {Indication.URGENT}),
        ("69896004", {Indication.RHEUMATOLOGY}),
        ("444905003", {Indication.SOFT_TISSUE_LUMP}),
        ("30989003", {PAIN}),
        ("161891005", {PAIN, Indication.BACK_PAIN_OR_SCIATICA}),
        ("23056005", {PAIN, Indication.BACK_PAIN_OR_SCIATICA}),
        ("239720000", {BENIGN}),
        ("94704006", {UNRECOGNISED}),
        ("185270007", {UNRECOGNISED}),
        ("1", {UNRECOGNISED}),
    ],
)
def test_each_group_of_codes_has_its_meaning(code: str, expected: set[Indication]) -> None:
    """docs/outcomes.md, "What a coded reason means"; a code of no such group is a reason that is not known."""
    assert coded(code) == expected


def test_every_indication_but_the_uncoded_has_a_group_that_exists() -> None:
    """A renamed value set would else silence a red flag."""
    assert set(INDICATION_OF_GROUP) <= set(TERMINOLOGY.value_sets)
    assert set(INDICATION_OF_GROUP.values()) == set(Indication) - {UNRECOGNISED, TEXT_ONLY}


def test_every_value_set_of_indications_is_read() -> None:
    """A new `ind_` group must be given a meaning."""
    assert {name for name in TERMINOLOGY.value_sets if name.startswith("ind_")} <= set(INDICATION_OF_GROUP)


def test_reasons_add_up() -> None:
    """Several concepts, or several codings of one."""
    assert coded(CAUDA_EQUINA, KNEE_PAIN, "1") == {CES, PAIN, UNRECOGNISED}
    assert reasons(reasonCode=[concept(CAUDA_EQUINA, KNEE_PAIN)]).indications == {CES, PAIN}


def test_an_unknown_code_beside_a_known_one_is_its_translation() -> None:
    """The same concept in a local code says nothing new."""
    one = {"coding": [{"system": "https://local.example", "code": "T1"}, {"system": SNOMED, "code": MENISCAL_TEAR}]}
    assert reasons(reasonCode=[one]).indications == {BENIGN}


def test_a_display_means_nothing() -> None:
    """Displays drift between editions; the code is compared."""
    one = {"coding": [{"system": SNOMED, "code": "1", "display": "Cauda equina syndrome"}]}
    assert reasons(reasonCode=[one]).indications == {UNRECOGNISED}


@pytest.mark.parametrize("text", ["no CES features", "cauda equina syndrome", "?sarcoma"])
def test_free_text_is_kept_apart_and_never_parsed(text: str) -> None:
    """Negation would invert its meaning (D52)."""
    assert reasons(reasonCode=[{"text": text}]).indications == {TEXT_ONLY}


def test_no_reason_is_no_indication() -> None:
    """The normal case while an order is chosen."""
    assert reasons() == Reasons(NONE, (), "no reason sent")


@pytest.mark.parametrize("reason_code", [None, [], [{}], [{"coding": []}], [{"coding": [{}]}], [{"text": " "}]])
def test_an_empty_reason_is_no_indication(reason_code: object) -> None:
    """As the sandbox sends it."""
    assert reasons(reasonCode=reason_code).indications == NONE


def by_reference(finding: Json, **elements: Any) -> list[frozenset[Indication]]:  # noqa: ANN401 - any JSON
    """What a Condition means as a reason: in an answer, read alone, among the drafts, contained in the order."""
    by_id, inside = [ref(f"Condition/{finding['id']}")], [ref(f"#{finding['id']}")]
    found = [
        reasons(bundle(finding), reasonReference=by_id, **elements),
        reasons(finding, reasonReference=by_id, **elements),
        reasons(drafts=(finding,), reasonReference=by_id, **elements),
        reasons(contained=[finding], reasonReference=inside, **elements),
    ]
    return [each.indications for each in found]


def test_a_condition_is_followed_wherever_it_came() -> None:
    """In prefetch, alone or in an answer; in the draft bundle; contained in the order."""
    assert by_reference(condition("c1", CAUDA_EQUINA)) == [{CES}] * 4


@pytest.mark.parametrize("verification", ["confirmed", "provisional", "differential", "unconfirmed", "unknown-code"])
def test_a_condition_counts_until_it_is_ruled_out(verification: str) -> None:
    """No code exists for "suspected cauda equina": a provisional Condition is how it is said."""
    suspected = condition("c1", CAUDA_EQUINA, verificationStatus=status(verification))
    assert by_reference(suspected) == [{CES}] * 4


@pytest.mark.parametrize("verification", ["refuted", "entered-in-error"])
def test_a_condition_that_is_ruled_out_is_no_indication(verification: str) -> None:
    """A18, D53."""
    ruled_out = condition("c1", CAUDA_EQUINA, verificationStatus=status(verification))
    assert by_reference(ruled_out) == [NONE] * 4
    assert by_reference(ruled_out, reasonCode=[concept(KNEE_PAIN)]) == [{PAIN}] * 4


@pytest.mark.parametrize("verification", ["refuted", "entered-in-error"])
def test_a_verification_counts_without_its_system(verification: str) -> None:
    """FHIR fixes the codes that may stand there, so each means one thing."""
    stated = {"coding": [{"code": verification}]}
    assert by_reference(condition("c1", CAUDA_EQUINA, verificationStatus=stated)) == [NONE] * 4


@pytest.mark.parametrize("verification", [None, "refuted", [], {}, {"coding": "refuted"}, {"text": "not refuted"}])
def test_a_verification_that_cannot_be_read_rules_nothing_out(verification: object) -> None:
    """A red flag is not dropped on junk."""
    assert not is_not_true(condition("c1", CAUDA_EQUINA, verificationStatus=verification))
    assert by_reference(condition("c1", CAUDA_EQUINA, verificationStatus=verification)) == [{CES}] * 4


@pytest.mark.parametrize(
    "reference",
    [
        ref("Condition/lost"),
        ref("https://other.example/fhir/Condition/c1"),
        ref("#lost"),
        ref("urn:uuid:5f0e0ca0-5a0f-4a0e-9c2e-000000000001"),
        ref("Observation/o1"),
        logical("1"),
        {"display": "cauda equina"},
        {"reference": 7},
        {},
    ],
)
def test_a_reference_that_leads_to_no_condition_is_a_reason_not_known(reference: Json) -> None:
    """Something stands there, and it is not known to be benign."""
    observation = {"resourceType": "Observation", "id": "o1", "code": concept(CAUDA_EQUINA)}
    read = reasons(condition("c1", CAUDA_EQUINA), observation, reasonReference=[reference])
    assert (read.indications, read.some_unread) == ({UNRECOGNISED}, True)


@pytest.mark.parametrize(
    "reference",
    [
        "https://ehr.example/fhir/Condition/c1",
        "https://ehr.example/fhir/Condition/c1/_history/2",
        "http://gateway.example/Condition/c1",
    ],
)
def test_without_a_server_an_absolute_reference_finds_its_condition_by_its_end(reference: str) -> None:
    """Nobody can say whose server it names, and a coded red flag of that name came with the call."""
    index = index_of(bundle(condition("c1", CAUDA_EQUINA)), server=None)
    read = read_reasons(order(reasonReference=[ref(reference)]), index, TERMINOLOGY)
    assert (read.indications, read.some_unread) == ({CES}, False)


def test_without_a_server_two_conditions_that_could_be_meant_are_a_reason_not_known() -> None:
    """Of two that differ nobody can say which; one that lives at another address is another."""
    answer = {"resourceType": "Bundle", "entry": [{"fullUrl": f"{SERVER}/Condition/c1", "resource": condition("c1")}]}
    for came in ((condition("c1", CAUDA_EQUINA), condition("c1", KNEE_PAIN)), (answer,)):
        index = index_of(*came, server=None)
        elsewhere = [ref("https://other.example/fhir/Condition/c1")]
        read = read_reasons(order(reasonReference=elsewhere), index, TERMINOLOGY)
        assert (read.indications, read.some_unread) == ({UNRECOGNISED}, True)


@pytest.mark.parametrize("server", [SERVER, None])
def test_a_host_in_other_letters_is_the_same_host(server: str | None) -> None:
    """And the port that goes without saying; a path keeps its letters."""
    answer = bundle(condition("c1", CAUDA_EQUINA))
    answer["entry"][0]["fullUrl"] = f"{SERVER}/Condition/c1"
    index = index_of(answer, server=server)
    for reference in ("HTTPS://EHR.Example/fhir/Condition/c1", "https://ehr.example:443/fhir/Condition/c1"):
        assert read_reasons(order(reasonReference=[ref(reference)]), index, TERMINOLOGY).indications == {CES}
    for reference in ("https://ehr.example/FHIR/Condition/c1", "https://ehr.example:8443/fhir/Condition/c1"):
        assert read_reasons(order(reasonReference=[ref(reference)]), index, TERMINOLOGY).some_unread


def test_a_contained_condition_may_carry_its_id_as_it_is_referred_to() -> None:
    """`#c1` for `c1`, as some servers write it."""
    read = reasons(reasonReference=[ref("#c1")], contained=[condition("#c1", CAUDA_EQUINA)])
    assert (read.indications, read.some_unread) == ({CES}, False)


@pytest.mark.parametrize("code", [None, "text", [], {}, {"coding": [{}]}, {"coding": [7]}, {"coding": {"code": "1"}}])
def test_a_condition_whose_code_says_nothing_is_a_reason_not_known(code: object) -> None:
    """It is there, and it is not known to be benign: beside a meniscal tear not every reason is."""
    unread = condition("c1") | {"code": code}
    assert by_reference(unread) == [{UNRECOGNISED}] * 4


def test_a_condition_in_words_is_text_only() -> None:
    """As a reason in words is."""
    assert by_reference(condition("c1") | {"code": {"text": "cauda equina?"}}) == [{TEXT_ONLY}] * 4


def test_the_problem_list_is_no_indication() -> None:
    """A past cauda equina syndrome on it does not fire (A18)."""
    assert reasons(bundle(condition("c1", CAUDA_EQUINA)), reasonCode=[concept(KNEE_PAIN)]).indications == {PAIN}


def test_the_most_urgent_concepts_come_first() -> None:
    """A card names only so many; a code that no list knows may be anything, and stands before pain."""
    pain, tear, ces, unknown = (concept(code) for code in (KNEE_PAIN, MENISCAL_TEAR, CAUDA_EQUINA, "123"))
    words = {"text": "she says her knee hurts"}

    read = reasons(
        reasonCode=[words, {}, tear, pain, unknown],
        reasonReference=[ref("#c1")],
        contained=[condition("c1", CAUDA_EQUINA)],
    )

    assert read.concepts == (ces, unknown, pain, tear, words, {})


def test_the_concepts_are_kept_as_sent_for_the_referral() -> None:
    """Those of the order, then those of its Conditions; a ruled-out one is not passed on."""
    sent = concept(KNEE_PAIN, text="knee pain since May")
    tear, refuted = (
        condition("c1", MENISCAL_TEAR),
        condition("c2", CAUDA_EQUINA, verificationStatus=status("refuted")),
    )
    references = [ref("Condition/c1"), ref("Condition/c2"), ref("Condition/lost")]
    read = reasons(bundle(tear, refuted), reasonCode=[sent], reasonReference=references)
    assert read == Reasons(
        frozenset({PAIN, BENIGN, UNRECOGNISED}),
        (sent, tear["code"]),
        "reasonCode, reasonReference",
        some_unread=True,
        condition_unread=True,
    )


@pytest.mark.parametrize(
    ("reference", "of_a_condition"),
    [
        (ref("Condition/lost"), True),
        (ref("#lost"), True),
        (ref("Patient/p1"), True),
        (ref("Observation/o1"), False),
        (ref("Observation/lost/_history/2"), False),
        (ref("https://other.example/fhir/DocumentReference/d1"), False),
        (ref("urn:uuid:5f0e0ca0-5a0f-4a0e-9c2e-000000000001") | {"type": "DiagnosticReport"}, False),
        (ref("Condition/lost") | {"type": "Observation"}, True),
        (ref("Observation/o1") | {"type": "Condition"}, True),
        ({"display": "cauda equina"}, True),
        ({}, True),
    ],
)
def test_a_reason_that_is_legally_no_condition_is_told_from_a_condition_unread(
    reference: Json, *, of_a_condition: bool
) -> None:
    """FHIR R4 allows three other kinds; what may be a Condition counts as one."""
    read = reasons({"resourceType": "Observation", "id": "o1"}, reasonReference=[reference])
    assert (read.some_unread, read.condition_unread) == (True, of_a_condition)


@pytest.mark.parametrize(
    ("elements", "evidence"),
    [
        ({"reasonCode": [concept(KNEE_PAIN)]}, "reasonCode"),
        ({"reasonReference": [ref("Condition/c1"), ref("Condition/c2")]}, "reasonReference"),
        ({"reasonReference": None}, "no reason sent"),
    ],
)
def test_the_evidence_names_where_a_reason_stood(elements: Json, evidence: str) -> None:
    """Each place once."""
    assert reasons(**elements).evidence == evidence


SADDLE_NUMBNESS = "449813001"


def observed(code: str, *, status: str = "final", **elements: object) -> Reasons:
    """The reasons of an order that refers to an Observation which it contains."""
    observation = {"resourceType": "Observation", "id": "o1", "status": status, "code": concept(code), **elements}
    return reasons(reasonReference=[ref("#o1")], contained=[observation])


@pytest.mark.parametrize("status", ["preliminary", "final", "amended", "corrected"])
def test_a_red_flag_that_an_observation_states_by_its_code_counts(status: str) -> None:
    """Besides being a reason of which not all is read; it is named on the card and copied into the referral."""
    read = observed(SADDLE_NUMBNESS, status=status)
    assert read.indications == {Indication.CES_SYMPTOM_STRONG, UNRECOGNISED}
    assert read.concepts == (concept(SADDLE_NUMBNESS),)
    assert (read.some_unread, read.condition_unread) == (True, False)


def test_the_value_true_is_a_yes() -> None:
    """As a form sends a finding that was made; with anything else that may deny it, it is none."""
    assert Indication.CES_SYMPTOM_STRONG in observed(SADDLE_NUMBNESS, valueBoolean=True).indications
    assert observed(SADDLE_NUMBNESS, valueBoolean=True, note=[{"text": "in 2010"}]).indications == {UNRECOGNISED}
    assert observed(SADDLE_NUMBNESS, valueBoolean="true").indications == {UNRECOGNISED}


@pytest.mark.parametrize(
    ("elements", "exempts"),
    [
        ({"code": concept(SADDLE_NUMBNESS), "valueCodeableConcept": {"text": "present"}}, False),
        ({"code": concept(SADDLE_NUMBNESS), "valueString": "since Monday"}, False),
        ({"code": concept(SADDLE_NUMBNESS), "status": "registered"}, False),
        ({"code": {"text": "Diagnosis"}, "valueCodeableConcept": concept(CAUDA_EQUINA)}, False),
        ({"code": {"text": "Form"}, "component": [{"code": concept(SADDLE_NUMBNESS), "valueBoolean": True}]}, False),
        ({"code": concept(SADDLE_NUMBNESS), "valueBoolean": False}, True),
        ({"code": concept(SADDLE_NUMBNESS), "valueBoolean": True}, True),
        ({"code": concept(SADDLE_NUMBNESS), "valueString": "x", "status": "entered-in-error"}, True),
        ({"code": concept(KNEE_PAIN), "valueString": "since Monday"}, True),
    ],
)
def test_an_observation_that_may_state_a_red_flag_exempts_nobody(elements: Json, *, exempts: bool) -> None:
    """It came, and nobody here can tell yes from no; one that says no, or that is heard, is another matter."""
    observation = {"resourceType": "Observation", "id": "o1", "status": "final", **elements}
    read = reasons(reasonReference=[ref("#o1")], contained=[observation])
    assert read.condition_unread is not exempts


@pytest.mark.parametrize(
    "elements",
    [
        {"valueBoolean": False},
        {"valueCodeableConcept": concept("2667000")},
        {"_valueString": {"extension": []}},
        {"dataAbsentReason": {"text": "not asked"}},
        {"interpretation": [{"coding": [{"code": "NEG"}]}]},
        {"component": [{"valueBoolean": False}]},
        {"hasMember": [ref("Observation/o2")]},
        {"note": [{"text": "denied"}]},
        {"modifierExtension": [{}]},
        {"status": "entered-in-error"},
        {"status": "cancelled"},
        {"status": "registered"},
    ],
)
def test_an_observation_whose_answer_may_be_no_is_not_read(elements: dict[str, object]) -> None:
    """Its code is then a question."""
    observation = {"resourceType": "Observation", "id": "o1", "status": "final", "code": concept(SADDLE_NUMBNESS)}
    read = reasons(reasonReference=[ref("#o1")], contained=[{**observation, **elements}])
    assert (read.indications, read.concepts) == ({UNRECOGNISED}, ())


@pytest.mark.parametrize("code", [KNEE_PAIN, MENISCAL_TEAR, "1"])
def test_an_observation_that_is_no_red_flag_lowers_no_concern(code: str) -> None:
    """A benign cause behind it does not make every reason benign, nor pain the safety net go."""
    assert observed(code).indications == {UNRECOGNISED}


@pytest.mark.parametrize("kind", ["DiagnosticReport", "DocumentReference", "Procedure"])
def test_no_other_kind_states_anything_by_its_code(kind: str) -> None:
    """A report's code names the test."""
    resource = {"resourceType": kind, "id": "r1", "status": "final", "code": concept(SADDLE_NUMBNESS)}
    assert reasons(reasonReference=[ref("#r1")], contained=[resource]).indications == {UNRECOGNISED}


def test_a_report_states_a_red_flag_by_its_conclusion() -> None:
    """Once it was made; a conclusion that is none lowers no concern."""
    report: Json = {"resourceType": "DiagnosticReport", "id": "r1", "status": "final"}
    report["conclusionCode"] = [concept(CAUDA_EQUINA)]
    read = reasons(reasonReference=[ref("#r1")], contained=[report])
    assert (read.indications, read.concepts) == ({CES, UNRECOGNISED}, (concept(CAUDA_EQUINA),))

    for changed in ({"status": "registered"}, {"conclusionCode": [concept(MENISCAL_TEAR)]}, {"conclusionCode": "x"}):
        assert reasons(reasonReference=[ref("#r1")], contained=[report | changed]).indications == {UNRECOGNISED}
