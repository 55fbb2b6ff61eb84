"""Lengths of timelines and of their items, exact and in whole frames."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio

from .values import seconds


def timeline_frames(timeline: otio.schema.Timeline, fps: Fraction) -> int:
    """Length of a timeline in frames: of its longest track, the last frame rounded to the nearest.

    It is the one that OTIO states: a track that begins with a transition is longer by its
    ``in_offset``, one that ends with a transition by its ``out_offset``.
    """
    return round(timeline_length(timeline) * fps)


def timeline_length(timeline: otio.schema.Timeline) -> Fraction:
    """Length of a timeline in exact seconds; see `timeline_frames`."""
    return item_length(timeline.tracks)


def item_length(item: otio.core.Composable) -> Fraction:
    """Length of any item in exact seconds."""
    if isinstance(item, otio.schema.Stack | otio.schema.Track):
        if item.source_range is not None:
            return seconds(item.source_range.duration)
        lengths = [item_length(c) for c in item if not isinstance(c, otio.schema.Transition)]
        if isinstance(item, otio.schema.Stack):
            return max(lengths, default=Fraction(0))
        return sum(lengths, _ends(item))
    return seconds(item.duration())


def _ends(track: otio.schema.Track) -> Fraction:
    """Seconds that transitions at the ends of a track add to it, as OTIO counts them."""
    ends = Fraction(0)
    if len(track) and isinstance(track[0], otio.schema.Transition):
        ends += seconds(track[0].in_offset)
    if len(track) and isinstance(track[-1], otio.schema.Transition):
        ends += seconds(track[-1].out_offset)
    return ends
