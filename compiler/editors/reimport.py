"""Bring back: a timeline that an editor wrote, with the recipes of its slots."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ...renderers.run.recipe import recipe_key
from ...renderers.run.store import Store
from ..notices import Notice
from ..progress_clock import count
from ..timeline.layout import lay_out
from ..timeline.properties import rate_of
from .formats import FORMATS
from .known_slots import KnownSlots, gather
from .match_clips import match
from .read_timeline import read_timeline
from .rebuild_recipes import RebuiltClip, rebuild
from .restore_metadata import restore

SILENT = {".edl"}
"""Formats that carry no sound."""


@dataclass(frozen=True, slots=True)
class ReimportedTimeline:
    """A timeline that came back.

    Attributes:
        timeline: with recipes in its slots again.
        output: the ``.otio`` that it belongs in.
        library: what was known of it.
        remade: what became of each clip that shows a slot.
        foreign: names of clips that are the editor's own.
        notes: what could not be put back, one line each.
        fps: the reel's rate.
    """

    timeline: otio.schema.Timeline
    output: Path
    library: KnownSlots
    remade: list[RebuiltClip]
    foreign: list[str]
    notes: list[Notice]
    fps: Fraction

    @property
    def summary(self) -> str:
        """What it holds, in a line."""
        said = f"{self.output.name}: {count(len(self.remade), 'clip')} of slots"
        longer = sum(not one.is_kept for one in self.remade)
        said += f", {longer} to be made again" if longer else ""
        return said + (f", {len(self.foreign)} of its own" if self.foreign else "")


def bring_back(
    path: Path, *, compiled: Path | None = None, media: Path | None = None
) -> ReimportedTimeline:
    """Read what an editor wrote, and give its slots their recipes back.

    Args:
        path: any file that `read_timeline` reads.
        compiled: the timeline that it was made from; found near it where it is not given.
        media: a folder of rendered media besides those that are found.

    Raises:
        InputError: the file cannot be read.
    """
    timeline = read_timeline(path)
    library = gather(timeline, path, compiled=compiled, media=media)
    fps = rate_of(timeline)
    if library.compiled is not None and path.suffix.lower() in SILENT:
        stated = rate_of(library.compiled)
        if stated != fps:
            fps, timeline = stated, read_timeline(path, stated)
    root = path.parent
    foreign = [
        str(placed.item.name)
        for track in timeline.video_tracks()
        for placed in lay_out(track, fps)
        if isinstance(placed.item, otio.schema.Clip) and match(placed.item, library, root) is None
    ]
    remade = rebuild(timeline, library, root, fps, recipe_key)
    has_sound = path.suffix.lower() not in SILENT or bool(timeline.audio_tracks())
    notes = restore(timeline, library, fps, sound=has_sound)
    output = (
        path
        if FORMATS.get(path.suffix.lower()) is FORMATS[".otio"]
        else (path.with_name(f"{path.name}.otio"))
    )
    return ReimportedTimeline(timeline, output, library, remade, foreign, notes, fps)


def to_render(returned: ReimportedTimeline, store: Store) -> list[str]:
    """What rendering a timeline would make and what it would reuse, one line each."""
    lines, there = [], 0
    told = set()
    for one in returned.remade:
        known, key = one.use.known, recipe_key(one.recipe)
        if key in told:
            continue
        told.add(key)
        if store.find(known.name, key):
            there += 1
            continue
        why = "not rendered yet"
        if not one.is_kept:
            why = f"its media hold {known.recipe['frames']}"
        lines.append(f"to render: {known.name}, {count(one.recipe['frames'], 'frame')} ({why})")
    return [*lines, f"reused: {count(there, 'slot')}"]
