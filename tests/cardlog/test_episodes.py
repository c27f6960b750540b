from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from event_builders import MONDAY, Log, a_key, a_log, an_id, evaluation, feedback, overridden

from cds_service.cardlog import episodes, figures, schema
from cds_service.cardlog.bands import BodyRegionGroup
from cds_service.cardlog.episodes import drop_keys_before, needs_work, windows_with_keys, work_out_window
from cds_service.cardlog.events import CallRecord, CardEvent, FeedbackEvent, SuggestionEvent
from cds_service.cardlog.rollup_schema import episode_count, episode_state_count
from cds_service.pathway.facts import Modality
from cds_service.pathway.outcomes import Indicator, Outcome

SUNDAY = MONDAY + timedelta(days=6)
SATURDAY = MONDAY + timedelta(days=5)
AFTER = MONDAY + timedelta(days=7)
LATER = datetime(2026, 11, 2, 11, tzinfo=UTC)


@pytest.fixture
def log(database_url: str) -> Iterator[Log]:
    """An empty card log."""
    with a_log(database_url) as opened:
        yield opened


def firing(order: str | None = "order", session: str | None = None, *, card: bool = True, **changes: Any) -> CallRecord:  # noqa: ANN401 - any field of the event
    """An order-select of a knee MRI with a card, changed as the keywords say."""
    values: dict[str, Any] = {
        "hook": "order-select",
        "card_id": an_id(1) if card else None,
        "indicator": Indicator.WARNING if card else None,
        "order_key": None if order is None else a_key(order),
        "session_key": None if session is None else a_key(session),
    }
    return CallRecord([evaluation(**{**values, **changes})])


def signing(order: str | None = "order", session: str | None = None, **changes: Any) -> CallRecord:  # noqa: ANN401 - any field of the event
    """The same, signed, without a card of its own."""
    return firing(order, session, card=False, **{"hook": "order-sign", **changes})


def offering(card: int, *orders: str, deletes: int = 1, session: str | None = None, **changes: Any) -> CallRecord:  # noqa: ANN401 - any field of the event
    """An order-sign of knee MRIs that share a card; its suggestion takes scans away, and is numbered from 100."""
    values: dict[str, Any] = {"hook": "order-sign", "card_id": an_id(card), "indicator": Indicator.WARNING}
    events = [
        evaluation(
            **{
                **values,
                "order_key": a_key(order),
                "session_key": None if session is None else a_key(session),
                **changes,
            }
        )
        for order in orders
    ]
    lead, suggestion = events[0], SuggestionEvent(an_id(card + 100), 1, deletes)
    return CallRecord(
        events,
        [
            CardEvent(
                an_id(card),
                lead.occurred_on,
                lead.event_id,
                1,
                lead.outcome,
                Indicator.WARNING,
                len(orders),
                (suggestion,),
            )
        ],
    )


def taken(card: int, **changes: Any) -> FeedbackEvent:  # noqa: ANN401 - any field of the event
    """The suggestion of a card is accepted, changed as the keywords say."""
    return feedback(an_id(card), **{"suggestion_id": an_id(card + 100), **changes})


def states(log: Log, today: date = AFTER) -> list[tuple[str, str, str, int, int]]:
    """Work out the first window: state, what it was changed to, episodes and firings."""
    assert work_out_window(log.engine, MONDAY, 7, today)
    sums: dict[tuple[str, str, str], Counter[str]] = {}
    for row in log.rows(episode_count):
        assert row["window_start"] == MONDAY
        key = (row["state"], row["changed_to_modality"], row["changed_to_body_region_group"])
        sums.setdefault(key, Counter()).update(episodes=row["episodes"], firings=row["firings"])
    return sorted((*key, row["episodes"], row["firings"]) for key, row in sums.items())


def test_an_order_taken_away_at_signing_was_not_signed(log: Log) -> None:
    """The card that order-sign showed was accepted, with the suggestion that removes the scan."""
    log.write(offering(1, "a"), offering(2, "b"))
    log.write([taken(1)])

    assert states(log) == [("not_signed", "", "", 1, 1), ("signed_anyway", "", "", 1, 1)]


