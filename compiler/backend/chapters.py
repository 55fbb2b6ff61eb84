"""Title and chapters of the finished file, as ffmpeg's FFMETADATA1.

The format: https://ffmpeg.org/ffmpeg-formats.html#Metadata-2
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import opentimelineio as otio

from .reading import ours, seconds

TOOL = "otio-gvideo"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A named stretch of the reel, in frames."""

    title: str
    start: int
    end: int


def chapters_of(timeline: otio.schema.Timeline, fps: Fraction, frames: int) -> list[Chapter]:
    """Chapters from the markers of a timeline: from each one's start to the next one's.

    Markers of the timeline count in reel time; those of a clip, a track or a nested timeline in
    its own. Where several stand at one frame, the timeline's own comes first. The first chapter
    starts at 0, as players want it: one with the title of the reel is put there where none is.
    """
    marks: dict[int, str] = {}
    for time, title in _marks(timeline.tracks, Fraction(0)):
        frame = round(time * fps)
        if 0 <= frame < frames and title:
            marks.setdefault(frame, title)
    if not marks:
        return []
    marks.setdefault(0, str(timeline.name) or TOOL)
    starts = sorted(marks)
    return [
        Chapter(marks[start], start, end)
        for start, end in zip(starts, [*starts[1:], frames], strict=True)
    ]


def _marks(item: otio.core.Composable, at: Fraction) -> Iterator[tuple[Fraction, str]]:
    """Reel seconds and title of every marker of an item that begins at ``at``, outermost first."""
    if isinstance(item, otio.schema.Transition):
        return
    shown = item.trimmed_range()
    begin, length = seconds(shown.start_time), seconds(shown.duration)
    for marker in item.markers:
        place = seconds(marker.marked_range.start_time) - begin
        if 0 <= place < length:
            yield at + place, " ".join(str(marker.name or marker.comment).split())
    if isinstance(item, otio.schema.Stack):
        for child in item:
            if not isinstance(child, otio.schema.Track) or child.enabled:
                yield from _within(_marks(child, at - begin), at, at + length)
    elif isinstance(item, otio.schema.Track):
        place = at - begin
        for child in item:
            yield from _within(_marks(child, place), at, at + length)
            if not isinstance(child, otio.schema.Transition):
                place += seconds(child.duration())


def _within(
    marks: Iterator[tuple[Fraction, str]], start: Fraction, end: Fraction
) -> Iterator[tuple[Fraction, str]]:
    return ((time, title) for time, title in marks if start <= time < end)


def to_ffmetadata(title: str, chapters: Sequence[Chapter], fps: Fraction) -> str:
    """The metadata file that ffmpeg reads."""
    lines = [";FFMETADATA1", f"title={_escape(title)}", f"encoding_tool={TOOL}"]
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
    # ffmpeg takes even an escaped backslash for the sign that a line goes on, where it ends one.
    text += " " if text.endswith("\\") else ""
    return re.sub(r"([=;#\\\n])", r"\\\1", text)


def title_of(timeline: otio.schema.Timeline) -> str:
    """The title of the reel: what the script says, else the timeline's name."""
    return str(ours(timeline).get("title") or timeline.name)
