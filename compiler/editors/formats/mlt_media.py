"""Entries of MLT playlists that show media at any speed, reversed, frozen, past an end.

`melt` rounds a place in a file to the nearest frame, of two the later; this project to the earlier.
So every entry is computed in both ways. What a plain producer or a ``timewarp`` cannot show exactly
is a chain with the link ``timeremap``, and a frozen frame has the filter ``freeze``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from ...backend.encode.graph_inputs import nearest_image
from ...backend.spans.frame_content import VideoContent, advance
from ...backend.spans.hold_ends import hold_ends
from ...backend.spans.media import nearest_frame
from ...backend.spans.spans import Span
from ...media.media_info import MediaInfo, VideoInfo
from ...timeline.layout import Placed
from .mlt_entries import MltEntry, properties

_HALF = Fraction(1, 2)
_NUDGE = Fraction(1, 1_000_000)
"""Frames by which ``timeremap`` is kept off the border between two frames."""


@dataclass
class MltMedia:
    """The producers of a document, made on first use.

    Attributes:
        root: the document's root element, to which they are appended.
        fps: of the reel.
        elements: of all producers by their ids.
        sources: the id of the producer that plays a producer's file as it is, by its id.
    """

    root: Element
    fps: Fraction
    elements: dict[str, Element] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    _ids: dict[tuple[object, ...], str] = field(default_factory=dict)

    def plain(self, path: str, name: str, frames: int, *, still: bool = False) -> str:
        """Return the producer of a file as it is.

        Args:
            path: of the file, with slashes.
            name: shown for it.
            frames: its length; that of the longest use counts.
            still: whether it is a picture.
        """
        values: dict[str, Any] = {"mlt_service": "avformat-novalidate", "resource": path,
                                  "seekable": 1}  # fmt: skip
        if still:
            values = {"mlt_service": "pixbuf", "resource": path, "ttl": 1}
        return self._make(("plain", path), "producer", name, frames, values)

    def still(self, path: Path, name: str, frames: int) -> MltEntry:
        """Return the entry of a still."""
        return MltEntry(self.plain(path.as_posix(), name, frames, still=True), 0, frames)

    def video(
        self, content: VideoContent, info: MediaInfo, name: str, frames: int
    ) -> Iterator[MltEntry]:
        """Yield the entries of the first frames of a content, held beyond the ends of its media."""
        row = hold_ends([Span(0, frames, content)], {content.path: info}, self.fps)
        for span in row:
            assert isinstance(span.picture, VideoContent)
            if info.images:
                yield from self._sequence(span.picture, info, name, span.frames)
            else:
                yield self._file(span.picture, info, name, span.frames)

    def sound(
        self, path: str, name: str, placed: Placed, begin: int, end: int, length: int
    ) -> MltEntry:
        """Return the entry of frames ``begin`` to ``end`` of a clip on an audio track.

        Args:
            path: of the file, with slashes.
            name: of the clip.
            placed: the clip.
            begin, end: counted from its start.
            length: of the file in frames of the reel.
        """
        pace, frames = abs(placed.speed), end - begin
        source = self.plain(path, name, length)
        if placed.speed == 1:
            first = max(0, placed.media_start + begin)
            self.plain(path, name, first + frames)
            return MltEntry(source, first, frames)
        place, length = round(placed.media_start / pace), int(length / pace)
        if placed.speed < 0:
            length = max(length, place + placed.frames)
            place = length - place - placed.frames
        speed = f"{float(placed.speed):.10g}"
        values = {"mlt_service": "timewarp", "resource": f"{speed}:{path}",
                  "warp_speed": speed, "warp_resource": path}  # fmt: skip
        key = ("timewarp", path, speed, length if placed.speed < 0 else 0)
        first = max(0, place + begin)
        made = self._make(
            key, "producer", name, max(length, first + frames), values, ("plain", path)
        )
        return MltEntry(made, first, frames)

    def _file(self, content: VideoContent, info: MediaInfo, name: str, frames: int) -> MltEntry:
        video = info.video
        assert video is not None
        path, length = content.path.as_posix(), math.ceil(video.frames * self.fps / video.fps)
        source = self.plain(path, name, length)
        wanted = [self._wanted(content, video, frame) for frame in range(frames)]
        per_frame = video.fps / self.fps
        if not content.speed:
            place = round(wanted[0] / per_frame)
            first = max(0, min(place, length - frames))
            self.plain(path, name, first + frames)
            return MltEntry(source, first, frames, place - first)
        begin = content.start * self.fps
        guesses = [place for place in _around(begin) if place >= 0]
        plays = [p for p in guesses if _shown(p, 1, frames, self.fps, video.fps) == wanted]
        if content.speed == 1 and (plays or guesses):
            first = plays[0] if plays else max(0, round(begin))
            self.plain(path, name, first + frames)
            return MltEntry(source, first, frames)
        warped = self._warped(content, name, length, video.fps, wanted)
        return warped or self._remapped(content, video, name, frames)

    def _warped(
        self,
        content: VideoContent,
        name: str,
        length: int,
        fps: Fraction,
        wanted: Sequence[int],
    ) -> MltEntry | None:
        """Return the entry of a ``timewarp``; None if it would show other frames."""
        pace, step = abs(content.speed), 1 if content.speed > 0 else -1
        speed = f"{float(content.speed):.10g}"
        last = int(length / pace) - 1
        for place in _around(content.start * self.fps / pace):
            first = place if step > 0 else last - place
            fits = 0 <= first <= last + 1 - len(wanted)
            if fits and _shown(place, step, len(wanted), self.fps / pace, fps) == wanted:
                path = content.path.as_posix()
                values = {"mlt_service": "timewarp", "resource": f"{speed}:{path}",
                          "warp_speed": speed, "warp_resource": path}  # fmt: skip
                key = ("timewarp", path, speed)
                made = self._make(key, "producer", name, last + 1, values, ("plain", path))
                return MltEntry(made, first, len(wanted))
        return None

    def _remapped(
        self, content: VideoContent, video: VideoInfo, name: str, frames: int
    ) -> MltEntry:
        """Return the entry of a chain that maps its frames to seconds of the file.

        ``timeremap`` shows the frame that has begun; half a frame more makes it the nearest.
        """
        begin = content.start + (_HALF - _NUDGE) / video.fps
        end = begin + (frames - 1) * content.speed / self.fps
        points = f"0={float(begin):.9f};{frames - 1}={float(end):.9f}"
        path = content.path.as_posix()
        values = {"mlt_service": "avformat-novalidate", "resource": path, "seekable": 1}
        key = ("timeremap", path, points)
        known = key in self._ids
        made = self._make(key, "chain", name, frames, values, ("plain", path))
        if not known:
            span = {"in": "0", "out": str(frames - 1), "mlt_service": "timeremap"}
            link = SubElement(self.elements[made], "link", {"id": f"{made}link", **span})
            # MLT 7.14 calls the map `time_map`.
            properties(link, {"map": points, "time_map": points, "image_mode": "nearest"})
        return MltEntry(made, 0, frames)

    def _sequence(
        self, content: VideoContent, info: MediaInfo, name: str, frames: int
    ) -> Iterator[MltEntry]:
        """Yield the entries of an image sequence: of all images, or of each image that is shown."""
        video = info.video
        assert video is not None
        wanted = [self._wanted(content, video, frame) for frame in range(frames)]
        each = self.fps / video.fps
        first = round(content.start * self.fps)
        number = _number_of_first(info)
        if number is not None and each.denominator == 1 and content.speed == 1:
            shown = [(first + frame) // int(each) for frame in range(frames)]
            if shown == wanted:
                pattern = f"{info.path.as_posix()}?begin={number}"
                values = {"mlt_service": "pixbuf", "resource": pattern, "ttl": int(each)}
                length = max(first + frames, len(info.images) * int(each))
                made = self._make(("sequence", pattern), "producer", name, length, values)
                yield MltEntry(made, first, frames)
                return
        for image, run in groupby(wanted):
            count, path = len(list(run)), info.images[image]
            if path is None and info.black_where_missing:
                yield MltEntry(self._black(count), 0, count)
                continue
            path = path or nearest_image(info, image)
            assert path is not None
            yield self.still(path, path.name, count)

    def _black(self, frames: int) -> str:
        values = {"mlt_service": "color", "resource": "0x000000ff"}
        return self._make(("black",), "producer", "black", frames, values)

    def _wanted(self, content: VideoContent, video: VideoInfo, frame: int) -> int:
        shown = advance(content, frame, self.fps)
        assert isinstance(shown, VideoContent)
        return nearest_frame(video, shown.start)

    def _make(
        self,
        key: tuple[object, ...],
        tag: str,
        name: str,
        frames: int,
        values: Mapping[str, Any],
        source: tuple[object, ...] | None = None,
    ) -> str:
        """Return the id of a producer that is at least ``frames`` long, made on first use."""
        if key not in self._ids:
            made = self._ids[key] = f"{tag}{len(self._ids)}"
            element = SubElement(self.root, tag, {"id": made, "in": "0", "out": "0"})
            self.elements[made] = element
            properties(element, {"length": 0, "eof": "pause", "shotcut:caption": name, **values})
            self.sources[made] = self._ids[source] if source is not None else made
        element = self.elements[self._ids[key]]
        if frames > int(element.get("out", "0")):
            element.set("out", str(max(0, frames - 1)))
            element[0].text = str(frames)
        return self._ids[key]


def _around(place: Fraction) -> Iterable[int]:
    """Return whole numbers next to a place, the nearest first."""
    return sorted(range(math.floor(place) - 1, math.ceil(place) + 2), key=lambda n: abs(n - place))


def _shown(first: int, step: int, frames: int, rate: Fraction, fps: Fraction) -> list[int]:
    """Return the frames of a file that `melt` shows, of a producer's frames from ``first`` on.

    In floating point, as `melt` counts: between two frames, an error decides.

    Args:
        first: of the producer.
        step: from one frame to the next, -1 in reverse.
        frames: their number.
        rate: frames of the producer in a second of the file.
        fps: of the file.
    """
    shown = []
    for place in range(first, first + step * frames, step):
        if (place * fps / rate + _HALF).denominator == 1 and rate.denominator != 1:
            return []  # The rate that `melt` counts with is rounded, too.
        shown.append(math.floor(place / float(rate) * float(fps) + 0.5))
    return shown


def _number_of_first(info: MediaInfo) -> int | None:
    """Return the number of a sequence's first image; None unless the next follow one by one."""
    head, _, tail = info.path.name.partition("%0")
    end = len(tail.partition("d")[2])
    if str(info.path).count("%") > 1 or "?" in str(info.path):
        return None  # No file pattern of MLT.
    first = None
    for place, image in enumerate(info.images):
        if image is None:
            return None
        number = int(image.name[len(head) : len(image.name) - end])
        first = number if first is None else first
        if number != first + place:
            return None
    return first
