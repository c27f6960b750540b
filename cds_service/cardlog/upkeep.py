"""The upkeep of the card log: figures are brought up to date, episode keys dropped and partitions made, each minute."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import Engine

from cds_service.cardlog.databases import CardLogStoreError
from cds_service.cardlog.episodes import (
    drop_keys_before,
    needs_work,
    windows_with_keys,
    work_out_window,
    work_out_windows_of,
)
from cds_service.cardlog.partitions import ensure_partitions, month_of, next_month
from cds_service.cardlog.rollups import roll_up_due
from cds_service.london_time import london_day

_logger = logging.getLogger(__name__)

_KEYS_KEPT: Final = timedelta(days=28)
_INTERVAL_S: Final = 60.0
# A busy week on a slow machine takes seconds to count; upkeep then comes less often, for one twentieth of a processor.
_PAUSE_PER_WORK: Final = 20
_LONGEST_STOP_S: Final = 10.0
_RECENT_WINDOWS: Final = 2


def _now() -> datetime:
    return datetime.now(UTC)


class Upkeep:
    """Keeps the figures up to date in a thread of its own. Each process has one; they take turns.

    Args:
        engine: to the card log's database; disposed of by `stop`.
        clock: the time, aware.
        window_days: length of the window in which firings share keys, in days.
        interval_s: seconds between two runs, at least.
        each_time: what else is to be done at each run, given the day in London.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], datetime] = _now,
        window_days: int = 7,
        *,
        interval_s: float = _INTERVAL_S,
        each_time: Callable[[date], None] | None = None,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._window_days = window_days
        self._interval_s = interval_s
        self._each_time = each_time
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._looked_back_on: date | None = None
        self._fault: str | None = None

    def run_once(self) -> None:
        """Do all that is to be done now. A step that fails does not keep the others from being tried.

        Raises:
            CardLogStoreError: the database failed in a step; the first such fault.
        """
        today = london_day(self._clock())
        if self._each_time is not None:
            self._each_time(today)
        faults = []
        for step in (self._make_partitions, self._roll_up, self._work_out_episodes, self._drop_keys):
            try:
                step(today)
            except CardLogStoreError as error:
                faults.append(error)
        if faults:
            raise faults[0]

    def start(self) -> None:
        """Begin to run, at once and then after each interval."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="card-log-upkeep", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Run no more, and close the connections. Waits a while for what is being worked out, which is safe to lose."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_LONGEST_STOP_S)
            self._thread = None
        self._engine.dispose()

    def _run(self) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            self._run_and_tell()
            self._stopping.wait(max(self._interval_s, _PAUSE_PER_WORK * (time.monotonic() - began)))

    def _run_and_tell(self) -> None:
        try:
            self.run_once()
        except CardLogStoreError as error:
            if error.kind != self._fault:
                _logger.error("The card log's figures cannot be brought up to date (%s)", error.kind)  # noqa: TRY400 - a traceback may hold values
            self._fault = error.kind
        else:
            if self._fault is not None:
                _logger.warning("The card log's figures are brought up to date again")
            self._fault = None

    def _make_partitions(self, today: date) -> None:
        this_month = month_of(today)
        following = next_month(this_month)
        ensure_partitions(self._engine, (this_month, following, next_month(following)))

    def _roll_up(self, today: date) -> None:
        episodes = partial(work_out_windows_of, window_days=self._window_days, today=today)
        roll_up_due(self._engine, self._stopping.is_set, episodes)

    def _work_out_episodes(self, today: date) -> None:
        """This window and the one before; once a day all that have keys: one may have ended while nobody ran."""
        windows = windows_with_keys(self._engine, self._window_days, today)
        looked_back = self._looked_back_on == today
        for start in windows[:_RECENT_WINDOWS] if looked_back else windows:
            if self._stopping.is_set():
                return
            if needs_work(self._engine, start, self._window_days, today):
                work_out_window(self._engine, start, self._window_days, today)
        self._looked_back_on = today

    def _drop_keys(self, today: date) -> None:
        drop_keys_before(self._engine, today - _KEYS_KEPT)
