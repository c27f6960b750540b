import threading
from collections import Counter
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Table, select

from cds_service.cardlog import schema
from cds_service.cardlog.databases import open_engine, transaction
from cds_service.cardlog.store import CardLogStore, Counts
from cds_service.cardlog.tallies import MOST_CODES, Tallies

WRITER = "4b1d0c3e-2f7a-4c55-9c0d-0a1b2c3d4e5f"
SATURDAY = date(2026, 11, 21)
NOVEMBER, DECEMBER, JANUARY, FEBRUARY = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1)
SNOMED = "http://snomed.info/sct"
BLOOD_COUNT = "26604007"


@pytest.fixture
def tallies() -> Tallies:
    """A process's sums, nothing counted yet."""
    return Tallies(WRITER)


def count(tallies: Tallies, hour: int = 9, day: date = SATURDAY, result: str = "out_of_scope", times: int = 1) -> None:
    """Count calls of the demo EHR on order-select."""
    for _ in range(times):
        tallies.count_call(day, hour, "demo-ehr", "order-select", result)


def row(hour: int, calls: int, day: date = SATURDAY, result: str = "out_of_scope") -> tuple[object, ...]:
    """The row of such calls."""
    return (day, hour, "demo-ehr", "order-select", result, WRITER, calls)


def codes(counts: Counts) -> dict[object, object]:
    """How many orders each code had."""
    return {each[3]: each[5] for each in counts.unknown_procedures}


def test_nothing_counted_gives_nothing_to_write(tallies: Tallies) -> None:
    """Also a second time."""
    assert [tallies.take_changed(), tallies.take_changed()] == [Counts([], []), Counts([], [])]


def test_calls_are_summed_by_hour_client_hook_and_result(tallies: Tallies) -> None:
    """One row for each, in the order of the table's columns."""
    count(tallies, times=3)
    count(tallies, result="cards")
    count(tallies, hour=10, times=2)
    tallies.count_call(SATURDAY, 9, "other-ehr", "order-sign", "silent")
    assert Counter(tallies.take_changed().calls) == Counter(
        [
            row(9, 3),
            row(9, 1, result="cards"),
            row(10, 2),
            (SATURDAY, 9, "other-ehr", "order-sign", "silent", WRITER, 1),
        ]
    )


def test_a_row_is_a_sum_since_the_start_and_comes_when_it_changed(tallies: Tallies) -> None:
    """So that writing it twice, or late, changes nothing."""
    count(tallies, times=2)
    count(tallies, result="cards")
    tallies.take_changed()
    count(tallies)
    assert tallies.take_changed() == Counts([row(9, 3)], [])
    assert tallies.take_changed() == Counts([], [])


def test_what_could_not_be_written_comes_again_with_what_came_since(tallies: Tallies) -> None:
    """Nothing is lost while the database is away."""
    count(tallies, times=2)
    count(tallies, result="cards")
    tallies.count_unknown_procedure(SATURDAY, "demo-ehr", SNOMED, BLOOD_COUNT)
    tallies.put_back(tallies.take_changed())
    count(tallies)
    counts = tallies.take_changed()
    assert Counter(counts.calls) == Counter([row(9, 3), row(9, 1, result="cards")])
    assert counts.unknown_procedures == [(NOVEMBER, "demo-ehr", SNOMED, BLOOD_COUNT, WRITER, 1)]


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_two_sums_put_back_the_larger_is_kept(tallies: Tallies, *, newest_first: bool) -> None:
    """Two writers may have had one each, and give them back in any order."""
    count(tallies)
    older = tallies.take_changed()
    count(tallies)
    newer = tallies.take_changed()
    for counts in [newer, older] if newest_first else [older, newer]:
        tallies.put_back(counts)
    assert tallies.take_changed() == Counts([row(9, 2)], [])


def test_an_hour_that_is_over_is_forgotten_once_taken(tallies: Tallies) -> None:
    """The hour before is kept, in which a slow call may have begun."""
    for hour in range(24):
        count(tallies, hour=hour)
        tallies.take_changed()
    assert len(tallies._calls._periods) == 2
    count(tallies, hour=22)
    assert tallies.take_changed() == Counts([row(22, 2)], [])


def test_an_hour_that_could_not_be_written_is_not_forgotten(tallies: Tallies) -> None:
    """However long the database is away."""
    for hour in range(24):
        count(tallies, hour=hour)
        tallies.put_back(tallies.take_changed())
    assert sorted(tallies.take_changed().calls) == [row(hour, 1) for hour in range(24)]


def test_a_clock_that_is_put_back_begins_rows_of_its_own(tallies: Tallies) -> None:
    """Else a forgotten hour would be written over by a smaller sum; readers add both up."""
    count(tallies, hour=9, times=5)
    count(tallies, hour=12)
    tallies.take_changed()
    count(tallies, hour=9)
    tallies.take_changed()
    count(tallies, hour=9)
    (again,) = tallies.take_changed().calls
    assert (again[:5], again[6]) == (row(9, 5)[:5], 2)
    assert again[5] != WRITER
    assert str(UUID(str(again[5]))) == again[5]


def test_a_clock_that_was_ahead_does_not_break_up_the_hours_after(tallies: Tallies) -> None:
    """Once put right, an hour stays one row."""
    count(tallies, day=date(2036, 1, 1))
    tallies.take_changed()
    for sums in (1, 2, 3):
        count(tallies)
        assert tallies.take_changed() == Counts([row(9, sums)], [])


