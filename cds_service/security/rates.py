"""How often a client may call, where `clients.yaml` sets it a `rate`.

The counting is done by the `limits` library, in fixed windows: the first call opens a window, and calls past the limit
are refused until it ends. A window costs one counter whatever the rate, and its end is known, so that `Retry-After` is
true. The price is that a client may spend two windows' calls around a border; the limit is there to stop a runaway
client, which that does not change.

Each worker counts for itself, in memory. What a client may do in all is the workers' sum, so its rate is divided by
their number; a restart forgets the counts.
"""

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.strategies import FixedWindowRateLimiter

_RATE_HELP = "write a number of calls and a time, such as '600/minute', '20/second' or '1000 per 5 minutes'"


def parse_rate(rate: str) -> "RateLimitItem":
    """Read a rate of `clients.yaml`.

    Args:
        rate: calls and time, in the notation of the `limits` library: `600/minute`, `1000 per 5 minutes`.

    Raises:
        ValueError: it cannot be read, states several rates, or allows no call; the message shows it and the mend.
    """
    # Imported where it is needed: the library takes every storage it knows along, and most clients have no rate.
    from limits import parse_many  # noqa: PLC0415 - see above

    try:
        items = parse_many(rate)
    except ValueError:
        raise ValueError(f"rate {rate!r} cannot be read; {_RATE_HELP}") from None
    if len(items) > 1:
        raise ValueError(f"rate {rate!r} states {len(items)} rates and only one is kept; {_RATE_HELP}")
    if items[0].amount < 1:
        raise ValueError(f"rate {rate!r} allows no call; {_RATE_HELP}, or leave the client out to refuse it")
    return items[0]


class RateLimiter:
    """Counts the calls of clients in this worker's memory.

    Args:
        workers: among how many workers the calls are spread; each allows its part of a rate, rounded up.

    Raises:
        ValueError: `workers` is less than one.
    """

    def __init__(self, workers: int = 1) -> None:
        if workers < 1:
            raise ValueError(f"workers is {workers}; give the number of worker processes, at least 1")
        self._workers = workers
        self._limiter: FixedWindowRateLimiter | None = None
        self._part_of: dict[RateLimitItem, RateLimitItem] = {}

    def check(self, client_id: str, rate: "RateLimitItem | None") -> int | None:
        """Count a call, and tell whether it comes too soon.

        Args:
            client_id: who calls.
            rate: how often it may, as `parse_rate` gives it; None for as often as it likes, which costs nothing.

        Returns:
            None when the call is within the rate; else after how many whole seconds the next one will be (at least 1,
            for `Retry-After`, RFC 9110 §10.2.3).
        """
        if rate is None:
            return None
        if self._limiter is None:
            self._limiter = _new_limiter()
        part = self._part_of.get(rate)
        if part is None:
            part = self._part_of[rate] = self._divided(rate)
        if self._limiter.hit(part, client_id):
            return None
        ends_at = self._limiter.get_window_stats(part, client_id).reset_time
        return max(1, math.ceil(ends_at - time.time()))

    def _divided(self, rate: "RateLimitItem") -> "RateLimitItem":
        return type(rate)(math.ceil(rate.amount / self._workers), rate.multiples)


def _new_limiter() -> "FixedWindowRateLimiter":
    # Imported where it is needed: a service without rates starts without the library.
    from limits.storage import MemoryStorage  # noqa: PLC0415 - see above
    from limits.strategies import FixedWindowRateLimiter  # noqa: PLC0415 - see above

    return FixedWindowRateLimiter(MemoryStorage())
