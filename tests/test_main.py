"""Where the command begins: what a start does not spend its time on."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import DEMO_CONFIGURATION

PROGRAM = """
import gc, sys
import cds_service.cli
from cds_service.__main__ import run

def start():
    assert gc.isenabled()
    kept = gc.get_freeze_count()
    from cds_service.app import create_app
    from cds_service.settings import Settings
    create_app(Settings(config=sys.argv[1], auth="off", database_url=sys.argv[2]))
    print(kept > 100_000, "pydantic.v1" in sys.modules)

cds_service.cli.main = start
run()
"""


def test_a_start_reads_the_code_once(tmp_path: Path) -> None:
    """The garbage collector works, and leaves what was imported alone; nothing loads pydantic's first version."""
    told = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", PROGRAM, str(DEMO_CONFIGURATION), f"sqlite:///{tmp_path}/card-log.sqlite3"],
        check=True,
        capture_output=True,
        text=True,
    )

    assert told.stdout == "True False\n"
