"""Verification: whether the card log is whole. Its schema, its figures beside its events, its links, its spool.

Each check is one statement, so that a service that writes meanwhile does not look like a fault.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Engine,
    Executable,
    Select,
    Table,
    and_,
    exists,
    func,
    inspect,
    literal,
    select,
    union_all,
)

from cds_service.cardlog.agreeing_figures import disagreements, whole_since
from cds_service.cardlog.data_dictionary import data_dictionary
from cds_service.cardlog.databases import transaction
from cds_service.cardlog.migrating import HEAD, REVISIONS, NewerSchemaError, SchemaError, current_revision
from cds_service.cardlog.mode_of_log import DEMO
from cds_service.cardlog.partitions import month_of
from cds_service.cardlog.rollup_schema import daily_count, monthly_count
from cds_service.cardlog.schema import card, episode_key, evaluation, feedback, rollup_due, suggestion
from cds_service.cardlog.spool import SpoolError, SpoolFile, waiting_in

_MOST_NAMED: Final = 5
_LINKS_MEND: Final = "run a purge that broke off again; else events were lost, and a backup may have them"
_FIGURES_MEND: Final = "run a purge that broke off again; else the figures must be worked out anew"


class Level(StrEnum):
    """What a finding means for the one who reads it."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


class Finding(NamedTuple):
    """What one check found.

    Attributes:
        level: whether something must be done.
        check: what was looked at, in a few words.
        said: what was found, and the mend where one is needed.
    """

    level: Level
    check: str
    said: str


def verify(engine: Engine, database_url: str, spool: Path | None) -> Iterator[Finding]:
    """Look at everything, one check after the other.

    Args:
        engine: to the card log's database.
        database_url: of the same database.
        spool: the folder where events wait for an absent database; None when it is elsewhere.

    Raises:
        CardLogStoreError: the database failed.
    """
    schema_findings = [_revision(database_url), _columns(engine)]
    yield from schema_findings
    if any(finding.level == Level.PROBLEM for finding in schema_findings):
        yield Finding(Level.NOTE, "figures, links", "not looked at, because the tables are not as they should be")
    else:
        yield from _figures(engine)
        yield from _agreeing(engine)
        yield from _orphans(engine)
        yield _modes(engine)
    yield from _spools(spool)


def _revision(database_url: str) -> Finding:
    check = "schema revision"
    try:
        revision = current_revision(database_url)
    except SchemaError as error:
        return Finding(Level.PROBLEM, check, str(error))
    if revision == HEAD:
        return Finding(Level.OK, check, HEAD)
    if revision is not None and revision not in REVISIONS:
        return Finding(Level.PROBLEM, check, str(NewerSchemaError(revision)))
    at = "the database has no tables" if revision is None else f"the database is at {revision}"
    return Finding(Level.PROBLEM, check, f"{at}, this version works with {HEAD}; run cds-service log migrate")


def _columns(engine: Engine) -> Finding:
    """Tables of others in the same database, such as the tokens that the service has seen, are none of ours."""
    with transaction(engine) as connection:
        inspector = inspect(connection)
        stored = {
            table: {column["name"] for column in inspector.get_columns(table)} if inspector.has_table(table) else set()
            for table in data_dictionary()
        }
    wrong = []
    for table, fields in data_dictionary().items():
        expected = {field.field for field in fields}
        wrong += [f"{table}.{column} is missing" for column in sorted(expected - stored[table])]
        wrong += [f"{table}.{column} is not in the data dictionary" for column in sorted(stored[table] - expected)]
    right = f"{len(stored)} tables as the data dictionary says"
    return _finding("columns", wrong, right, "restore a backup, or take out what was added")


def _modes(engine: Engine) -> Finding:
    """A deployment's events or a demo's; no figure tells them apart."""
    check = "whose evaluations"
    with transaction(engine) as connection:
        counts: dict[str, int] = {row.mode: row[1] for row in connection.execute(_MODES)}
    if DEMO not in counts:
        return Finding(Level.OK, check, "none of a demo among them")
    if len(counts) == 1:
        return Finding(Level.OK, check, "all of a demo")
    said = f"{counts[DEMO]:,} invented one(s) of a demo count among them; give the deployment a log of its own"
    return Finding(Level.PROBLEM, check, said)


def _figures(engine: Engine) -> list[Finding]:
    """Events beside their figures. Retention leaves the monthly figures of months whose events are gone."""
    with transaction(engine) as connection:
        found: list[tuple[str, date, int]] = [tuple(row) for row in connection.execute(_EVENTS_AND_FIGURES)]
    sums = {name: Counter({day: int(count) for each, day, count in found if each == name}) for name in _COUNTED}
    due = set(sums["due"])
    by_month = {name: _by_month(sums[name]) for name in ("stored", "daily")}
    days = _differing(sums["stored"], sums["daily"], (sums["stored"].keys() | sums["daily"].keys()) - due)
    kept = by_month["stored"].keys() | by_month["daily"].keys()
    since = whole_since(by_month["stored"], sums["monthly"])
    late = {month for month in kept if since is not None and month < since and not _differ_on(month, by_month)}
    months = _differing(by_month["stored"], sums["monthly"], kept - late - {month_of(day) for day in due})
    cards = _differing(sums["cards"], sums["daily cards"], (sums["cards"].keys() | sums["daily cards"].keys()) - due)
    waiting = f"; {len(due)} day(s) still to be worked out" if due else ""
    of_late = [
        Finding(
            Level.NOTE,
            "figures by month",
            f"{by_month['stored'][month]:,} evaluation(s) of {month:%B %Y} came when those of the month had been "
            "deleted; its monthly figures stay as they were",
        )
        for month in sorted(late)
    ]
    return [
        *of_late,
        _finding("figures by day", days, f"agree with the evaluations{waiting}", _FIGURES_MEND),
        _finding("figures by month", months, f"agree with the evaluations{waiting}", _FIGURES_MEND),
        _finding("figures of cards", cards, f"agree with the cards{waiting}", _FIGURES_MEND),
    ]


