"""Convert RGB to planar YUV 4:2:0: BT.709, limited range, chroma sited left as in H.264.

Formulas: ITU-R BT.709-6; levels of its section 4 (16..235 and 16..240). Planes are ``float32``
until a frame is finished.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..base import Frame
from .resample import Axis, axis, resample

_KR, _KG, _KB = 0.2126, 0.7152, 0.0722
_Y, _C = 219 / 255, 224 / 255
_CB, _CR = _C / (2 * (1 - _KB)), _C / (2 * (1 - _KR))
_MATRIX = np.array(
    [
        [_Y * _KR, _Y * _KG, _Y * _KB, 16],
        [-_CB * _KR, -_CB * _KG, _CB * (1 - _KB), 128],
        [_CR * (1 - _KR), -_CR * _KG, -_CR * _KB, 128],
    ],
    np.float32,
)
_BAND = 32
"""Rows converted at a time; they fit into the cache."""


@dataclass(frozen=True, slots=True)
class Planes:
    """Planes in levels 0..255: ``y`` of shape ``(height, width)``, ``u`` and ``v`` of half.

    They are ``float32``, or ``uint8`` views of a finished frame.
    """

    y: NDArray[Any]
    u: NDArray[Any]
    v: NDArray[Any]


def blank(width: int, height: int) -> Planes:
    """Return uninitialised planes of ``float32``."""
    half = (height // 2, width // 2)
    return Planes(
        np.empty((height, width), np.float32),
        np.empty(half, np.float32),
        np.empty(half, np.float32),
    )


def planes_of(frame: Frame) -> Planes:
    """Return views of the planes of an I420 frame, shape ``(height * 3 // 2, width)``."""
    height, width = frame.shape[0] * 2 // 3, frame.shape[1]
    chroma = frame[height:].reshape(2, height // 2, width // 2)
    return Planes(frame[:height], chroma[0], chroma[1])


@dataclass(frozen=True, slots=True)
class Grid:
    """Sample positions along one side of a source: an even ``count`` at ``start + step * n``.

    The kernel is ``cutoff`` source samples wide.
    """

    count: int
    start: float
    step: float
    source: int
    cutoff: float

    def luma(self) -> Axis:
        """Return the axis of luma samples."""
        return axis(self.count, self.start, self.step, self.source, cutoff=self.cutoff)

    def chroma(self, offset: float) -> Axis:
        """Return the axis of every other sample, starting at ``offset`` samples."""
        return axis(
            self.count // 2,
            self.start + self.step * offset,
            self.step * 2,
            self.source,
            cutoff=max(self.cutoff, self.step * 2),
        )


def to_planes(rgb: NDArray[Any], rows: Grid, columns: Grid) -> Planes:
    """Convert and resample RGB of shape ``(height, width, 3)`` in levels 0..255.

    Chroma is resampled directly to its own size. Its sample ``(i, j)`` lies at luma column ``2i``
    and row ``2j + 1/2``.
    """
    if rows.step * columns.step > 1:
        # Reduce first: fewer pixels to convert.
        luma = rows.luma(), columns.luma()
        rgb = np.asarray(cv2.merge([resample(rgb[..., channel], *luma) for channel in range(3)]))
        rows, columns = _as_is(rows.count), _as_is(columns.count)
    y, cb, cr = _converted(rgb)
    chroma = rows.chroma(0.5), columns.chroma(0.0)
    return Planes(
        resample(y, rows.luma(), columns.luma()), resample(cb, *chroma), resample(cr, *chroma)
    )


def _converted(rgb: NDArray[Any]) -> tuple[NDArray[np.float32], ...]:
    """Return Y, Cb and Cr at full size."""
    planes = tuple(np.empty(rgb.shape[:2], np.float32) for _ in _MATRIX)
    for top in range(0, len(rgb), _BAND):
        band = rgb[top : top + _BAND].astype(np.float32, copy=False)
        for plane, weights in zip(planes, _MATRIX, strict=True):
            cv2.transform(band, weights[None], dst=plane[top : top + _BAND])
    return planes


def _as_is(count: int) -> Grid:
    return Grid(count, 0.0, 1.0, count, 1.0)
