import pytest

from cds_service import __version__
from fhir_fixtures import hook_call
from tests.conftest import InProcess, JsonObject, StartService


def logged_for(service: InProcess, call: JsonObject) -> JsonObject:
    """The card log's row of a call with one card, which is there once the call is answered."""
    (card,) = service.cards(call)
    (row,) = [row for row in service.logged() if row["card_id"] == card["uuid"]]
    return row


def test_a_row_holds_the_facts_that_may_be_kept_and_no_other(service: InProcess) -> None:
    """Day and hour, never the minute; groups, never codes; the organisation, never the person."""
    row = logged_for(service, hook_call("nwl-gp-knee-mri-pain--redirect.json"))

    own = {name: row.pop(name) for name in ("event_id", "card_id", "latency_ms")}
    assert row.pop("occurred_on").isoformat() == "2026-11-21"
    assert own["latency_ms"] >= 0
    assert row == {
        "occurred_hour": 9,
        "region": "nwl",
        "pathway_id": "nwl",
        "pathway_version": "1.2",
        "rule_id": "nwl.redirect",
        "outcome": "redirect",
        "indicator": "warning",
        "card_count": 1,
        "modality": "mri",
        "body_region_group": "lower-limb",
        "known_by": "code",
        "setting": "general-practice",
        "setting_evidence": "requester-role",
        "requester_category": "gp",
        "organisation": "Z99001",
        "pcn": "Z99P01",
        "borough": "Brent",
        "region_conflict": False,
        "indication_present": True,
        "indication_groups": "pain",
        "oncology": "none",
        "age_band": "18-64",
        "fcp_listing": "none",
        "hook": "order-select",
        "client_id": "anyone",
        "mode": "demo",
        "software_version": __version__,
    }


def test_national_guidance_is_logged_with_its_own_version(service: InProcess) -> None:
    """Where no region's pathway spoke."""
    row = logged_for(service, hook_call("ncl-gp-lumbar-mri-ces--ces.json"))

    assert (row["region"], row["pathway_id"], row["pathway_version"]) == ("other", "national", "1.0")


def test_a_conflict_of_regions_is_logged(service: InProcess) -> None:
    """Requester in one, patient registered in another."""
    assert logged_for(service, hook_call("nel-gp-knee-mri-pain-registered-in-nwl--redirect.json"))["region_conflict"]


@pytest.mark.parametrize(
    "file",
    [
        "nwl-two-settings-knee-mri-pain--redirect-unknown-setting.json",
        "nwl-unknown-setting-knee-mri-pain--redirect-unknown-setting.json",
    ],
)
def test_an_organisation_that_is_not_certain_is_not_logged(service: InProcess, file: str) -> None:
    """Two of them, or none."""
    row = logged_for(service, hook_call(file))

    assert (row["organisation"], row["pcn"], row["borough"]) == (None, None, None)


def test_an_order_without_a_reason_is_logged_as_such(service: InProcess) -> None:
    """To measure how often the client sends one."""
    row = logged_for(service, hook_call("nwl-gp-knee-mri-no-reason--redirect.json"))

    assert (row["indication_present"], row["indication_groups"]) == (False, "")


def test_feedback_is_logged_with_its_day_and_reason(service: InProcess) -> None:
    """The comment has left nothing but a yes."""
    (card,) = service.cards(hook_call("nwl-gp-knee-mri-pain--redirect.json"))
    reason = {"reason": {"code": "other", "system": "https://x.example/s"}, "userComment": "Seen by Dr Test-adult"}
    service.feedback(
        {
            "feedback": [
                {
                    "card": card["uuid"],
                    "outcome": "overridden",
                    "overrideReason": reason,
                    "outcomeTimestamp": "2026-11-21T10:31:02.900+01:00",
                }
            ]
        }
    )

    (row,) = [row for row in service.logged("feedback") if row["card_id"] == card["uuid"]]
    del row["event_id"]
    assert row.pop("received_on").isoformat() == "2026-11-21"
    assert row.pop("outcome_timestamp").isoformat() == "2026-11-21T09:31:02+00:00"
    assert row == {
        "received_hour": 9,
        "service_id": "msk-imaging-pathway",
        "client_id": "anyone",
        "card_id": card["uuid"],
        "outcome": "overridden",
        "suggestion_accepted": False,
        "suggestion_id": None,
        "override_reason_code": "other",
        "override_reason_system": "https://x.example/s",
        "had_comment": True,
    }


