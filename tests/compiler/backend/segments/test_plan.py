"""Copies need no frame from outside; encoded spans become segments of bounded length."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.backend.segments.plan import (
    MAX_SEGMENT_S,
    MAX_SPANS,
    Copy,
    CutPoints,
    Encode,
    cut_points,
    plan_segments,
    split_spans,
)
from otio_gvideo.compiler.backend.spans.frame_content import (
    TransitionContent,
    TransparentContent,
    VideoContent,
    advance,
)
from otio_gvideo.compiler.backend.spans.spans import Span

FPS = Fraction(24)
MEDIA = Path("a.mp4")


@st.composite
def decode_orders(draw: st.DrawFn) -> tuple[list[int], set[int]]:
    """GOPs with B-frames: display numbers in decoding order, and the IDR frames."""
    order: list[int] = []
    idr = set()
    for _ in range(draw(st.integers(1, 4))):
        idr.add(len(order))
        order.append(len(order))
        for _ in range(draw(st.integers(0, 4))):
            depth = draw(st.integers(0, 3))
            first = len(order)
            order += [first + depth, *range(first, first + depth)]
    return order, idr


@given(decode_orders())
def test_a_copy_holds_all_that_its_frames_need(made: tuple[list[int], set[int]]) -> None:
    order, idr = made
    points = cut_points(order, idr)
    assert points is not None
    assert points.frames == len(order)
    assert points.stops[-1] == len(order)
    for start in points.starts:
        assert start in idr
        assert set(order[:start]) == set(range(start))
    for stop in points.stops:
        assert set(order[:stop]) == set(range(stop))


@given(decode_orders(), st.data())
def test_the_longest_copy_within_a_range_is_found(
    made: tuple[list[int], set[int]], data: st.DataObject
) -> None:
    points = cut_points(*made)
    assert points is not None
    first = data.draw(st.integers(0, points.frames))
    end = data.draw(st.integers(first, points.frames))
    inside = [
        (start, stop)
        for start in points.starts
        for stop in points.stops
        if first <= start < stop <= end
    ]
    best = max(inside, key=lambda part: part[1] - part[0], default=None)
    assert points.within(first, end) == best


def test_frames_with_gaps_are_not_copied() -> None:
    assert cut_points([0, 1, 3], {0}) is None
    assert cut_points([0, 1, 1], {0}) is None


POINTS = CutPoints(240, (0, 30, 48, 96), tuple(range(1, 241)))


def planned(*spans: Span, points: CutPoints | None = POINTS) -> list[Copy | Encode]:
    return plan_segments(spans, FPS, lambda path: points)


def span(start: int, end: int, into: int) -> Span:
    return Span(start, end, VideoContent(MEDIA, into / FPS))


def test_a_body_that_starts_on_an_idr_frame_is_copied_whole() -> None:
    assert planned(span(0, 100, 30)) == [Copy(MEDIA, 30, 100)]
    assert planned(span(0, 3, 48)) == [Copy(MEDIA, 48, 3)]


def test_the_frames_before_the_next_idr_frame_are_encoded() -> None:
    assert planned(span(0, 100, 20)) == [Encode((span(0, 10, 20),)), Copy(MEDIA, 30, 90)]


def test_a_copy_too_short_to_pay_is_encoded_with_its_neighbours() -> None:
    black = Span(0, 10, TransparentContent())
    assert planned(black, span(10, 24, 90)) == [Encode((black, span(10, 24, 90)))]


def test_the_frames_of_transitions_count_from_the_start_of_their_segment() -> None:
    mix = Span(
        10, 22, TransitionContent("dissolve", TransparentContent(), TransparentContent(), 12)
    )
    assert Encode((Span(4, 10, TransparentContent()), mix)).transitions == (range(6, 18),)
    assert Encode((Span(4, 10, TransparentContent()),)).transitions == ()


def test_contents_between_frames_or_at_another_speed_are_encoded() -> None:
    between = Span(0, 50, VideoContent(MEDIA, Fraction(61, 48)))
    slow = Span(0, 50, VideoContent(MEDIA, Fraction(30, 24), Fraction(1, 2)))
    early = Span(0, 50, VideoContent(MEDIA, Fraction(-2, 24)))
    for one in (between, slow, early):
        assert planned(one) == [Encode((one,))]
    assert planned(span(0, 50, 30), points=None) == [Encode((span(0, 50, 30),))]


@given(
    st.lists(st.tuples(st.integers(1, 900), st.integers(0, 200), st.booleans()), max_size=30),
    st.booleans(),
)
def test_the_segments_hold_every_frame_once(
    parts: list[tuple[int, int, bool]], copyable: bool
) -> None:
    spans, position = [], 0
    for frames, into, clear in parts:
        picture = TransparentContent() if clear else VideoContent(MEDIA, into / FPS)
        spans.append(Span(position, position + frames, picture))
        position += frames
    wanted = [advance(s.picture, n, FPS) for s in spans for n in range(s.frames)]
    made = []
    for segment in planned(*spans, points=POINTS if copyable else None):
        if isinstance(segment, Copy):
            made += [VideoContent(MEDIA, (segment.first + n) / FPS) for n in range(segment.frames)]
            continue
        assert segment.frames <= MAX_SEGMENT_S * FPS
        assert len(segment.spans) <= MAX_SPANS
        made += [advance(s.picture, n, FPS) for s in segment.spans for n in range(s.frames)]
    assert made == wanted


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=8),
    st.lists(st.integers(0, 1000), unique=True).map(sorted),
)
def test_captions_split_spans_into_parts_of_a_second_and_more(
    lengths: list[int], places: list[int]
) -> None:
    edges = [sum(lengths[:n]) for n in range(len(lengths) + 1)]
    spans = [span(start, end, 7) for start, end in pairwise(edges)]
    split = split_spans(spans, places, FPS)
    frames = [
        (n, advance(s.picture, n - s.start, FPS)) for s in spans for n in range(s.start, s.end)
    ]
    assert frames == [
        (n, advance(s.picture, n - s.start, FPS)) for s in split for n in range(s.start, s.end)
    ]
    inner = {part.start for part in split} - {one.start for one in spans}
    assert inner <= set(places)
    new = [part for part in split if part not in spans]
    assert all(part.frames >= FPS for part in new)


def test_a_caption_that_moves_leaves_the_parts_of_other_captions_alone() -> None:
    whole = [span(0, 240, 0)]
    before, after = (split_spans(whole, [0, 50, moved, 150, 200], FPS) for moved in (100, 97))
    assert len(set(before) & set(after)) == len(before) - 2 == 3
