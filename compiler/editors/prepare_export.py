"""Prepare a timeline for export: absolute paths, ranges that are true, whole frames of one rate.

Editors place clips by stated ranges without checking them, and each rounds fractions of frames in
its own way. So every clip of the copy has one medium, by absolute path, with its range: the true
one if the file exists, else the one that the clip needs, so that the editor shows it offline.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
from opentimelineio.opentime import TimeRange

from ..files.file_urls import is_url, is_windows_path
from ..media.probe import is_still, probe_if_readable
from ..media.timecode import read_timecode
from ..notices import Notice
from ..sync.frames import frame_at_or_after
from ..timeline.effects import speed_of
from ..timeline.item_label import label_of
from ..timeline.layout import lay_out
from ..timeline.media import media_path, sequence_folder, sequence_images, sequence_pattern
from ..timeline.media_timecode import timecode_range
from ..timeline.metadata import KEYFRAME_KEY, MEDIA_KEY
from ..timeline.properties import item_length, rate_of, size_of, state_format
from ..timeline.rate import time, time_range, whole_frames
from ..timeline.resolve_ranges import resolve_ranges
from .exact_starts import exact_starts, rounded_starts, state_offsets

_WITH_ANY_REFERENCE = (".otio", ".otioz", ".otiod", ".edl")
"""Suffixes of formats in which a clip needs no file."""
_WITH_SEQUENCES = (".mlt", ".kdenlive")
_WITH_MEDIA_RATES = (".otio", ".otioz", ".otiod", ".fcpxml")
"""Suffixes of formats in which a clip may start at a frame of its media's own rate."""
_WITH_START_OFFSETS = (".xml", ".edl")
"""Suffixes of formats with a place for the exact start beside the rounded one."""
_WITHOUT_PICTURES = (".srt", ".vtt", ".ass")
_WITHOUT_NESTED = (".edl", ".aaf")


def prepare_export(
    timeline: otio.schema.Timeline, root: Path, suffix: str, *, in_reel_frames: bool = False
) -> tuple[otio.schema.Timeline, list[Notice]]:
    """Return a copy of a timeline that opens elsewhere, and what differs in it.

    Slots without video show their stills. Clips whose media are missing keep them; a generator
    becomes a gap in formats without generators.

    Args:
        timeline: any timeline.
        root: the folder that relative media paths start from.
        suffix: of the format.
        in_reel_frames: count all starts in frames of the reel, also in formats that can count in
            those of the media.
    """
    copy = timeline.deepcopy()
    fps = rate_of(copy)
    width, height = size_of(copy, root)
    left_out = [] if suffix in _WITH_ANY_REFERENCE else list(_only_tracks(copy))
    lost = [Notice("transition", line) for line in resolve_ranges(copy, fps)]
    state_format(copy, width, height, fps)
    is_exact = suffix in _WITH_MEDIA_RATES and not in_reel_frames
    exact = list(exact_starts(copy, fps)) if is_exact else []
    if suffix not in _WITHOUT_PICTURES:
        lost += [Notice("format", line) for line in rounded_starts(copy, fps, exact)]
    if suffix in _WITH_START_OFFSETS:
        state_offsets(copy, fps)
    _snap_items(copy, fps)
    start = copy.global_start_time
    copy.global_start_time = time(whole_frames(start, fps) if start is not None else 0, fps)
    compositions = copy.tracks.find_children(descended_from_type=otio.core.Composition)
    notices = [
        notice
        for parent in compositions
        for index, item in enumerate(list(parent))
        for notice in _prepare_item(parent, index, item, root, suffix, fps)
    ]
    for one in exact:
        one.restore()
    for marker in copy.tracks.markers:
        marker.marked_range = _snapped(marker.marked_range, fps)
    return copy, [*left_out, *lost, *notices]


