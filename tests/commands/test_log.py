import json
import os
import pty
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, delete, select

from cds_service.cardlog.bands import AgeBand, BodyRegionGroup
from cds_service.cardlog.databases import open_engine
from cds_service.cardlog.events import CallRecord, CardEvent, EvaluationEvent, SuggestionEvent
from cds_service.cardlog.migrating import HEAD, REVISIONS, bring_up_to_date, current_revision, downgrade
from cds_service.cardlog.rollups import roll_up_due
from cds_service.cardlog.rows import rows_of
from cds_service.cardlog.schema import card, evaluation
from cds_service.cardlog.spool import Spool
from cds_service.cardlog.store import CardLogStore
from cds_service.commands import log as log_commands
from cds_service.commands.log import log
from cds_service.pathway.facts import FcpListing, KnownBy, Modality, Oncology, Setting
from cds_service.pathway.outcomes import Indicator, Outcome

OLD = date(2024, 9, 30)
LATELY = date(2026, 11, 21)
TODAY = date(2026, 11, 22)


def a_call(day: date, region: str = "nwl") -> CallRecord:
    """A GP's knee MRI that is redirected, with its card and the card's suggestion."""
    event_id, card_id = str(uuid4()), str(uuid4())
    event = EvaluationEvent(
        event_id=event_id,
        occurred_on=day,
        occurred_hour=9,
        region=region,
        pathway_id=region,
        pathway_version="1.2",
        rule_id=f"{region}.redirect",
        outcome=Outcome.REDIRECT,
        indicator=Indicator.WARNING,
        card_id=card_id,
        card_count=1,
        modality=Modality.MRI,
        body_region_group=BodyRegionGroup.LOWER_LIMB,
        known_by=KnownBy.CODE,
        setting=Setting.GENERAL_PRACTICE,
        setting_evidence="requester.organization",
        requester_category="gp",
        organisation="Z99001",
        pcn="Larkfield PCN",
        borough="Brent",
        region_conflict=False,
        indication_present=True,
        indication_groups=(),
        oncology=Oncology.NONE,
        age_band=AgeBand.FROM_18_TO_64,
        fcp_listing=FcpListing.NONE,
        hook="order-sign",
        client_id="demo-ehr",
        latency_ms=7,
        mode="live",
        software_version="0.1.0",
    )
    offered = (SuggestionEvent(str(uuid4()), 1, 1),)
    return CallRecord([event], [CardEvent(card_id, day, event_id, 1, Outcome.REDIRECT, Indicator.WARNING, 1, offered)])


@dataclass(frozen=True, slots=True)
class Log:
    """A card log on disk or on a server, and the commands on it."""

    url: str
    engine: Engine
    store: CardLogStore
    spool: Path

    def run(self, *arguments: str, answers: str | None = None) -> Result:
        """Run a command on it, as an operator who set nothing but the database and the spool."""
        settings = {"CDS_SERVICE_DATABASE_URL": self.url, "CDS_SERVICE_SPOOL": str(self.spool)}
        return CliRunner().invoke(log, arguments, env=settings, input=answers)

    def add(self, *calls: CallRecord) -> None:
        """Store calls and work out their figures."""
        self.store.write(rows_of(calls))
        roll_up_due(self.engine)

    def days(self) -> list[date]:
        """The days of the evaluations."""
        with self.engine.connect() as connection:
            return sorted(connection.scalars(select(evaluation.c.occurred_on)))


@pytest.fixture(params=["sqlite", "postgresql"])
def card_log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    """A card log with its tables, on each database."""
    url = f"sqlite:///{tmp_path}/card-log.sqlite3"
    if request.param == "postgresql":
        new_database: Callable[[], str] = request.getfixturevalue("postgresql_server")
        url = new_database()
    bring_up_to_date(url)
    engine, store = open_engine(url), CardLogStore(url, str(uuid4()))
    yield Log(url, engine, store, tmp_path / "spool")
    store.dispose()
    engine.dispose()


@pytest.fixture(autouse=True)
def _fixed_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_commands, "today_in_london", lambda: TODAY)


def test_export_writes_a_file_and_says_what_it_is(card_log: Log, tmp_path: Path) -> None:
    """One line on standard error says that small numbers are in it; the path is on standard output."""
    card_log.add(a_call(LATELY), a_call(date(2026, 10, 3)))
    folder = tmp_path / "exports"

    result = card_log.run(
        *("export", "--table", "evaluation", "--format", "ndjson", "--from", "2026-11-01", "--to", "2026-11-30"),
        *("--region", "NWL", "--outcome", "redirect", "--client", "demo-ehr", "--output", str(folder)),
    )

    path = folder / "evaluation_nwl_outcome-redirect_client-demo-ehr_2026-11-01_2026-11-30_unsuppressed.ndjson"
    assert result.stdout == f"{path}: 1 row(s)\n"
    assert result.stderr == (
        "Row-level and not disclosure-controlled: small numbers are in it as they are. Keep it confidential.\n"
    )
    assert json.loads(path.read_text("utf-8"))["occurred_on"] == "2026-11-21"
    assert result.exit_code == 0


