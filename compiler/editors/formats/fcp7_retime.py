"""Retimes of Final Cut Pro 7's XML: the filter "Time Remap", read and written.

``speed`` is in percent, ``reverse`` its sign. A clip's ``in`` and ``out`` are frames of the
retimed clip. If ``variablespeed`` is on, the keyframes of ``graphdict`` map these (``when``) to
frames of the file (``value``). Premiere writes virtual keyframes beyond the file, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio

from ...sync.rationals import parse_rational
from ...timeline.effects import speed_of
from ...timeline.media import source_start
from ...timeline.metadata import plain
from ...timeline.rate import time_range, whole_frames
from .base import time_warp
from .time_maps import ConstantSpeed, TimePoint, map_pieces

_EFFECT = "timeremap"
_TRUE = ("TRUE", "1")


def write_retime(clip: Element, item: otio.schema.Clip, fps: Fraction) -> None:
    """Add a clip's speed to its ``clipitem``, which has the in and out points of its media."""
    speed = speed_of(item)
    if speed == 1:
        return
    begin, end = clip.find("in"), clip.find("out")
    if speed and begin is not None and end is not None:
        first, length = int(begin.text or 0), int(end.text or 0) - int(begin.text or 0)
        # The adapter's correction for a transition is in frames of the reel already.
        start = round(source_start(item) * fps)
        at = Fraction(start)
        if speed < 0:
            shown = whole_frames(item.trimmed_range().duration, fps)
            at = _media_frames(item, fps) - start + shown * speed
        begin.text = str(round(at / abs(speed)) - (start - first))
        end.text = str(int(begin.text) + length)
    effect = SubElement(SubElement(clip, "filter"), "effect")
    for name, value in (
        ("name", "Time Remap"),
        ("effectid", _EFFECT),
        ("effectcategory", "motion"),
        ("effecttype", "motion"),
        ("mediatype", "video"),
    ):
        SubElement(effect, name).text = value
    reverse = "TRUE" if speed < 0 else "FALSE"
    for name, value in (("variablespeed", "0"), ("speed", f"{float(abs(speed)) * 100:g}"),
                        ("reverse", reverse), ("frameblending", "FALSE")):  # fmt: skip
        parameter = SubElement(effect, "parameter")
        SubElement(parameter, "parameterid").text = name
        SubElement(parameter, "name").text = name
        SubElement(parameter, "value").text = value


def read_retimes(timeline: otio.schema.Timeline, fps: Fraction) -> None:
    """Replace the filter of each clip by its speed, in place; a ramp by a clip for each part."""
    for clip in timeline.find_clips():
        remap = next((effect for effect in clip.effects if has_id(effect, _EFFECT)), None)
        if remap is None or clip.source_range is None:
            continue
        clip.effects.remove(remap)
        available = clip.media_reference.available_range
        origin = whole_frames(available.start_time, fps) if available is not None else 0
        frames = whole_frames(clip.source_range.duration, fps)
        begin = Fraction(whole_frames(clip.source_range.start_time, fps) - origin)
        parameters = {str(one.get("parameterid")): one for one in parameters_of(remap)}
        pieces = _pieces(parameters, begin, frames, _media_frames(clip, fps))
        parent = clip.parent()
        index = parent.index(clip)
        # A copy for each further part goes behind the clip, which keeps its markers.
        parts = [clip, *(_without_markers(clip) for _ in pieces[1:])]
        parent[index + 1 : index + 1] = parts[1:]
        for part, piece in zip(parts, pieces, strict=True):
            start = origin + round(piece.media_start)
            part.source_range = time_range(start, piece.frames, fps)
            if piece.speed != 1:
                part.effects.append(time_warp(piece.speed))


def _pieces(
    parameters: Mapping[str, Any], begin: Fraction, frames: int, media_frames: int
) -> list[ConstantSpeed]:
    points = _points(parameters)
    if str(_value(parameters, "variablespeed", "0")).upper() in _TRUE and len(points) > 1:
        return map_pieces(points, begin, frames)
    speed = abs(parse_rational(_value(parameters, "speed", "100")) / 100)
    is_reversed = _value(parameters, "reverse", "FALSE").upper() in _TRUE
    if is_reversed or parse_rational(_value(parameters, "speed", "100")) < 0:
        last = points[0][1] if points else Fraction(media_frames)
        return map_pieces([(Fraction(0), last), (Fraction(1), last - speed)], begin, frames)
    start = begin * speed if speed else begin
    return [ConstantSpeed(0, frames, start, speed)]


def _points(parameters: Mapping[str, Any]) -> list[TimePoint]:
    """Return the points of ``graphdict`` that lie within its file, by increasing time."""
    graph = parameters.get("graphdict", {})
    most = parse_rational(str(graph.get("valuemax") or "0").strip())
    points: dict[Fraction, Fraction] = {}
    for keyframe in _listed(graph.get("keyframe", [])):
        at, value = (parse_rational(str(keyframe[name]).strip()) for name in ("when", "value"))
        if 0 <= value <= (most or value):
            points[at] = value
    return sorted(points.items())


def _value(parameters: Mapping[str, Any], name: str, default: str) -> str:
    return str(parameters.get(name, {}).get("value") or default).strip()


def parameters_of(effect: otio.schema.Effect) -> Iterator[Mapping[str, Any]]:
    """Yield the parameters of an effect that the adapter read."""
    yield from _listed(plain(effect.metadata.get("fcp_xml", {})).get("parameter", []))


def _listed(found: Any) -> list[Mapping[str, Any]]:
    """Return elements of one name as a list; the adapter reads a single one as itself."""
    return found if isinstance(found, list) else [found]


def has_id(effect: otio.schema.Effect, name: str) -> bool:
    """Return whether an effect has an ``effectid``, in any case."""
    stated = effect.metadata.get("fcp_xml", {})
    return str(stated.get("effectid", "")).casefold() == name


def _media_frames(clip: otio.schema.Clip, fps: Fraction) -> int:
    available = clip.media_reference.available_range
    return whole_frames(available.duration, fps) if available is not None else 0


def _without_markers(clip: otio.schema.Clip) -> otio.schema.Clip:
    copy = clip.deepcopy()
    copy.markers.clear()
    return copy
