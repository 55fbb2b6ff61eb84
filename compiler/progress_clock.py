"""Seconds by stage, and what is said of each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from .progress import OnProgress, Progress, Stage


class ProgressClock:
    """Seconds by stage, and the first and last word of each stage's progress."""

    def __init__(self, on_progress: OnProgress):
        self.tell = on_progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Announce a stage, and time it."""
        self.tell(Progress(stage, 0, 1))
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = time.perf_counter() - started

    def done(self, stage: Stage, message: str) -> None:
        """Say what came of a stage."""
        self.tell(Progress(stage, 1, 1, message))


def count(number: int, noun: str) -> str:
    """``1 frame``, ``2 frames``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
