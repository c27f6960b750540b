"""One load after the other: who is loaded with what, with which tokens, and for how long.

Never two servers at once, and none before the one before it has come to rest.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from client import Client, Load, Outcome
from figures import Figures, Pair
from mint import Mint
from scenarios import SCENARIOS, Scenario, calls
from servers import Kind, Server, VoidRunError, cpu_seconds_of, path_for

WARM_UP = 1.0
"""Seconds of load on each server in each scenario before anything is counted."""

SETTLE_STEP = 0.1
SETTLE_LIMIT = 10.0
"""Seconds that a server may go on working (writing its log, say) after a load, before the next one starts."""


class Turn(NamedTuple):
    """Scenarios that are loaded close together in time, because their figures are subtracted from each other.

    Attributes:
        scenarios: what is loaded.
        slices: into how many short loads each is cut; a difference needs more of them than a ratio does.
    """

    scenarios: tuple[Scenario, ...]
    slices: int = 1


TURNS = (
    Turn((Scenario.OUT_OF_SCOPE,)),
    Turn((Scenario.IN_SCOPE, Scenario.IN_SCOPE_RS384, Scenario.IN_SCOPE_ES384), slices=3),
    Turn((Scenario.ORDER_SIGN,)),
)
"""A round."""

LOADS_IN_A_ROUND = sum(2 * len(turn.scenarios) * turn.slices for turn in TURNS)
"""Both sides, every scenario, every slice."""

FIRST_RATE = 4000.0
"""Tokens minted for each second of a server's first load, when its rate is not known."""

HEADROOM = 1.6
"""How many times the tokens are minted that a load would use at the highest rate seen: time is to end it."""

RESPONDERS_TOKENS = 200_000
"""Calls with a token that the responder gets at most. It reads none, so they all bear the same."""


_BySide = dict[Scenario, Figures]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    rounds: int
    seconds: float
    connections: int
    max_requests: int
    processes: int
    subject: Kind
    json: Path | None
    pin: bool
    strict: bool


@dataclass(frozen=True, slots=True)
class Side:
    """One kind of server as two processes: open to every call, and guarded, which asks for a token with each."""

    open: Server
    guarded: Server

    def serving(self, scenario: Scenario) -> Server:
        """The one that a scenario is for."""
        return self.open if SCENARIOS[scenario].algorithm is None else self.guarded


@dataclass(slots=True)
class Bench:
    """A run under way, with what each server (by port) has shown so far in each scenario."""

    options: Options
    client: Client
    mint: Mint
    answers: Counter[tuple[int, Scenario]] = field(default_factory=Counter)
    highest_rates: dict[tuple[int, Scenario], float] = field(default_factory=dict)

    def load(self, server: Server, scenario: Scenario, seconds: float) -> Figures:
        """Load one server with one scenario, and wait until it has finished working on it.

        Raises:
            VoidRunError: an answer was wrong, or none came.
        """
        load = Load(
            port=server.port,
            calls=calls(scenario, path_for(server.kind, scenario)),
            marker=SCENARIOS[scenario].marker,
            connections=self.options.connections,
            seconds=seconds,
            max_requests=self.options.max_requests,
            tokens=self._tokens(server, scenario, seconds),
        )
        used_before = cpu_seconds_of(server.process.pid)
        outcome = self.client.run(load)
        used = _settled_cpu_seconds(server) - used_before
        _refuse_failures(server, scenario, outcome)
        self.answers[server.port, scenario] += outcome.answers
        highest = self.highest_rates.get((server.port, scenario), 0.0)
        self.highest_rates[server.port, scenario] = max(highest, outcome.rate)
        return Figures(outcome.rate, outcome.percentile(0.5), outcome.percentile(0.99), used / outcome.seconds)

    def warm_up(self, side: Side) -> None:
        """Load each server of a side without counting."""
        for scenario in Scenario:
            self.load(side.serving(scenario), scenario, WARM_UP)

    def round(self, subject: Side, bare_app: Side, number: int) -> list[tuple[Scenario, Pair]]:
        """Load both sides in every scenario; who goes first alternates with the round's number and with each slice."""
        pairs = []
        for turn in TURNS:
            for part in range(turn.slices):
                if (number + part) % 2:
                    served, bare = self._slice(turn, subject, bare_app)
                else:
                    bare, served = self._slice(turn, bare_app, subject)
                pairs += [(scenario, Pair(served[scenario], bare[scenario])) for scenario in turn.scenarios]
        return pairs

    def ceilings(self, responder: Server) -> dict[Scenario, float]:
        """What the client reaches in each scenario against a server that does next to nothing."""
        self.load(responder, Scenario.IN_SCOPE, WARM_UP)
        return {scenario: self.load(responder, scenario, self.options.seconds).rate for scenario in Scenario}

    def evaluated_orders(self, servers: Sequence[Server]) -> int:
        """MSK imaging orders in the calls that these servers have answered."""
        ports = {server.port for server in servers}
        return sum(
            answers * SCENARIOS[scenario].evaluated_orders
            for (port, scenario), answers in self.answers.items()
            if port in ports
        )

    def _slice(self, turn: Turn, first: Side, second: Side) -> tuple[_BySide, _BySide]:
        """The first side takes the scenarios backwards, so that the plain calls of both are neighbours as well."""
        seconds = self.options.seconds / turn.slices
        backwards = {
            scenario: self.load(first.serving(scenario), scenario, seconds) for scenario in reversed(turn.scenarios)
        }
        forwards = {scenario: self.load(second.serving(scenario), scenario, seconds) for scenario in turn.scenarios}
        return backwards, forwards

    def _tokens(self, server: Server, scenario: Scenario, seconds: float) -> list[bytes] | None:
        algorithm = SCENARIOS[scenario].algorithm
        if algorithm is None:
            return None
        if server.kind is Kind.RESPONDER:
            return self.mint.tokens(algorithm, 1)[:1] * RESPONDERS_TOKENS
        rate = self.highest_rates.get((server.port, scenario))
        return self.mint.tokens(algorithm, wanted_tokens(rate, seconds, self.options.connections))


def wanted_tokens(highest_rate: float | None, seconds: float, connections: int) -> int:
    """How many tokens to mint for a load, so that they outlast it.

    Args:
        highest_rate: answers per second that the server has shown at most; None before its first load.
        seconds: length of the load.
        connections: how many calls are under way at once.
    """
    rate = FIRST_RATE if highest_rate is None else HEADROOM * highest_rate
    return int(rate * seconds) + connections


def _settled_cpu_seconds(server: Server) -> float:
    """Processor time a server has used once it is at rest, so that no load pays for the one before."""
    give_up_at = time.monotonic() + SETTLE_LIMIT
    used = cpu_seconds_of(server.process.pid)
    while time.monotonic() < give_up_at:
        time.sleep(SETTLE_STEP)
        used_before, used = used, cpu_seconds_of(server.process.pid)
        if used - used_before <= SETTLE_STEP / 5:
            break
    return used


def _refuse_failures(server: Server, scenario: Scenario, outcome: Outcome) -> None:
    if outcome.failures or not outcome.answers:
        statuses = ", ".join(f"{count} x {status}" for status, count in sorted(outcome.statuses.items()))
        raise VoidRunError(
            f"{server.kind}, {scenario}: {outcome.failures} failures and {outcome.answers} answers "
            f"({statuses or 'none'}; {outcome.wrong_bodies} without {SCENARIOS[scenario].marker!r}; "
            f"{outcome.broken} connections broken). "
            f"The first: {outcome.sample}"
        )
