"""Cards about cauda equina syndrome, cord compression, cancer, sarcoma and oncology: shown, and then?"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from cds_service.monitor import headings
from cds_service.monitor.asked import Asked, weeks_logged, within
from cds_service.monitor.charting import stacked
from cds_service.monitor.findings_in_words import (
    amount,
    before_note,
    for_choice,
    looked_at,
    not_looked_at,
    of,
    of_one_critical,
    unanswered_critical,
)
from cds_service.monitor.period import block_of, whole_blocks
from cds_service.monitor.standard_tables import answers_in, answers_over_time, answers_table
from cds_service.monitor.sums import (
    ACCEPTED,
    CRITICAL,
    NOT_ANSWERED,
    OVERRIDDEN,
    Sums,
    grouped,
    of_outcomes,
)
from cds_service.monitor.tables import ALL, Disclosed, FigureTable, Key
from cds_service.monitor.view import NOT_BY_PLACE, Kpi, Opening, PageKind, Panel, PanelKind
from cds_service.monitor.words import outcome_words, sentence_case
from cds_service.pages.words import day_in_words
from cds_service.pathway.outcomes import RED_FLAGS, Outcome

_SHARES: Final = (headings.ACCEPTED_SHARE, headings.OVERRIDDEN_SHARE, headings.NOT_ANSWERED_SHARE)
_NO_CARD: Final = "No red-flag card was shown"
_WHY_NONE: Final = (
    "Red flags are rare. Whether reasons reach the service as codes can be seen on the page of data quality: an order "
    "without a coded reason cannot earn such a card."
)
_BLOCKS: Final = "Blocks of four weeks begin on the same Mondays whatever is asked"


def opening(asked: Asked) -> Opening:
    """Whether critical cards go unanswered."""
    now, before = _by_outcome(asked), _by_outcome(asked, before=True)
    if now.whole().rounded == 0:
        finding, sentence = _nothing(asked)
        return Opening(finding=f"{finding}. {sentence}")
    critical = _by_outcome(asked, CRITICAL)
    unanswered = unanswered_critical(asked, critical.whole(), critical.share(ALL, NOT_ANSWERED))
    finding = (
        f"{sentence_case(amount(now.whole(), 'red-flag card'))} were shown. {unanswered} A card that is not answered "
        "was ignored, acted on without a click, or shown by an EHR that sends no feedback; the table by EHR helps to "
        "tell."
    )
    shares = (
        ("Accepted", ACCEPTED, "accepted"),
        ("Overridden", OVERRIDDEN, "overridden"),
        ("Not answered", NOT_ANSWERED, "not-answered"),
    )
    return Opening(
        finding=finding,
        kpis=(
            Kpi("Red-flag cards shown", now.whole(), "red-flag-cards", before_note(asked, before.whole())),
            *(
                (Kpi(f"Critical cards shown{of_one_critical(asked)}", critical.whole(), "critical-cards"),)
                if looked_at(asked, CRITICAL)
                else ()
            ),
            *(
                Kpi(label, now.share(ALL, kind), name, before_note(asked, before.share(ALL, kind)))
                for label, kind, name in shares
            ),
        ),
    )


def by_outcome(asked: Asked) -> Panel:
    """What became of each kind of red-flag card."""
    answers = _by_outcome(asked)
    table = answers_table(
        "Red-flag cards by outcome", (headings.OUTCOME,), answers, lambda key: (outcome_words(str(key[0])),), _SHARES
    )
    return _panel(asked, answers, table, lambda key: outcome_words(str(key[0])))


def by_client(asked: Asked) -> Panel:
    """Which EHR's red-flag cards go unanswered."""
    answers = answers_in(asked, _of_clients)
    table = answers_table(
        "Red-flag cards by EHR", (headings.CLIENT,), answers, lambda key: (key[0],), _SHARES, total="All EHRs"
    )
    return _panel(asked, answers, table, lambda key: str(key[0]))


