"""Exact rates and times in place of OpenTimelineIO's floating-point `RationalTime`."""

from __future__ import annotations

from fractions import Fraction

from opentimelineio.opentime import RationalTime, TimeRange

_NTSC = {
    Fraction(nominal * 1000, 1001)
    for nominal in (12, 15, 24, 25, 30, 48, 50, 60, 72, 90, 96, 100, 120, 144, 240)
}
"""Rates that files state rounded: 23.976, 23.98, 29.97, 47.95, 59.94, 119.88, ..."""
_ROUNDING = Fraction(5, 1000)
"""Largest error of a rate with two decimals."""
_WHOLE = Fraction(1, 10**6)
"""Error of a whole rate in floating-point arithmetic."""
_FRAME_TOLERANCE = 1e-4
"""Frames by which floating-point arithmetic may miss a whole frame."""


def exact_rate(rate: float | Fraction) -> Fraction:
    """Return the rate that a rounded one stands for, in units a second.

    >>> exact_rate(24.0), exact_rate(23.98), exact_rate(29.97), exact_rate(12.5)
    (Fraction(24, 1), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25, 2))
    """
    stated = Fraction(rate)
    whole = Fraction(round(stated))
    if abs(stated - whole) < _WHOLE:
        return whole
    nearest = min(_NTSC, key=lambda known: abs(known - stated))
    return nearest if abs(nearest - stated) < _ROUNDING else stated.limit_denominator(1001)


def seconds(time: RationalTime) -> Fraction:
    """Return a time in exact seconds; values next to a whole frame are rounded to it."""
    whole = round(time.value)
    is_whole = abs(time.value - whole) < _FRAME_TOLERANCE
    value = Fraction(whole) if is_whole else Fraction(time.value).limit_denominator(10**6)
    return value / exact_rate(time.rate)


def whole_frames(time: RationalTime, fps: Fraction) -> int:
    """Return a time in frames at a rate, rounded to the nearest."""
    return round(seconds(time) * fps)


def time(frame: int, fps: Fraction) -> RationalTime:
    """Return a whole frame as OpenTimelineIO's time."""
    return RationalTime(frame, float(fps))


def time_range(start: int, frames: int, fps: Fraction) -> TimeRange:
    """Return ``frames`` whole frames from ``start`` as OpenTimelineIO's range."""
    return TimeRange(time(start, fps), time(frames, fps))
