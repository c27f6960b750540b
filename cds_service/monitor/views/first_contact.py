"""First Contact Practitioners: who is exempt by the register, and who says that the register lacks them."""

from collections import defaultdict
from dataclasses import replace
from typing import Final

from cds_service.monitor import headings
from cds_service.monitor.asked import Asked, within
from cds_service.monitor.disclosure import Shown
from cds_service.monitor.findings_in_words import amount, before_note, number
from cds_service.monitor.period import Period
from cds_service.monitor.selection import Field
from cds_service.monitor.spc import Direction
from cds_service.monitor.standard_tables import counts_in, sums_by_week
from cds_service.monitor.sums import but_red_flags, of_outcomes
from cds_service.monitor.tables import FigureTable, Heading, Key
from cds_service.monitor.view import NOT_BY_PLACE, Kpi, Opening, PageKind, Panel, PanelKind
from cds_service.monitor.weekly import WeeklyMeasure, weekly_counts
from cds_service.monitor.words import known, sentence_case
from cds_service.pathway.outcomes import Outcome

ASSURED: Final = "assured-first-contact-practitioner"
"""The override reason by which somebody says that they should be on the register."""

_EXEMPT: Final = Heading(
    "exempt_firings",
    "Exempt firings",
    "evaluations of MRI orders of practitioners with a current register entry; an order counts each time that it fires",
)
_SAID_SO: Final = Heading(
    "overrides", "Said to be assured", "cards overridden with the reason that the requester is an assured practitioner"
)
_NO_EXEMPTION: Final = "No pathway that was chosen exempts First Contact Practitioners"
_NOT_BY: Final = {
    Field.OUTCOME: "the page is about one outcome and one reason",
    Field.CLIENT: "the worklist is not counted by EHR",
    Field.HOOK: "overrides are counted by card, not by hook",
    **NOT_BY_PLACE,
}


def opening(asked: Asked) -> Opening:
    """Exempt firings, and overrides that say that the register is incomplete."""
    exempt = [_exempt(asked, period) for period in (asked.period, asked.period.before)]
    said = counts_in(asked, _by_practice)
    practices = len(said.below())
    worklist = (
        "Nobody overrode a card as an assured practitioner."
        if not practices
        else f"{sentence_case(amount(said.whole(), 'card'))} at {number(practices, 'practice')} were overridden by "
        "somebody who says to be assured and is not listed: compare with the register."
    )
    if exempt[0].rounded == 0 and not _may_exempt(asked):
        found = f"{_NO_EXEMPTION}."
    else:
        found = (
            f"{sentence_case(amount(exempt[0], 'firing'))} of MRI orders were exempt by the register. An order fires "
            "more than once: the overview, narrowed to this outcome, counts distinct orders."
        )
    return Opening(
        finding=f"{found} {worklist}",
        kpis=(
            Kpi("Exempt firings", exempt[0], "fcp-exempt", before_note(asked, exempt[1])),
            Kpi("Said to be assured", said.whole(), "fcp-overrides"),
        ),
    )


def exempt_firings(asked: Asked) -> Panel:
    """Firings that the register exempted, by week."""
    measure = WeeklyMeasure("Firings exempt by the register", Direction.NEITHER)
    panel = weekly_counts(asked, measure, _EXEMPT, lambda each: of_outcomes(each.weekly, (Outcome.FCP_EXEMPT,)))
    if panel.draw is None and not _may_exempt(asked):
        return replace(
            panel, finding=_NO_EXEMPTION, sentence="Such practitioners get the same cards as others in primary care."
        )
    return panel


def worklist(asked: Asked) -> Panel:
    """Practices from which somebody says to be assured, for whoever keeps the register."""
    disclosed = counts_in(asked, _by_practice)
    rows = tuple((asked.sources.organisation_words(str(key[0])), disclosed.whole(key)) for key in disclosed.below())
    table = FigureTable(
        caption="Cards overridden by somebody who says to be an assured practitioner, by practice",
        headings=(headings.PRACTICE, _SAID_SO),
        labels=1,
        rows=rows,
    )
    if not rows:
        return Panel(
            finding="The register's worklist is empty",
            sentence="No card was overridden with the reason “I am an assured First Contact Practitioner”.",
            table=table,
        )
    return Panel(
        finding=f"The register's worklist: {len(rows)} {'practice' if len(rows) == 1 else 'practices'}",
        sentence=(
            "In each, somebody who is not on the register, or whose entry has expired or is for another place, said to "
            "be assured."
        ),
        table=table,
        note="The reason exempts nobody. Assure first, then add the entry to fcp-register.csv.",
    )


def _may_exempt(asked: Asked) -> bool:
    """Whether any version of a pathway that the page is about has a register of assured practitioners."""
    return any(pathway.fcp_exemption is not None for pathway in asked.sources.versions() if pathway.id in asked.regions)


def _exempt(asked: Asked, period: Period) -> Shown:
    def by_week(each: Asked) -> dict[Key, int]:
        rows = of_outcomes(within(each.weekly, period), (Outcome.FCP_EXEMPT,))
        return {key: sums.evaluations for key, sums in sums_by_week(rows).items()}

    return counts_in(asked, by_week).whole()


def _by_practice(asked: Asked) -> dict[Key, int]:
    counts: dict[Key, int] = defaultdict(int)
    rows = but_red_flags(asked.override_reasons_by_practice)
    assured = [row for row in rows if row.reason_code == ASSURED]
    for row in sorted(assured, key=lambda row: row.organisation):
        counts[known(row.organisation),] += row.overrides
    return counts


FIRST_CONTACT_PAGE: Final = PageKind(
    slug="first-contact-practitioners",
    title="First contact",
    introduction="First Contact Practitioners: orders that the register exempts, and those who say that it lacks them.",
    open=opening,
    panels=(
        PanelKind(
            has_chart=True,
            name="exempt-firings",
            title="Exempt firings by week",
            build=exempt_firings,
            definitions=("fcp-exempt", "process-control"),
        ),
        PanelKind(
            name="register-worklist",
            title="The register's worklist",
            build=worklist,
            definitions=("fcp-overrides",),
        ),
    ),
    not_by=_NOT_BY,
)
