"""`cds-service` on a slow disk: each commit, in the card log's database or in the spool, takes 300 ms more.

Run as a program, with the command line of `cds-service`.
"""

import time
from collections.abc import Callable
from typing import Any

from cds_service.__main__ import run
from cds_service.cardlog.spool import Spool
from cds_service.cardlog.store import CardLogStore

SYNC = 0.3
"""Seconds."""


def slowly(method: Callable[..., None]) -> Callable[..., None]:
    """Do what a method does, and let it take longer."""

    def slow(*arguments: Any) -> None:  # noqa: ANN401 - as what it stands for
        method(*arguments)
        time.sleep(SYNC)

    return slow


if __name__ == "__main__":
    for owner, name in ((CardLogStore, "write"), (Spool, "append")):
        setattr(owner, name, slowly(getattr(owner, name)))
    run()