@pytest.mark.parametrize(
    ("deletes", "entries"),
    [
        (0, [taken(1)]),
        (1, [feedback(an_id(1), suggestion_accepted=False)]),
        (1, [taken(1, suggestion_id=an_id(7))]),
        (1, [overridden(an_id(1))]),
        (1, [taken(1), overridden(an_id(1), outcome_timestamp=LATER)]),
    ],
    ids=["keeps-the-scan", "no-suggestion", "another-suggestion", "overridden", "overridden-later"],
)
def test_an_answer_that_leaves_the_scan_leaves_it_signed(log: Log, deletes: int, entries: list[FeedbackEvent]) -> None:
    """Only the card's last feedback counts, and only a suggestion of its own that takes the scan away."""
    log.write(offering(1, "a", deletes=deletes))
    log.write(entries)

    assert states(log) == [("signed_anyway", "", "", 1, 1)]


def test_orders_that_share_a_card_are_taken_away_together_or_not_at_all(log: Log) -> None:
    """A suggestion that removes some of them does not say which."""
    log.write(offering(1, "a", "b", deletes=2), offering(2, "c", "d", deletes=1))
    log.write([taken(1), taken(2)])

    assert states(log) == [("not_signed", "", "", 2, 2), ("signed_anyway", "", "", 2, 2)]


def test_an_order_that_is_sent_to_signing_again_was_signed(log: Log) -> None:
    """The clinician took the scan back; the last signing was not undone."""
    log.write(offering(1, "a"), offering(2, "a"))
    log.write([taken(1)])

    assert states(log) == [("signed_anyway", "", "", 1, 2)]


def test_another_scan_after_one_that_was_taken_away_is_a_change(log: Log) -> None:
    """It was not signed, so it may have been changed."""
    log.write(offering(1, "a", session="s", occurred_hour=9))
    log.write([taken(1)])
    log.write(signing("b", "s", occurred_hour=10, modality=Modality.USS))

    assert states(log) == [("changed", "uss", "lower-limb", 1, 1), ("without_card", "", "", 1, 1)]


def test_an_order_without_a_card(log: Log) -> None:
    """No firing had a card: nothing could be done about it, signed or not."""
    log.write(firing("a", card=False), signing("a"), firing("b", card=False))

    assert states(log) == [("without_card", "", "", 2, 3)]


def test_an_order_signed_in_spite_of_its_card(log: Log) -> None:
    """The same scan was signed, be it days later; the signing may itself have the card."""
    log.write(firing("a"), firing("a"), signing("a", occurred_on=SUNDAY))
    log.write(firing("b", hook="order-sign"))

    assert states(log, today=MONDAY) == [("signed_anyway", "", "", 2, 4)]


@pytest.mark.parametrize(
    ("other", "changed_to"),
    [
        ({"modality": Modality.USS}, ("uss", "lower-limb")),
        ({"body_region_group": BodyRegionGroup.SPINE}, ("mri", "spine")),
    ],
)
def test_an_order_changed_in_itself(log: Log, other: dict[str, Any], changed_to: tuple[str, str]) -> None:
    """The draft went on as another scan."""
    log.write(firing(), signing(**other))

    assert states(log) == [("changed", *changed_to, 1, 2)]


def test_an_order_changed_for_another_of_its_session(log: Log) -> None:
    """The draft was given up, and another scan chosen in the same session."""
    log.write(firing("a", "s"), signing("b", "s", modality=Modality.USS))

    assert states(log) == [("changed", "uss", "lower-limb", 1, 1), ("without_card", "", "", 1, 1)]


def test_any_session_of_an_order_counts(log: Log) -> None:
    """An order that fired in two sessions may be changed in the second; a firing without order key shows it, too."""
    log.write(firing("a", "s1"), firing("a", "s2", occurred_on=SATURDAY))
    log.write(signing(None, "s2", occurred_on=SATURDAY, modality=Modality.USS))

    assert states(log) == [("changed", "uss", "lower-limb", 1, 2)]


