import csv
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from event_builders import evaluations_in
from pyarrow import parquet  # type: ignore[import-untyped]  # the package ships no types
from sqlalchemy import Engine, insert

from cds_service.cardlog.access_schema import ACCESS_TABLES
from cds_service.cardlog.data_dictionary import FieldType, read_dictionary
from cds_service.cardlog.databases import CardLogStoreError
from cds_service.cardlog.events import CallRecord, FeedbackEvent
from cds_service.cardlog.export_formats import CsvWriter, ExportFormat
from cds_service.cardlog.exporting import (
    EXPORTED_TABLES,
    ROWS_AT_A_TIME,
    ExportError,
    Filters,
    count_rows,
    export_table,
    exported_fields,
    file_name,
)
from cds_service.cardlog.rollup_schema import CHOICES, daily_count
from cds_service.cardlog.rows import evaluation_row, rows_of
from cds_service.cardlog.schema import evaluation, metadata
from cds_service.cardlog.store import CardLogStore, Counts
from cds_service.pathway.facts import Indication
from cds_service.pathway.outcomes import Indicator, Outcome

BuildCall = Callable[..., CallRecord]
BuildFeedback = Callable[..., FeedbackEvent]

OCTOBER = date(2026, 10, 5)
NOVEMBER = date(2026, 11, 21)
STRAY = 9
WRITERS = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where exports go; it does not exist yet."""
    return tmp_path / "exports"


@pytest.fixture
def export(engine: Engine, folder: Path) -> Callable[..., list[dict[str, Any]]]:
    """Export a table and read the file."""

    def run(table: str, kind: ExportFormat = ExportFormat.NDJSON, **filters: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any filter
        exported = export_table(engine, table, Filters(**filters), kind, folder, lambda _: None)
        rows = READERS[kind](exported.path)
        assert exported.rows == len(rows)
        assert count_rows(engine, table, Filters(**filters)) == len(rows)
        return rows

    return run


def read_csv(path: Path) -> list[dict[str, Any]]:
    """The rows, with the types that the dictionary beside the file states."""
    fields = read_dictionary((path.parent / "data_dictionary.csv").read_text("utf-8"))
    table = next(table for table in fields if path.name.startswith(f"{table}_"))
    types = {field.field: field.type for field in fields[table]}
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: typed(types[name], cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def typed(kind: FieldType, cell: str) -> object:
    """A cell's value."""
    if kind == FieldType.TEXT:
        return cell
    return {
        FieldType.INTEGER: int,
        FieldType.DATE: date.fromisoformat,
        FieldType.TIME: datetime.fromisoformat,
        FieldType.YES_NO: {"true": True, "false": False}.__getitem__,
    }[kind](cell)  # type: ignore[operator] # one callable for each type


def read_ndjson(path: Path) -> list[dict[str, Any]]:
    """The objects as they stand."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


READERS: dict[ExportFormat, Callable[[Path], list[dict[str, Any]]]] = {
    ExportFormat.CSV: read_csv,
    ExportFormat.NDJSON: read_ndjson,
    ExportFormat.PARQUET: lambda path: list(parquet.read_table(path).to_pylist()),
}


def as_json(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as JSON has them: days and times as ISO 8601 text."""

    def value(each: object) -> object:
        if isinstance(each, datetime):
            return each.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return each.isoformat() if isinstance(each, date) else each

    return [{name: value(each) for name, each in row.items()} for row in rows]