def test_export_takes_several_tables_and_formats(card_log: Log, tmp_path: Path) -> None:
    """Each table is a file of its own; the dictionary explains all of them."""
    card_log.add(a_call(LATELY))

    for kind in ("csv", "parquet"):
        result = card_log.run(
            *("export", "--table", "card", "--table", "monthly_count", "--table", "card"),
            *("--format", kind, "--output", str(tmp_path / "exports")),
        )
        assert result.stdout.count("1 row(s)") == 2

    assert {path.name for path in (tmp_path / "exports").iterdir()} == {
        "card_all_earliest_latest_unsuppressed.csv",
        "card_all_earliest_latest_unsuppressed.parquet",
        "monthly_count_all_earliest_latest_unsuppressed.csv",
        "monthly_count_all_earliest_latest_unsuppressed.parquet",
        "data_dictionary.csv",
    }


@pytest.mark.parametrize("table", ["episode_key", "rollup_due", "alembic_version"])
def test_export_does_not_offer_what_must_not_leave(card_log: Log, tmp_path: Path, table: str) -> None:
    """The keys of order episodes stay inside."""
    result = card_log.run("export", "--table", table, "--output", str(tmp_path / "exports"))

    assert result.exit_code == 2
    assert f"'{table}' is not one of 'evaluation', 'card', 'suggestion', 'feedback'" in result.stderr


def test_export_says_when_a_table_has_not_got_a_filter(card_log: Log, tmp_path: Path) -> None:
    """Option and table are named, and no traceback is shown."""
    result = card_log.run("export", "--table", "call_count", "--region", "nwl", "--output", str(tmp_path / "exports"))

    assert result.exit_code == 1
    assert "Error: --region: call_count has nothing to tell it by" in result.stderr
    assert "Traceback" not in result.stderr


def test_export_says_when_its_folder_cannot_be_made(card_log: Log, tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "taken").write_text("", "utf-8")

    result = card_log.run("export", "--table", "card", "--output", str(tmp_path / "taken" / "exports"))

    assert result.exit_code == 1
    assert result.stderr.endswith("taken/exports: Not a directory\n")


def test_a_terminal_is_shown_how_far_an_export_has_come(card_log: Log, tmp_path: Path) -> None:
    """A bar for each table on standard error; in a file or a pipe there is none."""
    card_log.add(a_call(LATELY))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from cds_service.commands.log import log; log()"]
    command += ["export", "--database-url", card_log.url, "--table", "card", "--output", str(tmp_path / "exports")]

    finished = subprocess.run(command, stderr=theirs, stdout=subprocess.PIPE, check=True)  # noqa: S603 - our command

    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "card" in shown
    assert "100%" in shown
    assert finished.stdout.endswith(b": 1 row(s)\n")


def test_purge_is_a_dry_run_unless_told(card_log: Log) -> None:
    """What would go is listed by table and month; two years are kept unless said otherwise."""
    card_log.add(a_call(OLD), a_call(LATELY))

    result = card_log.run("purge")

    assert [line.split() for line in result.stdout.splitlines()[:3]] == [
        ["evaluation", "2024-09", "1", "row(s)"],
        *([["episode_key", "2024-09", "0", "row(s)"]] if "postgresql" in card_log.url else []),
        ["card", "2024-09", "1", "row(s)"],
        *([] if "postgresql" in card_log.url else [["suggestion", "2024-09", "1", "row(s)"]]),
    ]
    assert result.stdout.endswith(
        "15 row(s) are from before 2024-11-01. Nothing was deleted; add --yes to delete them.\n"
    )
    assert card_log.days() == [OLD, LATELY]


def test_purge_deletes_when_told(card_log: Log) -> None:
    """It says what has gone; the next run finds nothing."""
    card_log.add(a_call(OLD), a_call(LATELY))

    assert card_log.run("purge", "--yes").stdout.endswith("Deleted 15 row(s) from before 2024-11-01.\n")

    assert card_log.days() == [LATELY]
    assert card_log.run("purge", "--yes").stdout == "Deleted 0 row(s) from before 2024-11-01.\n"


def test_purge_keeps_as_many_months_as_it_is_told(card_log: Log) -> None:
    """A shorter time may be agreed with the data controller."""
    card_log.add(a_call(date(2026, 9, 30)), a_call(date(2026, 10, 1)))

    assert card_log.run("purge", "--yes", "--keep-months", "1").exit_code == 0

    assert card_log.days() == [date(2026, 10, 1)]
    assert "0 is not in the range" in card_log.run("purge", "--yes", "--keep-months", "0").stderr


