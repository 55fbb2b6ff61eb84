"""Levels of clips as AAF's "Audio Gain", around each source clip.

Its parameter ``Amplitude`` is linear, constant or varying between points at shares of the clip, as
DaVinci Resolve and Avid write it. `otio-aaf-adapter` writes no gain, so it is added to its file.
The operation and its parameter are those of the AAF Object Specification 1.1. Programs join points
in amplitude or in dB, so they are at most 3 dB apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...timeline.layout import Placed, lay_out
from ...timeline.level_curves import MUTED_DB, ClipLevels, LevelPoint, added, amplitude, on_frames
from ...timeline.levels import clip_levels, state_levels
from .base import is_audio

_GAIN = "9d2ea894-0968-11d3-8a38-0050040ef7d2"
_AMPLITUDE = "e4962321-2267-11d3-8a4c-0050040ef7d2"
_STEP_DB = 3.0
_GAIN_NAMES = frozenset({"audio gain", "mono audio gain"})
_PAN_NAMES = frozenset({"audio pan", "mono audio pan"})
_SCALE = 1_000_000
_NEAR = 0.005
"""Distance from the neutral value of an effect that changes nothing."""


def write_levels(timeline: otio.schema.Timeline, path: Path, fps: Fraction) -> None:
    """Add the levels of a timeline's clips to the file that the adapter wrote of it."""
    aaf2 = import_module("aaf2")
    rows = [
        [placed for placed in lay_out(track, fps) if isinstance(placed.item, otio.schema.Clip)]
        for track in timeline.audio_tracks()
    ]
    if not any(clip_levels(placed.item).without_fades(Fraction(1)) for r in rows for placed in r):
        return
    with aaf2.open(str(path), "rw") as file:
        composition = next(file.content.compositionmobs())
        sequences = [s for slot in composition.slots for s in _sequences(slot.segment)]
        for row, sequence in zip(rows, sequences, strict=True):
            components = list(sequence.components)
            clips = [c for c in components if type(c).__name__ == "SourceClip"]
            for placed, clip in zip(row, clips, strict=True):
                points = clip_levels(placed.item).without_fades(placed.frames / fps)
                if points:
                    index = components.index(clip)
                    sequence.components.pop(index)
                    gain = _gain(file, clip, placed, points, fps)
                    sequence.components.insert(index, gain)


def _sequences(segment: Any) -> Iterator[Any]:
    """Yield the sequences of sound in a slot, through the operations around them."""
    if segment.media_kind != "Sound":
        return
    if type(segment).__name__ == "Sequence":
        yield segment
    elif type(segment).__name__ == "OperationGroup":
        for inside in segment.segments:
            yield from _sequences(inside)


def _gain(
    file: Any, clip: Any, placed: Placed, points: tuple[LevelPoint, ...], fps: Fraction
) -> Any:
    """Return an operation group of a source clip."""
    aaf2 = import_module("aaf2")
    dictionary, create = file.dictionary, file.create
    kind = aaf2.auid.AUID(_AMPLITUDE)
    rational = dictionary.lookup_typedef("Rational")
    parameter = create.ParameterDef(kind, "Amplitude", "Amplitude", rational)
    dictionary.register_def(parameter)
    operation = create.OperationDef(aaf2.auid.AUID(_GAIN), "Audio Gain")
    operation.media_kind = "sound"
    operation["NumberInputs"].value = 1
    dictionary.register_def(operation)
    group = create.OperationGroup(operation)
    group.media_kind, group.length = "sound", clip.length
    if len(points) == 1:
        value = create.ConstantValue(parameter, _rational(amplitude(points[0][1])))
    else:
        linear = create.InterpolationDef(aaf2.misc.LinearInterp, "LinearInterp", "LinearInterp")
        dictionary.register_def(linear)
        value = create.VaryingValue()
        value.parameterdef = parameter
        value["Interpolation"].value = linear
        lead = placed.into.before if placed.into is not None else 0
        for frame, level in on_frames(points, fps, _STEP_DB):
            point = create.ControlPoint()
            point["Time"].value = aaf2.rational.AAFRational(frame + lead, clip.length)
            point["Value"].value = _rational(amplitude(level))
            point["ControlPointSource"].value = 2
            value["PointList"].append(point)
    group.parameters.append(value)
    group.segments.append(clip)
    return group


def read_levels(timeline: otio.schema.Timeline, fps: Fraction) -> None:
    """Make the gain of each audio clip its levels, in place of an effect; drop neutral effects."""
    for item in timeline.find_children():
        if isinstance(item, otio.core.Item):
            item.effects[:] = [one for one in item.effects if not _is_neutral(one)]
    for track in timeline.find_children(descended_from_type=otio.schema.Track):
        for placed in lay_out(track, fps) if is_audio(track) else ():
            clips = _clips_in(placed.item)
            for effect in [one for one in placed.item.effects if _named(one) in _GAIN_NAMES]:
                if len(clips) == 1:  # Avid's gain and its automation are one inside the other.
                    own, points = clip_levels(clips[0]).points, _points(effect, placed, fps)
                    state_levels(clips[0], ClipLevels(added(own, points)))
                    placed.item.effects.remove(effect)


def _clips_in(item: otio.core.Item) -> list[otio.schema.Clip]:
    if isinstance(item, otio.schema.Clip):
        return [item]
    return list(item.find_clips()) if isinstance(item, otio.core.Composition) else []


def _points(effect: otio.schema.Effect, placed: Placed, fps: Fraction) -> tuple[LevelPoint, ...]:
    stated = effect.metadata.get("AAF", {})
    length = Fraction(str(stated.get("Length") or placed.frames))
    lead = placed.into.before if placed.into is not None else 0
    values = _values(stated, "Amplitude")
    if len(values) == 1:
        return ((Fraction(0), _decibels(values[0][1])),)
    return tuple(
        ((Fraction(share).limit_denominator(_SCALE) * length - lead) / fps, _decibels(gain))
        for share, gain in sorted(values)
    )


def _values(stated: Mapping[str, Any], name: str) -> list[tuple[float, float]]:
    """Return shares of the clip and values of a parameter; one for a constant, else none."""
    value = stated.get("Parameters", {}).get(name)
    if hasattr(value, "get"):
        return [(float(share), float(one)) for share, one in value.get("keyframe_values") or ()]
    try:
        return [(0.0, float(Fraction(str(value))))]
    except (ValueError, ZeroDivisionError):
        return []


def _is_neutral(effect: otio.schema.Effect) -> bool:
    """Whether an effect is a centred pan or a gain of 0 dB."""
    name, stated = _named(effect), effect.metadata.get("AAF", {})
    if name in _PAN_NAMES:
        return all(abs(value - 0.5) < _NEAR for _, value in _values(stated, "Pan"))
    return name in _GAIN_NAMES and all(
        abs(value - 1) < _NEAR for _, value in _values(stated, "Amplitude")
    )


def _decibels(gain: float) -> float:
    return max(MUTED_DB, 20 * math.log10(gain)) if gain > 0 else MUTED_DB


def _named(effect: otio.schema.Effect) -> str:
    return str(effect.name or effect.effect_name).casefold()


def _rational(value: float) -> Any:
    aaf2 = import_module("aaf2")
    return aaf2.rational.AAFRational(round(value * _SCALE), _SCALE)
