"""One id for each request: in the answer's header, in its OperationOutcome, and in every log line written meanwhile.

A vendor who asks about a call names the id, and the log line is found without knowing anything of the patient. The
service mints it: an id that a client sends could carry somebody's data, or forge another call's, and is not read.
"""

import logging
from contextvars import ContextVar, Token

HEADER = b"x-correlation-id"

_current: ContextVar[str | None] = ContextVar("correlation_id", default=None)


def correlation_id() -> str | None:
    """The id of the request that is being handled; None outside of one."""
    return _current.get()


def begin_correlation(identifier: str) -> Token[str | None]:
    """Make an id that of what this task does from now on; the token is for `end_correlation`."""
    return _current.set(identifier)


def end_correlation(token: Token[str | None]) -> None:
    """Put back what was before."""
    _current.reset(token)


class CorrelationFilter(logging.Filter):
    """Gives each record `correlation_id`: the request's, or `-` where none is handled. It lets every record through."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the field."""
        record.correlation_id = _current.get() or "-"
        return True