def test_purge_refuses_while_figures_are_due(card_log: Log) -> None:
    """Events that are in no figure yet would be gone for ever."""
    card_log.store.write(rows_of([a_call(OLD)]))

    result = card_log.run("purge", "--yes")

    assert (result.exit_code, card_log.days()) == (1, [OLD])
    assert "the figures of 1 day(s) from 2024-09-30 to 2024-09-30 are still to be worked out" in result.stderr


def test_verify_finds_nothing_wrong_with_a_whole_log(card_log: Log) -> None:
    """Each check has a line."""
    card_log.add(a_call(LATELY))

    result = card_log.run("verify")

    assert result.stdout.splitlines()[0] == f"ok       schema revision: {HEAD}"
    assert result.stdout.endswith("ok       spool: none in the folder\n0 problem(s)\n")
    assert result.exit_code == 0


def test_verify_ends_with_1_when_something_is_wrong(card_log: Log) -> None:
    """So that a nightly run can raise an alarm."""
    card_log.add(a_call(LATELY))
    with card_log.engine.begin() as connection:
        connection.execute(delete(card))

    result = card_log.run("verify")

    assert "problem  evaluations and their cards: 1 evaluation(s) name a card that is not there" in result.stdout
    problems = [line for line in result.stdout.splitlines() if line.startswith("problem ")]
    assert f"{len(problems)} problem(s)" in result.stdout
    assert result.exit_code == 1


def test_status_says_what_is_there(card_log: Log) -> None:
    """Revision, days, days due, rows and spools."""
    card_log.store.write(rows_of([a_call(OLD), a_call(LATELY)]))
    waiting = Spool(card_log.spool)
    waiting.open()
    waiting.append([a_call(LATELY)])

    lines = [line.split() for line in card_log.run("status").stdout.splitlines()]

    assert lines[0] == ["schema", HEAD]
    assert lines[1] == ["days", "2024-09-30", "to", "2026-11-21"]
    assert ["days", "due", "2,", "the", "first", "is", "2024-09-30"] in lines
    assert ["evaluation", "2", "row(s)"] in lines
    assert lines[-1] == f"spool {waiting.path}: 1 record(s) wait, held by a running service".split()
    waiting.close()
    assert card_log.run("status", "--exact").stdout.endswith("1 record(s) wait, held by nobody\n")


def test_status_of_an_empty_log(card_log: Log) -> None:
    """Nothing yet, and nothing waits."""
    shown = card_log.run("status").stdout

    assert "days      none yet\n" in shown
    assert "days due  none\n" in shown
    assert shown.endswith("spool     none\n")


def test_a_spool_is_looked_for_where_the_service_has_it(card_log: Log, tmp_path: Path) -> None:
    """Beside a SQLite file, unless said otherwise."""
    beside = Spool(tmp_path / "card-log-spool")
    beside.open()
    beside.append([a_call(LATELY)])
    beside.close()

    result = CliRunner().invoke(log, ["status", "--database-url", f"sqlite:///{tmp_path}/card-log.sqlite3"])

    found = f"spool     {beside.path}: 1 record(s) wait, held by nobody\n" in result.output
    assert found == card_log.url.startswith("sqlite")


def test_an_older_revision_is_said_and_nothing_is_done(card_log: Log, tmp_path: Path) -> None:
    """The tables are not those that the commands know."""
    downgrade(card_log.url, "0001")
    mend = f"(this version works with {HEAD}: cds-service log migrate)"

    assert card_log.run("status").stdout == f"schema    0001 {mend}\nspool     none\n"
    for command in (["purge"], ["export", "--table", "card", "--output", str(tmp_path)], ["import-spool", "."]):
        result = card_log.run(*command)
        assert result.exit_code == 1
        assert f"Error: the card log's tables are at 0001 {mend}\n" in result.stderr


def test_migrate_brings_the_tables_up_to_date(card_log: Log) -> None:
    """A dry run says the steps and changes nothing."""
    downgrade(card_log.url, "0001")

    dry = card_log.run("migrate", "--dry-run")
    *steps, last = dry.stdout.splitlines()
    assert [step.partition(":")[0] for step in steps] == [f"upgrade {revision}" for revision in REVISIONS[1:]]
    assert last == "Nothing was changed."
    assert current_revision(card_log.url) == "0001"

    assert card_log.run("migrate").stdout.endswith(f"The tables are at {HEAD}.\n")
    assert current_revision(card_log.url) == HEAD
    assert card_log.run("migrate").stdout == f"The tables are at {HEAD}.\n"


