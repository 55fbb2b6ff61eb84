"""Read FCPXML as Final Cut Pro and Resolve write it.

The primary storyline becomes ``V1``. Each lane above it becomes a picture track; each lane below
it, and all items with sound alone, become audio tracks. Compound clips, titles, generators and
drawings become clips without media that keep their place and name. The pick of an audition is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import opentimelineio as otio

from ...errors import InputError, Problem
from ...files.file_urls import path_of_url
from ...sync.rationals import parse_rational
from ...timeline.properties import state_format
from ...timeline.rate import time, time_range
from .base import read_xml, time_warp
from .fcpxml_effects import effects_of
from .time_maps import ConstantSpeed, map_pieces

ITEMS = {
    *("asset-clip", "clip", "video", "audio", "gap", "ref-clip", "sync-clip", "mc-clip", "title"),
    "live-drawing",
}
DISSOLVES = {"Cross Dissolve", "Audio Crossfade", ""}
BUNDLE_INFO = "Info.fcpxml"
"""The file in the folder ``.fcpxmld`` that Final Cut 10.6 and later export."""


def read(path: Path, _fps: Fraction | None) -> otio.core.SerializableObject:
    """Read ``.fcpxml``, or the folder ``.fcpxmld``.

    Raises:
        InputError: it is not FCPXML, or holds no project.
    """
    file = path / BUNDLE_INFO if path.is_dir() else path
    try:
        root = ElementTree.fromstring(read_xml(file))
    except ElementTree.ParseError as error:
        raise InputError(Problem.in_file(path, f"is not XML: {error}")) from error
    project = root.find(".//project")
    sequence = root.find(".//project/sequence")
    if root.tag != "fcpxml" or project is None or sequence is None:
        raise InputError(Problem.in_file(path, "holds no project of Final Cut"))
    try:
        return _timeline(root, sequence, project.get("name", path.stem))
    except (ValueError, ZeroDivisionError, KeyError) as error:
        raise InputError(Problem.in_file(path, f"is invalid: {error}")) from error


@dataclass(frozen=True, slots=True)
class _LaneItem:
    """A clip, or a transition's kind, in frames of the reel."""

    is_audio: bool
    lane: int
    start: int
    frames: int
    clip: otio.schema.Clip | None = None
    transition: str = ""

    @property
    def end(self) -> int:
        """The frame after its last."""
        return self.start + self.frames


def _timeline(root: Element, sequence: Element, name: str) -> otio.schema.Timeline:
    resources = {r.get("id", ""): r for r in root.iterfind("./resources/*")}
    sequence_format = resources[sequence.get("format", "")]
    fps = 1 / _seconds(sequence_format.get("frameDuration", "100/2400s"))
    spine = sequence.find("spine")
    if spine is None:
        raise ValueError("a sequence has no spine")
    # Offsets on the primary storyline count from the start timecode; some writers forget it.
    start = _seconds(sequence.get("tcStart"))
    offsets = [_seconds(item.get("offset")) for item in spine if item.get("offset")]
    origin = -start if min(offsets, default=start) >= start else Fraction(0)
    walker = _Walker(resources, fps)
    found = list(walker.storyline(spine, origin, 0))
    timeline = otio.schema.Timeline(name)
    timeline.global_start_time = time(round(start * fps), fps)
    timeline.tracks.extend(_tracks([i for i in found if isinstance(i, _LaneItem)], fps))
    timeline.tracks.markers.extend(i for i in found if isinstance(i, otio.schema.Marker))
    width, height = (int(sequence_format.get(name) or 0) for name in ("width", "height"))
    if width and height:
        state_format(timeline, width, height, fps)
    return timeline


