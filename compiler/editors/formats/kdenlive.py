"""Write Kdenlive's project: MLT XML with all clips in a bin, and two playlists for each track.

The document version is that of Kdenlive 22, which later ones convert; with nested timelines, that
of 23.04 and later, in which each is a sequence of the bin. `otio-kdenlive-adapter` is deprecated
and loses transitions. Clips joined by a transition overlap, on alternate playlists of
their track.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio

from ...timeline.layout import Placed, TrackTransition, lay_out
from ...timeline.properties import size_of
from ...timeline.rate import whole_frames
from .base import is_audio
from .mlt import MltDocument, save
from .mlt_entries import properties
from .mlt_fades import FilmFades, fades_of, shows
from .mlt_levels import VolumeFilter
from .mlt_nested import has_sound

DOCUMENT_VERSION = "1.04"
NESTING_VERSION = "1.1"
"""That of Kdenlive 23.04 and later, whose documents hold several sequences."""
SEQUENCE = 17
"""Kdenlive's number for a clip of the bin that is a sequence."""
INTERNAL = 237
"""Marks the transitions that Kdenlive adds between tracks."""


def write(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.kdenlive``."""
    document = KdenliveDocument(timeline)
    main = document.build()
    document.root.set("producer", "main_bin")
    save(document.root, main, path)
    return document.losses


class KdenliveDocument(MltDocument):
    """The clips and transitions of an MLT document, in Kdenlive's layout."""

    def __init__(self, timeline: otio.schema.Timeline):
        super().__init__(timeline)
        self._ids: dict[str, int] = {}
        self._sequences: dict[str, tuple[str, Element]] = {}
        self._uuid = self._uuid_of("")

    def build(self) -> Element:
        """Build all elements; return the main tractor, which has to come last."""
        bin_list = Element("playlist", id="main_bin")
        main = self._sequence(self.timeline, "main")
        self._fill(bin_list)
        self._describe_bin(bin_list)
        if not self._sequences:
            self.root.insert(1 + len(self.media.elements), bin_list)
            return main
        # The timeline is a sequence of the bin, too.
        main.set("id", self._uuid)
        self._sequences[self._uuid] = str(self.timeline.name), main
        self.root.append(main)
        sequences = self._sequences.items()
        for number, (name, (title, element)) in enumerate(sequences, len(self._ids) + 2):
            self._describe_sequence(name, title, element, number)
            SubElement(bin_list, "entry", {"producer": name, "in": "0", "out": "0"})
        self.root.append(bin_list)
        span = {"in": "0", "out": main.get("out", "0")}
        project = Element("tractor", {"id": "project", **span})
        properties(project, {"kdenlive:projectTractor": 1})
        SubElement(project, "track", {"producer": self._uuid, **span})
        return project

    def add_nested(self, timeline: otio.schema.Timeline) -> str:
        """Add the sequence of a nested timeline; return its id."""
        name = self._uuid_of(f"nested {next(self._names)}")
        element = self._sequence(timeline, name)
        self._sequences[name] = str(timeline.name), element
        self.root.append(element)
        return name

    def _uuid_of(self, name: str) -> str:
        identity = uuid.uuid5(uuid.NAMESPACE_OID, f"{self.timeline.name}{name}")
        return f"{{{identity}}}"

    def _sequence(self, timeline: otio.schema.Timeline, name: str) -> Element:
        """Return the tractor of a timeline whose stack and tracks have no ranges.

        Nested timelines on picture tracks have a second track for their sound.
        """
        tracks = [(track, lay_out(track, self.fps), is_audio(track)) for track in timeline.tracks]
        sounds = [one for one in tracks if one[2]]
        pictures = [one for one in tracks if not one[2]]
        for track, items, _ in pictures:
            nested = [
                replace(one, into=None, out=None)
                for one in items
                if one.speed == 1 and has_sound(one.item)
            ]
            if nested:
                sounds.append((track, nested, True))
        layouts = [*reversed(sounds), *pictures]
        frames = max((items[-1].end for _, items, _ in layouts if items), default=1)
        span = {"in": "0", "out": str(frames - 1)}
        background = "black_track" if name == "main" else f"black_track{name}"
        black = SubElement(self.root, "producer", {"id": background, **span})
        properties(
            black,
            {"length": frames, "eof": "continue", "resource": "black" if name == "main" else 0,
             "mlt_service": "color", "kdenlive:playlistid": "black_track",
             "mlt_image_format": "rgba", "set.test_audio": 0},
        )  # fmt: skip
        made = Element("tractor", {"id": name, **span})
        SubElement(made, "track", producer=background)
        for track, items, for_audio in layouts:
            producer = self._track(track, items, for_audio, frames)
            SubElement(made, "track", producer=producer)
        for number, (_, _, for_audio) in enumerate(layouts, 1):
            self._mix_tracks(made, number, for_audio)
        return made

    def _describe_sequence(self, name: str, title: str, element: Element, number: int) -> None:
        """Add the properties of a sequence clip, after which its entries are numbered."""
        frames = int(element.get("out", "0")) + 1
        tracks = len(element.findall("track")) - 1
        is_main = name == self._uuid
        values: dict[str, Any] = {
            "uuid": name,
            "control_uuid": name,
            "clipname": title or f"Sequence {number}",
            "duration": _clock(frames / self.fps),
            "maxduration": frames,
            "producer_type": SEQUENCE,
            "clip_type": 0,
            "folderid": -1,
            "id": number,
            "sequenceproperties.documentuuid": self._uuid,
            "sequenceproperties.hasAudio": 1,
            "sequenceproperties.hasVideo": 1,
            "sequenceproperties.tracks": tracks,
            "sequenceproperties.tracksCount": tracks,
            "sequenceproperties.groups": "[]",
            "sequenceproperties.guides": self._guides() if is_main else "[]",
        }
        properties(element, {f"kdenlive:{key}": value for key, value in values.items()})
        for entry in self.root.iter("entry"):
            if entry.get("producer") == name:
                properties(entry, {"kdenlive:id": number})

    def _describe_bin(self, bin_list: Element) -> None:
        """Add the properties of the document to the bin."""
        width, height = size_of(self.timeline)
        values: dict[str, Any] = {
            "version": DOCUMENT_VERSION,
            "kdenliveversion": "22.12.3",
            "uuid": self._uuid,
            "profile": f"{width}x{height}_{float(self.fps):g}",
            "audioTarget": -1,
            "videoTarget": -1,
            "position": 0,
        }
        if self._sequences:
            values |= {"version": NESTING_VERSION, "kdenliveversion": "24.02.0",
                       "opensequences": self._uuid, "activetimeline": self._uuid}  # fmt: skip
        else:
            values["guides"] = self._guides()
        named = {f"kdenlive:docproperties.{key}": value for key, value in values.items()}
        properties(bin_list, named | {"xml_retain": 1})

    def _guides(self) -> str:
        """Return the timeline's markers as Kdenlive's guides, in JSON."""
        guides = []
        for marker in self.timeline.tracks.markers:
            position = whole_frames(marker.marked_range.start_time, self.fps)
            guides.append({"comment": str(marker.name), "pos": position, "type": 0})
        return json.dumps(guides)

    def _fill(self, bin_list: Element) -> None:
        """Number the clips of the bin: each file as it is, of which retimed ones are copies."""
        for number, name in enumerate(dict.fromkeys(self.media.sources.values()), 2):
            self._ids[name] = number
            element = self.media.elements[name]
            SubElement(
                bin_list,
                "entry",
                {"producer": name, "in": "0", "out": element.get("out", "0")},
            )
        for name, element in reversed(self.media.elements.items()):
            caption = element.findtext("property[@name='shotcut:caption']")
            known = {"kdenlive:id": self._ids[self.media.sources[name]]}
            properties(element, known | {"kdenlive:clipname": caption})
            # Producers have to precede the bin that refers to them.
            self.root.remove(element)
            self.root.insert(1, element)
        for entry in self.root.iter("entry"):
            name = entry.get("producer", "")
            if name in self.media.sources and entry not in list(bin_list):
                properties(entry, {"kdenlive:id": self._ids[self.media.sources[name]]})

    def _track(
        self, track: otio.schema.Track, items: list[Placed], for_audio: bool, frames: int
    ) -> str:
        number = next(self._names)
        lines = [Element("playlist", id=f"playlist{number}_{side}") for side in (0, 1)]
        if for_audio:
            for line in lines:
                properties(line, {"kdenlive:audio_track": 1})
        tractor = Element("tractor", {"id": f"track{number}", "in": "0", "out": str(frames - 1)})
        values: dict[str, Any] = {
            "kdenlive:track_name": track.name or "",
            "kdenlive:timeline_active": 1,
            "kdenlive:trackheight": 67,
        }
        properties(tractor, values | ({"kdenlive:audio_track": 1} if for_audio else {}))
        hide = "video" if for_audio else "audio"
        for line in lines:
            SubElement(tractor, "track", {"hide": hide, "producer": str(line.get("id"))})
        reached, side = [0, 0], 0
        for index, placed in enumerate(items):
            into, out = placed.into or placed.fade_in, placed.out or placed.fade_out
            begin = -into.before if into else 0
            end = placed.frames + (out.after if out else 0)
            fades = FilmFades() if for_audio else fades_of(items, index)
            if placed.into and not fades.into:
                side = 1 - side
            if shows(placed):
                blank = placed.start + begin - reached[side]
                if blank > 0:
                    SubElement(lines[side], "blank", length=str(blank))
                kept = self.kept_fades(fades, track)
                self.add_item(lines[side], placed, begin, end, for_audio, kept)
                reached[side] = placed.start + end
            if placed.out and (for_audio or (shows(placed) and not fades.out)):
                self._mix_clips(tractor, placed.end, placed.out, side, for_audio)
        self.root.extend([*lines, tractor])
        return str(tractor.get("id"))

    def _mix_clips(
        self, tractor: Element, cut: int, transition: TrackTransition, side: int, for_audio: bool
    ) -> None:
        """Add a transition from the playlist ``side`` to the other."""
        first = cut - transition.before
        span = {"in": str(first), "out": str(first + transition.frames - 1)}
        kind: dict[str, Any]
        if for_audio:
            kind = {"mlt_service": "mix", "kdenlive_id": "mix", "start": -1, "accepts_blanks": 1}
        else:
            kind = self.luma(transition) | {"kdenlive_id": "luma", "alpha_over": 1}
            kind["fix_background_alpha"] = 1
            if "resource" in kind:
                kind["resource"] = kind["resource"].lstrip("%")
                if side:  # a reversed wipe runs the other way
                    kind["invert"] = 1 - kind["invert"]
        common = {"a_track": 0, "b_track": 1, "kdenlive:mixcut": transition.before}
        properties(SubElement(tractor, "transition", span), common | kind | {"reverse": side})

    def volume(self, one: VolumeFilter) -> dict[str, Any]:
        """Return the properties of an effect."""
        named = {"mlt_service": "volume", "kdenlive_id": one.kind}
        return named | {"max_gain": "20dB", "window": 75} | one.values

    def _mix_tracks(self, main: Element, number: int, for_audio: bool) -> None:
        common = {
            "a_track": 0,
            "b_track": number,
            "always_active": 1,
            "internal_added": INTERNAL,
        }
        if for_audio:
            kind: dict[str, Any] = {"mlt_service": "mix", "kdenlive_id": "mix", "sum": 1,
                                    "accepts_blanks": 1}  # fmt: skip
        else:
            kind = {"mlt_service": "qtblend", "kdenlive_id": "qtblend", "compositing": 0}
        properties(SubElement(main, "transition"), common | kind)


def _clock(seconds: Fraction) -> str:
    """Return seconds in MLT's spelling, ``00:00:05.000``."""
    thousandths = round(seconds * 1000)
    minutes, thousandths = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{thousandths // 1000:02d}.{thousandths % 1000:03d}"
