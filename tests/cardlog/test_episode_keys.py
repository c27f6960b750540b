import logging
import queue
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest
from episode_builders import (
    MONDAY,
    NEXT_MONDAY,
    NOT_RUN_OUT_S,
    SATURDAY,
    SUNDAY,
    Keys,
    firing,
    in_processes,
    names,
    opened,
    refused,
)
from hypothesis import example, given
from hypothesis import strategies as st

from cds_service.cardlog import episode_secrets
from cds_service.cardlog.episode_keys import EpisodeKeys, window_start


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "var" / "episode-secrets"


@pytest.fixture(scope="module")
def episodes(tmp_path_factory: pytest.TempPathFactory) -> EpisodeKeys:
    """Keys of one window."""
    return opened(tmp_path_factory.mktemp("shared") / "secrets")


def test_a_key_has_sixteen_bytes(episodes: EpisodeKeys) -> None:
    """Two of them, as wide as their columns."""
    assert [len(key or b"") for key in firing(episodes)] == [16, 16]


def test_the_same_firing_has_the_same_keys_in_another_process(folder: Path) -> None:
    """All workers and replicas share the folder, and so the secret."""
    here = firing(opened(folder))
    elsewhere = firing(opened(folder))
    assert elsewhere == here
    assert in_processes(folder, 1) == [here[0]]


@pytest.mark.parametrize(
    ("patient", "draft", "encounter"),
    [
        ("Patient/p1", "draft-1", "Encounter/e1"),
        ("https://ehr.example/fhir/Patient/p1", "https://ehr.example/fhir/ServiceRequest/draft-1", "e1"),
        (" p1 ", "ServiceRequest/draft-1/_history/3", "https://ehr.example/fhir/Encounter/e1"),
    ],
)
def test_an_id_is_the_same_in_any_reference(episodes: EpisodeKeys, patient: str, draft: str, encounter: str) -> None:
    """Bare, relative, absolute, or of one version."""
    expected = firing(episodes, encounter="e1")
    assert firing(episodes, patient=patient, draft=draft, encounter=encounter) == expected


@pytest.mark.parametrize("draft", [None, "", "  ", "ServiceRequest/"])
def test_without_a_reference_to_the_draft_there_is_no_order_key(episodes: EpisodeKeys, draft: str | None) -> None:
    """The session is known all the same."""
    assert firing(episodes, draft=draft) == (None, firing(episodes)[1])


@pytest.mark.parametrize("patient", ["", " ", "Patient/"])
def test_without_a_patient_there_are_no_keys(episodes: EpisodeKeys, patient: str) -> None:
    """Else all such orders of a client would be one."""
    assert firing(episodes, patient=patient) == (None, None)


@pytest.mark.parametrize("changed", [{"client": "other-ehr"}, {"patient": "p2"}, {"patient": "P1"}])
def test_another_client_or_patient_has_other_keys(episodes: EpisodeKeys, changed: dict[str, str]) -> None:
    """Both of them; ids are told apart by case (FHIR R4, `id`)."""
    assert set(firing(episodes, **changed)).isdisjoint(firing(episodes))  # type: ignore[arg-type]  # texts alone


def test_another_draft_has_another_order_key_in_the_same_session(episodes: EpisodeKeys) -> None:
    """Two orders of one consultation."""
    one, other = firing(episodes), firing(episodes, draft="ServiceRequest/draft-2")
    assert (one[0] == other[0], one[1] == other[1]) == (False, True)


def test_another_encounter_is_another_session_of_the_same_order(episodes: EpisodeKeys) -> None:
    """A draft may be left overnight and signed in the morning."""
    one, other = firing(episodes, encounter="e1"), firing(episodes, encounter="e2")
    assert (one[0] == other[0], one[1] == other[1]) == (True, False)


@pytest.mark.parametrize(
    ("day", "hour", "together"),
    [
        (SATURDAY, 7, True),
        (SATURDAY, 18, True),
        (SATURDAY, 6, False),
        (SATURDAY, 19, False),
        (SUNDAY, 9, False),
    ],
)
def test_without_an_encounter_a_session_is_a_day_from_seven_to_seven(
    episodes: EpisodeKeys, day: date, hour: int, *, together: bool
) -> None:
    """On London's clock."""
    assert (firing(episodes, day=day, hour=hour)[1] == firing(episodes)[1]) is together


def test_a_night_belongs_to_the_day_on_which_it_began(episodes: EpisodeKeys) -> None:
    """From seven in the evening over midnight to seven in the morning."""
    late = firing(episodes, day=SATURDAY, hour=19)
    assert firing(episodes, day=SUNDAY, hour=6) == late
    assert firing(episodes, day=SUNDAY, hour=19)[1] != late[1]
    assert firing(episodes, day=SATURDAY, hour=6)[1] != late[1]


