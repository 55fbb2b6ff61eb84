"""Spans: runs of frames with one content each, without holes.

Tracks, nested timelines, transitions and retimes are all resolved to rows of spans. Pure: media are
known only by their paths.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from .frame_content import (
    Picture,
    TransitionContent,
    TransparentContent,
    advance,
    composite,
    retimed,
)


@dataclass(frozen=True, slots=True)
class Span:
    """Frames ``[start, end)`` of the reel and their content."""

    start: int
    end: int
    picture: Picture

    @property
    def frames(self) -> int:
        """Length."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class SpanCut:
    """A cut between two items: its transition, and the transition's frames on either side.

    ``before + after`` is 0 for a hard cut.
    """

    name: str = ""
    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True)
class TrackItem:
    """An item of a track.

    Attributes:
        start, end: its frames, half-open, without transitions.
        spans: its content, including the handles for the transitions at its ends.
    """

    start: int
    end: int
    spans: tuple[Span, ...]


def trim(spans: Sequence[Span], start: int, end: int, fps: Fraction) -> Iterator[Span]:
    """Yield the part of some spans within ``[start, end)``."""
    for span in spans:
        first, last = max(start, span.start), min(end, span.end)
        if first < last:
            yield Span(first, last, advance(span.picture, first - span.start, fps))


def lay_track(items: Sequence[TrackItem], cuts: Sequence[SpanCut], fps: Fraction) -> Iterator[Span]:
    """Yield the spans of a track in order.

    A transition at the start or end of a track blends with transparency. One at the end makes the
    track longer by its frames after the cut.

    Args:
        items: in order, without holes.
        cuts: before the first item, between each two, and after the last. Their transitions do
            not overlap.
        fps: of the reel.
    """
    for index, item in enumerate(items):
        into, out = cuts[index], cuts[index + 1]
        if index == 0:
            yield from _across(None, item, item.start, into, fps)
        yield from trim(item.spans, item.start + into.after, item.end - out.before, fps)
        after = items[index + 1] if index + 1 < len(items) else None
        yield from _across(item, after, item.end, out, fps)


def _across(
    old: TrackItem | None, new: TrackItem | None, place: int, cut: SpanCut, fps: Fraction
) -> Iterator[Span]:
    """Yield the spans of the transition between two items, if there is one; None is transparent."""
    start, end = place - cut.before, place + cut.after
    if start < end:
        outgoing, incoming = (
            [Span(start, end, TransparentContent())]
            if side is None
            else list(trim(side.spans, start, end, fps))
            for side in (old, new)
        )
        yield from _blend(outgoing, incoming, cut.name, fps)


def _blend(
    outgoing: Sequence[Span], incoming: Sequence[Span], name: str, fps: Fraction
) -> Iterator[Span]:
    """Yield the parts of a transition between two rows of spans over the same frames."""
    start, end = outgoing[0].start, outgoing[-1].end
    for one, other in _side_by_side(outgoing, incoming, fps):
        blend = TransitionContent(name, one.picture, other.picture, end - start, one.start - start)
        yield Span(one.start, one.end, blend)


def _side_by_side(
    one: Sequence[Span], other: Sequence[Span], fps: Fraction
) -> Iterator[tuple[Span, Span]]:
    """Yield two rows over the same frames in pairs, split wherever either is."""
    edges = sorted({edge for span in (*one, *other) for edge in (span.start, span.end)})
    a, b = iter(one), iter(other)
    left, right = next(a), next(b)
    for start, end in pairwise(edges):
        while left.end <= start:
            left = next(a)
        while right.end <= start:
            right = next(b)
        yield (
            Span(start, end, advance(left.picture, start - left.start, fps)),
            Span(start, end, advance(right.picture, start - right.start, fps)),
        )


def composite_spans(upper: Sequence[Span], lower: Sequence[Span], fps: Fraction) -> list[Span]:
    """Return a row of spans composited over another one of the same frames."""
    return merge_spans(
        (
            Span(top.start, top.end, composite(top.picture, bottom.picture))
            for top, bottom in _side_by_side(upper, lower, fps)
        ),
        fps,
    )


def merge_spans(spans: Iterator[Span], fps: Fraction) -> list[Span]:
    """Join adjacent spans whose content continues."""
    merged: list[Span] = []
    for span in spans:
        last = merged[-1] if merged else None
        if (
            last is not None
            and last.end == span.start
            and advance(last.picture, last.frames, fps) == span.picture
        ):
            merged[-1] = Span(last.start, span.end, last.picture)
        elif span.frames:
            merged.append(span)
    return merged


def retime(
    spans: Sequence[Span], pivot: Fraction, speed: Fraction, window: tuple[int, int], fps: Fraction
) -> list[Span]:
    """Return a row of spans at another speed.

    Frame ``f`` of the result is frame ``pivot + (f - pivot) * speed`` of the spans.

    Args:
        spans: in order, without holes, over `retimed_range`.
        pivot: the frame that stays in place; may be a fraction.
        speed: playback speed; 0 holds a frame, negative is reversed.
        window: frames of the result, half-open.
        fps: of both.
    """
    starts = [span.start for span in spans]
    made: list[Span] = []
    for frame in range(*window):
        place = pivot + (frame - pivot) * speed
        at = spans[max(0, bisect_right(starts, place) - 1)]
        picture = retimed(advance(at.picture, place - at.start, fps), speed)
        last = made[-1] if made else None
        if last is not None and advance(last.picture, last.frames, fps) == picture:
            made[-1] = Span(last.start, frame + 1, last.picture)
        else:
            made.append(Span(frame, frame + 1, picture))
    return made


def retimed_range(pivot: Fraction, speed: Fraction, window: tuple[int, int]) -> tuple[int, int]:
    """Return the frames that `retime` needs for a window."""
    places = [pivot + (frame - pivot) * speed for frame in (window[0], window[1] - 1)]
    return math.floor(min(places)), math.floor(max(places)) + 1
