"""Cuts between scenes: the instant in a pause, and its whole frame."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .frames import clamp, frame_at_or_after, frame_at_or_before, frame_time, nearest_frame
from .types import Interval

LEAD = Fraction(12, 100)
"""Seconds from a cut to the first word after it, if the pause is long enough."""

_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Cut:
    """The ideal time of a cut in seconds, and its frame; at most half a frame apart."""

    time: Fraction
    frame: int

    def time_of_frame(self, fps: Fraction) -> Fraction:
        """Return the start of the frame in seconds."""
        return frame_time(self.frame, fps)

    def error(self, fps: Fraction) -> Fraction:
        """Return the seconds from the frame's start to the ideal time."""
        return self.time - self.time_of_frame(fps)


def cut_in_pause(pause: Interval, fps: Fraction) -> Cut:
    """Return the cut in a pause: inside it, and as near as possible to `LEAD` before its end.

    If a frame starts in the pause, the cut is on such a frame; else on the nearest frame, which may
    touch a word.

    Args:
        pause: from the end of the last word of one scene to the start of the first of the next;
            swapped ends (the words overlap) stand for the instant half-way.
        fps: frames a second.

    >>> cut_in_pause(Interval(Fraction(1), Fraction(2)), Fraction(24))
    Cut(time=Fraction(47, 25), frame=45)
    """
    if pause.duration < 0:
        middle = (pause.start + pause.end) / 2
        pause = Interval(middle, middle)
    target = clamp(pause.end - LEAD, pause.start, pause.end)
    frame = nearest_frame(target, fps)
    first, last = frame_at_or_after(pause.start, fps), frame_at_or_before(pause.end, fps)
    if first <= last:
        frame = max(first, min(frame, last))
    return Cut(clamp(target, (frame - _HALF) / fps, (frame + _HALF) / fps), frame)