def test_a_reason_that_is_refuted_was_sent_all_the_same(service: InProcess) -> None:
    """It counts for no rule; the EHR did send one."""
    row = logged_for(service, hook_call("nwl-gp-lumbar-mri-ces-refuted--redirect.json"))

    assert (row["indication_present"], row["indication_groups"]) == (True, "")


@pytest.mark.parametrize(
    ("posts", "last"),
    [
        ([[("overridden", "00"), ("accepted", "00")]], "accepted"),
        ([[("overridden", "00.1"), ("accepted", "00.9")]], "accepted"),
        ([[("overridden", "00.9"), ("accepted", "00.1")]], "overridden"),
        ([[("overridden", "00")], [("accepted", "00")]], "accepted"),
    ],
    ids=["one-stamp", "in-turn", "out-of-turn", "two-posts"],
)
def test_of_feedback_with_one_second_the_later_has_the_later_id(
    service: InProcess, posts: list[list[tuple[str, str]]], last: str
) -> None:
    """Stamps are kept to the second; the id then tells the last, which counts. A post is put in order by its stamps."""
    for _ in range(4):
        (card,) = service.cards(hook_call("nwl-gp-knee-mri-pain--redirect.json"))
        for entries in posts:
            sent = [
                {
                    "card": card["uuid"],
                    "outcome": outcome,
                    "acceptedSuggestions": [{"id": suggestion["uuid"]} for suggestion in card["suggestions"]],
                    "outcomeTimestamp": f"2026-11-21T09:30:{seconds}Z",
                }
                for outcome, seconds in entries
            ]
            assert service.feedback({"feedback": sent}).json() == {}

        rows = [row for row in service.logged("feedback") if row["card_id"] == card["uuid"]]
        assert max(rows, key=lambda row: row["event_id"])["outcome"] == last


def test_a_card_and_its_suggestion_are_logged(service: InProcess) -> None:
    """What was shown, in which place, and what it offered; feedback names them by these ids."""
    (card,) = service.cards(hook_call("nwl-gp-knee-mri-pain--redirect.json"))

    (order,) = [row for row in service.logged() if row["card_id"] == card["uuid"]]
    (shown,) = [row for row in service.logged("card") if row["card_id"] == card["uuid"]]
    (offered,) = [row for row in service.logged("suggestion") if row["card_id"] == card["uuid"]]
    assert shown.pop("occurred_on").isoformat() == offered.pop("occurred_on").isoformat() == "2026-11-21"
    assert shown == {
        "card_id": card["uuid"],
        "event_id": order["event_id"],
        "position": 1,
        "outcome": "redirect",
        "indicator": "warning",
        "orders": 1,
        "suggestions": 1,
    }
    assert offered == {
        "suggestion_id": card["suggestions"][0]["uuid"],
        "card_id": card["uuid"],
        "creates": 1,
        "deletes": 1,
    }


def test_a_card_for_several_orders_is_one_row(service: InProcess) -> None:
    """Each order has a row of its own, which names the card; the card says how many there are."""
    cards = service.cards(hook_call("nwl-gp-five-drafts-order-sign--ces.json"))

    orders = [row["card_id"] for row in service.logged()]
    shown = {row["card_id"]: row for row in service.logged("card")}
    assert [(shown[card["uuid"]]["position"], shown[card["uuid"]]["orders"]) for card in cards] == [
        (position, orders.count(card["uuid"])) for position, card in enumerate(cards, start=1)
    ]


