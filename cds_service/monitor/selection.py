"""What a page is asked to show, read strictly from the query of its URL, and written back into every link.

A value that cannot be meant is an error beside its field, never ignored: a figure that left out a filter would be
taken for another one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import urlencode

from cds_service.cardlog.forms import token
from cds_service.cardlog.report_rows import Filters
from cds_service.monitor.period import MOST_WEEKS, USUAL_WEEKS, Period, block_of, last_complete_sunday
from cds_service.pathway.facts import OUTSIDE, UNRESOLVED, Modality
from cds_service.pathway.outcomes import Outcome

HOOKS: Final = ("order-select", "order-sign")
PRESETS: Final = (4, 16, USUAL_WEEKS, 52, 104)
"""The latest weeks that can be asked for. Were any number, two of them would tell the week by which they differ.

They are even, so that neither two of them nor one and whole blocks of four weeks differ by a single week.
"""

_LONGEST_PLACE: Final = 80
_LONGEST_CLIENT: Final = 64


class Field(StrEnum):
    """A parameter of a page's URL."""

    REGION = "region"
    WEEKS = "weeks"
    FROM = "from"
    TO = "to"
    OUTCOME = "outcome"
    MODALITY = "modality"
    HOOK = "hook"
    CLIENT = "client"
    BOROUGH = "borough"
    PCN = "pcn"


NARROWING: Final = (Field.REGION, Field.OUTCOME, Field.MODALITY, Field.HOOK, Field.CLIENT, Field.BOROUGH, Field.PCN)
"""The fields that narrow figures, besides the period."""

PLACES: Final = frozenset({Field.BOROUGH, Field.PCN})


class Problem(NamedTuple):
    """What is wrong with a query, and how to mend it.

    Attributes:
        field: the parameter, to which the page's error summary leads.
        message: for a person.
    """

    field: str
    message: str


class SelectionError(Exception):
    """A query that cannot be meant.

    Attributes:
        problems: each with its field.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{field}: {message}" for field, message in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which figures a page shows. What is None is not narrowed.

    Attributes:
        period: the complete weeks.
        weeks: the preset that the period comes from, which moves on each Monday; None when it was given by dates.
        region: a pathway's id, or `other` / `unresolved`; None for all that the reader may see.
        outcome: what the rules answered.
        modality: how the body is imaged.
        hook: `order-select` or `order-sign`.
        client: the configured id of an EHR.
        borough: a place to look into.
        pcn: a network to look into.
    """

    period: Period
    weeks: int | None = USUAL_WEEKS
    region: str | None = None
    outcome: str | None = None
    modality: str | None = None
    hook: str | None = None
    client: str | None = None
    borough: str | None = None
    pcn: str | None = None

    def without(self, fields: Iterable[Field]) -> "Selection":
        """The same, not narrowed by some fields."""
        kept = {field.value: getattr(self, field.value) for field in NARROWING if field not in set(fields)}
        return Selection(period=self.period, weeks=self.weeks, **kept)

    def choosing(self, field: Field, value: str) -> "Selection":
        """The same, narrowed by a field to a value."""
        narrowed = {each.value: getattr(self, each.value) for each in NARROWING}
        return Selection(period=self.period, weeks=self.weeks, **{**narrowed, field.value: value})

    def narrowed_by(self) -> tuple[Field, ...]:
        """The fields besides the period that leave something out."""
        return tuple(field for field in NARROWING if getattr(self, field.value) is not None)

    def query(self, **changes: str | None) -> str:
        """The query of a link, with its question mark, or an empty text; what is usual is left out.

        Args:
            changes: fields that the link sets, or with None takes away.
        """
        return _written({**self._stated(), **changes})

    def stated(self) -> dict[str, str]:
        """The fields as a form shows them."""
        return self._stated()

    def check_places(self) -> None:
        """Go on only where a borough stands with its footprint, and a network with its borough.

        By itself a place narrows nothing, and the figures of all would be named after it.

        Raises:
            SelectionError: it does not.
        """
        problems = [
            Problem(field, f"Stands without its {words}. Choose the {words} too, or take it away.")
            for field, above, words in (
                (Field.BOROUGH, Field.REGION, "footprint"),
                (Field.PCN, Field.BOROUGH, "borough"),
            )
            if field in self.narrowed_by() and above not in self.narrowed_by()
        ]
        if problems:
            raise SelectionError(problems)

    def filters(self, regions: Sequence[str], period: Period | None = None) -> Filters:
        """What the card log is asked, but for borough and PCN, which are looked into after.

        Args:
            regions: those that the reader may see, when none is chosen.
            period: another period than its own, for comparison.
        """
        period = period or self.period
        return Filters(
            first=period.first,
            last=period.last,
            regions=(self.region,) if self.region is not None else tuple(regions),
            outcomes=() if self.outcome is None else (self.outcome,),
            modality=self.modality,
            hook=self.hook,
            client_id=self.client,
        )

    def _stated(self) -> dict[str, str]:
        stated = {field.value: str(getattr(self, field.value)) for field in self.narrowed_by()}
        if self.weeks is None:
            return {**stated, "from": self.period.first.isoformat(), "to": self.period.last.isoformat()}
        return stated if self.weeks == USUAL_WEEKS else {**stated, "weeks": str(self.weeks)}


