"""Every card of every fixture call obeys CDS Hooks, and nothing null or empty leaves the service."""

from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from cds_service.protocol.card import Cards, Services
from fhir_fixtures import expectations
from tests.conftest import SERVICE, InProcess, JsonObject
from tests.contract.conftest import ContractRun, Exchange

FILES = sorted({row.file for row in expectations()})


class Answer(BaseModel):
    """Holds an answer to the shapes that the service publishes, and to no member more."""

    model_config = ConfigDict(extra="forbid", strict=True)

    cards: Cards | None = None
    services: Services | None = None


def empty_elements(value: object, path: str = "") -> Iterator[str]:
    """The places of null, blank and empty values."""
    if value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip()):
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from empty_elements(member, f"{path}/{name}")


def is_absolute(url: str) -> bool:
    """Whether a URL names its scheme and host."""
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


@pytest.fixture(params=FILES)
def exchange(request: pytest.FixtureRequest, contract_run: ContractRun) -> Exchange:
    """Each exchange in turn."""
    exchanged: Exchange = contract_run.exchanges[request.param]
    return exchanged


@pytest.fixture
def all_cards(contract_run: ContractRun) -> list[JsonObject]:
    """Every card of the whole run."""
    return [card for exchange in contract_run.exchanges.values() for card in exchange.cards]


def test_no_element_of_an_answer_is_null_or_empty(exchange: Exchange) -> None:
    """Save `cards: []`, which means evaluated, with nothing to say."""
    assert set(empty_elements(exchange.answer.json())) <= {"/cards"}


def test_an_answer_has_the_published_shape(exchange: Exchange) -> None:
    """No member is missing, and none is there that the shape does not name."""
    if exchange.answer.status_code == 200:
        Answer.model_validate({"cards": exchange.answer.json()})


def test_the_shapes_refuse_what_they_do_not_name(all_cards: list[JsonObject]) -> None:
    """So that the test above means something, also deep inside."""
    source = {**all_cards[0]["source"], "logo": "x"}

    with pytest.raises(ValidationError, match="logo"):
        Answer.model_validate({"cards": {"cards": [{**all_cards[0], "source": source}]}})


def test_a_summary_is_one_short_line(exchange: Exchange) -> None:
    """Fewer than 140 characters (r83), no Markdown, which would be shown literally."""
    for card in exchange.cards:
        assert 0 < len(card["summary"]) < 140
        assert not set(card["summary"]) & set("\n*_`#[]<>{}|\\")
        assert not card["summary"].endswith(".")


def test_a_card_says_where_its_advice_comes_from(exchange: Exchange) -> None:
    """A label with title and version, an absolute address (r105), and the review state in the detail."""
    for card in exchange.cards:
        assert " v" in card["source"]["label"]
        assert is_absolute(card["source"]["url"])
        assert card["source"]["label"] in card["detail"]
        assert "review due" in card["detail"] or card["source"]["label"].startswith("National guidance")


def test_a_card_explains_itself(exchange: Exchange) -> None:
    """What to do, and why, with the order by name."""
    for card in exchange.cards:
        assert "**What to do**" in card["detail"]
        assert "**Why this card**" in card["detail"]
        assert "- Order: " in card["detail"]
        assert "*Rule " in card["detail"]


def test_a_selection_behaviour_stands_with_suggestions_only(exchange: Exchange) -> None:
    """`at-most-one` (r93), since a referral is wanted once."""
    for card in exchange.cards:
        assert ("selectionBehavior" in card) == ("suggestions" in card)
        assert card.get("selectionBehavior", "at-most-one") == "at-most-one"
        assert len(card.get("suggestions", ["one"])) == 1


def test_an_action_has_what_its_type_asks_for(exchange: Exchange) -> None:
    """A create carries a resource; a delete a relative reference to a draft of the call, and no resource."""
    drafts = {
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for entry in exchange.call["context"]["draftOrders"]["entry"]
    }
    for card in exchange.cards:
        for suggestion in card.get("suggestions", []):
            assert suggestion["label"]
            for action in suggestion["actions"]:
                assert action["description"]
                assert action["type"] in {"create", "delete"}
                assert ("resource" in action) == (action["type"] == "create")
                assert ("resourceId" in action) == (action["type"] == "delete")
                assert action.get("resourceId") in {None, *drafts}


