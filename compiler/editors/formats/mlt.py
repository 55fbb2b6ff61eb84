"""MLT XML, which melt and Shotcut read: written here.

`otio-mlt-adapter` mixes no sound tracks, makes every wipe a dissolve, gives clips of one name one
id, and states neither size nor rate; so the format is written by the description of its elements
(https://www.mltframework.org/docs/mltxml/).

A transition is a tractor of the two clips it joins, which stands between them in the playlist. The
properties that begin with ``shotcut:`` make Shotcut show it as a timeline.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio

from ...files.file_urls import slashed
from ...media.probe import STILL_SUFFIXES
from ...timeline.layout import Placed, TrackTransition, lay_out
from ...timeline.metadata import NAMESPACE
from ...timeline.properties import rate_of, size_of

LUMAS = {
    "wipe_left": ("luma01.pgm", True),
    "wipe_right": ("luma01.pgm", False),
    "wipe_up": ("luma02.pgm", True),
    "wipe_down": ("luma02.pgm", False),
    "circle_open": ("luma16.pgm", False),
    "circle_close": ("luma16.pgm", True),
}
"""Our wipes as MLT's: the picture whose grey says when each pixel changes, and whether inverted."""
SILENT_DB = -70


def write(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.mlt``."""
    document = Document(timeline)
    main = document.build()
    save(document.root, main, path)
    return document.notes


def save(root: Element, main: Element, path: Path) -> None:
    """Write a document whose last element is what is played."""
    root.append(main)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, "unicode")
    path.write_text(
        f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n', encoding="utf-8", newline="\n"
    )


def properties(element: Element, values: dict[str, Any]) -> Element:
    """Add properties to an element of MLT."""
    for name, value in values.items():
        SubElement(element, "property", name=name).text = str(value)
    return element


def profile(timeline: otio.schema.Timeline) -> Element:
    """The size, rate and colours of the reel."""
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


class Document:
    """One file while it is put together: what is played comes before what plays it."""

    def __init__(self, timeline: otio.schema.Timeline):
        self.timeline = timeline
        self.fps = rate_of(timeline)
        self.notes: list[str] = []
        self.root = Element("mlt", LC_NUMERIC="C", version="7.0.0", producer="main")
        self.root.set("title", str(timeline.name or ""))
        self.root.append(profile(timeline))
        self.producers: dict[tuple[str, Fraction, int], str] = {}
        self.tractors = 0

    def build(self) -> Element:
        """The whole; returns the tractor that plays it, which is to come last."""
        laid = [(track, lay_out(track, self.fps)) for track in self.timeline.tracks]
        frames = max((items[-1].end for _, items in laid if items), default=1)
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
        for number, (track, items) in enumerate(laid):
            names.append((self._playlist(track, items, number), track))
        main = Element("tractor", {"id": "main", "in": "0", "out": str(frames - 1)})
        properties(main, {"shotcut": 1})
        for name, track in names:
            reference = SubElement(main, "track", producer=name)
            if track is not None and track.kind == otio.schema.TrackKind.Audio:
                reference.set("hide", "video")
        for number, (_, track) in enumerate(names):
            if track is not None:
                self._mix(main, number, track.kind == otio.schema.TrackKind.Audio, frames)
        return main

    def _playlist(self, track: otio.schema.Track, items: list[Placed], number: int) -> str:
        is_sound = track.kind == otio.schema.TrackKind.Audio
        playlist = Element("playlist", id=f"playlist{number}")
        properties(
            playlist,
            {f"shotcut:{'audio' if is_sound else 'video'}": 1, "shotcut:name": track.name or ""},
        )
        if is_sound:
            self._gain(playlist, track, items)
        for index, placed in enumerate(items):
            after = items[index + 1] if index + 1 < len(items) else None
            begin = placed.into.after if placed.into else 0
            end = placed.frames - (placed.out.before if placed.out else 0)
            if end > begin:
                self._entry(playlist, placed, begin, end)
            if placed.out is not None and after is not None:
                name = self._transition(placed, after, placed.out, is_sound)
                last = str(placed.out.frames - 1)
                SubElement(playlist, "entry", {"producer": name, "in": "0", "out": last})
        self.root.append(playlist)
        return str(playlist.get("id"))

    def _entry(self, playlist: Element, placed: Placed, begin: int, end: int) -> None:
        """Frames of an item, counted from its start."""
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
        """The frame of an item's producer that is seen at a frame of the item."""
        if not placed.speed:
            return 0
        return max(0, round(placed.media_start / placed.speed) + frame)

    def producer(self, placed: Placed) -> str | None:
        """The id of what plays a clip; None of a gap."""
        clip = placed.item
        if (
            not placed.is_clip
            or not isinstance(clip, otio.schema.Clip)
            or not isinstance(clip.media_reference, otio.schema.ExternalReference)
        ):
            return None
        path = slashed(str(clip.media_reference.target_url))
        held = placed.media_start if not placed.speed else 0
        key = (path, placed.speed, held)
        if key not in self.producers:
            self.producers[key] = f"producer{len(self.producers)}"
            available = clip.media_reference.available_range
            length = round(available.duration.rescaled_to(float(self.fps)).value)
            if placed.speed:
                length = int(length / placed.speed)
            element = SubElement(
                self.root,
                "producer",
                {"id": self.producers[key], "in": "0", "out": str(max(0, length - 1))},
            )
            values = {"length": length, "eof": "pause", "shotcut:caption": clip.name}
            properties(element, values | _service(path, placed.speed, held))
        return self.producers[key]

    def _transition(self, old: Placed, new: Placed, blend: TrackTransition, is_sound: bool) -> str:
        """A tractor of the frames that two items share."""
        name = f"transition{self.tractors}"
        self.tractors += 1
        last = str(blend.frames - 1)
        lines = []
        for side, placed, begin in (
            ("a", old, old.frames - blend.before),
            ("b", new, -blend.before),
        ):
            line = Element("playlist", id=f"{name}{side}")
            self._entry(line, placed, begin, begin + blend.frames)
            lines.append(line)
        self.root.extend(lines)
        tractor = SubElement(self.root, "tractor", {"id": name, "in": "0", "out": last})
        properties(tractor, {"shotcut:transition": "lumaMix"})
        for line in lines:
            SubElement(tractor, "track", producer=str(line.get("id")))
        common = {"a_track": 0, "b_track": 1, "in": 0, "out": last}
        if not is_sound:
            properties(
                SubElement(tractor, "transition", {"in": "0", "out": last}),
                common | self.luma(blend),
            )
        properties(
            SubElement(tractor, "transition", {"in": "0", "out": last}),
            common | {"mlt_service": "mix", "start": -1, "accepts_blanks": 1},
        )
        return name

    def luma(self, blend: TrackTransition) -> dict[str, Any]:
        """A transition as MLT's, a dissolve where it has no such thing."""
        values: dict[str, Any] = {"mlt_service": "luma", "factory": "loader", "progressive": 1}
        if blend.kind in LUMAS:
            picture, inverted = LUMAS[blend.kind]
            values |= {"resource": f"%{picture}", "softness": 0, "invert": int(inverted)}
        elif blend.kind != "dissolve":
            self.notes.append(f"{blend.kind}: written as a dissolve")
        return values

    def _mix(self, main: Element, number: int, is_sound: bool, frames: int) -> None:
        """Lay a track over those below it: sounds are added, pictures cover."""
        span = {"in": "0", "out": str(frames - 1)}
        common = {"a_track": 0, "b_track": number}
        properties(
            SubElement(main, "transition", span),
            common | {"mlt_service": "mix", "always_active": 1, "sum": 1},
        )
        if not is_sound:
            properties(
                SubElement(main, "transition", span),
                common
                | {"mlt_service": "qtblend", "always_active": 1, "disable": int(number == 1)},
            )

    def _gain(self, playlist: Element, track: otio.schema.Track, items: list[Placed]) -> None:
        """The gain and the fades that the track's metadata ask for; ducking is left out."""
        values = track.metadata.get(NAMESPACE, {})
        level = values.get("gain_db", 0.0)
        end = items[-1].end if items else 0
        fade_in, fade_out = (
            round(values.get(name, 0) * self.fps) for name in ("fade_in", "fade_out")
        )
        if values.get("duck_db"):
            self.notes.append(f"{track.name}: does not give way to the narration")
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


def _service(path: str, speed: Fraction, held: int) -> dict[str, Any]:
    """What reads a file: its own frames, slower or faster ones, or one of them for ever."""
    if Path(path).suffix.lower() in STILL_SUFFIXES:
        return {"mlt_service": "pixbuf", "resource": path, "ttl": 1}
    if not speed:
        return {"mlt_service": "hold", "resource": path, "frame": held}
    if speed != 1:
        return {
            "mlt_service": "timewarp",
            "resource": f"{float(speed):g}:{path}",
            "warp_speed": f"{float(speed):g}",
            "warp_resource": path,
        }
    return {"mlt_service": "avformat-novalidate", "resource": path, "seekable": 1}