def read_selection(query: Iterable[tuple[str, str]], regions: Iterable[str], today: date) -> Selection:
    """Read a page's query.

    Args:
        query: its parameters in order; an empty one, as a form sends it, asks for nothing.
        regions: ids of the loaded pathways.
        today: the day in London.

    Raises:
        SelectionError: a parameter is unknown, stands there twice, or has a value that cannot be meant.
    """
    given = [(name, value.strip()) for name, value in query if value.strip()]
    problems = [*_unknown(given), *_repeated(given)]
    stated = {name: value for name, value in given if name in set(Field)}
    period, weeks = _read_period(stated, today, problems)
    _check_choices(stated, regions, problems)
    _check_places(stated, problems)
    if problems or period is None:
        raise SelectionError(problems)
    return Selection(period=period, weeks=weeks, **{field.value: stated.get(field) for field in NARROWING})


def _written(stated: dict[str, str | None]) -> str:
    pairs = [(field.value, value) for field in Field if (value := stated.get(field.value)) is not None]
    return f"?{urlencode(pairs)}" if pairs else ""


def _unknown(given: Sequence[tuple[str, str]]) -> list[Problem]:
    known = set(Field)
    return [
        Problem(Field.REGION, "The address has a parameter that these pages do not know. Take it away.")
        for name in dict.fromkeys(name for name, _ in given)
        if name not in known
    ][:1]


def _repeated(given: Sequence[tuple[str, str]]) -> list[Problem]:
    counts = Counter(name for name, _ in given if name in set(Field))
    return [Problem(name, "Stands in the address twice. Choose one.") for name, count in counts.items() if count > 1]


def _read_period(stated: dict[str, str], today: date, problems: list[Problem]) -> tuple[Period | None, int | None]:
    bounds = [_read_day(stated, field, problems) for field in (Field.FROM, Field.TO)]
    if Field.FROM not in stated and Field.TO not in stated:
        weeks = _read_weeks(stated, problems)
        return (Period.latest(weeks, today), weeks) if weeks is not None else (None, None)
    if Field.WEEKS in stated:
        # The form always sends its preset; two dates say more than it.
        _read_weeks(stated, problems)
    first, last = bounds
    if first is None or last is None:
        if not any(problem.field in {Field.FROM, Field.TO} for problem in problems):
            absent = Field.FROM if first is None else Field.TO
            problems.append(Problem(absent, "Give both a first and a last day, or neither."))
        return None, None
    return _between(first, last, today, problems), None


def _between(first: date, last: date, today: date, problems: list[Problem]) -> Period | None:
    if last < first:
        problems.append(Problem(Field.TO, "The last day is before the first. Exchange them."))
        return None
    period = Period.within(first, last, today)
    if period is None:
        problems.append(
            Problem(
                Field.FROM,
                "No whole block of four weeks, and over, lies between these days. The latest such block began on "
                f"{block_of(last_complete_sunday(today) + timedelta(days=1)) - timedelta(weeks=4)}.",
            )
        )
    elif period.weeks > MOST_WEEKS:
        problems.append(
            Problem(Field.FROM, f"Longer than {MOST_WEEKS} weeks, which the log does not keep. Shorten it.")
        )
        return None
    return period


def _read_day(stated: dict[str, str], field: Field, problems: list[Problem]) -> date | None:
    value = stated.get(field)
    if value is None:
        return None
    day: date | None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:  # Python reads further forms, of weeks and without hyphens
        problems.append(Problem(field, "Is no day. Write it as 2026-11-02."))
        return None
    if not date(2000, 1, 1) <= day <= date(2100, 1, 1):
        problems.append(Problem(field, "Is not a day of this century. Check the year."))
        return None
    return day


def _read_weeks(stated: dict[str, str], problems: list[Problem]) -> int | None:
    value = stated.get(Field.WEEKS, str(USUAL_WEEKS))
    weeks = {str(preset): preset for preset in PRESETS}.get(value)
    if weeks is None:
        problems.append(Problem(Field.WEEKS, f"Is none of the choices. Choose one of {', '.join(map(str, PRESETS))}."))
    return weeks


def _check_choices(stated: dict[str, str], regions: Iterable[str], problems: list[Problem]) -> None:
    choices: dict[Field, list[str]] = {
        Field.REGION: [*regions, OUTSIDE, UNRESOLVED],
        Field.OUTCOME: [outcome.value for outcome in Outcome],
        Field.MODALITY: [modality.value for modality in Modality],
        Field.HOOK: list(HOOKS),
    }
    problems.extend(
        Problem(field, f"Is none of the choices. Choose one of {', '.join(known)}.")
        for field, known in choices.items()
        if field in stated and stated[field] not in known
    )


def _check_places(stated: dict[str, str], problems: list[Problem]) -> None:
    client = stated.get(Field.CLIENT)
    if client is not None and (len(client) > _LONGEST_CLIENT or token(client) != client):
        problems.append(Problem(Field.CLIENT, "Is no id of an EHR. Choose one of the list."))
    problems.extend(
        Problem(field, f"Is longer than {_LONGEST_PLACE} characters. Follow the link of the place.")
        for field in (Field.BOROUGH, Field.PCN)
        if len(stated.get(field, "")) > _LONGEST_PLACE
    )