def test_a_scan_is_never_removed_without_a_referral_in_the_same_suggestion(exchange: Exchange) -> None:
    """Else the patient may end with neither."""
    for card in exchange.cards:
        for suggestion in card.get("suggestions", []):
            assert [action["type"] for action in suggestion["actions"]].count("create") == 1


def test_override_reasons_are_few_and_coded(exchange: Exchange) -> None:
    """At most twelve, each with a display (r100), none twice."""
    for card in exchange.cards:
        codes = [reason["code"] for reason in card["overrideReasons"]]
        assert 0 < len(codes) <= 12
        assert len(set(codes)) == len(codes)
        assert all(is_absolute(reason["system"]) for reason in card["overrideReasons"])


def test_links_are_absolute_and_stand_once(exchange: Exchange) -> None:
    """No SMART link is offered (r138-147)."""
    for card in exchange.cards:
        urls = [link["url"] for link in card.get("links", [])]
        assert all(is_absolute(url) for url in urls)
        assert len(set(urls)) == len(urls)
        assert {link["type"] for link in card.get("links", [])} <= {"absolute"}


def test_a_detail_has_no_html(exchange: Exchange) -> None:
    """The sandbox renders raw HTML: neither our own texts nor the call's hold any."""
    for card in exchange.cards:
        assert "<" not in card["detail"]


def test_every_uuid_is_unique(all_cards: list[JsonObject]) -> None:
    """Cards (r80) and suggestions, over the whole run; dismissing one of a pair would hide both."""
    uuids = [card["uuid"] for card in all_cards]
    uuids += [suggestion["uuid"] for card in all_cards for suggestion in card.get("suggestions", [])]

    assert len(uuids) > 80
    assert len(set(uuids)) == len(uuids)
    assert {str(UUID(one)) for one in uuids} == set(uuids)
    assert {UUID(one).version for one in uuids} == {8}


def test_critical_is_kept_for_what_is_an_emergency(contract_run: ContractRun) -> None:
    """Cauda equina syndrome and metastatic cord compression, and nothing else."""
    outcomes = {
        row["outcome"]
        for exchange in contract_run.exchanges.values()
        for row in exchange.rows
        if row["indicator"] == "critical"
    }

    assert outcomes == {"ces", "mscc"}


def test_cards_come_most_urgent_first(contract_run: ContractRun) -> None:
    """Of five drafts, the one for the emergency leads."""
    cards = contract_run.exchanges["nwl-gp-five-drafts-order-sign--ces.json"].cards

    assert [card["indicator"] for card in cards] == ["critical", "warning"]


def test_repeating_a_call_gives_the_same_cards_with_new_ids(service: InProcess, contract_run: ContractRun) -> None:
    """Nothing of one call is left in the next."""
    exchange = contract_run.exchanges["nwl-gp-knee-mri-pain--redirect.json"]

    (again,) = service.cards(exchange.call)

    (card,) = exchange.cards
    assert again["uuid"] != card["uuid"]
    assert again["suggestions"][0]["uuid"] != card["suggestions"][0]["uuid"]
    assert {**again, "uuid": "", "suggestions": again["suggestions"][0]["actions"]} == {
        **card,
        "uuid": "",
        "suggestions": card["suggestions"][0]["actions"],
    }


def test_no_other_answer_has_an_empty_element_either(service: InProcess, contract_run: ContractRun) -> None:
    """Discovery, health, refusals."""
    answers = [
        service.send("GET", "/cds-services"),
        service.send("GET", "/health/live"),
        service.send("GET", "/health/ready"),
        service.send("GET", SERVICE),
        service.send("GET", "/nowhere"),
        *contract_run.refusals,
    ]

    assert {path for answer in answers for path in empty_elements(answer.json())} == set()


def test_discovery_has_the_published_shape(service: InProcess) -> None:
    """As the cards have."""
    Answer.model_validate({"services": service.send("GET", "/cds-services").json()})
