"""Resample sound to another speed, as a tape plays it: the pitch follows, also backwards."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...media.samples import Samples

_TAPS = 16
"""Samples on either side that an interpolated value depends on, at speed 1."""
_MAX_TAPS = 256


def resample(
    read: Callable[[int, int], Samples], start: Fraction, count: int, speed: Fraction
) -> Samples:
    """Return samples of a sound at another speed.

    A windowed sinc, whose width follows the speed, band-limits the sound against aliasing.

    Args:
        read: returns samples ``(start, count)`` of the sound; silence outside it.
        start: position of the first sample.
        count: number of samples.
        speed: samples of the sound per returned sample; not 0.
    """
    pace = float(speed)
    places = float(start) + np.arange(count) * pace
    stretch = max(1.0, abs(pace))
    taps = min(_MAX_TAPS, math.ceil(_TAPS * stretch))
    first = math.floor(places.min()) - taps + 1
    last = math.floor(places.max()) + taps
    source = read(first, last - first + 1)
    whole = np.floor(places).astype(np.int64)
    out = np.zeros((count, 2))
    weights = np.zeros(count)
    for tap in range(1 - taps, taps + 1):
        distance: NDArray[np.float64] = whole + tap - places
        weight = np.sinc(distance / stretch) * np.cos(distance * np.pi / (2 * taps)) ** 2
        out += source[whole + tap - first] * weight[:, None]
        weights += weight
    resampled: Samples = (out / weights[:, None]).astype(np.float32)
    return resampled