def as_csv(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as CSV has them: what is not known is empty."""
    return [{name: "" if each is None else each for name, each in row.items()} for row in rows]


AS_STORED: dict[ExportFormat, Callable[[list[dict[str, Any]]], list[dict[str, Any]]]] = {
    ExportFormat.CSV: as_csv,
    ExportFormat.NDJSON: as_json,
    ExportFormat.PARQUET: lambda rows: rows,
}


@pytest.mark.parametrize("kind", list(ExportFormat))
def test_events_come_out_as_they_are_stored(
    store: CardLogStore,
    a_call: BuildCall,
    a_feedback: BuildFeedback,
    export: Callable[..., list[dict[str, Any]]],
    rows_of_table: Callable[[str], list[dict[str, Any]]],
    kind: ExportFormat,
) -> None:
    """Whatever the file, types and absent values survive; rows are in the order of their days."""
    calls = [
        a_call(occurred_on=NOVEMBER, region_conflict=True, indication_groups=(Indication.PAIN,)),
        a_call(occurred_on=OCTOBER, borough=None, pcn="Lêrkfield, West & Co", indication_groups=()),
        a_call(occurred_on=OCTOBER, outcome=Outcome.NOT_EFFECTIVE, indicator=None, card_id=None, pathway_id=None),
    ]
    entries = [a_feedback(received_on=NOVEMBER), a_feedback(received_on=OCTOBER, override_reason_code=None)]
    store.write(rows_of([*calls, entries]))

    for table in ("evaluation", "card", "suggestion", "feedback"):
        stored = sorted(rows_of_table(table), key=lambda row: list(row.values())[1::-1])  # by day, then id
        assert export(table, kind) == AS_STORED[kind](stored)
        assert len(stored) >= 2


@pytest.mark.parametrize("kind", list(ExportFormat))
def test_sums_of_several_processes_are_added_up(
    store: CardLogStore, export: Callable[..., list[dict[str, Any]]], kind: ExportFormat
) -> None:
    """Which process counted is nobody's business and is not exported."""
    for writer, calls in zip(WRITERS, (3, 4), strict=True):
        store.write_counts(
            Counts(
                [(NOVEMBER, 9, "demo-ehr", "order-sign", "silent", writer, calls)],
                [(date(2026, 11, 1), "demo-ehr", "https://ehr.example.org/codes", "XR-1", writer, calls)],
            )
        )

    assert [list(row.values())[1:] for row in export("call_count", kind)] == [
        [9, "demo-ehr", "order-sign", "silent", 7]
    ]
    assert [list(row.values())[1:] for row in export("unknown_procedure_count", kind)] == [
        ["demo-ehr", "https://ehr.example.org/codes", "XR-1", 7]
    ]


def test_a_table_without_rows_gives_a_file_without_rows(
    store: CardLogStore, export: Callable[..., list[dict[str, Any]]]
) -> None:
    """Nothing to tell is not an error, and every table on offer can be exported as every kind of file."""
    assert evaluations_in(store) == 0

    assert [rows for table in EXPORTED_TABLES for kind in ExportFormat if (rows := export(table, kind))] == []


def test_what_must_not_leave_is_not_on_offer(engine: Engine, folder: Path) -> None:
    """The keys of order episodes, marks of days, ids of processes, who looked at what: all stay inside."""
    offered = {(table, field.field) for table in EXPORTED_TABLES for field in exported_fields(table)}

    kept = {"episode_key", "rollup_due", *CHOICES, *(table.name for table in ACCESS_TABLES)}
    assert set(metadata.tables) - set(EXPORTED_TABLES) == kept
    assert [field for field in offered if field[1] in {"writer_id", "order_key", "session_key"}] == []
    for table in (*kept, "alembic_version"):
        with pytest.raises(ExportError, match=f"--table {table}: is not exported"):
            export_table(engine, table, Filters(), ExportFormat.CSV, folder, lambda _: None)
    assert not folder.exists()


def test_a_file_says_what_is_in_it() -> None:
    """Table, footprints, filters, period, and that small numbers are not suppressed."""
    october = Filters(first=date(2026, 10, 1), last=date(2026, 10, 31), regions=("nwl", "nel"))
    narrow = Filters(outcome=Outcome.REDIRECT, client_id="demo-ehr")

    assert file_name("evaluation", october, ExportFormat.CSV) == (
        "evaluation_nel-nwl_2026-10-01_2026-10-31_unsuppressed.csv"
    )
    assert file_name("card", narrow, ExportFormat.PARQUET) == (
        "card_all_outcome-redirect_client-demo-ehr_earliest_latest_unsuppressed.parquet"
    )


@pytest.fixture
def three_calls(store: CardLogStore, a_call: BuildCall, a_feedback: BuildFeedback) -> list[CallRecord]:
    """Three calls that differ in day, region, outcome and client, each with feedback a day later, and a stray entry."""
    calls = [
        a_call(occurred_on=OCTOBER, region="nwl", client_id="first-ehr"),
        a_call(occurred_on=NOVEMBER, region="nel", client_id="first-ehr", outcome=Outcome.LUMP),
        a_call(occurred_on=NOVEMBER, region="nwl", client_id="second-ehr", outcome=Outcome.LUMP),
    ]
    feedback = [
        a_feedback(
            received_on=call.cards[0].occurred_on.replace(day=25),
            card_id=call.cards[0].card_id,
            client_id=call.evaluations[0].client_id,
        )
        for call in calls
    ]
    store.write(rows_of([*calls, [*feedback, a_feedback(client_id="first-ehr", received_on=OCTOBER)]]))
    return calls


WANTED: list[tuple[dict[str, Any], list[int]]] = [
    ({"first": OCTOBER, "last": date(2026, 10, 31)}, [0]),
    ({"first": NOVEMBER}, [1, 2]),
    ({"last": NOVEMBER}, [0, 1, 2]),
    ({"regions": ("nwl",)}, [0, 2]),
    ({"regions": ("nwl", "nel")}, [0, 1, 2]),
    ({"outcome": Outcome.LUMP}, [1, 2]),
    ({"client_id": "first-ehr"}, [0, 1]),
    ({"regions": ("nwl",), "outcome": Outcome.LUMP, "client_id": "first-ehr"}, []),
]
"""Filters, and which of the three calls they let pass."""


def test_filters_mean_the_same_for_an_order_its_card_and_its_suggestion(
    three_calls: list[CallRecord], export: Callable[..., list[dict[str, Any]]]
) -> None:
    """A card and a suggestion are told by the order that they belong to."""
    for filters, expected in WANTED:
        wanted = [three_calls[number] for number in expected]
        evaluations = {row["event_id"] for row in export("evaluation", **filters)}
        cards = {row["card_id"] for row in export("card", **filters)}
        suggestions = {row["suggestion_id"] for row in export("suggestion", **filters)}

        assert evaluations == {call.evaluations[0].event_id for call in wanted}, filters
        assert cards == {call.cards[0].card_id for call in wanted}, filters
        assert suggestions == {call.cards[0].suggestions[0].suggestion_id for call in wanted}, filters


def test_feedback_is_told_by_its_card(
    three_calls: list[CallRecord], export: Callable[..., list[dict[str, Any]]]
) -> None:
    """Feedback for a card that is not in the log has no region and no outcome of a card, but a client and a day."""
    known = {call.cards[0].card_id: number for number, call in enumerate(three_calls)}

    def exported(**filters: Any) -> list[int]:  # noqa: ANN401 - any filter
        return sorted(known.get(row["card_id"], STRAY) for row in export("feedback", **filters))

    assert exported() == [0, 1, 2, STRAY]
    assert exported(first=date(2026, 11, 1)) == [1, 2]
    assert exported(client_id="first-ehr") == [0, 1, STRAY]
    assert exported(regions=("nwl",)) == [0, 2]
    assert exported(outcome=Outcome.LUMP) == [1, 2]


EMPTY_TIME = datetime(1, 1, 1, tzinfo=UTC)
"""What many a program sends for a time that nobody set."""


@pytest.mark.parametrize("kind", list(ExportFormat))
def test_a_time_that_an_ehr_left_empty_spoils_no_export(
    store: CardLogStore, a_feedback: BuildFeedback, export: Callable[..., list[dict[str, Any]]], kind: ExportFormat
) -> None:
    """It comes out as it came, beside everybody else's."""
    store.write(rows_of([[a_feedback(outcome_timestamp=EMPTY_TIME), a_feedback()]]))

    first, second = sorted(export("feedback", kind), key=lambda row: str(row["outcome_timestamp"]))

    assert str(first["outcome_timestamp"]).startswith("0001-01-01")
    assert str(second["outcome_timestamp"]).startswith("2026-")


def test_an_empty_time_of_an_earlier_version_can_be_read(
    store: CardLogStore, engine: Engine, a_feedback: BuildFeedback, export: Callable[..., list[dict[str, Any]]]
) -> None:
    """It stands in SQLite without the zeros of its year."""
    store.write(rows_of([[a_feedback(outcome_timestamp=EMPTY_TIME)]]))
    if engine.dialect.name == "sqlite":
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE feedback SET outcome_timestamp = '1-01-01 00:00:00.000000'")

    [row] = export("feedback")

    assert row["outcome_timestamp"].startswith("0001-01-01")


@pytest.mark.parametrize(
    ("table", "filters", "option"),
    [
        ("call_count", {"regions": ("nwl",)}, "--region"),
        ("call_count", {"outcome": Outcome.CES}, "--outcome"),
        ("unknown_procedure_count", {"regions": ("nwl",)}, "--region"),
        ("monthly_count", {"client_id": "demo-ehr"}, "--client"),
        ("weekly_practice_count", {"client_id": "demo-ehr"}, "--client"),
    ],
)
def test_a_filter_that_a_table_has_not_got_is_an_error(
    engine: Engine, folder: Path, table: str, filters: dict[str, Any], option: str
) -> None:
    """Nobody takes an unfiltered file for a filtered one."""
    with pytest.raises(ExportError, match=f"^{option}: {table} has nothing to tell it by"):
        export_table(engine, table, Filters(**filters), ExportFormat.CSV, folder, lambda _: None)


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"first": NOVEMBER, "last": OCTOBER}, "--from 2026-11-21 lies after --to 2026-10-05"),
        ({"regions": ("../nwl",)}, "--region '../nwl'"),
        ({"client_id": "a b"}, "--client 'a b'"),
        ({"client_id": ""}, "--client ''"),
    ],
)
def test_filters_that_cannot_be_met_are_an_error(filters: dict[str, Any], said: str) -> None:
    """They become part of a file's name, too."""
    with pytest.raises(ExportError, match=said):
        Filters(**filters)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_takes_no_text_for_a_formula(tmp_path: Path, start: str) -> None:
    """Such a cell gets an apostrophe in front; a negative number stays a number."""
    path = tmp_path / "file.csv"
    with path.open("wb") as file:
        writer = CsvWriter(file, exported_fields("suggestion")[:2])
        writer.write([(f"{start}1+1", -1), ("a=b", 1)])
        writer.finish()

    with path.open(encoding="utf-8", newline="") as text:
        assert list(csv.reader(text))[1:] == [[f"'{start}1+1", "-1"], ["a=b", "1"]]


