"""The monitor's pages over the log at size, each opened many times by somebody who may see the two first footprints."""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from size_england import CLIENTS, REGIONS
from size_questions import Answered, percentile
from sqlalchemy import Engine

_TESTS: Final = Path(__file__).parents[1]
sys.path += [str(_TESTS / "cardlog"), str(_TESTS / "monitor")]

from figure_log import sources_of  # noqa: E402 - of the monitor's tests, which are no package
from reader import Reader  # noqa: E402 - see above

PAGE_TARGET_MS: Final = 500.0
"""What the 95th percentile of each page has to keep to, in milliseconds."""

_FOOTPRINTS: Final = REGIONS[:2]
_ROLES: Final = ("viewer", "clinical_safety")
_WHOLE_PAGE: Final = 200


def pages(engine: Engine, last: date, runs: int) -> Iterator[Answered]:
    """How long each page takes, and its kilobytes; a browser asks for its pictures and files when it is there.

    Pages are made in this process: sign-in and the network cost the same whatever the log holds.

    Args:
        engine: to the log.
        last: its last day.
        runs: how often each is opened.

    Raises:
        AssertionError: a page was not answered.
    """
    noon = datetime(last.year, last.month, last.day, 12, tzinfo=UTC) + timedelta(days=1)
    sources = sources_of(engine, noon)
    spans = {
        "as it opens": "",
        "a year": "?weeks=52",
        "a year of one footprint": f"?weeks=52&region={_FOOTPRINTS[0]}",
        "a year of one EHR": f"?weeks=52&client={next(iter(CLIENTS))}",
        "a year of signed MRI": "?weeks=52&modality=mri&hook=order-sign",
    }
    seen: set[str] = set()
    for role in _ROLES:
        reader = Reader(sources, role, _FOOTPRINTS)
        for path in reader.paths():
            if path not in seen and "." not in path:
                yield from (_opened(reader, f"{path}: {span}", path + query, runs) for span, query in spans.items())
        seen |= {*reader.paths()}


def _opened(reader: Reader, name: str, address: str, runs: int) -> Answered:
    milliseconds, most_bytes = [], 0
    for _ in range(runs):
        began = time.perf_counter()
        answer = reader.get(address)
        milliseconds.append((time.perf_counter() - began) * 1_000)
        assert answer.status_code == _WHOLE_PAGE, f"{address}: {answer.status_code}"
        most_bytes = max(most_bytes, len(answer.body))
    return Answered(name, percentile(milliseconds, 50), percentile(milliseconds, 95), most_bytes // 1_024)
