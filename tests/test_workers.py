"""Several worker processes and what watches over them."""

import subprocess
import sys
from pathlib import Path

KILLED_WHILE_ASKED = """
import os
import signal
import threading

import uvicorn

from cds_service.workers import Workers


async def app(scope, receive, send):
    message = await receive()
    while message["type"] != "lifespan.shutdown":
        await send({"type": message["type"] + ".complete"})
        message = await receive()


if __name__ == "__main__":
    config = uvicorn.Config("served:app", port=0, workers=2, timeout_worker_healthcheck=3600, log_level="critical")
    workers = Workers(config, sockets=[config.bind_socket()])
    workers.init_processes()
    try:
        first, other = workers.processes
        assert all(process.wait_until_ready(60) for process in (first, other))
        os.kill(first.pid, signal.SIGSTOP)  # so that it is asked, and has not answered, when it is killed
        threading.Timer(1, os.kill, (first.pid, signal.SIGKILL)).start()
        while workers.processes[0] is first:
            workers.keep_subprocess_alive()
        print("replaced" if workers.processes[1] is other else "all are replaced")
    finally:
        for process in workers.processes:
            process.kill()
"""


def test_a_worker_that_is_killed_while_it_is_asked_whether_it_lives_is_replaced_at_once(tmp_path: Path) -> None:
    """It is not waited for as a busy one is, which here would be an hour."""
    program = tmp_path / "served.py"
    program.write_text(KILLED_WHILE_ASKED, encoding="utf-8")

    process = subprocess.run(  # noqa: S603 - our own words; in a process, since a supervisor takes its signals
        [sys.executable, str(program)], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120
    )

    assert (process.returncode, process.stdout, process.stderr) == (0, "replaced\n", "")
