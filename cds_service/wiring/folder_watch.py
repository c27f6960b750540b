"""The configuration folder, re-read while calls are answered: a sound change comes into force, a wrong one does not.

The folder is looked at every few seconds by its content, because mounted folders (a Kubernetes ConfigMap, a network
share) send no events, and their times say little. What was read becomes an application of its own, built in a thread;
each request goes to the one that is in force when it comes, so that no call sees two folders.
"""

import asyncio
import hashlib
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import Final, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from cds_service.directory import ConfigurationError
from cds_service.hooks.health import ConfigurationState
from cds_service.hooks.last_resort import told_without_words
from cds_service.london_time import london_day
from cds_service.monitor.access.access_file import AccessFileError, NoClientSecretError
from cds_service.pathway.loading import PathwayFileError
from cds_service.security.clients import Client
from cds_service.security.clients_file import ClientsFileError
from cds_service.terminology import ValueSetError
from cds_service.wiring.edge import Edge, NoClientError

REFUSED: Final = (
    AccessFileError,
    ConfigurationError,
    ClientsFileError,
    NoClientError,
    NoClientSecretError,
    PathwayFileError,
    ValueSetError,
)
"""What is wrong with a folder, and can be mended there."""

FAREWELL_SECONDS: Final = 60.0
"""How long what is no longer in force stays open for the calls that it still answers; none takes that long."""

_logger = logging.getLogger(__name__)


class Served(NamedTuple):
    """What one reading of the folder became.

    Attributes:
        signature: of the folder as it was read; None when it could not be told.
        day: the date in Europe/London on which that reading began.
        app: answers requests from it.
        clients: who may call.
        edge: what lets them in; the same object as before where no client changed.
        warnings: what an operator should know, one sentence each.
        take_over: called as it comes into force in another's place, to tell what outlives a reading.
    """

    signature: bytes | None
    day: date
    app: ASGIApp
    clients: tuple[Client, ...]
    edge: Edge
    warnings: tuple[str, ...] = ()
    take_over: Callable[[], None] = lambda: None


Build = Callable[[Served, bytes], Served]
"""Reads the folder; is given what is in force, and the folder's signature. Raises one of `REFUSED` for a wrong one."""


class FolderWatch:
    """The application that is in force, and what puts another in its place.

    Args:
        folder: the configuration folder.
        served: what it became at the start.
        build: reads it again.
        state: how the folder stands, for health and metrics.
        clock: the aware time now.
        every_seconds: how often the folder is looked at; 0 for never.
    """

    def __init__(
        self,
        folder: Path,
        served: Served,
        build: Build,
        state: ConfigurationState,
        clock: Callable[[], datetime],
        every_seconds: float,
    ) -> None:
        self._folder = folder
        self._build = build
        self._state = state
        self._clock = clock
        self._every_seconds = every_seconds
        self._served = served
        self._tried_on = served.day
        self._seen: bytes | None = None
        self._refused: bytes | None = None
        self._open: dict[Edge, AsyncExitStack] = {}
        self._farewells: set[asyncio.Task[None]] = set()
        _tell(self._served.warnings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request by the folder that is in force now."""
        await self._served.app(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let callers in, and look at the folder, for as long as the process answers."""
        async with AsyncExitStack() as ending:
            ending.push_async_callback(self._close)
            await self._enter(self._served.edge)
            watching = asyncio.create_task(self._watch()) if self._every_seconds else None
            try:
                yield
            finally:
                for task in filter(None, [watching, *self._farewells]):
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task

    async def look(self) -> None:
        """Look at the folder once, and put what it holds in force if it changed, is sound, and rests.

        It rests when two looks in a row find the same: of several files that are written one after the other, a first
        half would otherwise be taken for the whole.
        """
        try:
            signature = await asyncio.to_thread(folder_signature, self._folder)
        except OSError as error:
            self._refuse(None, f"the folder cannot be read ({error.strerror or type(error).__name__})")
            return
        is_settled = signature in {self._seen, self._served.signature}
        self._seen = signature
        today = self._today()
        if signature == self._served.signature and self._served.day == today:
            self._stand()
        elif is_settled and (signature != self._refused or self._tried_on != today):
            await self._read(signature)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._every_seconds)
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - not to go quiet: it is told, and the looking goes on
                self._tell_defect(None, error)

    async def _read(self, signature: bytes) -> None:
        day = self._today()
        try:
            served = await asyncio.to_thread(self._build, self._served, signature)
            if not await self._still_holds(signature):
                await _discard(served.edge, self._served.edge)
                return  # the day with it: what holds then is read once more, though it may be what is in force
            self._tried_on = day
            await self._enter(served.edge)
        except REFUSED as error:
            self._tried_on = day
            self._refuse(signature, told_without_values(error))
            return
        except Exception as error:  # noqa: BLE001 - not to go quiet: it is told
            self._tried_on = day
            self._tell_defect(signature, error)
            return
        before, self._served = self._served, served
        served.take_over()
        self._state.in_force_since = self._clock()
        self._stand()
        _logger.info("the configuration folder was read again and is in force")
        _tell(served.warnings)
        if before.edge is not served.edge:
            farewell = asyncio.create_task(self._farewell(before.edge))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)

    async def _still_holds(self, signature: bytes) -> bool:
        """Whether nothing was written while the folder was read."""
        return await asyncio.to_thread(signature_or_none, self._folder) == signature

    def _refuse(self, signature: bytes | None, reason: str) -> bool:
        """Keep what is in force, and say so: once for each state of the folder. Whether that was news."""
        is_news = self._state.reason != reason or signature != self._refused
        self._refused = signature
        self._state.refused_since = self._state.refused_since or self._clock()
        self._state.reason = reason
        if is_news:
            _logger.error("the configuration folder changed and is refused, the former one stays: %s", reason)
        return is_news

    def _tell_defect(self, signature: bytes | None, error: Exception) -> None:
        """In the log by class and place, once and not at every look; health and metrics say that there is one."""
        if self._refuse(signature, "a defect of the service; its log says where"):
            _logger.error("%s", told_without_words(error))

    def _stand(self) -> None:
        """What the folder holds is what is in force."""
        self._refused = None
        self._state.refused_since = self._state.reason = None

    async def _enter(self, edge: Edge) -> None:
        if edge not in self._open:
            stack = AsyncExitStack()
            await stack.enter_async_context(edge.running())
            self._open[edge] = stack

    async def _farewell(self, edge: Edge) -> None:
        await asyncio.sleep(FAREWELL_SECONDS)
        await self._open.pop(edge).aclose()

    async def _close(self) -> None:
        async with AsyncExitStack() as ending:  # each is ended, in turn, even where another fails
            while self._open:
                ending.push_async_callback(self._open.popitem()[1].aclose)

    def _today(self) -> date:
        return london_day(self._clock())


