"""Final Cut Pro's FCPXML, which Resolve and others read: written here.

`otio-fcpx-xml-adapter` leaves out transitions, puts clips where the format allows none, names files
by plain paths and counts NTSC rates as whole ones; so the format is written by the description of
its elements (https://developer.apple.com/documentation/professional-video-applications/
fcpxml-reference), in version 1.8, the oldest that every reader of today takes.

The first picture track is the primary storyline. Other tracks are connected to it in lanes; runs of
their clips that transitions join are storylines of their own, since only those may hold any.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio

from ...files.file_urls import url_of_path
from ...media.probe import STILL_SUFFIXES
from ...timeline.layout import Placed, TrackTransition, lay_out
from ...timeline.metadata import NAMESPACE
from ...timeline.properties import rate_of, size_of
from ...timeline.rate import whole_frames

VERSION = "1.8"
CROSS_DISSOLVE = "FxPlug:4731E73A-8DAC-4113-9A30-AE85B1761265"
AUDIO_CROSSFADE = "FFAudioTransition"
"""Final Cut's own effects, by the names that it knows them by."""


def write(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.fcpxml``."""
    document = _Document(timeline)
    root = document.build()
    ElementTree.indent(root)
    text = ElementTree.tostring(root, "unicode")
    path.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{text}\n',
        encoding="utf-8",
        newline="\n",
    )
    return document.notes


class _Document:
    """One file while it is put together: its resources are found on the way."""

    def __init__(self, timeline: otio.schema.Timeline):
        self.timeline = timeline
        self.fps = rate_of(timeline)
        self.notes: list[str] = []
        self.root = Element("fcpxml", version=VERSION)
        self.resources = SubElement(self.root, "resources")
        self.ids: dict[str, str] = {}

    def build(self) -> Element:
        width, height = size_of(self.timeline)
        self.format = self._resource(
            "format",
            "sequence",
            frameDuration=_seconds(Fraction(1), self.fps),
            width=str(width),
            height=str(height),
            colorSpace="1-1-1 (Rec. 709)",
        )
        pictures, others = self._tracks()
        frames = max((track[-1].end for track in (pictures, *others) if track), default=0)
        name = self.timeline.name or "timeline"
        event = SubElement(SubElement(self.root, "library"), "event", name=name)
        start = self.timeline.global_start_time
        # Places on the primary storyline count from the start timecode.
        self.start = whole_frames(start, self.fps) if start is not None else 0
        sequence = SubElement(
            SubElement(event, "project", name=name),
            "sequence",
            format=self.format,
            duration=self.time(frames),
            tcStart=self.time(self.start),
            tcFormat="NDF",
            audioLayout="stereo",
            audioRate="48k",
        )
        spine = SubElement(sequence, "spine")
        primary = self._storyline(spine, pictures, frames)
        lanes = {True: 0, False: 0}
        for track in others:
            is_sound = self.is_sound[id(track)]
            lanes[is_sound] += -1 if is_sound else 1
            for run in _runs(track):
                self._connect(primary, run, lanes[is_sound], is_sound)
        for marker in self.timeline.tracks.markers:
            self._mark(primary, marker)
        for element, _ in primary:
            _in_order(element)
        return self.root

    def time(self, frames: int) -> str:
        """Frames as seconds."""
        return _seconds(Fraction(frames), self.fps)

    def _tracks(self) -> tuple[list[Placed], list[list[Placed]]]:
        """The items of the first picture track, and of every other."""
        laid: list[tuple[bool, list[Placed]]] = []
        self.roles: dict[int, str] = {}
        self.is_sound: dict[int, bool] = {}
        for track in self.timeline.tracks:
            items = lay_out(track, self.fps)
            sound = track.kind == otio.schema.TrackKind.Audio
            self.is_sound[id(items)] = sound
            role = track.metadata.get(NAMESPACE, {}).get("role")
            for placed in items:
                self.roles[id(placed.item)] = "music" if role == "music" else "dialogue"
            laid.append((sound, items))
        first = next((items for sound, items in laid if not sound), [])
        return first, [items for _, items in laid if items is not first]

    def _storyline(
        self, spine: Element, items: list[Placed], frames: int
    ) -> list[tuple[Element, Placed]]:
        made = []
        for placed in items:
            element = self._item(placed, self.start + placed.start)
            spine.append(element)
            made.append((element, placed))
            if placed.out is not None:
                cut = self.start + placed.end
                spine.append(self._transition(placed.out, cut, is_sound=False))
        end = items[-1].end if items else 0
        if end < frames:
            gap = otio.schema.Gap()
            rest = Placed(gap, end, frames - end, 0, Fraction(1), None, None)
            element = self._item(rest, self.start + end)
            spine.append(element)
            made.append((element, rest))
        return made

    def _connect(
        self,
        primary: list[tuple[Element, Placed]],
        run: list[Placed],
        lane: int,
        is_sound: bool,
    ) -> None:
        """Hang a run of clips on the item of the storyline that it begins over."""
        start = run[0].start
        parent, under = next(
            (pair for pair in primary if pair[1].start <= start < pair[1].end), primary[-1]
        )
        offset = self._local(under) + Fraction(start - under.start)
        if len(run) == 1:
            element = self._item(run[0], 0)
            element.set("lane", str(lane))
            element.set("offset", _seconds(offset, self.fps))
            parent.append(element)
            return
        line = SubElement(parent, "spine", lane=str(lane), offset=_seconds(offset, self.fps))
        for placed in run:
            line.append(self._item(placed, placed.start - start))
            if placed.out is not None and placed is not run[-1]:
                line.append(self._transition(placed.out, placed.end - start, is_sound=is_sound))

    def _local(self, placed: Placed) -> Fraction:
        """The frame of an item's own time at which it begins to be seen."""
        if not isinstance(placed.item, otio.schema.Clip) or not placed.speed:
            return Fraction(0)
        return (self._origin(placed.item) + placed.media_start) / placed.speed

    def _origin(self, clip: otio.schema.Clip) -> int:
        available = clip.media_reference.available_range
        return whole_frames(available.start_time, self.fps) if available is not None else 0

    def _item(self, placed: Placed, offset: int) -> Element:
        common = {
            "name": str(placed.item.name or "Gap"),
            "offset": self.time(offset),
            "start": _seconds(self._local(placed), self.fps),
            "duration": self.time(placed.frames),
        }
        clip = placed.item
        if not isinstance(clip, otio.schema.Clip) or not isinstance(
            clip.media_reference, otio.schema.ExternalReference
        ):
            return Element("gap", common)
        path = Path(clip.media_reference.target_url)
        still = path.suffix.lower() in STILL_SUFFIXES
        common |= {"ref": self._asset(clip, still)}
        if not clip.enabled:
            common["enabled"] = "0"
        if still:
            element = Element("video", common)
        else:
            common |= {"format": self.format, "tcFormat": "NDF"}
            if _is_sound(clip):
                del common["format"]
                common["audioRole"] = self.roles[id(clip)]
            element = Element("asset-clip", common)
        if placed.speed != 1 and not still:
            self._retime(element, placed)
        for marker in clip.markers:
            self._mark([(element, placed)], marker, inside=True)
        return element

    def _retime(self, element: Element, placed: Placed) -> None:
        """The map from a clip's own time to its media's: a straight line, or level when frozen."""
        clip = placed.item
        assert isinstance(clip, otio.schema.Clip)
        line = SubElement(element, "timeMap", frameSampling="floor")
        origin = Fraction(self._origin(clip))
        if not placed.speed:
            held = origin + placed.media_start
            points = [(Fraction(0), held), (Fraction(placed.frames), held)]
        else:
            available = clip.media_reference.available_range
            length = whole_frames(available.duration, self.fps) if available else placed.frames
            points = [(at / placed.speed, at) for at in (origin, origin + length)]
        for at, value in points:
            SubElement(
                line,
                "timept",
                time=_seconds(at, self.fps),
                value=_seconds(value, self.fps),
                interp="linear",
            )

    def _asset(self, clip: otio.schema.Clip, still: bool) -> str:
        reference = clip.media_reference
        url = url_of_path(reference.target_url)
        sound = _is_sound(clip)
        if still:
            width, height = size_of(self.timeline)
            kind = self._resource(
                "format",
                "still",
                name="FFVideoFormatRateUndefined",
                width=str(width),
                height=str(height),
            )
        else:
            kind = self.format
        span = reference.available_range
        values = {
            "name": Path(reference.target_url).name,
            "src": url,
            "start": self.time(self._origin(clip)),
            "duration": "0s" if still else self.time(whole_frames(span.duration, self.fps)),
        }
        if sound:
            values |= {"hasAudio": "1", "audioSources": "1", "audioChannels": "2"}
        else:
            values |= {"hasVideo": "1", "format": kind}
        return self._resource("asset", url, **values)

    def _resource(self, tag: str, key: str, **values: str) -> str:
        """The id of a resource, which is made where it is not there yet."""
        key = f"{tag} {key}"
        if key not in self.ids:
            self.ids[key] = f"r{len(self.ids) + 1}"
            SubElement(self.resources, tag, {"id": self.ids[key], **values})
        return self.ids[key]

    def _transition(self, blend: TrackTransition, cut: int, is_sound: bool) -> Element:
        if blend.kind != "dissolve":
            self.notes.append(f"{blend.kind}: written as a cross dissolve of that name")
        name = "Cross Dissolve" if blend.kind == "dissolve" else blend.kind
        element = Element(
            "transition",
            name=name,
            offset=self.time(cut - blend.before),
            duration=self.time(blend.frames),
        )
        if is_sound:
            effect = self._resource(
                "effect", "crossfade", name="Audio Crossfade", uid=AUDIO_CROSSFADE
            )
            SubElement(element, "filter-audio", ref=effect, name="Audio Crossfade")
        else:
            effect = self._resource("effect", "dissolve", name="Cross Dissolve", uid=CROSS_DISSOLVE)
            SubElement(element, "filter-video", ref=effect, name="Cross Dissolve")
        return element

    def _mark(
        self,
        primary: list[tuple[Element, Placed]],
        marker: otio.schema.Marker,
        inside: bool = False,
    ) -> None:
        """A marker on the item that it lies over, in that item's own time."""
        start = whole_frames(marker.marked_range.start_time, self.fps)
        if inside:
            element, placed = primary[0]
            at = Fraction(start) / (placed.speed or 1)
        else:
            element, placed = next(
                (pair for pair in primary if pair[1].start <= start < pair[1].end), primary[-1]
            )
            at = self._local(placed) + start - placed.start
        values = {
            "start": _seconds(at, self.fps),
            "duration": self.time(1),
            "value": str(marker.name),
        }
        if marker.comment:
            values["note"] = str(marker.comment)
        SubElement(element, "marker", values)


def _runs(items: Iterable[Placed]) -> list[list[Placed]]:
    """Clips that transitions join, together; every other clip by itself."""
    runs: list[list[Placed]] = []
    for placed in items:
        if not isinstance(placed.item, otio.schema.Clip):
            continue
        if placed.into is not None and runs and runs[-1][-1].end == placed.start:
            runs[-1].append(placed)
        else:
            runs.append([placed])
    return runs


def _in_order(element: Element) -> None:
    """Sort an item's children as the grammar wants them: map, what hangs on it, markers."""
    rank = {"timeMap": 0, "marker": 2}
    element[:] = sorted(element, key=lambda child: rank.get(child.tag, 1))


def _is_sound(clip: otio.schema.Clip) -> bool:
    parent = clip.parent()
    return isinstance(parent, otio.schema.Track) and parent.kind == otio.schema.TrackKind.Audio


def _seconds(frames: Fraction, fps: Fraction) -> str:
    """Frames as the format writes seconds: ``61/12s``, ``5s``."""
    seconds = frames / fps
    if seconds.denominator == 1:
        return f"{seconds.numerator}s"
    return f"{seconds.numerator}/{seconds.denominator}s"
