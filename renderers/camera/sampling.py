"""How densely the visible part of a still is sampled, and sharpening ahead of a linear sampler."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ..image.resample import Floats
from ..image.yuv import Grid

KERNEL_MARGIN_PX = 16
"""Samples kept around the visible part for the kernels of luma and chroma."""
LINEAR_LOSS = 0.1
"""Strength of the pre-sharpening kernel ``-LOSS, 1 + 2 LOSS, -LOSS``.

It undoes, averaged over all phases, the softness of linear sampling at twice the density of the
frame. Half way between two samples a frequency of ``w`` radians keeps ``cos(w / 2)``, on average
``sqrt(1 - (1 - cos w) / 3)``. At half of the frame's Nyquist frequency (w = pi / 4) that is 0.95,
and the kernel gives 1.06 back; at three quarters, 0.89 and 1.12.
"""


def even_length(length: float) -> int:
    """Return the smallest even number of samples, at least 2, that holds a length."""
    return max(2, 2 * math.ceil(length / 2 - 1e-9))


def visible_grid(
    length: int, native: float, density: float, cutoff: float, visible: NDArray[np.float64]
) -> Grid:
    """Return samples over the visible part of one side of a still, with `KERNEL_MARGIN_PX` around.

    Args:
        length: of the side, in pixels of the still.
        native: pixels of the still to a frame width at zoom 1.
        density: samples to a frame width at zoom 1.
        cutoff: width of the resampling kernel, in pixels of the still.
        visible: start and end of the visible part, in frame widths from the still's middle.
    """
    step = native / density
    centre = (length - 1) / 2
    margin = KERNEL_MARGIN_PX * step
    start = max(0, math.floor(centre + native * float(visible[0]) - margin))
    end = min(length - 1, math.ceil(centre + native * float(visible[1]) + margin))
    return Grid(even_length((end - start) / step + 1), float(start), step, length, cutoff)


def presharpen(plane: Floats, step: float = 1.0) -> Floats:
    """Sharpen a plane by as much as linear sampling will soften it.

    Args:
        plane: the samples.
        step: spacing of the final samples, in samples of the plane, if it is upsampled afterwards.
    """
    loss = LINEAR_LOSS * step * step
    kernel = np.array([-loss, 1 + 2 * loss, -loss], np.float32)
    return np.asarray(cv2.sepFilter2D(plane, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE))
