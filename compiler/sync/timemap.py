"""The time map from narration to reel, for picture, voice, captions and markers alike.

Beats insert silence and tightened pauses remove it, in whole frames. In between the narration plays
unchanged, in pieces with a whole number of frames as offset.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class MapPiece:
    """``frames`` frames from frame ``source`` of the narration, at frame ``reel`` of the reel."""

    source: int
    reel: int
    frames: int


@dataclass(frozen=True, slots=True)
class Insertion:
    """Silence of ``frames`` frames before frame ``at`` of the narration."""

    at: int
    frames: int


@dataclass(frozen=True, slots=True)
class TimeMap:
    """A monotone, piecewise linear map from narration to reel; its slope is 1, or 0 if removed."""

    pieces: tuple[MapPiece, ...]
    fps: Fraction
    frames: int
    """Length of the reel."""
    _sources: tuple[int, ...] = field(default=(), repr=False)
    _reels: tuple[int, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_sources", tuple(p.source for p in self.pieces))
        object.__setattr__(self, "_reels", tuple(p.reel for p in self.pieces))

    def start_of(self, seconds: Fraction) -> Fraction:
        """Map a start time: it lies after a silence inserted there."""
        return self._place(bisect_right(self._sources, self._floor(seconds)) - 1, seconds)

    def end_of(self, seconds: Fraction) -> Fraction:
        """Map an end time: it lies before a silence inserted there."""
        index = bisect_left(self._sources, -self._floor(-seconds)) - 1
        return self._place(index, seconds) if index >= 0 else Fraction(0)

    def to_narration(self, seconds: Fraction) -> Fraction | None:
        """Map a reel time back to the narration; None in inserted silence."""
        position = seconds * self.fps
        index = bisect_right(self._reels, position) - 1
        if index < 0 or position >= self._reels[index] + self.pieces[index].frames:
            return None
        piece = self.pieces[index]
        return (piece.source + position - piece.reel) / self.fps

    def _floor(self, seconds: Fraction) -> int:
        """Return the frame of a time, in integer arithmetic: fractions are slow to compare."""
        fps = self.fps
        return (seconds.numerator * fps.numerator) // (seconds.denominator * fps.denominator)

    def _place(self, index: int, seconds: Fraction) -> Fraction:
        """Map a narration time of piece ``index``."""
        if index < 0:
            return (self._reels[0] if self._reels else 0) / self.fps
        piece = self.pieces[index]
        if self._floor(seconds) >= piece.source + piece.frames:
            return (piece.reel + piece.frames) / self.fps
        shift = piece.reel - piece.source
        return seconds + shift / self.fps if shift else seconds


def build_time_map(
    frames: int, fps: Fraction, removed: Sequence[tuple[int, int]], inserted: Sequence[Insertion]
) -> TimeMap:
    """Build the time map of a narration.

    Args:
        frames: length of the narration.
        fps: frames a second.
        removed: half-open frame ranges, in order and without overlaps.
        inserted: silences in order, none inside a removed range.

    >>> build_time_map(10, Fraction(1), [(4, 6)], [Insertion(8, 3)]).pieces[1:]
    (MapPiece(source=6, reel=4, frames=2), MapPiece(source=8, reel=9, frames=2))
    """
    pieces: list[MapPiece] = []
    position = reel = 0

    def play_until(stop: int) -> None:
        nonlocal position, reel
        if stop > position:
            pieces.append(MapPiece(position, reel, stop - position))
            reel += stop - position
            position = stop

    cut_out = deque(removed)

    def skip_up_to(stop: int) -> None:
        nonlocal position
        while cut_out and cut_out[0][0] <= stop:
            start, end = cut_out.popleft()
            play_until(start)
            position = end

    for silence in inserted:
        skip_up_to(silence.at)
        play_until(silence.at)
        reel += silence.frames
    skip_up_to(frames)
    play_until(frames)
    return TimeMap(tuple(pieces), fps, reel)
