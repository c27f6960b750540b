import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.security.rates import RateLimiter, parse_rate


class SetClock:
    """The time that the library reads, standing until it is set."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Stand in for `time.time`, which the library offers no other way to set."""
    stands = SetClock(1_000.0)
    monkeypatch.setattr(time, "time", stands)
    return stands


def test_calls_within_the_rate_pass_and_the_next_is_told_when_to_come(clock: SetClock) -> None:
    """Three calls in a minute pass; the fourth is told how long its window lasts; then three pass again."""
    limiter = RateLimiter()
    rate = parse_rate("3/minute")

    assert [limiter.check("ehr", rate) for _ in range(4)] == [None, None, None, 60]
    clock.now += 59.5
    assert limiter.check("ehr", rate) == 1
    clock.now += 0.5
    assert [limiter.check("ehr", rate) for _ in range(4)] == [None, None, None, 60]


def test_to_come_when_told_is_to_come_in_time(clock: SetClock) -> None:
    """A client that waits for as long as it was told gets through."""
    limiter = RateLimiter()
    rate = parse_rate("1 per 7 seconds")
    limiter.check("ehr", rate)
    clock.now += 2.3

    wait = limiter.check("ehr", rate)
    assert wait == 5
    clock.now += wait
    assert limiter.check("ehr", rate) is None


def test_refused_calls_prolong_nothing(clock: SetClock) -> None:
    """A client that keeps knocking is let in when its window ends."""
    limiter = RateLimiter()
    rate = parse_rate("1/second")
    limiter.check("ehr", rate)
    for _ in range(9):
        clock.now += 0.1
        assert limiter.check("ehr", rate) == 1

    clock.now = 1_001.0
    assert limiter.check("ehr", rate) is None


@pytest.mark.usefixtures("clock")
def test_clients_are_counted_apart() -> None:
    """One client's calls leave another's rate alone."""
    limiter = RateLimiter()
    rate = parse_rate("1/minute")

    assert [limiter.check(client, rate) for client in ("ehr", "other", "ehr")] == [None, None, 60]


def test_a_client_without_a_rate_is_not_counted() -> None:
    """It may call as often as it likes, and the library is not even loaded for it."""
    limiter = RateLimiter()
    assert [limiter.check("ehr", None) for _ in range(1_000)] == [None] * 1_000
    code = (
        "import sys; from cds_service.security.rates import RateLimiter;"
        "assert RateLimiter().check('ehr', None) is None; assert 'limits' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own code, in a fresh interpreter


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("rate", "workers", "allowed"), [("600/minute", 4, 150), ("10/second", 4, 3), ("1/hour", 8, 1)]
)
def test_workers_share_a_rate(rate: str, workers: int, allowed: int) -> None:
    """Each worker allows its part, rounded up, so that none allows nothing."""
    limiter = RateLimiter(workers)

    answers = [limiter.check("ehr", parse_rate(rate)) for _ in range(allowed + 1)]

    assert answers[:-1] == [None] * allowed
    assert answers[-1] is not None


@pytest.mark.parametrize("workers", [0, -1])
def test_a_number_of_workers_below_one_is_refused(workers: int) -> None:
    """The message names the value and the mend."""
    with pytest.raises(ValueError, match=f"workers is {workers}; give the number of worker processes, at least 1"):
        RateLimiter(workers)


@pytest.mark.parametrize(
    ("rate", "calls", "seconds"),
    [
        ("600/minute", 600, 60),
        ("20/second", 20, 1),
        ("1000 per 5 minutes", 1_000, 300),
        (" 5 / 2 hours ", 5, 7_200),
        ("1/DAY", 1, 86_400),
    ],
)
def test_a_rate_is_calls_and_a_time(rate: str, calls: int, seconds: int) -> None:
    """The library's notation, in any case and with spaces."""
    item = parse_rate(rate)

    assert (item.amount, item.get_expiry()) == (calls, seconds)


@pytest.mark.parametrize(
    ("rate", "problem"),
    [
        ("", "rate '' cannot be read"),
        ("600", "rate '600' cannot be read"),
        ("600/fortnight", "rate '600/fortnight' cannot be read"),
        ("-1/minute", "rate '-1/minute' cannot be read"),
        ("0.5/second", "rate '0.5/second' cannot be read"),
        ("1/second;5/minute", "rate '1/second;5/minute' states 2 rates"),
        ("0/minute", "rate '0/minute' allows no call"),
    ],
)
def test_a_rate_that_cannot_be_kept_is_refused(rate: str, problem: str) -> None:
    """The message shows the value, says what is wrong and how to write it."""
    with pytest.raises(ValueError, match="600/minute") as caught:
        parse_rate(rate)
    assert str(caught.value).startswith(problem)


@settings(max_examples=200)
@given(rate=st.text(max_size=30))
def test_any_text_is_a_rate_or_a_value_error(rate: str) -> None:
    """Nothing in `clients.yaml` breaks the reading of a rate in another way."""
    message = ""
    try:
        parse_rate(rate)
    except ValueError as error:
        message = str(error)

    assert not message or message.startswith(f"rate {rate!r}")
