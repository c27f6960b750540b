import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.cards.order import Json
from cds_service.cards.referral import REFERRAL_KINDS, draft_referral, is_drafted
from cds_service.directory.model import Destination
from cds_service.pathway.outcomes import TextKey
from tests.cards.conftest import CONTEXT, KNEE_PAIN, SNOMED, an_order

SERVICE = Destination("nwl", "Brent", "community-msk", "Invented MSK Service", ods_code="Z99020")


def referral(*orders: Json, text: TextKey = TextKey.REDIRECT, destination: Destination | None = SERVICE) -> Json:
    """The referral for orders with the elements given."""
    built = [an_order(**order) for order in orders or ({},)]
    return draft_referral(text, built, destination, "Proposed by a test.", CONTEXT)


def test_a_referral_is_a_draft_proposal_in_uk_cores_shape() -> None:
    """All that is the same for every call, and what is the call's own."""
    assert referral() == {
        "resourceType": "ServiceRequest",
        "meta": {"profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-ServiceRequest"]},
        "status": "draft",
        "intent": "proposal",
        "category": [
            {
                "coding": [
                    {
                        "system": "https://fhir.nhs.uk/CodeSystem/message-category-servicerequest",
                        "code": "referral",
                        "display": "Referral",
                    }
                ]
            }
        ],
        "priority": "routine",
        "code": {
            "coding": [
                {"system": SNOMED, "code": "306171006", "display": "Referral to community-based physiotherapy service"}
            ],
            "text": "Referral to community MSK service",
        },
        "subject": {"reference": "Patient/p1"},
        "authoredOn": "2026-11-21",
        "requester": {"reference": "PractitionerRole/r1"},
        "performer": [
            {
                "type": "Organization",
                "identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "Z99020"},
                "display": "Invented MSK Service",
            }
        ],
        "reasonCode": [KNEE_PAIN],
        "note": [{"text": "Proposed by a test."}],
    }


@pytest.mark.parametrize("text", REFERRAL_KINDS)
def test_every_kind_of_referral_is_valid(text: TextKey) -> None:
    """With a priority of R4's value set."""
    resource = referral(text=text)

    ServiceRequest.model_validate(resource)
    assert resource["priority"] in {"routine", "urgent", "asap", "stat"}


@pytest.mark.parametrize("text", [TextKey.CES, TextKey.MSCC])
def test_an_emergency_is_stat(text: TextKey) -> None:
    """The two critical cards, and no other."""
    assert referral(text=text)["priority"] == "stat"
    assert [key for key, kind in REFERRAL_KINDS.items() if kind.priority == "stat"] == [TextKey.CES, TextKey.MSCC]


@pytest.mark.parametrize(
    ("text", "priority"),
    [(TextKey.URGENT_SAME_DAY, "asap"), (TextKey.URGENT, "urgent"), (TextKey.URGENT_RHEUMATOLOGY, "urgent")],
)
def test_a_referral_to_the_urgent_msk_service_is_called_that(text: TextKey, priority: str) -> None:
    """Code, text and performer agree: no referral to a rheumatologist, or to a hospital, goes to an MSK hub."""
    resource = referral(text=text)

    assert resource["code"] == {
        "coding": [{"system": SNOMED, "code": "134403003", "display": "Urgent referral"}],
        "text": "Urgent MSK referral",
    }
    assert (resource["priority"], REFERRAL_KINDS[text].destination) == (priority, "urgent-msk")


@pytest.mark.parametrize("text", [TextKey.SUSPECTED_CANCER_CHILD, TextKey.SUSPECTED_SARCOMA_CHILD])
def test_a_childs_referral_says_48_hours(text: TextKey) -> None:
    """In words, since no FHIR priority does."""
    assert "48 hours" in referral(text=text)["code"]["text"]


def accepted(text: TextKey, **changes: object) -> Json:
    """What an EHR keeps of a referral that was proposed, changed as the keywords say."""
    return {**referral(text=text), **changes}


