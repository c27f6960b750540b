"""Keys that tie the firings of one order together: keyed hashes under a secret that is dropped with its window.

order-select fires at each edit of a draft and order-sign at the end; without a common key nobody could tell an order
that was signed in spite of its card from one that was given up. A key is 16 bytes of an HMAC-SHA-256 (RFC 2104) over
ids that are kept nowhere. Its secret is shared by all workers and replicas through a folder, lives for one window and
is then deleted: from that day on nobody can work out a key again, nor test a guess against one. What this means for a
data protection impact assessment stands in decision 0023.

Nothing here raises once the service runs, because a fault in the log must not cost the clinician the card: firings
then have no keys and belong to no episode.
"""

import hmac
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from cds_service.cardlog.episode_secrets import SETTING, EpisodeSecretError, shared_secret

__all__ = ["EpisodeKeys", "EpisodeSecretError", "window_start"]

_logger = logging.getLogger(__name__)

_FIRST_MONDAY: Final = date(1970, 1, 5)
_KEY_BYTES: Final = 16

_DAY_BEGINS: Final = 7
_NIGHT_BEGINS: Final = 19
_ONE_DAY: Final = timedelta(days=1)
_PATIENCE_S: Final = 0.1  # the first call of a window waits on the event loop, with all the others behind it
_NEXT_TRY_S: Final = 60


def window_start(day: date, window_days: int) -> date:
    """The first day of a day's window; windows follow each other from Monday 5 January 1970.

    Args:
        day: a day in London.
        window_days: length of a window in days, at least 1.
    """
    return day - timedelta(days=(day - _FIRST_MONDAY).days % window_days)


@dataclass(frozen=True, slots=True)
class _Held:
    """The secret in use, from the window's first day to the day after its last."""

    first: date
    after: date
    secret: bytes = field(repr=False)


