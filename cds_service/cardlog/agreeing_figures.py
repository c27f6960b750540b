"""Which figures must agree, count by count: by period, region and outcome, so that a wrong one is found where it is.

Each table is held against the one that it is made from. The events are read once, by day; all else is added up from
figures, so that this takes seconds where events are counted by the million.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Engine, Select, Table, case, func, literal, select, union_all

from cds_service.cardlog.counting import MISSING, one_if
from cds_service.cardlog.databases import transaction
from cds_service.cardlog.partitions import month_of
from cds_service.cardlog.rollup_schema import (
    CHOICES,
    daily_call_count,
    daily_count,
    episode_count,
    episode_state_count,
    monthly_count,
    weekly_choice_count,
    weekly_count,
    weekly_override_count,
    weekly_practice_count,
    weekly_practice_outcome_count,
    weekly_reason_choice_count,
    weekly_reason_count,
    weekly_red_flag_count,
)
from cds_service.cardlog.rollups import week_of
from cds_service.cardlog.schema import call_count, card, evaluation, feedback, rollup_due
from cds_service.cardlog.table_days import day_of
from cds_service.pathway.outcomes import RED_FLAGS

_ANYWHERE: Final = literal("").label("region")

_Key = tuple[date, str, str]
_Sums = dict[_Key, list[int]]


class Agreement(NamedTuple):
    """What must agree.

    Attributes:
        check: what is looked at, in a few words.
        made_from: the table that the other one is made from.
        counts: what is compared, by name.
        larger: the sums of that table: day, region, outcome (empty where they are not told apart) and the counts.
        smaller: the same of the table that is made from it.
        period_of: the period to which a day of the larger one belongs.
        times: how often the smaller one counts the same: a table of choices once for each.
    """

    check: str
    made_from: Table
    counts: tuple[str, ...]
    larger: Select[Any]
    smaller: Select[Any]
    period_of: Callable[[date], date]
    times: int = 1


def disagreements(engine: Engine) -> Iterator[tuple[Agreement, list[str]]]:
    """Hold each table against the one that it is made from, one statement for each.

    What begins before the first month of which nothing was deleted is left out.

    Args:
        engine: to the card log's database.

    Yields:
        What was compared, and where it differs.

    Raises:
        CardLogStoreError: the database failed.
    """
    since = _kept_since(engine)
    for agreement in AGREEMENTS:
        width = len(agreement.counts)
        nothing = [literal(0)] * width
        due = select(literal("due"), rollup_due.c.day, literal(""), literal(""), *nothing).distinct()
        sides = (_named("larger", agreement.larger), _named("smaller", agreement.smaller))
        with transaction(engine) as connection:
            rows = connection.execute(union_all(due, *sides)).all()
        # A period of which a day is due may be between two steps of being worked out.
        left_out = {period for name, day, *_ in rows if name == "due" for period in (day, week_of(day), month_of(day))}
        sums: dict[str, _Sums] = {"larger": {}, "smaller": {}}
        for name, day, region, outcome, *counts in rows:
            if name == "due" or since is None:
                continue
            period = agreement.period_of(day) if name == "larger" else day
            if period >= since and period not in left_out:
                of_key = sums[name].setdefault((period, region, outcome), [0] * width)
                for place, count in enumerate(counts):
                    of_key[place] += int(count) * (agreement.times if name == "larger" else 1)
        yield agreement, _differing(agreement, sums)


def whole_since(stored: Mapping[date, int], monthly: Mapping[date, int]) -> date | None:
    """The first month of which nothing was deleted; None without events.

    Purging takes events, days and weeks of a month away and leaves its monthly figures. An event that comes after that
    is alone in its month.

    Args:
        stored: evaluations by month, so far as there are any.
        monthly: the same by the monthly figures.
    """
    months = sorted(stored)
    whole = [month for month in months if stored[month] >= monthly.get(month, 0)]
    return next(iter(whole or months), None)


def _kept_since(engine: Engine) -> date | None:
    days = select(literal("stored"), daily_count.c.day, func.sum(daily_count.c.evaluations)).group_by(daily_count.c.day)
    months = select(literal("monthly"), monthly_count.c.month, func.sum(monthly_count.c.evaluations)).group_by(
        monthly_count.c.month
    )
    sums: dict[str, Counter[date]] = {"stored": Counter(), "monthly": Counter()}
    with transaction(engine) as connection:
        for name, day, evaluations in connection.execute(union_all(days, months)):
            sums[name][month_of(day)] += int(evaluations)
    return whole_since(sums["stored"], sums["monthly"])


def _named(name: str, side: Select[Any]) -> Select[Any]:
    inner = side.subquery()
    return select(literal(name), *inner.c)


def _differing(agreement: Agreement, sums: dict[str, _Sums]) -> list[str]:
    nothing = [0] * len(agreement.counts)
    found = []
    for key in sorted(sums["larger"].keys() | sums["smaller"].keys()):
        larger, smaller = sums["larger"].get(key, nothing), sums["smaller"].get(key, nothing)
        for name, one, other in zip(agreement.counts, larger, smaller, strict=True):
            if one != other:
                where = ", ".join(filter(None, (str(key[0]), *key[1:], name)))
                stored = f"{one // agreement.times} in {agreement.made_from.name}"
                found.append(f"{where} ({stored}, {other / agreement.times:.12g} here)")
    return found


def _same_period(day: date) -> date:
    return day


def _sums_of(table: Table, counts: Mapping[str, "ColumnElement[Any]"]) -> Select[Any]:
    """Counts of a table of figures by its day, region and outcome."""
    keys = (day_of(table), table.c.region, table.c.outcome)
    return select(*keys, *(func.sum(count).label(name) for name, count in counts.items())).group_by(*keys)


def _same_counts(
    check: str, larger: Table, smaller: Table, period_of: Callable[[date], date] = _same_period
) -> Agreement:
    """All counts that two tables share."""
    names = [column.name for column in smaller.columns if not column.primary_key]
    return Agreement(
        check,
        larger,
        tuple(names),
        _sums_of(larger, {name: larger.c[name] for name in names}),
        _sums_of(smaller, {name: smaller.c[name] for name in names}),
        period_of,
        2 ** len(CHOICES.get(smaller.name, ())),
    )


def _calls_of(table: Table) -> Select[Any]:
    """Calls by day; they have no region and no outcome."""
    keys: tuple[ColumnElement[Any], ...] = (day_of(table), _ANYWHERE, literal("").label("outcome"))
    return select(*keys, func.sum(table.c.calls)).group_by(day_of(table))


def _answered(answer: str) -> ColumnElement[int]:
    """The cards of the red-flag list with one answer."""
    return case((weekly_red_flag_count.c.answer == answer, weekly_red_flag_count.c.cards), else_=0)


_ORDERS: Final = {"evaluations": literal(1), **{name: one_if(missing) for name, missing in MISSING.items()}}
_OF_ORDERS: Final = (evaluation.c.occurred_on, evaluation.c.region, evaluation.c.outcome)
_OF_CARDS: Final = ("cards", "accepted", "overridden")
# Each card with feedback is either accepted or overridden by its last: to know how many there are needs no order. They
# are joined as a whole: looked for card by card, in each month of feedback, PostgreSQL was not done in half an hour.
_ANSWERED: Final = select(feedback.c.card_id).distinct().subquery()

AGREEMENTS: Final = (
    Agreement(
        "orders",
        evaluation,
        tuple(_ORDERS),
        select(*_OF_ORDERS, *(func.sum(count).label(name) for name, count in _ORDERS.items())).group_by(*_OF_ORDERS),
        _sums_of(daily_count, {name: daily_count.c[name] for name in _ORDERS}),
        _same_period,
    ),
    Agreement(
        "cards and answers",
        card,
        ("cards", "accepted or overridden"),
        select(card.c.occurred_on, _ANYWHERE, card.c.outcome, func.count(), func.count(_ANSWERED.c.card_id))
        .join_from(card, _ANSWERED, _ANSWERED.c.card_id == card.c.card_id, isouter=True)
        .group_by(card.c.occurred_on, card.c.outcome),
        select(
            daily_count.c.day,
            _ANYWHERE,
            daily_count.c.outcome,
            func.sum(daily_count.c.cards),
            func.sum(daily_count.c.accepted + daily_count.c.overridden),
        ).group_by(daily_count.c.day, daily_count.c.outcome),
        _same_period,
    ),
    _same_counts("weeks", daily_count, weekly_count, week_of),
    _same_counts("months", daily_count, monthly_count, month_of),
    _same_counts("weeks, by each choice", weekly_count, weekly_choice_count),
    _same_counts("practices", weekly_count, weekly_practice_count),
    _same_counts("practices, by each outcome", weekly_practice_count, weekly_practice_outcome_count),
    Agreement(
        "reasons",
        weekly_count,
        ("overrides",),
        _sums_of(weekly_count, {"overrides": weekly_count.c.overridden}),
        _sums_of(weekly_override_count, {"overrides": weekly_override_count.c.overrides}),
        _same_period,
    ),
    _same_counts("reasons, by region", weekly_override_count, weekly_reason_count),
    _same_counts("reasons, by each choice", weekly_reason_count, weekly_reason_choice_count),
    Agreement(
        "red flags",
        weekly_practice_count,
        _OF_CARDS,
        _sums_of(weekly_practice_count, {name: weekly_practice_count.c[name] for name in _OF_CARDS}).where(
            weekly_practice_count.c.outcome.in_([outcome.value for outcome in RED_FLAGS])
        ),
        _sums_of(
            weekly_red_flag_count,
            {
                "cards": weekly_red_flag_count.c.cards,
                "accepted": _answered("accepted"),
                "overridden": _answered("overridden"),
            },
        ),
        _same_period,
    ),
    _same_counts("states of episodes", episode_count, episode_state_count),
    Agreement("calls", call_count, ("calls",), _calls_of(call_count), _calls_of(daily_call_count), _same_period),
)
"""What is compared, in the order in which it is told."""
