"""Depth of field: a disc blurs everything nearer or farther than the focus, as a lens does.

Each layer is blurred by itself before the layers are drawn over each other. A layer has colours and
relief of its own under the layers before it, and samples in focus give no light to blurred ones
beside them (scatter as gather), so that no halo surrounds a subject. Light is averaged in linear
light: highlights become discs.

Scatter as gather: J. Demers, "Depth of Field: A Survey of Techniques", GPU Gems 23, 2004.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ..image.resample import Floats
from ..image.yuv import Planes

WIDEST = 0.025
"""Radius of the blur at full depth of field, in frame widths, from the nearest to the farthest."""
IN_FOCUS = 0.05
"""Difference in depth that is still in focus, of 1 from the nearest to the farthest."""
LEAST_PX = 0.7
"""Radius below which nothing is blurred."""
KERNEL_PX = 3
"""Least radius of a disc in a reduced copy of a plane."""
GAMMA = 2.2
_LITTLE = 1e-3
_FOCUS_PART = 0.06
"""Side of the part of a still whose depth is in focus, as a share of its width."""


@dataclass(frozen=True, slots=True)
class Lens:
    """A lens, focused at one relief.

    Attributes:
        focus: that relief.
        tolerance: difference in relief that is still in focus.
        blur: radius of the blur for a difference in relief of 1, in frame widths.
    """

    focus: float
    tolerance: float
    blur: float

    def radius(self, relief: Floats, density: float) -> Floats:
        """Return the radius of the blur of a relief, in samples of a grid of a density."""
        off = np.abs(relief - np.float32(self.focus)) - np.float32(self.tolerance)
        return np.asarray(np.maximum(off, 0) * np.float32(self.blur * density))


def depth_at(depth: Floats, focus: tuple[float, float]) -> float:
    """Return the depth at a point ``(x, y)``, 0..1 of the width and height of its map."""
    rows, columns = depth.shape
    half = max(1, round(columns * _FOCUS_PART / 2))
    x, y = round(focus[0] * (columns - 1)), round(focus[1] * (rows - 1))
    return float(np.median(depth[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1]))


def defocus(
    planes: Planes, radius: Floats, matte: NDArray[np.uint8] | None = None
) -> tuple[Planes, NDArray[np.uint8] | None]:
    """Blur planes, and their matte, by discs.

    Args:
        planes: of a layer.
        radius: of the disc at each sample of ``y``.
        matte: opacity of the layer, 0..255; None if it is opaque.

    Returns:
        The planes, and the matte. Without a matte's opacity, samples give no light.
    """
    seen = radius if matte is None else radius * (matte > 0)
    most = float(seen.max(initial=0))
    if most < LEAST_PX:
        return planes, matte
    light = cv2.pow(np.maximum(planes.y - np.float32(16), 0) / 219, GAMMA)
    opaque = np.ones_like(light) if matte is None else matte * np.float32(1 / 255)
    y, u, v, opacity = light, planes.u, planes.v, opaque
    for narrower, wider in _steps(most):
        share = np.clip((radius - narrower) / np.float32(wider - narrower), 0, 1)
        weight = np.clip(radius / np.float32(wider), 0, 1) * opaque + np.float32(_LITTLE)
        y = _mixed(y, _averaged(light, weight, wider), share)
        bright = _halved((light + np.float32(_LITTLE)) * weight)
        share_half = _halved(share)
        u = _mixed(u, _averaged(planes.u, bright, wider / 2), share_half)
        v = _mixed(v, _averaged(planes.v, bright, wider / 2), share_half)
        if matte is not None:
            opacity = _mixed(opacity, _disc(opaque, wider), share)
    luma = cv2.pow(y, 1 / GAMMA) * np.float32(219) + np.float32(16)
    blurred = Planes(np.where(radius > 0, luma, planes.y), u, v)
    if matte is None:
        return blurred, None
    return blurred, np.asarray((opacity * 255).round(), np.uint8)


def _steps(most: float) -> Iterator[tuple[float, float]]:
    """Yield pairs of radii, each twice the one before, up to the largest."""
    count = max(0, math.floor(math.log2(most)))
    radii = [0.0, *(most / 2**n for n in range(count, -1, -1))]
    yield from pairwise(radii)


def _averaged(values: Floats, weight: Floats, radius: float) -> Floats:
    """Return the weighted average of a disc around every sample."""
    return np.asarray(_disc(values * weight, radius) / _disc(weight, radius))


def _disc(values: Floats, radius: float) -> Floats:
    """Convolve with a disc, wide ones in a reduced copy."""
    factor = 2 ** max(0, math.floor(math.log2(max(1.0, radius / KERNEL_PX))))
    rows, columns = values.shape
    size = max(1, columns // factor), max(1, rows // factor)
    if factor > 1:
        values = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA))
    radius /= factor
    reach = np.arange(-math.ceil(radius), math.ceil(radius) + 1, dtype=np.float32)
    kernel = np.clip(np.float32(radius + 0.5) - np.hypot(reach, reach[:, None]), 0, 1)
    values = np.asarray(
        cv2.filter2D(values, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
    )
    if factor > 1:
        values = np.asarray(cv2.resize(values, (columns, rows), interpolation=cv2.INTER_LINEAR))
    return values


def _mixed(one: Floats, other: Floats, share: Floats) -> Floats:
    return np.asarray(one + (other - one) * share)


def _halved(values: Floats) -> Floats:
    """Return a map of luma samples at those of chroma."""
    size = values.shape[1] // 2, values.shape[0] // 2
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA))
