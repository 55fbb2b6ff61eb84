"""Restore the levels of compiled tracks, unless an editor changed them.

An export bakes the levels of a track into its clips. Where the clips come back with just those, the
track gets its gain, ducking and fades again, so that music ducks under words that move later. Where
an editor changed one, the levels of the clips are the whole truth of their track.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..errors import WorkError
from ..notices import Notice
from ..timeline.layout import Placed, lay_out
from ..timeline.level_curves import ClipLevels
from ..timeline.levels import clip_levels, state_levels
from ..timeline.media import media_file_name
from .bake_levels import TrackLevels, drop_levels, has_levels, speech_in, track_levels


@dataclass(frozen=True, slots=True)
class RestoredTrack:
    """A track from an editor with the metadata of a compiled one."""

    track: otio.schema.Track
    compiled: otio.schema.Track


def restore_levels(
    timeline: otio.schema.Timeline, tracks: Sequence[RestoredTrack], root: Path, fps: Fraction
) -> list[Notice]:
    """Restore levels in place; a file that states none has those of the compiled timeline.

    Args:
        timeline: from an editor, with the words of the compiled one.
        tracks: its restored tracks.
        root: the folder that relative media paths start in.
        fps: the reel's frame rate.

    Returns:
        A notice if levels are those of the compiled timeline because the file states none.
    """
    clips = [clip for one in tracks for clip in one.track.find_clips()]
    is_stated = any(clip_levels(clip) != ClipLevels() for clip in clips)
    try:
        speech = speech_in(timeline, root)
    except WorkError:
        speech = ()  # Flattening reports media that cannot be read.
    changes = False
    for one in tracks:
        placed = [p for p in lay_out(one.track, fps) if isinstance(p.item, otio.schema.Clip)]
        is_nested = one.track.parent() is not timeline.tracks
        compiled = TrackLevels() if is_nested else track_levels(one.track, speech, fps)
        own = [_compiled_levels(p, one.compiled, fps) for p in placed]
        if is_stated and not all(
            clip_levels(p.item).sounds_like(compiled.in_clip(p, levels, fps), p.frames, fps)
            for p, levels in zip(placed, own, strict=True)
        ):
            drop_levels(one.track)
            continue
        changes = changes or has_levels(one.track) or any(levels != ClipLevels() for levels in own)
        for p, levels in zip(placed, own, strict=True):
            state_levels(p.item, levels)
    if is_stated or not changes:
        return []
    what = "the file states no sound levels; those of the compiled timeline are used"
    return [Notice("format", what)]


def _compiled_levels(placed: Placed, compiled: otio.schema.Track, fps: Fraction) -> ClipLevels:
    """Return the own levels of the compiled clip that a clip is, or was cut from."""
    name = media_file_name(placed.item.media_reference)
    same = [
        other
        for other in lay_out(compiled, fps)
        if isinstance(other.item, otio.schema.Clip)
        and media_file_name(other.item.media_reference) == name
    ]
    if not same:
        return ClipLevels()
    nearest = min(
        same,
        key=lambda other: (
            abs(other.media_start - placed.media_start), abs(other.start - placed.start)
        ),
    )  # fmt: skip
    levels = clip_levels(nearest.item)
    frames = Fraction(placed.media_start - nearest.media_start)
    later = frames / (nearest.speed or Fraction(1)) / fps
    return levels.shifted(later) if len(levels.points) > 1 else levels
