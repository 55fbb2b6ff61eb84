"""Write MLT XML, which melt and Shotcut read.

`otio-mlt-adapter` mixes no audio tracks, makes every wipe a dissolve, gives clips of one name one
id, and states neither size nor rate. So this writer follows the reference of the elements
(https://www.mltframework.org/docs/mltxml/).

A transition is a tractor of the two clips that it joins, between them in the playlist. Properties
with the prefix ``shotcut:`` make Shotcut show a timeline.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio

from ...files.file_urls import slashed
from ...media.probe import is_still
from ...timeline.layout import Placed, TrackTransition, lay_out
from ...timeline.metadata import own_metadata
from ...timeline.properties import rate_of, size_of
from ...timeline.rate import whole_frames
from .base import is_audio, write_xml
from .shotcut_markers import add_markers

LUMAS = {
    "wipe_left": ("luma01.pgm", True),
    "wipe_right": ("luma01.pgm", False),
    "wipe_up": ("luma02.pgm", True),
    "wipe_down": ("luma02.pgm", False),
    "circle_open": ("luma16.pgm", False),
    "circle_close": ("luma16.pgm", True),
}
"""Our wipes as MLT's: the luma map, whose grey is the time of each pixel, and its inversion."""
SILENT_DB = -70


def write(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.mlt``."""
    document = MltDocument(timeline)
    main = document.build()
    save(document.root, main, path)
    return document.losses


def save(root: Element, main: Element, path: Path) -> None:
    """Write a document; ``main``, the element to play, comes last."""
    root.append(main)
    write_xml(path, root, encoding="utf-8")


def properties(element: Element, values: dict[str, Any]) -> Element:
    """Add properties to an element, and return it."""
    for name, value in values.items():
        SubElement(element, "property", name=name).text = str(value)
    return element


def profile(timeline: otio.schema.Timeline) -> Element:
    """Return the size, frame rate and colour space of the reel."""
    width, height = size_of(timeline)
    fps, aspect = rate_of(timeline), Fraction(width, height)
    values: dict[str, int | str] = {
        "description": f"{width}x{height} {float(fps):g} fps",
        "width": width,
        "height": height,
        "progressive": 1,
        "sample_aspect_num": 1,
        "sample_aspect_den": 1,
        "display_aspect_num": aspect.numerator,
        "display_aspect_den": aspect.denominator,
        "frame_rate_num": fps.numerator,
        "frame_rate_den": fps.denominator,
        "colorspace": 709,
    }
    return Element("profile", {name: str(value) for name, value in values.items()})


class MltDocument:
    """A file under construction: producers and playlists precede the tractors that use them."""

    def __init__(self, timeline: otio.schema.Timeline):
        self.timeline = timeline
        self.fps = rate_of(timeline)
        self.losses: list[str] = []
        self.root = Element("mlt", LC_NUMERIC="C", version="7.0.0", producer="main")
        self.root.set("title", str(timeline.name or ""))
        self.root.append(profile(timeline))
        self.producers: dict[tuple[str, Fraction, int], str] = {}
        self.tractors = 0

    def build(self) -> Element:
        """Build all elements; return the main tractor, which has to come last."""
        layouts = [(track, lay_out(track, self.fps)) for track in self.timeline.tracks]
        frames = max((items[-1].end for _, items in layouts if items), default=1)
        black = SubElement(
            self.root, "producer", {"id": "black", "in": "0", "out": str(frames - 1)}
        )
        properties(
            black,
            {"length": frames, "eof": "pause", "resource": "0", "mlt_service": "color",
             "mlt_image_format": "rgba", "set.test_audio": 0},
        )  # fmt: skip
        background = SubElement(self.root, "playlist", id="background")
        SubElement(background, "entry", {"producer": "black", "in": "0", "out": str(frames - 1)})
        names: list[tuple[str, otio.schema.Track | None]] = [("background", None)]
        for number, (track, items) in enumerate(layouts):
            names.append((self._playlist(track, items, number), track))
        main = Element("tractor", {"id": "main", "in": "0", "out": str(frames - 1)})
        properties(main, {"shotcut": 1})
        add_markers(main, self.timeline)
        for name, track in names:
            reference = SubElement(main, "track", producer=name)
            if track is not None and is_audio(track):
                reference.set("hide", "video")
        for number, (_, track) in enumerate(names):
            if track is not None:
                self._mix(main, number, is_audio(track), frames)
        return main

    def _playlist(self, track: otio.schema.Track, items: list[Placed], number: int) -> str:
        for_audio = is_audio(track)
        playlist = Element("playlist", id=f"playlist{number}")
        properties(
            playlist,
            {f"shotcut:{'audio' if for_audio else 'video'}": 1, "shotcut:name": track.name or ""},
        )
        if for_audio:
            self._gain(playlist, track, items)
        for index, placed in enumerate(items):
            after = items[index + 1] if index + 1 < len(items) else None
            begin = placed.into.after if placed.into else 0
            end = placed.frames - (placed.out.before if placed.out else 0)
            if end > begin:
                self._entry(playlist, placed, begin, end)
            if placed.out is not None and after is not None:
                name = self._transition(placed, after, placed.out, for_audio)
                last = str(placed.out.frames - 1)
                SubElement(playlist, "entry", {"producer": name, "in": "0", "out": last})
        self.root.append(playlist)
        return str(playlist.get("id"))

    def _entry(self, playlist: Element, placed: Placed, begin: int, end: int) -> None:
        """Add frames ``begin`` to ``end`` of an item, counted from its start."""
        producer = self.producer(placed)
        if producer is None:
            SubElement(playlist, "blank", length=str(end - begin))
            return
        first = self.position(placed, begin)
        SubElement(
            playlist,
            "entry",
            {"producer": producer, "in": str(first), "out": str(first + end - begin - 1)},
        )

    def position(self, placed: Placed, frame: int) -> int:
        """Return the frame of an item's producer at a frame of the item."""
        if not placed.speed:
            return 0
        return max(0, round(placed.media_start / placed.speed) + frame)

    def producer(self, placed: Placed) -> str | None:
        """Return the id of a clip's producer; None for gaps."""
        clip = placed.item
        if (
            not placed.is_clip
            or not isinstance(clip, otio.schema.Clip)
            or not isinstance(clip.media_reference, otio.schema.ExternalReference)
        ):
            return None
        path = slashed(str(clip.media_reference.target_url))
        frozen = placed.media_start if not placed.speed else 0
        key = (path, placed.speed, frozen)
        if key not in self.producers:
            self.producers[key] = f"producer{len(self.producers)}"
            available = clip.media_reference.available_range
            length = whole_frames(available.duration, self.fps)
            if placed.speed:
                length = int(length / placed.speed)
            element = SubElement(
                self.root,
                "producer",
                {"id": self.producers[key], "in": "0", "out": str(max(0, length - 1))},
            )
            values = {"length": length, "eof": "pause", "shotcut:caption": clip.name}
            properties(element, values | _service(path, placed.speed, frozen))
        return self.producers[key]

    def _transition(
        self, old: Placed, new: Placed, transition: TrackTransition, for_audio: bool
    ) -> str:
        """Add a tractor of the frames that two items share; return its id."""
        name = f"transition{self.tractors}"
        self.tractors += 1
        last = str(transition.frames - 1)
        lines = []
        for side, placed, begin in (
            ("a", old, old.frames - transition.before),
            ("b", new, -transition.before),
        ):
            line = Element("playlist", id=f"{name}{side}")
            self._entry(line, placed, begin, begin + transition.frames)
            lines.append(line)
        self.root.extend(lines)
        tractor = SubElement(self.root, "tractor", {"id": name, "in": "0", "out": last})
        properties(tractor, {"shotcut:transition": "lumaMix"})
        for line in lines:
            SubElement(tractor, "track", producer=str(line.get("id")))
        common = {"a_track": 0, "b_track": 1, "in": 0, "out": last}
        if not for_audio:
            properties(
                SubElement(tractor, "transition", {"in": "0", "out": last}),
                common | self.luma(transition),
            )
        properties(
            SubElement(tractor, "transition", {"in": "0", "out": last}),
            common | {"mlt_service": "mix", "start": -1, "accepts_blanks": 1},
        )
        return name

    def luma(self, transition: TrackTransition) -> dict[str, Any]:
        """Return the properties of a transition, of a dissolve if MLT has no equivalent."""
        values: dict[str, Any] = {"mlt_service": "luma", "factory": "loader", "progressive": 1}
        if transition.kind in LUMAS:
            luma, inverted = LUMAS[transition.kind]
            values |= {"resource": f"%{luma}", "softness": 0, "invert": int(inverted)}
        elif transition.kind != "dissolve":
            self.losses.append(f"{transition.kind}: written as a dissolve")
        return values

    def _mix(self, main: Element, number: int, for_audio: bool, frames: int) -> None:
        """Mix a track with those below it: sound is added, pictures are composited."""
        span = {"in": "0", "out": str(frames - 1)}
        common = {"a_track": 0, "b_track": number}
        properties(
            SubElement(main, "transition", span),
            common | {"mlt_service": "mix", "always_active": 1, "sum": 1},
        )
        if not for_audio:
            properties(
                SubElement(main, "transition", span),
                common
                | {"mlt_service": "qtblend", "always_active": 1, "disable": int(number == 1)},
            )

    def _gain(self, playlist: Element, track: otio.schema.Track, items: list[Placed]) -> None:
        """Add the gain and fades of a track's metadata."""
        values = own_metadata(track)
        level = values.get("gain_db", 0.0)
        end = items[-1].end if items else 0
        fade_in, fade_out = (
            round(values.get(name, 0) * self.fps) for name in ("fade_in", "fade_out")
        )
        if not (level or fade_in or fade_out):
            return
        points = {0: SILENT_DB if fade_in else level}
        if fade_in:
            points[min(fade_in, end)] = level
        if fade_out:
            points[max(*points, end - fade_out)] = level
            points[end] = SILENT_DB
        text = ";".join(f"{frame}={db:g}" for frame, db in sorted(points.items()))
        properties(SubElement(playlist, "filter"), {"mlt_service": "volume", "level": text})


def _service(path: str, speed: Fraction, frozen: int) -> dict[str, Any]:
    """Return the service that reads a file at a speed; ``frozen`` is the frame for speed 0."""
    if is_still(Path(path)):
        return {"mlt_service": "pixbuf", "resource": path, "ttl": 1}
    if not speed:
        return {"mlt_service": "hold", "resource": path, "frame": frozen}
    if speed != 1:
        return {
            "mlt_service": "timewarp",
            "resource": f"{float(speed):g}:{path}",
            "warp_speed": f"{float(speed):g}",
            "warp_resource": path,
        }
    return {"mlt_service": "avformat-novalidate", "resource": path, "seekable": 1}
