"""The card log of one process, from its settings: database, spool, sums, upkeep, and the secret behind episodes."""

import logging
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine

from cds_service.cardlog.card_log import CardLog, EvaluationLog, NoCardLog
from cds_service.cardlog.databases import CardLogStoreError, open_engine
from cds_service.cardlog.episode_keys import EpisodeKeys
from cds_service.cardlog.episode_secrets import drop_secrets
from cds_service.cardlog.known_database import is_known, remember
from cds_service.cardlog.migrating import bring_up_to_date
from cds_service.cardlog.mode_of_log import require_log_of
from cds_service.cardlog.spool import Spool
from cds_service.cardlog.store import CardLogStore
from cds_service.cardlog.tallies import Tallies
from cds_service.cardlog.upkeep import Upkeep
from cds_service.database_url import readable_url
from cds_service.london_time import london_day
from cds_service.settings import Settings

_logger = logging.getLogger(__name__)


class DatabaseSettingError(Exception):
    """The card log's database URL cannot be used; the message holds the folder of a SQLite file, and no more of it."""


@dataclass(frozen=True, slots=True)
class LogParts:
    """What a process needs to log.

    Attributes:
        card_log: what the routes use.
        episode_keys: ties the firings of one order together; None where that is switched off.
        store: the database; None with the log off.
        spool: where events wait for it; None with the log off.
        upkeep: works out the figures; None with the log off.
    """

    card_log: EvaluationLog
    episode_keys: EpisodeKeys | None = None
    store: CardLogStore | None = None
    spool: Spool | None = None
    upkeep: Upkeep | None = None

    def start(self) -> None:
        """Start the threads that write and work out the figures.

        Raises:
            SpoolError: the spool cannot be used any more.
        """
        if self.spool is not None:
            self.spool.open()
        self.card_log.start()
        if self.upkeep is not None:
            self.upkeep.start()

    def close(self) -> None:
        """Bring what waits to a disk, within a bound, and close; each in turn, even where another fails. Blocks."""
        with ExitStack() as ending:
            if self.store is not None:
                ending.callback(self.store.dispose)
            if self.spool is not None:
                ending.callback(self.spool.close)
            if self.upkeep is not None:
                ending.callback(self.upkeep.stop)
            ending.callback(self.card_log.close)  # first, in case whoever stops the process is impatient


def check_database_url(settings: Settings) -> None:
    """Stop the start for a database URL that cannot be used, before anything is opened that uses it.

    The folder of a SQLite file is made when missing. A service that logs nothing and lets everyone in uses no database.

    Raises:
        DatabaseSettingError: the URL cannot be read, or the folder of its SQLite file cannot be made or written.
    """
    if settings.card_log == "off" and settings.auth == "off":
        return
    try:
        url = readable_url(settings.database_url)
    except ValueError as error:
        raise DatabaseSettingError(f"CDS_SERVICE_DATABASE_URL: {error}") from None
    if url.get_backend_name() != "sqlite":
        return
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseSettingError(_no_folder(folder, f"cannot be made ({error.strerror})")) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DatabaseSettingError(_no_folder(folder, "cannot be written"))


def _no_folder(folder: Path, why: str) -> str:
    return (
        f"CDS_SERVICE_DATABASE_URL: the folder {folder} of the card log's database {why}; name one that user"
        f" {os.geteuid()}, as whom the service runs, may write, or give it to that user"
    )


def build_log(
    settings: Settings, clock: Callable[[], datetime], look_after: Callable[[Engine, date], None] | None = None
) -> LogParts:
    """Open the card log.

    Args:
        settings: the process's settings; `check_database_url` has passed their database URL.
        clock: the aware time now.
        look_after: what else is to be done to the database before each upkeep, given the day in London.

    Raises:
        CardLogStoreError: the database cannot be reached, and never was by a service with this spool.
        SchemaError: a newer version of the service wrote it, it is no card log, or it is a demo's and the service is
            none, or the other way round.
        SpoolError: the spool cannot be used.
        EpisodeSecretError: the folder of the secret cannot be used.
    """
    if settings.card_log == "off":
        return LogParts(NoCardLog())
    writer_id = str(uuid4())
    spool = Spool(spool_folder(settings))
    spool.open()  # a folder that cannot be used stops the start, rather than showing at the first outage
    spool.close()
    is_away = not _brought_up_to_date(settings)
    prepare = partial(_make_ready, settings) if is_away else None
    store = CardLogStore(settings.database_url, writer_id, prepare)
    today = london_day(clock())
    keys = _episode_keys(settings, today)
    engine = open_engine(settings.database_url)

    def each_time(day: date) -> None:
        # A window's secret is dropped when its time is over, though nobody may be ordering then.
        if keys is not None:
            keys.turn_to(day)
        if look_after is not None:
            look_after(engine, day)

    upkeep = Upkeep(engine, clock, settings.episode_window_days, each_time=each_time)
    tallies = Tallies(writer_id)
    return LogParts(CardLog(store, spool, tallies), keys, store, spool, upkeep)


def _brought_up_to_date(settings: Settings) -> bool:
    """Whether the database is ready; false when it is away and was reached before, since cards do not need it.

    Raises:
        CardLogStoreError: it cannot be reached and never was, so that the URL may be wrong.
        SchemaError: as for `build_log`.
    """
    folder = spool_folder(settings)
    try:
        _make_ready(settings)
    except CardLogStoreError as error:
        if not is_known(folder, settings.database_url):
            raise
        away = "The card log's database is away (%s): starting without, events go to the spool"
        _logger.error(away, error.kind)  # noqa: TRY400 - a traceback adds nothing to the kind
        return False
    remember(folder, settings.database_url)
    return True


def _make_ready(settings: Settings) -> None:
    bring_up_to_date(settings.database_url)
    require_log_of(settings.database_url, demo=settings.demo)


def _episode_keys(settings: Settings, today: date) -> EpisodeKeys | None:
    folder = settings.episode_secrets or _beside_the_log(settings, "episode-secrets")
    if settings.episodes == "off":
        drop_secrets(folder)  # what was tied together before can then be tied to nothing more
        return None
    return EpisodeKeys(folder, settings.episode_window_days, today=today)


def spool_folder(settings: Settings) -> Path:
    """Where events wait for an absent database: as set, else beside the SQLite file, else in `var`."""
    return settings.spool or _beside_the_log(settings, "spool")


def _beside_the_log(settings: Settings, name: str) -> Path:
    url = readable_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        file = Path(str(url.database))
        return file.with_name(f"{file.stem}-{name}")
    return Path("var") / name
