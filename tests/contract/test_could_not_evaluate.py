"""A failure never looks like "no concerns" (fact 5): 412, or a card for a client that asks for one."""

import copy
import shutil
from pathlib import Path

import pytest

from fhir_fixtures import hook_call
from tests.conftest import DEMO_CONFIGURATION, InProcess, JsonObject, StartService

UNPLACED = "unresolved-region-knee-mri-pain--could-not-evaluate.json"
UNPLACED_CES = "unresolved-region-lumbar-mri-ces--ces.json"

ODS = "https://fhir.nhs.uk/Id/ods-organization-code"


def ordered_from(ods_code: str) -> JsonObject:
    """A requester named by its organisation's code alone."""
    return {"type": "Organization", "identifier": {"system": ODS, "value": ods_code}}


def with_second_order(ods_code: str, code: str = "241641004", display: str = "MRI of another knee") -> JsonObject:
    """A call that nothing places in a region, with a second order that comes from an organisation."""
    call = hook_call(UNPLACED)
    call["hook"] = "order-sign"
    entries = call["context"]["draftOrders"]["entry"]
    second = copy.deepcopy(entries[0])
    second["resource"].update(id="draft-2", requester=ordered_from(ods_code))
    second["resource"]["code"] = {"coding": [{"system": "http://snomed.info/sct", "code": code, "display": display}]}
    entries.append(second)
    return call


@pytest.fixture(scope="module")
def configured(start_service: StartService, tmp_path_factory: pytest.TempPathFactory) -> dict[str, InProcess]:
    """The demo's configuration with one client that asks for cards, and one with a default region."""

    def start(name: str, wishes: str) -> InProcess:
        folder = tmp_path_factory.mktemp(name)
        shutil.copytree(DEMO_CONFIGURATION, folder, dirs_exist_ok=True)
        Path(folder / "clients.yaml").write_text(f"clients:\n  - id: {name}\n    {wishes}\n", encoding="utf-8")
        return start_service(folder)

    return {
        "asks-for-cards": start("asks-for-cards", "on_unresolved: card"),
        "from-nwl": start("from-nwl", "default_region: NWL"),
    }


def test_an_order_that_nothing_places_is_answered_with_412(service: InProcess) -> None:
    """The outcome says that silence would mean nothing, and what to send."""
    response = service.call(hook_call(UNPLACED))

    (issue,) = response.json()["issue"]
    assert response.status_code == 412
    assert "could not be evaluated" in issue["diagnostics"]
    assert "does not mean that there are no concerns" in issue["diagnostics"]
    assert "ODS code" in issue["diagnostics"]


def test_a_red_flag_speaks_without_a_region(service: InProcess) -> None:
    """A coded cauda equina syndrome gets the national card, which suggests nothing (D59)."""
    (card,) = service.cards(hook_call(UNPLACED_CES))

    assert card["indicator"] == "critical"
    assert card["source"]["label"].startswith("National guidance")
    assert "suggestions" not in card


def test_a_client_that_asks_for_it_gets_an_info_card(configured: dict[str, InProcess]) -> None:
    """It says that the pathway was not checked and leads with the safety net; nothing is suggested."""
    (card,) = configured["asks-for-cards"].cards(hook_call(UNPLACED))

    assert card["indicator"] == "info"
    assert "not checked" in card["summary"]
    assert "does not mean that there are no concerns" in card["detail"]
    assert "saddle numbness" in card["detail"]
    assert "suggestions" not in card


def test_the_info_card_is_logged_as_what_it_is(configured: dict[str, InProcess]) -> None:
    """The outcome is that of the order; the card's id is there for feedback to name."""
    service = configured["asks-for-cards"]
    (card,) = service.cards(hook_call(UNPLACED))
    service.feedback(
        {"feedback": [{"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-11-21T09:30:00Z"}]}
    )

    (row,) = [row for row in service.logged() if row["card_id"] == card["uuid"]]
    assert (row["outcome"], row["region"], row["client_id"]) == ("could_not_evaluate", "unresolved", "asks-for-cards")


def test_a_default_region_places_an_order_that_names_no_organisation(configured: dict[str, InProcess]) -> None:
    """Fact 4's last resort; whatever the case of the region's name."""
    (card,) = configured["from-nwl"].cards(hook_call(UNPLACED))

    assert card["source"]["label"].startswith("North West London")


