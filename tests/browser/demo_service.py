"""A real demo in a process of its own, and the Chromium that is installed: for the tests and for the pictures."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
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
    """Run the demo on a free port of this machine, until its history is written and its figures are worked out.

    Args:
        folder: where it keeps its card log and what it prints.

    Yields:
        Its address.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    database = folder / "card-log.sqlite3"
    with (folder / "printed.txt").open("wb") as printed:
        process = subprocess.Popen(  # noqa: S603 - this interpreter
            [sys.executable, "-m", "cds_service", "demo", "--port", str(port)],
            env={**os.environ, "CDS_SERVICE_DATABASE_URL": f"sqlite:///{database}"},
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(lambda: _answers(address), process, folder / "printed.txt")
            _wait(lambda: _has_its_figures(database), process, folder / "printed.txt")
            yield address
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait(is_done: Callable[[], bool], process: subprocess.Popen[bytes], printed: Path) -> None:
    until = time.monotonic() + LONGEST_START
    while not is_done():
        if time.monotonic() > until or process.poll() is not None:
            raise RuntimeError(f"The demo did not get ready. It printed:\n{printed.read_text('utf-8')}")
        time.sleep(0.5)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health/live").is_success
    except httpx.TransportError:
        return False


def _has_its_figures(database: Path) -> bool:
    """Whether events are there and no day's figures are due: the demo writes all events before it works them out."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        events, due = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM evaluation), EXISTS (SELECT 1 FROM rollup_due)"
        ).fetchone()
        return bool(events and not due)
