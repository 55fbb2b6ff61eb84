"""How much a video moves, by optical flow, and how steadily; told from noise and flicker.

The picture is looked at small, in `GRID` blocks. A block's velocity is the mean of the flow in it,
weighed by how much there is to be seen moving (the structure that Lucas and Kanade, 1981, need for
a flow to be certain), so that an empty sky says nothing. Over half a second velocities are summed
up as vectors: what jitters to and fro comes to nothing, and motion does not.
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
"""Blocks across and down."""
CERTAIN = 500.0
"""Squared gradient of luma (Sobel's, of 8-bit levels) at which a block counts half."""
LIVELIEST = 0.1
"""Share of the blocks that an amount of motion is taken from: something moves, if not all."""
LOOKS_A_SECOND = 8
WINDOW_S = Fraction(1, 2)
WIDTH = 240
"""Of the frames that are looked at, in pixels."""

Velocities = NDArray[np.float64]
"""Shape ``(rows, columns, 2)``: of each block, in percent of the picture's width."""


@dataclass(frozen=True, slots=True)
class Movement:
    """How much is seen to move, in percent of the picture's width a second.

    It is that of the tenth of the picture that moves most. A still has 0, however noisy it is; a
    camera's push or pan of middling amount 3 to 6.

    Attributes:
        first_second: in the first second.
        whole: on average over all of the video.
    """

    first_second: float
    whole: float


class MotionMeter:
    """Watches frames go by."""

    def __init__(self, fps: Fraction):
        self._step = max(1, round(fps / LOOKS_A_SECOND))
        self._a_second = float(fps / self._step)
        self._per_window = max(1, round(self._a_second * float(WINDOW_S)))
        self._estimate = dense_flow("fast")
        self._seen = 0
        self._before: NDArray[np.uint8] | None = None
        self._windows: list[Velocities] = []
        self._open: list[Velocities] = []

    def watch(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Pass frames on, I420 or RGB, and look at every few of them."""
        try:
            for frame in frames:
                if self._seen % self._step == 0:
                    self._look(frame)
                self._seen += 1
                yield frame
        finally:
            close = getattr(frames, "close", None)
            if close is not None:
                close()

    def movement(self) -> Movement:
        """What was seen so far; all 0 where that were fewer than two frames to compare."""
        windows = list(self._windows)
        # A rest that is too short to cancel noise is left out where there is anything longer.
        if self._open and (not windows or 2 * len(self._open) >= self._per_window):
            windows.append(np.mean(self._open, axis=0))
        if not windows:
            return Movement(0.0, 0.0)
        amounts = [liveliest(window) * self._a_second for window in windows]
        first = amounts[: max(1, round(1 / WINDOW_S))]
        return Movement(float(np.mean(first)), float(np.mean(amounts)))

    def _look(self, frame: Frame) -> None:
        luma = small_luma(frame, WIDTH)
        if self._before is not None:
            flow = self._estimate(self._before, luma)
            self._open.append(block_velocities(flow, self._before))
            if len(self._open) == self._per_window:
                self._windows.append(np.mean(self._open, axis=0))
                self._open.clear()
        self._before = luma


def block_velocities(flow: Flow, luma: NDArray[np.uint8]) -> Velocities:
    """The mean flow of each block, weighed by how certain it is; from frame to frame.

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
    """The mean speed of the blocks that move most."""
    speeds = np.sort(np.hypot(velocities[..., 0], velocities[..., 1]), axis=None)
    return float(speeds[-max(1, round(LIVELIEST * speeds.size)) :].mean())
