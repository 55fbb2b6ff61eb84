"""Storylines of FCPXML: items, and the items connected to them, in frames of the reel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias
from xml.etree.ElementTree import Element

import opentimelineio as otio
from opentimelineio.opentime import TimeRange

from ...timeline.level_curves import MUTED_DB, ClipLevels
from ...timeline.levels import clip_levels, state_levels
from ...timeline.rate import time, time_range
from .base import is_audio, time_warp
from .fcpxml_effects import VOLUME, effects_of
from .fcpxml_levels import levels_in
from .fcpxml_media import media_start, reference_of, seconds_of
from .fcpxml_tracks import LaneItem, lane_tracks
from .time_maps import ConstantSpeed, map_pieces

ITEMS = {
    *("asset-clip", "clip", "video", "audio", "gap", "ref-clip", "sync-clip", "mc-clip", "title"),
    "live-drawing",
}
"""Elements that last."""
DISSOLVES = {"Cross Dissolve", "Audio Crossfade", ""}
MUTED = ((Fraction(0), MUTED_DB),)
"""The level of a clip whose sound was switched off."""
_DEPTH = 20
"""Levels of nested timelines; more are a compound clip that holds itself."""

Found: TypeAlias = LaneItem | otio.schema.Marker


@dataclass(frozen=True, slots=True)
class Storylines:
    """Walks storylines.

    Attributes:
        resources: elements of the document by id.
        fps: the frame rate.
        depth: number of timelines that this one is nested in.
        has_own_sound: whether pictures play the sound of their files.
    """

    resources: Mapping[str, Element]
    fps: Fraction
    depth: int = 0
    has_own_sound: bool = True

    def sequence(self, sequence: Element) -> list[Found]:
        """Return what a sequence holds.

        Raises:
            ValueError: it has no spine.
        """
        spine = sequence.find("spine")
        if spine is None:
            raise ValueError("a sequence has no spine")
        # Offsets on the primary storyline count from the start timecode; some writers forget it.
        start = seconds_of(sequence.get("tcStart"))
        offsets = [seconds_of(item.get("offset")) for item in spine if item.get("offset")]
        origin = -start if min(offsets, default=start) >= start else Fraction(0)
        return list(self.storyline(spine, origin, 0))

    def storyline(self, spine: Iterable[Element], origin: Fraction, lane: int) -> Iterator[Found]:
        """Yield the items of a storyline that begins ``origin`` seconds into the sequence."""
        items = [_picked(element) for element in spine]
        reached = max(origin, Fraction(0))
        first_item = next((one for one in items if one.tag not in ("gap", "transition")), None)
        is_sound = first_item is not None and self._is_audio(first_item)
        for element in items:
            offset = element.get("offset")
            start = origin + seconds_of(offset) if offset is not None else reached
            end = start + self._length(element)
            if element.tag == "transition":
                first = round(start * self.fps)
                name = element.get("name", "")
                kind = "dissolve" if name in DISSOLVES else name
                frames = round(end * self.fps) - first
                found = LaneItem(
                    is_sound, lane, first, frames, transition=kind, cut=round(reached * self.fps)
                )
                yield found
                if not is_sound and element.find("filter-audio") is not None:
                    yield replace(found, is_audio=True, transition="dissolve")
            elif element.tag in ITEMS:
                reached = end
                yield from self._item(element, start, lane)

    def _item(self, element: Element, start: Fraction, lane: int) -> Iterator[Found]:
        """Yield an item, its markers, and the items connected to it."""
        first = round(start * self.fps)
        frames = round((start + self._length(element)) * self.fps) - first
        if element.tag != "gap":
            for piece in self._pieces(element, frames):
                item, is_sound = self._nested(element), False
                if item is None:
                    item, is_sound = self._clip(element), self._is_audio(element)
                    begin = piece.media_start
                else:
                    is_sound = all(is_audio(track) for track in item)
                    begin = max(Fraction(0), piece.media_start - self._nested_start(element))
                asset = self._asset(element)
                from_media = media_start(begin / self.fps, asset, self.resources, self.fps)
                item.source_range = TimeRange(from_media, time(piece.frames, self.fps))
                item.enabled = element.get("enabled", "1") != "0"
                if piece.speed != 1:
                    item.effects.append(time_warp(piece.speed))
                own = self._own_sound(element, piece) if not is_sound else None
                effects = list(effects_of(element))
                if isinstance(item, otio.schema.Clip) and (is_sound or own is not None):
                    effects = [one for one in effects if one.effect_name != VOLUME]
                    state_levels(own or item, _levels_of(element, piece, self.fps))
                item.effects.extend(effects)
                place = lane, first + piece.start, piece.frames
                yield LaneItem(is_sound, *place, item)
                if own is not None and clip_levels(own).points != MUTED:
                    yield LaneItem(True, *place, own)
        local_start = seconds_of(element.get("start"))
        for child in map(_picked, element):
            if child.tag == "marker":
                at_s = start + seconds_of(child.get("start")) - local_start
                yield self._marker(child, at_s)
            elif child.get("lane") is not None:
                child_start = start + seconds_of(child.get("offset")) - local_start
                child_lane = int(child.get("lane", "0"))
                if child.tag == "spine":
                    yield from self.storyline(child, child_start, child_lane)
                elif child.tag in ITEMS:
                    yield from self._item(child, child_start, child_lane)

    def _pieces(self, element: Element, frames: int) -> list[ConstantSpeed]:
        """Return the parts of a speed ramp; without one, the whole item."""
        begin = seconds_of(element.get("start")) * self.fps
        points = [
            (seconds_of(point.get("time")) * self.fps, seconds_of(point.get("value")) * self.fps)
            for point in element.iterfind("./timeMap/timept")
        ]
        if len(points) > 1:
            return map_pieces(points, begin, frames)
        return [ConstantSpeed(0, frames, begin, Fraction(1))]

    def _clip(self, element: Element) -> otio.schema.Clip:
        asset = self._asset(element)
        named = element.get("name") or (asset.get("name", "") if asset is not None else "")
        clip = otio.schema.Clip(named)
        if asset is not None:
            clip.media_reference = reference_of(asset, self.resources, self.fps)
        return clip

    def _own_sound(self, element: Element, piece: ConstantSpeed) -> otio.schema.Clip | None:
        """Return the sound that a picture's own file plays; None if it plays none."""
        asset = self._asset(element)
        is_silent = element.tag == "clip" and element.find(".//audio") is None
        if (
            asset is None
            or not self.has_own_sound
            or is_silent
            or element.tag not in ("asset-clip", "clip")
            or asset.get("hasAudio") != "1"
            or element.get("srcEnable", "all") != "all"
        ):
            return None
        clip = self._clip(element)
        start = media_start(piece.media_start / self.fps, asset, self.resources, self.fps)
        clip.source_range = TimeRange(start, time(piece.frames, self.fps))
        clip.enabled = element.get("enabled", "1") != "0"
        if piece.speed != 1:
            clip.effects.append(time_warp(piece.speed))
        return clip

    def _nested(self, element: Element) -> otio.schema.Stack | None:
        """Return the tracks in a compound, synchronized or multicam clip; None for other items.

        Raises:
            ValueError: a compound clip holds itself.
        """
        if self.depth > _DEPTH:
            raise ValueError(f"{element.get('name', 'a compound clip')} holds itself")
        inside = replace(self, depth=self.depth + 1)
        source = self.resources.get(element.get("ref") or "")
        found: list[Found] = []
        if element.tag == "sync-clip":
            start = self._nested_start(element) / self.fps
            # It plays the sound that was synchronized, in place of the camera's.
            inside = replace(inside, has_own_sound=False)
            found = list(inside.storyline(_primary(element), -start, 0))
        elif element.tag == "ref-clip" and source is not None:
            sequence = source.find("sequence")
            found = inside.sequence(sequence) if sequence is not None else []
        elif element.tag == "mc-clip" and source is not None:
            found = list(inside._angles(element, source))
        wanted = element.get("srcEnable", "all")
        tracks = [
            track
            for track in lane_tracks([one for one in found if isinstance(one, LaneItem)], self.fps)
            if wanted == "all" or is_audio(track) == (wanted == "audio")
        ]
        if not tracks:
            return None
        stack = otio.schema.Stack(element.get("name", ""), tracks)
        stack.markers.extend(one for one in found if isinstance(one, otio.schema.Marker))
        return stack

    def _angles(self, element: Element, source: Element) -> Iterator[Found]:
        """Yield the pictures and the sound of the angles that a multicam clip shows."""
        multicam = source.find("multicam")
        angles = [] if multicam is None else multicam.findall("mc-angle")
        start = Fraction(0) if multicam is None else seconds_of(multicam.get("tcStart"))
        wanted = {
            choice.get("angleID"): choice.get("srcEnable", "all")
            for choice in element.iterfind("mc-source")
        } or {angle.get("angleID"): "all" for angle in angles[:1]}
        for angle in angles:
            kind = wanted.get(angle.get("angleID"), "none")
            for one in self.storyline(angle, -start, 0):
                if isinstance(one, LaneItem) and kind in (
                    "all",
                    "audio" if one.is_audio else "video",
                ):
                    yield one

    def _nested_start(self, element: Element) -> Fraction:
        """Return the time at which the inside of a nested clip begins, in frames."""
        if element.tag == "sync-clip":
            offsets = [seconds_of(item.get("offset")) for item in _primary(element)]
            return min(offsets, default=Fraction(0)) * self.fps
        source = self.resources.get(element.get("ref") or "")
        inside = next(iter(source), None) if source is not None else None
        return seconds_of(inside.get("tcStart")) * self.fps if inside is not None else Fraction(0)

    def _asset(self, element: Element) -> Element | None:
        ref = element.get("ref")
        if element.tag == "clip":
            inner = next((e for tag in ("video", "audio") for e in element.iter(tag)), None)
            ref = inner.get("ref") if inner is not None else None
        found = self.resources.get(ref or "")
        return found if found is not None and found.tag == "asset" else None

    def _length(self, element: Element) -> Fraction:
        """Return the duration of an item in seconds; that of its media if it states none."""
        stated, used = element.get("duration"), self.resources.get(element.get("ref") or "")
        if stated is None and used is not None:
            sequence = used.find("sequence")
            stated = (used if sequence is None else sequence).get("duration")
        return seconds_of(stated)

    def _is_audio(self, element: Element) -> bool:
        asset = self._asset(element)
        if asset is None:
            return element.tag == "audio"
        return asset.get("hasVideo") != "1" or element.get("srcEnable") == "audio"

    def _marker(self, element: Element, at_s: Fraction) -> otio.schema.Marker:
        frames = round(seconds_of(element.get("duration")) * self.fps)
        return otio.schema.Marker(
            name=element.get("value", ""),
            marked_range=time_range(round(at_s * self.fps), frames, self.fps),
            comment=element.get("note", ""),
        )


def _levels_of(element: Element, piece: ConstantSpeed, fps: Fraction) -> ClipLevels:
    """Return the levels of a part of an item."""
    levels = levels_in(element)
    return ClipLevels() if levels is None else levels.shifted(Fraction(piece.start) / fps)


def _picked(element: Element) -> Element:
    """Return the pick of an audition, its first item, in its place; other elements unchanged."""
    if element.tag != "audition" or not len(element):
        return element
    pick = Element(element[0].tag, element[0].attrib | element.attrib)
    pick.extend(element[0])
    return pick


def _primary(element: Element) -> list[Element]:
    """Return the items in a synchronized clip; those of other lanes are connected to it."""
    spine = element.find("spine")
    inside = element if spine is None or spine.get("lane") is not None else spine
    tags = {*ITEMS, "transition"}
    return [one for one in inside if one.tag in tags and one.get("lane") is None]
