"""The secrets of order episodes: one file for each window, in a folder that all workers and replicas share.

A secret is 32 random bytes, readable by the service's user alone, and nowhere else: not in a database, a spool or a
log. Processes that begin a window at the same moment agree on one without a lock. Whoever begins a window deletes the
secrets of those before it.
"""

import os
import re
import secrets
import stat
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Final

SETTING: Final = "CDS_SERVICE_EPISODE_SECRETS"
"""The setting that names the folder; messages name it."""

_SECRET_BYTES: Final = 32
_OPEN_TO_OTHERS: Final = 0o077
_SECRET_FILE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})\.(?:key|[0-9a-f]{16}\.new)")


class EpisodeSecretError(Exception):
    """The folder of secrets, or a file in it, cannot be used. The message names the setting and the mend."""

    def __init__(self, path: Path, fault: str, mend: str) -> None:
        super().__init__(f"{SETTING}: {path}: {fault}; {mend}")


def shared_secret(folder: Path, first: date) -> bytes:
    """The secret of a window, made by whoever comes first; those of earlier windows are deleted.

    Args:
        folder: where the secrets are; made when missing, for this user alone.
        first: the window's first day.

    Raises:
        EpisodeSecretError: the folder cannot be used, or the secret in it.
    """
    try:
        _make_folder(folder)
        path = folder / f"{first.isoformat()}.key"
        if not path.exists():
            _make_secret(path)
        secret = _read_secret(path)
        _delete_secrets(folder, first)
    except OSError as error:
        raise _unusable(folder, error) from None
    return secret


def drop_secrets(folder: Path) -> int:
    """Delete every secret of the folder, for a service whose order episodes are switched off.

    Args:
        folder: where the secrets are; it need not exist.

    Returns:
        How many files were deleted.

    Raises:
        EpisodeSecretError: one of them cannot be deleted.
    """
    if not folder.exists():
        return 0
    try:
        return _delete_secrets(folder, None)
    except OSError as error:
        raise _unusable(folder, error) from None


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & _OPEN_TO_OTHERS:
        raise EpisodeSecretError(folder, "others may look into this folder", "run chmod 700 on it")


def _make_secret(path: Path) -> None:
    """Write a new secret and give it its name, unless another process was first.

    The name comes last, so that a reader finds the whole secret or none; a link, unlike a rename, replaces nothing.
    """
    written = path.with_name(f"{path.stem}.{secrets.token_hex(8)}.new")
    try:
        with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(written, path)
    finally:
        written.unlink(missing_ok=True)


def _read_secret(path: Path) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        secret = file.read(_SECRET_BYTES + 1)
    if not stat.S_ISREG(mode) or mode & _OPEN_TO_OTHERS:
        raise EpisodeSecretError(path, "others may read this secret", "run chmod 600 on it, or delete it for a new one")
    if len(secret) != _SECRET_BYTES:
        raise EpisodeSecretError(path, f"is not a secret of {_SECRET_BYTES} bytes", "delete it, and a new one is made")
    return secret


def _delete_secrets(folder: Path, kept_from: date | None) -> int:
    """Delete the secrets of windows that began before a day, or all; also half-made ones of a process that died."""
    deleted = 0
    for path in folder.iterdir():
        named = _SECRET_FILE.fullmatch(path.name)
        if named is not None and (kept_from is None or named[1] < kept_from.isoformat()):
            path.unlink(missing_ok=True)
            deleted += 1
    return deleted


def _unusable(folder: Path, error: OSError) -> EpisodeSecretError:
    mend = "name a folder that this user may write and whose file system knows hard links, or switch order episodes off"
    return EpisodeSecretError(folder, error.strerror or type(error).__name__, mend)