def _differ_on(month: date, by_month: Mapping[str, Counter[date]]) -> bool:
    return by_month["stored"][month] != by_month["daily"][month]


def _agreeing(engine: Engine) -> Iterator[Finding]:
    """Each count of the tables of figures beside what it is made from, by region and outcome."""
    for agreement, wrong in disagreements(engine):
        yield _finding(f"counts of {agreement.check}", wrong, f"agree with {agreement.made_from.name}", _FIGURES_MEND)


def _by_month(days: Counter[date]) -> Counter[date]:
    months: Counter[date] = Counter()
    for day, count in days.items():
        months[month_of(day)] += count
    return months


def _differing(stored: Counter[date], figures: Counter[date], days: Iterable[date]) -> list[str]:
    return [
        f"{day} ({stored[day]} stored, {figures[day]} in the figures)"
        for day in sorted(days)
        if stored[day] != figures[day]
    ]


def _orphans(engine: Engine) -> Iterator[Finding]:
    for check, said, orphans in _LINKS:
        with transaction(engine) as connection:
            count = connection.scalars(orphans).one()
        yield _finding(check, [f"{count:,} {said}"] if count else [], "no loose ends", _LINKS_MEND)
    with transaction(engine) as connection:
        stray = connection.scalars(_STRAY_FEEDBACK).one()
    yield Finding(Level.NOTE, "feedback for an unknown card", f"{stray:,}; clients may send it, and it is kept")


def _spools(folder: Path | None) -> Iterator[Finding]:
    if folder is None:
        yield Finding(Level.NOTE, "spool", "not looked at; name its folder with --spool")
        return
    try:
        spools = waiting_in(folder)
    except SpoolError as error:
        yield Finding(Level.PROBLEM, "spool", str(error))
        return
    for spool in spools:
        yield _spool(spool)
        if spool.unreadable:
            said = f"{spool.unreadable:,} record(s) cannot be read and are kept apart in its table named unreadable"
            yield Finding(Level.PROBLEM, f"spool {spool.path.name}", said)
    if not spools:
        yield Finding(Level.OK, "spool", "none in the folder")


def _spool(spool: SpoolFile) -> Finding:
    check = f"spool {spool.path.name}"
    if spool.records == 0:
        return Finding(Level.OK, check, "empty")
    wait = f"{spool.records:,} record(s) wait"
    if spool.in_use:
        return Finding(Level.NOTE, check, f"{wait}; its service delivers them")
    return Finding(
        Level.PROBLEM, check, f"{wait} and no service holds it; start one, or run cds-service log import-spool"
    )


def _finding(check: str, wrong: Sequence[str], right: str, mend: str) -> Finding:
    if not wrong:
        return Finding(Level.OK, check, right)
    more = f" and {len(wrong) - _MOST_NAMED} more" if len(wrong) > _MOST_NAMED else ""
    return Finding(Level.PROBLEM, check, f"{', '.join(wrong[:_MOST_NAMED])}{more}; {mend}")


def _per_day(name: str, day: "Column[Any]", count: ColumnElement[Any]) -> Select[Any]:
    """A named sum of each day, so that several can be asked for at once."""
    return select(literal(name), day, count).group_by(day)


def _without(table: Table, *conditions: ColumnElement[bool], other: Table, belongs: ColumnElement[bool]) -> Executable:
    return select(func.count()).select_from(table).where(*conditions, ~exists().select_from(other).where(belongs))


def _same(one: Table, other: Table, column: str) -> ColumnElement[bool]:
    return and_(one.c[column] == other.c[column], one.c.occurred_on == other.c.occurred_on)


_MODES: Final = select(evaluation.c.mode, func.count()).group_by(evaluation.c.mode)
_COUNTED: Final = ("due", "stored", "daily", "monthly", "cards", "daily cards")
_EVENTS_AND_FIGURES: Final = union_all(
    _per_day("due", rollup_due.c.day, func.count()),
    _per_day("stored", evaluation.c.occurred_on, func.count()),
    _per_day("daily", daily_count.c.day, func.sum(daily_count.c.evaluations)),
    _per_day("monthly", monthly_count.c.month, func.sum(monthly_count.c.evaluations)),
    _per_day("cards", card.c.occurred_on, func.count()),
    _per_day("daily cards", daily_count.c.day, func.sum(daily_count.c.cards)),
)
_LINKS: Final[tuple[tuple[str, str, Executable], ...]] = (
    (
        "evaluations and their cards",
        "evaluation(s) name a card that is not there",
        _without(evaluation, evaluation.c.card_id.is_not(None), other=card, belongs=_same(evaluation, card, "card_id")),
    ),
    (
        "cards and their evaluations",
        "card(s) lack the evaluation of their first order",
        _without(card, other=evaluation, belongs=_same(card, evaluation, "event_id")),
    ),
    (
        "suggestions and their cards",
        "suggestion(s) lack their card",
        _without(suggestion, other=card, belongs=_same(suggestion, card, "card_id")),
    ),
    (
        "episode keys and their evaluations",
        "episode key(s) lack their evaluation",
        _without(episode_key, other=evaluation, belongs=_same(episode_key, evaluation, "event_id")),
    ),
)
_STRAY_FEEDBACK: Final = _without(feedback, other=card, belongs=card.c.card_id == feedback.c.card_id)
