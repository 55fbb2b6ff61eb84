"""Drift of what changes: soft clouds, veils and smoke over a picture that stands, snow and fire.

The difference of two frames is free of what stands. If it drifts, its own change is that of a
moving picture, in every block and over seconds: ``change = -velocity * gradient``, solved by least
squares as in Lucas and Kanade (1981) over the blocks around and the whole time, beside a share of
brightness that grows or fades (Negahdaripour, 1998). Noise that is new in every latent frame, light
that pulses and dissolves are not explained by any velocity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .motion_detail import Blocks, block_means, ramp

LEAST_CHANGE = 0.25
"""Energy of a second's change, relative to that around it, below which the second stands still."""
PRODUCTS = [(one, other) for one in range(4) for other in range(one, 4)]
"""Of the gradients in x and y, the difference and its change: the upper triangle of a matrix."""


@dataclass(frozen=True, slots=True)
class DriftScale:
    """What drift to look for.

    Attributes:
        side: shorter side of the planes, in pixels.
        reach: blocks that are solved together, each way of a square.
        rounding: squared change of a difference, in steps of 8-bit luma, that needs no explanation.
        explained: shares of the change, by energy, that count by none and in full.
    """

    side: int
    reach: int
    rounding: float
    explained: tuple[float, float]


SOFT = DriftScale(60, 5, 0.04, (0.28, 0.42))
"""Clouds, veils, smoke: over half seconds."""
QUICK = DriftScale(120, 5, 0.3, (0.12, 0.24))
"""Snow, fire: from frame to frame."""
AT_ONCE = 8
"""Changes that are solved together: those of about two seconds."""


@dataclass(frozen=True, slots=True)
class DriftChange:
    """How a difference changed between three frames at equal distance.

    Attributes:
        sample: when, by number.
        products: block means of the `PRODUCTS`, shape ``(rows, columns, 10)``.
    """

    sample: int
    products: NDArray[np.float64]


def shrunk(luma: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """Scale a luma plane down to a shorter side."""
    height, width = luma.shape
    factor = min(1.0, side / min(height, width))
    size = (round(width * factor), round(height * factor))
    return cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def change_of(
    sample: int, planes: Sequence[NDArray[np.float32]], grid: tuple[int, int]
) -> DriftChange:
    """Return the change between three planes, with gradients by percent of the width."""
    first, second, third = planes
    difference = (third - first) / 2
    scale = first.shape[1] / 800
    across, down = (cv2.Sobel(difference, cv2.CV_32F, x, 1 - x, ksize=3) * scale for x in (1, 0))
    parts = (across, down, difference, third - 2 * second + first)
    means = [block_means(parts[one] * parts[other], grid) for one, other in PRODUCTS]
    return DriftChange(sample, np.dstack(means))


def drift(changes: Sequence[DriftChange], samples: range, scale: DriftScale) -> Blocks | float:
    """Return the speeds of blocks in a stretch of time, times their certainty of 0 to 1.

    Args:
        changes: in order.
        samples: the stretch; changes around it are solved together with its own.
        scale: of the changes.

    Returns:
        Percent of the width between two of the three frames; 0 if there are no changes.
    """
    if not changes:
        return 0.0
    middle = (samples.start + samples.stop - 1) / 2
    near = sorted(changes, key=lambda one: abs(one.sample - middle))[:AT_ONCE]
    own = [one for one in near if one.sample in samples] or near
    sums = _around(near, scale.reach)
    speed, share = _solved(sums, scale.rounding)
    alive = _energy(_around(own, scale.reach)) >= LEAST_CHANGE * _energy(sums)
    return speed * ramp(share, scale.explained) * alive


def _around(changes: Sequence[DriftChange], reach: int) -> NDArray[np.float64]:
    mean = np.mean([one.products for one in changes], axis=0)
    return np.asarray(cv2.blur(mean, (reach, reach), borderType=cv2.BORDER_REPLICATE), np.float64)


def _energy(sums: NDArray[np.float64]) -> Blocks:
    return sums[..., PRODUCTS.index((2, 2))]


def _solved(sums: NDArray[np.float64], rounding: float) -> tuple[Blocks, Blocks]:
    """Return the speed of each block, and the share of the change that it explains."""
    even = _energy(sums) + 1e-6

    def without_light(one: int, other: int) -> Blocks:
        with_light = [sums[..., PRODUCTS.index((min(2, at), max(2, at)))] for at in (one, other)]
        rest: Blocks = sums[..., PRODUCTS.index((one, other))]
        return rest - with_light[0] * with_light[1] / even

    xx, xy, yy = without_light(0, 0), without_light(0, 1), without_light(1, 1)
    xt, yt, tt = without_light(0, 3), without_light(1, 3), without_light(3, 3)
    # The aperture problem: along an edge, the velocity is 0.
    ridge = 1e-3 * (xx + yy) + 1e-9
    xx, yy = xx + ridge, yy + ridge
    area = xx * yy - xy * xy
    x, y = (xy * yt - yy * xt) / area, (xy * xt - xx * yt) / area
    return np.hypot(x, y), -(x * xt + y * yt) / (tt + rounding)
