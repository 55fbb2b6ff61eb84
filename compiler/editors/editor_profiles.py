"""What each editor is written for: the files it reads, best first, and what it must be told.

DaVinci Resolve's reader of OpenTimelineIO knows no `Clip.2` and dissolves alone, and takes the note
of a marker from metadata of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import opentimelineio as otio

from ..timeline.metadata import NAMESPACE
from ..timeline.properties import kind_of


@dataclass(frozen=True, slots=True)
class Editor:
    """A program.

    Attributes:
        name: as people call it.
        suffixes: of the files that it reads, the best first.
        old: whether its OpenTimelineIO is older than `Clip.2`.
        dissolves_only: whether it knows no other transition of OpenTimelineIO's.
    """

    name: str
    suffixes: tuple[str, ...]
    old: bool = False
    dissolves_only: bool = False


EDITORS = {
    "resolve": Editor(
        "DaVinci Resolve",
        (".otio", ".otioz", ".fcpxml", ".xml", ".edl", ".aaf", ".srt"),
        old=True,
        dissolves_only=True,
    ),
    "premiere": Editor("Premiere Pro", (".xml", ".edl", ".aaf", ".otio", ".srt")),
    "finalcut": Editor("Final Cut Pro", (".fcpxml", ".srt")),
    "avid": Editor("Media Composer", (".aaf", ".edl")),
    "kdenlive": Editor("Kdenlive", (".kdenlive", ".otio", ".mlt", ".srt", ".ass")),
    "shotcut": Editor("Shotcut", (".mlt", ".edl", ".srt")),
    "blender": Editor("Blender", (".edl", ".otio", ".srt")),
    "nuke": Editor("Nuke Studio and Hiero", (".otio", ".otioz", ".edl", ".xml", ".aaf")),
}
"""By the word after ``--for``."""


def adapt_for(timeline: otio.schema.Timeline, editor: Editor) -> list[str]:
    """Change a prepared timeline into what an editor understands; returns what it loses."""
    notes = []
    for marker in timeline.tracks.markers:
        _note(marker)
    for clip in timeline.find_clips():
        for marker in clip.markers:
            _note(marker)
    if editor.dissolves_only:
        for track in timeline.tracks:
            for item in track:
                if isinstance(item, otio.schema.Transition) and kind_of(item) != "dissolve":
                    kind = kind_of(item)
                    item.metadata[NAMESPACE] = {"transition": kind}
                    item.name = kind
                    item.transition_type = otio.schema.TransitionTypes.SMPTE_Dissolve
                    notes.append(f"{kind}: written as a dissolve; it comes back as {kind}")
    return notes


def _note(marker: otio.schema.Marker) -> None:
    """A marker's comment where Resolve looks for it."""
    if marker.comment:
        stated = dict(marker.metadata.get("Resolve_OTIO", {}))
        marker.metadata["Resolve_OTIO"] = {"Note": str(marker.comment)} | stated
