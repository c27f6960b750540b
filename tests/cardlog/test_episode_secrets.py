import os
import queue
import stat
import threading
from pathlib import Path

import pytest
from episode_builders import MONDAY, NEXT_MONDAY, Keys, firing, in_processes, names, opened, refused

from cds_service.cardlog.episode_secrets import EpisodeSecretError, drop_secrets


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "var" / "episode-secrets"


def test_processes_that_begin_a_window_at_once_agree(folder: Path) -> None:
    """Whoever loses reads what the winner wrote, and nothing half-written is left."""
    found = in_processes(folder, 8)
    assert found == [firing(opened(folder))[0]] * 8
    assert names(folder) == ["2026-11-16.key"]


def test_threads_that_begin_a_window_at_once_agree(folder: Path) -> None:
    """The same race, closer."""
    start = threading.Barrier(8)
    found: queue.SimpleQueue[Keys] = queue.SimpleQueue()

    def run() -> None:
        start.wait()
        found.put(firing(opened(folder)))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found.get_nowait() for _ in threads] == [firing(opened(folder))] * 8


def test_what_an_ended_service_left_is_deleted_at_the_next_start(folder: Path) -> None:
    """Secrets of earlier windows, half-made ones too; nothing else."""
    opened(folder, MONDAY)
    (folder / "2026-11-16.0123456789abcdef.new").touch(0o600)
    (folder / "2026-11-30.0123456789abcdef.new").touch(0o600)
    (folder / "2026-11-16.key.txt").touch(0o600)
    opened(folder, NEXT_MONDAY)
    assert names(folder) == ["2026-11-16.key.txt", "2026-11-23.key", "2026-11-30.0123456789abcdef.new"]


def test_only_this_user_may_read_a_secret(folder: Path) -> None:
    """Whatever the process leaves to others otherwise."""
    mask = os.umask(0)
    try:
        opened(folder)
    finally:
        os.umask(mask)
    (secret,) = folder.iterdir()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, secret)] == [0o700, 0o600]
    assert len(secret.read_bytes()) == 32


def test_a_secret_of_another_length_stops_the_start(folder: Path) -> None:
    """Somebody has touched it."""
    opened(folder)
    path = folder / "2026-11-16.key"
    path.write_bytes(b"x" * 31)
    assert refused(folder) == (
        f"CDS_SERVICE_EPISODE_SECRETS: {path}: is not a secret of 32 bytes; delete it, and a new one is made"
    )


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_secret_that_others_may_read_stops_the_start(folder: Path, mode: int) -> None:
    """It may be known already."""
    opened(folder)
    path = folder / "2026-11-16.key"
    path.chmod(mode)
    assert refused(folder) == (
        f"CDS_SERVICE_EPISODE_SECRETS: {path}: others may read this secret; run chmod 600 on it, or delete it for a "
        "new one"
    )


def test_a_folder_that_others_may_look_into_stops_the_start(folder: Path) -> None:
    """They could put a secret of their own there."""
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    assert refused(folder) == (
        f"CDS_SERVICE_EPISODE_SECRETS: {folder}: others may look into this folder; run chmod 700 on it"
    )


def test_what_is_no_folder_stops_the_start(folder: Path) -> None:
    """With the setting's name and what to do."""
    folder.parent.mkdir()
    folder.touch()
    message = refused(folder)
    assert message.startswith(f"CDS_SERVICE_EPISODE_SECRETS: {folder}: File exists; name a folder that this user")
    assert message.endswith("or switch order episodes off")


def test_a_secret_is_not_read_through_a_link(folder: Path, tmp_path: Path) -> None:
    """It would be kept somewhere else, where nobody drops it."""
    kept = tmp_path / "kept"
    kept.write_bytes(b"x" * 32)
    kept.chmod(0o600)
    folder.mkdir(parents=True, mode=0o700)
    (folder / "2026-11-16.key").symlink_to(kept)
    assert f"CDS_SERVICE_EPISODE_SECRETS: {folder}: " in refused(folder)


def test_a_process_that_dies_half_way_leaves_no_half_a_secret(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name comes last: a full disk leaves nothing that another would take for the secret."""

    def no_room(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", no_room)
        assert f"{folder}: No space left on device; " in refused(folder)
    assert names(folder) == []
    assert None not in firing(opened(folder))


def test_switched_off_no_secret_stays(folder: Path) -> None:
    """Nor anything half-made; other files are left alone."""
    opened(folder)
    (folder / "2026-11-30.key").touch(0o600)
    (folder / "2026-11-30.0123456789abcdef.new").touch(0o600)
    (folder / "notes.txt").touch()
    assert drop_secrets(folder) == 3
    assert names(folder) == ["notes.txt"]


def test_switched_off_from_the_start_there_is_nothing_to_drop(folder: Path) -> None:
    """And no folder is made."""
    assert (drop_secrets(folder), folder.exists()) == (0, False)


def test_a_secret_that_cannot_be_dropped_is_told(folder: Path) -> None:
    """It must not stay unnoticed."""
    folder.parent.mkdir()
    folder.touch()
    with pytest.raises(EpisodeSecretError, match=r"CDS_SERVICE_EPISODE_SECRETS: .*: Not a directory; "):
        drop_secrets(folder)
