import pytest
from sqlalchemy import Engine, func, select

from cds_service.cardlog.access_schema import access_sign_in
from cds_service.monitor.access.pending_sign_ins import PATIENCE, PendingSignIn, PendingSignIns
from tests.monitor.access.conftest import Clock


@pytest.fixture
def pending(engine: Engine, clock: Clock) -> PendingSignIns:
    """Those of a deployment that remembers three."""
    return PendingSignIns(engine, clock, most=3)


def begun(pending: PendingSignIns, clock: Clock, times: int) -> list[PendingSignIn]:
    """Some that were begun, a second after one another."""
    found = []
    for _ in range(times):
        found.append(pending.begin("/monitor"))
        clock.move(seconds=1)
    return found


def remembered(engine: Engine) -> int:
    """How many there are."""
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(access_sign_in)).scalar_one()


def test_however_many_begin_no_more_than_some_are_remembered(
    pending: PendingSignIns, engine: Engine, clock: Clock
) -> None:
    """The latest: whoever began just now comes back in a moment, and a stranger fills no table."""
    *oldest, second, third, last = begun(pending, clock, 9)

    assert remembered(engine) == 3
    assert [pending.take(one.state, one.browser_secret) for one in oldest] == [None] * 6
    assert [pending.take(one.state, one.browser_secret) for one in (second, third, last)] == [second, third, last]


def test_those_that_took_too_long_are_forgotten(pending: PendingSignIns, engine: Engine, clock: Clock) -> None:
    """By whoever begins next."""
    begun(pending, clock, 2)
    clock.move(seconds=PATIENCE.total_seconds())
    begun(pending, clock, 1)

    assert remembered(engine) == 1
