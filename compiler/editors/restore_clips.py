"""Restore the metadata of the script's own clips: their scene, and how they fill the frame."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import opentimelineio as otio

from ..timeline.media import media_file_name, source_start
from ..timeline.metadata import NAMESPACE, own_metadata, plain
from ..timeline.slots import slot_of

_SOUND = "sound_gain_db"


def restore_clips(
    timeline: otio.schema.Timeline, compiled: otio.schema.Timeline, *, has_audio: bool
) -> None:
    """Give each clip without metadata those of the compiled clip of its file, in place.

    Of several, the one of its name, else the one that starts nearest to it in the file. The
    sound of a clip is restored only for formats without audio: others have it on a track.
    """
    known: dict[str, list[otio.schema.Clip]] = defaultdict(list)
    for clip in _pictures(compiled):
        if "scene" in own_metadata(clip):
            known[media_file_name(clip.media_reference)].append(clip)
    for clip in _pictures(timeline):
        candidates = known.get(media_file_name(clip.media_reference), [])
        if not candidates or own_metadata(clip):
            continue
        start, name = source_start(clip), clip.name
        nearest = min(
            candidates, key=lambda one: (one.name != name, abs(source_start(one) - start))
        )
        own = plain(nearest.metadata[NAMESPACE])
        own.pop("held", None)
        if has_audio:
            own.pop(_SOUND, None)
        clip.metadata[NAMESPACE] = own


def _pictures(timeline: otio.schema.Timeline) -> Iterator[otio.schema.Clip]:
    """Yield the clips of picture tracks that show a file and no slot."""
    for track in timeline.tracks.find_children(descended_from_type=otio.schema.Track):
        if track.kind == otio.schema.TrackKind.Video:
            for item in track:
                if (
                    isinstance(item, otio.schema.Clip)
                    and isinstance(item.media_reference, otio.schema.ExternalReference)
                    and slot_of(item) is None
                ):
                    yield item
