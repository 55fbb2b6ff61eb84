"""The reel's picture as spans: what is seen, from which frame to which.

A span is a run of frames that show one thing: a picture as it is, or a transition between two.
Tracks, nested timelines and transitions all come down to a row of spans without holes. Everything
here is pure; media are known only by their paths.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from .content import Picture, TransitionContent, TransparentContent, advance, composite, retimed


@dataclass(frozen=True, slots=True)
class Span:
    """Frames ``[start, end)`` of the reel, and what they show."""

    start: int
    end: int
    picture: Picture

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class SpanCut:
    """Where two items meet: the transition's name and its frames on either side.

    ``before + after`` is 0 for a plain cut.
    """

    name: str = ""
    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """A child of a track.

    Attributes:
        start, end: its frames, half-open, without the reach of transitions.
        spans: what it shows; they cover also the frames that the transitions at its ends reach.
    """

    start: int
    end: int
    spans: tuple[Span, ...]


def trim(spans: Sequence[Span], start: int, end: int, fps: Fraction) -> Iterator[Span]:
    """The part of some spans that lies in ``[start, end)``."""
    for span in spans:
        first, last = max(start, span.start), min(end, span.end)
        if first < last:
            yield Span(first, last, advance(span.picture, first - span.start, fps))


def lay_track(items: Sequence[Item], cuts: Sequence[SpanCut], fps: Fraction) -> Iterator[Span]:
    """The spans of a track, in order.

    A transition shows both its neighbours beyond the cut. At the start or the end of a track its
    other side is clear; one at the end makes the track longer by its frames after the cut.

    Args:
        items: in order, without holes.
        cuts: one more than there are items: before the first, between each two, after the last.
            No two of them reach into each other.
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
    old: Item | None, new: Item | None, place: int, cut: SpanCut, fps: Fraction
) -> Iterator[Span]:
    """The spans of the transition where two items meet, if there is one; None is clear."""
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
    """Two rows of spans over the same frames as the parts of one transition."""
    start, end = outgoing[0].start, outgoing[-1].end
    for one, other in _side_by_side(outgoing, incoming, fps):
        blend = TransitionContent(name, one.picture, other.picture, end - start, one.start - start)
        yield Span(one.start, one.end, blend)


def _side_by_side(
    one: Sequence[Span], other: Sequence[Span], fps: Fraction
) -> Iterator[tuple[Span, Span]]:
    """Two rows over the same frames, cut wherever either is."""
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
    """One row of spans over another of the same frames, which shows where the upper is clear."""
    return merge_spans(
        (
            Span(top.start, top.end, composite(top.picture, bottom.picture))
            for top, bottom in _side_by_side(upper, lower, fps)
        ),
        fps,
    )


def merge_spans(spans: Iterator[Span], fps: Fraction) -> list[Span]:
    """Spans that continue each other as one, so that no seam is left where nothing changes."""
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
    """A row of spans at another speed.

    Frame ``f`` of it shows what was at ``pivot + (f - pivot) * speed``.

    Args:
        spans: in order, without holes; they reach over all that is shown, see `retimed_range`.
        pivot: the place, in frames, that stays where it is.
        speed: frames of ``spans`` that pass in one frame of the result; 0 holds one, negative ones
            run backwards.
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
    """The frames that `retime` looks at to fill a window."""
    places = [pivot + (frame - pivot) * speed for frame in (window[0], window[1] - 1)]
    return math.floor(min(places)), math.floor(max(places)) + 1
