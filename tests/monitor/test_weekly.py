"""What the heading and the sentence of a weekly control chart say."""

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import figure_log
import pytest
from event_builders import Log, a_log, carded
from reader import Reader
from shown_alone import shown_alone
from spc_builders import charted, monday, weekly
from sqlalchemy import Engine

from cds_service.cardlog.rollups import roll_up_due
from cds_service.monitor.chart_rules import Rules
from cds_service.monitor.disclosure import disclose_percentage
from cds_service.monitor.shown_spc import ShownSeries, shown_percentages
from cds_service.monitor.spc import Annotation, Direction, Xmr, xmr
from cds_service.monitor.special_causes import Cause
from cds_service.monitor.weekly import finding, limits_in_words
from cds_service.pathway.outcomes import Outcome

_SVG = "{http://www.w3.org/2000/svg}"
THURSDAY = date(2026, 11, 5)


@pytest.fixture(scope="module")
def log_of_a_month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Ten redirects a day from a Thursday on, a lump on each day of the last week, and later a second EHR."""
    days = [THURSDAY + timedelta(days=number) for number in range(25)]
    redirects = [(day, {}) for day in days for _ in range(10)]
    lumps = [(day, {"outcome": Outcome.LUMP}) for day in days[-7:] for _ in range(2)]
    others = [(day, {"client_id": "late-ehr"}) for day in days[12:] for _ in range(3)]
    with a_log(f"sqlite:///{tmp_path_factory.mktemp('log') / 'log.sqlite3'}") as log:
        _write(log, [*redirects, *lumps, *others])
        yield log.engine


@pytest.fixture(scope="module")
def begun_on_a_thursday(log_of_a_month: Engine) -> Reader:
    """Somebody who reads it."""
    return Reader(figure_log.sources_of(log_of_a_month))


def _write(log: Log, orders: Sequence[tuple[date, dict[str, object]]]) -> None:
    log.write(*(carded(number, occurred_on=day, **changes) for number, (day, changes) in enumerate(orders)))
    roll_up_due(log.engine)


def _orders(reader: Reader, query: str = "") -> dict[str, str]:
    rows = csv.DictReader(StringIO(reader.text(f"/monitor/overview/weekly-firings.csv{query}")))
    return {row["week"]: row["firings"] for row in rows}


def test_the_week_in_which_the_log_began_is_no_point(begun_on_a_thursday: Reader) -> None:
    """Its three days would be a low first one."""
    assert _orders(begun_on_a_thursday) == {"2026-11-09": "70", "2026-11-16": "90", "2026-11-23": "105"}


def test_the_total_beside_a_chart_is_that_of_the_page(begun_on_a_thursday: Reader) -> None:
    """It holds the week in which the log began: one without it would tell that week."""
    said = begun_on_a_thursday.text("/monitor")

    assert "305 firings of MSK scan orders came" in said
    assert "305 firings over the period." in said


def test_weeks_before_the_first_order_of_some_outcome_are_weeks_of_nought(begun_on_a_thursday: Reader) -> None:
    """The log was there, and there was none."""
    assert _orders(begun_on_a_thursday, "?outcome=lump") == {"2026-11-09": "0", "2026-11-16": "0", "2026-11-23": "15"}


def test_the_weeks_of_an_ehr_begin_with_its_own_first_whole_week(begun_on_a_thursday: Reader) -> None:
    """Before it called, nothing was counted of it."""
    assert _orders(begun_on_a_thursday, "?client=late-ehr") == {"2026-11-23": "20"}


@pytest.mark.parametrize("page", ["", "/data-quality"])
def test_half_a_week_is_said_to_be_that(tmp_path: Path, page: str) -> None:
    """It is not nothing: the numbers above are of it."""
    with a_log(f"sqlite:///{tmp_path / 'log.sqlite3'}") as log:
        _write(log, [(THURSDAY, {})] * 30)
        on_monday = figure_log.sources_of(log.engine, datetime(2026, 11, 9, 9, tzinfo=UTC))
        said = Reader(on_monday).text(f"/monitor{page}")

    assert "No whole week was logged for this choice" in said
    assert "Nothing was logged for this choice" not in said


def _shares_of_100(accepted: Sequence[int], weeks_without_a_card: int = 0) -> tuple[Xmr, ShownSeries]:
    whole, nothing = shown_alone(100), shown_alone(0)
    shown = [disclose_percentage(shown_alone(part), whole) for part in accepted]
    shown += [disclose_percentage(nothing, nothing)] * weeks_without_a_card
    result = xmr(weekly([*accepted, *[None] * weeks_without_a_card]))
    return result, shown_percentages(result, shown, Direction.HIGHER)


def test_a_series_that_ends_in_masked_weeks_says_so_and_not_what_was_special_before() -> None:
    """An EHR that stopped calling is the finding, not the week above the limit before it."""
    result, shown = charted([100, 102, 98] * 6 + [150] + [3, 2] * 3)

    assert result.points[18].cause is Cause.OUTSIDE
    assert finding("Orders", result, shown) == "Orders: the latest 6 weeks cannot be shown"
    assert finding("Orders", *charted([100, 102] * 7 + [3])) == "Orders: the latest week cannot be shown"


def test_a_share_of_no_cards_is_the_finding_where_there_were_cards_before() -> None:
    """The EHR that showed them calls no more."""
    assert finding("Accepted", *_shares_of_100([30, 31] * 10, 4)) == "Accepted: the latest 4 weeks cannot be shown"


def test_a_masked_week_that_others_follow_is_not_the_finding() -> None:
    """What is now is told, and that it speaks of the weeks that are shown."""
    told = finding("Orders", *charted([110, 80] * 7 + [3] + [110, 80] * 7))

    assert told == "Orders: no week that is shown differs by more than chance"


def test_of_special_weeks_beside_each_other_the_strongest_rule_speaks() -> None:
    """A week below the limit is not told as close to it because a weaker signal follows."""
    result, shown = charted([100, 110, 104, 96] * 5 + [40, 70, 108, 99])

    assert [point.cause for point in result.points[20:22]] == [Cause.OUTSIDE, Cause.TWO_OF_THREE]
    assert finding("Orders", result, shown) == (
        "Orders: below the lower limit in the week of 25 May 2026; no special week since"
    )


def test_a_week_outside_the_limits_stands_in_its_run() -> None:
    """Both are told."""
    assert finding("Orders", *charted([100, 90] * 6 + [104] * 8 + [180] + [104] * 2)) == (
        "Orders: above the upper limit in the week of 25 May 2026, and above the mean from the week of 30 March 2026 "
        "to that of 8 June 2026"
    )


def test_a_run_ends_at_a_week_that_cannot_be_shown() -> None:
    """Were it told to go on there, it would be told on which side of the mean the masked weeks lie."""
    told = finding("Orders", *charted([40, 30] * 8 + [20] * 8 + [3, 2, 5] + [19] * 8))

    assert told == "Orders: below the mean from the week of 13 July 2026 to that of 31 August 2026"


def test_where_masked_weeks_and_weeks_of_nought_are_most_that_is_the_finding() -> None:
    """Neither a limit nor a mark is told there."""
    result, shown = charted([0] * 8 + [7] + [0] * 7 + [40, 0, 0, 0])

    assert finding("Orders", result, shown) == "Orders: control limits cannot be shown"
    assert limits_in_words(result, shown) == (
        "No control limits are shown: beside masked weeks they would tell what is masked."
    )


def test_a_baseline_too_short_for_limits_is_the_finding() -> None:
    """A jump with a new version is not "no week differs by more than chance"."""
    begun = Annotation(monday(16), "Pathway nwl 1.3")
    result, shown = charted([100, 102] * 8 + [300, 302] * 5, begun)

    assert finding("Orders", result, shown) == "Orders: too few weeks since Pathway nwl 1.3 for control limits"
    assert limits_in_words(result, shown) == (
        "No control limits since Pathway nwl 1.3: they need 13 weeks with figures, and there are 10."
    )


def test_the_sentence_says_why_there_are_no_limits() -> None:
    """Twenty-one weeks are enough; that one of them is masked is the reason."""
    result, shown = _shares_of_100([30, 31] * 10 + [3])

    assert limits_in_words(result, shown, "%") == (
        "No control limits are shown: beside masked weeks they would tell what is masked."
    )
    assert limits_in_words(*_shares_of_100([30, 31] * 10), "%").startswith("Mean 30.5%, expected by chance from ")


_CHOSEN = Rules(trend_points=6, screen_moving_ranges=True, lock_after=16)


@pytest.mark.parametrize("rules", [Rules(), _CHOSEN])
@pytest.mark.parametrize(
    ("page", "panels"),
    [
        ("/monitor", ("overview/weekly-firings", "overview/redirects-accepted")),
        ("/monitor/overrides", ("overrides/over-time",)),
    ],
)
def test_every_control_chart_says_which_rules_hold(
    log_of_a_month: Engine, rules: Rules, page: str, panels: Sequence[str]
) -> None:
    """Once below it on the page, in its picture and what is read aloud of that, and at the head of the JSON."""
    reader = Reader(figure_log.sources_of(log_of_a_month, rules=rules))

    assert reader.text(page).count(rules.in_words) == len(panels)
    for panel in panels:
        picture = ET.fromstring(reader.text(f"/monitor/{panel}.svg"))  # noqa: S314 - the service has just drawn it
        drawn = " ".join("".join(text.itertext()) for text in picture.iter(f"{_SVG}text"))
        assert rules.in_words in drawn
        assert (picture.findtext(f"{_SVG}desc") or "").endswith(rules.in_words)
        assert json.loads(reader.text(f"/monitor/{panel}.json"))["note"].endswith(rules.in_words)


def test_about_these_figures_says_what_was_chosen_and_what_it_means(log_of_a_month: Engine) -> None:
    """A lock only where there is one."""
    usual, chosen = (Reader(figure_log.sources_of(log_of_a_month, rules=rules)) for rules in (Rules(), _CHOSEN))
    said_of_usual, said_of_chosen = usual.text("/monitor/about"), chosen.text("/monitor/about")

    assert Rules().in_words in said_of_usual
    assert "one of 7 in a row that rise, or fall" in said_of_usual
    assert "choose a first day" not in said_of_usual
    assert _CHOSEN.in_words in said_of_chosen
    assert "one of 6 in a row that rise, or fall" in said_of_chosen
    assert "The first 16 weeks, of a share those with a card, are those of the period that is shown" in said_of_chosen


def test_no_page_looks_for_a_run_across_a_masked_week(tmp_path: Path) -> None:
    """Six weeks below the mean, and between them one of 7: told as a run, they would tell that it is below, too."""
    per_week = [*[12, 16] * 7, 9, 9, 9, 7, 9, 9, 9, 12, 16, 12, 16, 12]
    first = figure_log.TODAY - timedelta(weeks=len(per_week))
    days = [first + timedelta(weeks=week) for week, orders in enumerate(per_week) for _ in range(orders)]
    with a_log(f"sqlite:///{tmp_path / 'log.sqlite3'}") as log:
        _write(log, [(day, {}) for day in days])
        said = Reader(figure_log.sources_of(log.engine)).text("/monitor")

    assert "Firings in scope: no week that is shown differs by more than chance" in said