def test_another_session_or_the_same_scan_is_no_change(log: Log) -> None:
    """A scan of another session says nothing of this order, nor does a second order of the same scan."""
    log.write(firing("a", "s1"), signing("b", "s2", modality=Modality.USS), signing("c", "s1"))

    assert states(log) == [("not_signed", "", "", 1, 1), ("without_card", "", "", 2, 2)]


def test_what_was_chosen_an_hour_before_the_card_is_no_change(log: Log) -> None:
    """A card cannot have brought about what came before it."""
    log.write(firing("a", "s", occurred_hour=9), signing("b", "s", occurred_hour=8, modality=Modality.USS))

    assert states(log) == [("not_signed", "", "", 1, 1), ("without_card", "", "", 1, 1)]


def made(number: int, process: str = "aaaa") -> str:
    """An id as the service makes them: the hour, the process, a running number."""
    return f"0007a1b2-{process}-8000-8{number:03x}-000000000000"


def test_within_an_hour_ids_tell_before_from_after(log: Log) -> None:
    """Of two scans in turn the second was chosen in place of the first, and the first in place of none."""
    log.write(
        firing("a", "s", event_id=made(2), card_id=made(1)),
        firing("b", "s", event_id=made(4), card_id=made(3), modality=Modality.USS),
    )

    assert states(log) == [("changed", "uss", "lower-limb", 1, 1), ("not_signed", "", "", 1, 1)]


@pytest.mark.parametrize("processes", [("aaaa", "bbbb"), ("bbbb", "aaaa")])
def test_of_two_processes_within_an_hour_signing_comes_after_choosing(log: Log, processes: tuple[str, str]) -> None:
    """Their running numbers say nothing of each other."""
    log.write(
        firing("a", "s", event_id=made(2, processes[0])),
        signing("b", "s", event_id=made(4, processes[1]), modality=Modality.USS),
    )

    assert states(log) == [("changed", "uss", "lower-limb", 1, 1), ("without_card", "", "", 1, 1)]


def test_of_two_processes_within_an_hour_a_pair_counts_one_way(log: Log) -> None:
    """Which came first cannot be told; that both came in place of the other is not so."""
    log.write(
        firing("a", "s", event_id=made(2, "bbbb")), firing("b", "s", event_id=made(4, "aaaa"), modality=Modality.USS)
    )

    assert [state for state, *_ in states(log)] == ["changed", "not_signed"]


@pytest.mark.parametrize(
    "other",
    [
        {"card_id": made(1)},
        {"card_id": made(2)},
        {"card_id": None, "indicator": None},
    ],
    ids=["one-card", "a-card-of-its-own", "no-card"],
)
@pytest.mark.parametrize("first", ["a", "b"])
def test_scans_of_one_call_are_no_change(log: Log, first: str, other: dict[str, Any]) -> None:
    """They were wanted together, be it under one card, under two, or one of them without."""
    shared = {"card_count": 2, "latency_ms": 9}
    ids = (made(3), made(4)) if first == "a" else (made(4), made(3))
    log.write(
        firing("a", "s", event_id=ids[0], card_id=made(1), **shared),
        firing("b", "s", event_id=ids[1], modality=Modality.USS, **{**shared, **other}),
    )

    assert "changed" not in [state for state, *_ in states(log)]


def test_a_scan_that_was_wanted_beside_it_is_no_change_when_it_is_signed(log: Log) -> None:
    """The other order of the call, or one of before, goes on: it was not chosen in place of this one."""
    log.write(
        firing("a", "s", event_id=made(3), card_id=made(1), occurred_hour=9),
        firing("b", "s", event_id=made(4), card_id=made(1), occurred_hour=9, modality=Modality.USS),
        firing("c", "s", card=False, occurred_hour=8, body_region_group=BodyRegionGroup.SPINE),
        signing("b", "s", occurred_hour=10, modality=Modality.USS),
        signing("c", "s", occurred_hour=10, body_region_group=BodyRegionGroup.SPINE),
    )

    assert states(log) == [
        ("not_signed", "", "", 1, 1),
        ("signed_anyway", "", "", 1, 2),
        ("without_card", "", "", 1, 2),
    ]


