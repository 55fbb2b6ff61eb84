"""Losses of a timeline in a format, apart from those that its writer reports."""

from __future__ import annotations

from collections.abc import Iterator

import opentimelineio as otio

from ..timeline.effects import speed_of, unsupported_effects
from ..timeline.metadata import own_metadata

LOSSLESS = frozenset({".otio", ".otioz", ".otiod", ".srt", ".vtt", ".ass"})
"""Formats that hold everything, and those that hold words alone by nature."""
_LEVELS = {"gain_db": "gain", "duck_db": "ducking", "fade_in": "fade-in", "fade_out": "fade-out"}
"""Audio levels in the metadata of tracks."""
_LOST_LEVELS = {
    **dict.fromkeys((".fcpxml", ".xml", ".aaf"), tuple(_LEVELS)),
    **dict.fromkeys((".mlt", ".kdenlive"), ("duck_db",)),
}
"""The levels that a format's writer ignores; an ``.edl`` holds no audio."""


def export_losses(timeline: otio.schema.Timeline, suffix: str) -> Iterator[str]:
    """Yield the losses of a timeline in a file with that suffix, one line each."""
    if suffix in LOSSLESS:
        return
    for clip in timeline.find_clips():
        speed = speed_of(clip)
        for effect in unsupported_effects(clip):
            yield f"{clip.name}: the effect {effect} is left out"
        if suffix == ".aaf" and speed != 1:
            yield f"{clip.name}: its speed, {float(speed):g}, is left out"
    if suffix == ".edl" and timeline.tracks.markers:
        yield "markers of the timeline are left out"
    for track in timeline.audio_tracks():
        metadata = own_metadata(track)
        lost = [_LEVELS[key] for key in _LOST_LEVELS.get(suffix, ()) if metadata.get(key)]
        if lost:
            names = " and ".join((", ".join(lost[:-1]), lost[-1]) if lost[1:] else lost)
            yield f"{track.name}: {names} {'are' if lost[1:] else 'is'} left out"
