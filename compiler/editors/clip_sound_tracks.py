"""The sound of picture clips on audio tracks, where editors have it."""

from __future__ import annotations

from pathlib import Path

import opentimelineio as otio

from ..backend.audio.clip_audio import ClipAudio
from ..timeline.levels import number_of
from ..timeline.metadata import MEDIA_KEY, NAMESPACE, own_metadata

_LEVEL = "sound_gain_db"


def add_clip_sounds(timeline: otio.schema.Timeline, root: Path) -> None:
    """Add an audio track for each picture track with audible clips, in place.

    These are the clips whose metadata, or whose track's, state the level of their sound.

    Raises:
        InputError: a level is invalid.
    """
    audio = ClipAudio(root, {})
    for track in timeline.video_tracks():
        levels = [_level(item, track) for item in track]
        heard = [
            level is not None and isinstance(item, otio.schema.Clip) and audio.is_audible(item)
            for item, level in zip(track, levels, strict=True)
        ]
        if not any(heard):
            continue
        sounds = otio.schema.Track(f"{track.name} sound", kind=otio.schema.TrackKind.Audio)
        for index, item in enumerate(track):
            if isinstance(item, otio.schema.Transition):
                if any(heard[max(0, index - 1) : index + 2]):
                    kind = otio.schema.TransitionTypes.SMPTE_Dissolve
                    sounds.append(
                        otio.schema.Transition("dissolve", kind, item.in_offset, item.out_offset)
                    )
            elif heard[index]:
                sound = item.deepcopy()
                medium = item.media_reference.deepcopy()
                sound.set_media_references({MEDIA_KEY: medium}, MEDIA_KEY)
                sound.metadata[NAMESPACE] = {"gain_db": levels[index]} if levels[index] else {}
                sounds.append(sound)
            else:
                sounds.append(otio.schema.Gap(source_range=item.trimmed_range()))
        timeline.tracks.append(sounds)


def _level(item: otio.core.Composable, track: otio.schema.Track) -> float | None:
    """Return the level of an item's sound in dB; None if it is muted."""
    for one in (item, track):
        if isinstance(one, otio.core.Item) and own_metadata(one).get(_LEVEL) is not None:
            return number_of(one, _LEVEL)
    return None
