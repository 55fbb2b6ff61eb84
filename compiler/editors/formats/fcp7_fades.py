"""What `otio-fcp-adapter` cannot write: dissolves beside a gap, and two equal clips."""

from __future__ import annotations

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from ...timeline.metadata import NAMESPACE, own_metadata


def fades_at_gaps(timeline: otio.schema.Timeline) -> None:
    """Let a dissolve from or to a gap begin or end at it, in place; the frames stay the same.

    The format has such fades alone (``start-black``, ``end-black``): the clip gets the frames of
    the dissolve that lay over the gap.
    """
    for track in timeline.find_children(descended_from_type=otio.schema.Track):
        for index, item in enumerate(list(track)):
            if isinstance(item, otio.schema.Transition) and 0 < index < len(track) - 1:
                before, after = track[index - 1], track[index + 1]
                if isinstance(after, otio.schema.Gap):
                    moved = _least(item.out_offset, after)
                    before.source_range = _longer(before, RationalTime(0, moved.rate), moved)
                    after.source_range = _longer(after, RationalTime(0, moved.rate), -moved)
                    item.in_offset += moved
                    item.out_offset = RationalTime(0, moved.rate)
                elif isinstance(before, otio.schema.Gap):
                    moved = _least(item.in_offset, before)
                    after.source_range = _longer(after, moved, moved)
                    before.source_range = _longer(before, RationalTime(0, moved.rate), -moved)
                    item.out_offset += moved
                    item.in_offset = RationalTime(0, moved.rate)


def _least(offset: RationalTime, gap: otio.schema.Gap) -> RationalTime:
    """Return an offset, shortened so that a frame of the gap remains."""
    return min(offset, gap.duration() - RationalTime(1, offset.rate))


def _longer(item: otio.core.Item, head: RationalTime, by: RationalTime) -> TimeRange:
    """Return an item's range, begun ``head`` earlier and ``by`` longer."""
    span = item.trimmed_range()
    return TimeRange(span.start_time - head, span.duration + by)


def separate_items(timeline: otio.schema.Timeline) -> None:
    """Number all items, in place: the adapter writes equal ones once, in one place."""
    for number, item in enumerate(timeline.find_children()):
        if isinstance(item, otio.core.Item):
            item.metadata[NAMESPACE] = {**own_metadata(item), "number": number}
