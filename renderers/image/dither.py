"""Rounding planes to 8 bits with dither: a slow zoom over a smooth sky would step in visible bands
between levels."""

from __future__ import annotations

import functools
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

ROWS = 64
"""After which the noise repeats, so that it stays in the cache."""


def quantise(plane: NDArray[np.float32], out: NDArray[np.uint8], top: int = 0) -> None:
    """Round a plane to 8 bits, dithered; a plane of whole levels stays as it is.

    Args:
        plane: levels.
        out: of the same shape.
        top: the row of the frame that the plane's first row is.
    """
    height, width = plane.shape
    spread = noise(width) - np.float32(0.5)
    begin = 0
    while begin < height:
        first = (top + begin) % ROWS
        end = min(height, begin + ROWS - first)
        rows = spread[first : first + end - begin]
        cv2.add(plane[begin:end], rows, dst=out[begin:end], dtype=cv2.CV_8U)
        begin = end


@functools.lru_cache(maxsize=8)
def noise(width: int) -> NDArray[Any]:
    """What is added to levels before their fraction is cut off: shape ``(ROWS, width)``.

    It is half a level, and half a level up or down spread evenly over any few neighbours:
    interleaved gradient noise, from J. Jimenez, "Next Generation Post Processing in Call of Duty:
    Advanced Warfare", SIGGRAPH 2014. It stands still, so that it costs the encoder nothing in
    frames that repeat.
    """
    y, x = np.mgrid[0:ROWS, 0:width]
    spread = np.mod(52.9829189 * np.mod(0.06711056 * x + 0.00583715 * y, 1), 1)
    # Short of a half, as whole levels must not move, by what rounding makes of them before.
    return np.asarray(0.5 + (spread - 0.5) * 0.999, np.float32)