def test_an_order_that_became_the_scan_later_is_a_change(log: Log) -> None:
    """It was there before, as another scan."""
    log.write(
        firing("b", "s", card=False, occurred_hour=8, body_region_group=BodyRegionGroup.SPINE),
        firing("a", "s", occurred_hour=9),
        signing("b", "s", occurred_hour=10, modality=Modality.USS),
    )

    assert states(log) == [("changed", "uss", "lower-limb", 1, 1), ("without_card", "", "", 1, 2)]


def test_two_orders_that_were_both_signed_are_no_change(log: Log) -> None:
    """Only an order that was not signed can have been changed."""
    log.write(firing("a", "s"), signing("a", "s"))
    log.write(firing("b", "s", modality=Modality.USS), signing("b", "s", modality=Modality.USS))

    assert states(log) == [("signed_anyway", "", "", 2, 4)]


def test_a_signed_scan_is_what_an_order_was_changed_to(log: Log) -> None:
    """Of several other scans the last counts, a signed one before those that were only tried."""
    log.write(
        firing("a", "s", occurred_hour=9),
        firing("b", "s", card=False, occurred_hour=10, body_region_group=BodyRegionGroup.SPINE),
        signing("c", "s", occurred_hour=11, modality=Modality.USS),
        firing("d", "s", card=False, occurred_hour=12, body_region_group=BodyRegionGroup.UPPER_LIMB),
    )
    log.write(
        firing("e", "t", occurred_hour=9),
        firing("f", "t", card=False, occurred_hour=10, body_region_group=BodyRegionGroup.SPINE),
        firing("g", "t", card=False, occurred_hour=11, body_region_group=BodyRegionGroup.PELVIS_HIP),
    )

    assert [state for state in states(log) if state[0] == "changed"] == [
        ("changed", "mri", "pelvis-hip", 1, 1),
        ("changed", "uss", "lower-limb", 1, 1),
    ]


@pytest.mark.parametrize(
    ("begun", "today", "state"),
    [
        (MONDAY, SUNDAY, "open"),
        (SUNDAY, SUNDAY, "open"),
        (MONDAY, AFTER, "not_signed"),
        (SATURDAY, AFTER, "not_signed"),
        (SUNDAY, AFTER, "cut"),
    ],
)
def test_an_order_that_was_not_signed(log: Log, begun: date, today: date, state: str) -> None:
    """It is open to the window's last day; begun on that day, its end is unknown."""
    log.write(firing(occurred_on=begun, occurred_hour=23))

    assert states(log, today) == [(state, "", "", 1, 1)]


def test_the_day_on_which_an_order_was_begun_is_that_of_its_first_firing(log: Log) -> None:
    """Also when the card came on the window's last day."""
    log.write(firing(card=False, occurred_on=SATURDAY), firing(occurred_on=SUNDAY))

    assert states(log) == [("not_signed", "", "", 1, 2)]


def test_an_episode_is_read_off_its_first_firing_with_a_card(log: Log) -> None:
    """Outcome, place and scan are those of the card that came first, or of the first firing without one."""
    log.write(
        firing("a", card=False, occurred_hour=8, outcome=Outcome.NOT_APPLICABLE, borough="Harrow"),
        firing("a", occurred_hour=9, outcome=Outcome.LUMP, borough=None, organisation=None, pcn=None),
        firing("a", occurred_hour=10, outcome=Outcome.REDIRECT),
        firing("b", card=False, occurred_hour=8, outcome=Outcome.NOT_EFFECTIVE),
        firing("b", card=False, occurred_hour=9, outcome=Outcome.OUT_OF_POLICY),
    )
    states(log)

    assert [(row["outcome"], row["borough"], row["organisation"]) for row in log.rows(episode_count)] == [
        ("lump", "", ""),
        ("not_effective", "Brent", "Z99001"),
    ]


def test_within_an_hour_select_comes_before_sign(log: Log) -> None:
    """The firing that came first tells what the order was at first."""
    log.write(firing(hook="order-sign", modality=Modality.USS), firing(modality=Modality.MRI))

    assert states(log) == [("changed", "uss", "lower-limb", 1, 2)]


