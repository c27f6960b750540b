"""Whose events a card log holds: a demo's invented orders never come to stand among a deployment's."""

from collections.abc import Callable
from datetime import date

import pytest

from cds_service.cardlog.events import CallRecord
from cds_service.cardlog.mode_of_log import WrongLogError, require_log_of
from cds_service.cardlog.rows import rows_of
from cds_service.cardlog.store import CardLogStore

BuildCall = Callable[..., CallRecord]

BEFORE, AFTER = date(2026, 10, 5), date(2026, 11, 16)


@pytest.mark.parametrize("demo", [True, False])
@pytest.mark.usefixtures("store")
def test_an_empty_log_is_anybodys(database_url: str, demo: bool) -> None:
    """Whoever comes first makes it one of its kind."""
    require_log_of(database_url, demo=demo)


@pytest.mark.parametrize(("mode", "demo"), [("demo", True), ("live", False)])
def test_a_log_of_the_same_kind_is_gone_on_with(
    database_url: str, store: CardLogStore, a_call: BuildCall, mode: str, demo: bool
) -> None:
    """At every start but the first."""
    store.write(rows_of([a_call(occurred_on=BEFORE, mode=mode), a_call(occurred_on=AFTER, mode=mode)]))

    require_log_of(database_url, demo=demo)


@pytest.mark.parametrize("modes", [("demo", "demo"), ("demo", "live"), ("live", "demo")])
def test_a_deployment_refuses_a_log_with_invented_orders(
    database_url: str, store: CardLogStore, a_call: BuildCall, modes: tuple[str, str]
) -> None:
    """Also where one went on with the other's, before this was asked; and says what to do."""
    store.write(rows_of([a_call(occurred_on=BEFORE, mode=modes[0]), a_call(occurred_on=AFTER, mode=modes[1])]))

    with pytest.raises(WrongLogError, match=r"invented orders.*CDS_SERVICE_DATABASE_URL"):
        require_log_of(database_url, demo=False)


@pytest.mark.parametrize("modes", [("live", "live"), ("demo", "live"), ("live", "demo")])
def test_a_demo_refuses_a_log_with_real_orders(
    database_url: str, store: CardLogStore, a_call: BuildCall, modes: tuple[str, str]
) -> None:
    """A newcomer's look around must not change an ICB's figures."""
    store.write(rows_of([a_call(occurred_on=BEFORE, mode=modes[0]), a_call(occurred_on=AFTER, mode=modes[1])]))

    with pytest.raises(WrongLogError, match=r"deployment's orders.*--database-url"):
        require_log_of(database_url, demo=True)
