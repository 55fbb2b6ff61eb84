"""Dynamic time warping of one voice onto another (Sakoe and Chiba, 1978), coarse to fine.

Two minutes are warped frame by frame in a band around the even pace. What is longer is first warped
with its frames averaged, and then frame by frame in a narrow band around that (after Salvador and
Chan, 2007), so that time and memory grow in proportion to the length.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .mfcc import Array

FASTEST = 4
"""Frames of the one voice that may pass in one of the other, less one."""
_MOST = 12_000
"""Frames that are warped without a coarser warp before."""
_LEAST_BAND = 1500
"""Half the width of the band around the even pace, in frames."""
_NARROW = 400
"""Half the width of the band around a coarser warp, in frames; or this many coarse ones:"""
_NARROW_COARSE = 10
_PRICES = np.array([0.12, 0.0, 0.08, 0.2], np.float32)
"""What standing still, and going on by one, two and three frames, costs beside the distance."""


def warp(recorded: Array, spoken: Array) -> NDArray[np.int64]:
    """For each frame of one recording, the frame of another that it matches; never backwards.

    Of each frame pair the cosine distance counts; in each recorded frame the other voice stands
    still or goes on by up to three frames. The path begins at both beginnings and ends at both
    ends.

    Args:
        recorded: ``[n, features]``.
        spoken: ``[m, features]``.

    Returns:
        ``[n]``, values below ``m``.
    """
    count, total = len(recorded), len(spoken)
    rows = np.arange(count)
    factor = math.ceil(max(count, total) / _MOST)
    if factor <= 1:
        half = min(total, max(_LEAST_BAND, total // 6))
        return _in_band(recorded, spoken, rows * total // max(1, count), half)
    coarse = warp(_averaged(recorded, factor), _averaged(spoken, factor))
    middles = (np.arange(len(coarse)) + 0.5) * factor
    centres = np.interp(rows, middles, (coarse + 0.5) * factor).astype(np.int64)
    return _in_band(recorded, spoken, centres, max(_NARROW, _NARROW_COARSE * factor))


def _averaged(values: Array, factor: int) -> Array:
    """Means of ``factor`` rows at a time; the last of as many as there are."""
    starts = np.arange(0, len(values), factor)
    sums = np.add.reduceat(values, starts, axis=0)
    return np.asarray(sums / np.diff([*starts, len(values)])[:, None], np.float32)


def _in_band(
    recorded: Array, spoken: Array, centres: NDArray[np.int64], half: int
) -> NDArray[np.int64]:
    """The warp of least cost that stays within ``half`` frames of some centres, never backwards."""
    count, total = len(recorded), len(spoken)
    width = 2 * half + 1
    recorded = recorded / (np.linalg.norm(recorded, axis=1, keepdims=True) + 1e-6)
    spoken = spoken / (np.linalg.norm(spoken, axis=1, keepdims=True) + 1e-6)
    begins = centres - half
    far = np.float32(1e9)
    best = np.full(width, far, np.float32)
    steps = np.zeros((count, width), np.uint8)
    columns = np.arange(width)
    for row in range(count):
        begin = int(begins[row])
        low, high = max(0, begin), min(total, begin + width)
        cost = np.full(width, far, np.float32)
        cost[low - begin : high - begin] = 1 - spoken[low:high] @ recorded[row]
        if row == 0:
            best[: max(0, -begin)] = far
            first = slice(low - begin, max(0, FASTEST - begin))
            best[first] = cost[first]
            continue
        moved = begin - int(begins[row - 1])
        padded = np.concatenate([np.full(FASTEST, far), best, np.full(moved + FASTEST, far)])
        ways = np.stack(
            [
                padded[FASTEST + moved - step : FASTEST + moved - step + width] + _PRICES[step]
                for step in range(FASTEST)
            ]
        )
        choice = ways.argmin(axis=0)
        steps[row] = choice
        best = np.minimum(ways[choice, columns] + cost, far).astype(np.float32)
    path = np.empty(count, np.int64)
    place = total - 1
    for row in range(count - 1, -1, -1):
        path[row] = min(max(place, 0), total - 1)
        column = min(max(place - int(begins[row]), 0), width - 1)
        place -= int(steps[row, column])
    return path