def test_windows_know_nothing_of_each_other(log: Log) -> None:
    """An order that goes on after the window's end is another there, and stays out of this one's figures."""
    log.write(firing(occurred_on=MONDAY), signing(occurred_on=AFTER), signing(occurred_on=MONDAY - timedelta(days=1)))

    assert states(log) == [("not_signed", "", "", 1, 1)]


def test_firings_without_an_order_key_are_in_no_episode(log: Log) -> None:
    """They count as evaluations, and elsewhere only."""
    log.write(firing(None, "s"), firing(None, None))

    assert states(log) == []


def test_working_out_again_changes_nothing_but_what_is_new(log: Log) -> None:
    """Figures are replaced, not added to."""
    log.write(firing())
    assert states(log, MONDAY) == [("open", "", "", 1, 1)]
    assert states(log, MONDAY) == [("open", "", "", 1, 1)]

    log.write(signing())

    assert states(log, MONDAY) == [("signed_anyway", "", "", 1, 2)]


def test_the_small_table_sums_up_the_large(log: Log) -> None:
    """Practices of one region are one there."""
    log.write(firing("a"), firing("b", organisation="Z99002"), signing("b", modality=Modality.USS))
    states(log)

    rows = log.rows(episode_state_count)
    assert [
        (row["region"], row["modality"], row["outcome"], row["state"], row["changed_to_modality"]) for row in rows
    ] == [("nwl", "mri", "redirect", "changed", "uss"), ("nwl", "mri", "redirect", "not_signed", "")]
    assert [(row["episodes"], row["firings"]) for row in rows] == [(1, 2), (1, 1)]


def test_a_window_whose_keys_are_dropped_stays(log: Log) -> None:
    """Some or all keys gone: the figures are left as they were."""
    log.write(firing("a"), firing("b", occurred_on=SUNDAY))
    before = states(log)

    for first_kept in (SATURDAY, AFTER):
        assert drop_keys_before(log.engine, first_kept) == 1
        assert not work_out_window(log.engine, MONDAY, 7, AFTER)

    assert log.rows(schema.episode_key) == []
    assert before == [("cut", "", "", 1, 1), ("not_signed", "", "", 1, 1)]
    assert sorted(row["state"] for row in log.rows(episode_count)) == ["cut", "not_signed"]


def test_keys_are_dropped_a_few_at_a_time(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """All before the day go, and none of the day."""
    log.write(*(firing(str(number)) for number in range(7)), firing("kept", occurred_on=SUNDAY))
    monkeypatch.setattr(episodes, "_ROWS_AT_A_TIME", 3)

    assert drop_keys_before(log.engine, SUNDAY) == 7

    assert [row["occurred_on"] for row in log.rows(schema.episode_key)] == [SUNDAY]


def test_one_process_works_at_a_time(log: Log) -> None:
    """While another works out figures, nothing is changed."""
    log.write(firing())

    with figures.turn(log.engine):
        assert not work_out_window(log.engine, MONDAY, 7, AFTER)

    assert log.rows(episode_count) == []


def test_a_window_needs_work_when_something_is_new(log: Log) -> None:
    """New firings, or a window that has ended; nothing else, and not for keys that were dropped."""
    assert not needs_work(log.engine, MONDAY, 7, MONDAY)
    log.write(firing())
    assert needs_work(log.engine, MONDAY, 7, MONDAY)

    work_out_window(log.engine, MONDAY, 7, SUNDAY)
    assert not needs_work(log.engine, MONDAY, 7, SUNDAY)
    assert needs_work(log.engine, MONDAY, 7, AFTER)

    work_out_window(log.engine, MONDAY, 7, AFTER)
    assert not needs_work(log.engine, MONDAY, 7, AFTER)
    drop_keys_before(log.engine, AFTER)
    assert not needs_work(log.engine, MONDAY, 7, AFTER)


def test_windows_with_keys_go_back_to_the_oldest_key(log: Log) -> None:
    """This window is always among them."""
    assert windows_with_keys(log.engine, 7, SUNDAY) == [MONDAY]

    log.write(firing(occurred_on=MONDAY - timedelta(days=8)))

    assert windows_with_keys(log.engine, 7, SUNDAY) == [
        MONDAY,
        MONDAY - timedelta(days=7),
        MONDAY - timedelta(days=14),
    ]
