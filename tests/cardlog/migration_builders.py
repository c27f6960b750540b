"""A database as the earlier version of the service left it, and what stands in a database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from cds_service.cardlog.databases import open_engine

OLD_TABLES = (
    """CREATE TABLE IF NOT EXISTS evaluation (
        event_id VARCHAR(36) NOT NULL,
        occurred_on DATE NOT NULL,
        occurred_hour SMALLINT NOT NULL,
        region VARCHAR(64) NOT NULL,
        pathway_id VARCHAR(64),
        pathway_version VARCHAR(80),
        rule_id VARCHAR(64) NOT NULL,
        outcome VARCHAR(40) NOT NULL,
        indicator VARCHAR(16),
        card_id VARCHAR(36),
        card_count INTEGER NOT NULL,
        modality VARCHAR(16) NOT NULL,
        body_region_group VARCHAR(16) NOT NULL,
        known_by VARCHAR(16) NOT NULL,
        setting VARCHAR(32) NOT NULL,
        setting_evidence VARCHAR(80),
        requester_category VARCHAR(64) NOT NULL,
        organisation VARCHAR(12),
        pcn VARCHAR(80),
        borough VARCHAR(80),
        region_conflict BOOLEAN NOT NULL,
        indication_present BOOLEAN NOT NULL,
        indication_groups VARCHAR(500) NOT NULL,
        oncology VARCHAR(16) NOT NULL,
        age_band VARCHAR(8) NOT NULL,
        fcp_listing VARCHAR(32) NOT NULL,
        hook VARCHAR(64) NOT NULL,
        client_id VARCHAR(64) NOT NULL,
        latency_ms INTEGER NOT NULL,
        configuration_flags VARCHAR(200) NOT NULL,
        software_version VARCHAR(64) NOT NULL,
        CONSTRAINT pk_evaluation PRIMARY KEY (event_id)
    )""",
    "CREATE INDEX IF NOT EXISTS ix_evaluation_card_id ON evaluation (card_id)",
    "CREATE INDEX IF NOT EXISTS ix_evaluation_occurred_on ON evaluation (occurred_on)",
    "CREATE INDEX IF NOT EXISTS ix_evaluation_region_outcome_occurred_on ON evaluation (region, outcome, occurred_on)",
    """CREATE TABLE IF NOT EXISTS feedback (
        event_id VARCHAR(36) NOT NULL,
        received_on DATE NOT NULL,
        received_hour SMALLINT NOT NULL,
        service_id VARCHAR(64) NOT NULL,
        card_id VARCHAR(36),
        outcome VARCHAR(16) NOT NULL,
        suggestion_accepted BOOLEAN NOT NULL,
        override_reason_code VARCHAR(64),
        override_reason_system VARCHAR(200),
        had_comment BOOLEAN NOT NULL,
        outcome_timestamp {moment} NOT NULL,
        CONSTRAINT pk_feedback PRIMARY KEY (event_id)
    )""",
    "CREATE INDEX IF NOT EXISTS ix_feedback_card_id ON feedback (card_id)",
    "CREATE INDEX IF NOT EXISTS ix_feedback_received_on ON feedback (received_on)",
)
"""What the earlier version sent to the database at each start, in order."""

Row = dict[str, Any]

AN_OLD_EVALUATION: Row = {
    "event_id": "00000000-0000-4000-8000-000000000001",
    "occurred_on": "2026-01-31",
    "occurred_hour": 9,
    "region": "nwl",
    "pathway_id": "nwl",
    "pathway_version": "1.2",
    "rule_id": "nwl.redirect",
    "outcome": "redirect",
    "indicator": "warning",
    "card_id": "00000000-0000-4000-8000-0000000000c1",
    "card_count": 1,
    "modality": "mri",
    "body_region_group": "lower-limb",
    "known_by": "code",
    "setting": "general-practice",
    "setting_evidence": "requester-role",
    "requester_category": "gp",
    "organisation": "Z99001",
    "pcn": "Larkfield PCN",
    "borough": "Brent",
    "region_conflict": False,
    "indication_present": True,
    "indication_groups": "pain",
    "oncology": "none",
    "age_band": "18-64",
    "fcp_listing": "none",
    "hook": "order-sign",
    "client_id": "demo-ehr",
    "latency_ms": 7,
    "configuration_flags": "",
    "software_version": "0.1.0",
}
"""A GP's knee MRI in North West London that was redirected."""

