"""Separable resampling of float planes at exact positions: rows first, then columns.

Along one axis, output sample ``n`` lies at source position ``start + step * n``, not rounded to a
table of phases: a camera that creeps by a hundredth of a pixel per frame creeps evenly. The kernel
is ``max(1, step)`` wide, an anti-aliasing filter: zooming out loses detail gradually, without
switches between prepared sizes.

The inner loops are compiled if there was a C compiler at installation (``_kernel.c``); else they
are products of small matrices (``kernel_numpy.py``).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import kernel_numpy
from .dither import noise

compiled: ModuleType | None
"""The inner loops in C; None if they were not compiled."""
try:
    from . import _kernel
except ImportError:
    compiled = None
else:
    compiled = _kernel

Floats: TypeAlias = NDArray[Any]
"""An array of ``float32`` of any shape; OpenCV's annotations have no dtype."""
Plane: TypeAlias = NDArray[np.float32]
"""One channel of an image, shape ``(height, width)``."""

LOBES = 3
"""Of the Lanczos kernel: its radius in samples."""
PHASES = 256
"""Positions between two samples in the table of weights. Linear interpolation between them changes
no weight by more than 1e-5, and keeps the sum and centroid of weights."""
WIDEST_LANES = 64
"""More than any processor has: use all."""
_BAND = 128
"""Rows converted to floats at a time."""
_EXACT = 1e-7
"""Rounding error of a whole position, in samples."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Weights of one axis: output ``n`` is the sum of ``weights[n, k] * input[first[n] + k]``.

    Attributes:
        first: first input of each output; ``int32``, ascending.
        weights: ``float32`` of shape ``(outputs, taps)``; each row sums to 1.
    """

    first: NDArray[np.int32]
    weights: Plane

    @property
    def length(self) -> int:
        """Number of output samples."""
        return len(self.first)

    @property
    def window(self) -> tuple[int, int]:
        """The half-open range of inputs that are used."""
        return int(self.first[0]), int(self.first[-1]) + self.weights.shape[1]

    def part(self, begin: int, end: int) -> tuple[slice, Axis]:
        """Return the inputs of a range of outputs, and the axis over those alone."""
        first = self.first[begin:end]
        axis = Axis(first - first[0], self.weights[begin:end])
        return slice(int(first[0]), int(first[0]) + axis.window[1]), axis


@functools.lru_cache(maxsize=16)
def axis(length: int, start: float, step: float, source: int, cutoff: float | None = None) -> Axis:
    """Return Lanczos weights for ``length`` samples at ``start + step * n`` of ``source`` samples.

    Positions count from the centre of the first sample; beyond either end, its value is repeated.

    Args:
        length: output samples.
        start, step: their positions; ``step`` is not negative.
        source: input samples.
        cutoff: width of the kernel in input samples, by default ``max(1, step)``; wider is softer.
    """
    whole = round(start)
    is_whole = abs(step - 1) < _EXACT and abs(start - whole) < _EXACT
    if is_whole and (cutoff or 1) <= 1 and 0 <= whole <= source - length:
        places = np.arange(whole, whole + length, dtype=np.int32)
        return Axis(places, np.ones((length, 1), np.float32))
    width = max(1.0, step if cutoff is None else cutoff)
    table, slopes = _table(width)
    lowest = start + step * np.arange(length) - LOBES * width
    first = np.floor(lowest).astype(np.int64) + 1
    phases = (first - lowest) * PHASES
    index = np.minimum(phases.astype(np.int64), PHASES - 1)
    weights = table[index]
    weights += slopes[index] * (phases - index).astype(np.float32)[:, None]
    taps = weights.shape[1]
    if first[0] < 0 or first[-1] + taps > source:
        return _inside(first, weights, source)
    return Axis(first.astype(np.int32), weights)