def _only_tracks(timeline: otio.schema.Timeline) -> Iterator[Notice]:
    """Put what lies beside the tracks into tracks, and remove tracks of unknown kinds."""
    kinds = (otio.schema.TrackKind.Video, otio.schema.TrackKind.Audio)
    nested = timeline.tracks.find_children(descended_from_type=otio.schema.Stack)
    for stack in (timeline.tracks, *nested):
        for index, child in enumerate(list(stack)):
            if not isinstance(child, otio.schema.Track):
                stack[index] = otio.schema.Track(str(child.name), [child.deepcopy()])
    for child in list(timeline.tracks):
        if child.kind not in kinds:
            yield Notice("format", f"{child.name}: a track of kind {child.kind!r} is left out")
            timeline.tracks.remove(child)


def _snap_items(timeline: otio.schema.Timeline, fps: Fraction) -> None:
    """Give the items of tracks the whole frames of their layout, which add up without an error."""
    for track in timeline.tracks:
        length, end = round(item_length(track) * fps), 0
        for placed in lay_out(track, fps):
            start = whole_frames(placed.item.trimmed_range().start_time, fps)
            placed.item.source_range = time_range(start, placed.frames, fps)
            end = placed.end
        # Transitions at the ends of a track count to its length.
        first, last = track[0] if len(track) else None, track[-1] if len(track) else None
        if isinstance(last, otio.schema.Transition):
            before = first.in_offset if isinstance(first, otio.schema.Transition) else None
            end += whole_frames(before, fps) if before is not None else 0
            last.out_offset = time(max(0, length - end), fps)
        elif isinstance(first, otio.schema.Transition):
            first.in_offset = time(max(0, length - end), fps)


def _prepare_item(
    parent: otio.core.Composition,
    index: int,
    item: otio.core.Composable,
    root: Path,
    suffix: str,
    fps: Fraction,
) -> Iterator[Notice]:
    if isinstance(item, otio.schema.Transition):
        item.in_offset = time(whole_frames(item.in_offset, fps), fps)
        item.out_offset = time(whole_frames(item.out_offset, fps), fps)
    elif isinstance(item, otio.schema.Track | otio.schema.Stack):
        if suffix in _WITHOUT_NESTED and isinstance(parent, otio.schema.Track):
            what = f"{item.name or parent.name}: a nested timeline; a gap in {suffix}"
            yield Notice("format", what)
    elif isinstance(item, otio.schema.Clip):
        reference = item.media_reference
        if suffix in _WITH_SEQUENCES and _locate_sequence(reference, root):
            return
        found = _existing_media(item, root)
        if found is not None:
            yield from _prepare_clip(item, *found, root, fps)
            return
        if isinstance(reference, otio.schema.GeneratorReference):
            if suffix in _WITH_ANY_REFERENCE:
                return
            what = (
                f"{label_of(item)}: the generator {reference.generator_kind} is replaced by a gap"
            )
            yield Notice("format", what)
            frames = whole_frames(item.duration(), fps)
            parent[index] = otio.schema.Gap(name=item.name, source_range=time_range(0, frames, fps))
            return
        if suffix != ".capcut" or getattr(parent, "kind", "") != otio.schema.TrackKind.Audio:
            # A CapCut project keeps pictures alone without their files.
            yield Notice("missing", f"{label_of(item)}: its media are missing; it stays, offline")
        _keep_offline(item, root, suffix, fps)


def _locate_sequence(reference: otio.core.MediaReference, root: Path) -> bool:
    """Make the folder of an image sequence absolute; False if it is none, or has no images."""
    if not isinstance(reference, otio.schema.ImageSequenceReference):
        return False
    folder = sequence_folder(reference, root)
    if folder is None or not sequence_images(reference, folder):
        return False
    reference.target_url_base = str(folder)
    return True


