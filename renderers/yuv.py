"""RGB pictures as planar YUV 4:2:0: BT.709, limited range, chroma sited left as in H.264.

Formulas: ITU-R BT.709-6; levels as its section 4 (16..235 and 16..240). Planes stay ``float32``
until a frame is finished, and are dithered once, then: a slow zoom over a smooth sky would step in
visible bands between 8-bit levels.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .resample import Axis, Plane, axis, resample

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


@dataclass(frozen=True, slots=True)
class Planes:
    """A picture in levels 0..255: ``y`` of shape ``(height, width)``, ``u`` and ``v`` of half."""

    y: Plane
    u: Plane
    v: Plane


@dataclass(frozen=True, slots=True)
class Grid:
    """Where samples lie along one side of a source: ``count`` at ``start + step * n``, an even
    number; the kernel that finds them is ``cutoff`` source samples wide."""

    count: int
    start: float
    step: float
    source: int
    cutoff: float

    def luma(self) -> Axis:
        """The samples themselves."""
        return axis(self.count, self.start, self.step, self.source, cutoff=self.cutoff)

    def chroma(self, offset: float) -> Axis:
        """Every other sample, from ``offset`` samples after the first."""
        return axis(
            self.count // 2,
            self.start + self.step * offset,
            self.step * 2,
            self.source,
            cutoff=max(self.cutoff, self.step * 2),
        )


def to_planes(rgb: NDArray[Any], rows: Grid, columns: Grid) -> Planes:
    """Convert RGB of shape ``(height, width, 3)`` in levels 0..255, resampled.

    Chroma is filtered down with a kernel as sharp as its new size allows. Sample ``(i, j)`` of it
    lies at luma column ``2i`` and row ``2j + 1/2``.
    """
    if rows.step * columns.step > 1:
        # Less is left to convert after than before.
        luma = rows.luma(), columns.luma()
        rgb = np.asarray(cv2.merge([resample(rgb[..., channel], *luma) for channel in range(3)]))
        rows, columns = _as_is(rows.count), _as_is(columns.count)
    y, cb, cr = cv2.split(cv2.transform(rgb.astype(np.float32, copy=False), _MATRIX))
    chroma = rows.chroma(0.5), columns.chroma(0.0)
    return Planes(
        resample(y, rows.luma(), columns.luma()), resample(cb, *chroma), resample(cr, *chroma)
    )


def _as_is(count: int) -> Grid:
    return Grid(count, 0.0, 1.0, count, 1.0)


def quantise(plane: Plane, out: NDArray[np.uint8]) -> None:
    """Round a plane to 8 bits, dithered; a plane of whole levels stays as it is."""
    cv2.add(plane, _noise(*plane.shape), dst=out, dtype=cv2.CV_8U)


@functools.lru_cache(maxsize=8)
def _noise(height: int, width: int) -> Plane:
    """Half a level up or down, spread evenly over any few neighbours.

    Interleaved gradient noise, from J. Jimenez, "Next Generation Post Processing in Call of Duty:
    Advanced Warfare", SIGGRAPH 2014. It stands still, so that it costs the encoder nothing in
    frames that repeat.
    """
    y, x = np.mgrid[0:height, 0:width]
    noise = np.mod(52.9829189 * np.mod(0.06711056 * x + 0.00583715 * y, 1), 1)
    # Short of a half, as OpenCV rounds halves to even and whole levels must not move.
    return np.asarray((noise - 0.5) * 0.999, np.float32)
