"""Time maps: points that map a clip's own time to its media's, as pieces of constant speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

TimePoint = tuple[Fraction, Fraction]
"""A time of the clip and the time of its media, both in frames of the reel."""


@dataclass(frozen=True, slots=True)
class ConstantSpeed:
    """A part of a clip that plays at one speed.

    Attributes:
        start: its first frame, counted from the clip's.
        frames: its length.
        media_start: the least time of the media that it shows; a reversed piece ends there.
        speed: playback speed; 0 is a frozen frame.
    """

    start: int
    frames: int
    media_start: Fraction
    speed: Fraction


def map_pieces(points: Sequence[TimePoint], begin: Fraction, frames: int) -> list[ConstantSpeed]:
    """Return the pieces of a clip whose time map is linear between its points.

    Before the first point and after the last, the map goes on at the speed beside it.

    Args:
        points: two or more, with increasing times of the clip.
        begin: the clip's own time at its first frame.
        frames: the clip's length.

    Raises:
        ValueError: the times do not increase.
    """
    if len(points) < 2 or any(after[0] <= before[0] for before, after in pairwise(points)):
        raise ValueError("a time map needs points with increasing times")
    inner = {round(at - begin) for at, _ in points[1:-1]}
    edges = sorted({0, frames, *(edge for edge in inner if 0 < edge < frames)})
    pieces: list[ConstantSpeed] = []
    for start, end in pairwise(edges):
        middle = begin + Fraction(start + end, 2)
        passed = sum(at <= middle for at, _ in points[1:-1])
        (t0, v0), (t1, v1) = points[passed], points[passed + 1]
        speed = (v1 - v0) / (t1 - t0)
        at_start, at_end = (v0 + (begin + edge - t0) * speed for edge in (start, end))
        last = pieces[-1] if pieces else None
        if last is not None and last.speed == speed:
            least = min(last.media_start, at_end)
            pieces[-1] = ConstantSpeed(last.start, last.frames + end - start, least, speed)
        else:
            pieces.append(ConstantSpeed(start, end - start, min(at_start, at_end), speed))
    return pieces