AN_OLD_FEEDBACK: Row = {
    "event_id": "00000000-0000-4000-8000-0000000000f1",
    "received_on": "2026-03-01",
    "received_hour": 10,
    "service_id": "msk-imaging-pathway",
    "card_id": "00000000-0000-4000-8000-0000000000c1",
    "outcome": "overridden",
    "suggestion_accepted": False,
    "override_reason_code": "patient-ineligible",
    "override_reason_system": "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes",
    "had_comment": True,
    "outcome_timestamp": "2026-03-01 10:30:15.000000+00:00",
}
"""Its card, overridden a month later."""


def make_old_tables(database_url: str, statements: Sequence[str] = OLD_TABLES) -> None:
    """Make tables as the earlier version did, without a word of Alembic's."""
    run(database_url, *(statement.format(moment=_moment_type(database_url)) for statement in statements))


def insert_old(database_url: str, table: str, *rows: Row) -> None:
    """Put rows into the earlier version's tables; on SQLite a time has no zone."""
    engine = open_engine(database_url)
    with engine.begin() as connection:
        for row in rows:
            values = {
                name: value.removesuffix("+00:00")
                if name == "outcome_timestamp" and _is_sqlite(database_url)
                else value
                for name, value in row.items()
            }
            names = ", ".join(values)
            places = ", ".join(f":{name}" for name in values)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)  # noqa: S608 - our own
    engine.dispose()


def run(database_url: str, *statements: str) -> None:
    """Run statements in one transaction."""
    engine = open_engine(database_url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def rows_of(database_url: str, table: str, order: str = "1") -> list[Row]:
    """The rows of a table, every value as text."""
    engine = open_engine(database_url)
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT * FROM {table} ORDER BY {order}"))  # noqa: S608 - our own name
        rows = [
            {name: None if value is None else str(value) for name, value in row.items()} for row in found.mappings()
        ]
    engine.dispose()
    return rows


def structure_of(database_url: str) -> list[str]:
    """Every table, column, key and index but Alembic's own and the partitions, in the database's own words."""
    engine = open_engine(database_url)
    with engine.connect() as connection:
        found = _sqlite_structure(connection) if _is_sqlite(database_url) else _postgresql_structure(connection)
    engine.dispose()
    return sorted(" ".join(line.split()) for line in found)


def partitions_of(database_url: str) -> list[str]:
    """The names of all partitions on PostgreSQL."""
    engine = open_engine(database_url)
    with engine.connect() as connection:
        names = connection.scalars(
            text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY relname")
        ).all()
    engine.dispose()
    return [str(name) for name in names]


def _is_sqlite(database_url: str) -> bool:
    return database_url.startswith("sqlite")


def _moment_type(database_url: str) -> str:
    return "DATETIME" if _is_sqlite(database_url) else "TIMESTAMP WITH TIME ZONE"


def _sqlite_structure(connection: Connection) -> list[str]:
    statements = connection.scalars(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"))
    return [statement.replace("IF NOT EXISTS ", "") for statement in statements if "alembic_version" not in statement]


def _postgresql_structure(connection: Connection) -> list[str]:
    ours = "relnamespace = 'public'::regnamespace AND NOT relispartition"
    tables = (
        "SELECT concat_ws(' ', relname, relkind, pg_get_partkeydef(oid)) FROM pg_class"  # noqa: S608 - our own words
        f" WHERE {ours} AND relkind IN ('r', 'p')"
    )
    columns = (
        "SELECT concat_ws(' ', relname, attnum, attname, format_type(atttypid, atttypmod), attnotnull)"  # noqa: S608 - as above
        f" FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE {ours} AND relkind IN ('r', 'p')"
        " AND attnum > 0"
    )
    indexes = f"SELECT pg_get_indexdef(oid) FROM pg_class WHERE {ours} AND relkind IN ('i', 'I')"  # noqa: S608 - as above
    # "Not null" stands with the columns; PostgreSQL names it as it likes.
    constraints = (
        "SELECT concat_ws(' ', relname, conname, pg_get_constraintdef(pg_constraint.oid)) FROM pg_constraint"  # noqa: S608 - as above
        f" JOIN pg_class ON pg_class.oid = conrelid WHERE {ours} AND contype <> 'n'"
    )
    found = [str(line) for query in (tables, columns, indexes, constraints) for line in connection.scalars(text(query))]
    return [line for line in found if "alembic_version" not in line]
