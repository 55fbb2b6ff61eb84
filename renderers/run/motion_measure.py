"""Measure the motion of a video by optical flow, insensitive to noise and flicker.

Frames are scaled down and divided into `GRID` blocks. The velocity of a block is its mean flow,
weighted by local structure (the gradient energy that Lucas and Kanade, 1981, need for a reliable
flow), so that an empty sky has no weight. Velocities are averaged as vectors over half a second:
jitter cancels out, motion does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from ..base import Frame
from ..fit.interpolate import Flow, dense_flow, small_luma

GRID = (9, 16)
"""Columns and rows of blocks."""
CERTAIN = 500.0
"""Squared Sobel gradient of 8-bit luma at which a block has half weight."""
LIVELIEST = 0.1
"""Share of the blocks, the fastest ones, that motion is averaged over."""
SAMPLES_PER_S = 8
WINDOW_S = Fraction(1, 2)
WIDTH = 240
"""Of the scaled frames, in pixels."""

Velocities = NDArray[np.float64]
"""Shape ``(rows, columns, 2)``: x and y of each block, in percent of the frame's width."""


@dataclass(frozen=True, slots=True)
class Movement:
    """The motion of the fastest tenth of the picture, in percent of its width per second.

    A still has 0, also a noisy one; a push or pan of medium amount has 3 to 6.

    Attributes:
        first_second: in the first second.
        whole: the mean over the video.
    """

    first_second: float
    whole: float


class MotionMeter:
    """Measures the frames that pass through `watch`."""

    def __init__(self, fps: Fraction):
        self._step = max(1, round(fps / SAMPLES_PER_S))
        self._per_s = float(fps / self._step)
        self._per_window = max(1, round(self._per_s * float(WINDOW_S)))
        self._estimate = dense_flow("fast")
        self._seen = 0
        self._before: NDArray[np.uint8] | None = None
        self._windows: list[Velocities] = []
        self._open: list[Velocities] = []

    def watch(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Pass frames through, I420 or RGB, and sample them."""
        try:
            for frame in frames:
                if self._seen % self._step == 0:
                    self._sample(frame)
                self._seen += 1
                yield frame
        finally:
            close = getattr(frames, "close", None)
            if close is not None:
                close()

    def movement(self) -> Movement:
        """Return the motion so far; 0 if fewer than two frames were sampled."""
        windows = list(self._windows)
        # A remainder too short to cancel noise counts only if there is nothing longer.
        if self._open and (not windows or 2 * len(self._open) >= self._per_window):
            windows.append(np.mean(self._open, axis=0))
        if not windows:
            return Movement(0.0, 0.0)
        amounts = [liveliest(window) * self._per_s for window in windows]
        first = amounts[: max(1, round(1 / WINDOW_S))]
        return Movement(float(np.mean(first)), float(np.mean(amounts)))

    def _sample(self, frame: Frame) -> None:
        luma = small_luma(frame, WIDTH)
        if self._before is not None:
            flow = self._estimate(self._before, luma)
            self._open.append(block_velocities(flow, self._before))
            if len(self._open) == self._per_window:
                self._windows.append(np.mean(self._open, axis=0))
                self._open.clear()
        self._before = luma


def block_velocities(flow: Flow, luma: NDArray[np.uint8]) -> Velocities:
    """Return the mean flow of each block between two frames, weighted by local structure.

    Args:
        flow: from one frame to the next, in pixels.
        luma: the first of the two.
    """
    across, down = (cv2.Sobel(luma, cv2.CV_32F, x, 1 - x, ksize=3) for x in (1, 0))
    structure = np.asarray(across * across + down * down, np.float32)
    weight = cv2.resize(structure, GRID, interpolation=cv2.INTER_AREA) + CERTAIN
    means = [
        cv2.resize(flow[..., axis] * structure, GRID, interpolation=cv2.INTER_AREA) / weight
        for axis in (0, 1)
    ]
    return np.asarray(np.dstack(means) * (100 / luma.shape[1]), np.float64)


def liveliest(velocities: Velocities) -> float:
    """Return the mean speed of the fastest blocks."""
    speeds = np.sort(np.hypot(velocities[..., 0], velocities[..., 1]), axis=None)
    return float(speeds[-max(1, round(LIVELIEST * speeds.size)) :].mean())
