"""Keys of episodes as the tests ask for them: one firing, changed in one thing at a time."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from cds_service.cardlog.episode_keys import EpisodeKeys, EpisodeSecretError

MONDAY = date(2026, 11, 16)
SATURDAY = date(2026, 11, 21)
SUNDAY = date(2026, 11, 22)
NEXT_MONDAY = date(2026, 11, 23)
NOT_RUN_OUT_S = 30.0
"""Longer than any test's folder takes; what is waited for ends the wait."""

Keys = tuple[bytes | None, bytes | None]


def opened(folder: Path, today: date = SATURDAY, window_days: int = 7) -> EpisodeKeys:
    """Keys from a folder that is given the time it needs."""
    return EpisodeKeys(folder, window_days, today=today, patience_s=NOT_RUN_OUT_S)


def firing(
    episodes: EpisodeKeys,
    client: str = "demo-ehr",
    patient: str = "p1",
    draft: str | None = "ServiceRequest/draft-1",
    encounter: str | None = None,
    day: date = SATURDAY,
    hour: int = 9,
) -> Keys:
    """The keys of a firing, changed as the keywords say."""
    return episodes.keys(client, patient, draft, encounter, day, hour)


def names(folder: Path) -> list[str]:
    """The files of a folder."""
    return sorted(path.name for path in folder.iterdir())


def refused(folder: Path, today: date = SATURDAY) -> str:
    """The message of a start that is refused."""
    with pytest.raises(EpisodeSecretError) as raised:
        opened(folder, today)
    return str(raised.value)


ONE_KEY = """
import sys
from datetime import date
from pathlib import Path
from cds_service.cardlog.episode_keys import EpisodeKeys

day = date(2026, 11, 21)
print("ready", flush=True)
sys.stdin.readline()
episodes = EpisodeKeys(Path(sys.argv[1]), today=day)
print(episodes.keys("demo-ehr", "p1", "ServiceRequest/draft-1", None, day, 9)[0].hex())
"""


def in_processes(folder: Path, count: int) -> list[bytes]:
    """The order key of the usual firing in processes that are let go together."""
    command = [sys.executable, "-c", ONE_KEY, str(folder)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own code
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return [bytes.fromhex(process.communicate(timeout=NOT_RUN_OUT_S)[0]) for process in processes]