def test_the_dictionary_beside_the_files_explains_each_table_that_is_there(
    store: CardLogStore, export: Callable[..., list[dict[str, Any]]], folder: Path
) -> None:
    """A second export to the same folder does not take the first one's words away."""
    assert evaluations_in(store) == 0

    export("card")
    export("call_count")

    dictionary = read_dictionary((folder / "data_dictionary.csv").read_text("utf-8"))
    assert dictionary == {"card": exported_fields("card"), "call_count": exported_fields("call_count")}


@pytest.fixture
def twenty_thousand(store: CardLogStore, engine: Engine, a_call: BuildCall) -> None:
    """As many evaluations on one day."""
    call = a_call()
    store.write(rows_of([call]))  # makes the month ready
    one = dict(zip(evaluation.columns.keys(), evaluation_row(call.evaluations[0]), strict=True))
    with engine.begin() as connection:
        connection.execute(insert(evaluation), [one | {"event_id": str(uuid4())} for _ in range(19_999)])


@pytest.mark.usefixtures("twenty_thousand")
def test_a_large_table_is_written_a_few_thousand_rows_at_a_time(engine: Engine, folder: Path) -> None:
    """However long the table, no more than one part of it is in memory, and each part is a row group."""
    parts: list[int] = []

    exported = export_table(engine, "evaluation", Filters(), ExportFormat.PARQUET, folder, parts.append)

    file = parquet.ParquetFile(exported.path)
    groups = [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]
    file.close()
    assert parts == groups == [ROWS_AT_A_TIME] * 4


