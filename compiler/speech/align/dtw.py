"""Dynamic time warping (DTW) of one voice onto another (Sakoe and Chiba, 1978), coarse to fine.

Up to two minutes are warped frame by frame in a band around a constant pace. Longer recordings are
first warped with averaged frames, and then frame by frame in a narrow band around that path (after
Salvador and Chan, 2007), so that time and memory are linear in the length.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .mfcc import Array

FASTEST = 4
"""Step sizes: 0 to 3 frames of the synthesized voice in one recorded frame."""
_MOST = 12_000
"""Frames that are warped without a coarse warp first."""
_LEAST_BAND = 1500
"""Half the width of the band around a constant pace, in frames."""
_NARROW = 400
"""Half the width of the band around a coarse warp, in frames; or this many coarse ones:"""
_NARROW_COARSE = 10
_STEP_COSTS = np.array([0.12, 0.0, 0.08, 0.2], np.float32)
"""Cost of steps of 0 to 3 frames, beside the distance."""


def warp(recorded: Array, spoken: Array) -> NDArray[np.int64]:
    """Return the matching frame of another voice for each recorded frame; monotone.

    The path minimises the cosine distance of the frame pairs, with steps of 0 to 3 frames, from
    both beginnings to both ends.

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
    """Return means of ``factor`` rows at a time; the last may have fewer."""
    starts = np.arange(0, len(values), factor)
    sums = np.add.reduceat(values, starts, axis=0)
    return np.asarray(sums / np.diff([*starts, len(values)])[:, None], np.float32)


def _in_band(
    recorded: Array, spoken: Array, centres: NDArray[np.int64], half: int
) -> NDArray[np.int64]:
    """Return the cheapest monotone path within ``half`` frames of the centres."""
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
                padded[FASTEST + moved - step : FASTEST + moved - step + width] + _STEP_COSTS[step]
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