@pytest.mark.parametrize("text", REFERRAL_KINDS)
def test_a_referral_that_was_accepted_is_drafted(text: TextKey) -> None:
    """In its code, its priority, and with or without its words."""
    kept = accepted(text)
    without_words = {**kept, "code": {"coding": kept["code"]["coding"]}}

    assert is_drafted(text, [{}, kept], [an_order()])
    assert is_drafted(text, [without_words], [an_order()])
    assert not is_drafted(text, [], [an_order()])


@pytest.mark.parametrize(
    ("text", "draft"),
    [
        (TextKey.MSCC, accepted(TextKey.ONCOLOGY_SUSPICIOUS)),
        (TextKey.MSCC, accepted(TextKey.ONCOLOGY_SUSPICIOUS, priority="stat")),
        (TextKey.ONCOLOGY_SUSPICIOUS, accepted(TextKey.MSCC)),
        (TextKey.URGENT_SAME_DAY, accepted(TextKey.URGENT)),
        (TextKey.SUSPECTED_SARCOMA, accepted(TextKey.SUSPECTED_CANCER)),
        (TextKey.SUSPECTED_CANCER_CHILD, accepted(TextKey.SUSPECTED_CANCER_CHILD, priority="urgent")),
        (TextKey.CES, accepted(TextKey.CES, priority=None)),
        (TextKey.CES, accepted(TextKey.CES, priority=["stat"])),
        (TextKey.CES, accepted(TextKey.REDIRECT, priority="stat")),
        (TextKey.REDIRECT, accepted(TextKey.REDIRECT, code="306171006")),
        (TextKey.REDIRECT, accepted(TextKey.REDIRECT, code={"coding": "306171006"})),
        (TextKey.REDIRECT, accepted(TextKey.REDIRECT, code={"coding": [None, {"code": "306171006"}]})),
        (TextKey.REDIRECT, accepted(TextKey.REDIRECT, code={"text": "Referral to community MSK service"})),
    ],
)
def test_another_referral_or_a_less_urgent_one_is_not_this_one(text: TextKey, draft: Json) -> None:
    """An emergency is not held back by a draft that would take weeks."""
    assert not is_drafted(text, [draft], [an_order()])


CHEST_PAIN, SHOULDER_PAIN = ({"coding": [{"system": SNOMED, "code": code}]} for code in ("29857009", "45326000"))
LEFT, RIGHT = ({"coding": [{"system": SNOMED, "code": code}]} for code in ("82169009", "6757004"))


@pytest.mark.parametrize(
    ("text", "draft"),
    [
        (TextKey.CES, accepted(TextKey.CES, reasonCode=[CHEST_PAIN])),
        (TextKey.CES, accepted(TextKey.CES, reasonCode=[{"text": "chest pain"}])),
        (
            TextKey.CES,
            accepted(TextKey.CES, reasonCode=None, code={**accepted(TextKey.CES)["code"], "text": "A&E: chest pain"}),
        ),
        (TextKey.REDIRECT, accepted(TextKey.REDIRECT, reasonCode=[SHOULDER_PAIN])),
    ],
)
def test_a_referral_for_another_complaint_is_not_this_one(text: TextKey, draft: Json) -> None:
    """Whoever sent that and removed the scan would have neither (H10)."""
    assert not is_drafted(text, [draft], [an_order()])


def test_a_referral_without_reasons_is_known_by_its_words() -> None:
    """It was proposed before the order had its reason; in words of somebody's own it may be about anything."""
    drafted = accepted(TextKey.REDIRECT, reasonCode=None)

    assert is_drafted(TextKey.REDIRECT, [drafted], [an_order()])
    assert is_drafted(TextKey.REDIRECT, [drafted], [an_order(reasons=())])
    assert not is_drafted(TextKey.REDIRECT, [accepted(TextKey.REDIRECT)], [an_order(reasons=())])


