"""Levels of clips as filters of MLT's entries.

A filter counts in frames of the producer, its keyframes from its own start. A frame ramps from the
level before to its own, so that each keyframe holds the level at the end of its frame. The first
frame of an entry has no level before, so one that fades in from silence gets its mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import log10
from typing import Any

import opentimelineio as otio

from ...timeline.layout import Placed
from ...timeline.level_curves import MUTED_DB, interpolate, on_frames
from ...timeline.levels import clip_levels
from .base import is_audio

_MEAN = 0.8
"""Gain of a frame without a ramp for one that fades in; with the next frame, of the same power."""


@dataclass(frozen=True, slots=True)
class VolumeFilter:
    """A filter of MLT's service ``volume``.

    Attributes:
        kind: ``volume``, ``fadein`` or ``fadeout``, as Kdenlive names its effects.
        first, last: frames of the entry.
        values: properties: ``level`` as keyframes in dB, or ``gain`` and ``end``, linear.
    """

    kind: str
    first: int
    last: int
    values: dict[str, Any]


def volume_filters(placed: Placed, begin: int, end: int, fps: Fraction) -> Iterator[VolumeFilter]:
    """Yield the filters of frames ``begin`` to ``end`` of an item, counted from its start."""
    clip, count = placed.item, end - begin
    if not isinstance(clip, otio.schema.Clip) or not is_audio(clip.parent()):
        return
    levels = clip_levels(clip)
    has_fades = levels.is_linear and (begin, end) == (0, placed.frames)
    points = levels.points if has_fades else levels.without_fades(placed.frames / fps)
    curve = dict(on_frames(points, fps)) if len(points) > 1 else {}
    if curve:
        curve |= {edge: interpolate(points, edge / fps) for edge in (begin + 1, end)}
        frames = sorted((f - begin - 1, db) for f, db in curve.items() if begin < f <= end)
        if interpolate(points, begin / fps) <= MUTED_DB:
            frames[0] = (0, frames[0][1] + 20 * log10(_MEAN))
    else:
        frames = [(0, db) for _, db in points]
    if frames:
        text = ";".join(f"{frame}={round(db, 3):g}" for frame, db in frames)
        yield VolumeFilter("volume", 0, count - 1, {"level": text})
    faded_in, faded_out = (
        min(count, round(seconds * fps)) if has_fades else 0
        for seconds in (levels.fade_in, levels.fade_out)
    )
    if faded_in:
        yield VolumeFilter("fadein", 0, faded_in - 1, {"gain": _MEAN / faded_in, "end": 1})
    if faded_out:
        values = {"gain": 1 - 1 / faded_out, "end": 0}
        yield VolumeFilter("fadeout", count - faded_out, count - 1, values)
