"""The outermost layer: a defect becomes HTTP 500 with an OperationOutcome, and a log line without anyone's data."""

import logging
import traceback

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds_service.hooks.responses import DEFECT, outcome_response

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
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - not to go quiet: it is logged and answered as HTTP 500
            frames = traceback.extract_tb(error.__traceback__)
            places = " < ".join(f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in reversed(frames))
            _logger.error("%s in %s", type(error).__name__, places)  # noqa: TRY400 - a traceback repeats the message
            if not started:
                await outcome_response(DEFECT)(scope, receive, send)