def test_a_referral_is_about_each_of_the_orders() -> None:
    """With a reason of each, and with no other side or site than theirs."""
    shoulder = an_order(reasons=(SHOULDER_PAIN,))
    left = accepted(TextKey.REDIRECT, bodySite=[LEFT])

    assert not is_drafted(TextKey.REDIRECT, [accepted(TextKey.REDIRECT)], [an_order(), shoulder])
    both = referral({}, {"reasons": (SHOULDER_PAIN,)})
    assert is_drafted(TextKey.REDIRECT, [both], [an_order(), shoulder])
    assert not is_drafted(TextKey.REDIRECT, [left], [an_order(body_sites=(RIGHT,))])
    assert is_drafted(TextKey.REDIRECT, [left], [an_order(body_sites=(LEFT,))])


def test_a_more_urgent_draft_stands_for_a_referral() -> None:
    """And one without a priority is routine, as R4 says."""
    assert is_drafted(TextKey.REDIRECT, [accepted(TextKey.REDIRECT, priority="urgent")], [an_order()])
    assert is_drafted(TextKey.REDIRECT, [accepted(TextKey.REDIRECT, priority=None)], [an_order()])
    assert is_drafted(TextKey.URGENT, [accepted(TextKey.URGENT_SAME_DAY)], [an_order()])


@pytest.mark.parametrize("destination", [None, Destination("nwl", None, "ces", "No code")])
def test_without_an_ods_code_there_is_no_performer(destination: Destination | None) -> None:
    """A name alone refers to nobody."""
    assert "performer" not in referral(destination=destination)


def test_one_call_leaves_nothing_in_the_next() -> None:
    """The template is shared; what a call adds is not."""
    referral({"reasons": ({"text": "first"},), "body_sites": ({"text": "first"},)})

    second = referral({"reasons": ()}, destination=None)

    assert {"reasonCode", "bodySite", "performer"}.isdisjoint(second)


def test_reasons_and_body_sites_of_all_orders_are_copied_once() -> None:
    """In their order."""
    knee, hip = {"text": "Right knee"}, {"text": "Left hip"}
    resource = referral(
        {"reasons": (KNEE_PAIN,), "body_sites": (knee,)},
        {"reasons": (KNEE_PAIN, {"text": "stiff"}), "body_sites": (hip, knee)},
    )

    assert resource["reasonCode"] == [KNEE_PAIN, {"text": "stiff"}]
    assert resource["bodySite"] == [knee, hip]


@pytest.mark.parametrize(
    "concept",
    [
        {},
        {"coding": []},
        {"coding": None},
        {"coding": "junk"},
        {"coding": [None, "x", {}]},
        {"coding": [{"system": SNOMED}]},
        {"coding": [{"display": "words without a code"}]},
        {"coding": [{"system": SNOMED, "code": ""}]},
        {"coding": [{"system": SNOMED, "code": " "}]},
        {"coding": [{"system": SNOMED, "code": 30989003}]},
        {"coding": [{"system": SNOMED, "code": None}]},
        {"text": ""},
        {"text": " \n"},
        {"text": 5},
        {"text": {}},
        {"id": "a1", "extension": [{"url": "https://x.example", "valueString": "kept out"}]},
    ],
)
def test_a_concept_with_nothing_in_it_is_dropped(concept: Json) -> None:
    """An empty concept, or one without a code or words, would be invalid FHIR."""
    assert "reasonCode" not in referral({"reasons": (concept,)})
    assert referral({"reasons": (concept, KNEE_PAIN)})["reasonCode"] == [KNEE_PAIN]


def test_only_system_code_display_and_text_are_copied() -> None:
    """No extension, no id, no reference to a contained value set."""
    coding = {"system": SNOMED, "code": "1", "display": "One", "version": "2", "userSelected": True, "extension": []}
    concept = {"coding": [coding, {"code": 2}], "text": "one", "extension": [{}]}

    assert referral({"reasons": (concept,)})["reasonCode"] == [
        {"coding": [{"system": SNOMED, "code": "1", "display": "One"}], "text": "one"}
    ]


def test_text_is_put_on_one_line_and_cut() -> None:
    """At 80 characters, as on the card."""
    ((reason),) = referral({"reasons": ({"text": "two\nlines " + "x" * 100},)})["reasonCode"]

    assert reason["text"].startswith("two lines x")
    assert len(reason["text"]) == 80


