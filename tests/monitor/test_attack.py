"""An attacker who remembers what he saw, held against one who looks for the first time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.monitor.attack import MASKED_BELOW, Attacker, Bounds, Grid

_NETWORKS_OF = 2
_PRACTICES_OF = 3
_COLUMNS = 2
_ABOVE = (None, *[0] * _NETWORKS_OF, *[1 + n for n in range(_NETWORKS_OF) for _ in range(_PRACTICES_OF)])
_COUNT = st.sampled_from([0, 0, 1, 2, 5, 7, 8, 9, 12, 20, 41])


def _grid(leaves: list[list[int]]) -> Grid:
    exact = {(row, column): 0 for row in range(len(_ABOVE)) for column in range(_COLUMNS + 1)}
    for number, counts in enumerate(leaves):
        for column, count in enumerate((*counts, sum(counts))):
            leaf = 1 + _NETWORKS_OF + number
            network = _ABOVE[leaf]
            assert network is not None
            for row in (leaf, network, 0):
                exact[row, column] += count
    return Grid(_ABOVE, _COLUMNS, exact)


def _bounds(count: int, *, withheld: bool) -> Bounds:
    if withheld:
        return Bounds.withheld(count)
    return Bounds.small() if 0 < count < MASKED_BELOW else Bounds.of_shown(5 * round(count / 5))


@settings(max_examples=40)  # each asks of every count after every mask
@given(st.data())
def test_what_an_attacker_remembers_is_what_he_would_find(data: st.DataObject) -> None:
    """Whether a count can be told is the same after each mask, however often it was asked before."""
    leaves = data.draw(st.lists(st.lists(_COUNT, min_size=_COLUMNS, max_size=_COLUMNS), min_size=6, max_size=6))
    grid = _grid(leaves)
    places = list(grid.exact)
    withheld = data.draw(st.sets(st.sampled_from(places), max_size=3))
    bounds = {place: _bounds(count, withheld=place in withheld) for place, count in grid.exact.items()}
    protected = [place for place, bound in bounds.items() if bound.protected]
    remembers = Attacker(grid, bounds)

    shown = [place for place, bound in bounds.items() if bound.shown]
    for place in data.draw(st.permutations(shown)):
        fresh = Attacker(grid, bounds)
        assert [remembers.can_tell(each) for each in protected] == [fresh.can_tell(each) for each in protected]
        hidden = data.draw(st.sampled_from([Bounds.hidden, Bounds.hidden_with_withheld]))
        bounds[place] = hidden(grid.exact[place])
        remembers.see(place, bounds[place])
