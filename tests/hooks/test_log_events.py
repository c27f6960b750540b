import pytest

from cds_service import __version__
from fhir_fixtures import hook_call
from tests.conftest import InProcess, JsonObject


def logged_for(service: InProcess, call: JsonObject) -> JsonObject:
    """The card log's row of a call with one card."""
    (card,) = service.cards(call)
    overridden = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-11-21T09:30:00Z"}
    service.feedback({"feedback": [overridden]})
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
        "configuration_flags": "",
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
        "card_id": card["uuid"],
        "outcome": "overridden",
        "suggestion_accepted": False,
        "override_reason_code": "other",
        "override_reason_system": "https://x.example/s",
        "had_comment": True,
    }
