"""Instants between frames in Final Cut Pro 7's XML, in the ticks that Premiere adds to it.

``cutPointTicks`` of a transition counts from its start to its cut, ``pproTicksIn`` and
``pproTicksOut`` of a clip repeat ``in`` and ``out``. Other programs ignore them. The adapter keeps
them as metadata, and would write them again after an edit.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from ...timeline.metadata import plain
from ...timeline.rate import exact_rate, seconds, time, whole_frames
from .base import LEAST_OFFSET_S, start_offset

TICKS = 254_016_000_000
"""In a second: a multiple of every usual frame rate and sample rate."""
_CUT, _IN, _OUT, _OFFSET = "cutPointTicks", "pproTicksIn", "pproTicksOut", "start_offset"
_STALE = {_CUT, _IN, _OUT, "alignment"}


def state_cuts(timeline: otio.schema.Timeline) -> None:
    """State the cut of each transition in metadata that the adapter writes, in place."""
    for item in timeline.find_children():
        stated = _stated(item)
        kept = {key: value for key, value in stated.items() if key not in _STALE}
        if isinstance(item, otio.schema.Transition):
            kept[_CUT] = str(round(seconds(item.in_offset) * TICKS))
        if kept != stated:
            item.metadata["fcp_xml"] = kept


def write_start(clip: Element, item: otio.schema.Clip, fps: Fraction) -> None:
    """State the exact start of a ``clipitem`` if it lies between frames."""
    offset = start_offset(item)
    for name, place in ((_IN, "in"), (_OUT, "out")) if offset else ():
        at = int(clip.findtext(place) or 0) / fps + offset
        SubElement(clip, name).text = str(round(at * TICKS))


def prepare_starts(root: Element) -> None:
    """Replace ticks of clips by their distance from the frame, in seconds, in place."""
    offsets = {
        clip: _offset(clip, _rate(clip) or _rate(sequence))
        for sequence in root.iter("sequence")  # From the outermost to the innermost.
        for clip in sequence.iterfind(".//video/track/clipitem")
    }
    for item in (*root.iter("clipitem"), *root.iter("generatoritem")):
        for element in list(item):
            if element.tag in (_IN, _OUT, _OFFSET):
                item.remove(element)
    for clip, offset in offsets.items():
        if offset is not None:
            SubElement(clip, _OFFSET).text = str(offset)


def _offset(clip: Element, fps: Fraction | None) -> Fraction | None:
    """Return the seconds from a clip's first frame to its exact start; None if it is the frame."""
    ticks, frame = _number(clip, _IN), _number(clip, "in")
    if ticks is None or frame is None or not fps:
        return None
    offset = Fraction(ticks, TICKS) - frame / fps
    most = Fraction(1, 2) / fps + LEAST_OFFSET_S  # Farther away, the frame was changed since.
    return offset if LEAST_OFFSET_S <= abs(offset) <= most else None


def read_ticks(timeline: otio.schema.Timeline, fps: Fraction) -> None:
    """Move starts and cuts to the instants that ticks state, in place."""
    for clip in timeline.find_clips():
        offset = _popped(clip, _OFFSET)
        if offset is not None and clip.source_range is not None:
            shown = clip.source_range
            more = RationalTime(float(Fraction(offset) * exact_rate(shown.start_time.rate)),
                                shown.start_time.rate)  # fmt: skip
            clip.source_range = TimeRange(shown.start_time + more, shown.duration)
    for transition in timeline.find_children(descended_from_type=otio.schema.Transition):
        ticks = _popped(transition, _CUT)
        if ticks is not None and ticks.isascii() and ticks.isdigit():
            _move_cut(transition, int(Fraction(int(ticks), TICKS) * fps), fps)


def _move_cut(transition: otio.schema.Transition, before: int, fps: Fraction) -> None:
    """Give a transition between two items its frames before the cut; its frames stay in place."""
    parent = transition.parent()
    index = parent.index(transition)
    frames = whole_frames(transition.in_offset + transition.out_offset, fps)
    moved = before - whole_frames(transition.in_offset, fps)
    neighbours = [parent[one] for one in (index - 1, index + 1) if 0 <= one < len(parent)]
    if not moved or before > frames or len(neighbours) < 2:
        return
    left, right = neighbours
    held, shown = (getattr(one, "source_range", None) for one in neighbours)
    if held is None or shown is None:
        return
    more = time(moved, fps)
    if held.duration + more <= time(0, fps) or shown.duration - more <= time(0, fps):
        return
    left.source_range = TimeRange(held.start_time, held.duration + more)
    right.source_range = TimeRange(shown.start_time + more, shown.duration - more)
    transition.in_offset, transition.out_offset = time(before, fps), time(frames - before, fps)


def _popped(item: otio.core.Composable, name: str) -> str | None:
    """Take an entry out of the adapter's metadata."""
    stated = _stated(item)
    value = stated.pop(name, None)
    if value is not None:
        item.metadata["fcp_xml"] = stated
    return value if value is None else str(value)


def _stated(item: otio.core.Composable) -> dict[str, Any]:
    found = plain(item.metadata.get("fcp_xml", {}))
    return found if isinstance(found, dict) else {}


def _number(element: Element, name: str) -> int | None:
    text = (element.findtext(name) or "").strip()
    return int(text) if re.fullmatch("-?[0-9]{1,18}", text) else None


def _rate(element: Element) -> Fraction | None:
    """Return the rate that an element states; None without one."""
    timebase = _number(element, "rate/timebase")
    is_ntsc = (element.findtext("rate/ntsc") or "").strip().upper() == "TRUE"
    return Fraction(timebase) * (Fraction(1000, 1001) if is_ntsc else 1) if timebase else None
