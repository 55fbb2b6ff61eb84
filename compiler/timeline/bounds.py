"""Reject times, rates, speeds and image numbers out of bounds, by the name of their item.

All later code divides by rates and makes as many frames as a duration states.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from ..errors import InputError, Problem
from .metadata import GENERATOR_KIND, NAMESPACE
from .metadata_faults import is_own_mapping, metadata_faults, recipe_faults
from .properties import length_of

LOWEST_RATE, HIGHEST_RATE = 0.01, 1e9
"""Units a second; the highest is for nanoseconds."""
MOST_SECONDS = 1e10
"""Of one time; more than timecode of a day and seconds since 1970."""
LONGEST_REEL_H = 24
MOST_DIGITS = 20
"""Digits of an image number."""
FASTEST = 10_000
"""Playback speed."""
DEEPEST = 40
"""Nested compositions."""


def refuse_impossible(timeline: otio.schema.Timeline, path: Path) -> None:
    """Check every time, rate, speed and image number of a timeline, and this project's metadata.

    Args:
        timeline: as it was read.
        path: its file, for messages.

    Raises:
        InputError: with one problem for each value out of bounds.
    """
    found = [Problem.in_file(path, what, where=where) for where, what in _faults(timeline)]
    if not found:
        found = [Problem.in_file(path, what) for what in _length_fault(timeline)]
    if found:
        raise InputError(dict.fromkeys(found))


def _faults(timeline: otio.schema.Timeline) -> Iterator[tuple[str, str]]:
    """Yield faults, each with the name of its item."""
    yield from (("timeline", what) for what in metadata_faults(timeline))
    yield from _time_fault("timeline", "global_start_time", timeline.global_start_time)
    waiting: list[tuple[otio.core.Composable, int]] = [(timeline.tracks, 0)]
    while waiting:
        item, depth = waiting.pop()
        name = str(item.name) or item.schema_name()
        if depth > DEEPEST:
            yield name, f"is nested more than {DEEPEST} compositions deep"
            continue
        if not is_own_mapping(item):
            yield name, f"metadata.{NAMESPACE} is not a mapping"
        if isinstance(item, otio.schema.Transition):
            yield from _time_fault(name, "in_offset", item.in_offset)
            yield from _time_fault(name, "out_offset", item.out_offset)
        if isinstance(item, otio.core.Item):
            yield from _item_faults(name, item)
        if isinstance(item, otio.schema.Clip):
            for reference in item.media_references().values():
                yield from _media_faults(name, reference)
        if isinstance(item, otio.core.Composition):
            waiting += [(child, depth + 1) for child in reversed(item)]


def _item_faults(name: str, item: otio.core.Item) -> Iterator[tuple[str, str]]:
    yield from _range_fault(name, "source_range", item.source_range)
    for marker in item.markers:
        if not is_own_mapping(marker):
            yield str(marker.name) or name, f"metadata.{NAMESPACE} is not a mapping"
        yield from _range_fault(str(marker.name) or name, "marked_range", marker.marked_range)
    for effect in item.effects:
        if isinstance(effect, otio.schema.LinearTimeWarp):
            speed = effect.time_scalar
            if not abs(speed) <= FASTEST:
                yield name, f"plays {speed:g} times as fast as its media; the most is {FASTEST:,}"


def _media_faults(name: str, reference: otio.core.MediaReference) -> Iterator[tuple[str, str]]:
    yield from _range_fault(name, "available_range", reference.available_range)
    is_generator = isinstance(reference, otio.schema.GeneratorReference)
    if is_generator and reference.generator_kind == GENERATOR_KIND:
        yield from ((name, what) for what in recipe_faults(reference))
    if not isinstance(reference, otio.schema.ImageSequenceReference):
        return
    if not (reference.rate == 0 or LOWEST_RATE <= reference.rate <= HIGHEST_RATE):
        yield name, f"its images have a rate of {reference.rate:g}"
    if not 0 <= reference.frame_zero_padding <= MOST_DIGITS:
        digits = reference.frame_zero_padding
        yield name, f"the numbers of its images have {digits} digits; the most is {MOST_DIGITS}"


def _range_fault(name: str, field: str, span: TimeRange | None) -> Iterator[tuple[str, str]]:
    if span is not None:
        found = [
            *_time_fault(name, f"{field}.start_time", span.start_time),
            *_time_fault(name, f"{field}.duration", span.duration),
        ]
        if not found and span.duration.value < 0:
            found = [(name, f"{field}.duration is negative: {span.duration.value:g}")]
        yield from found


def _time_fault(name: str, field: str, time: RationalTime | None) -> Iterator[tuple[str, str]]:
    if time is None:
        return
    value, rate = time.value, time.rate
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        bounds = f"{LOWEST_RATE:g} to {HIGHEST_RATE:g}"
        yield name, f"{field} counts {rate:g} units a second; {bounds} are possible"
    elif not math.isfinite(value) or abs(value) > MOST_SECONDS * rate:
        yield name, f"{field} is {value:g} at {rate:g} a second, which is not a time"


def _length_fault(timeline: otio.schema.Timeline) -> Iterator[str]:
    try:
        hours = float(length_of(timeline) / 3600)
    except otio.exceptions.OTIOError:
        return  # Reported by whatever needs a length.
    if hours > LONGEST_REEL_H:
        yield f"lasts {hours:,.1f} hours; the most is {LONGEST_REEL_H}"
