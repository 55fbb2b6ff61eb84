"""Count the clips of a timeline from their media's timecode, where the timeline counts in it.

Before: a clip from 01:00:04:00 on, of a file that states no ``available_range`` in the timeline
and starts at 01:00:00:00. After: the reference has that ``available_range``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from ..media.probe import is_still
from ..media.timecode import MediaTimecode, read_timecode
from .effects import speed_of
from .media import media_file_name, media_path
from .rate import exact_rate, seconds


def count_from_timecode(
    timeline: otio.schema.Timeline, root: Path, remote: Mapping[str, Path] | None = None
) -> None:
    """State the ``available_range`` of media whose clips count in the file's timecode, in place.

    Clips without a stated range count from the file's first frame or in its timecode: whichever
    shows more of the file, over all its clips; the first frame if both show as much. A stated range
    stands, unless the clip lies outside of it and inside the file by timecode.

    Args:
        timeline: any timeline.
        root: folder that relative media paths start from.
        remote: downloaded files by their URLs.
    """
    clips_of: dict[Path, list[otio.schema.Clip]] = defaultdict(list)
    for clip in timeline.find_clips():
        reference = clip.media_reference
        if clip.source_range is None or not isinstance(reference, otio.schema.ExternalReference):
            continue
        if reference.available_range is None or not _shown(clip, reference.available_range):
            path = (remote or {}).get(str(reference.target_url)) or media_path(reference, root)
            if path is not None and path.is_file() and not is_still(path):
                clips_of[path].append(clip)
    for path, clips in clips_of.items():
        timecode = read_timecode(path, _rate(clips[0]))
        if timecode is not None:
            _count(clips, timecode)


def share_ranges(one: otio.schema.Timeline, other: otio.schema.Timeline) -> None:
    """Count the same media in two timelines alike, if only one of them states a range, in place.

    So a clip has not slipped because the file with its timecode is missing beside one of them.
    """
    for source, target in ((one, other), (other, one)):
        ranges = {
            media_file_name(clip.media_reference): clip.media_reference.available_range
            for clip in source.find_clips()
            if clip.media_reference.available_range is not None
        }
        ranges.pop("", None)
        for clip in target.find_clips():
            reference = clip.media_reference
            available = ranges.get(media_file_name(reference))
            is_unstated = clip.source_range is not None and reference.available_range is None
            if is_unstated and available is not None and _shown(clip, available):
                reference.available_range = available


def _count(clips: Sequence[otio.schema.Clip], timecode: MediaTimecode) -> None:
    ranges = [timecode_range(timecode, _rate(clip)) for clip in clips]
    gained = Fraction(0)
    for clip, available in zip(clips, ranges, strict=True):
        if clip.media_reference.available_range is None:
            from_zero = TimeRange(RationalTime(0, available.duration.rate), available.duration)
            gained += _shown(clip, available) - _shown(clip, from_zero)
    for clip, available in zip(clips, ranges, strict=True):
        is_stated = clip.media_reference.available_range is not None
        if _shown(clip, available) if is_stated else gained > 0:
            clip.media_reference.available_range = available


def timecode_range(timecode: MediaTimecode, rate: Fraction) -> TimeRange:
    """Return the range of a file in its timecode, as a timeline of a rate counts it."""
    start, counted = timecode.start_at(rate)
    length = round(timecode.duration * timecode.rate)
    own = float(counted)
    return TimeRange(RationalTime(start, own), RationalTime(length, own))


def _rate(clip: otio.schema.Clip) -> Fraction:
    return exact_rate(clip.source_range.start_time.rate)


def _shown(clip: otio.schema.Clip, available: TimeRange) -> Fraction:
    """Return the seconds of a range that a clip shows; a frozen frame counts as one."""
    start = seconds(clip.source_range.start_time)
    length = seconds(clip.source_range.duration) * abs(speed_of(clip))
    end = start + max(length, 1 / _rate(clip))
    begin = seconds(available.start_time)
    return max(Fraction(0), min(end, begin + seconds(available.duration)) - max(start, begin))
