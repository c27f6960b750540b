"""What the first page says of firings and of orders."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import figure_log
import pytest
from event_builders import MONDAY, a_key, an_id, carded, feedback, overridden
from reader import Reader
from test_site import plain

from cds_service.cardlog.episodes import work_out_window
from cds_service.cardlog.retention import purge
from cds_service.pathway.outcomes import Outcome


@pytest.fixture(scope="module")
def three_firings_each(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Twenty orders that fire twice while they are chosen and once at signing, and ten outside the pathway."""
    records = [
        carded(3 * order + hook, order_key=a_key(f"o{order}"), hook="order-sign" if hook == 2 else "order-select")
        for order in range(20)
        for hook in range(3)
    ]
    records += [
        carded(60 + number, order_key=a_key(f"p{number}"), outcome=Outcome.OUT_OF_POLICY) for number in range(10)
    ]
    path = tmp_path_factory.mktemp("log") / "log.sqlite3"
    engine = figure_log.of_records(path, records)
    work_out_window(engine, MONDAY, 7, MONDAY + timedelta(days=28))
    yield Reader(figure_log.sources_of(engine))
    engine.dispose()


def test_the_first_number_says_that_it_counts_firings_and_how_many_orders_they_are_of(
    three_firings_each: Reader,
) -> None:
    """Three firings of an order are not three orders."""
    said = plain(three_firings_each.text("/monitor"))

    assert "60 firings of MSK scan orders came to the pathway, of 20 distinct orders." in said


def test_at_one_hook_firings_are_not_taken_for_orders(three_firings_each: Reader) -> None:
    """An order fires several times while it is chosen; an episode is made of both hooks."""
    said = plain(three_firings_each.text("/monitor?hook=order-select"))

    assert "40 firings of MSK scan orders came to the pathway." in said
    assert "Distinct orders" not in said


def test_without_episodes_no_number_of_orders_is_told(three_firings_each: Reader) -> None:
    """It is not known, which is not 0; the other region has no order with an id."""
    assert "Distinct orders" not in plain(three_firings_each.text("/monitor?region=nel"))


def test_redirects_accepted_of_those_answered_leave_out_an_ehr_without_feedback(tmp_path: Path) -> None:
    """Thirty accepted and ten overridden at one EHR; sixty at another that never says anything."""
    records = [
        *(carded(number) for number in range(40)),
        *(carded(number, client_id="silent-ehr") for number in range(40, 100)),
        *([feedback(an_id(number))] for number in range(30)),
        *([overridden(an_id(number))] for number in range(30, 40)),
    ]
    engine = figure_log.of_records(tmp_path / "log.sqlite3", records)
    said = " ".join(plain(Reader(figure_log.sources_of(engine)).text("/monitor")).split())
    engine.dispose()

    assert "Redirects accepted 30%" in said
    assert "Redirects accepted, of those answered 75%" in said


def test_windows_that_outlive_their_weeks_are_not_counted(tmp_path: Path) -> None:
    """Purging keeps the windows of an old month's last four weeks, and not its weeks."""
    old = MONDAY - timedelta(days=21)
    records = [
        carded(number, order_key=a_key(f"o{number}"), occurred_on=MONDAY if number < 10 else old)
        for number in range(30)
    ]
    engine = figure_log.of_records(tmp_path / "log.sqlite3", records)
    for start in (old, MONDAY):
        work_out_window(engine, start, 7, MONDAY + timedelta(days=28))
    list(purge(engine, date(2026, 11, 1)))
    said = plain(Reader(figure_log.sources_of(engine)).text("/monitor"))
    engine.dispose()

    assert "10 firings of MSK scan orders came to the pathway, of 10 distinct orders." in said
