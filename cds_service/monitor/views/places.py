"""Where: footprint, borough, network, practice. Places stand in the order of their names; nobody is ranked.

All places of a footprint go through disclosure together, however far a reader looks into them, so that no two views can
be laid over each other to tell what one of them masks.

Red flags are told of footprints alone, and only where one is chosen (docs/monitor.md, "Small numbers"). Below a
footprint no figure holds them, and no row stands there for their sake: a list of places that had one would be as good
as the count, and all orders less those of the other outcomes would be the red flags.
"""

from collections.abc import Callable, Collection, Iterable
from functools import cache
from typing import Final

from cds_service.cardlog.report_rows import PracticeCount
from cds_service.monitor import headings
from cds_service.monitor.asked import Asked
from cds_service.monitor.findings_in_words import EMPTY_LOG, WHY_EMPTY, amount, of
from cds_service.monitor.funnel import Place, funnel_chart, outliers
from cds_service.monitor.selection import Field
from cds_service.monitor.standard_tables import answers_in, answers_of, counts_in
from cds_service.monitor.sums import ACCEPTED, REDIRECTS, Sums, grouped, of_outcomes
from cds_service.monitor.tables import ALL, Disclosed, FigureTable, Heading, Key
from cds_service.monitor.view import Opening, PageKind, Panel, PanelKind
from cds_service.monitor.words import WITHOUT_FOOTPRINT, known, sentence_case
from cds_service.pathway.outcomes import RED_FLAGS

_LEVELS: Final = ("footprint", "borough", "network", "practice")
_NO_RED_FLAGS: Final = "Red flags are not shown below the footprint."
_FIRINGS: Final = Heading(
    "firings",
    "Firings",
    "evaluations of MSK imaging orders, each time that one fires; red flags not among them unless one was chosen, "
    "which is told of footprints alone",
)


def key_looked_into(asked: Asked) -> Key:
    """How far the reader looks: into one footprint, one of its boroughs, one of its networks."""
    chosen = asked.selection
    if len(asked.regions) != 1 or _is_of_red_flags(asked):
        return ALL
    if chosen.borough is None:
        return (asked.regions[0],)
    return (asked.regions[0], chosen.borough) if chosen.pcn is None else (asked.regions[0], chosen.borough, chosen.pcn)


def place_name(asked: Asked, key: Key) -> str:
    """A place as a person knows it."""
    last = str(key[-1])
    if len(key) == 1:
        return asked.sources.region_name(last)
    if len(key) == len(_LEVELS):
        return known(last) if not last else asked.sources.organisation_words(last)
    return known(last)


def opening(asked: Asked) -> Opening:
    """How many places, and that they are not to be ranked."""
    orders, redirects = asked.once(_disclosed)
    here = key_looked_into(asked)
    below = orders.below(here)
    if not below:
        return Opening(finding=f"{EMPTY_LOG}. {WHY_EMPTY}")
    came_from = f"came from {_places(below, _LEVELS[len(here)])}"
    if _is_of_red_flags(asked):
        return Opening(
            finding=f"{sentence_case(amount(orders.whole(here), 'red-flag firing'))} {came_from}. {_NO_RED_FLAGS}"
        )
    return Opening(
        finding=(
            f"{sentence_case(amount(orders.whole(here), 'firing'))} in scope, red flags not counted, {came_from}. "
            f"Redirect cards accepted: {of(redirects.share(here, ACCEPTED))}. "
            "Places differ by chance: a difference is a question, not a judgement."
        )
    )


def by_place(asked: Asked) -> Panel:
    """Firings, and what became of redirect cards, in each place."""
    orders, redirects = asked.once(_disclosed)
    here = key_looked_into(asked)
    keys = sorted(orders.below(here), key=lambda key: place_name(asked, key))
    nothing = answers_of({})
    rows = tuple(
        (
            place_name(asked, key),
            orders.whole(key),
            *(redirects.cells(key, _SHARES) if key in redirects else nothing.cells(ALL, _SHARES)),
        )
        for key in keys
    )
    headed = (
        headings.PLACE,
        _FIRINGS,
        headings.SHOWN,
        *headings.ANSWERS,
        *(share.heading for share in _SHARES),
    )
    table = FigureTable(caption="Firings and redirect cards by place", headings=headed, labels=1, rows=rows)
    if not rows:
        return Panel(finding=EMPTY_LOG, sentence=WHY_EMPTY, table=table)
    if _is_of_red_flags(asked):
        return Panel(
            finding=_NO_RED_FLAGS.removesuffix("."),
            sentence="The table has each footprint as a whole. The page Red flags has what became of the cards.",
            table=table,
        )
    whole = redirects.share(here, ACCEPTED)
    marks = [Place(place_name(asked, key), redirects.share(key, ACCEPTED)) for key in keys if key in redirects]
    level = _LEVELS[len(here)]
    outside = outliers(marks, whole)
    finding = (
        f"No {level} differs from the others by more than chance"
        if not outside
        else f"{_counted(len(outside), level)} outside the funnel: a question to ask"
    )
    sentence = (
        f"Redirect cards accepted: {of(whole)}, in {_places(keys, level)}. Places stand in the order of their "
        "names; those whose counts are masked are not drawn."
    )
    return Panel(
        finding=finding,
        sentence=sentence,
        table=table,
        draw=lambda: funnel_chart(
            "Redirects accepted by place", f"{finding}. {sentence}", marks, whole, size_words="Redirect cards shown"
        ),
        note=f"{_NO_RED_FLAGS} No number of this page holds them.",
        links=tuple(_look_into(asked, key) for key in keys),
    )


