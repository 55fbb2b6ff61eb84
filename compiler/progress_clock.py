"""Timing and progress of stages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from .progress import OnProgress, Progress, Stage


class ProgressClock:
    """Times stages, and reports their start and their result."""

    def __init__(self, on_progress: OnProgress):
        self.on_progress = on_progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Report the start of a stage, and time it."""
        self.on_progress(Progress(stage, 0, 1))
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = time.perf_counter() - started

    def done(self, stage: Stage, message: str) -> None:
        """Report the result of a stage."""
        self.on_progress(Progress(stage, 1, 1, message))


def count(number: int, noun: str) -> str:
    """Return text such as ``1 frame`` or ``2 frames``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
