"""How the service is served: uvicorn's options, its logging, and what a process tells of its own end."""

import gc
import logging
import sys
import threading
import time
from types import TracebackType
from typing import Any, TypeAlias

from starlette.types import ASGIApp

from cds_service.app import create_app
from cds_service.hooks.last_resort import told_without_words
from cds_service.limited_http import LimitedHttpProtocol
from cds_service.wiring.folder_watch import REFUSED, told_without_values

KEEP_ALIVE = 65
"""Seconds that a connection may idle between requests: longer than the minute of common proxies, so that these close
it first and none of their requests meets a connection that is just closing."""

LONGEST_GOODBYE = 15
"""Seconds that answers under way may take when the process is asked to stop."""

LONGEST_SILENCE = 30
"""Seconds in which a worker must answer the process that watches over it. Where the processor is wanted by others its
start alone may take many: uvicorn's five would kill it, start the next, and so for ever, with the calls it has."""

PAUSE_AFTER_A_FAILED_START = 5.0
"""Seconds that a worker which cannot start waits before it ends: the next is started at once, and each start takes a
processor from those that answer."""

_logger = logging.getLogger(__name__)

_ExceptionInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class WordlessFormatter(logging.Formatter):
    """One line for each record, in UTC. Of an exception it tells class and places: its message may hold patient data.

    asyncio writes what it knows of a failed task, exception and all, on further lines: only its first is kept.
    """

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s [%(correlation_id)s] %(message)s", "%Y-%m-%dT%H:%M:%S"
        )
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line; a line break inside it cannot pass for another record."""
        text = super().format(record)
        if record.name == "asyncio":
            text = text.partition("\n")[0]
        return text.replace("\r", "\\r").replace("\n", "\\n")

    def formatException(self, ei: _ExceptionInfo) -> str:  # noqa: N802 - logging's name
        """Class and places."""
        return told_without_words(ei[1]) if ei[1] is not None else ""


LOG_CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"correlation": {"()": "cds_service.hooks.correlation.CorrelationFilter"}},
    "formatters": {"line": {"()": "cds_service.server.WordlessFormatter"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stderr",
            "filters": ["correlation"],
            "formatter": "line",
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "cds_service": {"level": "INFO"},
        "uvicorn": {"level": "INFO"},
        **{
            name: {"level": "CRITICAL", "propagate": False}
            for name in ("uvicorn.access", "uvicorn.asgi", "httpx", "httpcore")
        },
    },
}
"""Everything to stderr. The last four would write addresses and headers, which hold ids and tokens."""


def keep_words_out_of_tracebacks() -> None:
    """Tell what ends a thread or the process by class and places: Python would print its message and its causes."""

    def log(error: BaseException | None) -> None:
        if error is not None:
            _logger.critical("%s", told_without_words(error))

    threading.excepthook = lambda ended: log(ended.exc_value)
    sys.excepthook = lambda _kind, error, _trace: log(error)


def tune_interpreter() -> None:
    """Set the interpreter for calls that wait for their log, while a thread beside them writes it.

    The calls that wait at a time hold many objects and no garbage: the collector looks less often than it would. And
    the thread that writes gets the interpreter within a millisecond, not five: several times for each commit.
    """
    gc.set_threshold(5_000, 10, 10)
    sys.setswitchinterval(0.001)


def worker_application() -> ASGIApp:
    """The application of one of several worker processes, its settings read from the environment.

    It starts anew when one of them died, maybe with a folder that was refused since. Its end is told in the log alone:
    Python and uvicorn would print the exception's words.

    Raises:
        SystemExit: it cannot start; uvicorn starts the next.
    """
    keep_words_out_of_tracebacks()
    tune_interpreter()
    try:
        return create_app()
    except REFUSED as error:
        why = told_without_values(error)
    except Exception as error:  # noqa: BLE001 - not to go quiet: it is told, and the process ends
        why = told_without_words(error)
    _logger.critical("a worker cannot start: %s", why)
    time.sleep(PAUSE_AFTER_A_FAILED_START)
    sys.exit(1)


def uvicorn_options() -> dict[str, Any]:
    """What `uvicorn.run` is given for every deployment, beside application, address and workers.

    Nobody is told the server's name, no request line is logged, and no header of a proxy is believed: the service
    uses neither the caller's address nor the scheme, and its own public address is a setting.
    """
    return {
        "http": LimitedHttpProtocol,
        "ws": "none",
        "lifespan": "on",
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "log_config": LOG_CONFIG,
        "timeout_keep_alive": KEEP_ALIVE,
        "timeout_graceful_shutdown": LONGEST_GOODBYE,
        "timeout_worker_healthcheck": LONGEST_SILENCE,
    }