def test_a_default_region_does_not_place_an_unlisted_organisation(configured: dict[str, InProcess]) -> None:
    """An organisation that was sent but is not listed never falls to the client's default."""
    call = hook_call(UNPLACED)
    call["context"]["draftOrders"]["entry"][0]["resource"]["requester"] = ordered_from("Z99999")

    assert configured["from-nwl"].call(call).status_code == 412


def test_of_two_orders_the_one_that_can_be_evaluated_is(service: InProcess) -> None:
    """Its card names the other, and removes only its own."""
    (card,) = service.cards(with_second_order("Z99001"))

    assert card["indicator"] == "warning"
    assert "**Not checked:** Magnetic resonance imaging of knee." in card["detail"]
    assert "does not mean that there are no concerns" in card["detail"].partition("**Not checked:**")[2]
    removed = [action["resourceId"] for action in card["suggestions"][0]["actions"] if action["type"] == "delete"]
    assert removed in ([], ["ServiceRequest/draft-2"])


def test_both_orders_are_logged(service: InProcess) -> None:
    """The one with the card's id, the other with none."""
    (card,) = service.cards(with_second_order("Z99002"))
    service.feedback(
        {"feedback": [{"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-11-21T09:30:00Z"}]}
    )

    rows = service.logged()
    assert [row["outcome"] for row in rows if row["card_id"] == card["uuid"]] == ["redirect"]
    assert ("could_not_evaluate", None) in {(row["outcome"], row["card_id"]) for row in rows}


def test_when_the_other_order_earns_no_card_the_answer_is_412(service: InProcess) -> None:
    """An order from secondary care is silent, and so would hide the one that was not evaluated."""
    assert service.call(with_second_order("Z99030")).status_code == 412


def test_when_the_other_order_earns_no_card_a_client_that_asks_gets_one(configured: dict[str, InProcess]) -> None:
    """One info card, about the order that could not be evaluated."""
    (card,) = configured["asks-for-cards"].cards(with_second_order("Z99030"))

    assert card["indicator"] == "info"
    assert card["detail"].count("- Order:") == 1


def test_a_client_that_asks_for_cards_gets_no_second_one_beside_a_real_one(configured: dict[str, InProcess]) -> None:
    """The first card's note is enough."""
    (card,) = configured["asks-for-cards"].cards(with_second_order("Z99001"))

    assert card["indicator"] == "warning"
    assert "**Not checked:**" in card["detail"]


def test_an_order_out_of_scope_beside_it_changes_nothing(service: InProcess) -> None:
    """A brain MRI is neither evaluated nor a reason for silence."""
    call = with_second_order("Z99001", code="816077007", display="Magnetic resonance imaging of brain")

    assert service.call(call).status_code == 412


def with_unreadable_order(file: str) -> JsonObject:
    """A call with a second order whose code is text where an object belongs."""
    call = hook_call(file)
    call["hook"] = "order-sign"
    entries = call["context"]["draftOrders"]["entry"]
    second = copy.deepcopy(entries[0])
    second["resource"].update(id="draft-2", code="MRI")
    entries.append(second)
    return call


def test_an_order_that_cannot_be_read_does_not_silence_another(service: InProcess) -> None:
    """Those that can be evaluated are; the first card says that one could not."""
    (card,) = service.cards(with_unreadable_order("nwl-gp-lumbar-mri-ces--ces.json"))

    assert card["indicator"] == "critical"
    assert "**Not checked:** 1 more selected order" in card["detail"]


@pytest.mark.parametrize(
    "file", ["nwl-consultant-lumbar-mri-ces--specialist-exempt.json", "nwl-gp-brain-mri--not-applicable.json", UNPLACED]
)
def test_an_order_that_cannot_be_read_is_an_error_where_no_card_would_name_it(service: InProcess, file: str) -> None:
    """Beside a silent order, one out of scope, and one that nothing places."""
    response = service.call(with_unreadable_order(file))

    assert response.status_code == 400
    assert response.json()["issue"][0]["expression"] == ["context.draftOrders.entry[1].resource.code"]


def test_the_info_card_names_an_order_that_cannot_be_read_as_well(configured: dict[str, InProcess]) -> None:
    """Else it would seem to have been checked."""
    response = configured["asks-for-cards"].call(with_unreadable_order(UNPLACED))

    assert response.status_code == 400 or "could not be read" in response.json()["cards"][0]["detail"]
