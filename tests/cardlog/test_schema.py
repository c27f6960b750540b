import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from sqlalchemy import String, create_engine, inspect

from cds_service.cardlog.events import EvaluationEvent, FeedbackEvent
from cds_service.cardlog.schema import ALLOWED_COLUMNS, evaluation_row, feedback_row, metadata
from cds_service.cardlog.store import CardLogStore
from cds_service.pathway.facts import Indication

DOCUMENT = Path(__file__).parents[2] / "docs" / "card-log.md"
EVENTS = {"evaluation": EvaluationEvent, "feedback": FeedbackEvent}


def test_the_log_has_the_allowed_tables_and_columns_only() -> None:
    """A new column fails here until information governance has put it on the allow list."""
    columns = {name: frozenset(table.columns.keys()) for name, table in metadata.tables.items()}

    assert columns == dict(ALLOWED_COLUMNS)


@pytest.mark.parametrize("table", sorted(EVENTS))
def test_an_event_has_the_allowed_fields_only(table: str) -> None:
    """Nothing more can be handed to the writer than may be stored."""
    assert {field.name for field in fields(EVENTS[table])} == ALLOWED_COLUMNS[table]


def test_a_row_has_the_allowed_columns_only(
    an_evaluation: Callable[..., EvaluationEvent], a_feedback: Callable[..., FeedbackEvent]
) -> None:
    """Every field reaches the database, and nothing beside them."""
    assert set(evaluation_row(an_evaluation())) == ALLOWED_COLUMNS["evaluation"]
    assert set(feedback_row(a_feedback())) == ALLOWED_COLUMNS["feedback"]


def test_the_database_has_the_allowed_columns_only(store: CardLogStore, database_url: str) -> None:
    """The tables as made by each database hold to the list as well."""
    assert store.count_evaluations() == 0
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    inspector = inspect(engine)

    columns = {
        table: frozenset(column["name"] for column in inspector.get_columns(table))
        for table in inspector.get_table_names()
    }

    engine.dispose()
    assert columns == dict(ALLOWED_COLUMNS)


def test_the_document_explains_every_column_and_no_other() -> None:
    """Each allowed field has a row in `docs/card-log.md`."""
    sections = re.split(r"^## ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    explained = {
        table: frozenset(re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE))
        for table in ALLOWED_COLUMNS
        for section in sections
        if section.startswith(f"Table `{table}`")
    }

    assert explained == dict(ALLOWED_COLUMNS)


def test_every_indication_group_at_once_fits_its_column() -> None:
    """An order may carry any number of reasons."""
    column = metadata.tables["evaluation"].c.indication_groups
    assert isinstance(column.type, String)

    assert len(",".join(Indication)) <= (column.type.length or 0)
