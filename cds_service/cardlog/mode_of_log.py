"""Whose events a card log holds, a deployment's or a demo's: no figure tells them apart, so no log may hold both."""

from typing import Final

from sqlalchemy import select

from cds_service.cardlog.databases import open_engine, transaction
from cds_service.cardlog.migrating import SchemaError
from cds_service.cardlog.schema import evaluation

DEMO: Final = "demo"
"""The mode of a demo's events, its invented history among them; those of a deployment are `live`."""


class WrongLogError(SchemaError):
    """The database is a demo's where a deployment's is meant, or the other way round; no event was written."""


def require_log_of(database_url: str, *, demo: bool) -> None:
    """Refuse a card log that holds the other kind's events. An empty one is anybody's.

    The first and the last day are looked at, by their index, however long the log is: every process asks before its
    first event, so that a log whose both ends are of one kind is of that kind throughout. `log verify` counts all.

    Args:
        database_url: of a card log with today's tables.
        demo: whether the process is a demo.

    Raises:
        WrongLogError: it holds the other kind's events.
        CardLogStoreError: the database failed.
        ValueError: the URL cannot be read.
        OSError: the folder of a SQLite file cannot be made.
    """
    day = evaluation.c.occurred_on
    engine = open_engine(database_url)
    try:
        with transaction(engine) as connection:
            modes = {
                connection.scalar(select(evaluation.c.mode).order_by(order).limit(1)) for order in (day, day.desc())
            }
    finally:
        engine.dispose()
    if not demo and DEMO in modes:
        raise WrongLogError(
            "the card log holds a demo's invented orders, which would count among the real ones; give the service a"
            " database of its own (CDS_SERVICE_DATABASE_URL), which may be empty, and keep this one for the demo"
        )
    if demo and modes - {DEMO, None}:
        raise WrongLogError(
            "the card log holds a deployment's orders, among which a demo's invented ones would count; leave out"
            " --database-url and CDS_SERVICE_DATABASE_URL, and the demo keeps a log of its own, or name one that is"
            " empty or a demo's"
        )
