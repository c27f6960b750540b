"""The folder of the proof on the import path, and a PostgreSQL server that its scenarios may stop."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "load"))

from loss_databases import PostgresqlServer, postgresql


@pytest.fixture(scope="session")
def stoppable_server() -> Iterator[PostgresqlServer]:
    """A PostgreSQL server of this folder's own."""
    with postgresql() as server:
        yield server
