"""Title and chapters of the finished file, as ffmpeg's FFMETADATA1.

The format: https://ffmpeg.org/ffmpeg-formats.html#Metadata-2
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import opentimelineio as otio

from .reading import to_frames


@dataclass(frozen=True, slots=True)
class Chapter:
    """A named stretch of the reel, in frames."""

    title: str
    start: int
    end: int


def chapters_of(timeline: otio.schema.Timeline, fps: Fraction, frames: int) -> list[Chapter]:
    """Chapters from the markers of a timeline: one from each marker's start to the next one's."""
    marks = sorted(
        (to_frames(marker.marked_range.start_time, fps), str(marker.name))
        for marker in timeline.tracks.markers
    )
    marks = [(start, title) for start, title in marks if 0 <= start < frames]
    ends = [*(start for start, _ in marks[1:]), frames][: len(marks)]
    return [
        Chapter(title, start, end)
        for (start, title), end in zip(marks, ends, strict=True)
        if end > start
    ]


def to_ffmetadata(title: str, chapters: Sequence[Chapter], fps: Fraction) -> str:
    """The metadata file that ffmpeg reads."""
    lines = [";FFMETADATA1", f"title={_escape(title)}", "encoder=otio-gvideo"]
    for chapter in chapters:
        lines += [
            "[CHAPTER]",
            f"TIMEBASE={fps.denominator}/{fps.numerator}",
            f"START={chapter.start}",
            f"END={chapter.end}",
            f"title={_escape(chapter.title)}",
        ]
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return re.sub(r"([=;#\\\n])", r"\\\1", text)
