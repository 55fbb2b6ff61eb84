"""The user's own clips in a plan: frames of the reel, range of the file, crop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ..media.probe import probe_if_readable
from ..timeline.effects import speed_of
from ..timeline.layout import lay_out
from ..timeline.media import media_file_name, media_path, source_start
from ..timeline.metadata import own_metadata
from ..timeline.slots import slot_of
from .cropped_stills import crop_line


@dataclass(frozen=True, slots=True)
class PlannedClip:
    """A run of a video of the user's own.

    Attributes:
        name: of its clip in the timeline.
        video: name of its file.
        start, end: first frame in the reel, and the frame after the last, without handles.
        source_s: its first frame, in seconds of the file, as players count.
        speed: of playback; 0 holds that frame.
        crops: how much of its picture is outside the frame, at most one line.
    """

    name: str
    video: str
    start: int
    end: int
    source_s: float
    speed: float
    crops: tuple[str, ...]

    def lines(self, fps: Fraction, width: int) -> Iterator[str]:
        """Yield it as text, with a column of some width for its name."""
        seen = f"{float(self.start / fps):.2f} to {float(self.end / fps):.2f} s"
        how = "" if self.speed == 1 else f", speed {self.speed:.3g}" if self.speed else ", held"
        yield (
            f"{'clip':<7} {self.name:<{width}} {seen:>18}  {self.end - self.start:4} frames  "
            f"{self.video} from {self.source_s:.2f} s{how}"
        )
        yield from (f"        {line}" for line in self.crops)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def planned_clips(
    timeline: otio.schema.Timeline, fps: Fraction, size: tuple[int, int]
) -> Iterator[PlannedClip]:
    """Yield the clips of a script's timeline that are no slots.

    Args:
        timeline: compiled from a script.
        fps: of the reel.
        size: width and height of the reel.
    """
    for track in timeline.video_tracks():
        for placed in lay_out(track, fps):
            clip = placed.item
            if not isinstance(clip, otio.schema.Clip) or slot_of(clip) is not None:
                continue
            path = media_path(clip.media_reference, Path("/"))
            fit = str(own_metadata(clip).get("fit", "cover"))
            crop = crop_line(path, size, fit) if path is not None else None
            info = probe_if_readable(path) if path is not None else None
            first = info.video.delay if info is not None and info.video is not None else Fraction(0)
            yield PlannedClip(
                str(clip.name),
                media_file_name(clip.media_reference),
                placed.start,
                placed.end,
                round(float(first + source_start(clip)), 4),
                float(speed_of(clip)),
                () if crop is None else (crop,),
            )
