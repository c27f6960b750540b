"""The decision table is the clinical specification: each row is a test, named by its id, through to the card.

Cases that the table leaves open, and how they were settled, stand beside it in `further_cases.csv`.
"""

import csv
from datetime import date
from pathlib import Path

import pytest

from cds_service.cards.build import build_cards
from cds_service.cards.order import CardContext, OrderForCard
from cds_service.cards.speaker import speakers_of
from cds_service.directory.model import Destination
from cds_service.pathway.decide import decide
from cds_service.pathway.facts import (
    OUTSIDE,
    UNRESOLVED,
    BodyRegion,
    Facts,
    FcpListing,
    Indication,
    KnownBy,
    Modality,
    Oncology,
    RegionId,
    Setting,
)
from cds_service.pathway.loading import load_pathways

TODAY = date(2026, 11, 21)
ADULT = 50


def rows_of(name: str) -> list[dict[str, str]]:
    """The cases of a file that lies beside this one."""
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ROWS = rows_of("decision_table.csv")
FURTHER = rows_of("further_cases.csv")

PATHWAYS = load_pathways()
SPEAKERS = speakers_of(PATHWAYS, dict.fromkeys([*PATHWAYS, "national"], "https://pathway.example"))

INDICATIONS = {
    "none": set(),
    "ces_refuted": set(),
    "ces": {Indication.CAUDA_EQUINA},
    "cord": {Indication.CORD_COMPRESSION},
    "lump": {Indication.SOFT_TISSUE_LUMP},
    "pain_back": {Indication.PAIN, Indication.BACK_PAIN_OR_SCIATICA},
}
"""Words of the table that are not a group's own name."""


def facts_of(row: dict[str, str]) -> Facts:
    """The facts that a row states."""
    words = row["indication"].split(";")
    indications = {group for word in words for group in INDICATIONS.get(word, {word})}
    regions = {"other": OUTSIDE, "unresolved": UNRESOLVED}
    body = {"none": "not-msk", "knee+shoulder": "knee"}.get(row["body_region"], row["body_region"])
    age = {"adult": ADULT, "unknown": None}[row["age"]] if not row["age"].isdigit() else int(row["age"])
    setting = "unknown" if row["setting"] == "conflict" else row["setting"]
    return Facts(
        modality=Modality(row["modality"]),
        body_region=BodyRegion(body),
        known_by=KnownBy(row["known_by"]),
        region=regions.get(row["region"], RegionId(row["region"])),
        setting=Setting(setting),
        fcp_listing=FcpListing(row["fcp_register"] or "none"),
        indications=frozenset(Indication(word) for word in indications),
        oncology=Oncology(row["oncology"]),
        age=age,
        patient_region=RegionId(row["patient_region"]) if row["patient_region"] else None,
        specialist_request=row["specialist_request"] == "y",
    )


def order_of(row: dict[str, str], facts: Facts, number: int, today: date) -> OrderForCard:
    """A draft order with those facts, whose patient has every destination unless the row says none."""

    def find(kind: str) -> Destination | None:
        return None if row["destinations"] == "none" else Destination("nwl", "Brent", kind, f"Invented {kind} service")

    return OrderForCard(
        decision=decide(facts, PATHWAYS.get(facts.region), today),
        facts=facts,
        label="MRI",
        reference=f"ServiceRequest/draft-{number}",
        reasons=(),
        body_sites=(),
        requester=None,
        place=None,
        destination=find,
    )


def test_the_table_has_its_89_rows() -> None:
    """No row is lost on the way into this repository."""
    assert len({row["id"] for row in ROWS}) == 89


def test_a_further_case_is_none_of_the_tables() -> None:
    """So a reader can tell what is specified from what was settled here."""
    assert {row["id"] for row in FURTHER}.isdisjoint(row["id"] for row in ROWS)


@pytest.mark.parametrize("row", [*ROWS, *FURTHER], ids=lambda row: row["id"])
def test_row(row: dict[str, str]) -> None:
    """Outcome, indicator, and what the card may remove and create are the table's."""
    today = date.fromisoformat(row["today"]) if row["today"] else TODAY
    facts = facts_of(row)
    number_of_orders = len(row["body_region"].split("+"))
    orders = [order_of(row, facts, number, today) for number in range(number_of_orders)]
    context = CardContext("p1", "Practitioner/u1", today)

    cards = [card for card, _ in build_cards(orders, SPEAKERS, context)]

    assert [order.decision.outcome.value for order in orders] == [row["outcome"]] * number_of_orders
    if row["indicator"] == "-":
        assert cards == []
        return
    assert [card["indicator"] for card in cards] == [row["indicator"]]
    actions = [action["type"] for suggestion in cards[0].get("suggestions", []) for action in suggestion["actions"]]
    assert actions.count("create") == (1 if row["create"] == "y" else 0)
    assert actions.count("delete") == (number_of_orders if row["delete"] == "y" else 0)