@functools.lru_cache(maxsize=16)
def interpolation(length: int, start: float, step: float, source: int, taps: int) -> Axis:
    """Return weights that interpolate ``length`` samples at ``start + step * n`` of a smooth map.

    Args:
        length: output samples.
        start, step: their positions; ``step`` is not negative.
        source: input samples.
        taps: 2 for linear interpolation, 4 for cubic.
    """
    places = start + step * np.arange(length)
    first = np.floor(places).astype(np.int64)
    t = places - first
    weights = np.stack([1 - t, t] if taps == 2 else _cubic(t), axis=1).astype(np.float32)
    return _inside(first - (taps // 2 - 1), weights, source)


def _cubic(t: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Cubic convolution (Keys, 1981) with OpenCV's slope of -0.75."""
    slope = -0.75

    def near(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return ((slope + 2) * x - (slope + 3)) * x * x + 1

    def far(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return ((slope * x - 5 * slope) * x + 8 * slope) * x - 4 * slope

    return [far(1 + t), near(t), near(1 - t), far(2 - t)]


def resample(
    plane: NDArray[Any], rows: Axis, columns: Axis, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Resample a plane.

    Args:
        plane: shape ``(height, width)``, of any numeric type; computed in ``float32``.
        rows, columns: the axes.
        out: the result, shape ``(rows.length, columns.length)``: ``float32`` (by default a new
            array), or ``uint8``, quantised with dither.
    """
    if out is None:
        out = np.empty((rows.length, columns.length), np.float32)
    if plane.dtype == np.float32 and plane.strides[1] == plane.itemsize:
        _separable(plane, rows, columns, out)
        return out
    taken, across = columns.part(0, columns.length)
    for top in range(0, rows.length, _BAND):
        bottom = min(top + _BAND, rows.length)
        inputs, down = rows.part(top, bottom)
        band = np.ascontiguousarray(plane[inputs, taken], np.float32)
        _separable(band, down, across, out[top:bottom])
    return out


def _separable(plane: Plane, rows: Axis, columns: Axis, out: NDArray[Any]) -> None:
    if compiled is None:
        kernel_numpy.separable(plane, rows.first, rows.weights, columns.first, columns.weights, out)
        return
    dither = noise(out.shape[1]) if out.dtype == np.uint8 else None
    compiled.separable(
        plane, rows.first, rows.weights, columns.first, columns.weights, out, dither, WIDEST_LANES
    )


def _inside(first: NDArray[np.int64], weights: Plane, source: int) -> Axis:
    """Return an axis that repeats the end's value beyond either end."""
    taps = weights.shape[1]
    kept = min(taps, source)
    outside = np.flatnonzero((first < 0) | (first + taps > source))
    inside = np.clip(first, 0, source - kept)
    inputs = np.clip(first[outside, None] + np.arange(taps), 0, source - 1)
    folded = weights[:, :kept].copy()
    folded[outside] = 0
    # Inputs clipped to an end are within the kept taps, which end there as well.
    places = inputs - inside[outside, None]
    np.add.at(folded, (outside[:, None], places), weights[outside])
    return Axis(inside.astype(np.int32), folded)


@functools.lru_cache(maxsize=4)
def _table(width: float) -> tuple[Plane, Plane]:
    """Return weights by phase and their difference to the next, both ``(PHASES, taps)``.

    A phase is the distance from the start of the kernel to the first sample in it.

    The centroid of a sampled Lanczos kernel with sum 1 moves by 0.018 samples with the phase, a
    wobble in every slow move. So a wide bump ``(c + d x) (1 - (x / reach)^2)`` is added to each
    row, with ``c`` and ``d`` for a sum of 1 and a centroid of 0.
    """
    reach = LOBES * width
    phases = np.arange(PHASES + 1) / PHASES
    x = (phases[:, None] + np.arange(math.ceil(2 * reach)) - reach) / width
    values = _lanczos(x)
    values /= values.sum(axis=1, keepdims=True)
    bump = np.maximum(0, 1 - np.square(x / LOBES))
    leaning = bump * x
    lacks, leans = 1 - values.sum(axis=1), -(values * x).sum(axis=1)
    zeroth, first, second = bump.sum(axis=1), leaning.sum(axis=1), (leaning * x).sum(axis=1)
    determinant = zeroth * second - first * first
    c = (lacks * second - leans * first) / determinant
    d = (leans * zeroth - lacks * first) / determinant
    table = (values + c[:, None] * bump + d[:, None] * leaning).astype(np.float32)
    return table[:-1], np.diff(table, axis=0)


def _lanczos(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sinc(x) sinc(x / 3) within three lobes."""
    return np.where(np.abs(x) < LOBES, np.sinc(x) * np.sinc(x / LOBES), 0)
