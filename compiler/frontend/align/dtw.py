"""Dynamic time warping of one voice onto another, in a band around the even pace."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .mfcc import Array

FASTEST = 4
"""Frames of the one voice that may pass in one of the other, less one."""
_LEAST_BAND = 1500
"""Half the band's width in frames; 15 s."""


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
    half = min(total, max(_LEAST_BAND, total // 6))
    width = 2 * half + 1
    recorded = recorded / (np.linalg.norm(recorded, axis=1, keepdims=True) + 1e-6)
    spoken = spoken / (np.linalg.norm(spoken, axis=1, keepdims=True) + 1e-6)
    begins = (np.arange(count) * total // max(1, count)) - half
    far = np.float32(1e9)
    penalty = np.array([0.12, 0.0, 0.08, 0.2], np.float32)
    best = np.full(width, far, np.float32)
    steps = np.zeros((count, width), np.uint8)
    columns = np.arange(width)
    for row in range(count):
        place = columns + begins[row]
        inside = (place >= 0) & (place < total)
        cost = np.full(width, far, np.float32)
        cost[inside] = 1 - spoken[place[inside]] @ recorded[row]
        if row == 0:
            best = np.where((place >= 0) & (place < FASTEST), cost, far).astype(np.float32)
            continue
        moved = int(begins[row] - begins[row - 1])
        padded = np.concatenate([np.full(FASTEST, far), best, np.full(moved + FASTEST, far)])
        ways = np.stack(
            [
                padded[FASTEST + moved - step : FASTEST + moved - step + width] + penalty[step]
                for step in range(FASTEST)
            ]
        )
        choice = ways.argmin(axis=0)
        steps[row] = choice
        best = np.minimum(ways[choice, columns] + cost, far).astype(np.float32)
    path = np.empty(count, np.int64)
    place_now = total - 1
    for row in range(count - 1, -1, -1):
        path[row] = min(max(place_now, 0), total - 1)
        column = min(max(place_now - int(begins[row]), 0), width - 1)
        place_now -= int(steps[row, column])
    return path
