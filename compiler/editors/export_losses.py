"""What a format cannot hold of a timeline, besides what its writer says itself."""

from __future__ import annotations

from collections.abc import Iterator

import opentimelineio as otio

from ..backend.spans.media import speed_of
from ..timeline.metadata import NAMESPACE

NOTHING_LOST = frozenset({".otio", ".otioz", ".otiod", ".srt", ".vtt", ".ass"})
"""Formats that hold all that OpenTimelineIO does, or words alone, by nature."""
_NO_LEVELS = frozenset({".fcpxml", ".xml", ".aaf"})
"""Formats whose writers make nothing of the levels that the metadata of a track state."""
_LEVELS = {"gain_db": "gain", "duck_db": "ducking", "fade_in": "fade-in", "fade_out": "fade-out"}


def losses(timeline: otio.schema.Timeline, suffix: str) -> Iterator[str]:
    """Return what is left out of a timeline in a file with that suffix, one line each."""
    if suffix in NOTHING_LOST:
        return
    for clip in timeline.find_clips():
        speed, effects = speed_of(clip)
        for effect in effects:
            yield f"{clip.name}: the effect {effect} is left out"
        if suffix == ".aaf" and speed != 1:
            yield f"{clip.name}: its speed, {float(speed):g}, is left out"
    if suffix == ".edl" and timeline.tracks.markers:
        yield "markers of the timeline are left out"
    for track in timeline.audio_tracks():
        values = track.metadata.get(NAMESPACE, {})
        stated = [what for name, what in _LEVELS.items() if values.get(name)]
        if stated and suffix in _NO_LEVELS:
            yield f"{track.name}: its {', '.join(stated)} left out"
