"""The browser tests: a real demo, an installed Chromium, and the word that they did not run where there is none."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.demo_service import NAMES, chromium, launch, running_demo

HERE = "tests/browser/"
NOT_RUN = (
    f"The browser tests did not run: no Chromium was found ({', '.join(NAMES)}). "
    "The pages were not looked at in a browser, nor held to accessibility rules. Install one and run them again."
)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the demo for the session and give its address."""
    with running_demo(tmp_path_factory.mktemp("browser")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run Chromium for one module: while it runs, no other test of this process may start an event loop."""
    executable = chromium()
    if executable is None:
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail(NOT_RUN)
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        running = launch(playwright, executable)
        yield running
        running.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in words that they did not run: a skipped test is easily overlooked."""
    skipped = terminalreporter.getreports("skipped")
    if any(report.nodeid.startswith(HERE) for report in skipped):
        terminalreporter.section("browser tests", bold=True)
        terminalreporter.write_line(NOT_RUN)
