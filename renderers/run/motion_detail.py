"""Velocities of fine detail that persists from one frame to another.

Fine detail, normalised by local contrast, is free of light and of the smooth blobs of noise that
stays in latents. The velocity of a block is its mean flow, weighted by local structure (the
gradient energy that Lucas and Kanade, 1981, need for a reliable flow), so that an empty sky has no
weight. It counts as far as it explains the change, in the block and around it, and is the same back
in time: moved back by the blocks' velocities, the later frame must match the earlier one better
than unmoved. Noise has no such velocity: a block has two degrees of freedom for some 700 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..fit.interpolate import Estimate, Flow, moved_back

AGREEMENT = (0.6, 0.2)
"""Sums of the velocities to the next frame and back, relative to the former, that count by none and
in full; 0 if they agree."""
CERTAIN = 500.0
"""Squared Sobel gradient of 8-bit luma at which a block has half weight."""
DETAIL = 3.0
"""Standard deviation of the Gaussian whose residual is fine detail, in pixels of scaled frames."""
EXPLAINED = (0.35, 0.65)
"""Shares of a block's change, by energy, that motion must explain to count by none and in full."""
AROUND = (0.1, 0.3)
"""The same for the mean of the block and its neighbours: a block alone may match by chance."""
LEAST_CONTRAST = 4.0
"""Contrast added to the local one, in steps of 8-bit luma, so that rounding stays small."""
ROUNDING = 0.1
"""Squared change, in steps of 8-bit luma, that needs no explanation."""

Blocks = NDArray[np.float64]
"""Shape ``(rows, columns)``: one number for each block."""
Velocities = NDArray[np.float64]
"""Shape ``(rows, columns, 2)``: x and y of each block, in percent of the frame's width."""


@dataclass(frozen=True, slots=True)
class Detail:
    """The fine detail of a frame.

    Attributes:
        plane: luma less its local mean, shape ``(height, width)``.
        even: the same, normalised by local contrast, around 128.
    """

    plane: NDArray[np.float32]
    even: NDArray[np.uint8]


def fine_detail(luma: NDArray[np.uint8]) -> Detail:
    """Return the fine detail of a luma plane."""
    plane = luma.astype(np.float32)
    detail = plane - cv2.GaussianBlur(plane, (0, 0), DETAIL)
    contrast = np.sqrt(cv2.blur(detail * detail, (19, 19)) + LEAST_CONTRAST**2)
    return Detail(detail, np.asarray((128 + 40 * detail / contrast).clip(0, 255), np.uint8))


def certain_velocities(
    before: Detail, after: Detail, grid: tuple[int, int], estimate: Estimate
) -> Velocities:
    """Return the velocities from one frame to another, times their certainty of 0 to 1.

    Args:
        before, after: the frames.
        grid: columns and rows of blocks.
        estimate: of dense flow.
    """
    there = block_velocities(estimate(before.even, after.even), before.even, grid)
    explains = explained(before, after, there)
    if not _certainty(explains).any():
        return np.zeros_like(there)
    back = block_velocities(estimate(after.even, before.even), after.even, grid)
    certainty = _certainty(np.minimum(explains, explained(after, before, back)))
    gap = speeds(there + back) / np.maximum(speeds(there), 1e-6)
    return there * (certainty * ramp(gap, AGREEMENT))[..., None]


def explained(before: Detail, after: Detail, velocities: Velocities) -> Blocks:
    """Return the share of each block's change, by energy, that velocities explain; up to 1."""
    height, width = before.plane.shape
    rows, columns = velocities.shape[:2]
    smooth = cv2.resize(velocities * (width / 100), (width, height), interpolation=cv2.INTER_LINEAR)
    unmoved, moved = (
        block_means((plane - before.plane) ** 2, (columns, rows)) + ROUNDING
        for plane in (after.plane, moved_back(after.plane, smooth.astype(np.float32)))
    )
    return np.asarray(1 - moved / unmoved, np.float64)


def block_velocities(flow: Flow, luma: NDArray[np.uint8], grid: tuple[int, int]) -> Velocities:
    """Return the mean flow of each block between two frames, weighted by local structure.

    Args:
        flow: from one frame to the next, in pixels.
        luma: the first of the two.
        grid: columns and rows of blocks.
    """
    across, down = (cv2.Sobel(luma, cv2.CV_32F, x, 1 - x, ksize=3) for x in (1, 0))
    structure = np.asarray(across * across + down * down, np.float32)
    weight = block_means(structure, grid) + CERTAIN
    means = [block_means(flow[..., axis] * structure, grid) / weight for axis in (0, 1)]
    return np.asarray(np.dstack(means) * (100 / luma.shape[1]), np.float64)


def block_means(plane: NDArray[np.float32], grid: tuple[int, int]) -> Blocks:
    """Return the mean of each block of a plane."""
    return np.asarray(cv2.resize(plane, grid, interpolation=cv2.INTER_AREA), np.float64)


def speeds(velocities: Velocities) -> Blocks:
    """Return the speed of each block."""
    return np.hypot(velocities[..., 0], velocities[..., 1])


def ramp(values: Blocks, bounds: tuple[float, float]) -> Blocks:
    """Return 0 at and before the first bound, 1 at and past the second, linear in between."""
    none, full = bounds
    return ((values - none) / (full - none)).clip(0, 1)


def _certainty(explains: Blocks) -> Blocks:
    around = np.asarray(cv2.blur(explains.clip(-1, 1), (3, 3)), np.float64)
    return ramp(explains, EXPLAINED) * ramp(around, AROUND)
