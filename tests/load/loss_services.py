"""A service under control: started on its folders, asked, told to end, and killed."""

import asyncio
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loss_callers import ask, health
from loss_ledger import Health
from servers import DEMO_CONFIGURATION, HEALTH_PATH, ROOT, VoidRunError, free_port
from wire import LOOPBACK

from cds_service.cardlog.spool import waiting_in

START_LIMIT = 60.0
"""Seconds within which all workers are up, even on a machine that is busy with other things."""

EXIT_LIMIT = 45.0
"""Seconds within which a service that was told to end has ended: 15 for answers under way, 20 for its log, and some."""

DELIVERY_LIMIT = 60.0
"""Seconds within which everything is delivered once the database is back."""

METRICS_TOKEN = "invented-metrics-token"  # noqa: S105 - opens nothing but the service started here
_PROGRAM = ("-m", "cds_service")
_UP = "Application startup complete"
_LOST_AT_THE_END = re.compile(r"closed before (\d+) evaluations could be stored")


@dataclass(slots=True)
class Service:
    """One replica: its port, its folder (output, spool, episode secrets), and its process once it is started.

    Attributes:
        folder: its own folder, which exists.
        database_url: the card log's.
        workers: worker processes.
        program: what Python runs.
        spool: the folder of its spools.
    """

    folder: Path
    database_url: str
    workers: int = 1
    program: Sequence[str] = _PROGRAM
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def spool(self) -> Path:
        """The folder of its spools."""
        return self.folder / "spool"

    async def start(self) -> None:
        """Start it and wait until each of its workers is up.

        Raises:
            VoidRunError: they are not in time.
        """
        ups_before = self._ups
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own program, and a fork takes no time
                [sys.executable, *self.program, "serve"],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        give_up_at = time.monotonic() + START_LIMIT
        while time.monotonic() < give_up_at and self.process.poll() is None:
            if self._ups - ups_before == self.workers and await self._answers():
                return
            await asyncio.sleep(0.02)
        raise VoidRunError(f"the service did not start; it said:\n{self.output}")

    async def _answers(self) -> bool:
        try:
            return (await ask(self.port, HEALTH_PATH)).status == 200
        except OSError:
            return False  # not listening yet

    async def kill(self) -> None:
        """End all its processes at once: no handler runs, nothing is flushed."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            await asyncio.to_thread(self.process.wait)

    async def terminate(self) -> None:
        """Ask it to end, and wait until it has.

        Raises:
            VoidRunError: it took too long.
        """
        assert self.process is not None
        self.process.terminate()
        try:
            await asyncio.to_thread(self.process.wait, EXIT_LIMIT)
        except subprocess.TimeoutExpired:
            raise VoidRunError(f"the service did not end within {EXIT_LIMIT} s; it said:\n{self.output}") from None

    async def delivered(self) -> None:
        """Wait until everything that was answered is in the database.

        Raises:
            VoidRunError: it takes too long.
        """
        give_up_at = time.monotonic() + DELIVERY_LIMIT
        asked = 1 if self.workers == 1 else 8 * self.workers  # whichever worker is free answers: ask often
        while time.monotonic() < give_up_at:
            said = [await health(self.port) for _ in range(asked)]
            if all(one.is_ready and one.state == "writing" and not one.spooled for one in said):
                return
            await asyncio.sleep(0.05)
        raise VoidRunError(f"the service did not deliver in time: {said}; it said:\n{self.output}")

    async def health(self) -> Health:
        """What it says of its card log."""
        return await health(self.port)

    async def lost_in_metrics(self) -> int:
        """Evaluations counted as lost, as its metrics say."""
        answer = await ask(self.port, "/metrics", {"Authorization": f"Bearer {METRICS_TOKEN}"})
        found = re.search(rb'^cds_card_log_evaluations\{what="lost"\} (\d+)', answer.body, re.MULTILINE)
        if found is None:
            raise VoidRunError(f"the metrics tell nothing of the card log: {answer.body[:200]!r}")
        return int(found[1])

    def limit_files(self, most_bytes: int) -> None:
        """Let no file of its grow beyond a size, as a full disk would."""
        assert self.process is not None
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (most_bytes, hard))

    def unlimit_files(self) -> None:
        """Let its files grow again."""
        assert self.process is not None
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (hard, hard))

    @property
    def records_in_spool(self) -> int:
        """Records that wait in its folder."""
        return sum(spool.records for spool in waiting_in(self.spool))

    @property
    def lost_at_its_end(self) -> int:
        """Evaluations that it gave up when it ended, as it said."""
        return sum(int(number) for number in _LOST_AT_THE_END.findall(self.output))

    @property
    def _ups(self) -> int:
        return self.output.count(_UP) if self._output.exists() else 0

    @property
    def output(self) -> str:
        """What it has said."""
        return self._output.read_text(errors="replace")

    @property
    def _output(self) -> Path:
        return self.folder / "output.txt"

    def _environment(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("CDS_SERVICE_")}
        return {
            **ours,
            "PYTHONPATH": str(ROOT),
            "CDS_SERVICE_CONFIG": str(DEMO_CONFIGURATION),
            "CDS_SERVICE_DATABASE_URL": self.database_url,
            "CDS_SERVICE_HOST": LOOPBACK,
            "CDS_SERVICE_PORT": str(self.port),
            "CDS_SERVICE_WORKERS": str(self.workers),
            "CDS_SERVICE_AUTH": "off",
            "CDS_SERVICE_SPOOL": str(self.spool),
            "CDS_SERVICE_EPISODE_SECRETS": str(self.folder / "episode-secrets"),
            "CDS_SERVICE_METRICS_TOKEN": METRICS_TOKEN,
        }
