"""Whether a service has reached its database before: then it may start while that is away, else the URL may be wrong.

A file in the spool's folder holds a digest of the database's address, without user and password.
"""

import hashlib
from pathlib import Path
from typing import Final

from cds_service.database_url import readable_url

_FILE: Final = "database-known"


def is_known(folder: Path, database_url: str) -> bool:
    """Whether a service with this spool has reached the database before.

    Args:
        folder: of the spool.
        database_url: as `readable_url` takes it.
    """
    try:
        return (folder / _FILE).read_text(encoding="ascii") == _digest(database_url)
    except (OSError, UnicodeDecodeError):
        return False


def remember(folder: Path, database_url: str) -> None:
    """Note that the database has been reached.

    Args:
        folder: of the spool; it exists.
        database_url: as `readable_url` takes it.

    Raises:
        OSError: the note cannot be written.
    """
    if not is_known(folder, database_url):
        (folder / _FILE).write_text(_digest(database_url), encoding="ascii")


def _digest(database_url: str) -> str:
    url = readable_url(database_url)
    place = f"{url.get_backend_name()} {url.host} {url.port} {url.database}"
    return hashlib.sha256(place.encode()).hexdigest()