def test_migrate_goes_back_only_when_told_twice(card_log: Log) -> None:
    """What older tables cannot hold is lost."""
    refused = card_log.run("migrate", "--to", "0001", answers="n\n")
    assert (refused.exit_code, current_revision(card_log.url)) == (1, HEAD)

    assert card_log.run("migrate", "--to", "0001", answers="y\n").stdout.endswith("The tables are at 0001.\n")
    assert card_log.run("migrate", "--to", "base", "--yes").stdout.endswith("The tables are at base: there are none.\n")
    assert card_log.run("migrate", "--to", "0001").stdout.endswith("The tables are at 0001.\n")


def test_a_newer_schema_is_left_alone(card_log: Log) -> None:
    """An older version of the service cannot know what it holds."""
    with card_log.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    result = card_log.run("migrate")

    assert result.exit_code == 1
    assert "Error: the card log's database is at revision '9999'" in result.stderr
    assert card_log.run("status").stdout.startswith("schema    9999 (written by a newer version of the service")


def test_import_spool_delivers_a_folder_or_a_file(card_log: Log) -> None:
    """What a service left behind is stored; what one holds is left to it."""
    held, left = Spool(card_log.spool), Spool(card_log.spool)
    for spool, calls in ((held, 1), (left, 2)):
        spool.open()
        spool.append([a_call(LATELY)] * calls)
    left.close()

    by_folder = card_log.run("import-spool", str(card_log.spool))
    by_file = card_log.run("import-spool", str(held.path))
    held.close()

    assert by_folder.stdout == (
        f"{held.path}: in use by a running service, which delivers its 1 record(s) itself\n"
        f"{left.path}: 2 record(s) delivered\n"
    )
    assert "Error: " in by_file.stderr
    assert "in use by a running service" in by_file.stderr
    assert card_log.run("import-spool", str(held.path)).stdout == f"{held.path}: 1 record(s) delivered\n"
    assert card_log.days() == [LATELY, LATELY]


def test_import_spool_says_when_there_is_nothing(card_log: Log, tmp_path: Path) -> None:
    """A folder without a spool may be the wrong folder."""
    assert card_log.run("import-spool", str(tmp_path)).stdout == f"{tmp_path}: no spool is there\n"


def test_import_spool_says_what_was_lost(card_log: Log) -> None:
    """The database refuses a row for good."""
    with card_log.engine.begin() as connection:
        connection.exec_driver_sql("CREATE UNIQUE INDEX one_row ON suggestion (creates, occurred_on)")
    spool = Spool(card_log.spool)
    spool.open()
    spool.append([a_call(LATELY), a_call(LATELY)])
    spool.close()

    result = card_log.run("import-spool", str(card_log.spool))

    assert result.stdout == f"{spool.path}: 1 record(s) delivered\n"
    assert "Error: 1 record(s) were refused by the database: lost\n" in result.stderr
    assert result.exit_code == 1


def test_import_spool_keeps_what_cannot_be_read(card_log: Log) -> None:
    """It is no event any more, and may be mended by hand: it stays in the spool's file, apart, and is told of."""
    spool = Spool(card_log.spool)
    spool.open()
    spool.append([a_call(LATELY)])
    spool.close()
    with closing(sqlite3.connect(spool.path)) as connection, connection:
        connection.execute("INSERT INTO waiting (record) VALUES (x'00')")

    result = card_log.run("import-spool", str(card_log.spool))

    assert result.stdout == (
        f"{spool.path}: 1 record(s) delivered\n{spool.path}: 1 record(s) cannot be read; they are kept apart in it\n"
    )
    assert result.exit_code == 0
    assert "1 record(s) cannot be read and are kept apart" in card_log.run("verify").stdout


COMMANDS = [
    ["status"],
    ["export", "--table", "card", "--output", "exports"],
    ["purge"],
    ["verify"],
    ["migrate"],
    ["import-spool", "."],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_missing_file_is_an_error_and_not_a_new_log(tmp_path: Path, command: list[str]) -> None:
    """A slip in the name must not look like a log with nothing in it."""
    path = tmp_path / "folder" / "card-log.sqlite3"

    result = CliRunner().invoke(log, [*command, "--database-url", f"sqlite:///{path}"])

    assert result.exit_code == 1
    assert f"Error: {path}: there is no such file; name the card log with --database-url\n" in result.stderr
    assert not path.parent.exists()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://user:secret@db.example.org/log", "the service does not speak 'mysql'"),
        ("nonsense", "cannot be read"),
        ("postgresql://user:secret@127.0.0.1:1/log", "the card log's database failed (OperationalError)"),
    ],
)
def test_a_database_that_cannot_be_used_is_said_without_its_password(url: str, said: str) -> None:
    """A message, no traceback, and nothing of the URL that is secret."""
    result = CliRunner().invoke(log, ["status", "--database-url", url])

    assert result.exit_code == 1
    assert said in result.stderr
    assert "secret" not in result.output
    assert "Traceback" not in result.output
