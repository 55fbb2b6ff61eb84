"""Write MLT XML, which melt and Shotcut read.

`otio-mlt-adapter` mixes no audio tracks, makes every wipe a dissolve, gives clips of one name one
id, and states neither size nor rate. So this writer follows the reference of the elements
(https://www.mltframework.org/docs/mltxml/).

A transition is a tractor of the two clips that it joins, between them in the playlist. Properties
with the prefix ``shotcut:`` make Shotcut show a timeline.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio

from ...backend.spans.read_spans import span_reader
from ...timeline.layout import Placed, TrackTransition, lay_out
from ...timeline.properties import rate_of, size_of
from .base import is_audio, write_xml
from .mlt_entries import properties
from .mlt_fades import FilmFades, fade_filters, fades_of, shows
from .mlt_items import MltItems
from .mlt_levels import VolumeFilter, volume_filters
from .mlt_media import MltMedia
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


_NO_FADES = FilmFades()


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
        self.media = MltMedia(self.root, self.fps)
        reader = span_reader(timeline, Path(), self.fps)
        self.items = MltItems(self.media, reader, self.fps, self.add_nested, self.losses)
        self._names = count()

    def build(self) -> Element:
        """Build all elements; return the main tractor, which has to come last."""
        return self.tractor(self.timeline, "main")

    def tractor(self, timeline: otio.schema.Timeline, name: str) -> Element:
        """Return the tractor of a timeline whose stack and tracks have no ranges.

        Its lowest track is black; transparent in a nested timeline, above what lies below it.
        """
        layouts = [(track, lay_out(track, self.fps)) for track in timeline.tracks]
        frames = max((items[-1].end for _, items in layouts if items), default=1)
        span = {"in": "0", "out": str(frames - 1)}
        below = "background" if name == "main" else f"{name}background"
        black = SubElement(self.root, "producer", {"id": f"{below}colour", **span})
        properties(
            black,
            {"length": frames, "eof": "pause", "mlt_service": "color",
             "resource": "#ff000000" if name == "main" else "#00000000",
             "mlt_image_format": "rgba", "set.test_audio": 0},
        )  # fmt: skip
        background = SubElement(self.root, "playlist", id=below)
        SubElement(background, "entry", {"producer": f"{below}colour", **span})
        names: list[tuple[str, otio.schema.Track | None]] = [(below, None)]
        names += [(self._playlist(track, items), track) for track, items in layouts]
        made = Element("tractor", {"id": name, **span})
        if name == "main":
            properties(made, {"shotcut": 1})
            add_markers(made, timeline)
        for playlist, track in names:
            reference = SubElement(made, "track", producer=playlist)
            if track is not None and is_audio(track):
                reference.set("hide", "video")
            elif track is not None and not any(isinstance(i, otio.core.Composition) for i in track):
                reference.set("hide", "audio")  # The sound of clips lies on audio tracks.
        lowest = next((n for n, (_, t) in enumerate(names) if t and not is_audio(t)), 0)
        for number, (_, track) in enumerate(names):
            if track is not None:
                self._mix(made, number, lowest, is_audio(track), frames)
        return made

    def _playlist(self, track: otio.schema.Track, items: list[Placed]) -> str:
        for_audio = is_audio(track)
        playlist = Element("playlist", id=f"playlist{next(self._names)}")
        properties(
            playlist,
            {f"shotcut:{'audio' if for_audio else 'video'}": 1, "shotcut:name": track.name or ""},
        )
        for index, placed in enumerate(items):
            after = items[index + 1] if index + 1 < len(items) else None
            begin = placed.into.after if placed.into else 0
            end = placed.frames - (placed.out.before if placed.out else 0)
            fades = FilmFades() if for_audio else fades_of(items, index)
            if fades.into is not None:
                begin = -fades.into.before
            if fades.out is not None:
                end = placed.frames + fades.out.after
            self.add_item(playlist, placed, begin, end, for_audio, self.kept_fades(fades, track))
            if placed.out is None or after is None:
                continue
            if for_audio or (shows(placed) and shows(after)):
                name = self._transition(placed, after, placed.out, for_audio)
                last = str(placed.out.frames - 1)
                SubElement(playlist, "entry", {"producer": name, "in": "0", "out": last})
            elif not shows(placed) and not shows(after):
                SubElement(playlist, "blank", length=str(placed.out.frames))
        self.root.append(playlist)
        return str(playlist.get("id"))

    def add_item(
        self,
        playlist: Element,
        placed: Placed,
        begin: int,
        end: int,
        for_audio: bool,
        fades: FilmFades = _NO_FADES,
    ) -> None:
        """Append frames ``begin`` to ``end`` of an item, with its levels and fades."""
        at = 0
        for entry in self.items.entries(placed, begin, end, for_audio):
            element = entry.add_to(playlist)
            span = {"in": str(entry.first), "out": str(entry.first + entry.frames - 1)}
            for values in fade_filters(fades, at, entry.frames, end - begin):
                properties(SubElement(element, "filter", span), values)
            at += entry.frames
            for one in volume_filters(placed, begin, end, self.fps) if entry.producer else ():
                span = {"in": str(entry.first + one.first), "out": str(entry.first + one.last)}
                properties(SubElement(element, "filter", span), self.volume(one))

    def kept_fades(self, fades: FilmFades, track: otio.schema.Track) -> FilmFades:
        """Return fades of the lowest picture track, which are from and to black; none of others."""
        lowest = next((one for one in track.parent() if not is_audio(one)), None)
        for one in (fades.into, fades.out):
            if one is not None and track is not lowest:
                self.losses.append(f"{track.name}: a transition from or to nothing is left out")
            elif one is not None and one.kind != "dissolve":
                self.losses.append(f"{one.kind} from or to nothing: written as a fade")
        return fades if track is lowest else FilmFades()

    def volume(self, one: VolumeFilter) -> dict[str, Any]:
        """Return the properties of a filter; Shotcut names the one with keyframes."""
        named = {"shotcut:filter": "audioGain"} if one.kind == "volume" else {}
        return {"mlt_service": "volume"} | one.values | named

    def add_nested(self, timeline: otio.schema.Timeline) -> str:
        """Add the tractor of a nested timeline; return its id."""
        name = f"nested{next(self._names)}"
        self.root.append(self.tractor(timeline, name))
        return name

    def _transition(
        self, old: Placed, new: Placed, transition: TrackTransition, for_audio: bool
    ) -> str:
        """Add a tractor of the frames that two items share; return its id."""
        name = f"transition{next(self._names)}"
        last = str(transition.frames - 1)
        lines = []
        for side, placed, begin in (
            ("a", old, old.frames - transition.before),
            ("b", new, -transition.before),
        ):
            line = Element("playlist", id=f"{name}{side}")
            self.add_item(line, placed, begin, begin + transition.frames, for_audio)
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

    def _mix(self, main: Element, number: int, lowest: int, for_audio: bool, frames: int) -> None:
        """Mix a track with those below it: sound is added, pictures are composited.

        ``lowest`` is the number of the lowest picture track.
        """
        span = {"in": "0", "out": str(frames - 1)}
        properties(
            SubElement(main, "transition", span),
            {"a_track": 0, "b_track": number, "mlt_service": "mix", "always_active": 1, "sum": 1},
        )
        if not for_audio:
            properties(
                SubElement(main, "transition", span),
                {"a_track": lowest if number > lowest else 0, "b_track": number,
                 "mlt_service": "qtblend", "always_active": 1, "disable": int(number == lowest)},
            )  # fmt: skip
