"""Identifiers that the service mints: UUIDs (RFC 9562), for cards, suggestions, log events and correlation."""

import os
import time
from itertools import count
from typing import Final

_PROCESS: Final = os.urandom(2).hex()
_NUMBERS: Final = count(int.from_bytes(os.urandom(3), "big"))  # from anywhere, so that it tells no volume


def new_uuid() -> str:
    """A random (version 4) UUID as text, from the system's random source.

    The standard library's `uuid4` builds an object to say the same; three of them took 4 % of a call.
    """
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def ordered_uuid() -> str:
    """A UUID (version 8: of our own making) whose text grows with time, for what is stored under it.

    An index then grows at its end; with random keys each row would change another page of it, which costs a database
    more than the row. It holds the hour, which stands beside it in the log anyway, a tag of this process, a running
    number, and 48 random bits, so that nobody can guess another.
    """
    number = next(_NUMBERS) & 0x3FFFFFF
    hour = int(time.time()) // 3600
    return f"{hour:08x}-{_PROCESS}-8{number >> 14:03x}-{0x8000 | number & 0x3FFF:04x}-{os.urandom(6).hex()}"
