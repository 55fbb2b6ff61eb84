"""The one function that takes a time of the narration to a time of the reel.

Beats insert silence, a tightened pause takes some away; both in whole frames. What is left is a
list of pieces that play at their own speed, each a whole number of frames after its place in the
narration. Picture, voice, captions and markers all go through this map.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class MapPiece:
    """``frames`` frames of narration from ``source`` on, heard in the reel from ``reel`` on."""

    source: int
    reel: int
    frames: int


@dataclass(frozen=True, slots=True)
class Insertion:
    """Frames of silence put in before frame ``at`` of the narration."""

    at: int
    frames: int


@dataclass(frozen=True, slots=True)
class TimeMap:
    """A monotone, piecewise linear map from narration to reel; slopes are 1, or 0 where cut out."""

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
        """Reel seconds of something that starts then: after a silence inserted at that instant."""
        return self._place(bisect_right(self._sources, self._floor(seconds)) - 1, seconds)

    def end_of(self, seconds: Fraction) -> Fraction:
        """Reel seconds of something that ends then: before a silence inserted at that instant."""
        index = bisect_left(self._sources, -self._floor(-seconds)) - 1
        return self._place(index, seconds) if index >= 0 else Fraction(0)

    def to_narration(self, seconds: Fraction) -> Fraction | None:
        """Narration seconds of a time of the reel, or None where silence was inserted."""
        position = seconds * self.fps
        index = bisect_right(self._reels, position) - 1
        if index < 0 or position >= self._reels[index] + self.pieces[index].frames:
            return None
        piece = self.pieces[index]
        return (piece.source + position - piece.reel) / self.fps

    def _floor(self, seconds: Fraction) -> int:
        """The frame that a time lies in, by whole numbers: fractions are slow to compare."""
        fps = self.fps
        return (seconds.numerator * fps.numerator) // (seconds.denominator * fps.denominator)

    def _place(self, index: int, seconds: Fraction) -> Fraction:
        """Reel seconds of a narration time that belongs to piece ``index``."""
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
    """The map of a narration of ``frames`` frames.

    Args:
        frames: length of the narration.
        fps: frames a second.
        removed: half-open stretches that are cut out, in order and apart.
        inserted: silences, in order of their places, none of them inside a removed stretch.

    >>> build_time_map(10, Fraction(1), [(4, 6)], [Insertion(8, 3)]).pieces[1:]
    (Piece(source=6, reel=4, frames=2), Piece(source=8, reel=9, frames=2))
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
