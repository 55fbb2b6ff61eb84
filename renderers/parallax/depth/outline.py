"""Whether an outline is one of a picture: the picture is steeper along it than elsewhere."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...image.resample import Floats

SIDE = 512
"""Pixels of the longer side of the copy that is compared."""


def contrast_along(outline: NDArray[np.bool_], rgb: NDArray[np.uint8]) -> float:
    """How much steeper a picture is along an outline than it is on the whole; 0 without one.

    Args:
        outline: shape ``(height, width)``.
        rgb: the picture, of the same size.
    """
    if not outline.any():
        return 0.0
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.float32)
    steep = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    # The steepest next to the outline, as it may be off by a pixel or two.
    near = np.asarray(cv2.dilate(steep, np.ones((5, 5), np.uint8)))
    return float(np.median(near[outline])) / max(1.0, float(np.median(near)))


def edges_of(values: Floats, step: float) -> NDArray[np.bool_]:
    """Where neighbours of a map differ by more than a step."""
    kernel = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.morphologyEx(values, cv2.MORPH_GRADIENT, kernel) > step)


def reduced(image: NDArray[np.uint8], side: int = SIDE) -> NDArray[np.uint8]:
    """A copy with at most so many pixels along its longer side."""
    factor = min(1.0, side / max(image.shape[:2]))
    size = (max(2, round(image.shape[1] * factor)), max(2, round(image.shape[0] * factor)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
