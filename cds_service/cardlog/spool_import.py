"""A spool brought to the database by hand: from a machine that is gone, or by an operator who will not start a service.

A service that starts on the same folder does the same by itself. A record that is in the database already is left as it
is there, so a spool may be delivered twice.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cds_service.cardlog.database_writer import MOST_RECORDS, EventStore, deliver
from cds_service.cardlog.databases import CardLogStoreError
from cds_service.cardlog.spool import held
from cds_service.cardlog.spool_records import Entry


class Imported(NamedTuple):
    """What became of a spool's records.

    Attributes:
        stored: records that are in the database now.
        refused: records that the database will never take; they are out of the spool and lost.
        unreadable: records that cannot be read; they are kept apart in the spool's file.
    """

    stored: int
    refused: int
    unreadable: int = 0


def import_spool(path: Path, store: EventStore, on_records: Callable[[int], None]) -> Imported:
    """Deliver everything that waits in a spool, in order of arrival.

    Stopped in between, it is simply called again.

    Args:
        path: the spool's file, which exists.
        store: the database.
        on_records: told, now and then, how many more records have left the spool.

    Raises:
        SpoolInUseError: a running process holds the spool.
        SpoolError: it cannot be read.
        CardLogStoreError: the database failed; what it had not taken is still in the spool.
    """
    stored = refused = unreadable = 0
    with held(path) as spool:
        while entries := spool.head(MOST_RECORDS):
            readable = [entry for entry in entries if entry.is_readable]
            taken = _delivered(readable, store)
            spool.set_aside([entry.number for entry in entries if not entry.is_readable])
            if readable:
                spool.drop(readable)
            stored += taken
            refused += len(readable) - taken
            unreadable += len(entries) - len(readable)
            on_records(len(entries))
    return Imported(stored, refused, unreadable)


def _delivered(entries: list[Entry], store: EventStore) -> int:
    """How many of them the database took: all at once, or each alone where one of them is refused."""
    try:
        deliver(entries, store)
    except CardLogStoreError as error:
        if not error.refused:
            raise
        if len(entries) == 1:
            return 0
        return sum(_delivered([entry], store) for entry in entries)
    return len(entries)