def test_unknown_procedures_are_summed_by_month_client_and_code(tallies: Tallies) -> None:
    """Never by day: the list is for mapping codes."""
    for day in (SATURDAY, SATURDAY + timedelta(days=1), DECEMBER):
        tallies.count_unknown_procedure(day, "demo-ehr", SNOMED, BLOOD_COUNT)
    tallies.count_unknown_procedure(SATURDAY, "other-ehr", "https://ehr.example/catalogue", "XR-7")
    assert Counter(tallies.take_changed().unknown_procedures) == Counter(
        [
            (NOVEMBER, "demo-ehr", SNOMED, BLOOD_COUNT, WRITER, 2),
            (DECEMBER, "demo-ehr", SNOMED, BLOOD_COUNT, WRITER, 1),
            (NOVEMBER, "other-ehr", "https://ehr.example/catalogue", "XR-7", WRITER, 1),
        ]
    )


@pytest.mark.parametrize(
    ("system", "code"),
    [(SNOMED, "Ann Example rang"), (SNOMED, "9990000018"), ("Ann", "K1"), ("", ""), (SNOMED, "1980-01-31")],
)
def test_what_does_not_look_like_a_code_is_not_counted(tallies: Tallies, system: str, code: str) -> None:
    """It may be about a person, so not even a stand-in is kept."""
    tallies.count_unknown_procedure(SATURDAY, "demo-ehr", system, code)
    assert tallies.take_changed() == Counts([], [])


def test_codes_beyond_a_thousand_a_month_are_counted_together(tallies: Tallies) -> None:
    """A client that numbers its orders fills neither memory nor the table; codes known before go on."""
    for number in range(MOST_CODES + 5):
        tallies.count_unknown_procedure(SATURDAY, "demo-ehr", SNOMED, f"X{number}")
    tallies.count_unknown_procedure(SATURDAY, "demo-ehr", SNOMED, "X0")
    counts = tallies.take_changed()
    assert len(counts.unknown_procedures) == MOST_CODES + 1
    assert (codes(counts)["X0"], codes(counts)["other"]) == (2, 5)
    assert (NOVEMBER, "demo-ehr", "other", "other", WRITER, 5) in counts.unknown_procedures


def test_each_month_has_its_own_thousand_and_old_months_are_forgotten(tallies: Tallies) -> None:
    """The month before is kept: a call may have begun in it."""
    for month in (NOVEMBER, DECEMBER, JANUARY, FEBRUARY):
        for number in range(MOST_CODES):
            tallies.count_unknown_procedure(month, "demo-ehr", SNOMED, f"X{number}")
        assert "other" not in codes(tallies.take_changed())
    assert len(tallies._procedures._periods) == 2


def test_a_caller_or_hook_without_its_form_is_replaced(tallies: Tallies) -> None:
    """As in an event."""
    tallies.count_call(SATURDAY, 9, "Ann Example", "order select", "out of scope")
    tallies.count_unknown_procedure(SATURDAY, "Ann Example", SNOMED, BLOOD_COUNT)
    counts = tallies.take_changed()
    assert counts.calls == [(SATURDAY, 9, "malformed", "malformed", "malformed", WRITER, 1)]
    assert counts.unknown_procedures == [(NOVEMBER, "malformed", SNOMED, BLOOD_COUNT, WRITER, 1)]


STEPS = st.lists(st.one_of(st.integers(0, 30), st.sampled_from(["write", "fail"])), max_size=60)


@given(STEPS)
def test_the_last_rows_of_all_keys_add_up_to_what_was_counted(steps: list[int | str]) -> None:
    """Whenever the clock jumps and whenever a write fails, no row ever falls, and none is missing at the end."""
    tallies = Tallies(WRITER)
    written: dict[tuple[object, ...], int] = {}
    expected: Counter[object] = Counter()
    for step in [*steps, "write"]:
        if isinstance(step, int):
            tallies.count_call(SATURDAY + timedelta(days=step // 24), step % 24, "demo-ehr", "order-sign", "cards")
            expected[step // 24, step % 24] += 1
            continue
        counts = tallies.take_changed()
        if step == "fail":
            tallies.put_back(counts)
            continue
        for *key, calls in counts.calls:
            assert isinstance(calls, int)
            assert calls > written.get(tuple(key), 0)
            written[tuple(key)] = calls
    found: Counter[object] = Counter()
    for (day, hour, *_), calls in written.items():
        assert isinstance(day, date)
        found[(day - SATURDAY).days, hour] += calls
    assert found == expected


def test_no_call_is_missed_while_the_writer_takes(tallies: Tallies) -> None:
    """The event loop counts in one thread, the writer takes in another."""
    done = threading.Event()
    taken: list[Counts] = []

    def take() -> None:
        while not done.is_set():
            taken.append(tallies.take_changed())

    writer = threading.Thread(target=take)
    writer.start()
    count(tallies, times=5_000)
    done.set()
    writer.join()
    taken.append(tallies.take_changed())
    rows = [each for counts in taken for each in counts.calls]
    assert rows[-1] == row(9, 5_000)
    assert len(set(rows)) == len(rows)


def test_rows_are_as_the_store_writes_them(tallies: Tallies, database_url: str) -> None:
    """Into both tables of both databases, again and again."""
    engine = open_engine(database_url)
    schema.metadata.create_all(engine)
    store = CardLogStore(database_url, WRITER)
    for _ in range(2):
        count(tallies, times=2)
        tallies.count_unknown_procedure(SATURDAY, "demo-ehr", SNOMED, BLOOD_COUNT)
        counts = tallies.take_changed()
        store.write_counts(counts)
        store.write_counts(counts)

    def stored(table: Table) -> list[tuple[object, ...]]:
        with transaction(engine) as connection:
            return [tuple(each) for each in connection.execute(select(table))]

    assert stored(schema.call_count) == [row(9, 4)]
    assert stored(schema.unknown_procedure_count) == [(NOVEMBER, "demo-ehr", SNOMED, BLOOD_COUNT, WRITER, 2)]
    store.dispose()
    engine.dispose()
