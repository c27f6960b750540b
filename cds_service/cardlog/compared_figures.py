"""Which tables of figures must agree with each other: the smaller ones with those that they are added up from."""

from typing import Any, Final, NamedTuple

from sqlalchemy import Column, ColumnElement, Select, Table, func, literal, select

from cds_service.cardlog.rollup_schema import (
    CHOICES,
    EVERY,
    daily_call_count,
    weekly_choice_count,
    weekly_count,
    weekly_override_count,
    weekly_practice_count,
    weekly_practice_outcome_count,
    weekly_reason_choice_count,
    weekly_reason_count,
    weekly_red_flag_count,
)
from cds_service.cardlog.schema import call_count, evaluation
from cds_service.cardlog.table_days import day_of
from cds_service.pathway.outcomes import RED_FLAGS


class SumsOfTwo(NamedTuple):
    """What is compared of two tables of figures.

    Attributes:
        check: what it is called.
        larger: the name of the larger table.
        of_larger: its sums by day or week.
        of_smaller: those of the smaller one.
    """

    check: str
    larger: str
    of_larger: Select[Any]
    of_smaller: Select[Any]


def per_day(name: str, day: "Column[Any]", count: ColumnElement[Any]) -> Select[Any]:
    """A named sum of each day, so that several can be asked for at once."""
    return select(literal(name), day, count).group_by(day)


def _first_counts(check: str, larger: Table, smaller: Table) -> SumsOfTwo:
    """The first count of a table and of another that is added up from it."""
    of_smaller = per_day("smaller", *_day_and_sum(smaller)).where(
        *(smaller.c[name] == EVERY for name in CHOICES.get(smaller.name, ()))
    )
    return SumsOfTwo(check, larger.name, per_day("larger", *_day_and_sum(larger)), of_smaller)


def _day_and_sum(table: Table) -> tuple["Column[Any]", ColumnElement[Any]]:
    """The table's day, and the sum of its first count."""
    count = next(column for column in table.columns if not column.primary_key)
    return day_of(table), func.sum(count)


def _red_flags(check: str, count: "Column[int]", *of_list: ColumnElement[bool]) -> SumsOfTwo:
    """A count of practices, and those cards of the red-flag list that it speaks of.

    A week that began before the first event is left alone: days of it were deleted, perhaps before there was a list.
    """
    practices, listed = weekly_practice_count, weekly_red_flag_count
    begun = select(func.min(evaluation.c.occurred_on)).scalar_subquery()
    is_red_flag = practices.c.outcome.in_([outcome.value for outcome in RED_FLAGS])
    return SumsOfTwo(
        check,
        practices.name,
        per_day("larger", practices.c.week, func.sum(count)).where(practices.c.week >= begun, is_red_flag),
        per_day("smaller", listed.c.week, func.sum(listed.c.cards)).where(listed.c.week >= begun, *of_list),
    )


ADDED_UP: Final = (
    _first_counts("weeks, by choice", weekly_count, weekly_choice_count),
    _first_counts("practices, by outcome", weekly_practice_count, weekly_practice_outcome_count),
    _first_counts("reasons, without places", weekly_override_count, weekly_reason_count),
    _first_counts("reasons, by choice", weekly_reason_count, weekly_reason_choice_count),
    _red_flags("red flags", weekly_practice_count.c.cards),
    _red_flags("red flags, accepted", weekly_practice_count.c.accepted, weekly_red_flag_count.c.answer == "accepted"),
    _red_flags(
        "red flags, overridden", weekly_practice_count.c.overridden, weekly_red_flag_count.c.answer == "overridden"
    ),
    _first_counts("calls, by day", call_count, daily_call_count),
)
"""What is compared, in the order in which it is told."""
