"""Seconds to whole frames and back, exactly.

>>> from fractions import Fraction
>>> nearest_frame(Fraction(1, 2), Fraction(24000, 1001))
12
>>> frame_time(12, Fraction(24000, 1001))
Fraction(1001, 2000)
"""

from __future__ import annotations

import math
from fractions import Fraction

_HALF = Fraction(1, 2)


def nearest_frame(seconds: Fraction, fps: Fraction) -> int:
    """The frame whose start lies nearest to an instant; half-way goes up."""
    return math.floor(seconds * fps + _HALF)


def frame_at_or_after(seconds: Fraction, fps: Fraction) -> int:
    """The first frame that starts no earlier than an instant."""
    return math.ceil(seconds * fps)


def frame_at_or_before(seconds: Fraction, fps: Fraction) -> int:
    """The last frame that starts no later than an instant."""
    return math.floor(seconds * fps)


def frame_time(frame: int, fps: Fraction) -> Fraction:
    """The instant in seconds at which a frame starts."""
    return frame / fps


def clamp(value: Fraction, least: Fraction, most: Fraction) -> Fraction:
    """The value nearest to ``value`` within ``[least, most]``."""
    return max(least, min(value, most))
