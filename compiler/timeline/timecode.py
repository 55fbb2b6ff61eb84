"""Timecode: of a reel's first frame, for players and editors that count in it, and of any."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio

from .rate import seconds


def timecode_of(timeline: otio.schema.Timeline, fps: Fraction) -> str:
    """`timecode_at` ``global_start_time``; empty where the timeline states none."""
    start = timeline.global_start_time
    return "" if start is None else timecode_at(round(seconds(start) * fps), fps)


def timecode_at(frame: int, fps: Fraction) -> str:
    """A frame as ``HH:MM:SS:FF``, with ``;`` before the frames where it drops some.

    A day begins anew after 24 hours. Empty at rates that timecode does not count.
    """
    day = 24 * 60 * 60 * round(fps)
    try:
        time = otio.opentime.RationalTime(frame % day, float(fps))
        return str(otio.opentime.to_timecode(time, float(fps)))
    except ValueError:
        return ""
