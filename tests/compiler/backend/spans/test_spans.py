"""Tracks, transitions and layers come down to one row of spans that shows every frame once."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.backend.spans.frame_content import (
    ImageContent,
    Picture,
    TransitionContent,
    TransparentContent,
    VideoContent,
    advance,
    media_paths,
)
from otio_gvideo.compiler.backend.spans.spans import (
    Span,
    SpanCut,
    TrackItem,
    composite_spans,
    lay_track,
    trim,
)

FPS = Fraction(24)


def video(number: int, start: int = 0) -> VideoContent:
    return VideoContent(Path(f"{number}.mp4"), start / FPS)


@dataclass(frozen=True)
class Track:
    items: list[TrackItem]
    cuts: list[SpanCut]

    def shown(self, frame: int) -> Picture:
        """What a frame shows, found the simple way."""
        for index, item in enumerate(self.items):
            for place, cut in ((item.start, self.cuts[index]), (item.end, self.cuts[index + 1])):
                if place - cut.before <= frame < place + cut.after:
                    sides = [
                        next((i for i in self.items if i.end == place), None),
                        next((i for i in self.items if i.start == place), None),
                    ]
                    old, new = (self.frame_of(side, frame) for side in sides)
                    frames, done = cut.before + cut.after, frame - place + cut.before
                    return TransitionContent(cut.name, old, new, frames, done)
        item = next(i for i in self.items if i.start <= frame < i.end)
        return self.frame_of(item, frame)

    @staticmethod
    def frame_of(item: TrackItem | None, frame: int) -> Picture:
        if item is None:
            return TransparentContent()
        span = next(span for span in item.spans if span.start <= frame < span.end)
        return advance(span.picture, frame - span.start, FPS)


@st.composite
def tracks(draw: st.DrawFn, length: int | None = None) -> Track:
    lengths = draw(st.lists(st.integers(4, 20), min_size=1, max_size=5))
    if length is not None:
        lengths = [length // len(lengths)] * len(lengths)
        lengths[-1] += length - sum(lengths)
    cuts = [
        SpanCut(draw(st.sampled_from("ab")), draw(st.integers(0, 2)), draw(st.integers(0, 2)))
        for _ in range(len(lengths) + 1)
    ]
    items, position = [], 0
    for number, frames in enumerate(lengths):
        start, end = position, position + frames
        low, high = start - 2, end + 2
        middle = draw(st.integers(low + 1, high - 1))
        picture = draw(
            st.sampled_from([TransparentContent(), ImageContent(Path("s.png")), video(number, 100)])
        )
        parts = (
            Span(low, middle, picture),
            Span(middle, high, video(9, draw(st.integers(50, 60)))),
        )
        items.append(
            TrackItem(start, end, parts if draw(st.booleans()) else (Span(low, high, picture),))
        )
        position = end
    return Track(items, cuts)


def frames_of(spans: list[Span]) -> list[Picture]:
    return [advance(s.picture, n, FPS) for s in spans for n in range(s.frames)]


@given(tracks())
def test_every_frame_of_a_track_shows_the_right_content(track: Track) -> None:
    spans = list(lay_track(track.items, track.cuts, FPS))
    start, end = -track.cuts[0].before, track.items[-1].end + track.cuts[-1].after
    assert (spans[0].start, spans[-1].end) == (start, end)
    assert all(one.end == other.start for one, other in pairwise(spans))
    assert frames_of(spans) == [track.shown(frame) for frame in range(start, end)]


@given(tracks(length=60), tracks(length=60))
def test_a_clear_picture_lets_the_one_below_through(upper: Track, lower: Track) -> None:
    top, bottom = (
        list(trim(list(lay_track(track.items, track.cuts, FPS)), 0, 60, FPS))
        for track in (upper, lower)
    )
    shown = frames_of(composite_spans(top, bottom, FPS))
    assert len(shown) == 60
    for frame, picture in enumerate(shown):
        above, below = upper.shown(frame), lower.shown(frame)
        if isinstance(above, TransparentContent):
            assert picture == below
        elif isinstance(above, TransitionContent):
            assert isinstance(picture, TransitionContent)
            hidden = isinstance(above.outgoing, TransparentContent)
            assert picture.outgoing == (below if hidden else above.outgoing)
        else:
            assert picture == above


def test_spans_that_go_on_are_one() -> None:
    top = [Span(0, 10, TransparentContent()), Span(10, 20, TransparentContent())]
    bottom = [Span(0, 20, video(1))]
    assert composite_spans(top, bottom, FPS) == [Span(0, 20, video(1))]


def test_trimming_moves_into_the_media_at_their_speed() -> None:
    slow = VideoContent(Path("a.mp4"), Fraction(1), Fraction(1, 2))
    assert list(trim([Span(10, 40, slow)], 22, 30, FPS)) == [
        Span(22, 30, VideoContent(Path("a.mp4"), Fraction(5, 4), Fraction(1, 2)))
    ]


def test_the_files_of_a_nested_transition_are_all_named() -> None:
    picture = TransitionContent(
        "a", TransitionContent("b", video(1), ImageContent(Path("s.png")), 4), video(2), 6
    )
    assert [str(path) for path in media_paths(picture)] == ["1.mp4", "s.png", "2.mp4"]
