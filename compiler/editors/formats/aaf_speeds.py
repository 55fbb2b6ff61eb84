"""Speeds of picture clips as AAF's "Motion Control", around each source clip.

Its parameter ``SpeedRatio`` is the length of the output by that of the input (AAF Object
Specification 1.1), so half speed is 2; a frozen frame lasts for its ratio, from an input of one
frame. `otio-aaf-adapter` reads such effects and writes none, so they are added to its file.
"""

from __future__ import annotations

import math
from fractions import Fraction
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from ...timeline.effects import speed_of
from ...timeline.layout import Placed, lay_out
from ...timeline.media import source_start

_MOTION_CONTROL = "9d2ea890-0968-11d3-8a38-0050040ef7d2"
_SPEED_RATIO = "72559a80-24d7-11d3-8a50-0050040ef7d2"
_LARGEST_DENOMINATOR = 1_000_000


def write_speeds(timeline: otio.schema.Timeline, path: Path, fps: Fraction) -> None:
    """Add the speeds of a timeline's pictures to the file that the adapter wrote of it."""
    rows = [
        [placed for placed in lay_out(track, fps) if isinstance(placed.item, otio.schema.Clip)]
        for track in timeline.video_tracks()
    ]
    if all(placed.speed == 1 for row in rows for placed in row):
        return
    aaf2 = import_module("aaf2")
    with aaf2.open(str(path), "rw") as file:
        composition = next(file.content.compositionmobs())
        segments = [slot.segment for slot in composition.slots]
        pictures = [one for one in segments if one.media_kind == "Picture"]
        sequences = [one for one in pictures if type(one).__name__ == "Sequence"]
        for row, sequence in zip(rows, sequences, strict=True):
            components = list(sequence.components)
            clips = [one for one in components if type(one).__name__ == "SourceClip"]
            for placed, clip in zip(row, clips, strict=True):
                if placed.speed != 1 and placed.speed >= 0:
                    index = components.index(clip)
                    sequence.components.pop(index)
                    sequence.components.insert(index, _motion(file, clip, placed, fps))


def _motion(file: Any, clip: Any, placed: Placed, fps: Fraction) -> Any:
    """Return an operation group of a source clip, which shows the frames that the speed needs."""
    aaf2 = import_module("aaf2")
    dictionary, create = file.dictionary, file.create
    rational = dictionary.lookup_typedef("Rational")
    kind = aaf2.auid.AUID(_SPEED_RATIO)
    parameter = create.ParameterDef(kind, "SpeedRatio", "SpeedRatio", rational)
    dictionary.register_def(parameter)
    operation = create.OperationDef(aaf2.auid.AUID(_MOTION_CONTROL), "Motion Control")
    operation.media_kind = "picture"
    operation["NumberInputs"].value = 1
    operation["IsTimeWarp"].value = True
    dictionary.register_def(operation)
    group = create.OperationGroup(operation)
    group.media_kind, group.length = "picture", clip.length
    lead = placed.into.before if placed.into is not None else 0
    speed = placed.speed.limit_denominator(_LARGEST_DENOMINATOR)
    ratio = 1 / speed if speed else Fraction(clip.length)
    first = source_start(placed.item) * fps - lead * speed
    clip.start, clip.length = max(0, round(first)), max(1, math.ceil(clip.length * speed))
    value = aaf2.rational.AAFRational(ratio.numerator, ratio.denominator)
    group.parameters.append(create.ConstantValue(parameter, value))
    group.segments.append(clip)
    return group


def read_speeds(timeline: otio.schema.Timeline) -> None:
    """Start each retimed clip after a transition where its speed takes it, in place.

    The adapter adds the frames of the transition to the clip's start at their speed in the reel.
    """
    for track in timeline.find_children(descended_from_type=otio.schema.Track):
        for before, item in pairwise(track):
            is_clip = isinstance(item, otio.schema.Clip) and item.source_range is not None
            if is_clip and isinstance(before, otio.schema.Transition):
                shown, lead = item.source_range, before.in_offset
                more = RationalTime(lead.value * float(speed_of(item) - 1), lead.rate)
                item.source_range = TimeRange(shown.start_time + more, shown.duration)
