"""The timecode of a reel's first frame, for players and editors that count in it."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio

from .reading import seconds


def timecode_of(timeline: otio.schema.Timeline, fps: Fraction) -> str:
    """``global_start_time`` as ``HH:MM:SS:FF``, with ``;`` before the frames where it drops some.

    Empty where the timeline states none, or at rates that timecode does not count.
    """
    start = timeline.global_start_time
    if start is None:
        return ""
    frame = round(seconds(start) * fps)
    day = 24 * 60 * 60 * round(fps)
    try:
        time = otio.opentime.RationalTime(frame % day, float(fps))
        return str(otio.opentime.to_timecode(time, float(fps)))
    except ValueError:
        return ""