@dataclass(frozen=True, slots=True)
class _Walker:
    """Walks storylines and the items connected to them.

    Attributes:
        resources: elements of the document by id.
        fps: the frame rate.
    """

    resources: Mapping[str, Element]
    fps: Fraction

    def storyline(
        self, spine: Element, origin: Fraction, lane: int
    ) -> Iterator[_LaneItem | otio.schema.Marker]:
        """Yield the items of a storyline that begins ``origin`` seconds into the sequence."""
        reached = max(origin, Fraction(0))
        is_audio = self._is_audio(next(iter(spine), spine))
        for element in map(_picked, spine):
            offset = element.get("offset")
            start = origin + _seconds(offset) if offset is not None else reached
            end = start + self._length(element)
            if element.tag == "transition":
                first = round(start * self.fps)
                name = element.get("name", "")
                kind = "dissolve" if name in DISSOLVES else name
                frames = round(end * self.fps) - first
                yield _LaneItem(is_audio, lane, first, frames, transition=kind)
            elif element.tag in ITEMS:
                reached = end
                yield from self._item(element, start, lane)

    def _item(
        self, element: Element, start: Fraction, lane: int
    ) -> Iterator[_LaneItem | otio.schema.Marker]:
        """Yield an item, its markers, and the items connected to it."""
        first = round(start * self.fps)
        frames = round((start + self._length(element)) * self.fps) - first
        if element.tag != "gap":
            is_audio = self._is_audio(element)
            for at, clip in self._clips(element, frames):
                length = round(clip.source_range.duration.value)
                yield _LaneItem(is_audio, lane, first + at, length, clip)
        local_start = _seconds(element.get("start"))
        for child in map(_picked, element):
            if child.tag == "marker":
                yield self._marker(child, start + _seconds(child.get("start")) - local_start)
            elif child.get("lane") is not None:
                child_start = start + _seconds(child.get("offset")) - local_start
                child_lane = int(child.get("lane", "0"))
                if child.tag == "spine":
                    yield from self.storyline(child, child_start, child_lane)
                elif child.tag in ITEMS:
                    yield from self._item(child, child_start, child_lane)

    def _clips(self, element: Element, frames: int) -> Iterator[tuple[int, otio.schema.Clip]]:
        """Yield an item's first frame, 0, and its clip; a clip for each part of a speed ramp."""
        begin = _seconds(element.get("start")) * self.fps
        points = [
            (_seconds(point.get("time")) * self.fps, _seconds(point.get("value")) * self.fps)
            for point in element.iterfind("./timeMap/timept")
        ]
        whole = [ConstantSpeed(0, frames, begin, Fraction(1))]
        for piece in map_pieces(points, begin, frames) if len(points) > 1 else whole:
            yield piece.start, self._clip(element, piece)

    def _clip(self, element: Element, piece: ConstantSpeed) -> otio.schema.Clip:
        asset = self._asset(element)
        clip = otio.schema.Clip(
            element.get("name") or (asset.get("name", "") if asset is not None else ""),
            source_range=time_range(round(piece.media_start), piece.frames, self.fps),
        )
        if asset is not None:
            clip.media_reference = self._reference(asset)
        clip.enabled = element.get("enabled", "1") != "0"
        if piece.speed != 1:
            clip.effects.append(time_warp(piece.speed))
        clip.effects.extend(effects_of(element))
        return clip

    def _reference(self, asset: Element) -> otio.schema.ExternalReference:
        media = asset.find("media-rep")
        url = (media if media is not None else asset).get("src") or ""
        start, length = (round(_seconds(asset.get(n)) * self.fps) for n in ("start", "duration"))
        available = time_range(start, length, self.fps) if length else None
        return otio.schema.ExternalReference(path_of_url(url), available)

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
        return _seconds(stated)

    def _is_audio(self, element: Element) -> bool:
        asset = self._asset(element)
        if asset is None:
            return element.tag == "audio"
        return asset.get("hasVideo") != "1" or element.get("srcEnable") == "audio"

    def _marker(self, element: Element, at_s: Fraction) -> otio.schema.Marker:
        frames = round(_seconds(element.get("duration")) * self.fps)
        return otio.schema.Marker(
            name=element.get("value", ""),
            marked_range=time_range(round(at_s * self.fps), frames, self.fps),
            comment=element.get("note", ""),
        )


def _picked(element: Element) -> Element:
    """Return the pick of an audition, its first item, in its place; other elements unchanged."""
    if element.tag != "audition" or not len(element):
        return element
    pick = Element(element[0].tag, element[0].attrib | element.attrib)
    pick.extend(element[0])
    return pick


def _tracks(items: Sequence[_LaneItem], fps: Fraction) -> Iterator[otio.schema.Track]:
    """Yield picture tracks from the lowest lane, then audio tracks from the highest."""
    for letter in "VA":
        of_kind = [item for item in items if item.is_audio == (letter == "A")]
        number = 0
        for lane in sorted({item.lane for item in of_kind}, reverse=letter == "A"):
            in_lane = [item for item in of_kind if item.lane == lane]
            transitions = [item for item in in_lane if item.clip is None]
            for clips in _without_overlap(item for item in in_lane if item.clip is not None):
                number += 1
                yield _track(f"{letter}{number}", clips, transitions, fps)


def _without_overlap(clips: Iterable[_LaneItem]) -> list[list[_LaneItem]]:
    """Distribute the clips of a lane over tracks without overlap."""
    tracks: list[list[_LaneItem]] = []
    for item in sorted(clips, key=lambda item: item.start):
        track = next((track for track in tracks if track[-1].end <= item.start), None)
        if track is None:
            tracks.append([item])
        else:
            track.append(item)
    return tracks


def _track(
    name: str, clips: Sequence[_LaneItem], transitions: Sequence[_LaneItem], fps: Fraction
) -> otio.schema.Track:
    kind = otio.schema.TrackKind.Audio if name[0] == "A" else otio.schema.TrackKind.Video
    track = otio.schema.Track(name, kind=kind)
    position = 0
    for item in clips:
        if item.start > position:
            gap = time_range(0, item.start - position, fps)
            track.append(otio.schema.Gap(source_range=gap))
        into = next((t for t in transitions if t.start <= item.start <= t.end), None)
        if into is not None and item.start == position and position:
            track.append(_transition(into, item.start, fps))
        track.append(item.clip)
        position = item.end
    return track


def _transition(item: _LaneItem, cut: int, fps: Fraction) -> otio.schema.Transition:
    kinds = otio.schema.TransitionTypes
    return otio.schema.Transition(
        name=item.transition,
        transition_type=kinds.SMPTE_Dissolve if item.transition == "dissolve" else kinds.Custom,
        in_offset=time(cut - item.start, fps),
        out_offset=time(item.end - cut, fps),
    )


def _seconds(text: str | None) -> Fraction:
    """Return the seconds of ``61/12s``; 0 if there is no text."""
    return parse_rational((text or "0s").rstrip("s") or "0")
