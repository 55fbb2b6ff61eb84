"""Sound at another speed, as a tape plays it: pitch goes with it, and it may run backwards."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...media.samples import Samples

_TAPS = 16
"""Samples on either side that a value between two samples is worked out from."""
_MOST_TAPS = 256


def at_speed(
    read: Callable[[int, int], Samples], start: Fraction, count: int, speed: Fraction
) -> Samples:
    """Samples of a sound, ``speed`` of its own apart.

    Band-limited (a windowed sinc whose width follows the speed), so that nothing is mirrored down
    from above what the samples can hold.

    Args:
        read: gives samples ``(start, count)`` of the sound; silence outside it.
        start: the place of the first one.
        count: how many.
        speed: not 0.
    """
    pace = float(speed)
    places = float(start) + np.arange(count) * pace
    stretch = max(1.0, abs(pace))
    taps = min(_MOST_TAPS, math.ceil(_TAPS * stretch))
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
    made: Samples = (out / weights[:, None]).astype(np.float32)
    return made
