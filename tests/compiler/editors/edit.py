"""A compiled timeline to edit, and to reimport from a file as Resolve writes it."""

from __future__ import annotations

from pathlib import Path

import opentimelineio as otio
from otio_gvideo.compiler.editors.reimport import ReimportedTimeline, reimport

from .resolve import compiled, write_resolve

UNTOUCHED = [("stairs", 0, 40, 0, 46), ("storm", 40, 30, 6, 40), ("breath", 70, 20, 4, 24)]
"""The slots of an unedited timeline, as `clips` returns them."""


class Edit:
    """A compiled timeline to edit, and to reimport from a file as Resolve writes it."""

    def __init__(self, folder: Path, *, rendered: bool = True):
        self.folder = folder
        self.timeline = compiled(folder, rendered=rendered)
        self.track = self.timeline.tracks[0]

    def clip(self, name: str) -> otio.schema.Clip:
        return next(c for c in self.track.find_clips() if c.name == name)

    def transition_into(self, name: str) -> otio.schema.Transition:
        return self.track[self.track.index(self.clip(name)) - 1]

    def cut_only(self) -> None:
        """Remove all transitions."""
        for item in [i for i in self.track if isinstance(i, otio.schema.Transition)]:
            self.track.remove(item)

    def back(self) -> ReimportedTimeline:
        return reimport(write_resolve(self.timeline, self.folder / "edited.otio"))


def kept(reimported: ReimportedTimeline) -> list[bool]:
    return [one.is_unchanged for one in reimported.rebuilt]
