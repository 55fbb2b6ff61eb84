"""Planes and mattes made denser, for a sampler that is linear between samples."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ..camera.still_planes import LINEAR_LOSS
from ..image.resample import Floats, axis, resample
from ..image.yuv import Planes


def denser(planes: Planes, factor: float) -> Planes:
    """Planes made denser, and a little sharper, for a linear sampler."""
    rows, columns = (even(length * factor) for length in planes.y.shape)
    steps = planes.y.shape[0] / rows, planes.y.shape[1] / columns
    made = []
    for plane in (planes.y, planes.u, planes.v):
        is_chroma = plane is not planes.y
        counts = (rows // 2, columns // 2) if is_chroma else (rows, columns)
        starts = [(step - 1) / 2 for step in steps]
        if is_chroma:
            # Chroma lies with even columns of luma, and between two rows.
            starts = [(steps[0] - 1) / 2, (steps[1] - 1) / 4]
        axes = [
            axis(count, start, step, length)
            for count, start, step, length in zip(counts, starts, steps, plane.shape, strict=True)
        ]
        made.append(resample(_sharpened(plane, steps[1]), axes[0], axes[1]))
    return Planes(*made)


def _sharpened(plane: Floats, step: float) -> Floats:
    """What a linear sampler will lose is given back before: second differences, at another step."""
    loss = LINEAR_LOSS * step * step
    kernel = np.array([-loss, 1 + 2 * loss, -loss], np.float32)
    return np.asarray(cv2.sepFilter2D(plane, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE))


def denser_matte(matte: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """A matte made as much denser as the planes that it goes with."""
    rows, columns = (even(length * factor) for length in matte.shape)
    return np.asarray(cv2.resize(matte, (columns, rows), interpolation=cv2.INTER_LINEAR))


def even(length: float) -> int:
    """The even number of samples that holds a length."""
    return max(2, 2 * math.ceil(length / 2 - 1e-9))
