"""The layout of a track: places in frames, transitions without overlaps, ranges applied."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.backend.captions.words import words_of
from otio_gvideo.compiler.timeline.layout import lay_out, lay_out_timeline
from otio_gvideo.compiler.timeline.markers import markers_of
from otio_gvideo.compiler.timeline.properties import rate_and_frames
from otio_gvideo.compiler.timeline.rate import time, time_range
from otio_gvideo.compiler.timeline.resolve_ranges import resolve_ranges

from .test_properties import clip, of, track

FPS = Fraction(24)
Places = list[tuple[str, int, int, int]]


def fade(before: int, after: int) -> otio.schema.Transition:
    kind = otio.schema.TransitionTypes.SMPTE_Dissolve
    return otio.schema.Transition("", kind, time(before, FPS), time(after, FPS))


def places(timeline: otio.schema.Timeline) -> list[Places]:
    """Name, start, length and first frame of the media of every item of every track."""
    return [
        [(str(p.item.name), p.start, p.frames, p.media_start) for p in layout.items]
        for layout in lay_out_timeline(timeline, FPS)
    ]


def test_transitions_lie_between_items_or_at_the_ends() -> None:
    first, last = lay_out(track(fade(2, 3), clip(10), fade(2, 4), clip(12), fade(5, 1)), FPS)
    assert first.fade_in and (first.fade_in.before, first.fade_in.after) == (0, 3)
    assert first.into is last.out is first.fade_out is last.fade_in is None
    assert first.out and first.out == last.into and (first.out.before, first.out.after) == (2, 4)
    assert last.fade_out and (last.fade_out.before, last.fade_out.after) == (5, 1)


def test_transitions_that_overlap_are_shortened() -> None:
    _, middle, _ = lay_out(track(clip(10), fade(3, 4), clip(6), fade(3, 2), clip(9)), FPS)
    assert middle.into and middle.out
    assert (middle.into.after, middle.out.before) == (3, 3)
    assert (middle.into.stated, middle.out.stated) == ((3, 4), (3, 2))


def test_a_cut_by_name_and_a_negative_offset_are_no_transitions() -> None:
    named = fade(2, 2)
    named.metadata["otio_gvideo"] = {"transition": "cut"}
    placed = lay_out(track(clip(9), named, clip(9), fade(-1, 3), clip(9)), FPS)
    assert all(one.into is one.out is None for one in placed)


def ranged() -> otio.schema.Timeline:
    """A trimmed stack of a trimmed track, a whole one, and a nested stack."""
    upper = track(clip(10, name="a"), fade(2, 2), clip(10, name="b"), clip(10, name="c"))
    upper.source_range = time_range(4, 20, FPS)
    inner = otio.schema.Stack("inner", source_range=time_range(3, 12, FPS))
    inner.append(track(clip(40, name="d")))
    timeline = of(upper, track(clip(5, name="e"), clip(30, name="f")), inner)
    timeline.tracks.source_range = time_range(3, 15, FPS)
    return timeline


def test_ranges_of_stack_and_tracks_are_applied() -> None:
    assert rate_and_frames(ranged()) == (24, 15)
    assert places(ranged()) == [
        [("a", 0, 3, 7), ("b", 3, 10, 0), ("c", 13, 2, 0)],
        [("e", 0, 2, 3), ("f", 2, 13, 0)],
        [("inner", 0, 9, 0)],
    ]


def test_resolved_ranges_leave_the_same_places() -> None:
    timeline = ranged()
    before = places(timeline)
    assert resolve_ranges(timeline, FPS) == []
    assert timeline.tracks.source_range is None
    assert all(isinstance(child, otio.schema.Track) for child in timeline.tracks)
    assert not any(child.source_range for child in timeline.tracks)
    assert places(timeline) == before
    assert timeline.tracks[2][0].source_range == time_range(6, 9, FPS)


def test_a_transition_that_a_range_cuts_off_is_named() -> None:
    cut = track(clip(10), fade(2, 2), clip(10))
    cut.name, cut.source_range = "V1", time_range(10, 8, FPS)
    timeline = of(cut)
    assert resolve_ranges(timeline, FPS) == [
        "V1: 1 of its transitions, at or beyond the ends of its range, left out"
    ]
    assert places(timeline) == [[("a", 0, 8, 0)]]


def test_markers_and_words_keep_their_place_in_the_reel() -> None:
    timeline = of(track(clip(48)))
    timeline.tracks.source_range = time_range(12, 24, FPS)
    for name, frame in (("before", 6), ("within", 18)):
        timeline.tracks.markers.append(otio.schema.Marker(name, time_range(frame, 1, FPS)))
    gone = {"text": "gone", "start": 0.1, "end": 0.4}
    kept = {"text": "kept", "start": 0.75, "end": 1.0}
    timeline.metadata["otio_gvideo"] = {"words": [gone, kept]}

    def shown() -> tuple[object, object]:
        markers = [(time, marker.name) for time, marker in markers_of(timeline)]
        return markers, [(word.text, word.start, word.end) for word in words_of(timeline)]

    before = shown()
    assert before == ([(Fraction(1, 4), "within")], [("kept", 0.25, 0.5)])
    resolve_ranges(timeline, FPS)
    assert shown() == before


def test_a_rounded_rate_does_not_move_trimmed_clips() -> None:
    late = clip(10)
    late.source_range = otio.opentime.TimeRange(
        otio.opentime.RationalTime(86400, 23.98), otio.opentime.RationalTime(10, 23.98)
    )
    cut = track(late)
    cut.source_range = time_range(2, 5, Fraction(24000, 1001))
    timeline = of(cut)
    resolve_ranges(timeline, Fraction(24000, 1001))
    assert timeline.tracks[0][0].source_range.start_time.value == pytest.approx(86402)


def test_reversed_clips_are_trimmed_at_the_right_end() -> None:
    back = clip(10)
    back.effects.append(otio.schema.LinearTimeWarp(time_scalar=-1))
    cut = track(back)
    cut.source_range = time_range(3, 5, FPS)
    timeline = of(cut)
    resolve_ranges(timeline, FPS)
    assert timeline.tracks[0][0].source_range == time_range(2, 5, FPS)
