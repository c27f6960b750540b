from figures import Figures, Pair
from log_cost import report
from scenarios import Scenario
from servers import Kind, path_for

from tests.conftest import SERVICE


def pair(logged: float, unlogged: float) -> Pair:
    """One round with these rates."""
    return Pair(Figures(logged, 0.02, 0.05, 0.9), Figures(unlogged, 0.02, 0.05, 0.9))


def test_the_median_of_the_rounds_is_held_against_the_target() -> None:
    """85 % of the rate without a log, in the middle round."""
    assert "pass  card log" in report([pair(850, 1000), pair(100, 1000), pair(990, 1000)])
    assert "MISS  card log" in report([pair(840, 1000)])


def test_the_service_without_a_log_gets_the_same_calls() -> None:
    """Or the two would not be compared."""
    assert path_for(Kind.UNLOGGED, Scenario.IN_SCOPE) == path_for(Kind.SERVICE, Scenario.IN_SCOPE) == SERVICE
