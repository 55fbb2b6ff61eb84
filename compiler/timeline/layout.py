"""A track as whole frames: where each item lies, what it shows of its media, how it comes and goes.

Before: OTIO's items one after the other, transitions between them, times in any rate. After: one
`Placed` for each item that takes time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import opentimelineio as otio

from .properties import kind_of, speed_of
from .rate import whole_frames


@dataclass(frozen=True, slots=True)
class TrackTransition:
    """A transition: its name among ours, its frames before and after the cut, and itself."""

    kind: str
    before: int
    after: int
    item: otio.schema.Transition

    @property
    def frames(self) -> int:
        """Its length."""
        return self.before + self.after


@dataclass(frozen=True, slots=True)
class Placed:
    """An item of a track, in frames of the reel.

    Attributes:
        item: a clip, a gap, or a nested composition.
        start, frames: where it lies, without the reach of transitions.
        media_start: the frame of its media (counted from their first) that is seen at ``start``,
            in frames of the reel; 0 of a gap.
        speed: how many times faster than its media it plays.
        into, out: the transitions at its ends.
    """

    item: otio.core.Item
    start: int
    frames: int
    media_start: int
    speed: Fraction
    into: TrackTransition | None
    out: TrackTransition | None

    @property
    def end(self) -> int:
        """The frame after its last."""
        return self.start + self.frames

    @property
    def is_clip(self) -> bool:
        """Whether it is a clip that is not switched off."""
        return isinstance(self.item, otio.schema.Clip) and bool(self.item.enabled)


def lay_out(track: otio.schema.Track, fps: Fraction) -> list[Placed]:
    """Place the items of a track. Ends are rounded from exact sums, so nothing accumulates."""
    return list(_lay_out(track, fps))


def _lay_out(track: otio.schema.Track, fps: Fraction) -> Iterator[Placed]:
    items = list(track)
    begins = Fraction(0)
    for index, item in enumerate(items):
        if isinstance(item, otio.schema.Transition):
            continue
        span = item.trimmed_range()
        ends = begins + _seconds(span.duration, fps)
        start, end = round(begins * fps), round(ends * fps)
        begins = ends
        # A transition at an end of the track has nothing to blend with.
        before = items[index - 1] if index > 1 else None
        after = items[index + 1] if index + 2 < len(items) else None
        yield Placed(
            item=item,
            start=start,
            frames=end - start,
            media_start=_media_start(item, span, fps),
            speed=speed_of(item),
            into=_blend(before, fps),
            out=_blend(after, fps),
        )


def _seconds(time: otio.opentime.RationalTime, fps: Fraction) -> Fraction:
    """A duration; what is within a hundredth of a frame of a whole one is that."""
    frames = Fraction(whole_frames(time, fps))
    exact = Fraction(time.value).limit_denominator(10**6) / Fraction(time.rate).limit_denominator(
        10**6
    )
    return frames / fps if abs(exact * fps - frames) < Fraction(1, 100) else exact


def _media_start(item: otio.core.Item, span: otio.opentime.TimeRange, fps: Fraction) -> int:
    if not isinstance(item, otio.schema.Clip):
        return 0
    available = item.media_reference.available_range
    origin = whole_frames(available.start_time, fps) if available is not None else 0
    return whole_frames(span.start_time, fps) - origin


def _blend(item: otio.core.Composable | None, fps: Fraction) -> TrackTransition | None:
    if not isinstance(item, otio.schema.Transition):
        return None
    before, after = whole_frames(item.in_offset, fps), whole_frames(item.out_offset, fps)
    return TrackTransition(kind_of(item), before, after, item) if before + after > 0 else None
