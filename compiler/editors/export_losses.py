"""Losses of a timeline in a format, apart from those that its writer reports."""

from __future__ import annotations

from collections.abc import Iterator

import opentimelineio as otio

from ..timeline.effects import speed_of, unsupported_effects
from ..timeline.item_label import label_of
from ..timeline.levels import clip_levels
from .formats.base import is_audio

LOSSLESS = frozenset({".otio", ".otioz", ".otiod", ".srt", ".vtt", ".ass"})
"""Formats that hold everything, and those that hold words alone by nature."""
CLIP_LEVELS = frozenset({".capcut", ".fcpxml", ".xml", ".aaf", ".mlt", ".kdenlive"})
"""Formats in which clips alone have levels; an ``.edl`` holds no audio."""


_LOUDEST_DB = {".fcpxml": 12.0, ".xml": 12.0}
"""The highest level of a clip in a format."""


def export_losses(timeline: otio.schema.Timeline, suffix: str) -> Iterator[str]:
    """Yield the losses of a timeline in a file with that suffix, one line each."""
    if suffix in LOSSLESS:
        return
    for clip in timeline.find_clips():
        speed = speed_of(clip)
        for effect in unsupported_effects(clip):
            yield f"{label_of(clip)}: the effect {effect} is left out"
        parent = clip.parent()
        is_sound = isinstance(parent, otio.schema.Track) and is_audio(parent)
        if suffix == ".aaf" and speed != 1 and (is_sound or speed < 0):
            yield f"{label_of(clip)}: its speed, {float(speed):g}, is left out"
    for clip in timeline.find_clips() if suffix in _LOUDEST_DB else ():
        most = max((level for _, level in clip_levels(clip).points), default=0.0)
        if most > _LOUDEST_DB[suffix]:
            highest = f"{_LOUDEST_DB[suffix]:g} dB, the highest level in {suffix}"
            yield f"{label_of(clip)}: its level of {most:g} dB becomes {highest}"
    if suffix == ".edl" and timeline.tracks.markers:
        yield "markers of the timeline are left out"
