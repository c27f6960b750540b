from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from cds_service.cardlog.access_schema import access_session
from cds_service.monitor.access.permissions import ROLES
from cds_service.monitor.access.sessions import SessionLimits, Sessions
from cds_service.monitor.access.viewer import Grant, Viewer
from tests.monitor.access.conftest import Clock

ANN = Viewer("ann", "openid", (Grant(ROLES["analyst"], frozenset({"nwl"})),))


@pytest.fixture
def sessions(engine: Engine, clock: Clock) -> Sessions:
    """Sessions under the usual limits."""
    return Sessions(engine, "policy", clock=clock)


def test_a_session_is_known_to_every_worker(engine: Engine, sessions: Sessions, clock: Clock) -> None:
    """With what its viewer may see; and once it has ended at one, it has at all."""
    secret = sessions.start(ANN)
    other = Sessions(engine, "policy", clock=clock)

    found = other.resume(secret)

    assert found is not None
    assert found.viewer == ANN
    assert sessions.end(found.key)
    assert other.resume(secret) is None


def test_the_database_lets_nobody_in(engine: Engine, sessions: Sessions) -> None:
    """It holds no secret, and what it holds is none."""
    secret = sessions.start(ANN)
    with engine.connect() as connection:
        row = connection.execute(select(access_session)).one()

    assert secret not in map(str, row)
    assert [value for value in map(str, row) if sessions.resume(value) is not None] == []


def test_an_idle_session_ends(sessions: Sessions, clock: Clock) -> None:
    """Half an hour after its last use, which moves the end on."""
    secret = sessions.start(ANN)
    clock.move(minutes=29)
    assert sessions.resume(secret) is not None
    clock.move(minutes=29)
    assert sessions.resume(secret) is not None
    clock.move(minutes=30)
    assert sessions.resume(secret) is None
    clock.move(minutes=-30)
    assert sessions.resume(secret) is None


def test_a_session_ends_however_it_is_used(sessions: Sessions, clock: Clock) -> None:
    """Eight hours after signing in."""
    secret = sessions.start(ANN)
    for _ in range(47):
        clock.move(minutes=10)
        assert sessions.resume(secret) is not None
    clock.move(minutes=10)
    assert sessions.resume(secret) is None


def test_a_change_of_the_rules_ends_the_sessions_before_it(engine: Engine, sessions: Sessions, clock: Clock) -> None:
    """A role that was taken away is gone; a session of the demo counts in no deployment."""
    secret = sessions.start(ANN)

    assert Sessions(engine, "another policy", clock=clock).resume(secret) is None
    assert Sessions(engine, "another policy", clock=clock).all() == []


def test_what_is_over_is_deleted(engine: Engine, clock: Clock) -> None:
    """By the next sign-in; only those that hold are listed."""
    sessions = Sessions(engine, "policy", SessionLimits(timedelta(minutes=5), timedelta(hours=1)), clock)
    sessions.start(ANN)
    clock.move(minutes=10)
    assert sessions.all() == []
    sessions.start(ANN)

    with engine.connect() as connection:
        assert len(connection.execute(select(access_session)).all()) == 1
    assert [session.viewer for session in sessions.all()] == [ANN]