class EpisodeKeys:
    """Makes the keys of firings. Safe to use from several threads.

    Args:
        folder: where the secrets are, shared by all workers and replicas; made when missing, for this user alone.
        window_days: length of a window in days, the same in every process that shares the folder.
        today: the day in London; the secret of its window is made ready.
        patience_s: how long a call waits for the folder when a window begins, in seconds.
        now: a monotonic clock in seconds; tests hand in their own.

    Raises:
        EpisodeSecretError: the folder cannot be used, or the secret in it.
        ValueError: `window_days` is less than 1.
    """

    def __init__(
        self,
        folder: Path,
        window_days: int = 7,
        *,
        today: date,
        patience_s: float = _PATIENCE_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        if window_days < 1:
            raise ValueError(f"window_days: {window_days} is not a length; give at least 1 day, usually 7")
        self._folder = folder
        self._window_days = window_days
        self._patience_s = patience_s
        self._now = now
        self._turning = threading.Lock()
        self._opening: tuple[date, Future[bytes]] | None = None
        self._try_again_at = now()
        self._failing = False
        first = window_start(today, window_days)
        self._held: _Held | None = self._as_held(first, shared_secret(folder, first))

    def __repr__(self) -> str:
        """Name the length of a window and nothing of a secret."""
        return f"EpisodeKeys(<windows of {self._window_days} days>)"

    def keys(
        self,
        client_id: str,
        patient_id: str,
        draft_reference: str | None,
        encounter_id: str | None,
        day: date,
        hour: int,
    ) -> tuple[bytes | None, bytes | None]:
        """The order key and the session key of a firing, 16 bytes each.

        An id may come bare or as a reference, relative or absolute: its last segment counts. A session is the
        encounter, else the twelve hours from seven to seven in which the call falls. A file is touched only at the
        first call of a window.

        Args:
            client_id: the configured id of the EHR.
            patient_id: `context.patientId`.
            draft_reference: the draft order (`ServiceRequest/draft-1`); None when nothing tells it from others.
            encounter_id: `context.encounterId`, when sent.
            day: the day in London.
            hour: the hour of that day, 0 to 23.

        Returns:
            No order key without a draft reference. Neither key when the patient's id is blank, when the window's secret
            cannot be had, or when the day belongs to the window that has just ended.
        """
        held = self._held
        if held is None or not held.first <= day < held.after:
            held = self._turned_to(day)
        patient = _bare_id(patient_id)
        if held is None or not patient:
            return None, None
        who = _with_length(client_id) + _with_length(patient)
        draft = _bare_id(draft_reference)
        order_key = _key(held.secret, f"order {who}{_with_length(draft)}") if draft else None
        session = _session(_bare_id(encounter_id), day, hour)
        return order_key, _key(held.secret, f"session {who}{_with_length(session)}")

    def turn_to(self, day: date) -> None:
        """Drop the secret of a window that is over, though no call may come; called now and then.

        Args:
            day: today in London.
        """
        held = self._held
        if held is None or not held.first <= day < held.after:
            self._turned_to(day)

    def _turned_to(self, day: date) -> _Held | None:
        """The secret of a day's window, fetched in a thread of its own: a folder that hangs holds up no call for long.

        A call that began before midnight may come when another has turned to the next window. The ended one is not
        opened again for it; it is for a clock that was put back by more than a day.
        """
        with self._turning:
            first = window_start(day, self._window_days)
            held = self._held
            if held is not None and held.first == first:
                return held
            if held is not None and timedelta(0) < held.first - day <= _ONE_DAY:
                return None
            self._held = None
            self._held = self._opened(first)
            return self._held

    def _opened(self, first: date) -> _Held | None:
        patience_s = 0.0
        if self._opening is None or self._opening[0] != first:
            if self._failing and self._now() < self._try_again_at:
                return None
            self._opening = (first, _in_a_thread(self._folder, first))
            patience_s = self._patience_s
        try:
            secret = self._opening[1].result(patience_s)
        except TimeoutError:
            self._tell_fault(f"{SETTING}: the folder does not answer")
            return None
        except EpisodeSecretError as error:
            self._opening = None
            self._try_again_at = self._now() + _NEXT_TRY_S
            self._tell_fault(str(error))
            return None
        self._opening = None
        if self._failing:
            self._failing = False
            _logger.warning("Order episodes have a secret again")
        return self._as_held(first, secret)

    def _tell_fault(self, fault: str) -> None:
        if not self._failing:
            self._failing = True
            _logger.error("Order episodes have no secret, so firings are not tied together meanwhile (%s)", fault)

    def _as_held(self, first: date, secret: bytes) -> _Held:
        return _Held(first, first + timedelta(days=self._window_days), secret)


def _with_length(field: str) -> str:
    """A field that begins with its length, so that no two lists of fields make one message."""
    return f"{len(field)}:{field}"


def _key(secret: bytes, message: str) -> bytes:
    # JSON may hold half of a surrogate pair, which plain UTF-8 refuses.
    return hmac.digest(secret, message.encode("utf-8", "surrogatepass"), "sha256")[:_KEY_BYTES]


def _bare_id(reference: str | None) -> str:
    """The id in a reference, without server, type and version; empty when there is none."""
    if reference is None:
        return ""
    if "/" in reference:
        reference = reference.partition("/_history/")[0].rpartition("/")[2]
    return reference.strip()


def _session(encounter: str, day: date, hour: int) -> str:
    """The encounter, else half a day; a night belongs to the day on which it began."""
    if encounter:
        return f"encounter {encounter}"
    if _DAY_BEGINS <= hour < _NIGHT_BEGINS:
        return f"day {day.isoformat()}"
    return f"night {(day if hour >= _NIGHT_BEGINS else day - _ONE_DAY).isoformat()}"


def _in_a_thread(folder: Path, first: date) -> Future[bytes]:
    future: Future[bytes] = Future()

    def run() -> None:
        try:
            future.set_result(shared_secret(folder, first))
        except EpisodeSecretError as error:
            future.set_exception(error)

    threading.Thread(target=run, name="episode-secret", daemon=True).start()
    return future
