"""Layout: the items and transitions of tracks in whole frames of the reel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import opentimelineio as otio

from .effects import speed_of
from .media import source_start
from .metadata import own_metadata
from .properties import frames_of, item_length, visible_start
from .rate import seconds, whole_frames


@dataclass(frozen=True, slots=True)
class TrackTransition:
    """A transition, in frames.

    Attributes:
        kind: name of the transition: ``dissolve``, ``wipe_left``, ...
        before, after: frames before and after the cut, shortened if transitions overlap; none
            before the start of a track.
        item: the transition itself.
        stated: its frames before and after the cut as stated.
    """

    kind: str
    before: int
    after: int
    item: otio.schema.Transition
    stated: tuple[int, int]

    @property
    def frames(self) -> int:
        """Length."""
        return self.before + self.after


@dataclass(frozen=True, slots=True)
class Placed:
    """An item of a track, in frames of the reel.

    Attributes:
        item: a clip, a gap, or a nested composition.
        start, frames: place and length, without the transitions at its ends.
        media_start: frame of its media shown at ``start``, counted from their first, in frames
            of the reel; 0 if the item is no clip.
        speed: playback speed.
        into, out: transitions from the item before and to the item after it.
        fade_in, fade_out: transitions at the start and the end of a track, from and to the
            tracks below.
        begin: exact seconds of the reel at which the item starts.
    """

    item: otio.core.Item
    start: int
    frames: int
    media_start: int
    speed: Fraction
    into: TrackTransition | None = None
    out: TrackTransition | None = None
    fade_in: TrackTransition | None = None
    fade_out: TrackTransition | None = None
    begin: Fraction = Fraction(0)

    @property
    def end(self) -> int:
        """The frame after its last."""
        return self.start + self.frames

    @property
    def is_clip(self) -> bool:
        """Whether it is a clip that is enabled."""
        return isinstance(self.item, otio.schema.Clip) and bool(self.item.enabled)


@dataclass(frozen=True, slots=True)
class TrackLayout:
    """A child of a timeline's stack, usually a track.

    Attributes:
        track: the child.
        items: the part of its items that lies within the reel and the ranges of stack and track.
    """

    track: otio.core.Item
    items: tuple[Placed, ...]

    @property
    def is_sound(self) -> bool:
        """Whether it is an audio track."""
        kinds = otio.schema.TrackKind
        return isinstance(self.track, otio.schema.Track) and self.track.kind == kinds.Audio

    @property
    def is_picture(self) -> bool:
        """Whether it is a video track, or a nested composition beside the tracks."""
        kinds = otio.schema.TrackKind
        return not isinstance(self.track, otio.schema.Track) or self.track.kind == kinds.Video


def is_visible(item: otio.core.Item | None) -> bool:
    """Return whether an item and all that it is in are enabled."""
    while item is not None and item.enabled:
        item = item.parent()
    return item is None


def lay_out_timeline(timeline: otio.schema.Timeline, fps: Fraction) -> list[TrackLayout]:
    """Return the layout of every child of a timeline's stack, lower tracks first.

    Raises:
        otio.exceptions.OTIOError: something in the timeline has no length.
    """
    stack = timeline.tracks
    at = -visible_start(timeline)
    frames = frames_of(timeline, fps)
    layouts = []
    for child in stack:
        window = max(0, round(at * fps)), min(frames, round((at + item_length(child)) * fps))
        layouts.append(TrackLayout(child, tuple(_trim(lay_out(child, fps, at), window))))
    return layouts


def lay_out(track: otio.core.Item, fps: Fraction, at: Fraction = Fraction(0)) -> list[Placed]:
    """Return all items of a track in order, also those outside its ``source_range``.

    Places are rounded from exact sums, so errors do not accumulate. Another composition is laid
    out as the only item of a track.

    Args:
        track: a track with OpenTimelineIO's items one after the other, in any rate.
        fps: of the reel.
        at: seconds of the reel at which the track starts.

    Raises:
        otio.exceptions.OTIOError: an item has no length.
    """
    if not isinstance(track, otio.schema.Track):
        return list(_place([track], [None, None], fps, at))
    if track.source_range is not None:
        at -= seconds(track.source_range.start_time)
    items: list[otio.core.Item] = []
    cuts: list[TrackTransition | None] = [None]
    for child in track:
        if isinstance(child, otio.schema.Transition):
            cuts[-1] = _transition(child, fps)
        else:
            items.append(child)
            cuts.append(None)
    if cuts[0] is not None:
        # OTIO adds its `in_offset` to the length, yet the first item starts where the track does.
        cuts[0] = replace(cuts[0], before=0)
    return list(_place(items, cuts, fps, at))


def _place(
    items: Sequence[otio.core.Item],
    cuts: Sequence[TrackTransition | None],
    fps: Fraction,
    at: Fraction,
) -> Iterator[Placed]:
    """Place items one after the other.

    Args:
        items: in order.
        cuts: the transition before the first item, between each two, and after the last.
        fps: of the reel.
        at: seconds of the reel at which the first starts.
    """
    begins = [at]
    for item in items:
        begins.append(begins[-1] + item_length(item))
    edges = [round(begin * fps) for begin in begins]
    fitting = _without_overlaps(cuts, edges)
    last = len(items) - 1
    for index, item in enumerate(items):
        before, after = fitting[index], fitting[index + 1]
        is_clip = isinstance(item, otio.schema.Clip)
        yield Placed(
            item=item,
            start=edges[index],
            frames=edges[index + 1] - edges[index],
            media_start=round(source_start(item) * fps) if is_clip else 0,
            speed=speed_of(item),
            into=before if index else None,
            out=after if index < last else None,
            fade_in=None if index else before,
            fade_out=None if index < last else after,
            begin=begins[index],
        )


def _without_overlaps(
    cuts: Sequence[TrackTransition | None], edges: Sequence[int]
) -> list[TrackTransition | None]:
    """Return transitions, shortened until no two overlap; ``edges`` are the frames of the cuts."""
    fitting = list(cuts)
    for index, (start, end) in enumerate(pairwise(edges)):
        into, out = fitting[index], fitting[index + 1]
        head, tail = into.after if into else 0, out.before if out else 0
        if head + tail > end - start:
            after = head * (end - start) // (head + tail)
            if into is not None:
                fitting[index] = replace(into, after=after)
            if out is not None:
                fitting[index + 1] = replace(out, before=min(tail, end - start - after))
    return fitting


def _transition(item: otio.schema.Transition, fps: Fraction) -> TrackTransition | None:
    """Return a transition in frames; None for a cut, and for one with a negative offset."""
    stated = whole_frames(item.in_offset, fps), whole_frames(item.out_offset, fps)
    kind = kind_of(item)
    if kind == "cut" or min(stated) < 0 or not any(stated):
        return None
    return TrackTransition(kind, *stated, item, stated)


def kind_of(transition: otio.schema.Transition) -> str:
    """Return the name of a transition: ``dissolve``, ``wipe_left``, ..."""
    stated = own_metadata(transition).get("transition")
    if stated:
        return str(stated)
    dissolve = otio.schema.TransitionTypes.SMPTE_Dissolve
    return "dissolve" if transition.transition_type == dissolve else str(transition.name)


def _trim(items: Sequence[Placed], window: tuple[int, int]) -> Iterator[Placed]:
    """Yield the part of some items that lies within a window of frames, half-open.

    A transition stays if its cut lies within the window.
    """
    for placed in items:
        start, end = max(window[0], placed.start), min(window[1], placed.end)
        if start >= end:
            continue
        shift = start - placed.start
        is_clip = isinstance(placed.item, otio.schema.Clip)
        yield replace(
            placed,
            start=start,
            frames=end - start,
            media_start=placed.media_start + (round(shift * placed.speed) if is_clip else 0),
            into=None if shift else placed.into,
            fade_in=None if shift else placed.fade_in,
            out=placed.out if end == placed.end else None,
            fade_out=_until(window[1], placed) if end == placed.end else None,
        )


def _until(end: int, placed: Placed) -> TrackTransition | None:
    """Return the transition at the end of a track, without its frames after the end of a window."""
    out = placed.fade_out
    if out is None or placed.end + out.after <= end:
        return out
    return replace(out, after=end - placed.end) if out.before + end > placed.end else None
