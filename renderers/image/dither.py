"""Quantise planes to 8 bits with dither, against banding in slow zooms over smooth gradients."""

from __future__ import annotations

import functools
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

ROWS = 64
"""Period of the noise; it fits into the cache."""


def quantise(plane: NDArray[np.float32], out: NDArray[np.uint8], top: int = 0) -> None:
    """Quantise a plane to 8 bits with dither; whole levels do not change.

    Args:
        plane: levels.
        out: of the same shape.
        top: position of the first row in the frame.
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
    """Return the offsets, shape ``(ROWS, width)``, that are added before truncation.

    Their mean is 0.5, spread evenly over 0..1 among neighbours: interleaved gradient noise, from
    J. Jimenez, "Next Generation Post Processing in Call of Duty: Advanced Warfare", SIGGRAPH 2014.
    They are constant over time, so that repeated frames cost the encoder nothing.
    """
    y, x = np.mgrid[0:ROWS, 0:width]
    spread = np.mod(52.9829189 * np.mod(0.06711056 * x + 0.00583715 * y, 1), 1)
    # Slightly less than a half, so that rounding errors move no whole level.
    return np.asarray(0.5 + (spread - 0.5) * 0.999, np.float32)
