import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from event_builders import (
    ANOTHER_WRITER_ID,
    MONDAY,
    WRITER_ID,
    Log,
    a_key,
    a_log,
    an_id,
    carded,
    feedback,
    overridden,
    some_calls,
)
from sqlalchemy import event

from cds_service.cardlog import reports
from cds_service.cardlog.episodes import work_out_window
from cds_service.cardlog.report_rows import (
    CallCount,
    ClientCount,
    EpisodeState,
    Filters,
    OverrideReason,
    PlaceOverrideReason,
    PracticeCount,
    RedFlagCard,
    UnknownProcedure,
    WeeklyCount,
)
from cds_service.cardlog.rollups import roll_up_due, week_of
from cds_service.cardlog.store import CardLogStore, Counts
from cds_service.pathway.facts import Modality, Oncology
from cds_service.pathway.outcomes import RED_FLAGS, Indicator, Outcome

NEXT_MONDAY = MONDAY + timedelta(days=7)
REASONS = "http://example.org/reasons"
ALL = Filters()
MANY_REGIONS = tuple(f"footprint-{number}" for number in range(11))


@pytest.fixture
def log(database_url: str) -> Iterator[Log]:
    """An empty card log."""
    with a_log(database_url) as opened:
        yield opened


@pytest.mark.parametrize(
    ("filters", "first"),
    [
        (ALL, MONDAY),
        (Filters(regions=("nel",)), NEXT_MONDAY + timedelta(days=3)),
        (Filters(client_id="late-ehr"), MONDAY + timedelta(days=6)),
        (Filters(outcomes=("lump",), modality="uss", hook="order-sign", first=NEXT_MONDAY), MONDAY),
        (Filters(regions=("other",)), None),
    ],
)
def test_the_first_day_of_regions_and_a_client(log: Log, filters: Filters, first: date | None) -> None:
    """A day, not the Monday of its week; other filters do not bear on when a log began."""
    log.write(
        carded(1),
        carded(2, occurred_on=MONDAY + timedelta(days=6), client_id="late-ehr"),
        carded(3, occurred_on=NEXT_MONDAY + timedelta(days=3), region="nel", outcome=Outcome.LUMP),
    )
    roll_up_due(log.engine)

    assert reports.first_day(log.engine, filters) == first


@pytest.mark.parametrize(
    ("filters", "days"),
    [
        (ALL, [MONDAY, NEXT_MONDAY]),
        (Filters(first=MONDAY, last=MONDAY + timedelta(days=6)), [MONDAY]),
        (Filters(first=NEXT_MONDAY, last=NEXT_MONDAY), [NEXT_MONDAY]),
        (Filters(first=NEXT_MONDAY + timedelta(days=1)), []),
    ],
)
def test_the_days_that_are_due_are_told_once_each_and_no_more_when_they_are_worked_out(
    log: Log, filters: Filters, days: list[date]
) -> None:
    """Both days given are included; several processes may have marked one day."""
    log.write(carded(1))
    log.write(carded(2), carded(3, occurred_on=NEXT_MONDAY), writer_id=ANOTHER_WRITER_ID)

    assert reports.days_due(log.engine, filters) == days

    roll_up_due(log.engine)
    assert reports.days_due(log.engine, filters) == []


@pytest.fixture
def two_weeks(log: Log) -> Log:
    """Three cards in two regions and two weeks: accepted, overridden and not answered."""
    log.write(
        carded(1, oncology=Oncology.UNKNOWN, order_key=a_key("a"), hook="order-select"),
        carded(2, occurred_on=MONDAY + timedelta(days=6), indication_present=False),
        carded(3, occurred_on=NEXT_MONDAY, region="nel", outcome=Outcome.LUMP, modality=Modality.USS),
    )
    log.write([feedback(an_id(1)), overridden(an_id(2), had_comment=True, received_on=NEXT_MONDAY)])
    roll_up_due(log.engine)
    work_out_window(log.engine, MONDAY, 7, NEXT_MONDAY)
    return log


