"""Whether an outline matches a picture: its gradients are steeper along it than elsewhere."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...image.resample import Floats

SIDE = 512
"""Longer side of the copy that is compared, in pixels."""


def contrast_along(outline: NDArray[np.bool_], rgb: NDArray[np.uint8]) -> float:
    """Return the median gradient along an outline over that of the picture; 0 without an outline.

    Args:
        outline: shape ``(height, width)``.
        rgb: the picture, of the same size.
    """
    if not outline.any():
        return 0.0
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.float32)
    gradient = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    # The maximum nearby, as the outline may be off by a pixel or two.
    near = np.asarray(cv2.dilate(gradient, np.ones((5, 5), np.uint8)))
    return float(np.median(near[outline])) / max(1.0, float(np.median(near)))


def edges_of(values: Floats, step: float) -> NDArray[np.bool_]:
    """Return a mask of the neighbours in a map that differ by more than a step."""
    kernel = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.morphologyEx(values, cv2.MORPH_GRADIENT, kernel) > step)


def shrink(image: NDArray[np.uint8], side: int = SIDE) -> NDArray[np.uint8]:
    """Return a copy whose longer side is at most ``side`` pixels."""
    factor = min(1.0, side / max(image.shape[:2]))
    size = (max(2, round(image.shape[1] * factor)), max(2, round(image.shape[0] * factor)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