def test_firings_of_one_draft_share_a_key_and_those_of_one_session_another(service: InProcess) -> None:
    """Select, edit and sign of one order can be counted as one, and nobody can tell whose it was."""
    call = hook_call("nwl-gp-knee-mri-pain--redirect.json")
    first = logged_for(service, call)["event_id"]
    again = logged_for(service, call)["event_id"]
    elsewhere = logged_for(service, {**call, "context": {**call["context"], "encounterId": "another"}})["event_id"]

    keys = {row["event_id"]: (row["order_key"], row["session_key"]) for row in service.logged("episode_key")}
    assert keys[first] == keys[again]
    assert keys[elsewhere][0] == keys[first][0]
    assert keys[elsewhere][1] != keys[first][1]
    assert {len(key) for key in keys[first]} == {16}


def test_episodes_can_be_switched_off(start_service: StartService) -> None:
    """A deployment whose data protection officer says no keeps no keys."""
    service = start_service(episodes="off")
    service.cards(hook_call("nwl-gp-knee-mri-pain--redirect.json"))

    assert (len(service.logged()), service.logged("episode_key")) == (1, [])


def test_calls_out_of_scope_are_counted_and_never_logged_one_by_one(start_service: StartService) -> None:
    """Every order of any kind fires the hook: a number per hour and client is all that is kept."""
    with start_service.briefly() as service:
        for file in ("nwl-gp-brain-mri--not-applicable.json", "nwl-gp-knee-x-ray--not-applicable.json"):
            service.cards(hook_call(file))
        service.cards(hook_call("nwl-gp-knee-mri-pain--redirect.json"))

    counted = [
        (row["client_id"], row["occurred_hour"], row["result"], row["calls"]) for row in service.logged("call_count")
    ]
    assert sorted(counted) == [("anyone", 9, "cards", 1), ("anyone", 9, "out_of_scope", 2)]
    assert len(service.logged()) == 1


@pytest.mark.parametrize(
    ("coding", "counted"),
    [
        ({"system": "https://ehr.example/imaging", "code": "MRKNE"}, [("https://ehr.example/imaging", "MRKNE", 1)]),
        ({"system": "https://ehr.example/imaging", "code": "MRI of the right knee"}, []),
        ({"system": "https://ehr.example/imaging", "code": "9990000018"}, []),
        ({"code": "MRKNE"}, []),
    ],
    ids=["a code", "words", "an NHS number", "no system"],
)
def test_codes_that_no_list_knows_are_counted_and_never_words(
    start_service: StartService, coding: JsonObject, counted: list[tuple[str, str, int]]
) -> None:
    """The worklist of what a site has still to map; what does not look like a code is not kept."""
    call = hook_call("nwl-gp-brain-mri--not-applicable.json")
    (entry,) = call["context"]["draftOrders"]["entry"]
    entry["resource"]["code"] = {"coding": [coding], "text": "Somebody's own words"}

    with start_service.briefly() as service:
        service.cards(call)

    rows = service.logged("unknown_procedure_count")
    assert [(row["code_system"], row["code"], row["orders"]) for row in rows] == counted


def test_feedback_to_another_services_address_is_kept_and_told(service: InProcess) -> None:
    """404, for the address is wrong; and nothing that a clinician said is thrown away."""
    sent = {"card": "0a1b2c3d-0000-4000-8000-00000000abcd", "outcome": "overridden"}
    body = {"feedback": [{**sent, "outcomeTimestamp": "2026-11-21T09:30:00Z"}]}

    response = service.send("POST", "/cds-services/another/feedback", json=body)

    assert response.status_code == 404
    (row,) = [row for row in service.logged("feedback") if row["card_id"] == sent["card"]]
    assert row["service_id"] == "other"


def test_an_accepted_suggestion_is_logged_by_its_id(service: InProcess) -> None:
    """So that it can be told which offer was taken."""
    (card,) = service.cards(hook_call("nwl-gp-knee-mri-pain--redirect.json"))
    offered = card["suggestions"][0]["uuid"]
    accepted = {"card": card["uuid"], "outcome": "accepted", "acceptedSuggestions": [{"id": offered}]}
    service.feedback({"feedback": [{**accepted, "outcomeTimestamp": "2026-11-21T09:30:00Z"}]})

    (row,) = [row for row in service.logged("feedback") if row["card_id"] == card["uuid"]]
    assert (row["outcome"], row["suggestion_accepted"], row["suggestion_id"]) == ("accepted", True, offered)
