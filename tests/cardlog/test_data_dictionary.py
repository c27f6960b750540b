import csv
from io import StringIO

import pytest
from sqlalchemy import BigInteger, Boolean, Date, Integer, LargeBinary, SmallInteger, String

from cds_service.cardlog.data_dictionary import (
    HEADER,
    DictionaryField,
    FieldType,
    data_dictionary,
    dictionary_csv,
    read_dictionary,
)
from cds_service.cardlog.episodes import CHANGED, CUT, NOT_SIGNED, OPEN, SIGNED_ANYWAY, WITHOUT_CARD
from cds_service.cardlog.rollup_schema import ROLLUP_TABLES
from cds_service.cardlog.schema import UtcDateTime, metadata

TYPE_OF_COLUMN = {
    String: FieldType.TEXT,
    Date: FieldType.DATE,
    SmallInteger: FieldType.INTEGER,
    Integer: FieldType.INTEGER,
    BigInteger: FieldType.INTEGER,
    Boolean: FieldType.YES_NO,
    UtcDateTime: FieldType.TIME,
    LargeBinary: FieldType.BYTES,
}


def test_the_dictionary_has_a_row_for_each_column_and_no_other() -> None:
    """It is the allow list: a new column fails here until information governance has put it there."""
    explained = {table: [entry.field for entry in entries] for table, entries in data_dictionary().items()}

    assert explained == {name: list(table.columns.keys()) for name, table in metadata.tables.items()}
    assert {table.name for table in ROLLUP_TABLES} <= set(explained)


def test_the_dictionary_says_what_kind_of_value_a_column_holds() -> None:
    """A field's type is its column's."""
    stated = {(entry.table, entry.field): entry.type for entries in data_dictionary().values() for entry in entries}

    assert stated == {
        (table.name, column.name): TYPE_OF_COLUMN[type(column.type)]
        for table in metadata.tables.values()
        for column in table.columns
    }


def test_the_dictionary_names_every_state_of_an_episode() -> None:
    """A reader of the figures finds each word of them explained."""
    states = (WITHOUT_CARD, SIGNED_ANYWAY, CHANGED, NOT_SIGNED, CUT, OPEN)
    for table in ("episode_count", "episode_state_count"):
        (meaning,) = [entry.meaning for entry in data_dictionary()[table] if entry.field == "state"]

        assert [state for state in states if f"`{state}`" not in meaning] == []


def test_a_field_is_read_as_it_is_written() -> None:
    """Writing a dictionary and reading it gives the same fields."""
    entries = [entry for table in data_dictionary().values() for entry in table]

    assert read_dictionary(dictionary_csv(entries)) == data_dictionary()


def test_the_first_row_names_the_columns() -> None:
    """A dictionary that goes out with an export explains itself."""
    entry = DictionaryField("card", "orders", FieldType.INTEGER, "evaluated orders, all", "the answer", "counts")

    assert list(csv.reader(StringIO(dictionary_csv([entry])))) == [
        list(HEADER),
        ["card", "orders", "integer", "evaluated orders, all", "the answer", "counts"],
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: is not the header"),
        ("table,field\n", "line 1: is not the header"),
        (f"{','.join(HEADER)}\ncard,orders,integer,meaning,source\n", "line 2: has an empty or a missing value"),
        (f"{','.join(HEADER)}\ncard,orders,integer,meaning,,need\n", "line 2: has an empty or a missing value"),
        (f"{','.join(HEADER)}\ncard,orders,number,m,s,n\n", "line 2: type 'number' is unknown"),
        (f"{','.join(HEADER)}" + "\ncard,orders,integer,m,s,n" * 2, "line 3: card.orders is there twice"),
    ],
)
def test_a_dictionary_that_cannot_be_read_says_where_and_why(text: str, said: str) -> None:
    """Whoever adds a column finds the fault at once."""
    with pytest.raises(ValueError, match=said):
        read_dictionary(text)
