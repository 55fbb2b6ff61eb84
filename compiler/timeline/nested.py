"""Nested timelines, opened: their clips in the places where the reel shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import opentimelineio as otio

from .layout import Placed, lay_out, lay_out_timeline
from .rate import seconds


@dataclass(frozen=True, slots=True)
class OpenedItem:
    """An item of a timeline or of one nested in it.

    Attributes:
        placed: the item, in frames of the reel.
        track: number of its track among those of its kind; in a nested timeline counted from the
            track that this one is on.
        is_sound: whether the item is on an audio track.
        inside: names of the nested timelines that it is in, the outermost first.
    """

    placed: Placed
    track: int
    is_sound: bool
    inside: tuple[str, ...] = ()


def open_timeline(timeline: otio.schema.Timeline, fps: Fraction) -> list[OpenedItem]:
    """Return all items of a timeline by track and start, those of nested timelines among them.

    A nested timeline that is frozen, reversed or switched off stays one item.

    Raises:
        otio.exceptions.OTIOError: something in the timeline has no length.
    """
    opened: list[OpenedItem] = []
    numbers = {False: 0, True: 0}
    for layout in lay_out_timeline(timeline, fps):
        if layout.is_picture or layout.is_sound:
            number = numbers[layout.is_sound]
            numbers[layout.is_sound] += 1
            for placed in layout.items:
                opened += _open(OpenedItem(placed, number, layout.is_sound), fps)
    return sorted(opened, key=lambda one: (one.is_sound, one.track, one.placed.start))


def _open(item: OpenedItem, fps: Fraction) -> Iterator[OpenedItem]:
    outer = item.placed
    nested = outer.item
    if not isinstance(nested, otio.core.Composition) or outer.speed <= 0 or not nested.enabled:
        yield item
        return
    # The first frame of the nested timeline's own time that shows.
    begin = round(seconds(nested.trimmed_range().start_time) * fps)
    inside = (*item.inside, str(nested.name))
    numbers = {False: 0 if item.is_sound else item.track, True: item.track * item.is_sound}
    for child in nested if isinstance(nested, otio.schema.Stack) else [nested]:
        kinds = otio.schema.TrackKind
        is_sound = item.is_sound
        if isinstance(child, otio.schema.Track) and child is not nested:
            if child.kind not in (kinds.Video, kinds.Audio) or not child.enabled:
                continue
            is_sound = child.kind == kinds.Audio
        number = numbers[is_sound]
        numbers[is_sound] += 1
        for placed in lay_out(child, fps):
            shown = _within(placed, outer, begin)
            if shown is not None:
                yield from _open(OpenedItem(shown, number, is_sound, inside), fps)


def _within(placed: Placed, outer: Placed, begin: int) -> Placed | None:
    """Return the visible part of an item of a nested timeline; None if it has none.

    Args:
        placed: the item, in the nested timeline's own frames.
        outer: the nested timeline, in frames of the reel.
        begin: the nested timeline's own frame at its start in the reel.
    """

    def in_reel(frame: int) -> int:
        return outer.start + round((frame - begin) / outer.speed)

    start, end = in_reel(placed.start), in_reel(placed.end)
    first, last = max(start, outer.start), min(end, outer.end)
    if first >= last:
        return None
    hidden = round((first - start) * outer.speed * placed.speed)
    is_clip = isinstance(placed.item, otio.schema.Clip)
    return replace(
        placed,
        start=first,
        frames=last - first,
        media_start=placed.media_start + (hidden if is_clip else 0),
        speed=placed.speed * outer.speed,
        into=outer.into if first == outer.start else placed.into,
        out=outer.out if last == outer.end else placed.out,
        fade_in=outer.fade_in if first == outer.start else placed.fade_in,
        fade_out=outer.fade_out if last == outer.end else placed.fade_out,
        begin=outer.begin,
    )