def test_an_encounter_is_never_taken_for_half_a_day(episodes: EpisodeKeys) -> None:
    """Whatever its id is like."""
    named_so = {firing(episodes, encounter=name)[1] for name in ("2026-11-21", "day 2026-11-21", "day")}
    assert firing(episodes)[1] not in named_so


IDS = st.text(st.characters(exclude_characters="/"), min_size=1).filter(lambda text: text.strip() == text)
TRIPLES = st.tuples(IDS, IDS, IDS)


@given(TRIPLES, TRIPLES)
@example(("ab", "c", "d"), ("a", "bc", "d"))
@example(("a", "1:b", "c"), ("a1:", "b", "c"))
@example(("a", "b", "c1:d"), ("a", "bc", "1:d"))
@example(("\ud800", "b", "c"), ("?", "b", "c"))
def test_no_two_firings_run_into_one(
    episodes: EpisodeKeys, one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    """Fields carry their lengths: what is moved from one to the next gives another key."""
    same = one == other
    assert (firing(episodes, *one)[0] == firing(episodes, *other)[0]) is same
    assert (
        firing(episodes, *one[:2], encounter=one[2])[1] == firing(episodes, *other[:2], encounter=other[2])[1]
    ) is same


@given(TRIPLES)
def test_an_order_key_is_never_a_session_key(episodes: EpisodeKeys, ids: tuple[str, str, str]) -> None:
    """They cannot be joined to each other, though draft and encounter have one id."""
    order_key, session_key = firing(episodes, *ids, encounter=ids[2])
    assert order_key != session_key


@pytest.mark.parametrize(
    ("day", "window_days", "first"),
    [
        (MONDAY, 7, MONDAY),
        (SUNDAY, 7, MONDAY),
        (NEXT_MONDAY, 7, NEXT_MONDAY),
        (date(1970, 1, 5), 7, date(1970, 1, 5)),
        (date(1970, 1, 4), 7, date(1969, 12, 29)),
        (SUNDAY, 1, SUNDAY),
        (date(1970, 1, 18), 14, date(1970, 1, 5)),
        (date(1970, 1, 19), 14, date(1970, 1, 19)),
    ],
)
def test_windows_follow_each_other_from_a_monday(day: date, window_days: int, first: date) -> None:
    """The first began on 5 January 1970."""
    assert window_start(day, window_days) == first


@given(st.dates(date(1971, 1, 1), date(2999, 1, 1)), st.integers(1, 60))
def test_every_day_is_in_one_window(day: date, window_days: int) -> None:
    """Its own, which ends where the next begins."""
    first = window_start(day, window_days)
    assert first <= day < first + timedelta(days=window_days)
    assert window_start(first + timedelta(days=window_days), window_days) == first + timedelta(days=window_days)


def test_a_new_window_has_unrelated_keys_and_the_old_secret_is_gone(folder: Path) -> None:
    """Of the same firing, by the same process."""
    episodes = opened(folder, MONDAY)
    before = firing(episodes, encounter="e1", day=SUNDAY)
    after = firing(episodes, encounter="e1", day=NEXT_MONDAY)
    assert set(after).isdisjoint(before)
    assert None not in after
    assert names(folder) == ["2026-11-23.key"]


def test_a_secret_is_dropped_though_nobody_orders(folder: Path) -> None:
    """The service turns to the day by itself."""
    episodes = opened(folder, MONDAY)
    episodes.turn_to(SUNDAY)
    assert names(folder) == ["2026-11-16.key"]
    episodes.turn_to(NEXT_MONDAY)
    assert names(folder) == ["2026-11-23.key"]


def test_a_firing_that_comes_after_its_window_has_no_keys(folder: Path) -> None:
    """A call from before midnight does not bring the dropped secret back."""
    episodes = opened(folder, NEXT_MONDAY)
    assert firing(episodes, day=SUNDAY, hour=23) == (None, None)
    assert None not in firing(episodes, day=NEXT_MONDAY)
    assert names(folder) == ["2026-11-23.key"]


def test_a_clock_that_is_put_right_goes_back_to_its_window(folder: Path) -> None:
    """It may have been a year ahead; keys must not stay away for a year."""
    episodes = opened(folder, date(2027, 11, 22))
    right = firing(episodes)
    assert None not in right
    assert firing(opened(folder)) == right


@pytest.mark.parametrize("window_days", [0, -7])
def test_a_window_has_at_least_a_day(folder: Path, window_days: int) -> None:
    """The message says what is usual."""
    with pytest.raises(ValueError, match=f"window_days: {window_days} is not a length; give at least 1 day, usually 7"):
        opened(folder, window_days=window_days)


def no_secret(fault: str) -> str:
    """What the log says of a fault."""
    told = "Order episodes have no secret, so firings are not tied together meanwhile"
    return f"{told} (CDS_SERVICE_EPISODE_SECRETS: {fault})"


def test_a_folder_that_fails_later_costs_keys_and_nothing_else(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Told once, tried again after a minute, and told when it is over."""
    clock = [1000.0]
    episodes = EpisodeKeys(folder, today=SATURDAY, patience_s=NOT_RUN_OUT_S, now=lambda: clock[0])
    folder.chmod(0o755)
    with caplog.at_level(logging.INFO):
        assert firing(episodes, day=NEXT_MONDAY) == (None, None)
        clock[0] += 61
        assert firing(episodes, day=NEXT_MONDAY) == (None, None)
        folder.chmod(0o700)
        clock[0] += 59
        assert firing(episodes, day=NEXT_MONDAY) == (None, None)
        clock[0] += 1
        assert None not in firing(episodes, day=NEXT_MONDAY)
    assert [record.getMessage() for record in caplog.records] == [
        no_secret(f"{folder}: others may look into this folder; run chmod 700 on it"),
        "Order episodes have a secret again",
    ]


def hang(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Have the folder hang from now on, until the event is set."""
    answers = threading.Event()
    read = episode_secrets._read_secret

    def wait_and_read(path: Path) -> bytes:
        assert answers.wait(NOT_RUN_OUT_S)
        return read(path)

    monkeypatch.setattr(episode_secrets, "_read_secret", wait_and_read)
    return answers


def waiting_threads() -> list[threading.Thread]:
    """The threads that wait for a folder."""
    return [thread for thread in threading.enumerate() if thread.name == "episode-secret"]


def test_a_folder_that_hangs_holds_up_no_call(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One thread waits for it, however many calls come; when it answers, the keys are back at once."""
    episodes = EpisodeKeys(folder, today=SATURDAY, patience_s=0)
    answers = hang(monkeypatch)
    assert [firing(episodes, day=NEXT_MONDAY) for _ in range(3)] == [(None, None)] * 3
    (waiting,) = waiting_threads()
    answers.set()
    waiting.join()
    assert firing(episodes, day=NEXT_MONDAY) == firing(opened(folder, NEXT_MONDAY), day=NEXT_MONDAY)
    assert [record.getMessage() for record in caplog.records] == [
        no_secret("the folder does not answer"),
        "Order episodes have a secret again",
    ]


def test_calls_of_several_threads_turn_to_a_window_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One opens it, the others take what it found."""
    episodes = opened(folder)
    opening = threading.Event()
    answers = hang(monkeypatch)
    read = episode_secrets._read_secret
    times: list[Path] = []

    def count(path: Path) -> bytes:
        times.append(path)
        opening.set()
        return read(path)

    monkeypatch.setattr(episode_secrets, "_read_secret", count)
    found: queue.SimpleQueue[Keys] = queue.SimpleQueue()
    threads = [
        threading.Thread(target=lambda: found.put(firing(episodes, day=NEXT_MONDAY))),
        threading.Thread(target=episodes.turn_to, args=(NEXT_MONDAY,)),
        threading.Thread(target=lambda: found.put(firing(episodes, day=NEXT_MONDAY))),
    ]
    for thread in threads:
        thread.start()
    assert opening.wait(NOT_RUN_OUT_S)
    answers.set()
    for thread in threads:
        thread.join()
    assert (len(times), found.get_nowait()) == (1, found.get_nowait())


def test_nothing_shows_a_secret_or_a_patient(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in words for a developer, nor in the log, nor in a message."""
    with caplog.at_level(logging.DEBUG):
        episodes = opened(folder)
        secret = (folder / "2026-11-16.key").read_bytes()
        firing(episodes, patient="9990000018", draft="ServiceRequest/of-ann")
        (folder / "2026-11-23.key").write_bytes(secret + secret)
        (folder / "2026-11-23.key").chmod(0o600)
        firing(episodes, patient="9990000018", draft="ServiceRequest/of-ann", day=NEXT_MONDAY)
    assert len(caplog.records) == 1
    told = [repr(episodes), str(episodes), caplog.text, refused(folder, NEXT_MONDAY)]
    shown = [repr(secret), repr(secret)[2:-1], secret.hex(), "9990000018", "of-ann"]
    assert [mark for mark in shown for text in told if mark in text] == []
    assert repr(episodes) == "EpisodeKeys(<windows of 7 days>)"
