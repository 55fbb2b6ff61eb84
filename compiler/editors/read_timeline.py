"""Read timeline files of any format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..errors import InputError, Problem
from ..report import Report
from ..timeline.bounds import refuse_impossible
from ..timeline.media_timecode import count_from_timecode
from ..timeline.properties import rate_and_frames, size_of
from . import formats

WITHOUT_RATE = (".edl",)
"""Suffixes of formats that state no frame rate."""


class OtherSequenceError(InputError):
    """A file holds one timeline, of another name than the one that is asked for."""


def read_timeline(
    path: Path, fps: Fraction | None = None, sequence: str | None = None
) -> otio.schema.Timeline:
    """Read a timeline from a file of any known format.

    Clips that count in the timecode of their media get its range (`timeline.media_timecode`).

    Args:
        path: the file.
        fps: the frame rate, for formats that state none (`WITHOUT_RATE`).
        sequence: name of the timeline, for files that hold several.

    Raises:
        InputError: the file is missing, broken, holds something other than a timeline, no timeline
            of that name, or states numbers out of bounds (`timeline.bounds`).
        OtherSequenceError: it holds one timeline, of another name.
    """
    refuse_rate([path], fps)
    timeline = _timeline_of(formats.read(path, fps), path, sequence)
    if sequence is not None and str(timeline.name) != sequence:
        what = f"holds one timeline ({str(timeline.name)!r}), none named {sequence!r}"
        raise OtherSequenceError(Problem.in_file(path, what, "leave out --sequence"))
    _fill_references(timeline)
    refuse_impossible(timeline, path)
    count_from_timecode(timeline, path.parent)
    return timeline


def _timeline_of(
    loaded: otio.core.SerializableObject, path: Path, sequence: str | None
) -> otio.schema.Timeline:
    """Return the timeline of a file; anything else with a length becomes one.

    Of several timelines in a collection, ``sequence`` names one; if there is none, its clips follow
    each other.

    Raises:
        InputError: the file holds several timelines and none or two of that name, or nothing that
            lasts.
    """
    if isinstance(loaded, otio.schema.SerializableCollection):
        timelines = [item for item in loaded if isinstance(item, otio.schema.Timeline)]
        if len(timelines) > 1:
            timelines = [_named(timelines, path, sequence)]
        items = [item.deepcopy() for item in loaded if isinstance(item, otio.core.Item)]
        loaded = timelines[0] if timelines else otio.schema.Track("V1", items)
        if not timelines and not items:
            raise InputError(Problem.in_file(path, "holds no timeline and no clips"))
    if isinstance(loaded, otio.schema.Timeline):
        return loaded
    if not isinstance(loaded, otio.core.Item):
        kind = type(loaded).__name__
        article = "an" if kind[0] in "AEIOU" else "a"
        raise InputError(Problem.in_file(path, f"holds {article} {kind}, not a timeline"))
    timeline = otio.schema.Timeline(str(loaded.name) or path.stem)
    if isinstance(loaded, otio.schema.Stack):
        timeline.tracks = loaded
    elif isinstance(loaded, otio.schema.Track):
        timeline.tracks.append(loaded)
    else:
        timeline.tracks.append(otio.schema.Track("V1", [loaded]))
    return timeline


def _named(
    timelines: Sequence[otio.schema.Timeline], path: Path, sequence: str | None
) -> otio.schema.Timeline:
    """Return the timeline of a name among several.

    Raises:
        InputError: there is none, or more than one.
    """
    named = [timeline for timeline in timelines if str(timeline.name) == sequence]
    if len(named) == 1:
        return named[0]
    names = ", ".join(repr(str(timeline.name)) for timeline in timelines)
    what = f"holds {len(timelines)} timelines ({names})"
    if sequence is not None:
        what += f", {len(named) or 'none'} of them named {sequence!r}"
    hint = "rename one of them" if named else "choose one with --sequence NAME"
    raise InputError(Problem.in_file(path, what, hint))


def refuse_rate(paths: Iterable[Path], fps: Fraction | None) -> None:
    """Reject a frame rate for timelines that all state their own.

    Raises:
        InputError: it is one.
    """
    names = [path.name for path in paths]
    if fps is not None and not any(name.lower().endswith(WITHOUT_RATE) for name in names):
        what = f"{names[-1]} states its frame rate"
        raise InputError(Problem.option("--fps", what, "it is for .edl"))


def _fill_references(timeline: otio.schema.Timeline) -> None:
    """Give clips whose active media reference is absent a `MissingReference`."""
    for clip in timeline.find_clips():
        if clip.media_reference is None:
            # OpenTimelineIO reads an empty key, but refuses to set one.
            references = {key: one for key, one in clip.media_references().items() if key}
            key = clip.active_media_reference_key or otio.schema.Clip.DEFAULT_MEDIA_KEY
            references[key] = otio.schema.MissingReference()
            clip.set_media_references(references, key)


def report_of_timeline(timeline: otio.schema.Timeline, path: Path, root: Path) -> Report:
    """Return an empty report with the size, rate and length of a timeline.

    Args:
        timeline: any timeline.
        path: the file that the report is of.
        root: folder that relative media paths start from.

    Raises:
        InputError: something in the timeline has no length.
    """
    fps, frames = rate_and_frames(timeline, path)
    width, height = size_of(timeline, root)
    return Report(timeline=path, width=width, height=height, fps=fps, frames=frames)
