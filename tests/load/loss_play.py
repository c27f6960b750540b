"""What every scenario of the proof has in common: services under load on a database, and the verdict at the end."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from loss_callers import Callers, Watch
from loss_databases import Database, logged_in
from loss_ledger import Health, Sums, Verdict, judge
from loss_services import Service

_MOST_BYTES = 64 * 1024
_SMALL_DISK = "64m"  # more than a spool needs for all that may wait in memory
_CHANGE_LIMIT = 20.0  # seconds; the service tries the database again every five at the latest


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a scenario is played, and how large.

    Attributes:
        folder: an empty folder.
        database: an empty database.
        calls: how many calls are to be answered.
        connections: how many of them are under way at once.
    """

    folder: Path
    database: Database
    calls: int
    connections: int

    def service(self, name: str = "service", workers: int = 1, program: Sequence[str] | None = None) -> Service:
        """A replica with a folder of its own, not yet started."""
        folder = self.folder / name
        folder.mkdir()
        if program is None:
            return Service(folder, self.database.url, workers)
        return Service(folder, self.database.url, workers, program)


@dataclass(slots=True)
class Play:
    """A scenario under way."""

    stage: Stage
    services: Sequence[Service]
    callers: Callers
    watch: Watch

    async def take_away(self) -> None:
        """Take the database away."""
        await asyncio.to_thread(self.stage.database.take_away)

    async def give_back(self) -> None:
        """Give the database back."""
        await asyncio.to_thread(self.stage.database.give_back)

    async def verdict_of_the_living(self) -> Verdict:
        """Wait until everything is delivered, hear what the services say, and judge by it."""
        for service in self.services:
            await service.delivered()
        said = [await service.health() for service in self.services]
        for one in said:
            self.watch.note(one)
        for service in self.services:
            await service.terminate()
        in_full = all(service.workers == 1 for service in self.services) and not self.callers.ledger.broken
        return self._judged(
            Sums(
                lost=sum(one.lost for one in said) + sum(service.lost_at_its_end for service in self.services),
                late=sum(one.late for one in said),
                answered=sum(one.answered for one in said) if in_full else None,
            )
        )

    def verdict_of_the_stopped(self) -> Verdict:
        """Judge by what the services said as they ended."""
        return self._judged(Sums(lost=sum(service.lost_at_its_end for service in self.services)))

    async def verdict_by_time(self) -> Verdict:
        """Wait until everything is delivered, and judge by the time that answers took: a process was killed."""
        for service in self.services:
            await service.delivered()
            await service.terminate()
        return self._judged(Sums(), by_time=True)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Count against the verdict what is not as it should be."""
        if not holds:
            self.callers.ledger.unexpected[otherwise] += 1

    def _judged(self, sums: Sums, *, by_time: bool = False) -> Verdict:
        sums.seen, sums.wrong = self.watch.seen.total(), self.watch.wrong
        return judge(self.callers.ledger, logged_in(self.stage.database), sums, by_time=by_time)


@asynccontextmanager
async def playing(stage: Stage, *services: Service) -> AsyncIterator[Play]:
    """Services that run, with a watch on them; at the end they are gone, and the database is there."""
    ports = [service.port for service in services]
    play = Play(stage, services, Callers(ports, stage.calls, stage.connections), Watch(ports))
    try:
        await asyncio.gather(*(service.start() for service in services))
        watching = asyncio.create_task(play.watch.run())
        try:
            yield play
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
    finally:
        for service in services:
            await service.kill()
        await play.give_back()


class Disk(Protocol):
    """The disk of a service's spool."""

    def fill(self) -> None:
        """Leave no room on it."""

    def make_room(self) -> None:
        """Let it take more again."""


class FileLimit:
    """A limit on the size of the service's files (`RLIMIT_FSIZE`): it needs no rights, and SQLite gets an I/O error.

    Args:
        service: the service; it runs when the disk is filled.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    def fill(self) -> None:
        """Let no file grow further."""
        self._service.limit_files(_MOST_BYTES)

    def make_room(self) -> None:
        """Let files grow again."""
        self._service.unlimit_files()


class SmallDisk:
    """A small file system of its own; mounting it takes rights that not everybody has.

    Args:
        folder: where it is mounted; made when missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._filler = folder / "filler"

    def mount(self) -> bool:
        """Whether it could be mounted."""
        self._folder.mkdir(exist_ok=True)
        return self._run("mount", "-t", "tmpfs", "-o", f"size={_SMALL_DISK}", "tmpfs", str(self._folder))

    def unmount(self) -> None:
        """Let go of it."""
        self._run("umount", str(self._folder))

    def fill(self) -> None:
        """Write until it is full, but for what lets the spool take a few records first."""
        with self._filler.open("wb", buffering=0) as filler:
            with suppress(OSError):
                while filler.write(bytes(_MOST_BYTES)):
                    pass
            filler.truncate(filler.tell() - _MOST_BYTES)

    def make_room(self) -> None:
        """Delete what was written."""
        self._filler.unlink()

    @staticmethod
    def _run(command: str, *arguments: str) -> bool:
        program = shutil.which(command)
        return program is not None and (
            subprocess.run([program, *arguments], capture_output=True, check=False).returncode == 0  # noqa: S603 - ours
        )


async def until(play: Play, service: Service, holds: Callable[[Health], bool]) -> bool:
    """Whether the service says so in time; asked after each call."""
    give_up_at = time.monotonic() + _CHANGE_LIMIT
    while not holds(await service.health()):
        if time.monotonic() > give_up_at:
            return False
        await play.callers.some_more(1)
    return True
