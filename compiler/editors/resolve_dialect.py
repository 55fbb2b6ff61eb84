"""DaVinci Resolve's dialect of OpenTimelineIO: what it adds to the schemas, in `Resolve_OTIO`.

Key names, types and values are those of files that Resolve 19 and 21 wrote (the fixtures of
https://github.com/samuelgursky/davinci-resolve-mcp and https://github.com/ynput/ayon-core). Its
reader takes the layout of audio tracks, the channels and levels of their clips, links between
picture and sound, and the notes of markers from there. Every clip has one reference, named after
its file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ..media.probe import probe_if_readable
from ..timeline.effects import RESOLVE_VOLUME
from ..timeline.level_curves import ClipLevels, on_frames
from ..timeline.levels import clip_levels, state_levels
from ..timeline.media import media_file_name, media_path
from ..timeline.metadata import MEDIA_KEY, own_metadata
from ..timeline.rate import exact_rate, whole_frames

KEY = "Resolve_OTIO"
"""Key of Resolve's metadata."""
_LINK = "Link Group ID"
_LAYOUTS = {1: "Mono", 2: "Stereo"}
"""Names of a track's channel layouts, by the number of channels."""


def to_resolve(timeline: otio.schema.Timeline) -> None:
    """Add Resolve's metadata to a prepared timeline, in place; metadata of its own stay."""
    _state(timeline, {"Resolve OTIO Meta Version": "1.0"})
    channels = cache(_channels)
    for track in timeline.find_children(descended_from_type=otio.schema.Track):
        if track.kind != otio.schema.TrackKind.Audio:
            _state(track, {"Locked": False})
            continue
        counts = []
        for clip in track.find_clips(shallow_search=True):
            path = media_path(clip.media_reference, Path())
            _state_volume(clip)
            count = channels(path) if path is not None else 0
            counts.append(count)
            if count in _LAYOUTS:
                sources = [{"Source Channel ID": n, "Source Track ID": 0} for n in range(count)]
                _state(clip, {"Channels": sources})
        layout = _LAYOUTS.get(max(counts, default=1) or 1)
        _state(track, {"Locked": False, "SoloOn": False, **_if("Audio Type", layout)})
    _link_sound(timeline)
    for clip in timeline.find_clips():
        _state(clip, {})
        # A copy: OpenTimelineIO ends the process over a reference that a clip is given twice.
        reference = clip.media_reference.deepcopy()
        reference.name = reference.name or media_file_name(reference)
        clip.set_media_references({MEDIA_KEY: reference}, MEDIA_KEY)
    for transition in timeline.find_children(descended_from_type=otio.schema.Transition):
        if transition.transition_type == otio.schema.TransitionTypes.SMPTE_Dissolve:
            transition.name = "Cross Dissolve"
    for marker in _markers(timeline):
        _state(marker, {"Keywords": [], "Note": str(marker.comment)})


def _state_volume(clip: otio.schema.Clip) -> None:
    """Move the levels in our metadata of a clip to Resolve's volume, of dB and whole frames.

    Equal-power fades become keyframes, since the curve of Resolve's own is unknown.
    """
    if not any(own_metadata(clip).get(key) for key in ("gain_db", "levels", "fade_in", "fade_out")):
        return
    fps, levels = exact_rate(clip.trimmed_range().duration.rate), clip_levels(clip)
    if not levels.is_linear:
        length = Fraction(whole_frames(clip.trimmed_range().duration, fps)) / fps
        levels = ClipLevels(levels.without_fades(length))
    keyframes = on_frames(levels.points, fps) if len(levels.points) > 1 else []
    frames = {str(frame): {"Value": db, "Variant Type": "Double"} for frame, db in keyframes}
    volume = _parameter("volume", levels.gain_db, -100.0, 30.0) | {"Key Frames": frames}
    fades = {"faderIn": levels.fade_in, "faderOut": levels.fade_out}
    effect = {
        "Effect Name": RESOLVE_VOLUME,
        "Enabled": True,
        "Name": "Volume",
        "Parameters": [
            *([volume] if levels.points else []),
            *(
                _parameter(n, float(round(f * fps)), 0.0, 2.0**31 - 1)
                for n, f in fades.items()
                if f
            ),
        ],
        "Type": 62,
    }
    state_levels(clip, ClipLevels())
    clip.effects.append(otio.schema.Effect("", "Resolve Effect", {KEY: effect}))


def _parameter(name: str, value: float, least: float, most: float) -> dict[str, Any]:
    return {
        "Default Parameter Value": 0.0,
        "Key Frames": {},
        "Parameter ID": name,
        "Parameter Value": min(most, max(least, value)),
        "Variant Type": "Double",
        "maxValue": most,
        "minValue": least,
    }


def _state(item: otio.core.SerializableObjectWithMetadata, values: Mapping[str, Any]) -> None:
    """Set values of Resolve's metadata that are not stated."""
    stated = item.metadata.get(KEY, {})
    item.metadata[KEY] = {**values, **(dict(stated) if hasattr(stated, "items") else {})}


def _if(key: str, value: Any) -> dict[str, Any]:
    return {} if value is None else {key: value}


def _channels(path: Path) -> int:
    """Return the number of audio channels of a file; 0 if it cannot be read."""
    info = probe_if_readable(path)
    return 0 if info is None or info.audio is None else info.audio.channels


def _link_sound(timeline: otio.schema.Timeline) -> None:
    """Link each picture with the sound of its file that plays at the same time."""
    pictures: dict[tuple[Any, ...], otio.schema.Clip] = {}
    for track in timeline.video_tracks():
        for clip in track.find_clips(shallow_search=True):
            pictures.setdefault(_span(track, clip), clip)
    links = [int(clip.metadata.get(KEY, {}).get(_LINK, 0)) for clip in timeline.find_clips()]
    link = max(links, default=0)
    for track in timeline.audio_tracks():
        for clip in track.find_clips(shallow_search=True):
            picture = pictures.get(_span(track, clip))
            if picture is None or _LINK in clip.metadata.get(KEY, {}):
                continue
            if _LINK not in picture.metadata.get(KEY, {}):
                link += 1
                _state(picture, {_LINK: link})
            _state(clip, {_LINK: picture.metadata[KEY][_LINK]})


def _span(track: otio.schema.Track, clip: otio.schema.Clip) -> tuple[Any, ...]:
    """Return what a picture and its own sound have in common: file, source, place."""
    source, place = clip.trimmed_range(), track.range_of_child(clip)
    file = media_path(clip.media_reference, Path())
    times = (source.start_time, source.duration, place.start_time)
    return (file or clip, *(time.to_seconds() for time in times))


def _markers(timeline: otio.schema.Timeline) -> Iterator[otio.schema.Marker]:
    yield from timeline.tracks.markers
    for item in timeline.find_children(descended_from_type=otio.core.Item):
        yield from item.markers
