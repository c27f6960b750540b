"""This process's sums: hook calls per hour, and procedure codes that no list knows per month.

Most calls are about a drug or a blood test and leave no event, only a count of one more. The sums are kept here and
written now and then as they stand, so that writing them twice changes nothing. What is over is forgotten once it was
taken, so that they never take up more room than two hours and two months need.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, cast
from uuid import uuid4

from cds_service.cardlog import forms
from cds_service.cardlog.partitions import month_of
from cds_service.cardlog.rows import Row
from cds_service.cardlog.store import Counts

MOST_CODES: Final = 1_000
"""Unknown procedure codes that a process tells apart in a month; a client that numbers its orders would have more."""

OTHER: Final = "other"
"""System and code under which those beyond it are counted together; no code system has this form."""


class Tallies:
    """Sums that the event loop adds to and a writer's thread takes.

    Args:
        writer_id: a uuid of this process, the last part of each row's key.
    """

    def __init__(self, writer_id: str) -> None:
        self._lock = threading.Lock()
        self._calls = _Sums(writer_id)
        self._procedures = _Sums(writer_id)

    def count_call(self, day: date, hour: int, client_id: str, hook: str, result: str) -> None:
        """Count one hook call.

        Args:
            day: day of the call in London.
            hour: hour of that day, 0 to 23.
            client_id: the configured id of the caller.
            hook: the hook that fired.
            result: `out_of_scope`, `cards`, `silent` or `not_evaluated`.
        """
        key = (day, hour, forms.token(client_id), forms.token(hook), forms.token(result))
        with self._lock:
            self._calls.of(day.toordinal() * 24 + hour).add(key)

    def count_unknown_procedure(self, day: date, client_id: str, code_system: str, code: str) -> None:
        """Count one order with a procedure code that no list knows; what does not look like a code is left out.

        Beyond `MOST_CODES` different ones in a month, further ones are counted together as `OTHER`.

        Args:
            day: day of the call in London.
            client_id: the configured id of the caller.
            code_system: the coding's system as sent.
            code: its code as sent.
        """
        formed = forms.procedure_code(code_system, code)
        if formed is None:
            return
        month, client = month_of(day), forms.token(client_id)
        with self._lock:
            sums = self._procedures.of(month.year * 12 + month.month)
            key = (month, client, *formed)
            sums.add(key if key in sums.counts or len(sums.counts) < MOST_CODES else (month, client, OTHER, OTHER))

    def take_changed(self) -> Counts:
        """The rows of all that was counted since they were last taken, each with its whole sum."""
        with self._lock:
            return Counts(self._calls.take_changed(), self._procedures.take_changed())

    def put_back(self, counts: Counts) -> None:
        """Have rows taken again, because they could not be written.

        Args:
            counts: what `take_changed` gave.
        """
        with self._lock:
            self._calls.put_back(counts.calls)
            self._procedures.put_back(counts.unknown_procedures)

    def forget(self, counts: Counts) -> None:
        """Rows that were put back have been written after all.

        Args:
            counts: what `take_changed` gave.
        """
        with self._lock:
            self._calls.forget(counts.calls)
            self._procedures.forget(counts.unknown_procedures)


@dataclass(slots=True)
class _Period:
    """The sums of one hour or month."""

    writer_id: str
    counts: dict[Row, int] = field(default_factory=dict)
    changed: set[Row] = field(default_factory=set)

    def add(self, key: Row) -> None:
        self.counts[key] = self.counts.get(key, 0) + 1
        self.changed.add(key)


class _Sums:
    """Sums by period, a period being a number that grows by one."""

    def __init__(self, writer_id: str) -> None:
        self._writer_id = writer_id
        self._periods: dict[int, _Period] = {}
        self._newest = 0
        self._forgotten_up_to = 0
        self._put_back: dict[Row, Row] = {}

    def of(self, number: int) -> _Period:
        """The sums of a period, begun when there are none."""
        period = self._periods.get(number)
        if period is None:
            period = self._periods[number] = _Period(self._writer_of(number))
            self._newest = number  # also where it is an earlier one: then the clock was put back
        return period

    def take_changed(self) -> list[Row]:
        rows, self._put_back = self._put_back, {}
        for number, period in list(self._periods.items()):
            for key in period.changed:
                row = (*key, period.writer_id)
                rows[row] = (*row, period.counts[key])
            period.changed.clear()
            self._forget_if_over(number)
        return list(rows.values())

    def put_back(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._put_back[row[:-1]] = max(row, self._put_back.get(row[:-1], row), key=_sum_of)

    def forget(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if self._put_back.get(row[:-1]) == row:
                del self._put_back[row[:-1]]

    def _forget_if_over(self, number: int) -> None:
        """A call is counted in the hour in which it began, so the period before the newest is kept as well."""
        if number < self._newest - 1:
            del self._periods[number]
            self._forgotten_up_to = max(self._forgotten_up_to, number)

    def _writer_of(self, number: int) -> str:
        """Sums that begin again, after the clock was put back, go into rows of their own beside those written."""
        return self._writer_id if number > self._forgotten_up_to else str(uuid4())


def _sum_of(row: Row) -> int:
    return cast("int", row[-1])
