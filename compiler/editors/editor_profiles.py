"""Editor profiles: the files that each editor reads, and the limits of its reader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import opentimelineio as otio

from ..timeline.layout import kind_of
from ..timeline.metadata import NAMESPACE
from .resolve_dialect import KEY, to_resolve


@dataclass(frozen=True, slots=True)
class Editor:
    """An editing program.

    Attributes:
        name: of the program.
        suffixes: of the files that it reads, the preferred one first.
        dissolves_only: whether it knows no other OpenTimelineIO transition.
        is_resolve: whether it reads Resolve's metadata of OpenTimelineIO.
        old_schema: whether it gets schemas older than `Clip.2`.
    """

    name: str
    suffixes: tuple[str, ...]
    dissolves_only: bool = False
    is_resolve: bool = False
    old_schema: bool = False


_OF_RESOLVE = (".otio", ".otioz", ".fcpxml", ".xml", ".edl", ".aaf", ".srt")


EDITORS = {
    "resolve": Editor("DaVinci Resolve", _OF_RESOLVE, dissolves_only=True, is_resolve=True),
    "resolve-18": Editor(
        "DaVinci Resolve 18", _OF_RESOLVE, dissolves_only=True, is_resolve=True, old_schema=True
    ),
    "premiere": Editor("Premiere Pro", (".xml", ".edl", ".aaf", ".otio", ".srt")),
    "finalcut": Editor("Final Cut Pro", (".fcpxml", ".srt")),
    "avid": Editor("Media Composer", (".aaf", ".edl")),
    "kdenlive": Editor("Kdenlive", (".kdenlive", ".otio", ".mlt", ".srt", ".ass")),
    "shotcut": Editor("Shotcut", (".mlt", ".edl", ".srt")),
    "capcut": Editor("CapCut", (".capcut", ".srt")),
    "blender": Editor("Blender", (".otio", ".edl", ".srt")),
    "nuke": Editor("Nuke Studio and Hiero", (".otio", ".otioz", ".edl", ".xml", ".aaf")),
}
"""Profiles by their names for ``--for``."""


def adapt_for(timeline: otio.schema.Timeline, editor: Editor, suffix: str) -> list[str]:
    """Adapt a prepared timeline, in place, to an editor's reader; return the losses."""
    losses = list(_dissolves(timeline)) if editor.dissolves_only else []
    if editor.is_resolve and suffix in (".otio", ".otioz"):
        to_resolve(timeline)
    return losses


def _dissolves(timeline: otio.schema.Timeline) -> Iterator[str]:
    """Make dissolves of all transitions other than Resolve's own; yield each that was none."""
    for track in timeline.tracks:
        for item in track:
            if not isinstance(item, otio.schema.Transition) or KEY in item.metadata:
                continue
            kind = kind_of(item)
            if kind != "dissolve":
                item.metadata[NAMESPACE] = {"transition": kind}
                item.name = kind
                item.transition_type = otio.schema.TransitionTypes.SMPTE_Dissolve
                yield f"{kind}: written as a dissolve; it comes back as {kind}"
