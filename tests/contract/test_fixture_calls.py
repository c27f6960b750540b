"""Every ready-made hook call, end to end: answered as its name and the index say, and logged so."""

from collections import defaultdict

import pytest

from fhir_fixtures import Expectation, expectations
from tests.conftest import JsonObject
from tests.contract.conftest import ContractRun

EXPECTED: dict[str, list[Expectation]] = defaultdict(list)
for _row in expectations():
    EXPECTED[_row.file].append(_row)

UNCLASSIFIED = "logged as unclassified procedure"
"""What the index says of the one order outside the pathways that is logged all the same (D66b)."""


def shown(card: JsonObject) -> tuple[str, bool, bool]:
    """A card's indicator, and whether it offers to remove a scan and to create a referral."""
    actions = {action["type"] for one in card.get("suggestions", []) for action in one["actions"]}
    return card["indicator"], "delete" in actions, "create" in actions


@pytest.mark.parametrize("file", EXPECTED)
def test_a_call_earns_the_cards_that_the_index_expects(contract_run: ContractRun, file: str) -> None:
    """The most urgent first; 412 where the pathway could not be evaluated, so that it never looks like silence."""
    exchange = contract_run.exchanges[file]

    outcomes = [row.outcome for row in EXPECTED[file]]
    assert exchange.answer.status_code == (412 if outcomes == ["could_not_evaluate"] else 200)
    cards = [(row.indicator, row.delete, row.create) for row in EXPECTED[file] if row.indicator is not None]
    assert [shown(card) for card in exchange.cards] == cards


@pytest.mark.parametrize("file", EXPECTED)
def test_the_card_log_has_the_outcome_of_each_evaluated_order(contract_run: ContractRun, file: str) -> None:
    """An order that is not an MSK scan leaves at the first fork, unlogged."""
    rows = contract_run.exchanges[file].rows

    expected = {(row.outcome, row.indicator) for row in EXPECTED[file] if row.outcome != "not_applicable"}
    logged = {(row["outcome"], row["indicator"]) for row in rows if row["outcome"] != "not_applicable"}
    assert logged == expected
    if EXPECTED[file][0].note == UNCLASSIFIED:
        assert [row["outcome"] for row in rows] == ["not_applicable"]


@pytest.mark.parametrize("file", EXPECTED)
def test_a_row_of_the_card_log_names_the_card_that_speaks_of_its_order(contract_run: ContractRun, file: str) -> None:
    """Silence names none."""
    exchange = contract_run.exchanges[file]

    indicator_of = {card["uuid"]: card["indicator"] for card in exchange.cards}
    assert {row["card_id"] for row in exchange.rows} - {None} == set(indicator_of)
    assert all(indicator_of.get(row["card_id"]) == row["indicator"] for row in exchange.rows)
    assert {row["card_count"] for row in exchange.rows} <= {len(exchange.cards)}


def test_two_orders_of_one_outcome_get_one_card_and_two_rows(contract_run: ContractRun) -> None:
    """One card names both, proposes one referral and removes both (D49)."""
    exchange = contract_run.exchanges["nwl-gp-knee-and-shoulder-mri-pain--redirect.json"]

    (card,) = exchange.cards
    assert [action["type"] for action in card["suggestions"][0]["actions"]] == ["create", "delete", "delete"]
    assert "imaging of knee" in card["detail"]
    assert "imaging of shoulder" in card["detail"]
    assert [row["card_id"] for row in exchange.rows] == [card["uuid"]] * 2


def test_only_selected_drafts_are_looked_at(contract_run: ContractRun) -> None:
    """On order-select the shoulder beside the selected knee is nobody's business yet."""
    exchange = contract_run.exchanges["nwl-gp-knee-mri-selected-shoulder-mri-not--redirect.json"]

    assert len(exchange.rows) == 1
    assert "shoulder" not in exchange.cards[0]["detail"]


