"""The scenarios of the proof that nothing acknowledged is lost; each plays on a stage and returns its verdict.

What happens, happens by the number of calls answered, never by the clock.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner
from loss_callers import Connection, feedback_request
from loss_ledger import Health, Verdict
from loss_play import Disk, FileLimit, Play, SmallDisk, Stage, playing, until
from loss_services import Service
from servers import VoidRunError

from cds_service.commands.log import log

_SLOW_DISK = (str(Path(__file__).with_name("loss_slow_disk.py")),)
_UNKNOWN_CARD = "00000000-0000-4000-8000-000000000000"


async def outage(stage: Stage) -> Verdict:
    """The database goes, and comes back."""
    async with playing(stage, stage.service()) as play:
        async with play.callers.calling():
            await play.callers.have_ended(0.3)
            await play.take_away()
            await play.callers.have_ended(0.6)
            await play.give_back()
        return await play.verdict_of_the_living()


async def killed_while_writing(stage: Stage) -> Verdict:
    """Killed while it writes to the database; what it had answered is there."""
    async with playing(stage, service := stage.service()) as play:
        async with play.callers.calling():
            await play.callers.have_ended(0.5)
            await _kill(play, service)
            await _start_again(play, service)
        return await play.verdict_by_time()


async def killed_while_spooling(stage: Stage) -> Verdict:
    """Killed while it writes to its spool; the next process on its folders delivers that."""
    async with playing(stage, service := stage.service()) as play:
        async with play.callers.calling():
            await play.callers.have_ended(0.25)
            await play.take_away()
            await play.callers.have_ended(0.6)
            await _kill(play, service)
            play.expect(service.records_in_spool > 0, "nothing was in the spool of the process that was killed")
            await play.give_back()
            await _start_again(play, service)
        return await play.verdict_by_time()


async def stopped(stage: Stage) -> Verdict:
    """Told to end under load: what it answered is in the database, and nothing waits."""
    async with playing(stage, service := stage.service()) as play:
        async with play.callers.calling():
            await play.callers.have_ended(0.8)
            play.callers.service_goes()
            await service.terminate()
            play.callers.stop()
        play.expect(service.records_in_spool == 0, "records were left in the spool")
        return play.verdict_of_the_stopped()


async def stopped_without_database(stage: Stage) -> Verdict:
    """Told to end while the database is away: what waits in its spool is then imported by hand."""
    async with playing(stage, service := stage.service()) as play:
        async with play.callers.calling():
            await play.callers.have_ended(0.3)
            await play.take_away()
            await play.callers.have_ended(0.8)
            play.callers.service_goes()
            await service.terminate()
            play.callers.stop()
        play.expect(service.records_in_spool > 0, "nothing waited in the spool")
        await play.give_back()
        await asyncio.to_thread(_import_spool, service)
        play.expect(service.records_in_spool == 0, "records were left in the spool")
        return play.verdict_of_the_stopped()


async def full_disk(stage: Stage) -> Verdict:
    """Neither database nor spool takes anything, by a limit on the size of files."""
    async with playing(stage, service := stage.service()) as play:
        return await _with_a_full_disk(play, service, FileLimit(service))


async def small_disk(stage: Stage) -> Verdict:
    """The same with a file system that is full.

    Raises:
        VoidRunError: none can be mounted here.
    """
    service = stage.service()
    disk = SmallDisk(service.spool)
    if not disk.mount():
        raise VoidRunError("no file system can be mounted here; full-disk shows the same by a limit on files")
    try:
        async with playing(stage, service) as play:
            return await _with_a_full_disk(play, service, disk)
    finally:
        disk.unmount()


async def one_full_disk(stage: Stage) -> Verdict:
    """The SQLite file and the spool lie on the same disk, and that is full; then it has room."""
    async with playing(stage, service := stage.service()) as play:
        disk = FileLimit(service)
        async with play.callers.calling():
            await play.callers.have_ended(0.3)
            disk.fill()
            await _everybody_is_told(play, service)
            disk.make_room()
            play.expect(await until(play, service, _is_ready), "not ready though the disk had room")
        return await play.verdict_of_the_living()


async def slow_disk(stage: Stage) -> Verdict:
    """Each commit takes 300 ms: answers do not wait for it, and are stored late."""
    async with playing(stage, service := stage.service(program=_SLOW_DISK)) as play:
        async with play.callers.calling():
            await play.callers.have_ended(1)
        play.expect((await service.health()).late > 0, "no answer went out before its evaluation was stored")
        return await play.verdict_of_the_living()


async def fleet(stage: Stage) -> Verdict:
    """Two replicas, one of two workers, on one database, with an outage in between."""
    async with playing(stage, stage.service("one", workers=2), stage.service("two")) as play:
        async with play.callers.calling():
            await play.callers.have_ended(0.3)
            await play.take_away()
            await play.callers.have_ended(0.6)
            await play.give_back()
        return await play.verdict_of_the_living()


async def _with_a_full_disk(play: Play, service: Service, disk: Disk) -> Verdict:
    """First the database comes back while the spool is full, and holds records; then the disk gets room first."""
    async with play.callers.calling():
        await play.callers.have_ended(0.2)
        await _lose(play, service, disk)
        await play.give_back()
        play.expect(await until(play, service, _writes), "the database was back, and nothing went there")
        disk.make_room()
        await play.callers.have_ended(0.6)
        await _lose(play, service, disk)
        disk.make_room()
        play.expect(await until(play, service, _is_ready), "not ready though the spool had room")
        await play.give_back()
    return await play.verdict_of_the_living()


def _is_ready(said: Health) -> bool:
    return said.is_ready


def _writes(said: Health) -> bool:
    return said.state == "writing"


async def _lose(play: Play, service: Service, disk: Disk) -> None:
    """Take spool and database away."""
    disk.fill()
    await play.take_away()
    await _everybody_is_told(play, service)


async def _everybody_is_told(play: Play, service: Service) -> None:
    """See that health, metrics and feedback tell of the loss, and that cards still come."""
    lost = await until(play, service, lambda said: not said.is_ready and said.lost > 0)
    play.expect(lost, "ready though nothing could be stored")
    play.expect(await service.lost_in_metrics() > 0, "the metrics knew of no loss")
    connection = Connection(service.port)
    answer = await connection.send([feedback_request(_UNKNOWN_CARD)])
    connection.close()
    play.expect(answer.status == 503, f"feedback was answered {answer.status} though nothing could be stored")
    await play.callers.some_more(play.stage.connections)


async def _kill(play: Play, service: Service) -> None:
    play.callers.service_goes()
    await service.kill()


async def _start_again(play: Play, service: Service) -> None:
    await service.start()
    play.callers.service_is_back()


def _import_spool(service: Service) -> None:
    command = ["import-spool", str(service.spool), "--database-url", service.database_url]
    outcome = CliRunner().invoke(log, command)
    if outcome.exit_code:
        raise VoidRunError(f"the spool could not be imported: {outcome.output}")


class Scenario(NamedTuple):
    """A scenario by name.

    Attributes:
        title: what happens.
        play: what plays it.
        database: `sqlite`, `postgresql`, or `paused` for a PostgreSQL server that stands still instead of stopping.
        share: its part of all calls; more where each call waits for 100 ms and less is to be seen.
    """

    title: str
    play: Callable[[Stage], Awaitable[Verdict]]
    database: str
    share: float


SCENARIOS = {
    "stopped-database": Scenario("PostgreSQL stopped at once and started", outage, "postgresql", 0.2),
    "paused-database": Scenario("PostgreSQL standing still and going on", outage, "paused", 0.2),
    "locked-database": Scenario("SQLite locked by another and let go", outage, "sqlite", 0.1),
    "killed-writing": Scenario("SIGKILL while writing, PostgreSQL", killed_while_writing, "postgresql", 0.05),
    "killed-writing-sqlite": Scenario("SIGKILL while writing, SQLite", killed_while_writing, "sqlite", 0.05),
    "killed-spooling": Scenario("SIGKILL while PostgreSQL is away", killed_while_spooling, "postgresql", 0.05),
    "killed-spooling-sqlite": Scenario("SIGKILL while SQLite is locked", killed_while_spooling, "sqlite", 0.05),
    "stopped": Scenario("SIGTERM under load, PostgreSQL", stopped, "postgresql", 0.05),
    "stopped-sqlite": Scenario("SIGTERM under load, SQLite", stopped, "sqlite", 0.05),
    "stopped-away": Scenario("SIGTERM while PostgreSQL is away", stopped_without_database, "postgresql", 0.03),
    "stopped-hanging": Scenario("SIGTERM while PostgreSQL stands still", stopped_without_database, "paused", 0.02),
    "full-disk": Scenario("spool at its limit, PostgreSQL away, twice", full_disk, "postgresql", 0.02),
    "one-full-disk": Scenario("SQLite and spool on one full disk", one_full_disk, "sqlite", 0.02),
    "small-disk": Scenario("spool on a full file system, PostgreSQL away, twice", small_disk, "postgresql", 0.02),
    "slow-disk": Scenario("each commit takes 300 ms more, PostgreSQL", slow_disk, "postgresql", 0.02),
    "fleet": Scenario("two replicas, one of two workers, PostgreSQL stopped", fleet, "postgresql", 0.07),
}
"""Every scenario; the shares add up to 1."""
