"""Progress of a run, and an estimate of its remaining time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Stage = Literal["read", "align", "timeline", "render", "flatten", "check", "evaluate", "download"]


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a run.

    Attributes:
        stage: the current stage.
        done, total: in a unit of the stage; equal once it is finished.
        message: the result of a finished stage, in a few words; else empty.
        slot: the slot that is rendered; empty in other stages.
        left_s: estimated seconds until the stage is finished; None if unknown.
    """

    stage: Stage
    done: float
    total: float
    message: str = ""
    slot: str = ""
    left_s: float | None = None


@dataclass(slots=True)
class Estimate:
    """Estimates the remaining time from the speed so far.

    The clock starts at the first step of new work: cache hits take no time.
    """

    clock: Callable[[], float] = time.monotonic
    _start: tuple[float, float] | None = None

    def left_s(self, done: float, total: float) -> float | None:
        """Return the remaining seconds at a step; None at the first one."""
        now = self.clock()
        if self._start is None:
            self._start = (now, done)
            return None
        since, before = self._start
        if done <= before:
            return None
        return max(0.0, (now - since) * (total - done) / (done - before))


OnProgress: TypeAlias = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Discard progress."""
