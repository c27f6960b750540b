"""One request for figures: what is asked, of which regions, and the card log's answers to it.

A page asks the log once for its own period and the one before it, and tells them apart here.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Protocol, TypeVar

from sqlalchemy import Engine

from cds_service.cardlog import reports
from cds_service.cardlog.report_rows import (
    CallCount,
    ClientCount,
    EpisodeState,
    Filters,
    OverrideReason,
    PlaceOverrideReason,
    PracticeCount,
    RedFlagCard,
    UnknownProcedure,
    WeeklyCount,
)
from cds_service.monitor.period import Period
from cds_service.monitor.selection import HOOKS, PLACES, Field, Selection
from cds_service.monitor.sources import Sources
from cds_service.monitor.sums import TOLD_OF_PLACES, OfOutcome
from cds_service.monitor.weeks import week_of
from cds_service.pathway.facts import Modality
from cds_service.pathway.outcomes import Outcome


class _Weekly(Protocol):
    @property
    def week(self) -> date:
        """Its Monday."""


_Row = TypeVar("_Row", bound=_Weekly)
_OfOutcome = TypeVar("_OfOutcome", bound=OfOutcome)
_Answer = TypeVar("_Answer")
_Made = TypeVar("_Made")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request; each answer of the log is kept for the panels that share it.

    Attributes:
        selection: what is asked, without what the page cannot be narrowed by.
        regions: what the reader may see of it.
        all_regions: what the reader may see at all.
        sources: what answers.
        today: the day in London.
        answers: what the log has answered, to this request and to those beside it.
    """

    selection: Selection
    regions: tuple[str, ...]
    all_regions: tuple[str, ...]
    sources: Sources
    today: date
    answers: dict[tuple[object, Filters], list[Any]] = dataclass_field(default_factory=dict, repr=False)

    def without(self, fields: Collection[Field]) -> "Asked":
        """The same, not narrowed by some fields, for a panel whose figures are not counted by them."""
        if not any(field in fields for field in self.selection.narrowed_by()):
            return self  # with the answers that it has
        regions = self.all_regions if Field.REGION in fields else self.regions
        return replace(self, selection=self.selection.without(fields), regions=regions)

    def once(self, make: Callable[["Asked"], _Made]) -> _Made:
        """What something costly makes of this request, made the first time and kept for the panels that share it."""
        if make not in self._made:
            self._made[make] = make(self)
        made: _Made = self._made[make]
        return made

    @cached_property
    def _made(self) -> dict[object, Any]:
        return {}

    @property
    def period(self) -> Period:
        """The page's own period."""
        return self.selection.period

    @property
    def versions(self) -> tuple[str, ...]:
        """The pathway versions in force at the end of the period, such as `nwl-1.2`."""
        begun = [pathway for pathway in self.sources.versions() if pathway.is_effective(self.period.last)]
        latest = {pathway.id: pathway for pathway in sorted(begun, key=lambda pathway: pathway.effective)}
        return tuple(f"{each.id}-{each.version}" for each in latest.values() if each.id in self.regions)

    @cached_property
    def first_day(self) -> date | None:
        """The first day on which the log has an order of these footprints, and of the EHR if one is chosen.

        Other filters leave it alone: a week without an order of some outcome is a week of 0 such orders.
        """
        return reports.first_day(self.sources.engine, Filters(regions=self.regions, client_id=self.selection.client))

    @cached_property
    def _days_due(self) -> list[date]:
        both = Filters(first=self.period.before.first, last=self.period.last)
        return self._answer(reports.days_due, both)

    @property
    def days_due(self) -> list[date]:
        """Days of the period whose figures are still being worked out.

        To be asked before the figures: what is worked out between the two answers is then told of in vain, and never
        kept quiet.

        Raises:
            CardLogStoreError: the database failed.
        """
        return [day for day in self._days_due if day >= self.period.first]

    @cached_property
    def weeks_to_come(self) -> frozenset[date]:
        """The Mondays of the period's weeks of which the log has nothing yet, in any footprint: a 0 would be no figure.

        A week of which something is there is not among them, though it may be too low: late feedback marks its days
        again and again. To be asked before the figures, like the days.

        Raises:
            CardLogStoreError: the database failed.
        """
        due = {week_of(day) for day in self.days_due}
        if not due:
            return frozenset()
        there = self._answer(reports.weekly_counts, Filters(first=self.period.first, last=self.period.last))
        return frozenset(due - {row.week for row in there})

    @property
    def days_before_due(self) -> list[date]:
        """The same of the period before."""
        return [day for day in self._days_due if day < self.period.first]

    @property
    def has_period_before(self) -> bool:
        """Whether there are figures of all of the period before; where not, nothing is compared with it.

        There are when the log reaches back over all of it, and none of its days is still being worked out.
        """
        begun = self.first_day
        return begun is not None and begun <= self.period.before.first and not self.days_before_due

    @cached_property
    def weekly(self) -> list[WeeklyCount]:
        """Counts by week, of the period and the one before."""
        return self._of_outcome(self._answer(reports.weekly_counts, self._filters(with_before=True)))

    @cached_property
    def by_client(self) -> list[ClientCount]:
        """Counts by EHR, of the period."""
        return self._of_outcome(self._answer(reports.client_counts, self._filters()))

    @cached_property
    def by_practice(self) -> list[PracticeCount]:
        """Counts by practice, of the period; for sums of footprints, as it has the red flags."""
        return self._practices(self._filters())

    @cached_property
    def told_by_practice(self) -> list[PracticeCount]:
        """Counts by practice, of the period and the outcomes that may be told of one."""
        return self._practices(replace(self._filters(), outcomes=TOLD_OF_PLACES))

    def _practices(self, filters: Filters) -> list[PracticeCount]:
        if filters.hook is not None or filters.modality is not None:
            self._ask_for_practices_around(filters)
        return self._of_outcome(self._answer(reports.practice_counts, filters))

    def _ask_for_practices_around(self, filters: Filters) -> None:
        """Have the log answer for each hook or modality beside the chosen one too, against which it will be held."""
        if (reports.practice_counts, filters) not in self.answers:
            found = reports.practice_counts_around(self.sources.engine, filters)
            for each in (self, *self.beside.get(Field.HOOK, ()), *self.beside.get(Field.MODALITY, ())):
                question = replace(filters, hook=each.selection.hook, modality=each.selection.modality)
                self.answers[reports.practice_counts, question] = found.get(question, [])

    @cached_property
    def override_reasons(self) -> list[OverrideReason]:
        """Override reasons, of the period."""
        return self._of_outcome(self._answer(reports.override_reasons, self._filters()))

    @cached_property
    def override_reasons_before(self) -> list[OverrideReason]:
        """Override reasons, of the period before."""
        return self._of_outcome(self._answer(reports.override_reasons, self._filters(self.period.before)))

    @cached_property
    def override_reasons_by_practice(self) -> list[PlaceOverrideReason]:
        """Override reasons by practice, of the period."""
        return self._of_outcome(self._answer(reports.override_reasons_by_practice, self._filters()))

    @cached_property
    def episodes(self) -> list[EpisodeState]:
        """What became of orders, of the windows that begin in the period.

        Not of those that ended before the first week of figures: retention keeps windows longer than weeks.
        """
        rows = self._of_outcome(self._answer(reports.episode_states, self._filters()))
        if self.first_day is None:
            return []
        begun = week_of(self.first_day) - timedelta(days=self.sources.window_days)
        return [row for row in rows if row.window_start > begun]

    @cached_property
    def calls(self) -> list[CallCount]:
        """Hook calls, of the period; a call has no region."""
        filters = replace(self._without_region(), hook=self.selection.hook)
        return reports.call_counts(self.sources.engine, filters)

    @cached_property
    def unknown_procedures(self) -> list[UnknownProcedure]:
        """Procedure codes that no list knows; they have no region."""
        return reports.unknown_procedures(self.sources.engine, self._without_region())

    @cached_property
    def red_flag_cards(self) -> list[RedFlagCard]:
        """Red-flag cards one by one, for those alone who may see them."""
        return reports.red_flag_cards(self.sources.engine, self.selection.filters(self.regions))

    @cached_property
    def beside(self) -> Mapping[Field, tuple["Asked", ...]]:
        """For each filter that narrows the figures, the same request for its other values.

        A reader can open them one after the other, and the one without the filter, which is their sum.

        Raises:
            CardLogStoreError: the database failed.
        """
        return {
            field: tuple(self._choosing(field, value) for value in sorted(self._choices(field)))
            for field in self.selection.narrowed_by()
            if field not in PLACES
        }

    def _choices(self, field: Field) -> set[str]:
        """The values of a filter besides the chosen one."""
        choices: dict[Field, Iterable[str]] = {
            Field.REGION: self.all_regions,
            Field.OUTCOME: [outcome.value for outcome in Outcome],
            Field.MODALITY: [modality.value for modality in Modality],
            Field.HOOK: HOOKS,
        }
        found = set(choices[field]) if field in choices else self._clients()
        return found - {getattr(self.selection, field)}

    def _clients(self) -> set[str]:
        both = Filters(first=self.period.before.first, last=self.period.last, regions=self.regions)
        return {row.client_id for row in self._answer(reports.client_counts, both)}

    def _choosing(self, field: Field, value: str) -> "Asked":
        return replace(
            self,
            selection=self.selection.choosing(field, value),
            regions=(value,) if field is Field.REGION else self.regions,
        )

    def _filters(self, period: Period | None = None, *, with_before: bool = False) -> Filters:
        """Of all outcomes: their rows are chosen here, so that those beside them are there too."""
        if with_before:
            period = Period(self.period.before.first, self.period.last)
        return replace(self.selection.filters(self.regions, period), outcomes=())

    def _of_outcome(self, rows: list[_OfOutcome]) -> list[_OfOutcome]:
        chosen = self.selection.outcome
        return rows if chosen is None else [row for row in rows if row.outcome == chosen]

    def _answer(self, report: Callable[[Engine, Filters], list[_Answer]], filters: Filters) -> list[_Answer]:
        """What the log answers, asked once."""
        if (report, filters) not in self.answers:
            self.answers[report, filters] = report(self.sources.engine, filters)
        return self.answers[report, filters]

    def _without_region(self) -> Filters:
        return Filters(first=self.period.first, last=self.period.last, client_id=self.selection.client)


def within(rows: Iterable[_Row], period: Period) -> list[_Row]:
    """The rows whose week is of a period."""
    return [row for row in rows if period.first <= row.week <= period.last]


def weeks_logged(asked: Asked) -> list[date]:
    """The weeks of the period that may be shown one by one, from the first that the log has whole.

    Before its first day nothing was counted, and a week that is still to be worked out is not there: neither is 0.

    Raises:
        CardLogStoreError: the database failed.
    """
    begun, to_come = asked.first_day, asked.weeks_to_come
    if begun is None:
        return []
    return [monday for monday in asked.period.mondays() if monday >= begun and monday not in to_come]
