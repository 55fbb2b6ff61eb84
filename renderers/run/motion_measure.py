"""Measure the motion of a video, insensitive to noise, grain, flicker, light and dissolves.

Frames are scaled down and divided into blocks. Two witnesses tell the speed of each: fine detail
that persists (`motion_detail`), between adjacent frames, over a quarter and over half of a second,
and what drifts over a picture that stands (`motion_drift`). Velocities of detail are averaged as
vectors over half a second: jitter cancels out, motion does not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..base import Frame
from ..fit.interpolate import dense_flow, small_luma
from .motion_detail import Blocks, Detail, Velocities, certain_velocities, fine_detail, speeds
from .motion_drift import QUICK, SOFT, DriftChange, change_of, drift, shrunk

GRID = (9, 16)
"""Blocks along the shorter and the longer side."""
LIVELIEST = 0.1
"""Share of the blocks, the fastest ones, that motion is averaged over."""
QUICKEST = 0.06
"""Percent of the width between adjacent frames above which detail counts there."""
SAMPLES_PER_S = 4
SIDE = 240
"""Shorter side of the scaled frames, in pixels."""
SLOW = 1.0
"""Percent of the width per second below which other distances of frames, and drift, count:
faster detail over a quarter of a second is proof enough."""
WINDOW_S = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Movement:
    """The motion of the fastest tenth of the picture, in percent of its width per second.

    A still has next to 0, also if it flickers or noise changes over it; a push or pan of medium
    amount has 3 to 6. What bends, blurs or is seen through has less than its speed.

    Attributes:
        first_second: in the first second.
        whole: the mean over the video.
    """

    first_second: float
    whole: float


class MotionMeter:
    """Measures the frames that pass through `watch`."""

    def __init__(self, fps: Fraction):
        self._fps = float(fps)
        self._step = max(1, round(fps / SAMPLES_PER_S))
        self._per_s = float(fps / self._step)
        self._per_window = max(1, round(self._per_s * float(WINDOW_S)))
        self._estimate = dense_flow("fast")
        self._seen = 0
        self._recent: deque[NDArray[np.uint8]] = deque(maxlen=3)
        """Adjacent frames, up to the current one."""
        self._lively = False
        """Whether the last sample moved at `SLOW` or faster."""
        self._before: Detail | None = None
        self._first: Detail | None = None
        self._open: list[Velocities] = []
        self._open_quick: list[Blocks] = []
        self._windows: list[Blocks] = []
        self._sampled: deque[NDArray[np.float32]] = deque(maxlen=2 * self._per_window + 1)
        self._soft: list[DriftChange] = []
        self._quick: list[DriftChange] = []

    def watch(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Pass frames through, I420 or RGB, and sample them."""
        try:
            for frame in frames:
                self._see(frame)
                self._seen += 1
                yield frame
        finally:
            close = getattr(frames, "close", None)
            if close is not None:
                close()

    def movement(self) -> Movement:
        """Return the motion so far; 0 if fewer than two frames were sampled."""
        windows = list(self._windows)
        # A remainder too short to cancel jitter counts only if there is nothing longer.
        if self._open and (not windows or 2 * len(self._open) >= self._per_window):
            windows.append(self._window())
        if not windows:
            return Movement(0.0, 0.0)
        a_second = max(1, round(1 / WINDOW_S))
        amounts = []
        for start in range(0, len(windows), a_second):
            some = windows[start : start + a_second]
            first = start * self._per_window + 1
            samples = range(first, first + a_second * self._per_window)
            drifting = self._drifting(samples)
            for window in some:
                detail = liveliest(window)
                with_drift = liveliest(np.maximum(window, drifting))
                amounts.append(with_drift if detail < SLOW else detail)
        return Movement(float(np.mean(amounts[:a_second])), float(np.mean(amounts)))

    def _see(self, frame: Frame) -> None:
        after = self._seen % self._step
        if after > 2 or (self._lively and self._step > 2 and after > 0):
            return
        luma = small_luma(frame, scaled_width(frame))
        self._recent.append(luma)
        if after == 0:
            self._sample(luma)
        if self._lively or self._before is None:
            return
        grid = grid_of(luma)
        if (self._seen - 1) % self._step == 0 and len(self._recent) > 1 and not self._open_quick:
            start = fine_detail(self._recent[-2])
            pair = certain_velocities(start, fine_detail(luma), grid, self._estimate)
            quick = speeds(pair)
            self._open_quick.append(np.where(quick > QUICKEST, quick, 0) * self._fps)
        if (self._seen - 2) % self._step == 0 and len(self._recent) > 2:
            planes = [shrunk(one, QUICK.side) for one in self._recent]
            self._quick.append(change_of((self._seen - 2) // self._step, planes, grid))

    def _sample(self, luma: NDArray[np.uint8]) -> None:
        detail = fine_detail(luma)
        self._sampled.append(shrunk(luma, SOFT.side))
        if len(self._sampled) == self._sampled.maxlen:
            planes = [self._sampled[at] for at in (0, self._per_window, -1)]
            self._soft.append(change_of(self._seen // self._step, planes, grid_of(luma)))
        if self._before is None:
            self._first = detail
        else:
            found = certain_velocities(self._before, detail, grid_of(luma), self._estimate)
            self._open.append(found)
            self._lively = liveliest(speeds(found)) * self._per_s >= SLOW
        self._before = detail
        if len(self._open) == self._per_window:
            self._windows.append(self._window())
            self._open.clear()
            self._open_quick.clear()
            self._first = detail

    def _window(self) -> Blocks:
        """Return the speeds of detail in the open window, per second."""
        found = speeds(np.mean(self._open, axis=0)) * self._per_s
        assert self._first is not None
        assert self._before is not None
        if len(self._open) > 1 and liveliest(found) < SLOW:
            # Over a whole window, slow motion is larger than a pixel, and so is certain.
            rows, columns = found.shape
            whole = speeds(
                certain_velocities(self._first, self._before, (columns, rows), self._estimate)
            )
            whole *= self._per_s / len(self._open)
            found = np.where((whole < SLOW) & (whole > found), whole, found)
        if self._open_quick:
            found = np.maximum(found, np.mean(self._open_quick, axis=0))
        return found

    def _drifting(self, samples: range) -> Blocks | float:
        """Return the speeds of what drifts in a stretch of time, per second."""
        soft = drift(self._soft, samples, SOFT) * (self._per_s / self._per_window)
        return np.maximum(soft, drift(self._quick, samples, QUICK) * self._fps)


def scaled_width(frame: Frame) -> int:
    """Return the width that gives a frame, I420 or RGB, a shorter side of `SIDE`."""
    height = frame.shape[0] if frame.ndim == 3 else frame.shape[0] * 2 // 3
    return max(SIDE, round(SIDE * int(frame.shape[1]) / max(1, int(height))))


def grid_of(luma: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the columns and rows of blocks."""
    return GRID if luma.shape[0] >= luma.shape[1] else (GRID[1], GRID[0])


def liveliest(speed: Blocks) -> float:
    """Return the mean speed of the fastest blocks."""
    ascending = np.sort(speed, axis=None)
    return float(ascending[-max(1, round(LIVELIEST * ascending.size)) :].mean())