def over_time(asked: Asked) -> Panel:
    """Red-flag cards by four weeks, since those of a week are too few to show."""
    starts = whole_blocks(weeks_logged(asked))
    answers = answers_over_time(asked, lambda each: _of_blocks(each, starts))
    table = answers_table(
        "Red-flag cards by four weeks", (headings.FOUR_WEEKS,), answers, lambda key: (key[0],), _SHARES
    )
    if not starts:
        return Panel(
            finding="No whole block of four weeks to show",
            sentence=f"{_BLOCKS}, and none lies whole in this period, or since the log began. Choose a longer period.",
            table=table,
        )
    if answers.whole().rounded == 0:
        finding, sentence = _nothing(asked)
        if not looked_at(asked, RED_FLAGS):
            return Panel(finding=finding, sentence=sentence, table=replace(table, rows=()))
        return Panel(
            finding=f"{finding} in the blocks of four weeks below",
            sentence=f"Weeks of the period that belong to no whole block are not among them. {sentence}",
            table=table,
        )
    first, last = starts[0], starts[-1]
    return Panel(
        finding=f"{sentence_case(amount(answers.whole((last,)), 'red-flag card'))} in the four weeks from "
        f"{day_in_words(last)}",
        sentence=(
            f"Not answered: {of(answers.share((last,), NOT_ANSWERED))}; in the first four weeks shown, "
            f"{of(answers.share((first,), NOT_ANSWERED))}."
        ),
        table=table,
        draw=lambda: stacked(table, headings.SHOWN, headings.ANSWERS),
        note=f"{_BLOCKS}. Weeks of the period that belong to no whole block are not shown here.",
    )


def _nothing(asked: Asked) -> tuple[str, str]:
    """Finding and sentence where there is no card: none was shown, or a choice leaves them out."""
    if not looked_at(asked, RED_FLAGS):
        return not_looked_at("Red-flag cards"), "Take the choice of an outcome away to see them."
    of_one = "" if asked.selection.outcome is None else " Outcomes besides the one that is chosen are not looked at."
    return f"{_NO_CARD}{for_choice(asked)}", f"{_WHY_NONE}{of_one}"


def _panel(asked: Asked, answers: Disclosed, table: FigureTable, name: Callable[[Key], str]) -> Panel:
    if answers.whole().rounded == 0:
        finding, sentence = _nothing(asked)
        return Panel(finding=finding, sentence=sentence, table=table)
    worst = _most_unanswered(answers)
    if worst is None:
        finding = "No share of unanswered cards can be shown"
        sentence = "Every count of unanswered cards is 0 or masked."
    else:
        of_those = ", of those that can be shown" if _is_any_share_masked(answers) else ""
        finding = f"Not answered most often{of_those}: {name(worst)}"
        sentence = f"Not answered: {of(answers.share(worst, NOT_ANSWERED))}."
    return Panel(
        finding=finding,
        sentence=sentence,
        table=table,
        draw=lambda: stacked(table, headings.SHOWN, headings.ANSWERS),
    )


def _most_unanswered(answers: Disclosed) -> Key | None:
    shares = [(answers.share(key, NOT_ANSWERED).percent, key) for key in answers.below()]
    shown = [(percent, key) for percent, key in shares if percent]
    return max(shown, key=lambda each: each[0])[1] if shown else None


def _is_any_share_masked(answers: Disclosed) -> bool:
    shares = [answers.share(key, NOT_ANSWERED) for key in answers.below()]
    return any(share.percent is None and share.denominator.rounded != 0 for share in shares)


def _by_outcome(asked: Asked, outcomes: Sequence[Outcome] = RED_FLAGS, *, before: bool = False) -> Disclosed:
    period = asked.period.before if before else asked.period

    def sums(each: Asked) -> dict[Key, Sums]:
        found = grouped(of_outcomes(within(each.weekly, period), outcomes), lambda row: row.outcome)
        return {(outcome,): found[outcome] for outcome in outcomes if outcome in found}

    return answers_in(asked, sums)


def _of_clients(asked: Asked) -> dict[Key, Sums]:
    sums = grouped(of_outcomes(asked.by_client, RED_FLAGS), lambda row: row.client_id)
    return {(client,): each for client, each in sums.items()}


def _of_blocks(asked: Asked, starts: Sequence[date]) -> dict[Key, Sums]:
    sums = grouped(of_outcomes(asked.weekly, RED_FLAGS), lambda row: block_of(row.week))
    return {(start,): sums.get(start, Sums()) for start in starts}


RED_FLAG_PAGE: Final = PageKind(
    slug="red-flags",
    title="Red flags",
    introduction="Cards about CES, MSCC, suspected cancer, sarcoma and patients under oncology: shown, and then?",
    open=opening,
    panels=(
        PanelKind(
            has_chart=True,
            name="by-outcome",
            title="Red-flag cards by outcome",
            build=by_outcome,
            definitions=("red-flag-cards", "not-answered"),
        ),
        PanelKind(
            has_chart=True,
            name="by-ehr",
            title="Red-flag cards by EHR",
            build=by_client,
            definitions=("red-flag-cards", "not-answered"),
        ),
        PanelKind(
            has_chart=True,
            name="over-time",
            title="Red-flag cards over time",
            build=over_time,
            definitions=("red-flag-cards", "not-answered"),
        ),
    ),
    not_by=NOT_BY_PLACE,
)
