"""What the compiler says while it works."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Stage = Literal["read", "align", "timeline", "render", "flatten", "check", "evaluate"]


@dataclass(frozen=True, slots=True)
class Progress:
    """One step forward.

    Attributes:
        stage: what is going on.
        done, total: in the stage's own unit; equal when the stage is finished.
        message: what was found or made, in a few words; may be empty.
        slot: that a step of the render stage is of; may be empty.
        left_s: seconds that the stage is estimated to take yet; None where there is no telling.
    """

    stage: Stage
    done: float
    total: float
    message: str = ""
    slot: str = ""
    left_s: float | None = None


@dataclass(slots=True)
class Estimate:
    """Seconds that are left, from how long what is done took.

    What was there already costs no time and says nothing of the rest: the clock starts at the
    first step of something that is being made.
    """

    clock: Callable[[], float] = time.monotonic
    _start: tuple[float, float] | None = None

    def left_s(self, done: float, total: float) -> float | None:
        """The estimate at a step; None at the first, of which nothing is known."""
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
    """Report to nobody."""