@pytest.mark.parametrize(
    "requester",
    [
        {"reference": "PractitionerRole/r1", "display": "Dr Somebody"},
        {"reference": "https://ehr.example/fhir/Practitioner/7"},
        {"reference": "Organization/o1"},
    ],
)
def test_a_requester_that_stands_outside_the_call_is_copied(requester: Json) -> None:
    """The reference alone, without a name."""
    assert referral({"requester": requester})["requester"] == {"reference": requester["reference"]}


def test_a_logical_requester_is_copied_by_its_identifier() -> None:
    """Its system and value."""
    identifier = {"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": "999100000014", "use": "official"}
    requester = {"type": "Practitioner", "identifier": identifier, "display": "Sister Somebody"}

    assert referral({"requester": requester})["requester"] == {
        "identifier": {"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": "999100000014"}
    }


@pytest.mark.parametrize(
    "requester",
    [
        None,
        {},
        {"reference": "#contained-gp"},
        {"reference": "urn:uuid:5f1b3f2e-0000-4000-8000-000000000000"},
        {"reference": "gp"},
        {"reference": 5},
        {"reference": "/"},
        {"reference": "Practitioner/"},
        {"reference": "Practitioner/with blanks"},
        {"reference": "ServiceRequest/draft-1"},
        {"reference": "https://ehr.example/fhir/Bundle/1"},
        {"display": "Dr Somebody"},
        {"identifier": "999"},
        {"identifier": {"value": "999"}},
        {"identifier": {"system": "https://x.example", "value": ""}},
        {"identifier": {"system": "https://x.example", "value": 5}},
    ],
)
def test_otherwise_the_requester_is_the_user(requester: Json | None) -> None:
    """A contained or draft resource is gone with the draft; junk refers to nobody."""
    assert referral({"requester": requester})["requester"] == {"reference": "Practitioner/u1"}


@pytest.mark.parametrize("user_id", ["nobody", "/", "Practitioner/", "with blanks/1"])
def test_a_user_id_that_names_nobody_is_no_requester(user_id: str) -> None:
    """A reference has a type and an id; the element is optional."""
    order = an_order(requester=None)
    resource = draft_referral(TextKey.REDIRECT, [order], SERVICE, "Note.", CONTEXT._replace(user_id=user_id))

    assert "requester" not in resource


def test_the_first_order_with_a_requester_names_it() -> None:
    """Of several orders on one card."""
    resource = referral({"requester": None}, {"requester": {"reference": "PractitionerRole/r2"}})

    assert resource["requester"] == {"reference": "PractitionerRole/r2"}


words = st.text(max_size=12) | st.sampled_from([" ", " 1", "a b", "a\nb", "/", "Practitioner/", "http://x.example/a b"])
junk: st.SearchStrategy[object] = (
    words | st.none() | st.booleans() | st.integers() | st.lists(words, max_size=2) | st.just({})
)
codings = st.fixed_dictionaries({"code": words}, optional=dict.fromkeys(["system", "display", "version"], junk))
concepts = st.fixed_dictionaries(
    {"coding": st.lists(codings, max_size=3)}, optional={"text": junk}
) | st.fixed_dictionaries({}, optional={"coding": st.lists(junk, max_size=2) | junk, "text": junk})
identifiers = st.fixed_dictionaries({}, optional={"system": junk, "value": junk})
requesters = st.fixed_dictionaries({}, optional={"reference": junk, "identifier": identifiers | junk, "display": junk})


@settings(max_examples=200)
@given(reasons=st.lists(concepts, max_size=3), sites=st.lists(concepts, max_size=2), requester=requesters)
def test_whatever_the_order_holds_the_referral_is_valid(
    reasons: list[Json], sites: list[Json], requester: Json
) -> None:
    """Junk in an order never becomes junk in a referral."""
    resource = referral({"reasons": tuple(reasons), "body_sites": tuple(sites), "requester": requester})

    ServiceRequest.model_validate(resource)
    assert all(resource.values())
