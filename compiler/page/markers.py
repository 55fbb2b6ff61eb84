"""Markers of a timeline, its tracks and their items, in frames of the reel."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio

from ..timeline.markers import markers_of
from ..timeline.metadata import own_metadata
from ..timeline.rate import seconds
from .view_model import PageMarker


def page_markers(timeline: otio.schema.Timeline, frames: int, fps: Fraction) -> list[PageMarker]:
    """Return all markers, in order of time."""
    found = []
    for time, marker in markers_of(timeline):
        start, length = round(time * fps), round(seconds(marker.marked_range.duration) * fps)
        if start < frames:
            comment = str(marker.comment or own_metadata(marker).get("note") or "")
            colour = str(marker.color or "").lower()
            end = min(frames, start + max(1, length))
            found.append(PageMarker(str(marker.name), start, end - start, comment, colour))
    return sorted(found, key=lambda mark: (mark.start, -mark.frames))
