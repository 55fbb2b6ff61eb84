"""A timeline made fit to be opened elsewhere: media that are there, ranges that are true.

An editor refuses a whole timeline over one missing reference, places clips by ranges that it
believes, and rounds what is not a whole frame each in its own way. So a copy is made in which every
clip names one file by its absolute path, with the range that the file really has, and every number
is a whole frame of one rate.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..errors import WorkError
from ..media.probe import STILL_SUFFIXES, MediaInfo, probe
from ..notices import Notice
from ..sync.frames import frame_at_or_after
from ..timeline.metadata import KEYFRAME_KEY, MEDIA_KEY
from ..timeline.properties import rate_of, speed_of
from ..timeline.rate import time, time_range, whole_frames
from ..timeline.values import media_path


def prepare(
    timeline: otio.schema.Timeline, root: Path
) -> tuple[otio.schema.Timeline, list[Notice]]:
    """A copy of a timeline that opens anywhere.

    Slots without video show their stills; clips without any media become gaps.

    Args:
        timeline: any timeline.
        root: the folder that relative media are named from.

    Returns:
        The copy, and what had to be bent to make it, one line each.
    """
    copy = timeline.deepcopy()
    fps = rate_of(copy)
    notes: list[Notice] = []
    start = copy.global_start_time
    copy.global_start_time = time(whole_frames(start, fps) if start is not None else 0, fps)
    for track in copy.tracks:
        if isinstance(track, otio.schema.Track):
            _prepare_track(track, root, fps, notes)
    for marker in copy.tracks.markers:
        marker.marked_range = _snapped(marker.marked_range, fps)
    return copy, notes


def _prepare_track(
    track: otio.schema.Track, root: Path, fps: Fraction, notes: list[Notice]
) -> None:
    for index, item in enumerate(list(track)):
        if isinstance(item, otio.schema.Transition):
            item.in_offset = time(whole_frames(item.in_offset, fps), fps)
            item.out_offset = time(whole_frames(item.out_offset, fps), fps)
        elif isinstance(item, otio.schema.Track | otio.schema.Stack):
            what = (
                f"{item.name or track.name}: a nested timeline; where a format knows none "
                "(.fcpxml, .mlt, .kdenlive, .edl), a gap stands in its place"
            )
            notes.append(Notice("format", what))
        elif isinstance(item, otio.schema.Clip):
            if _prepare_clip(item, root, fps, notes):
                continue
            what = f"{item.name}: has no media that are there; a gap stands in its place"
            notes.append(Notice("missing", what))
            frames = whole_frames(item.duration(), fps)
            track[index] = otio.schema.Gap(name=item.name, source_range=time_range(0, frames, fps))
        elif isinstance(item, otio.core.Item):
            item.source_range = _snapped(item.trimmed_range(), fps)


def _prepare_clip(clip: otio.schema.Clip, root: Path, fps: Fraction, notes: list[Notice]) -> bool:
    """Give a clip one file that is there; False where there is none."""
    found = _file_of(clip, root)
    if found is None:
        return False
    key, reference, path = found
    if key != clip.active_media_reference_key and isinstance(
        clip.media_reference, otio.schema.ExternalReference
    ):
        wanted = clip.media_reference.target_url
        what = f"{clip.name}: {wanted} is not there; its still stands in its place"
        notes.append(Notice("missing", what))
    stated = reference.available_range
    shown = _snapped(clip.trimmed_range(), fps)
    origin = whole_frames(stated.start_time, fps) if stated is not None else 0
    needed = shown.start_time.value + shown.duration.value
    frames = _length(path, fps)
    if frames is None:
        least = whole_frames(stated.duration, fps) if stated is not None else 0
        frames = max(least, int(needed) - origin)
    reference.target_url = str(path)
    reference.available_range = time_range(origin, frames, fps)
    clip.source_range = shown
    references = dict(clip.media_references())
    for other in references.values():
        if isinstance(other, otio.schema.ExternalReference):
            other_path = media_path(other, root)
            if other_path is not None:
                other.target_url = str(other_path)
    references[MEDIA_KEY] = reference
    clip.set_media_references(references, MEDIA_KEY)
    last = shown.start_time.value + (shown.duration.value - 1) * speed_of(clip)
    if shown.start_time.value < origin or last >= origin + frames:
        what = f"{clip.name}: shows more than the {frames} frames of {path.name}"
        notes.append(Notice("range", what))
    return True


def _file_of(
    clip: otio.schema.Clip, root: Path
) -> tuple[str, otio.schema.ExternalReference, Path] | None:
    """The reference to show, its key and its file: the active one, else the slot's still."""
    references = clip.media_references()
    for key in (clip.active_media_reference_key, KEYFRAME_KEY):
        reference = references.get(key)
        if isinstance(reference, otio.schema.ExternalReference):
            path = media_path(reference, root)
            if path is not None and path.is_file():
                return key, reference.deepcopy(), path
    return None


def _length(path: Path, fps: Fraction) -> int | None:
    """Frames of the reel that a file lasts; None of a still, and of what cannot be read."""
    if path.suffix.lower() in STILL_SUFFIXES:
        return None
    try:
        info: MediaInfo = probe(path)
    except WorkError:
        return None
    if info.video is not None and info.video.fps:
        return int(info.video.frames * fps / info.video.fps)
    return frame_at_or_after(info.duration, fps)


def _snapped(span: otio.opentime.TimeRange, fps: Fraction) -> otio.opentime.TimeRange:
    """A range on the nearest whole frames; its end is rounded, not its length."""
    start = whole_frames(span.start_time, fps)
    end = whole_frames(span.end_time_exclusive(), fps)
    return time_range(start, end - start, fps)
