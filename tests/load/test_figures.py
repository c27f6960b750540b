import math

import pytest
from figures import WITH_TOKEN, Added, Figures, Pair, added, medians, ratio
from scenarios import SCENARIOS, Scenario
from trust import Algorithm


def figures(rate: float) -> Figures:
    """A server at `rate` answers per second."""
    return Figures(rate, p50=0.002, p99=0.005, busy=0.98)


def pair(service: float, bare_app: float) -> Pair:
    """One round of both servers at these rates."""
    return Pair(figures(service), figures(bare_app))


def test_medians_are_taken_figure_by_figure() -> None:
    """One bad round changes nothing."""
    assert medians([figures(10), figures(1000), figures(11)]) == figures(11)


def test_the_ratio_is_the_median_of_the_rounds() -> None:
    """Each round compares the two at its own time: a slow spell of the machine hits both."""
    assert ratio([pair(50, 100), pair(25, 50), pair(90, 100)]) == 0.5


def test_what_a_token_adds_is_the_median_of_the_rounds_differences() -> None:
    """A slow spell in one round changes nothing: each round subtracts what it measured itself."""
    rounds = {
        Scenario.IN_SCOPE: [pair(1000, 2000), pair(100, 200), pair(1000, 2000)],
        Scenario.IN_SCOPE_ES384: [pair(500, 1000), pair(50, 100), pair(500, 1000)],
    }

    found = added(rounds, Algorithm.ES384)

    assert found.service == pytest.approx(0.001)
    assert found.bare_app == pytest.approx(0.0005)
    assert found.factor == pytest.approx(2.0)


def test_an_addition_lost_in_noise_has_no_factor() -> None:
    """A bare app that seems faster with a token measured nothing: the target is missed, not met."""
    assert Added(0.0001, -0.0001).factor == math.inf


def test_each_algorithm_has_its_scenario() -> None:
    """It is the plain order in scope, with a token more."""
    for algorithm, scenario in WITH_TOKEN.items():
        assert SCENARIOS[scenario].algorithm is algorithm
        assert SCENARIOS[scenario].body is SCENARIOS[Scenario.IN_SCOPE].body
    assert WITH_TOKEN.keys() == set(Algorithm)
