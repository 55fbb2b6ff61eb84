"""A timeline into a `PageView`: tracks, words, markers, what is seen and heard, and what is off."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..backend.audio.mix import Mix
from ..backend.captions.cues import captions_of
from ..backend.captions.words import words_of
from ..backend.mux.chapters import disclosure_of, title_of
from ..backend.spans.content import TransparentContent
from ..backend.spans.media import lines_of
from ..backend.spans.read_spans import SpanReading, frame_size, picture_reader
from ..backend.spans.spans import Span, over
from ..errors import InputError, Problem
from ..media.samples import SAMPLE_RATE
from ..notices import Notice, notices
from ..timeline.frame_rate import frame_rate_of
from ..timeline.length import timeline_frames
from ..timeline.properties import kind_of
from ..timeline.values import own_metadata, seconds
from .markers import marks_of
from .playlist import seen_of
from .tracks import Rows
from .view_model import Fact, PageView, SoundStretch, TextSpan
from .waveform import peaks_per_second


def read_view(timeline: otio.schema.Timeline, path: Path) -> PageView:
    """All that there is to be seen of a timeline.

    Args:
        timeline: any timeline.
        path: its file; relative media are named from its folder.

    Raises:
        InputError: something in it has no length, or its metadata cannot be used.
    """
    fps, frames = _length(timeline, path)
    start = timeline.global_start_time
    first = round(seconds(start) * fps) if start is not None else 0
    title = title_of(timeline) or path.stem
    if not frames:
        stated = own_metadata(timeline).get("output", {})
        size = int(stated.get("width", 1080)), int(stated.get("height", 1920))
        empty = [Notice("effect", "The timeline is empty.")]
        return PageView(path, title, *size, fps, 0, first, notes=empty)
    names = {kind_of(one) for one in timeline.find_children(None, None, False)
             if isinstance(one, otio.schema.Transition)}  # fmt: skip
    reader = picture_reader(timeline, path.parent, fps, transitions=names | {"dissolve"})
    window = (0, frames)
    whole = over(
        reader.spans(timeline.tracks, Fraction(0), window),
        [Span(*window, TransparentContent())],
        fps,
    )
    size = frame_size(timeline, SpanReading(tuple(whole), reader.media.media))
    view = PageView(path, title, *size, fps, frames, first)
    view.seen = seen_of(whole, reader.media.media, fps)
    view.words = [
        TextSpan(word.start * float(fps), word.end * float(fps), word.text)
        for word in words_of(timeline)
    ]
    view.captions = [
        TextSpan(cue.start * float(fps), cue.end * float(fps), "\n".join(cue.text))
        for cue in captions_of(timeline)
    ]
    view.peaks_per_s = peaks_per_second(float(frames / fps))
    rows = Rows(timeline, path.parent, reader, view)
    view.rows = rows.all()
    view.marks = marks_of(timeline, frames, fps)
    view.media = reader.media.media
    view.heard = _heard(rows.mix)
    told = disclosure_of(timeline)
    view.facts += [Fact("Disclosure", told)] if told else []
    view.notes += notices("missing", lines_of((*reader.media.missing, *rows.mix.missing)))
    view.notes += lines_of((*reader.media.warnings, *rows.mix.warnings, *rows.notes))
    return view


def _length(timeline: otio.schema.Timeline, path: Path) -> tuple[Fraction, int]:
    """Rate and frames of the reel."""
    try:
        fps = frame_rate_of(timeline)
        return fps, max(0, timeline_frames(timeline, fps))
    except otio.exceptions.OTIOError as error:
        what = f"has no length: {' '.join(str(error).split())}"
        hint = "give every clip a source_range"
        raise InputError(Problem.in_file(path, what, hint)) from error


def _heard(mix: Mix) -> list[SoundStretch]:
    return [
        SoundStretch(
            clip.path,
            clip.start / SAMPLE_RATE,
            clip.end / SAMPLE_RATE,
            float(clip.source / SAMPLE_RATE),
            float(clip.speed),
            min(1.0, 10 ** ((track.gain_db + clip.gain_db) / 20)),
        )
        for track in mix.tracks
        for clip in track.clips
    ]
