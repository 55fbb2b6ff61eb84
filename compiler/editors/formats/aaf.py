"""Avid's AAF, by `otio-aaf-adapter`.

The adapter refuses transitions without AAF's own description of them, clips without an identity of
their media, and tracks whose first item says no rate. All of it is given here: a dissolve is Avid's
"Video Dissolve", with a ramp from 0 to 1, and a file's identity is made from its path and the
clip's name, so that the same clip is the same media in every export.
"""

from __future__ import annotations

import uuid
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...files.file_urls import path_of_url, url_of_path
from ...timeline.layout import kind_of
from ...timeline.properties import rate_of
from ...timeline.rate import whole_frames
from .base import adapter, name_tracks

ADAPTER = "AAF"
VIDEO_DISSOLVE = "0c3bea40-fc05-11d2-8a29-0050040ef7d2"
AUDIO_DISSOLVE = "0c3bea41-fc05-11d2-8a29-0050040ef7d2"
"""Operations of the AAF Object Specification, 1.1: dissolves of picture and of sound."""
_UMID_PREFIX = "060a2b340101010501010d1213000000"
"""How SMPTE 330 identities of media begin that are made from a UUID."""


def write(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.aaf``, which names its media and does not hold them."""
    module = adapter(ADAPTER, path)
    notes = []
    copy = timeline.deepcopy()
    fps = rate_of(timeline)
    for track in copy.tracks:
        for item in track:
            if isinstance(item, otio.schema.Transition):
                if kind_of(item) != "dissolve":
                    notes.append(f"{kind_of(item)}: written as a dissolve")
                item.transition_type = otio.schema.TransitionTypes.SMPTE_Dissolve
                is_sound = track.kind == otio.schema.TrackKind.Audio
                item.metadata["AAF"] = _dissolve(whole_frames(item.in_offset, fps), is_sound)
            elif isinstance(item, otio.schema.Clip):
                _identify(item)
    copy.tracks.markers.clear()
    module.write_to_file(copy, str(path), embed_essence=False)
    if timeline.tracks.markers:
        notes.append("markers of the timeline are left out")
    return notes


def read(path: Path, _fps: Fraction | None) -> otio.core.SerializableObject:
    """Read ``.aaf``."""
    adapter(ADAPTER, path)
    found = otio.adapters.read_from_file(str(path), adapter_name=ADAPTER, attach_markers=True)
    if isinstance(found, otio.schema.Timeline):
        name_tracks(found, ("", "Sequence"))
        for track in found.tracks:
            # Of a track with transitions the adapter counts them in, as AAF does.
            track.source_range = None
        for clip in found.find_clips():
            if isinstance(clip.media_reference, otio.schema.ExternalReference):
                clip.media_reference.target_url = path_of_url(clip.media_reference.target_url)
    return found


def _identify(clip: otio.schema.Clip) -> None:
    """Name a clip's media as AAF does: by a URL, and by an identity made from it."""
    reference = clip.media_reference
    if not isinstance(reference, otio.schema.ExternalReference):
        return
    reference.target_url = url_of_path(reference.target_url)
    # Media bear one name in AAF; clips of one still that are named apart are media of their own.
    digest = uuid.uuid5(uuid.NAMESPACE_URL, f"{reference.target_url}#{clip.name}").hex
    identity = f"urn:smpte:umid:{_dotted(_UMID_PREFIX)}.{_dotted(digest)}"
    clip.metadata["AAF"] = {"MobID": identity, "SourceID": identity}
    reference.metadata["AAF"] = {"MobID": identity, "SourceID": identity}


def _dotted(digits: str) -> str:
    return ".".join(digits[i : i + 8] for i in range(0, len(digits), 8))


def _dissolve(cut: int, is_sound: bool) -> dict[str, Any]:
    return {
        "PointList": [{"Value": 0.0, "Time": 0.0}, {"Value": 1.0, "Time": 1.0}],
        "CutPoint": cut,
        "OperationGroup": {
            "Operation": {
                "Identification": AUDIO_DISSOLVE if is_sound else VIDEO_DISSOLVE,
                "IsTimeWarp": False,
                "Bypass": 0,
                "NumberInputs": 2,
                "OperationCategory": "OperationCategory_Effect",
                "DataDefinition": {"Name": "Sound" if is_sound else "Picture"},
                "Description": "",
                "Name": "Audio Dissolve" if is_sound else "Video Dissolve",
            }
        },
    }
