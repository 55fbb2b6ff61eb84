"""Markers of a timeline and of everything in it, in time of the reel."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import opentimelineio as otio

from .properties import item_length
from .rate import seconds


def markers_of(timeline: otio.schema.Timeline) -> Iterator[tuple[Fraction, otio.schema.Marker]]:
    """Yield the visible markers, outermost first, each with its second of the reel.

    Markers count in their own item's time. Those of disabled tracks, and those outside the range
    of a composition, are not visible.

    Raises:
        otio.exceptions.OTIOError: something in the timeline has no length.
    """
    return _markers(timeline.tracks, Fraction(0))


def _markers(
    item: otio.core.Composable, at: Fraction
) -> Iterator[tuple[Fraction, otio.schema.Marker]]:
    """Yield the markers of an item that starts at ``at`` seconds of the reel."""
    if isinstance(item, otio.schema.Transition):
        return
    begin, length = seconds(item.trimmed_range().start_time), item_length(item)
    for marker in item.markers:
        place = seconds(marker.marked_range.start_time) - begin
        if 0 <= place < length:
            yield at + place, marker
    if isinstance(item, otio.schema.Stack):
        for child in item:
            if not isinstance(child, otio.schema.Track) or child.enabled:
                yield from _within(_markers(child, at - begin), at, at + length)
    elif isinstance(item, otio.schema.Track):
        place = at - begin
        for child in item:
            yield from _within(_markers(child, place), at, at + length)
            if not isinstance(child, otio.schema.Transition):
                place += item_length(child)


def _within(
    markers: Iterator[tuple[Fraction, otio.schema.Marker]], start: Fraction, end: Fraction
) -> Iterator[tuple[Fraction, otio.schema.Marker]]:
    return ((time, marker) for time, marker in markers if start <= time < end)
