"""Nested timelines of a track, for formats in which they are sequences of their own."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import opentimelineio as otio

from ...timeline.layout import Placed
from ...timeline.rate import time_range, whole_frames
from ...timeline.resolve_ranges import resolve_ranges
from .base import is_audio


@dataclass(frozen=True, slots=True)
class NestedTimeline:
    """A nested stack or track as a timeline.

    Attributes:
        timeline: the frames that its parent shows, its stack and tracks without ranges.
        head: frames of it before those of its body, for a transition.
    """

    timeline: otio.schema.Timeline
    head: int


def nested_timeline(placed: Placed, fps: Fraction) -> NestedTimeline:
    """Return a nested stack or track of normal speed as a timeline.

    Args:
        placed: the item, its range in whole frames.
        fps: of the reel.
    """
    item = placed.item.deepcopy()
    start = whole_frames(item.trimmed_range().start_time, fps)
    head = min(max(0, start), placed.into.before if placed.into else 0)
    tail = placed.out.after if placed.out else 0
    item.source_range = time_range(start - head, head + placed.frames + tail, fps)
    item.effects.clear()
    timeline = otio.schema.Timeline(str(item.name))
    if isinstance(item, otio.schema.Stack):
        timeline.tracks = item
    else:
        timeline.tracks.append(item)
    for index, child in enumerate(list(timeline.tracks)):
        if not isinstance(child, otio.schema.Track):
            timeline.tracks[index] = otio.schema.Track(str(child.name), [child.deepcopy()])
    resolve_ranges(timeline, fps)
    return NestedTimeline(timeline, head)


def has_sound(item: otio.core.Item) -> bool:
    """Whether an item is a nested timeline with clips on audio tracks."""
    if not isinstance(item, otio.schema.Stack | otio.schema.Track):
        return False
    tracks = item.find_children(descended_from_type=otio.schema.Track)
    return any(is_audio(track) and track.find_clips() for track in tracks)