def test_weekly_counts(two_weeks: Log) -> None:
    """A row for each week, region and outcome, in that order; clients, hooks and modalities are added up."""
    counts = reports.weekly_counts(two_weeks.engine, ALL)

    assert counts == [
        WeeklyCount(MONDAY, "nwl", "redirect", 2, 2, 1, 1, 1, 1, 0, 1, 0),
        WeeklyCount(NEXT_MONDAY, "nel", "lump", 1, 1, 0, 0, 0, 0, 0, 0, 0),
    ]
    assert [each.not_answered for each in counts] == [0, 1]
    assert {type(value) for value in counts[0][3:]} == {int}


@pytest.mark.parametrize(
    ("filters", "cards"),
    [
        (Filters(first=MONDAY, last=NEXT_MONDAY), [1, 2, 3]),
        (Filters(first=MONDAY + timedelta(days=1)), [3]),
        (Filters(last=NEXT_MONDAY - timedelta(days=1)), [1, 2]),
        (Filters(regions=("nel",)), [3]),
        (Filters(regions=("nel", "nwl")), [1, 2, 3]),
        (Filters(outcomes=("redirect",)), [1, 2]),
        (Filters(modality="uss"), [3]),
        (Filters(hook="order-select"), [1]),
        (Filters(client_id="demo-ehr", hook="order-sign"), [2, 3]),
        (Filters(client_id="no-such-ehr"), []),
    ],
)
def test_filters_narrow_the_figures(two_weeks: Log, filters: Filters, cards: list[int]) -> None:
    """Each filter leaves out what it does not name."""
    assert sum(each.cards for each in reports.weekly_counts(two_weeks.engine, filters)) == len(cards)


def test_client_counts(two_weeks: Log) -> None:
    """Weeks, hooks and modalities are added up."""
    counts = reports.client_counts(two_weeks.engine, ALL)

    assert counts == [
        ClientCount("nel", "demo-ehr", "lump", 1, 1, 0, 0, 0, 0, 0, 0, 0),
        ClientCount("nwl", "demo-ehr", "redirect", 2, 2, 1, 1, 1, 1, 0, 1, 0),
    ]
    assert [each.not_answered for each in counts] == [1, 0]


def test_each_choice_of_filters_agrees_with_a_plain_count(log: Log) -> None:
    """Whichever table answers, it says what the events say."""
    calls = some_calls(5, 80)
    log.write(*calls)
    roll_up_due(log.engine)
    events = [event for call in calls for event in call.evaluations]
    choices = product(
        (None, "demo-ehr"), (None, "order-sign"), (None, "mri"), ((), ("redirect", "ces")), ((), ("nel",))
    )

    for client_id, hook, modality, outcomes, regions in choices:
        chosen = [
            event
            for event in events
            if client_id in {None, event.client_id}
            and hook in {None, event.hook}
            and modality in {None, event.modality}
            and (not outcomes or event.outcome in outcomes)
            and (not regions or event.region in regions)
        ]
        filters = Filters(regions=regions, outcomes=outcomes, modality=modality, hook=hook)
        weeks = reports.weekly_counts(log.engine, replace(filters, client_id=client_id))
        assert {each[:3]: each.evaluations for each in weeks} == Counter(
            (week_of(event.occurred_on), event.region, event.outcome) for event in chosen
        )
        if client_id is None:
            practices = reports.practice_counts(log.engine, filters)
            assert {(each.organisation, each.region, each.outcome): each.evaluations for each in practices} == Counter(
                (event.organisation or "", event.region, event.outcome) for event in chosen
            )


def test_override_reasons_by_choice(log: Log) -> None:
    """One EHR or all, one modality or all: each card once."""
    log.write(carded(1), carded(2, client_id="another-ehr"), carded(3, modality=Modality.USS))
    log.write([overridden(an_id(number)) for number in (1, 2, 3)])
    roll_up_due(log.engine)

    def overrides(**chosen: str) -> int:
        return sum(each.overrides for each in reports.override_reasons(log.engine, Filters(**chosen)))

    assert (overrides(), overrides(client_id="demo-ehr"), overrides(modality="mri")) == (3, 2, 2)
    assert overrides(client_id="demo-ehr", modality="mri") == 1


