"""Writing the card log: records of calls and feedback, counts, and the marks of days whose figures are due."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import event

from cds_service.cardlog import schema
from cds_service.cardlog.arrivals import CALLS, COUNTS, View, arrivals, make_way
from cds_service.cardlog.databases import CardLogStoreError, open_engine, write_at_once
from cds_service.cardlog.inserts import Statement, insertions, marks_of_cards, marks_of_days
from cds_service.cardlog.migrating import SchemaError
from cds_service.cardlog.partitions import ensure_partitions, month_of
from cds_service.cardlog.rows import Row, Rows


class Counts(NamedTuple):
    """Rows of this process's own sums; writing them again changes nothing.

    Attributes:
        calls: rows of `call_count`.
        unknown_procedures: rows of `unknown_procedure_count`.
    """

    calls: Sequence[Row]
    unknown_procedures: Sequence[Row]


class CardLogStore:
    """Writes to the card log's database. Safe to use from several threads.

    Args:
        database_url: `sqlite:///FILE` (its folder is made when missing), or a PostgreSQL URL, whose scheme
            may be `postgresql`, `postgres` or `postgresql+psycopg`. Nothing is connected until first use.
        writer_id: a uuid of this process, under which it marks days and keeps sums.
        prepare: what has to be done before the first write, when the database was away at the start; done once.

    Raises:
        ValueError: the URL cannot be read, or names a database that the card log does not speak.
        OSError: the folder of the SQLite file cannot be made.
    """

    def __init__(self, database_url: str, writer_id: str, prepare: Callable[[], None] | None = None) -> None:
        self._engine = open_engine(database_url)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", lambda connection, _: make_way(connection))
        self._writer_id = writer_id
        self._prepare = prepare
        self._months_ready: set[date] = set()

    def __repr__(self) -> str:
        """Name the kind of database and nothing of its URL."""
        return f"CardLogStore(<{self._engine.dialect.name}>)"

    def write(self, rows: Rows) -> None:
        """Commit all the rows in one transaction. A row whose key is stored already is left as it is.

        Args:
            rows: of any number of records.

        Raises:
            CardLogStoreError: nothing of this call is stored; or, when the connection broke during the
                commit, all of it may be. Writing the same rows again is safe either way.
        """
        self._get_ready()
        self._make_months_ready(rows)
        try:
            write_at_once(self._engine, self._statements_of_records(rows))
        except CardLogStoreError:
            self._months_ready.clear()  # a partition may be gone: a restored back-up, a purge
            raise

    def write_counts(self, counts: Counts) -> None:
        """Commit this process's sums as they are now, and mark their days. Raises `CardLogStoreError`."""
        self._get_ready()
        days = {row[0] for row in counts.calls if isinstance(row[0], date)}
        rows = {"call_count": counts.calls, "unknown_procedure_count": counts.unknown_procedures}
        write_at_once(self._engine, self._statements(COUNTS, rows, days))

    def dispose(self) -> None:
        """Close the connections. The store may be used again and then opens new ones."""
        self._engine.dispose()

    def _get_ready(self) -> None:
        if self._prepare is None:
            return
        try:
            self._prepare()
        except SchemaError as error:
            raise CardLogStoreError(type(error).__name__, refused=False) from None
        self._prepare = None

    def _make_months_ready(self, rows: Rows) -> None:
        """A month's partitions are made ahead; a record that waited long, or a clock that jumped, may need another."""
        if self._engine.dialect.name == "sqlite":
            return
        months = {month_of(day) for table in rows for day in _days_of(table)} - self._months_ready
        if months:
            ensure_partitions(self._engine, months)
            self._months_ready |= months

    def _statements_of_records(self, rows: Rows) -> Iterator[Statement]:
        yield from self._statements(CALLS, rows._asdict(), _days_of(rows.evaluation))
        yield from insertions(self._engine.dialect.name, schema.feedback, rows.feedback)
        cards = {str(row[_CARD_OF_FEEDBACK]) for row in rows.feedback if row[_CARD_OF_FEEDBACK] is not None}
        if cards:
            yield marks_of_cards(self._engine.dialect.name, sorted(cards), self._writer_id)

    def _statements(self, view: View, rows: Mapping[str, Sequence[Row]], days: Set[date]) -> Iterator[Statement]:
        """For rows by the name of their table that go by a view on SQLite, and the days whose figures they change."""
        dialect = self._engine.dialect.name
        if dialect == "sqlite":
            marks = [(day, self._writer_id) for day in sorted(days)]
            yield from arrivals(view, {**rows, schema.rollup_due.name: marks})
            return
        for table in view.tables:
            yield from insertions(dialect, table, rows[table.name], replacing=view.replacing)
        if days:
            yield marks_of_days(dialect, sorted(days), self._writer_id)


_DAY: Final = 1  # in every row of an event table
_CARD_OF_FEEDBACK: Final = list(schema.feedback.c.keys()).index("card_id")


def _days_of(rows: Sequence[Row]) -> set[date]:
    return {day for row in rows if isinstance(day := row[_DAY], date)}
