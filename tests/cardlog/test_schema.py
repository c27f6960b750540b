import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from event_builders import evaluations_in
from sqlalchemy import String, create_engine, inspect

from cds_service.cardlog.data_dictionary import DictionaryField, FieldType, data_dictionary
from cds_service.cardlog.events import CallRecord, CardEvent, EvaluationEvent, FeedbackEvent, SuggestionEvent
from cds_service.cardlog.rollup_schema import ROLLUP_TABLES
from cds_service.cardlog.rows import Rows, rows_of
from cds_service.cardlog.schema import EVENT_TABLES, metadata
from cds_service.cardlog.store import CardLogStore
from cds_service.pathway.facts import Indication

DOCUMENT = Path(__file__).parents[2] / "docs" / "card-log.md"
EPISODE_KEYS = {"order_key", "session_key"}


def columns_of(table: str) -> set[str]:
    """The columns that the data dictionary allows a table."""
    return {entry.field for entry in data_dictionary()[table]}


def test_an_event_has_the_allowed_fields_only() -> None:
    """Nothing more can be handed to the writer than may be stored."""
    assert {field.name for field in fields(EvaluationEvent)} == columns_of("evaluation") | EPISODE_KEYS
    assert {field.name for field in fields(FeedbackEvent)} == columns_of("feedback")
    assert set(CardEvent._fields) == columns_of("card")
    assert set(SuggestionEvent._fields) == columns_of("suggestion") - {"card_id", "occurred_on"}


def test_keys_of_episodes_are_kept_apart_from_the_events() -> None:
    """They are dropped soon, and no event has to be touched for it."""
    having = {table for table, entries in data_dictionary().items() for entry in entries if entry.field in EPISODE_KEYS}

    assert having == {"episode_key"}


def test_a_row_has_a_value_for_each_column(
    a_call: Callable[..., CallRecord], a_feedback: Callable[..., FeedbackEvent]
) -> None:
    """Every field reaches the database, and nothing beside them."""
    rows = rows_of([a_call(order_key=bytes(16)), [a_feedback()]])

    widths = {table: len(getattr(rows, table)[0]) for table in Rows._fields}

    assert widths == {table: len(columns_of(table)) for table in Rows._fields}
    assert Rows._fields == tuple(table.name for table in EVENT_TABLES)


def test_the_database_has_the_allowed_columns_only(store: CardLogStore, database_url: str) -> None:
    """The tables as made by each database hold to the dictionary as well, in the order of their rows."""
    assert evaluations_in(store) == 0
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    inspector = inspect(engine)
    partitions = re.compile("_[0-9]{4}_[0-9]{2}$")

    columns = {
        table: [column["name"] for column in inspector.get_columns(table)]
        for table in inspector.get_table_names()
        if not partitions.search(table) and table != "alembic_version"
    }

    engine.dispose()
    assert columns == {table: [entry.field for entry in entries] for table, entries in data_dictionary().items()}


def test_the_document_says_what_the_dictionary_says() -> None:
    """Each table of `docs/card-log.md` has the dictionary's fields, word for word."""
    sections = re.split(r"^### Table ", DOCUMENT.read_text("utf-8"), flags=re.MULTILINE)[1:]
    explained = {}
    for section in sections:
        table = section.split("`")[1]
        rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \| (.+) \| (.+) \|$", section, flags=re.MULTILINE)
        explained[table] = tuple(
            DictionaryField(table, field, FieldType(kind), meaning, source, need)
            for field, kind, meaning, source, need in rows
        )

    assert explained == dict(data_dictionary())


@pytest.mark.parametrize("table", EVENT_TABLES, ids=lambda table: table.name)
def test_an_event_is_found_by_its_id_and_day(table: object) -> None:
    """The first two columns are the key, and the day in it says in which month the row is."""
    found = metadata.tables[str(table)]

    assert [column.name for column in found.primary_key] == list(found.columns.keys())[:2]
    assert found.columns[1].name in {"occurred_on", "received_on"}


def test_each_table_of_figures_begins_with_its_period() -> None:
    """By it figures are replaced and read."""
    assert {next(iter(table.columns)).name for table in ROLLUP_TABLES} == {"day", "week", "window_start", "month"}


def test_every_indication_group_at_once_fits_its_column() -> None:
    """An order may carry any number of reasons."""
    column = metadata.tables["evaluation"].c.indication_groups
    assert isinstance(column.type, String)

    assert len(",".join(Indication)) <= (column.type.length or 0)
