"""Final Cut Pro's FCPXML, as Final Cut and Resolve write it: read here.

The primary storyline becomes ``V1``; every lane above it a picture track, every lane below, and
everything that holds sound alone, a sound track. Compound clips, titles and generators become clips
without media, which keep their place and their name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import opentimelineio as otio

from ...errors import InputError, Problem
from ...files.file_urls import path_of_url
from ...sync.rationals import parse_rational
from ...timeline.metadata import NAMESPACE
from ...timeline.rate import time, time_range
from .base import read_xml

ITEMS = {"asset-clip", "clip", "video", "audio", "gap", "ref-clip", "sync-clip", "mc-clip", "title"}
DISSOLVES = {"Cross Dissolve", "Audio Crossfade", ""}
DEFAULTS = {
    "anchor": ("0 0",),
    "amount": ("0dB", "1", "1.0"),
    "enabled": ("1",),
    "position": ("0 0",),
    "rotation": ("0",),
    "scale": ("1 1",),
    "type": ("fit",),
}
"""Values of adjustments that change nothing; programs write them on every clip."""
BUNDLE_INFO = "Info.fcpxml"
"""Final Cut 10.6 and later export a folder, ``.fcpxmld``, with the file of that name in it."""


def read(path: Path, _fps: Fraction | None) -> otio.core.SerializableObject:
    """Read ``.fcpxml``, or the folder ``.fcpxmld``.

    Raises:
        InputError: it is no FCPXML, or holds no project.
    """
    file = path / BUNDLE_INFO if path.is_dir() else path
    try:
        root = ElementTree.fromstring(read_xml(file))
    except ElementTree.ParseError as error:
        raise _problem(path, f"is not XML: {error}") from error
    sequence = root.find(".//project/sequence")
    if root.tag != "fcpxml" or sequence is None:
        raise _problem(path, "holds no project of Final Cut")
    project = root.find(".//project")
    name = project.get("name", path.stem) if project is not None else path.stem
    try:
        return _FcpxmlReader(root, sequence).timeline(name)
    except (ValueError, ZeroDivisionError, KeyError) as error:
        raise _problem(path, f"cannot be understood: {error}") from error


def _problem(path: Path, what: str) -> InputError:
    return InputError(Problem.in_file(path, what))


@dataclass
class _Found:
    """An item with its first frame, or a transition with the frames it begins and ends at."""

    start: int
    frames: int
    clip: otio.schema.Clip | None
    blend: str | None = None


@dataclass
class _FcpxmlReader:
    root: Element
    sequence: Element
    fps: Fraction = Fraction(24)
    tracks: dict[tuple[bool, int], list[_Found]] = field(default_factory=dict)
    markers: list[otio.schema.Marker] = field(default_factory=list)

    def timeline(self, name: str) -> otio.schema.Timeline:
        resources = self.root.find("resources")
        self.resources = {r.get("id", ""): r for r in (resources if resources is not None else ())}
        kind = self.resources[self.sequence.get("format", "")]
        self.fps = 1 / _seconds(kind.get("frameDuration", "100/2400s"))
        spine = self.sequence.find("spine")
        if spine is None:
            raise ValueError("a sequence has no spine")
        # Places on the primary storyline count from the start timecode; some writers forget it.
        start = _seconds(self.sequence.get("tcStart"))
        places = [_seconds(item.get("offset")) for item in spine if item.get("offset")]
        self._line(spine, -start if min(places, default=start) >= start else Fraction(0), 0)
        timeline = otio.schema.Timeline(name)
        timeline.global_start_time = time(self._frame(self.sequence.get("tcStart")), self.fps)
        pictures = sorted(lane for sound, lane in self.tracks if not sound)
        sounds = sorted((lane for sound, lane in self.tracks if sound), reverse=True)
        for letter, lanes in (("V", pictures), ("A", sounds)):
            number = 0
            for lane in lanes:
                for items in _apart(self.tracks[letter == "A", lane]):
                    number += 1
                    timeline.tracks.append(self._track(f"{letter}{number}", items))
        timeline.tracks.markers.extend(self.markers)
        if kind.get("width") and kind.get("height"):
            timeline.metadata[NAMESPACE] = {
                "output": {
                    "width": int(kind.get("width", "0")),
                    "height": int(kind.get("height", "0")),
                    "fps": f"{self.fps.numerator}/{self.fps.denominator}",
                }
            }
        return timeline

    def _frame(self, text: str | None) -> int:
        return round(_seconds(text) * self.fps)

    def _line(self, spine: Element, at: Fraction, lane: int) -> None:
        """Read a storyline that begins ``at`` seconds of the sequence."""
        reached = max(at, Fraction(0))
        for element in spine:
            offset = element.get("offset")
            start = at + _seconds(offset) if offset is not None else reached
            if element.tag == "transition":
                begin, end = start, start + _seconds(element.get("duration"))
                kind = element.get("name", "")
                self._into(spine, lane).append(
                    _Found(
                        round(begin * self.fps),
                        round(end * self.fps) - round(begin * self.fps),
                        None,
                        "dissolve" if kind in DISSOLVES else kind,
                    )
                )
            elif element.tag in ITEMS:
                reached = start + _seconds(element.get("duration"))
                self._item(element, start, lane)

    def _into(self, element: Element, lane: int) -> list[_Found]:
        first = element if element.tag != "spine" else next(iter(element), element)
        return self.tracks.setdefault((self._is_sound(first), lane), [])

    def _item(self, element: Element, start: Fraction, lane: int) -> None:
        """Read an item, and what is connected to it."""
        begins = round(start * self.fps)
        ends = round((start + _seconds(element.get("duration"))) * self.fps)
        local = _seconds(element.get("start"))
        track = self.tracks.setdefault((self._is_sound(element), lane), [])
        clip = None if element.tag == "gap" else self._clip(element, ends - begins)
        if clip is not None:
            track.append(_Found(begins, ends - begins, clip))
        for child in element:
            if child.tag == "marker":
                self._marker(child, start + _seconds(child.get("start")) - local)
            elif child.get("lane") is not None:
                at = start + _seconds(child.get("offset")) - local
                below = int(child.get("lane", "0"))
                if child.tag == "spine":
                    self._line(child, at, below)
                elif child.tag in ITEMS:
                    self._item(child, at, below)

    def _clip(self, element: Element, frames: int) -> otio.schema.Clip:
        asset = self._asset(element)
        local = _seconds(element.get("start"))
        speed, begins = Fraction(1), local
        line = element.find("timeMap")
        points = line.findall("timept") if line is not None else []
        if len(points) >= 2:
            (t0, v0), (t1, v1) = (
                (_seconds(p.get("time")), _seconds(p.get("value"))) for p in (points[0], points[-1])
            )
            speed = (v1 - v0) / (t1 - t0)
            begins = v0 + (local - t0) * speed
        source = time_range(round(begins * self.fps), frames, self.fps)
        name = element.get("name") or (asset.get("name", "") if asset is not None else "")
        clip = otio.schema.Clip(name, source_range=source)
        if asset is not None:
            rep = asset.find("media-rep")
            url = (rep if rep is not None else asset).get("src") or ""
            length = self._frame(asset.get("duration"))
            available = time_range(self._frame(asset.get("start")), length, self.fps)
            clip.media_reference = otio.schema.ExternalReference(
                path_of_url(url), available if length else None
            )
        clip.enabled = element.get("enabled", "1") != "0"
        if not speed:
            clip.effects.append(otio.schema.FreezeFrame())
        elif speed != 1:
            clip.effects.append(otio.schema.LinearTimeWarp(time_scalar=float(speed)))
        if len(points) > 2:
            clip.effects.append(otio.schema.Effect("", "varying speed"))
        clip.effects.extend(_effects(element))
        return clip

    def _asset(self, element: Element) -> Element | None:
        ref = element.get("ref")
        if element.tag == "clip":
            inner = (
                element.find(".//video")
                if element.find(".//video") is not None
                else (element.find(".//audio"))
            )
            ref = inner.get("ref") if inner is not None else None
        found = self.resources.get(ref or "")
        return found if found is not None and found.tag == "asset" else None

    def _is_sound(self, element: Element) -> bool:
        asset = self._asset(element)
        if asset is None:
            return element.tag == "audio"
        return asset.get("hasVideo") != "1" or element.get("srcEnable") == "audio"

    def _marker(self, element: Element, at: Fraction) -> None:
        self.markers.append(
            otio.schema.Marker(
                name=element.get("value", ""),
                marked_range=time_range(
                    round(at * self.fps), self._frame(element.get("duration")), self.fps
                ),
                comment=element.get("note", ""),
            )
        )

    def _track(self, name: str, items: list[_Found]) -> otio.schema.Track:
        kind = otio.schema.TrackKind.Audio if name[0] == "A" else otio.schema.TrackKind.Video
        track = otio.schema.Track(name, kind=kind)
        blends = [item for item in items if item.blend is not None]
        position = 0
        for item in items:
            if item.clip is None:
                continue
            if item.start > position:
                gap = time_range(0, item.start - position, self.fps)
                track.append(otio.schema.Gap(source_range=gap))
            blend = next((b for b in blends if b.start <= item.start <= b.start + b.frames), None)
            if blend is not None and item.start == position and position:
                track.append(self._transition(blend, item.start))
            track.append(item.clip)
            position = item.start + item.frames
        return track

    def _transition(self, blend: _Found, cut: int) -> otio.schema.Transition:
        kinds = otio.schema.TransitionTypes
        return otio.schema.Transition(
            name=blend.blend or "",
            transition_type=kinds.SMPTE_Dissolve if blend.blend == "dissolve" else kinds.Custom,
            in_offset=time(cut - blend.start, self.fps),
            out_offset=time(blend.start + blend.frames - cut, self.fps),
        )


def _effects(element: Element) -> Iterator[otio.schema.Effect]:
    """What is laid on an item: filters, and adjustments that differ from their defaults."""
    for child in element:
        if child.get("enabled", "1") == "0":
            continue
        if child.tag in ("filter-video", "filter-audio", "filter-video-mask"):
            yield otio.schema.Effect("", child.get("name") or child.tag)
        elif child.tag.startswith("adjust-") and (
            len(child) or any(v not in DEFAULTS.get(name, ()) for name, v in child.items())
        ):
            yield otio.schema.Effect("", child.tag)


def _apart(items: list[_Found]) -> list[list[_Found]]:
    """Items of one lane as tracks in which none overlaps another."""
    tracks: list[list[_Found]] = []
    blends = [item for item in items if item.clip is None]
    for item in sorted((i for i in items if i.clip is not None), key=lambda found: found.start):
        for track in tracks:
            if track[-1].start + track[-1].frames <= item.start:
                track.append(item)
                break
        else:
            tracks.append([item])
    return [[*track, *blends] for track in tracks]


def _seconds(text: str | None) -> Fraction:
    """``61/12s`` in seconds; nothing is 0."""
    return parse_rational((text or "0s").rstrip("s") or "0")
