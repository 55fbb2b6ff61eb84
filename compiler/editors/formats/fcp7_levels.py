"""Levels of clips as the filter "Audio Levels" of Final Cut Pro 7's XML.

Levels are linear, from 0 to 3.98107, which is +12 dB; keyframes count in frames of the media
(https://developer.apple.com/library/archive/documentation/AppleApplications/Reference/FinalCutPro_XML/).
Programs join keyframes in amplitude or in dB, so they are at most 3 dB apart. The format has no
fades; they are keyframes, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio

from ...timeline.layout import Placed, lay_out
from ...timeline.level_curves import (
    MUTED_DB,
    ClipLevels,
    LevelPoint,
    amplitude,
    on_frames,
    simplified,
)
from ...timeline.levels import clip_levels, state_levels
from ...timeline.rate import whole_frames
from .base import is_audio
from .fcp7_retime import has_id, parameters_of

LOUDEST = 3.98107
_STEP_DB = 3.0
_EFFECT = "audiolevels"


def write_levels(element: Element, placed: Placed, fps: Fraction) -> None:
    """Add the levels of a clip to its ``clipitem``."""
    assert isinstance(placed.item, otio.schema.Clip)
    points = clip_levels(placed.item).without_fades(placed.frames / fps)
    if not points or not is_audio(placed.item.parent()):
        return
    effect = SubElement(SubElement(element, "filter"), "effect")
    for name, value in (
        ("name", "Audio Levels"),
        ("effectid", _EFFECT),
        ("effectcategory", _EFFECT),
        ("effecttype", _EFFECT),
        ("mediatype", "audio"),
    ):
        SubElement(effect, name).text = value
    parameter = SubElement(effect, "parameter")
    for name, value in (
        ("parameterid", "level"),
        ("name", "Level"),
        ("valuemin", "0"),
        ("valuemax", f"{LOUDEST:g}"),
        ("value", _linear(points[0][1])),
    ):
        SubElement(parameter, name).text = value
    lead = placed.into.before if placed.into is not None else 0
    begin = int(element.findtext("in") or 0) + lead
    for frame, level in on_frames(points, fps, _STEP_DB) if len(points) > 1 else ():
        keyframe = SubElement(parameter, "keyframe")
        SubElement(keyframe, "when").text = str(begin + frame)
        SubElement(keyframe, "value").text = _linear(level)


def read_levels(timeline: otio.schema.Timeline, fps: Fraction) -> None:
    """Make the filter of each audio clip its levels, in place of an effect."""
    for track in timeline.find_children(descended_from_type=otio.schema.Track):
        if not is_audio(track):
            continue
        for placed in lay_out(track, fps):
            clip = placed.item
            if not isinstance(clip, otio.schema.Clip):
                continue
            for effect in [one for one in clip.effects if has_id(one, _EFFECT)]:
                state_levels(clip, ClipLevels(tuple(_points(effect, clip, fps))))
                clip.effects.remove(effect)


def _points(
    effect: otio.schema.Effect, clip: otio.schema.Clip, fps: Fraction
) -> tuple[LevelPoint, ...]:
    if str(effect.metadata["fcp_xml"].get("enabled", "TRUE")).casefold() == "false":
        return ()
    for parameter in parameters_of(effect):
        if str(parameter.get("parameterid")).casefold() != "level":
            continue
        available = clip.media_reference.available_range
        origin = whole_frames(available.start_time, fps) if available is not None else 0
        begin = whole_frames(clip.trimmed_range().start_time, fps) - origin
        points = [
            (Fraction(_number(one.get("when")) or 0) / fps - begin / fps, _decibels(one["value"]))
            for one in _keyframes(parameter)
        ]
        points = sorted(points) or [(Fraction(0), _decibels(parameter.get("value")))]
        return simplified(points)
    return ()


def _keyframes(parameter: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found: Any = parameter.get("keyframe", ())
    for one in [found] if hasattr(found, "get") else found:
        if hasattr(one, "get") and one.get("value") is not None:
            yield one


def _linear(level: float) -> str:
    return f"{min(LOUDEST, amplitude(level)):.6g}"


def _decibels(value: Any) -> float:
    """Return a linear level in dB; 0 dB for a value that is none."""
    gain = _number(value)
    if gain is None or gain < 0:
        return 0.0
    return max(MUTED_DB, 20 * math.log10(gain)) if gain else MUTED_DB


def _number(value: Any) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if abs(number) < 1e7 else None
