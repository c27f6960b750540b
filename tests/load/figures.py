"""What a run measured, and the arithmetic on it: medians, ratios, and what authentication adds to a call."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from scenarios import Scenario
from servers import Kind, Memory
from trust import Algorithm

WITH_TOKEN: Mapping[Algorithm, Scenario] = {
    Algorithm.ES384: Scenario.IN_SCOPE_ES384,
    Algorithm.RS384: Scenario.IN_SCOPE_RS384,
}
"""The scenarios that are `Scenario.IN_SCOPE` with a token."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One load on one server, or medians over several. Latencies are in seconds."""

    rate: float
    """Answers per second."""
    p50: float
    p99: float
    busy: float
    """The share of one core that the server used."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The service and the bare app, loaded one right after the other."""

    service: Figures
    bare_app: Figures

    @property
    def ratio(self) -> float:
        """The service's rate as a share of the bare app's."""
        return self.service.rate / self.bare_app.rate


@dataclass(frozen=True, slots=True)
class Added:
    """Seconds that authentication adds to a call: the time per call with a token, less that without one.

    The time per call is one over the rate, at the same number of connections.
    """

    service: float
    bare_app: float

    @property
    def factor(self) -> float:
        """The service's addition as a multiple of the bare app's; infinite when the latter was lost in noise."""
        return self.service / self.bare_app if self.bare_app > 0 else math.inf


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a server takes besides time to answer."""

    memory: Memory
    starts: Sequence[float]
    """Seconds from spawn to first healthy answer, one for each start."""


@dataclass(frozen=True, slots=True)
class Log:
    """The services' card logs after the run: rows in the largest table, and the orders that the answers were about."""

    rows: int
    evaluated_orders: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that one run found out."""

    subject: Kind
    """What stood in the service's place: the service, unless the harness tries itself."""
    rounds: Mapping[Scenario, Sequence[Pair]]
    ceilings: Mapping[Scenario, float]
    """Answers per second that the client reaches against the responder."""
    service: Upkeep
    service_with_tokens: Upkeep
    bare_app: Upkeep
    log: Log | None
    """None when the subject keeps no card log."""


def medians(figures: Sequence[Figures]) -> Figures:
    """The median of each figure by itself."""
    return Figures(
        rate=median(each.rate for each in figures),
        p50=median(each.p50 for each in figures),
        p99=median(each.p99 for each in figures),
        busy=median(each.busy for each in figures),
    )


def ratio(pairs: Sequence[Pair]) -> float:
    """The median of the rounds' ratios; each compares neighbours in time, so a slow spell cancels out."""
    return median(pair.ratio for pair in pairs)


def added(rounds: Mapping[Scenario, Sequence[Pair]], algorithm: Algorithm) -> Added:
    """What tokens of this algorithm add to a call: for each server the median of the rounds' own differences."""
    paired = list(zip(rounds[Scenario.IN_SCOPE], rounds[WITH_TOKEN[algorithm]], strict=True))
    return Added(
        service=median(1 / signed.service.rate - 1 / plain.service.rate for plain, signed in paired),
        bare_app=median(1 / signed.bare_app.rate - 1 / plain.bare_app.rate for plain, signed in paired),
    )
