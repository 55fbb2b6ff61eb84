"""Avid's AAF, through `otio-aaf-adapter`.

The adapter requires AAF metadata of transitions and media identities of clips. Both are added here:
a dissolve is Avid's "Video Dissolve", with a ramp from 0 to 1; the identity of media is derived
from their path and the clip's name, so that a clip has the same media in every export.
"""

from __future__ import annotations

import contextlib
import logging
import uuid
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...files.file_urls import path_of_url, url_of_path
from ...timeline.layout import kind_of
from ...timeline.properties import rate_of
from ...timeline.rate import whole_frames
from .aaf_levels import read_levels, write_levels
from .aaf_speeds import read_speeds, write_speeds
from .base import adapter, is_audio, name_tracks, timelines_in

ADAPTER = "AAF"
VIDEO_DISSOLVE = "0c3bea40-fc05-11d2-8a29-0050040ef7d2"
AUDIO_DISSOLVE = "0c3bea41-fc05-11d2-8a29-0050040ef7d2"
"""Operations of the AAF Object Specification 1.1, for picture and sound."""
_UMID_PREFIX = "060a2b340101010501010d1213000000"
"""Prefix of SMPTE 330 media identities (UMIDs) that contain a UUID."""


def write(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.aaf`` with references to its media, rather than the media themselves."""
    module = adapter(ADAPTER, path)
    losses = []
    copy = timeline.deepcopy()
    fps = rate_of(timeline)
    for track in copy.tracks:
        for index, item in enumerate(list(track)):
            if isinstance(item, otio.schema.Transition):
                if kind_of(item) != "dissolve":
                    losses.append(f"{kind_of(item)}: written as a dissolve")
                item.transition_type = otio.schema.TransitionTypes.SMPTE_Dissolve
                cut = whole_frames(item.in_offset, fps)
                item.metadata["AAF"] = _dissolve(cut, is_audio(track))
            elif isinstance(item, otio.schema.Clip):
                _add_identity(item)
            elif isinstance(item, otio.core.Composition):
                # The adapter writes them whole, whatever their range.
                track[index] = otio.schema.Gap(source_range=item.trimmed_range())
    copy.tracks.markers.clear()
    module.write_to_file(copy, str(path), embed_essence=False)
    write_levels(copy, path, fps)
    write_speeds(copy, path, fps)
    if timeline.tracks.markers:
        losses.append("markers of the timeline are left out")
    return losses


@contextlib.contextmanager
def _silenced_logging() -> Iterator[None]:
    """Drop warnings about odd numbers, which the adapter's library logs at the root."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def read(path: Path, _fps: Fraction | None) -> otio.core.SerializableObject:
    """Read ``.aaf``."""
    adapter(ADAPTER, path)
    with _silenced_logging():
        found = otio.adapters.read_from_file(str(path), adapter_name=ADAPTER, attach_markers=True)
    for timeline in timelines_in(found):
        name_tracks(timeline, ("", "Sequence"))
        for track in timeline.tracks:
            # The adapter adds transitions to the length of a track, as AAF does.
            track.source_range = None
        read_speeds(timeline)
        read_levels(timeline, rate_of(timeline))
        for clip in timeline.find_clips():
            if isinstance(clip.media_reference, otio.schema.ExternalReference):
                clip.media_reference.target_url = path_of_url(clip.media_reference.target_url)
    return found


def _add_identity(clip: otio.schema.Clip) -> None:
    """Give a clip's media a URL and an identity derived from it."""
    reference = clip.media_reference
    if not isinstance(reference, otio.schema.ExternalReference):
        return
    reference.target_url = url_of_path(reference.target_url)
    # Media have one name in AAF, so clips of one still with different names need different media.
    digest = uuid.uuid5(uuid.NAMESPACE_URL, f"{reference.target_url}#{clip.name}").hex
    identity = f"urn:smpte:umid:{_dotted(_UMID_PREFIX)}.{_dotted(digest)}"
    clip.metadata["AAF"] = {"MobID": identity, "SourceID": identity}
    reference.metadata["AAF"] = {"MobID": identity, "SourceID": identity}


def _dotted(digits: str) -> str:
    return ".".join(digits[i : i + 8] for i in range(0, len(digits), 8))


def _dissolve(cut: int, for_audio: bool) -> dict[str, Any]:
    return {
        "PointList": [{"Value": 0.0, "Time": 0.0}, {"Value": 1.0, "Time": 1.0}],
        "CutPoint": cut,
        "OperationGroup": {
            "Operation": {
                "Identification": AUDIO_DISSOLVE if for_audio else VIDEO_DISSOLVE,
                "IsTimeWarp": False,
                "Bypass": 0,
                "NumberInputs": 2,
                "OperationCategory": "OperationCategory_Effect",
                "DataDefinition": {"Name": "Sound" if for_audio else "Picture"},
                "Description": "",
                "Name": "Audio Dissolve" if for_audio else "Video Dissolve",
            }
        },
    }
