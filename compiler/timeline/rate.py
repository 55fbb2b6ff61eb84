"""Exact rates and whole frames beside OTIO's floating-point `RationalTime`."""

from __future__ import annotations

from fractions import Fraction

from opentimelineio.opentime import RationalTime, TimeRange


def time(frame: int, fps: Fraction) -> RationalTime:
    """A whole frame as OTIO holds it."""
    return RationalTime(frame, float(fps))


def time_range(start: int, frames: int, fps: Fraction) -> TimeRange:
    """``frames`` whole frames from ``start`` on."""
    return TimeRange(time(start, fps), time(frames, fps))


def exact_rate(rate: float) -> Fraction:
    """The exact rate that a float stands for: 23.976023976 is 24000/1001.

    Editors also write 23.976 and 29.97; whatever is nearer to a multiple of 1000/1001 than 1e-3 is
    taken for it.
    """
    whole = round(rate)
    if abs(rate - whole) < 1e-9:
        return Fraction(whole)
    ntsc = Fraction(round(rate * 1001 / 1000) * 1000, 1001)
    if abs(rate - ntsc) < 1e-3:
        return ntsc
    return Fraction(rate).limit_denominator(1001)


def whole_frames(value: RationalTime, fps: Fraction) -> int:
    """A time in whole frames of a rate, the nearest where it lies between two."""
    return round(Fraction(value.value) * fps / exact_rate(value.rate))