def test_practice_counts(two_weeks: Log) -> None:
    """Weeks and hooks are added up."""
    counts = reports.practice_counts(two_weeks.engine, Filters(regions=("nwl",)))

    assert counts == [PracticeCount("nwl", "Brent", "Larkfield PCN", "Z99001", "redirect", 2, 2, 1, 1, 1)]
    assert counts[0].not_answered == 0


@pytest.mark.parametrize(
    ("chosen", "others"),
    [
        ({"modality": "mri"}, [{"modality": "uss"}, {"modality": "other"}]),
        ({"hook": "order-sign"}, [{"hook": "order-select"}]),
        (
            {"hook": "order-sign", "modality": "uss"},
            [{"hook": "order-select"}, {"modality": "mri"}, {"modality": "other"}],
        ),
    ],
)
def test_practice_counts_around_a_choice(log: Log, chosen: dict[str, str], others: list[dict[str, str]]) -> None:
    """The answers to it and to those of another hook or another modality, as if each were asked by itself."""
    each = product(("order-select", "order-sign"), (Modality.MRI, Modality.USS), ("Z99001", "Z99002"), range(2))
    log.write(
        *(
            carded(number, hook=hook, modality=modality, organisation=organisation)
            for number, (hook, modality, organisation, _) in enumerate(each)
        ),
        carded(100, region="nel", hook="order-sign", modality=Modality.MRI),
    )
    roll_up_due(log.engine)
    question = Filters(regions=("nwl",), **chosen)

    answers = reports.practice_counts_around(log.engine, question)

    asked_alone = {
        each: reports.practice_counts(log.engine, each)
        for each in (question, *(replace(question, **other) for other in others))
    }
    assert answers == {each: answer for each, answer in asked_alone.items() if answer}
    assert len(answers[question]) == 2


def test_clients_with_orders(log: Log) -> None:
    """Of the days and regions that are asked for, each once however often it ordered; what is left out is no order."""
    log.write(
        carded(1, client_id="ehr-one"),
        carded(2, client_id="ehr-one", region="nel"),
        carded(3, client_id="ehr-two", region="nel"),
        carded(4, client_id="ehr-three", region="other", occurred_on=NEXT_MONDAY),
    )
    roll_up_due(log.engine)

    def clients(*, outside: tuple[str, ...] = (), **chosen: Any) -> set[str]:  # noqa: ANN401 - fields of Filters
        return reports.clients_with_orders(log.engine, Filters(**chosen), outside=outside)

    assert clients() == {"ehr-one", "ehr-two", "ehr-three"}
    assert clients(last=MONDAY) == {"ehr-one", "ehr-two"}
    assert clients(regions=("nwl",)) == {"ehr-one"}
    assert clients(outside=("nwl", "other")) == {"ehr-one", "ehr-two"}
    assert clients(first=NEXT_MONDAY, outside=("other",)) == set()


def test_override_reasons(two_weeks: Log) -> None:
    """By reason, and by practice where that is asked for."""
    reason = (REASONS, "patient-ineligible", 1, 1)

    assert reports.override_reasons(two_weeks.engine, ALL) == [OverrideReason("nwl", "redirect", *reason)]
    assert reports.override_reasons_by_practice(two_weeks.engine, ALL) == [
        PlaceOverrideReason("nwl", "Brent", "Larkfield PCN", "Z99001", "redirect", *reason)
    ]


@pytest.mark.parametrize("filters", [ALL, Filters(client_id="demo-ehr")])
def test_episode_states(two_weeks: Log, filters: Filters) -> None:
    """Of all EHRs, of one that has some, and of one that has none."""
    expected = [EpisodeState(MONDAY, "nwl", "redirect", "mri", "not_signed", "", 1, 1)]

    assert reports.episode_states(two_weeks.engine, filters) == expected
    assert reports.episode_states(two_weeks.engine, Filters(client_id="another-ehr")) == []


