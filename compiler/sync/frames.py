"""Exact conversion between seconds and whole frames.

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
    """Return the frame with the start nearest to a time; half-way rounds up."""
    return math.floor(seconds * fps + _HALF)


def frame_at_or_after(seconds: Fraction, fps: Fraction) -> int:
    """Return the first frame that starts no earlier than a time."""
    return math.ceil(seconds * fps)


def frame_at_or_before(seconds: Fraction, fps: Fraction) -> int:
    """Return the last frame that starts no later than a time."""
    return math.floor(seconds * fps)


def frame_time(frame: int, fps: Fraction) -> Fraction:
    """Return the start of a frame in seconds."""
    return frame / fps


def clamp(value: Fraction, least: Fraction, most: Fraction) -> Fraction:
    """Return the nearest value in ``[least, most]``."""
    return max(least, min(value, most))
