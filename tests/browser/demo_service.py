"""A real demo in a process of its own, and the Chromium that is installed: for the tests and for the pictures."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
"""What an installed Chromium is called."""

LONGEST_START = 600.0
"""Seconds that the demo may take to start, on a busy machine and with its invented history to write."""


def chromium() -> str | None:
    """Where a Chromium is installed, or None when there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def launch(playwright: Playwright, executable: str) -> Browser:
    """Start the Chromium, without a word to anybody else."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # it starts as root only so
    return playwright.chromium.launch(executable_path=executable, args=[*quiet, *sandbox])


@contextmanager
def running_demo(folder: Path) -> Iterator[str]:
    """Run the demo on a free port of this machine.

    Args:
        folder: where it keeps its card log and what it prints.

    Yields:
        Its address.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with (folder / "printed.txt").open("wb") as printed:
        process = subprocess.Popen(  # noqa: S603 - this interpreter
            [sys.executable, "-m", "cds_service", "demo", "--port", str(port)],
            env={**os.environ, "CDS_SERVICE_DATABASE_URL": f"sqlite:///{folder / 'card-log.sqlite3'}"},
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(f"{address}/health/live", process, folder / "printed.txt")
            yield address
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait_for(address: str, process: subprocess.Popen[bytes], printed: Path) -> None:
    until = time.monotonic() + LONGEST_START
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(address).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"The demo did not start. It printed:\n{printed.read_text('utf-8')}")