def test_call_counts_add_up_processes_hours_and_days(log: Log) -> None:
    """Each process keeps its own sums by hour."""
    key = ("demo-ehr", "order-sign", "cards")
    for writer in (WRITER_ID, ANOTHER_WRITER_ID):
        log.count_calls(*((MONDAY, hour, *key, writer, 2) for hour in (9, 10)), writer_id=writer)
    log.count_calls((MONDAY + timedelta(days=1), 9, *key, WRITER_ID, 5))
    roll_up_due(log.engine)

    assert reports.call_counts(log.engine, Filters(hook="order-sign")) == [CallCount(*key, 13)]
    assert reports.call_counts(log.engine, Filters(last=MONDAY)) == [CallCount(*key, 8)]
    assert reports.call_counts(log.engine, Filters(first=NEXT_MONDAY)) == []


def test_unknown_procedures_come_by_frequency(log: Log) -> None:
    """Months are added up, and that in which the period begins counts whole."""
    store = CardLogStore(log.url, WRITER_ID)
    november, december = date(2026, 11, 1), date(2026, 12, 1)
    rows = [
        (november, "demo-ehr", REASONS, "RARE", WRITER_ID, 1),
        (november, "demo-ehr", REASONS, "COMMON", WRITER_ID, 2),
        (december, "demo-ehr", REASONS, "COMMON", WRITER_ID, 3),
    ]
    store.write_counts(Counts([], rows))
    store.dispose()

    assert reports.unknown_procedures(log.engine, Filters(first=MONDAY)) == [
        UnknownProcedure("demo-ehr", REASONS, "COMMON", 5),
        UnknownProcedure("demo-ehr", REASONS, "RARE", 1),
    ]


def test_red_flag_cards_come_one_by_one(log: Log) -> None:
    """Each card with its week and what was said of it last, the latest week first; others are left out."""
    log.write(
        carded(1, outcome=Outcome.CES, indicator=Indicator.CRITICAL, orders=2),
        carded(2, outcome=Outcome.CES, occurred_on=MONDAY + timedelta(days=6), borough=None),
        carded(3, outcome=Outcome.ONCOLOGY, occurred_on=NEXT_MONDAY, region="nel"),
        carded(4),
        *(carded(number, outcome=Outcome.SUSPECTED_SARCOMA) for number in (5, 6, 7)),
    )
    log.write(
        [
            overridden(an_id(1)),
            feedback(an_id(2), received_on=NEXT_MONDAY),
            overridden(an_id(2), received_on=NEXT_MONDAY, outcome_timestamp=datetime(2026, 11, 3, tzinfo=UTC)),
            feedback(an_id(5)),
        ]
    )
    roll_up_due(log.engine)

    expected = [
        RedFlagCard(NEXT_MONDAY, "nel", "Brent", "demo-ehr", "oncology", ""),
        RedFlagCard(MONDAY, "nwl", "", "demo-ehr", "ces", "overridden"),
        RedFlagCard(MONDAY, "nwl", "Brent", "demo-ehr", "ces", "overridden"),
        *[RedFlagCard(MONDAY, "nwl", "Brent", "demo-ehr", "suspected_sarcoma", "")] * 2,
        RedFlagCard(MONDAY, "nwl", "Brent", "demo-ehr", "suspected_sarcoma", "accepted"),
    ]
    assert reports.red_flag_cards(log.engine, ALL) == expected
    for most in range(len(expected)):
        cut = reports.red_flag_cards(log.engine, ALL, most)
        assert (len(cut), cut[:1]) == (most, expected[: min(most, 1)])
        assert not Counter(cut) - Counter(expected)
        assert cut == sorted(cut, key=expected.index)


