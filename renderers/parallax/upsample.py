"""Upsampling of planes and mattes for a sampler that is linear between samples."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..camera.sampling import even_length, presharpen
from ..image.resample import axis, resample
from ..image.yuv import Planes


def upsample_planes(planes: Planes, factor: float) -> Planes:
    """Upsample planes, pre-sharpened for a linear sampler."""
    rows, columns = (even_length(length * factor) for length in planes.y.shape)
    steps = planes.y.shape[0] / rows, planes.y.shape[1] / columns
    upsampled = []
    for plane in (planes.y, planes.u, planes.v):
        is_chroma = plane is not planes.y
        counts = (rows // 2, columns // 2) if is_chroma else (rows, columns)
        starts = [(step - 1) / 2 for step in steps]
        if is_chroma:
            # Chroma is sited at even columns of luma, and between two rows.
            starts = [(steps[0] - 1) / 2, (steps[1] - 1) / 4]
        axes = [
            axis(count, start, step, length)
            for count, start, step, length in zip(counts, starts, steps, plane.shape, strict=True)
        ]
        upsampled.append(resample(presharpen(plane, steps[1]), axes[0], axes[1]))
    return Planes(*upsampled)


def upsample_matte(matte: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """Upsample a matte to the size of its upsampled planes."""
    rows, columns = (even_length(length * factor) for length in matte.shape)
    return np.asarray(cv2.resize(matte, (columns, rows), interpolation=cv2.INTER_LINEAR))
