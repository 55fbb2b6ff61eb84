"""Apply the ranges of stack and tracks to their items, for formats without such ranges.

Before: a stack or track whose ``source_range`` hides part of its items. After: shortened items, no
ranges, the same picture and sound.
"""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio
from opentimelineio.opentime import TimeRange

from .layout import Placed, TrackTransition, lay_out_timeline
from .metadata import NAMESPACE, own_metadata, plain
from .properties import frames_of, item_length, visible_start
from .rate import exact_rate, seconds, time, time_range


def resolve_ranges(timeline: otio.schema.Timeline, fps: Fraction) -> list[str]:
    """Apply the ranges of a timeline's stack and tracks, in place; nested ranges stay.

    Markers and words move along.

    A nested composition beside the tracks becomes the only item of a track.

    Args:
        timeline: any timeline whose items have lengths.
        fps: of the reel.

    Returns:
        The transitions left out at the ends of ranges, one line each.
    """
    stack, start = timeline.tracks, visible_start(timeline)
    ranged, frames = stack.source_range is not None, frames_of(timeline, fps)
    lines: list[str] = []
    for index, layout in enumerate(lay_out_timeline(timeline, fps)):
        child = layout.track
        if isinstance(child, otio.schema.Track) and not ranged and child.source_range is None:
            continue
        kept = _track_like(child)
        end = 0
        for placed in layout.items:
            if placed.start > end:
                kept.append(otio.schema.Gap(source_range=time_range(0, placed.start - end, fps)))
            transition = placed.into if len(kept) else placed.fade_in
            if transition is not None:
                kept.append(_transition(transition, fps))
            kept.append(_shortened(placed, fps))
            if placed.fade_out is not None:
                kept.append(_transition(placed.fade_out, fps))
            end = placed.end
        lines += _left_out(child, kept)
        stack[index] = kept
    _shift_markers(stack)
    _shift_words(timeline, start)
    stack.source_range = None
    if len(stack) and frames_of(timeline, fps) < frames:
        # A range may be longer than its track or stack.
        longest = max(stack, key=item_length)
        length = item_length(longest)
        if len(longest) and isinstance(longest[-1], otio.schema.Transition):
            length -= seconds(longest[-1].out_offset)  # Counts only at the end of a track.
        rest = frames - round(length * fps)
        longest.append(otio.schema.Gap(source_range=time_range(0, rest, fps)))
    return lines


def _track_like(child: otio.core.Item) -> otio.schema.Track:
    """Return an empty track with the name, kind and markers of a child of a stack."""
    if isinstance(child, otio.schema.Track):
        track = child.deepcopy()
        _shift_markers(track)
        del track[:]
        track.source_range = None
        return track
    return otio.schema.Track(str(child.name), kind=otio.schema.TrackKind.Video)


def _shift_markers(item: otio.core.Item) -> None:
    """Move the markers of an item to its own time without its range; drop those outside."""
    if item.source_range is None:
        return
    start, length = seconds(item.source_range.start_time), seconds(item.source_range.duration)
    for index in reversed(range(len(item.markers))):
        marked = item.markers[index].marked_range
        if 0 <= seconds(marked.start_time) - start < length:
            moved = marked.start_time - item.source_range.start_time
            item.markers[index].marked_range = TimeRange(moved, marked.duration)
        else:
            del item.markers[index]


def _shift_words(timeline: otio.schema.Timeline, start: Fraction) -> None:
    words = own_metadata(timeline).get("words")
    if words and start:
        shifted = [
            {**word, "start": word["start"] - float(start), "end": word["end"] - float(start)}
            for word in plain(words)
        ]
        timeline.metadata[NAMESPACE]["words"] = [word for word in shifted if word["end"] > 0]


def _shortened(placed: Placed, fps: Fraction) -> otio.core.Item:
    """Return an item shortened to its frames in the layout."""
    item = placed.item.deepcopy()
    shown = item.trimmed_range()
    whole = round((placed.begin + seconds(shown.duration)) * fps) - round(placed.begin * fps)
    head = placed.start - round(placed.begin * fps)
    tail = whole - head - placed.frames
    if head or tail:
        # In reverse a clip starts at the end of its range.
        skipped = head * placed.speed if placed.speed >= 0 else tail * -placed.speed
        start = seconds(shown.start_time) + skipped / fps
        rate = shown.start_time.rate
        begin = otio.opentime.RationalTime(float(start * exact_rate(rate)), rate)
        item.source_range = TimeRange(begin, time(placed.frames, fps))
    return item


def _transition(transition: TrackTransition, fps: Fraction) -> otio.schema.Transition:
    """Return a transition with its frames in the layout."""
    item = transition.item.deepcopy()
    item.in_offset, item.out_offset = time(transition.before, fps), time(transition.after, fps)
    return item


def _left_out(before: otio.core.Item, after: otio.schema.Track) -> list[str]:
    """Return a line if transitions were left out."""
    if not isinstance(before, otio.schema.Track):
        return []
    lost = _transitions(before) - _transitions(after)
    name = str(before.name) or "a track"
    what = f"{name}: {lost} of its transitions, at or beyond the ends of its range, left out"
    return [what] if lost > 0 else []


def _transitions(track: otio.schema.Track) -> int:
    return sum(isinstance(child, otio.schema.Transition) for child in track)
