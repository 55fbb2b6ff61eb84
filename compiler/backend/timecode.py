"""The timecode of a reel's first frame, for players and editors that count in it."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio

from .reading import seconds

_COUNTED = {Fraction(rate) for rate in (24, 25, 30, 48, 50, 60)} | {
    Fraction(rate, 1001) for rate in (24000, 30000, 48000, 60000)
}
_DROPPED = {Fraction(30000, 1001): 2, Fraction(60000, 1001): 4}
"""Numbers that drop-frame timecode leaves out each minute but every tenth (SMPTE ST 12-1)."""
_DAY_S = 24 * 60 * 60


def timecode_of(timeline: otio.schema.Timeline, fps: Fraction) -> str:
    """``global_start_time`` as ``HH:MM:SS:FF``, with ``;`` before the frames where it drops some.

    Empty where the timeline states none, or at rates that timecode does not count.
    """
    start = timeline.global_start_time
    if start is None or fps not in _COUNTED:
        return ""
    frame = round(seconds(start) * fps)
    nominal = round(fps)
    dropped = _DROPPED.get(fps, 0)
    if dropped:
        per_minute = nominal * 60 - dropped
        per_ten = per_minute * 10 + dropped
        frame %= per_ten * 6 * 24
        tens, rest = divmod(frame, per_ten)
        frame += dropped * 9 * tens
        if rest >= nominal * 60:
            frame += dropped * ((rest - nominal * 60) // per_minute + 1)
    frame %= nominal * _DAY_S
    total, frames = divmod(frame, nominal)
    mark = ";" if dropped else ":"
    clock = f"{total // 3600:02}:{total // 60 % 60:02}:{total % 60:02}"
    return f"{clock}{mark}{frames:02}"