def test_an_assured_practitioner_who_is_not_listed_can_say_so(contract_run: ContractRun) -> None:
    """NEL's override reasons include it (D33)."""
    (card,) = contract_run.exchanges["nel-unlisted-fcp-knee-mri-pain--redirect.json"].cards

    assert "assured-first-contact-practitioner" in {reason["code"] for reason in card["overrideReasons"]}


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("nwl-gp-knee-mri-no-reason--redirect.json", "check for red flags first"),
        ("nwl-gp-lumbar-mri-text-only-reason--redirect.json", "check for red flags first"),
        ("nwl-gp-lumbar-mri-pain-active-cancer--oncology.json", "NG234"),
    ],
)
def test_a_detail_leads_with_what_cannot_wait(contract_run: ContractRun, file: str, words: str) -> None:
    """Before what to do (D03, D52, D73)."""
    (card,) = contract_run.exchanges[file].cards

    assert 0 <= card["detail"].find(words) < card["detail"].find("**What to do**")


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("nwl-gp-lumbar-mri-ces-and-suspected-cancer--ces.json", "Suspected cancer is also coded"),
        ("nwl-gp-lumbar-mri-ces--ces.json", "Phone now"),
        ("nwl-gp-lumbar-mri-cord-compression-under-oncology--mscc.json", "MSCC coordinator"),
        ("nwl-gp-lumbar-mri-foot-drop--urgent-msk.json", "today"),
        ("nwl-gp-lumbar-mri-discitis--urgent-msk.json", "same"),
        ("nwl-gp-knee-mri-sarcoma-child--suspected-sarcoma.json", "within 48 hours"),
        ("nwl-gp-hip-mri-suspected-cancer-under-oncology--oncology.json", "new primary"),
        ("nel-gp-knee-mri-sarcoma--suspected-sarcoma.json", "suspected sarcoma guide"),
        ("nel-gp-knee-mri-pain-registered-in-nwl--redirect.json", "registered in another region"),
        ("nel-gp-knee-mri-pain-registered-in-nwl--redirect.json", "Ealing Demo Community MSK Service"),
        ("nwl-gp-hip-mri-bone-pain--redirect.json", "can come from cancer"),
        ("nwl-gp-knee-mri-meniscal-tear-under-oncology--redirect.json", "Under oncology care"),
        ("nwl-gp-knee-mri-asked-for-by-consultant--redirect.json", "a specialist asked for it"),
    ],
)
def test_a_detail_says_what_the_index_notes(contract_run: ContractRun, file: str, words: str) -> None:
    """What a clinician must read on this very card."""
    details = [card["detail"] for card in contract_run.exchanges[file].cards]

    assert words in details[0]


def test_the_oncology_team_is_named_beside_a_sarcoma(contract_run: ContractRun) -> None:
    """Someone under oncology care with a suspected sarcoma needs both (D58)."""
    (card,) = contract_run.exchanges["nel-gp-knee-mri-sarcoma-under-oncology--suspected-sarcoma.json"].cards

    assert "oncology team" in card["detail"]


@pytest.mark.parametrize("name", ["accepted.json", "overridden-with-reason.json", "several-cards.json"])
def test_feedback_is_stored(contract_run: ContractRun, name: str) -> None:
    """200 with an empty object."""
    answer = contract_run.feedback[name]

    assert (answer.status_code, answer.json()) == (200, {})


def test_all_feedback_of_the_fixtures_is_taken(contract_run: ContractRun) -> None:
    """Every form of the specification, and the sandbox's own."""
    assert {answer.status_code for answer in contract_run.feedback.values()} == {200}


def test_ill_formed_calls_are_refused_with_an_outcome(contract_run: ContractRun) -> None:
    """None of them is answered as if it had been evaluated, and none breaks the service."""
    assert {answer.status_code for answer in contract_run.refusals} == {400}
    assert {answer.json()["resourceType"] for answer in contract_run.refusals} == {"OperationOutcome"}
