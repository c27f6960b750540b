import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import pytest
from client import Client, Load, Outcome
from figures import Figures
from loads import LOADS_IN_A_ROUND, TURNS, Bench, Options, Side, wanted_tokens
from scenarios import SCENARIOS, Scenario
from servers import Kind, Server, VoidRunError
from trust import Algorithm

if TYPE_CHECKING:
    from mint import Mint

OPTIONS = Options(
    rounds=1,
    seconds=2.0,
    connections=32,
    max_requests=1000,
    processes=1,
    subject=Kind.SERVICE,
    json=None,
    pin=False,
    strict=False,
)


class _Ourselves:
    """Stands for a server's process: the one that runs this test."""

    pid = os.getpid()


class _Client:
    """Answers every load with what it is told to, and keeps the loads."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self.loads: list[Load] = []

    def run(self, load: Load) -> Outcome:
        self.loads.append(load)
        return self._outcome


class _Mint:
    """Mints tokens that nobody looks at."""

    def tokens(self, algorithm: Algorithm, count: int) -> list[bytes]:
        return [f"{algorithm}-{number}".encode() for number in range(count)]


def answered(*statuses: int, seconds: float = 1.0) -> Outcome:
    """What a load brought back."""
    outcome = Outcome(seconds)
    outcome.statuses.update(statuses)
    outcome.latencies.extend(0.01 for _ in statuses)
    return outcome


def server(port: int, kind: Kind = Kind.SERVICE) -> Server:
    """A server that is never asked."""
    return Server(kind, port, cast("Any", _Ourselves()), 1.0)


def bench(client: _Client) -> Bench:
    """A run whose loads go to this client."""
    return Bench(OPTIONS, cast("Client", client), cast("Mint", _Mint()))


SUBJECT = Side(server(1), server(2))
BARE_APP = Side(server(3, Kind.BARE_APP), server(4, Kind.BARE_APP))


def test_calls_with_tokens_go_to_the_guarded_server_only() -> None:
    """The open one would not look at them."""
    ports = {scenario: SUBJECT.serving(scenario).port for scenario in Scenario}

    assert ports == {scenario: 1 if SCENARIOS[scenario].algorithm is None else 2 for scenario in Scenario}


def test_a_load_has_enough_tokens_of_its_algorithm() -> None:
    """Before a server has shown its rate they are plenty; calls without tokens have none."""
    client = _Client(answered(200))

    for scenario in (Scenario.IN_SCOPE, Scenario.IN_SCOPE_ES384):
        bench(client).load(SUBJECT.serving(scenario), scenario, 2.0)

    assert client.loads[0].tokens is None
    assert client.loads[1].tokens is not None
    assert client.loads[1].tokens[0].startswith(b"ES384")
    assert len(client.loads[1].tokens) == wanted_tokens(None, 2.0, 32) > 8000


def test_later_loads_are_sized_by_the_highest_rate_seen() -> None:
    """With room above it, so that time ends the load and not the last token."""
    client = _Client(answered(*[200] * 100, seconds=0.1))
    run = bench(client)

    for _ in range(2):
        run.load(SUBJECT.guarded, Scenario.IN_SCOPE_RS384, 2.0)

    assert client.loads[1].tokens is not None
    assert len(client.loads[1].tokens) == wanted_tokens(1000.0, 2.0, 32) == 3232


def test_the_responder_gets_one_token_over_and_over() -> None:
    """It reads none, and answers faster than tokens can be minted."""
    client = _Client(answered(200))

    bench(client).load(server(5, Kind.RESPONDER), Scenario.IN_SCOPE_ES384, 2.0)

    assert client.loads[0].tokens is not None
    assert set(client.loads[0].tokens) == {b"ES384-0"}
    assert len(client.loads[0].tokens) >= 100_000


@pytest.mark.parametrize("statuses", [(200, 401), ()])
def test_a_refused_token_and_no_answer_void_the_run(statuses: Sequence[int]) -> None:
    """A server that refuses fast must not look fast."""
    with pytest.raises(VoidRunError, match="service, in-scope-es384"):
        bench(_Client(answered(*statuses))).load(SUBJECT.guarded, Scenario.IN_SCOPE_ES384, 1.0)


def test_a_round_loads_neighbours_in_time() -> None:
    """Within a slice: one side's scenarios backwards, then the other's, so that both plain loads touch."""
    client = _Client(answered(200))

    bench(client).round(SUBJECT, BARE_APP, number=1)

    ports = [load.port for load in client.loads]
    assert ports == [1, 3, *(2, 2, 1, 3, 4, 4), *(4, 4, 3, 1, 2, 2), *(2, 2, 1, 3, 4, 4), 1, 3]
    assert len(ports) == LOADS_IN_A_ROUND


def test_every_scenario_is_loaded_equally_long_in_a_round() -> None:
    """What is cut into slices gets no more time than what is not."""
    client = _Client(answered(200))
    run = bench(client)

    run.round(SUBJECT, BARE_APP, number=0)

    seconds = {
        turn.scenarios: turn.slices * client.loads[position].seconds
        for turn, position in zip(TURNS, (0, 2, -1), strict=True)
    }
    assert {scenario for scenarios in seconds for scenario in scenarios} == set(Scenario)
    assert set(seconds.values()) == {OPTIONS.seconds}


@pytest.mark.parametrize("number", [0, 1])
def test_figures_stay_with_their_side_whoever_goes_first(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bare app begins round 0, the service round 1."""

    def load(_bench: Bench, loaded: Server, _scenario: Scenario, _seconds: float) -> Figures:
        return Figures(float(loaded.port), 0.0, 0.0, 0.0)

    monkeypatch.setattr(Bench, "load", load)

    pairs = bench(_Client(answered())).round(SUBJECT, BARE_APP, number)

    for scenario, pair in pairs:
        expected = (1.0, 3.0) if SCENARIOS[scenario].algorithm is None else (2.0, 4.0)
        assert (pair.service.rate, pair.bare_app.rate) == expected
    assert len([pair for scenario, pair in pairs if scenario is Scenario.IN_SCOPE_ES384]) == 3


def test_evaluated_orders_are_counted_over_the_servers_named() -> None:
    """Five for each order-sign, one for each order in scope, none for a medicine; another server's do not count."""
    run = bench(_Client(answered(200, 200)))

    for loaded in (SUBJECT.open, BARE_APP.open):
        for scenario in (Scenario.OUT_OF_SCOPE, Scenario.IN_SCOPE, Scenario.ORDER_SIGN):
            run.load(loaded, scenario, 1.0)
    run.load(SUBJECT.guarded, Scenario.IN_SCOPE_RS384, 1.0)

    assert run.evaluated_orders([SUBJECT.open, SUBJECT.guarded]) == 2 * (0 + 1 + 5) + 2 * 1
