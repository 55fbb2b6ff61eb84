"""A running ``otio-gvideo watch``, and a real browser in front of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in BROWSERS if (path := shutil.which(name))), None)
LONGEST_S = 90


class Watching:
    """The program, its address, and what it printed."""

    def __init__(self, script: Path, *options: str):
        command = [sys.executable, "-m", "otio_gvideo.compiler", "watch", str(script), "--no-open"]
        self.process = subprocess.Popen(
            [*command, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self.line("http://")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def line(self, part: str, after: int = 0) -> str:
        """Wait for a line that holds a text."""
        ends = time.monotonic() + LONGEST_S
        while time.monotonic() < ends:
            found = next((line for line in self.lines[after:] if part in line), None)
            if found is not None:
                return found
            assert self.process.poll() is None or self._reader.is_alive(), self.lines
            time.sleep(0.02)
        raise AssertionError(f"{part!r} is not among {self.lines}")

    def end(self) -> int:
        """Press Ctrl-C; return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(5)
        return status


@pytest.fixture
def watching() -> Iterator[Callable[..., Watching]]:
    """Start the program on a script."""
    pytest.importorskip("starlette")
    pytest.importorskip("uvicorn")
    pytest.importorskip("watchfiles")
    started: list[Watching] = []

    def start(script: Path, *options: str) -> Watching:
        started.append(Watching(script, *options))
        return started[-1]

    yield start
    for one in started:
        one.end()
        # Also while pages are open.
        assert not any("Traceback" in line for line in one.lines), one.lines
        assert one.lines[-1].startswith("otio-gvideo: "), one.lines


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real browser: Debian's Chromium, driven by Playwright."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page whose script may not fail, and whose requests are answered."""
    opened = browser.new_page(viewport={"width": 1300, "height": 1000})
    opened.set_default_timeout(LONGEST_S * 1000)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))

    def hear(message: Any) -> None:
        # Without those of a server that has ended.
        if message.type == "error" and "net::" not in message.text:
            errors.append(f"{message.text} {message.location}")

    opened.on("console", hear)
    yield opened
    opened.close()
    assert not errors, errors


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