def _keep_offline(clip: otio.schema.Clip, root: Path, suffix: str, fps: Fraction) -> None:
    """Make the missing medium of a clip one that every format can name, and give it a range.

    A clip that names no file gets its own name as one, in formats that need it.
    """
    # A copy: OpenTimelineIO ends the process over a reference that a clip is given twice.
    reference = clip.media_reference.deepcopy()
    if not isinstance(reference, otio.schema.ExternalReference):
        if suffix in _WITH_ANY_REFERENCE:
            return
        if isinstance(reference, otio.schema.ImageSequenceReference):
            name = str(Path(reference.target_url_base) / sequence_pattern(reference))
        else:
            name = str(reference.name or clip.name or "missing")
        stated = reference.available_range
        reference = otio.schema.ExternalReference(name, stated)
    url = reference.target_url
    if not is_windows_path(url):
        path = media_path(reference, root)
        if path is None and not is_url(url):
            path = root.absolute() / url  # A name that this system's locale refuses.
        url = url if path is None else str(path)
    # URLs have a slash before a drive.
    bare = url.removeprefix("/")
    reference.target_url = bare if is_windows_path(bare) else url
    shown = clip.trimmed_range()
    if reference.available_range is None:
        speed = max(Fraction(1), abs(speed_of(clip)))
        begin = min(0, round(shown.start_time.value))
        end = round(shown.start_time.value + shown.duration.value * float(speed))
        reference.available_range = time_range(begin, end - begin, fps)
    else:
        reference.available_range = _snapped(reference.available_range, fps)
    clip.source_range = shown
    clip.set_media_references({MEDIA_KEY: reference}, MEDIA_KEY)


def _prepare_clip(
    clip: otio.schema.Clip, key: str, path: Path, root: Path, fps: Fraction
) -> Iterator[Notice]:
    """Make an existing file the medium of a clip.

    Args:
        clip: changed in place.
        key: of the reference that names the file.
        path: the file.
        root: the folder that relative media paths start from.
        fps: the reel's frame rate.
    """
    references = dict(clip.media_references())
    reference = references[key].deepcopy()
    if key != clip.active_media_reference_key and isinstance(
        clip.media_reference, otio.schema.ExternalReference
    ):
        missing = clip.media_reference.target_url
        what = f"{label_of(clip)}: {missing} is missing; replaced by its still"
        yield Notice("missing", what)
    stated = reference.available_range
    shown = clip.trimmed_range()
    origin = whole_frames(stated.start_time, fps) if stated is not None else 0
    timecode = None if is_still(path) else read_timecode(path, fps)
    if timecode is not None:
        # Editors count in the timecode that they read from the file.
        counted = whole_frames(timecode_range(timecode, fps).start_time, fps)
        shift, origin = time(counted - origin, fps), counted
        shown = TimeRange(shown.start_time + shift, shown.duration)
        for marker in clip.markers:
            marked = marker.marked_range
            marker.marked_range = TimeRange(marked.start_time + shift, marked.duration)
    frames = _media_frames(path, fps)
    if frames is None:
        needed = shown.start_time.value + shown.duration.value
        least = whole_frames(stated.duration, fps) if stated is not None else 0
        frames = max(least, int(needed) - origin)
    for other in references.values():
        other_path = media_path(other, root)
        if other_path is not None:
            other.target_url = str(other_path)
    reference.target_url = str(path)
    reference.available_range = time_range(origin, frames, fps)
    references[MEDIA_KEY] = reference
    clip.source_range = shown
    clip.set_media_references(references, MEDIA_KEY)
    last = shown.start_time.value + (shown.duration.value - 1) * speed_of(clip)
    if shown.start_time.value < origin or last >= origin + frames:
        what = f"{label_of(clip)}: shows more than the {frames} frames of {path.name}"
        yield Notice("range", what)


def _existing_media(clip: otio.schema.Clip, root: Path) -> tuple[str, Path] | None:
    """Return key and file of the active reference, else of the slot's still."""
    references = clip.media_references()
    for key in (clip.active_media_reference_key, KEYFRAME_KEY):
        path = media_path(references.get(key), root)
        if path is not None and path.is_file():
            return key, path
    return None


def _media_frames(path: Path, fps: Fraction) -> int | None:
    """Return the length of a file in frames of the reel; None for stills and unreadable files."""
    info = None if is_still(path) else probe_if_readable(path)
    if info is None:
        return None
    if info.video is not None and info.video.fps:
        return int(info.video.frames * fps / info.video.fps)
    return frame_at_or_after(info.duration, fps)


def _snapped(span: TimeRange, fps: Fraction) -> TimeRange:
    """Round both ends of a range, rather than its length, to whole frames."""
    start = whole_frames(span.start_time, fps)
    end = whole_frames(span.end_time_exclusive(), fps)
    return time_range(start, end - start, fps)