def folder_signature(folder: Path) -> bytes:
    """A hash of every file of the folder and of the folders in it, by name and content.

    What begins with a dot is left out: a half-written file of an editor or of our own commands, and the inner folders
    of a ConfigMap, whose files are seen by their own names.

    Raises:
        OSError: a file cannot be read.
    """
    files = [path for path in folder.iterdir() if not path.name.startswith(".")]
    for inner in [path for path in files if path.is_dir()]:
        files += [path for path in inner.iterdir() if not path.name.startswith(".")]
    signature = hashlib.sha256()
    for path in sorted(path for path in files if path.is_file()):
        name = os.fsencode(path.relative_to(folder))  # a name need not be UTF-8
        content = hashlib.sha256(path.read_bytes()).digest()
        signature.update(hashlib.sha256(name).digest() + content)
    return signature.digest()


def signature_or_none(folder: Path) -> bytes | None:
    """The folder's signature; None when a file of it cannot be read."""
    try:
        return folder_signature(folder)
    except OSError:
        return None


def told_without_values(error: Exception) -> str:
    """Why a folder was refused, for a page that everyone may read: places, and no value that stands in a file."""
    if isinstance(error, ConfigurationError):
        first, *others = error.problems
        place = first.file if first.line is None else f"{first.file}, line {first.line}"
        if first.column is not None:
            place += f", column {first.column}"
        more = f" (and {len(others)} more)" if others else ""
        return f"{place}{more}; cds-service directory check says what is wrong"
    if isinstance(error, ClientsFileError):
        return "clients.yaml; cds-service clients check says what is wrong"
    if isinstance(error, NoClientError):
        return "clients.yaml names nobody who could be let in; cds-service clients new writes an entry"
    if isinstance(error, AccessFileError):
        return "monitor-access.yaml; cds-service access check says what is wrong"
    if isinstance(error, NoClientSecretError):
        return (
            "monitor-access.yaml names a provider, and the service was started without the client secret for it: set"
            " CDS_SERVICE_MONITOR_CLIENT_SECRET and restart"
        )
    if isinstance(error, PathwayFileError):
        return "a file in pathways, suspensions.yaml or sign-offs.yaml; cds-service pathways check says what is wrong"
    return "a file in value-sets; cds-service terminology check says what is wrong"


def _tell(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        _logger.warning("%s", warning)


async def _discard(edge: Edge, in_force: Edge) -> None:
    """Let go of what an edge reserved that never came into force."""
    if edge is not in_force:
        async with edge.running():
            pass
