"""Editor profiles: the files that each editor reads, and the limits of its reader.

DaVinci Resolve's OpenTimelineIO reader knows neither `Clip.2` nor transitions other than dissolves,
and takes the note of a marker from its own metadata.
"""

from __future__ import annotations

from dataclasses import dataclass

import opentimelineio as otio

from ..timeline.layout import kind_of
from ..timeline.metadata import NAMESPACE


@dataclass(frozen=True, slots=True)
class Editor:
    """An editing program.

    Attributes:
        name: of the program.
        suffixes: of the files that it reads, the preferred one first.
        old_schema: whether its OpenTimelineIO is older than `Clip.2`.
        dissolves_only: whether it knows no other OpenTimelineIO transition.
    """

    name: str
    suffixes: tuple[str, ...]
    old_schema: bool = False
    dissolves_only: bool = False


EDITORS = {
    "resolve": Editor(
        "DaVinci Resolve",
        (".otio", ".otioz", ".fcpxml", ".xml", ".edl", ".aaf", ".srt"),
        old_schema=True,
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
"""Profiles by their names for ``--for``."""


def adapt_for(timeline: otio.schema.Timeline, editor: Editor) -> list[str]:
    """Adapt a prepared timeline, in place, to an editor's reader; return the losses."""
    losses = []
    for marker in timeline.tracks.markers:
        _add_resolve_note(marker)
    for clip in timeline.find_clips():
        for marker in clip.markers:
            _add_resolve_note(marker)
    if editor.dissolves_only:
        for track in timeline.tracks:
            for item in track:
                if isinstance(item, otio.schema.Transition) and kind_of(item) != "dissolve":
                    kind = kind_of(item)
                    item.metadata[NAMESPACE] = {"transition": kind}
                    item.name = kind
                    item.transition_type = otio.schema.TransitionTypes.SMPTE_Dissolve
                    losses.append(f"{kind}: written as a dissolve; it comes back as {kind}")
    return losses


def _add_resolve_note(marker: otio.schema.Marker) -> None:
    """Copy a marker's comment to where Resolve reads it."""
    if marker.comment:
        stated = dict(marker.metadata.get("Resolve_OTIO", {}))
        marker.metadata["Resolve_OTIO"] = {"Note": str(marker.comment)} | stated
