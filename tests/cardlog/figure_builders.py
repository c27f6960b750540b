"""Rows of figures put there by hand, and the days of a table's rows, for tests about what is deleted."""

from datetime import date
from typing import Any

from sqlalchemy import Engine, Table, insert, select

from cds_service.cardlog.table_days import day_of


def put_figures(engine: Engine, table: Table, day: date) -> None:
    """Insert a row of figures of a day: every text of its key is the same, every count is 1."""
    row = {column.name: "x" if column.type.python_type is str else 1 for column in table.columns}
    values: dict[str, Any] = row | {day_of(table).name: day}
    with engine.begin() as connection:
        connection.execute(insert(table).values(**values))


def days_of(engine: Engine, table: Table) -> list[date]:
    """The days of a table's rows, in order."""
    day: Any = day_of(table)
    with engine.connect() as connection:
        return sorted(connection.scalars(select(day)))