def _look_into(asked: Asked, key: Key) -> str | None:
    """The query that looks into a place; None at the lowest level, and where the log does not know the place."""
    if len(key) == len(_LEVELS) or not key[-1]:
        return None
    region, borough, pcn = (*map(str, key), None, None)[:3]
    return asked.selection.query(region=region, borough=borough, pcn=pcn)


_SHARES: Final = (headings.ACCEPTED_SHARE, headings.OVERRIDDEN_SHARE)


def _is_of_red_flags(asked: Asked) -> bool:
    return asked.selection.outcome in RED_FLAGS


def _disclosed(asked: Asked) -> tuple[Disclosed, Disclosed]:
    if _is_of_red_flags(asked):
        return counts_in(asked, _by_footprint), answers_of({})
    key_of = keys_of(asked.told_by_practice)

    def orders(each: Asked) -> dict[Key, int]:
        return {key: sums.evaluations for key, sums in grouped(each.told_by_practice, key_of).items()}

    def redirects(each: Asked) -> dict[Key, Sums]:
        sums = grouped(of_outcomes(each.told_by_practice, REDIRECTS), key_of)
        return {key: of_place for key, of_place in sums.items() if of_place.cards}

    # Footprints have no place in common, so that one is not laid beside the other.
    return counts_in(asked, orders, but=(Field.REGION,)), answers_in(asked, redirects, but=(Field.REGION,))


def _by_footprint(asked: Asked) -> dict[Key, int]:
    orders = grouped(asked.by_practice, lambda row: row.region)
    return {(region,): sums.evaluations for region, sums in orders.items()}


def keys_of(rows: Iterable[PracticeCount]) -> Callable[[PracticeCount], Key]:
    """The place of a row, down to where the log knows it; what is not known stands beside what is, and not alone."""
    known = set(map(_full, rows))
    known_below = {full[:depth] for full in known for depth in range(len(full)) if any(full[depth:])}

    @cache
    def key_of_place(full: tuple[str, ...]) -> Key:
        depth = next((depth for depth in range(len(full)) if not any(full[depth:])), len(full))
        while full[:depth] in known_below:  # a row that others belong to has no count of its own
            depth += 1
        return full[:depth]

    return lambda row: key_of_place(_full(row))


def _full(row: PracticeCount) -> tuple[str, ...]:
    return (row.region, row.borough, row.pcn, row.organisation)


def _places(keys: Collection[Key], level: str) -> str:
    """`7 boroughs, and orders of no known borough`: what is not known is a row of the table, and no place."""
    places = [key for key in keys if key[-1] and key[-1] not in WITHOUT_FOOTPRINT]
    return _counted(len(places), level) + ("" if len(places) == len(keys) else f", and orders of no known {level}")


def _counted(number: int, level: str) -> str:
    return f"{number} {level}" if number == 1 else f"{number} {level}s"


PLACES_PAGE: Final = PageKind(
    slug="where",
    title="Where",
    introduction="Firings of orders, and redirect cards, by footprint, borough, primary care network and practice.",
    open=opening,
    panels=(
        PanelKind(
            has_chart=True,
            name="by-place",
            title="Firings and redirect cards by place",
            build=by_place,
            definitions=("firings", "redirect-accepted", "funnel"),
        ),
    ),
    not_by={Field.CLIENT: "places are not counted by EHR"},
    is_compared=False,
    not_by_for_red_flags={
        Field.BOROUGH: "red flags are not shown below the footprint",
        Field.PCN: "red flags are not shown below the footprint",
    },
)
