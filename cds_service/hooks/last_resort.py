"""The outermost layer: each request gets its correlation id, and a defect becomes HTTP 500 without anyone's data."""

import logging
import traceback

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds_service.hooks.correlation import HEADER, begin_correlation, end_correlation
from cds_service.hooks.responses import DEFECT, outcome_response
from cds_service.protocol.identifiers import new_uuid

_logger = logging.getLogger(__name__)


class LastResort:
    """Wraps the application. An exception's message may hold patient data: only its class and places are logged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever happens inside."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifier = new_uuid()
        header = (HEADER, identifier.encode())
        started = False

        async def correlated(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        token = begin_correlation(identifier)
        try:
            await self._app(scope, receive, correlated)
        except Exception as error:  # noqa: BLE001 - not to go quiet: it is logged and answered as HTTP 500
            _logger.error("%s", told_without_words(error))  # noqa: TRY400 - a traceback repeats the message
            if not started:
                await outcome_response(DEFECT)(scope, receive, correlated)
        finally:
            end_correlation(token)


def told_without_words(error: BaseException) -> str:
    """An exception's class and the places it passed, the innermost first: never its message, nor its cause's."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in reversed(frames))
    return f"{type(error).__name__} in {places}" if places else type(error).__name__