@pytest.mark.usefixtures("twenty_thousand")
def test_an_export_that_breaks_off_leaves_no_file(engine: Engine, folder: Path) -> None:
    """A half file could be taken for a whole one; an earlier whole one stays."""
    earlier = folder / file_name("evaluation", Filters(), ExportFormat.CSV)
    folder.mkdir()
    earlier.write_text("earlier", "utf-8")

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_table(engine, "evaluation", Filters(), ExportFormat.CSV, folder, stop)

    assert list(folder.iterdir()) == [earlier]
    assert earlier.read_text("utf-8") == "earlier"


def test_a_database_without_tables_leaves_no_file(engine: Engine, folder: Path) -> None:
    """The fault is told by its kind."""
    with pytest.raises(CardLogStoreError):
        export_table(engine, "evaluation", Filters(), ExportFormat.CSV, folder, lambda _: None)

    assert list(folder.iterdir()) == []


def test_only_its_owner_may_read_an_export(store: CardLogStore, engine: Engine, folder: Path) -> None:
    """Rows of single events are confidential."""
    assert evaluations_in(store) == 0

    exported = export_table(engine, "evaluation", Filters(), ExportFormat.CSV, folder, lambda _: None)

    assert exported.path.stat().st_mode & 0o777 == 0o600


def test_figures_are_filtered_by_their_own_columns(
    store: CardLogStore, engine: Engine, export: Callable[..., list[dict[str, Any]]]
) -> None:
    """A day's figures have region, client and outcome themselves."""
    assert evaluations_in(store) == 0
    for region in ("nwl", "nel"):
        keys = {"day": OCTOBER, "region": region, "client_id": "demo-ehr", "hook": "order-sign", "modality": "mri"}
        counts = {column.name: 5 for column in daily_count.columns if not column.primary_key}
        with engine.begin() as connection:
            connection.execute(insert(daily_count).values(**keys, outcome="redirect", **counts))

    found = export("daily_count", regions=("nel",), outcome=Outcome.REDIRECT, client_id="demo-ehr", first=OCTOBER)

    assert [(row["region"], row["evaluations"]) for row in found] == [("nel", 5)]


def test_an_indicator_is_exported_as_its_word(
    store: CardLogStore, a_call: BuildCall, export: Callable[..., list[dict[str, Any]]]
) -> None:
    """What the monitor calls critical is critical in the file."""
    store.write(rows_of([a_call(outcome=Outcome.CES, indicator=Indicator.CRITICAL)]))

    assert [row["indicator"] for row in export("evaluation", ExportFormat.CSV)] == ["critical"]
