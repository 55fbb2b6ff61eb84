"""Cutting spans into pieces of work: what is copied from its media, and what is encoded.

Pure: where a file can be copied from and to is told by `CopyPlaces`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from ..spans.content import VideoContent, later, runs_backwards
from ..spans.spans import Span

LONGEST_S = 20
"""Seconds of one piece to encode at the most: long ones are made side by side."""
BACKWARDS_S = Fraction(1)
"""Seconds of a span that runs backwards: its frames are kept in memory to turn them around."""
ALONE_S = Fraction(1)
"""Seconds from which on a span is a piece by itself."""
MOST_SPANS = 8
"""Spans in one piece at the most: each opens files of its own."""
SHORTEST_COPY_S = Fraction(1, 2)
"""A shorter copy amid frames that are encoded anyway costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Copy:
    """``frames`` frames of a file from its frame ``first`` on, an IDR frame; taken as they are."""

    path: Path
    first: int
    frames: int


@dataclass(frozen=True, slots=True)
class Encode:
    """Spans to be encoded one after another, into one file."""

    spans: tuple[Span, ...]

    @property
    def frames(self) -> int:
        """How many frames they have."""
        return sum(span.frames for span in self.spans)


Piece: TypeAlias = Copy | Encode


@dataclass(frozen=True, slots=True)
class CopyPlaces:
    """Where packets of a file can be cut without touching a frame.

    Attributes:
        frames: how many the file holds.
        starts: frames that decoding can start at: IDR frames that nothing before needs.
        stops: frames that no earlier frame needs, and that decoding can stop before.
    """

    frames: int
    starts: tuple[int, ...]
    stops: tuple[int, ...]

    def within(self, first: int, end: int) -> tuple[int, int] | None:
        """The longest part of frames ``[first, end)`` that can be copied, or None."""
        start = min((place for place in self.starts if place >= first), default=end)
        stop = max((place for place in self.stops if place <= end), default=start)
        return (start, stop) if start < stop else None


def copy_places(shown: Iterable[int], idr: Iterable[int]) -> CopyPlaces | None:
    """The places of a file, from its packets.

    Args:
        shown: the frame that each packet is shown as, in decoding order.
        idr: the frames that are IDR frames.

    Returns:
        None where the frames are not numbered from 0 on without a gap.
    """
    order = list(shown)
    if sorted(order) != list(range(len(order))):
        return None
    clean = {0}
    latest = -1
    for count, frame in enumerate(order, 1):
        latest = max(latest, frame)
        if latest == count - 1:
            clean.add(count)
    return CopyPlaces(len(order), tuple(sorted(clean & set(idr))), tuple(sorted(clean - {0})))


def cut_pieces(
    spans: Iterable[Span], fps: Fraction, places_of: Callable[[Path], CopyPlaces | None]
) -> list[Piece]:
    """The pieces of a reel, in order; together they are every frame of it.

    Where a piece ends is told by what is near it alone, so that a change leaves those that are
    far from it as they are, but for their place.

    Args:
        spans: in order, without holes.
        fps: of the reel.
        places_of: where a file can be cut; None where it cannot be copied at all.
    """
    shortest = int(SHORTEST_COPY_S * fps)
    pieces: list[Piece] = []
    waiting: list[Span] = []
    for span in spans:
        for part, copy in _parts(span, fps, places_of, shortest):
            if copy is None:
                waiting.append(part)
            else:
                pieces += _encodes(waiting, fps)
                waiting = []
                pieces.append(copy)
    return [*pieces, *_encodes(waiting, fps)]


def _parts(
    span: Span,
    fps: Fraction,
    places_of: Callable[[Path], CopyPlaces | None],
    shortest: int,
) -> Iterator[tuple[Span, Copy | None]]:
    """A span as at most three parts: encoded, copied, encoded."""
    picture = span.picture
    found = None
    first = 0
    if isinstance(picture, VideoContent) and picture.speed == 1:
        place = picture.start * fps
        places = places_of(picture.path) if place.denominator == 1 and place >= 0 else None
        if places is not None:
            first = int(place)
            found = places.within(first, first + span.frames)
    if found is None or found[1] - found[0] < min(shortest, span.frames):
        yield span, None
        return
    assert isinstance(picture, VideoContent)
    start, stop = (span.start + frame - first for frame in found)
    if span.start < start:
        yield Span(span.start, start, picture), None
    yield Span(start, stop, picture), Copy(picture.path, found[0], stop - start)
    if stop < span.end:
        yield Span(stop, span.end, later(picture, stop - span.start, fps)), None


def _encodes(spans: Iterable[Span], fps: Fraction) -> Iterator[Encode]:
    """Spans to be encoded as pieces of work: long ones by themselves, short ones together."""
    alone = int(ALONE_S * fps)
    taken: list[Span] = []
    for span in spans:
        for part in _of_bearable_length(span, fps):
            if taken and (span.frames >= alone or len(taken) == MOST_SPANS):
                yield Encode(tuple(taken))
                taken = []
            taken.append(part)
            if span.frames >= alone or sum(one.frames for one in taken) >= alone:
                yield Encode(tuple(taken))
                taken = []
    if taken:
        yield Encode(tuple(taken))


def _of_bearable_length(span: Span, fps: Fraction) -> Iterator[Span]:
    """A span in equal parts, none too long; where frames have to be turned around, very short."""
    most = int((BACKWARDS_S if runs_backwards(span.picture) else LONGEST_S) * fps)
    parts = -(-span.frames // max(1, most))
    edges = [span.frames * part // parts for part in range(parts + 1)]
    for first, last in pairwise(edges):
        yield Span(span.start + first, span.start + last, later(span.picture, first, fps))
