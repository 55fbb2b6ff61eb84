"""Starts of clips in frames of their media's own rate, which the reel's frames would round.

Before: frame 13 of a reel at 24 fps. After: frame 16 of a video at 30 fps, as before rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
from opentimelineio.opentime import TimeRange

from ..media.probe import is_still
from ..media.timecode import read_timecode
from ..sync.frames import nearest_frame
from ..timeline.effects import speed_of
from ..timeline.media import source_start
from ..timeline.metadata import NAMESPACE, plain
from ..timeline.rate import exact_rate, seconds, time, time_range, whole_frames
from .formats.base import LEAST_OFFSET_S, START_OFFSET, is_audio

_External = otio.schema.ExternalReference


@dataclass(frozen=True, slots=True)
class ExactStart:
    """The start of a clip before rounding.

    Attributes:
        clip: of the timeline that is exported.
        first: frames from the first of its media.
        frames: length of its media.
        fps: rate of the media.
    """

    clip: otio.schema.Clip
    first: int
    frames: int
    fps: Fraction

    def restore(self) -> None:
        """Restore the start of the clip, unless its media are missing or others by now."""
        reference = self.clip.media_reference
        if not isinstance(reference, _External) or not Path(reference.target_url).is_file():
            return
        timecode = read_timecode(Path(reference.target_url), self.fps)
        origin = 0
        if timecode is not None:
            units, rate = timecode.start_at(self.fps)
            origin = nearest_frame(units / rate, self.fps)
        reference.available_range = time_range(origin, self.frames, self.fps)
        start = time(origin + self.first, self.fps)
        self.clip.source_range = TimeRange(start, self.clip.source_range.duration)


def rounded_starts(
    timeline: otio.schema.Timeline, fps: Fraction, exact: Iterable[ExactStart]
) -> list[str]:
    """Return one line on the starts in videos that frames of the reel will round, and by how much.

    Args:
        timeline: before its times are rounded.
        fps: of the reel.
        exact: starts that will be restored.
    """
    kept = {id(one.clip) for one in exact}
    found = _offsets(timeline, fps)
    shifts = [(abs(off), str(clip.name)) for clip, off in found if id(clip) not in kept]
    if not shifts:
        return []
    most, name = max(shifts)
    who = f"{name} starts" if len(shifts) == 1 else f"{len(shifts)} clips start up to"
    by = f"{float(1000 * most):.1f} ms off in the video"
    return [f"{who} {by}: the format counts in frames of the reel"]


def state_offsets(timeline: otio.schema.Timeline, fps: Fraction) -> None:
    """State in clips by how much their starts will be rounded, for `start_offset`, in place."""
    for clip, offset in list(_offsets(timeline, fps)):
        if speed_of(clip) == 1:
            own = plain(clip.metadata.get(NAMESPACE, {}))
            clip.metadata[NAMESPACE] = {**own, START_OFFSET: str(offset)}


def _offsets(
    timeline: otio.schema.Timeline, fps: Fraction
) -> Iterator[tuple[otio.schema.Clip, Fraction]]:
    """Yield the clips that show videos from between frames, and seconds after the nearest one."""
    for track in timeline.video_tracks():
        for clip in track:
            reference = getattr(clip, "media_reference", None)
            is_video = isinstance(reference, _External) and not is_still(Path(reference.target_url))
            if is_video and clip.source_range is not None:
                start = clip.source_range.start_time
                offset = seconds(start) - whole_frames(start, fps) / fps
                if abs(offset) >= LEAST_OFFSET_S:
                    yield clip, offset


def exact_starts(timeline: otio.schema.Timeline, fps: Fraction) -> Iterator[ExactStart]:
    """Yield the starts of clips that count in whole frames of another rate than the reel's.

    Args:
        timeline: before its times are rounded.
        fps: of the reel.
    """
    for track in timeline.tracks:
        for clip in track if isinstance(track, otio.schema.Track) else ():
            reference = getattr(clip, "media_reference", None)
            available = reference.available_range if isinstance(reference, _External) else None
            if available is None or clip.source_range is None:
                continue
            rate = exact_rate(available.duration.rate)
            first = source_start(clip) * rate
            if rate != fps and first.denominator == 1 and not is_audio(track):
                frames = round(seconds(available.duration) * rate)
                yield ExactStart(clip, int(first), frames, rate)
