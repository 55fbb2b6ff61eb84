"""Timecode of frames."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio

from .rate import seconds


def timecode_of(timeline: otio.schema.Timeline, fps: Fraction) -> str:
    """Return the timecode of ``global_start_time``; empty if there is none."""
    start = timeline.global_start_time
    return "" if start is None else timecode_at(round(seconds(start) * fps), fps)


def timecode_at(frame: int, fps: Fraction) -> str:
    """Return the timecode of a frame, ``HH:MM:SS:FF``, or ``HH:MM:SS;FF`` for drop-frame.

    Wraps after 24 hours. Empty for rates without timecode.
    """
    day = 24 * 60 * 60 * round(fps)
    try:
        time = otio.opentime.RationalTime(frame % day, float(fps))
        return str(otio.opentime.to_timecode(time, float(fps)))
    except ValueError:
        return ""
