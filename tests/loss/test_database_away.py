"""What the proof rests on in the store: a database that is away is told as such, whatever the driver calls it."""

from pathlib import Path
from uuid import uuid4

import pytest

from cds_service.cardlog.databases import CardLogStoreError
from cds_service.cardlog.rows import Rows
from cds_service.cardlog.store import CardLogStore, Counts

COUNTS = Counts([("2026-11-21", 9, "ehr", "order-sign", "cards", str(uuid4()), 1)], [])


def test_a_server_that_is_not_there_is_a_fault_of_the_database(tmp_path: Path) -> None:
    """Any other error would end the thread that writes, and with it the delivery of the spool."""
    store = CardLogStore(f"postgresql://nobody@/card_log?host={tmp_path}", str(uuid4()))
    with pytest.raises(CardLogStoreError) as raised:
        store.write(Rows([], [], [], [], []))
    assert not raised.value.refused
    with pytest.raises(CardLogStoreError):
        store.write_counts(COUNTS)
    store.dispose()
