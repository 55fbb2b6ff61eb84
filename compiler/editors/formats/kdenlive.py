"""Write Kdenlive's project: MLT XML with all clips in a bin, and two playlists for each track.

The document version is that of Kdenlive 22, which later ones convert; `otio-kdenlive-adapter` is
deprecated and loses transitions. Clips joined by a transition overlap, on alternate playlists of
their track.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio

from ...timeline.layout import Placed, TrackTransition, lay_out
from ...timeline.properties import size_of
from ...timeline.rate import whole_frames
from .base import is_audio
from .mlt import MltDocument, save
from .mlt_levels import VolumeFilter
from .mlt_media import properties

DOCUMENT_VERSION = "1.04"
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

    def build(self) -> Element:
        """Build all elements; return the main tractor, which has to come last."""
        tracks = list(self.timeline.tracks)
        sounds = [track for track in tracks if is_audio(track)]
        pictures = [track for track in tracks if not is_audio(track)]
        layouts = [(track, lay_out(track, self.fps)) for track in (*reversed(sounds), *pictures)]
        frames = max((items[-1].end for _, items in layouts if items), default=1)
        bin_list = self._bin()
        span = {"in": "0", "out": str(frames - 1)}
        black = SubElement(self.root, "producer", {"id": "black_track", **span})
        properties(
            black,
            {"length": frames, "eof": "continue", "resource": "black", "mlt_service": "color",
             "kdenlive:playlistid": "black_track", "mlt_image_format": "rgba",
             "set.test_audio": 0},
        )  # fmt: skip
        main = Element("tractor", {"id": "main", **span})
        SubElement(main, "track", producer="black_track")
        for number, (track, items) in enumerate(layouts):
            name = self._track(track, items, number, frames)
            SubElement(main, "track", producer=name)
        for number, (track, _) in enumerate(layouts, 1):
            self._mix_tracks(main, number, is_audio(track))
        self._fill(bin_list)
        return main

    def _bin(self) -> Element:
        """Add the empty bin, which has to precede the tracks."""
        element = SubElement(self.root, "playlist", id="main_bin")
        width, height = size_of(self.timeline)
        identity = uuid.uuid5(uuid.NAMESPACE_OID, str(self.timeline.name))
        values = {
            "version": DOCUMENT_VERSION,
            "kdenliveversion": "22.12.3",
            "uuid": f"{{{identity}}}",
            "profile": f"{width}x{height}_{float(self.fps):g}",
            "guides": self._guides(),
            "audioTarget": -1,
            "videoTarget": -1,
            "position": 0,
        }
        named: dict[str, Any] = {f"kdenlive:docproperties.{k}": v for k, v in values.items()}
        return properties(element, named | {"xml_retain": 1})

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
        self, track: otio.schema.Track, items: list[Placed], number: int, frames: int
    ) -> str:
        for_audio = is_audio(track)
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
        for placed in items:
            begin = -placed.into.before if placed.into else 0
            end = placed.frames + (placed.out.after if placed.out else 0)
            if placed.into:
                side = 1 - side
            if not isinstance(placed.item, otio.schema.Gap) and placed.item.enabled:
                blank = placed.start + begin - reached[side]
                if blank > 0:
                    SubElement(lines[side], "blank", length=str(blank))
                self.add_item(lines[side], placed, begin, end, for_audio)
                reached[side] = placed.start + end
            if placed.out:
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
