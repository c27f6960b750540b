"""The servers under load: how each is started, waited for, measured from outside, and stopped.

Each is one process on a port of its own at 127.0.0.1, started from this checkout with the Python that runs
the benchmark.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import bare_app
from scenarios import SCENARIOS, Scenario
from trust import BASE_URL, JWKS_VARIABLE, SERVICE_PATH, Trust
from wire import LOOPBACK

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

DEMO_CONFIGURATION = ROOT / "cds_service" / "demo" / "configuration"
HEALTH_PATH = "/health/live"

START_LIMIT = 20.0
"""Seconds a server may take to answer its health check before the run is void."""

STOP_LIMIT = 10.0
"""Seconds a server may take to end by itself, before it is killed."""

_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class VoidRunError(Exception):
    """The run measured nothing that may be reported; the message says why."""


class Kind(StrEnum):
    """What is being loaded."""

    SERVICE = "service"
    UNLOGGED = "service-without-log"
    BARE_APP = "bare-app"
    RESPONDER = "responder"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `start_seconds` is the time from its spawn to its first healthy answer."""

    kind: Kind
    port: int
    process: "subprocess.Popen[bytes]"
    start_seconds: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of a process in MB (a million bytes): now, and at its highest."""

    resident: float
    peak: float


def service_command(port: int, database: Path, configuration: Path = DEMO_CONFIGURATION) -> list[str]:
    """The service as a deployment starts it: one process, the demo configuration or another, a SQLite card log."""
    return [
        *(sys.executable, "-m", "cds_service", "serve"),
        *("--config", str(configuration)),
        *("--database-url", f"sqlite:///{database}"),
        *("--host", LOOPBACK, "--port", str(port), "--workers", "1"),
    ]


def bare_app_command(port: int, module: str = "bare_app") -> list[str]:
    """The bare app on uvicorn with the options that the service uses too."""
    return [
        *(sys.executable, "-m", "uvicorn", f"{module}:app", "--app-dir", str(HERE)),
        *("--loop", "uvloop", "--http", "httptools", "--lifespan", "off"),
        *("--no-access-log", "--log-level", "warning", "--workers", "1"),
        *("--host", LOOPBACK, "--port", str(port)),
    ]


def responder_command(port: int) -> list[str]:
    """The raw responder."""
    return [sys.executable, str(HERE / "responder.py"), str(port)]


def path_for(kind: Kind, scenario: Scenario) -> str:
    """Where a scenario's calls go: the stand-ins choose their constant answer, and a token's key, by path."""
    if kind in {Kind.SERVICE, Kind.UNLOGGED}:
        return SERVICE_PATH
    if (algorithm := SCENARIOS[scenario].algorithm) is not None:
        return f"{bare_app.ONE_CARD_PATH}/{algorithm}"
    return bare_app.NO_CARD_PATH if scenario is Scenario.OUT_OF_SCOPE else bare_app.ONE_CARD_PATH


@contextmanager
def running(
    kind: Kind, folder: Path, cores: Sequence[int] | None = None, trust: Trust | None = None
) -> Iterator[Server]:
    """A server that is up inside the `with` and gone after it, however that is left.

    Args:
        kind: which server.
        folder: an empty folder for its output and, for the service, its card log (`card-log.sqlite`).
        cores: the only CPU cores it may use; None leaves that to the system.
        trust: whose tokens it asks for with every call; None for a server that asks for none.

    Raises:
        VoidRunError: it did not start, or is not one process.
    """
    port = free_port()
    output = folder / "output.txt"
    with output.open("wb") as stream:
        spawned_at = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own command lines, built above
            _command(kind, port, folder, trust),
            cwd=ROOT,
            env=_environment(trust) | ({"CDS_SERVICE_CARD_LOG": "off"} if kind is Kind.UNLOGGED else {}),
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the benchmark alone, which then stops its servers
        )
    try:
        if cores is not None:
            os.sched_setaffinity(process.pid, cores)
        if not _healthy(process, port, spawned_at + START_LIMIT):
            raise VoidRunError(f"the {kind} did not start; it said:\n{_tail(output)}")
        start_seconds = time.perf_counter() - spawned_at
        if _has_children(process.pid):
            raise VoidRunError(f"the {kind} runs in several processes; it is compared as one")
        yield Server(kind, port, process, start_seconds)
    finally:
        _stop(process)


def card_log(folder: Path) -> Path:
    """Where the service keeps its card log, given the folder it was started with."""
    return folder / "card-log.sqlite"


def memory_of(pid: int) -> Memory:
    """Resident memory of a process as the kernel reports it (`/proc/PID/status`)."""
    kilobytes = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in {"VmRSS", "VmHWM"}:
            kilobytes[name] = int(value.split()[0])
    return Memory(kilobytes["VmRSS"] * 1024 / 1e6, kilobytes["VmHWM"] * 1024 / 1e6)


def cpu_seconds_of(pid: int) -> float:
    """Processor time that a process has used so far (`/proc/PID/stat`, user and system)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS


def _command(kind: Kind, port: int, folder: Path, trust: Trust | None) -> list[str]:
    match kind:
        case Kind.SERVICE | Kind.UNLOGGED:
            return service_command(port, card_log(folder), DEMO_CONFIGURATION if trust is None else trust.configuration)
        case Kind.BARE_APP:
            return bare_app_command(port, "bare_app" if trust is None else "bare_app_with_tokens")
        case Kind.RESPONDER:
            return responder_command(port)


def _environment(trust: Trust | None = None) -> dict[str, str]:
    """Ours without the service's settings, so that a developer's shell does not change what is measured."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CDS_SERVICE_")}
    kept["PYTHONPATH"] = str(ROOT)
    if trust is None:
        return {**kept, "CDS_SERVICE_AUTH": "off"}
    return {
        **kept,
        "CDS_SERVICE_AUTH": "required",
        "CDS_SERVICE_BASE_URL": BASE_URL,
        JWKS_VARIABLE: str(trust.jwks),
    }


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _healthy(process: "subprocess.Popen[bytes]", port: int, deadline: float) -> bool:
    """Whether the server answers its health check with 200 before `deadline` (on the performance counter)."""
    while time.perf_counter() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
        try:
            connection.request("GET", HEALTH_PATH)
            if connection.getresponse().status == 200:
                return True
        except (OSError, http.client.HTTPException):
            pass  # not listening yet
        finally:
            connection.close()
        time.sleep(0.005)
    return False


def _has_children(pid: int) -> bool:
    return any(listing.read_text().strip() for listing in Path(f"/proc/{pid}/task").glob("*/children"))


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the process and what it started, gently first."""
    if process.poll() is None:
        process.terminate()
        try:
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_LIMIT)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _tail(output: Path) -> str:
    return output.read_text(errors="replace")[-2000:].strip() or "(nothing)"
