"""What the page First contact says of the register's exemptions."""

from collections.abc import Iterator

import figure_log
import pytest
from event_builders import MONDAY, carded
from reader import Reader
from test_site import plain

from cds_service.cardlog.events import CallRecord
from cds_service.monitor.definitions import DEFINITIONS
from cds_service.pathway.outcomes import Outcome

_PAGE = "/monitor/first-contact-practitioners"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Forty exempt firings in one footprint, which has a register, and forty redirects in the other."""
    records = []
    for number in range(40):
        [evaluated] = carded(number, outcome=Outcome.FCP_EXEMPT, region="nel").evaluations
        records += [CallRecord([evaluated]), carded(100 + number)]
    engine = figure_log.of_records(tmp_path_factory.mktemp("log") / "log.sqlite3", records)
    yield Reader(figure_log.sources_of(engine))
    engine.dispose()


def test_firings_are_not_told_as_orders(reader: Reader) -> None:
    """An order fires while it is chosen and when it is signed: whoever reports orders would report twice as many."""
    said = plain(reader.text(_PAGE))

    assert "40 firings of MRI orders were exempt by the register." in said
    assert "Exempt firings" in said
    assert reader.text(f"{_PAGE}/exempt-firings.csv").splitlines()[0] == "week,exempt_firings"


def test_what_is_divided_by_firings_counts_firings() -> None:
    """A share of firings that speaks of orders would be read as a share of orders."""
    shares = [each for each in DEFINITIONS.values() if each.denominator in {"Firings", "All firings"}]

    assert len(shares) > 4
    assert {each.name for each in shares if not each.numerator.startswith("Firings of orders")} == set()


def test_a_pathway_without_such_an_exemption_is_said_to_have_none(reader: Reader) -> None:
    """Its orders were evaluated: that none was exempt says nothing of the log."""
    said = plain(reader.text(f"{_PAGE}?region=nwl"))

    assert (
        said.count("No pathway that was chosen exempts First Contact Practitioners") >= 2
    )  # first of all, and as heading
    assert "Nothing was logged" not in said
    assert "No order was evaluated" not in said


def test_none_of_what_there_could_be_is_said_to_be_none(reader: Reader) -> None:
    """The footprint has the exemption, and the log has its weeks."""
    said = plain(reader.text(f"{_PAGE}?region=nel&modality=uss&from={MONDAY}&to=2026-11-29"))

    assert "Firings exempt by the register: none in these weeks" in said
    assert "The log has these weeks, and in them none for this choice." in said
    assert "Nothing was logged" not in said


def test_no_card_of_a_kind_is_not_told_as_no_order(reader: Reader) -> None:
    """Forty orders were evaluated, and none was redirected."""
    said = plain(reader.text("/monitor?region=nel"))

    assert "Redirects accepted: no card was shown" in said
    assert "No order was evaluated" not in said
