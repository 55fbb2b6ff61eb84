"""Write Final Cut Pro's FCPXML, which Resolve and others read.

`otio-fcpx-xml-adapter` omits transitions, puts clips in places that the format forbids, writes
plain paths and counts NTSC rates as whole ones. So this writer follows Apple's reference
(https://developer.apple.com/documentation/professional-video-applications/fcpxml-reference) and is
valid against the DTD of each version. By default it writes 1.8, the oldest that current readers
accept: a reader knows the versions up to its own.

The first picture track is the primary storyline. Clips of other tracks are connected to it in
lanes; clips joined by transitions form secondary storylines, since only those hold transitions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio

from ...media.probe import is_still
from ...timeline.layout import Placed, TrackTransition, lay_out
from ...timeline.levels import clip_levels
from ...timeline.media import source_start
from ...timeline.metadata import own_metadata
from ...timeline.properties import rate_of
from ...timeline.rate import seconds, whole_frames
from .base import is_audio, write_xml
from .fcpxml_levels import volume_element
from .fcpxml_order import runs_of, sort_children
from .fcpxml_resources import Resources, first_media_frame, kinds_of_media, seconds_text

VERSIONS = ("1.8", "1.9", "1.10", "1.11", "1.12", "1.13", "1.14")
"""Versions that can be written, the default first."""


def write(timeline: otio.schema.Timeline, path: Path, *, version: str = VERSIONS[0]) -> list[str]:
    """Write ``.fcpxml``, in one of `VERSIONS`."""
    document = FcpxmlDocument(timeline, version)
    write_xml(path, document.build(), "fcpxml")
    return document.losses


@dataclass(frozen=True, slots=True, eq=False)
class _Lane:
    """A track as frames; ``role`` is what Final Cut calls its sound."""

    items: Sequence[Placed]
    is_audio: bool
    role: str


_Storyline = Sequence[tuple[Element, Placed]]
"""The elements of the primary storyline, with their items."""


class FcpxmlDocument:
    """A file under construction: resources are declared as clips use them."""

    def __init__(self, timeline: otio.schema.Timeline, version: str):
        self.timeline = timeline
        self.fps = rate_of(timeline)
        self.losses: list[str] = []
        self.kinds = kinds_of_media(timeline)
        self.root = Element("fcpxml", version=version)
        resources = SubElement(self.root, "resources")
        has_media_rep = version != VERSIONS[0]
        self.resources = Resources(timeline, self.fps, resources, has_media_rep=has_media_rep)

    def build(self) -> Element:
        """Return the root element."""
        start = self.timeline.global_start_time
        start_frame = whole_frames(start, self.fps) if start is not None else 0
        name = self.timeline.name or "timeline"
        event = SubElement(SubElement(self.root, "library"), "event", name=name)
        project = SubElement(event, "project", name=name)
        self._sequence(project, self.timeline.tracks, start_frame)
        return self.root

    def _sequence(self, parent: Element, stack: Sequence[otio.core.Item], start_frame: int) -> None:
        """Add the sequence of a timeline, or of one nested in it, given its tracks."""
        lanes = [_lane(track, self.fps) for track in stack]
        first = next((lane for lane in lanes if not lane.is_audio), _Lane([], False, "dialogue"))
        frames = max((lane.items[-1].end for lane in lanes if lane.items), default=0)
        sequence = SubElement(
            parent,
            "sequence",
            format=self.resources.format,
            duration=self._seconds(frames),
            tcStart=self._seconds(start_frame),
            tcFormat="NDF",
            audioLayout="stereo",
            audioRate="48k",
        )
        spine = SubElement(sequence, "spine")
        storyline = self._storyline(spine, first, start_frame, frames)
        numbers = {True: 0, False: 0}
        for lane in lanes:
            if lane is not first:
                numbers[lane.is_audio] += -1 if lane.is_audio else 1
                for run in runs_of(lane.items):
                    self._connect(storyline, lane, run, numbers[lane.is_audio])
        for marker in getattr(stack, "markers", ()):
            frame = whole_frames(marker.marked_range.start_time, self.fps)
            parent, under = _at(storyline, frame)
            self._mark(parent, marker, self._local_start(under) + frame - under.start)
        for element, _ in storyline:
            sort_children(element)

    def _storyline(self, spine: Element, lane: _Lane, start_frame: int, frames: int) -> _Storyline:
        """Add the items of the first picture track, and a gap up to the end of the longest track.

        Offsets on the primary storyline count from the start timecode.
        """
        storyline = []
        end = lane.items[-1].end if lane.items else 0
        rest = Placed(otio.schema.Gap(), end, frames - end, 0, Fraction(1))
        for placed in (*lane.items, *([rest] if end < frames else ())):
            element = self._item(lane, placed, start_frame + placed.start)
            if placed.fade_in is not None:
                spine.append(self._transition(lane, placed.fade_in, start_frame + placed.start))
            spine.append(element)
            storyline.append((element, placed))
            out = placed.out or placed.fade_out
            if out is not None:
                spine.append(self._transition(lane, out, start_frame + placed.end))
        return storyline

    def _connect(
        self, storyline: _Storyline, lane: _Lane, run: Sequence[Placed], number: int
    ) -> None:
        """Connect clips joined by transitions to the item of the storyline under their start."""
        start = run[0].start
        parent, under = _at(storyline, start)
        offset = self._seconds(self._local_start(under) + start - under.start)
        # From and to nothing, within their clips: a storyline begins and ends with a clip.
        ends = run[0].into or run[0].fade_in, run[-1].out or run[-1].fade_out
        into = replace(ends[0], before=0) if ends[0] is not None and ends[0].after else None
        out = replace(ends[1], after=0) if ends[1] is not None and ends[1].before else None
        if len(run) == 1 and into is None and out is None:
            element = self._item(lane, run[0], 0)
            element.set("lane", str(number))
            element.set("offset", offset)
            parent.append(element)
            return
        spine = SubElement(parent, "spine", lane=str(number), offset=offset)
        if into is not None:
            spine.append(self._transition(lane, into, 0))
        for placed in run:
            spine.append(self._item(lane, placed, placed.start - start))
            after = out if placed is run[-1] else placed.out
            if after is not None:
                spine.append(self._transition(lane, after, placed.end - start))

    def _item(self, lane: _Lane, placed: Placed, offset: int) -> Element:
        values = {
            "name": str(placed.item.name or "Gap"),
            "offset": self._seconds(offset),
            "start": self._seconds(self._local_start(placed)),
            "duration": self._seconds(placed.frames),
        }
        clip = placed.item
        if isinstance(clip, otio.core.Composition):
            return self._compound(lane, placed, clip, values)
        if not isinstance(clip, otio.schema.Clip) or not isinstance(
            clip.media_reference, otio.schema.ExternalReference
        ):
            return Element("gap", values)
        still = is_still(Path(clip.media_reference.target_url))
        kinds = self.kinds[clip.media_reference.target_url]
        values["ref"] = self.resources.asset(clip, kinds, is_still=still)
        if not clip.enabled:
            values["enabled"] = "0"
        if still:
            element = Element("video", values)
        else:
            extra = {"tcFormat": "NDF", "audioRole": lane.role}
            if not lane.is_audio:
                extra = {"format": self.resources.format, "tcFormat": "NDF"}
            if len(kinds) > 1:
                extra["srcEnable"] = "audio" if lane.is_audio else "video"
            element = Element("asset-clip", values | extra)
            if placed.speed != 1:
                self._retime(element, placed)
            if lane.is_audio:
                volume = volume_element(clip_levels(clip), self._local_start(placed) / self.fps)
                element.extend([] if volume is None else [volume])
        for marker in clip.markers:
            frame = whole_frames(marker.marked_range.start_time, self.fps)
            self._mark(element, marker, self._own_time(placed, Fraction(frame)))
        return element

    def _compound(
        self, lane: _Lane, placed: Placed, nested: otio.core.Composition, values: dict[str, str]
    ) -> Element:
        """Return a compound clip; its tracks are a resource of its own."""
        values["ref"], media = self.resources.compound(str(nested.name))
        self._sequence(media, nested if isinstance(nested, otio.schema.Stack) else [nested], 0)
        values |= {"srcEnable": "audio"} if lane.is_audio else {}
        values |= {} if nested.enabled else {"enabled": "0"}
        element = Element("ref-clip", values)
        if placed.speed != 1:
            self._retime(element, placed)
        return element

    def _local_start(self, placed: Placed) -> Fraction:
        """Return the frame of an item's own time at its start."""
        item = placed.item
        if isinstance(item, otio.schema.Gap) or not placed.speed:
            return Fraction(0)
        first = self._shown_from(placed)
        shown = placed.frames * max(-placed.speed, Fraction(0))
        return self._own_time(placed, first + shown)

    def _own_time(self, placed: Placed, frame: Fraction) -> Fraction:
        """Return the frame of a clip's own time at a frame of its media; reversed, from the end."""
        if placed.speed >= 0:
            return frame / (placed.speed or 1)
        first, last = self._media_range(placed)
        return (first + last - frame) / -placed.speed

    def _shown_from(self, placed: Placed) -> Fraction:
        """Return the frame of its media, or of its nested timeline, that an item starts with."""
        first = self._media_range(placed)[0]
        if isinstance(placed.item, otio.core.Composition):
            return first + whole_frames(placed.item.trimmed_range().start_time, self.fps)
        return first + source_start(placed.item) * self.fps

    def _media_range(self, placed: Placed) -> tuple[Fraction, Fraction]:
        """Return the first frame of an item's media, and the one after the last."""
        if isinstance(placed.item, otio.core.Composition):
            inside = placed.item.available_range().duration
            return Fraction(0), Fraction(whole_frames(inside, self.fps))
        first = Fraction(first_media_frame(placed.item, self.fps))
        available = placed.item.media_reference.available_range
        length = seconds(available.duration) * self.fps if available else placed.frames
        return first, first + length

    def _retime(self, element: Element, placed: Placed) -> None:
        """Map a clip's own time to its media's: linearly, or to one frame if it is frozen."""
        first, last = self._media_range(placed)
        if not placed.speed:
            frozen = self._shown_from(placed)
            points = [(Fraction(0), frozen), (Fraction(placed.frames), frozen)]
        else:
            ends = ((self._own_time(placed, frame), frame) for frame in (first, last))
            points = sorted(ends)
        time_map = SubElement(element, "timeMap", frameSampling="floor")
        for own, media in points:
            SubElement(
                time_map,
                "timept",
                time=self._seconds(own),
                value=self._seconds(media),
                interp="linear",
            )

    def _transition(self, lane: _Lane, transition: TrackTransition, cut: int) -> Element:
        kind = transition.kind
        if kind != "dissolve":
            self.losses.append(f"{kind}: written as a cross dissolve of that name")
        element = Element(
            "transition",
            name="Cross Dissolve" if kind == "dissolve" else kind,
            offset=self._seconds(cut - transition.before),
            duration=self._seconds(transition.frames),
        )
        if lane.is_audio:
            effect = self.resources.crossfade()
            SubElement(element, "filter-audio", ref=effect, name="Audio Crossfade")
        else:
            effect = self.resources.dissolve()
            SubElement(element, "filter-video", ref=effect, name="Cross Dissolve")
        return element

    def _mark(self, element: Element, marker: otio.schema.Marker, frame: Fraction) -> None:
        """Add a marker at a frame of an item's own time."""
        values = {
            "start": self._seconds(frame),
            "duration": self._seconds(1),
            "value": str(marker.name),
        }
        values |= {"note": str(marker.comment)} if marker.comment else {}
        SubElement(element, "marker", values)

    def _seconds(self, frames: Fraction | int) -> str:
        return seconds_text(frames, self.fps)


def _lane(track: otio.schema.Track, fps: Fraction) -> _Lane:
    role = "music" if own_metadata(track).get("role") == "music" else "dialogue"
    return _Lane(lay_out(track, fps), is_audio(track), role)


def _at(storyline: _Storyline, frame: int) -> tuple[Element, Placed]:
    """Return the item of a storyline at a frame of the reel, else the last."""
    found = (pair for pair in storyline if pair[1].start <= frame < pair[1].end)
    return next(found, storyline[-1])
