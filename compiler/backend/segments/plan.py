"""Plan segments: cut the spans of a reel into copies of media and runs to encode.

Pure: `CutPoints` state at which frames a file can be cut.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from ..spans.frame_content import TransitionContent, VideoContent, advance, is_reversed
from ..spans.spans import Span

MAX_SEGMENT_S = 20
"""Longest segment to encode, in seconds: parts of a longer span are encoded in parallel."""
MAX_REVERSE_S = Fraction(1)
"""Longest segment that runs backwards, in seconds: its frames are buffered to reverse them."""
ALONE_S = Fraction(1)
"""Seconds from which on a span is a segment of its own."""
MAX_SPANS = 8
"""Spans in one segment: each opens files of its own."""
MIN_COPY_S = Fraction(1, 2)
"""Shortest copy, in seconds: a shorter one between encoded frames costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Copy:
    """``frames`` frames of a file from frame ``first`` on, an IDR frame, to copy bit by bit."""

    path: Path
    first: int
    frames: int


@dataclass(frozen=True, slots=True)
class Encode:
    """Spans to encode one after another into one file."""

    spans: tuple[Span, ...]

    @property
    def frames(self) -> int:
        """Number of frames."""
        return sum(span.frames for span in self.spans)

    @property
    def transitions(self) -> tuple[range, ...]:
        """Frames in transitions, counted from the first frame."""
        first = self.spans[0].start
        return tuple(
            range(span.start - first, span.end - first)
            for span in self.spans
            if isinstance(span.picture, TransitionContent)
        )

    @property
    def task(self) -> str:
        """The work in words, for error messages."""
        return f"encoding frames {self.spans[0].start} to {self.spans[-1].end}"


Segment: TypeAlias = Copy | Encode


@dataclass(frozen=True, slots=True)
class CutPoints:
    """Frames at which the packets of a file can be cut losslessly.

    Attributes:
        frames: number of frames in the file.
        starts: frames at which decoding can start: IDR frames of closed GOPs.
        stops: frames before which decoding can stop, since no earlier frame needs a later one.
    """

    frames: int
    starts: tuple[int, ...]
    stops: tuple[int, ...]

    def within(self, first: int, end: int) -> tuple[int, int] | None:
        """Return the longest copyable part of frames ``[first, end)``, or None."""
        start = min((place for place in self.starts if place >= first), default=end)
        stop = max((place for place in self.stops if place <= end), default=start)
        return (start, stop) if start < stop else None


def cut_points(order: Iterable[int], idr: Iterable[int]) -> CutPoints | None:
    """Return where a file can be cut, from its packets.

    Args:
        order: display number of each packet, in decoding order.
        idr: display numbers of the IDR frames.

    Returns:
        None if the display numbers are not 0, 1, 2, … without a gap.
    """
    numbers = list(order)
    if sorted(numbers) != list(range(len(numbers))):
        return None
    clean = {0}
    latest = -1
    for count, frame in enumerate(numbers, 1):
        latest = max(latest, frame)
        if latest == count - 1:
            clean.add(count)
    return CutPoints(len(numbers), tuple(sorted(clean & set(idr))), tuple(sorted(clean - {0})))


def plan_segments(
    spans: Iterable[Span], fps: Fraction, cut_points_of: Callable[[Path], CutPoints | None]
) -> list[Segment]:
    """Return the segments of a reel, in order, which hold every frame once.

    Boundaries depend only on nearby spans, so that an edit leaves distant segments the same but
    for their position.

    Args:
        spans: in order, without holes.
        fps: of the reel.
        cut_points_of: returns where a file can be cut; None if it cannot be copied.
    """
    shortest = int(MIN_COPY_S * fps)
    segments: list[Segment] = []
    waiting: list[Span] = []
    for span in spans:
        for part, copy in _parts(span, fps, cut_points_of, shortest):
            if copy is None:
                waiting.append(part)
            else:
                segments += _encodes(waiting, fps)
                waiting = []
                segments.append(copy)
    return [*segments, *_encodes(waiting, fps)]


def _parts(
    span: Span,
    fps: Fraction,
    cut_points_of: Callable[[Path], CutPoints | None],
    shortest: int,
) -> Iterator[tuple[Span, Copy | None]]:
    """Split a span into at most three parts: encoded, copied, encoded."""
    picture = span.picture
    found = None
    first = 0
    if isinstance(picture, VideoContent) and picture.speed == 1:
        place = picture.start * fps
        points = cut_points_of(picture.path) if place.denominator == 1 and place >= 0 else None
        if points is not None:
            first = int(place)
            found = points.within(first, first + span.frames)
    if found is None or found[1] - found[0] < min(shortest, span.frames):
        yield span, None
        return
    assert isinstance(picture, VideoContent)
    start, stop = (span.start + frame - first for frame in found)
    if span.start < start:
        yield Span(span.start, start, picture), None
    yield Span(start, stop, picture), Copy(picture.path, found[0], stop - start)
    if stop < span.end:
        yield Span(stop, span.end, advance(picture, stop - span.start, fps)), None


def split_spans(spans: Iterable[Span], frames: Sequence[int], fps: Fraction) -> list[Span]:
    """Split spans at frames of the reel, where both parts are long enough to be encoded alone.

    Args:
        spans: to split.
        frames: in order.
        fps: of the reel.
    """
    alone = int(ALONE_S * fps)
    found = []
    for span in spans:
        edges = [span.start]
        for place in frames[bisect_left(frames, span.start) : bisect_right(frames, span.end)]:
            if edges[-1] + alone <= place <= span.end - alone:
                edges.append(place)
        found += [
            Span(first, last, advance(span.picture, first - span.start, fps))
            for first, last in pairwise([*edges, span.end])
        ]
    return found


def _encodes(spans: Iterable[Span], fps: Fraction) -> Iterator[Encode]:
    """Group spans into segments: long ones alone, short ones together."""
    alone = int(ALONE_S * fps)
    group: list[Span] = []
    for span in spans:
        for part in _split_long(span, fps):
            if group and (span.frames >= alone or len(group) == MAX_SPANS):
                yield Encode(tuple(group))
                group = []
            group.append(part)
            if span.frames >= alone or sum(one.frames for one in group) >= alone:
                yield Encode(tuple(group))
                group = []
    if group:
        yield Encode(tuple(group))


def _split_long(span: Span, fps: Fraction) -> Iterator[Span]:
    """Split a span into equal parts, none too long; very short ones if they run backwards."""
    most = int((MAX_REVERSE_S if is_reversed(span.picture) else MAX_SEGMENT_S) * fps)
    parts = -(-span.frames // max(1, most))
    edges = [span.frames * part // parts for part in range(parts + 1)]
    for first, last in pairwise(edges):
        yield Span(span.start + first, span.start + last, advance(span.picture, first, fps))