@pytest.mark.parametrize(
    ("filters", "outcomes"),
    [
        (ALL, RED_FLAGS),
        (Filters(outcomes=("ces", "oncology")), (Outcome.CES, Outcome.ONCOLOGY)),
        (Filters(outcomes=("redirect",)), ()),
        (Filters(regions=("nel", "other")), (Outcome.CES,)),
        (Filters(regions=("nwl", "nel", "nwl")), RED_FLAGS),
        (Filters(regions=("nel", *MANY_REGIONS)), (Outcome.CES,)),
        (Filters(modality="uss"), (Outcome.MSCC,)),
        (Filters(hook="order-select"), (Outcome.SUSPECTED_CANCER,)),
        (Filters(client_id="late-ehr"), (Outcome.SUSPECTED_SARCOMA,)),
        (Filters(first=NEXT_MONDAY), (Outcome.ONCOLOGY,)),
        (Filters(first=MONDAY, last=NEXT_MONDAY - timedelta(days=1)), RED_FLAGS[:4]),
    ],
)
def test_red_flag_cards_can_be_chosen(log: Log, filters: Filters, outcomes: tuple[Outcome, ...]) -> None:
    """By each of the filters of the monitor."""
    log.write(
        carded(1, outcome=Outcome.CES, region="nel"),
        carded(2, outcome=Outcome.MSCC, modality=Modality.USS),
        carded(3, outcome=Outcome.SUSPECTED_CANCER, hook="order-select"),
        carded(4, outcome=Outcome.SUSPECTED_SARCOMA, client_id="late-ehr"),
        carded(5, outcome=Outcome.ONCOLOGY, occurred_on=NEXT_MONDAY),
    )
    roll_up_due(log.engine)

    assert {card.outcome for card in reports.red_flag_cards(log.engine, filters)} == set(outcomes)


@pytest.mark.parametrize(
    ("regions", "reads", "index"),
    [
        ((), 1, "sqlite_autoindex_weekly_red_flag_count_1"),
        (("nel",), 1, "ix_weekly_red_flag_count_region_week"),
        (("nel", "nwl"), 2, "ix_weekly_red_flag_count_region_week"),
        (MANY_REGIONS, 1, "sqlite_autoindex_weekly_red_flag_count_1"),
    ],
    ids=["country", "region", "two-regions", "many-regions"],
)
def test_the_latest_red_flag_cards_are_found_by_an_index(
    log: Log, regions: tuple[str, ...], reads: int, index: str
) -> None:
    """A year of the country has hundreds of thousands of rows, of which a page shows the latest thousand."""
    asked: list[tuple[str, Any]] = []
    event.listen(log.engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    reports.red_flag_cards(log.engine, Filters(first=MONDAY, last=NEXT_MONDAY, regions=regions))
    statement, values = asked[-1]

    explain, found = "EXPLAIN QUERY PLAN", f"USING INDEX {index}"
    if log.engine.dialect.name == "postgresql":
        explain, found = "EXPLAIN", "Index Scan Backward using"
    with log.engine.connect() as connection:
        if explain == "EXPLAIN":  # PostgreSQL would read an empty table whole
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        plan = [str(line[-1]) for line in connection.exec_driver_sql(f"{explain} {statement}", values)]

    read = [line for line in plan if re.search(r"(Scan|SCAN|SEARCH).* weekly_red_flag_count", line)]
    assert len(read) == reads
    assert all(found in line for line in read), plan


@pytest.mark.parametrize(
    ("report", "filters", "name"),
    [
        (reports.practice_counts, Filters(client_id="demo-ehr"), "client_id"),
        (reports.practice_counts_around, Filters(hook="order-sign", client_id="demo-ehr"), "client_id"),
        (reports.override_reasons, Filters(hook="order-sign"), "hook"),
        (reports.episode_states, Filters(hook="order-sign"), "hook"),
        (reports.call_counts, Filters(regions=("nwl",)), "region"),
        (reports.unknown_procedures, Filters(outcomes=("ces",)), "outcome"),
    ],
)
def test_a_filter_that_cannot_be_applied_is_refused(
    log: Log, report: Callable[..., object], filters: Filters, name: str
) -> None:
    """A figure that silently ignored a filter would be taken for another one."""
    with pytest.raises(ValueError, match=f"^filters: {name}: .* leave it out$"):
        report(log.engine, filters)
