"""Which counts of a table are masked: small ones, and as many others as it takes that none of these can be told."""

from collections.abc import Collection, Container, Mapping

from cds_service.monitor.attack import MASKED_BELOW, ROUND_TO, Attacker, Bounds, Grid, Place


def rounded(count: int) -> int:
    """A count as it is shown."""
    return ROUND_TO * round(count / ROUND_TO)


def shown_places(grid: Grid, withheld: Container[Place]) -> set[Place]:
    """The counts that may be shown.

    Args:
        grid: the table.
        withheld: counts that would tell one of another table.
    """
    bounds = _masked_and_shown(grid, withheld)
    _mask_what_can_be_told(grid, bounds)
    return {place for place, bound in bounds.items() if bound.shown}


def _masked_and_shown(grid: Grid, withheld: Container[Place]) -> dict[Place, Bounds]:
    """What each count tells before any is masked for the sake of another."""
    bounds = {}
    for place, count in grid.exact.items():
        row, _ = place
        if place in withheld:
            bounds[place] = Bounds.withheld(count)
        elif row != 0 and len(grid.below[row]) == 1:
            bounds[place] = Bounds.hidden(count)
        elif grid.is_of_few(place):
            bounds[place] = Bounds.of_few(count)
        elif 0 < count < MASKED_BELOW:
            bounds[place] = Bounds.small()
        else:
            bounds[place] = Bounds.of_shown(rounded(count))
    return bounds


def _mask_what_can_be_told(grid: Grid, bounds: dict[Place, Bounds]) -> None:
    """Mask one count more for each that can be told from the others, until none can or nothing is shown."""
    attacker = Attacker(grid, bounds)
    waiting = [place for place, bound in bounds.items() if bound.protected]
    shown = sum(bound.shown for bound in bounds.values())
    while waiting and shown:
        still_told = []
        for place in waiting:
            # One that was masked for an earlier place may have made this one safe, and then it stays so.
            if not attacker.can_tell(place):
                continue
            still_told.append(place)
            hidden = Bounds.hidden_with_withheld if bounds[place].fall else Bounds.hidden
            for other in _to_be_masked(grid, bounds, attacker.in_the_way(place)):
                bounds[other] = hidden(grid.exact[other])
                attacker.see(other, bounds[other])
                shown -= 1
        waiting = still_told


def _to_be_masked(grid: Grid, bounds: Mapping[Place, Bounds], in_the_way: Collection[Place]) -> Collection[Place]:
    """What to mask so that something can be told no longer, or not from there: the smallest count in the way.

    To mask any other would take figures away and leave it told: where its row tells a count, the column cannot help.
    Sums come last, and what is 0 only with everything else.
    """
    shown = [each for each in in_the_way if bounds[each].shown and grid.exact[each]]
    if shown:
        return [min(shown, key=lambda each: (grid.is_sum(each), grid.exact[each], each))]
    return [each for each, bound in bounds.items() if bound.shown]
