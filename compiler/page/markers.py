"""Markers of a timeline, its tracks and their items, in frames of the reel."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import opentimelineio as otio

from ..timeline.metadata import own_metadata
from ..timeline.rate import seconds
from .view_model import Mark


def marks_of(timeline: otio.schema.Timeline, frames: int, fps: Fraction) -> list[Mark]:
    """Return all markers, in order of time."""
    found = []
    for item, at in _marked(timeline.tracks, Fraction(0)):
        for marker in item.markers:
            placed = marker.marked_range
            start = round((at + seconds(placed.start_time)) * fps)
            length = round(seconds(placed.duration) * fps)
            if 0 <= start < frames:
                comment = str(marker.comment or own_metadata(marker).get("note") or "")
                colour = str(marker.color or "").lower()
                end = min(frames, start + max(1, length))
                found.append(Mark(str(marker.name), start, end - start, comment, colour))
    return sorted(found, key=lambda mark: (mark.start, -mark.frames))


def _marked(stack: otio.schema.Stack, at: Fraction) -> Iterator[tuple[otio.core.Item, Fraction]]:
    """Yield items with the reel time, in seconds, at which their own time is zero."""

    def begin(item: otio.core.Item) -> Fraction:
        return seconds(item.trimmed_range().start_time)

    at -= begin(stack)
    yield stack, at
    for child in stack:
        yield child, at - begin(child)
        if not isinstance(child, otio.schema.Track):
            continue
        place = at - begin(child)
        for item in child:
            if isinstance(item, otio.schema.Transition):
                continue
            yield item, place - begin(item)
            place += seconds(item.duration())
