"""Build a `PageView` from a timeline: tracks, words, markers, playlist and notes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..backend.audio.mix import Mix
from ..backend.captions.cues import captions_of
from ..backend.captions.words import words_of
from ..backend.mux.chapters import disclosure_of, title_of
from ..backend.spans.frame_content import TransparentContent
from ..backend.spans.media import unique
from ..backend.spans.read_spans import span_reader
from ..backend.spans.spans import Span, composite_spans
from ..media.samples import SAMPLE_RATE
from ..notices import Notice, notices
from ..timeline.confidence import doubts_of, scene_confidence
from ..timeline.cover import states_cover
from ..timeline.layout import kind_of
from ..timeline.markers import markers_of
from ..timeline.metadata import own_metadata
from ..timeline.properties import rate_and_frames, size_of
from ..timeline.rate import seconds
from .playlist import playlist_of
from .tracks import TrackRows
from .view_model import Fact, PageMarker, PageView, SoundSpan, TextSpan
from .waveform import peaks_per_second


def build_view(timeline: otio.schema.Timeline, path: Path) -> PageView:
    """Build the view of any timeline.

    Args:
        timeline: any timeline.
        path: its file; relative media paths start at its folder.

    Raises:
        InputError: an item has no length, or the metadata is invalid.
    """
    fps, frames = rate_and_frames(timeline, path)
    size = size_of(timeline, path.parent)
    start = timeline.global_start_time
    first = round(seconds(start) * fps) if start is not None else 0
    title = title_of(timeline) or path.stem
    if not frames:
        empty = [Notice("effect", "The timeline is empty.")]
        return PageView(path, title, *size, fps, 0, first, notes=empty)
    names = {kind_of(one) for one in timeline.find_children(None, None, False)
             if isinstance(one, otio.schema.Transition)}  # fmt: skip
    reader = span_reader(timeline, path.parent, fps, transitions=names | {"dissolve"})
    window = (0, frames)
    whole = composite_spans(
        reader.spans(timeline.tracks, Fraction(0), window),
        [Span(*window, TransparentContent())],
        fps,
    )
    view = PageView(path, title, *size, fps, frames, first, has_cover=states_cover(timeline))
    view.playlist = playlist_of(whole, reader.media.media, fps)
    view.words = [
        TextSpan(word.start * float(fps), word.end * float(fps), word.text, word.confidence)
        for word in words_of(timeline)
    ]
    if scene_confidence(timeline):
        view.doubts = sorted(doubts_of(timeline), key=lambda doubt: doubt.confidence)
    view.captions = [
        TextSpan(cue.start * float(fps), cue.end * float(fps), "\n".join(cue.text))
        for cue in captions_of(timeline)
    ]
    view.peaks_per_s = peaks_per_second(float(frames / fps))
    rows = TrackRows(timeline, path.parent, reader, view)
    view.rows = rows.all()
    view.markers = _page_markers(timeline, frames, fps)
    view.media = reader.media.media
    view.sounds = _heard(rows.mix)
    told = disclosure_of(timeline)
    view.facts += [Fact("Disclosure", told)] if told else []
    view.notes += notices("missing", unique((*reader.media.missing, *rows.mix.missing)))
    view.notes += unique((*reader.media.warnings, *rows.mix.warnings, *rows.notes))
    return view


def _heard(mix: Mix) -> list[SoundSpan]:
    return [
        SoundSpan(
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


def _page_markers(timeline: otio.schema.Timeline, frames: int, fps: Fraction) -> list[PageMarker]:
    """Return all markers, in order of time."""
    found = []
    for time, marker in markers_of(timeline):
        start, length = round(time * fps), round(seconds(marker.marked_range.duration) * fps)
        if start < frames:
            comment = str(marker.comment or own_metadata(marker).get("note") or "")
            colour = str(marker.color or "").lower()
            end = min(frames, start + max(1, length))
            found.append(PageMarker(str(marker.name), start, end - start, comment, colour))
    return sorted(found, key=lambda mark: (mark.start, -mark.frames))
