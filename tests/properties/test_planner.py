"""Rules of the planner: under any limits, the calls of a model fill exactly the slot."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from otio_gvideo.renderers.base import Call, Frame, FrameGrid, Keyframe, Limits, OnStep, Shot
from otio_gvideo.renderers.fit import run_renderer
from otio_gvideo.renderers.fit.chunks import native_frames
from otio_gvideo.renderers.fit.model_grid import (
    chunk_lengths,
    count_for,
    longest_count,
    native_size,
)
from otio_gvideo.renderers.fit.planner import describe, plan

RATES = [Fraction(24), Fraction(25), Fraction(30), Fraction(60), Fraction(24000, 1001)]
CONDITIONS = [{"first"}, {"first", "last"}, {"first", "last", "any"}]


@st.composite
def grids(draw: st.DrawFn, overlap: int) -> FrameGrid:
    """Frame counts of a model whose longest call exceeds the overlap."""
    if draw(st.booleans()):
        counts = draw(st.sets(st.integers(overlap + 1, 49), min_size=1, max_size=2))
        return FrameGrid(counts=tuple(sorted(counts)))
    step = draw(st.sampled_from([1, 4, 8]))
    offset = draw(st.integers(0, step - 1)) if step > 1 else 0
    least = draw(st.integers(1, 17))
    most = draw(st.integers(max(least, overlap) + 2 * step, 130))
    return FrameGrid(step, offset, least, most)


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    """Possible limits of a model."""
    overlap = draw(st.sampled_from([0, 1, 4, 9]))
    own_rate = draw(st.booleans())
    return Limits(
        frames=draw(grids(overlap)),
        fps=draw(st.sampled_from([Fraction(6), Fraction(7), Fraction(16)])) if own_rate else None,
        max_fps=None if own_rate else draw(st.sampled_from([None, Fraction(16), Fraction(30)])),
        multiple=draw(st.sampled_from([8, 16, 32, 64])),
        max_pixels=draw(st.sampled_from([None, 96 * 160, 544 * 960])),
        conditions=frozenset(draw(st.sampled_from(CONDITIONS))),
        keyframe_step=draw(st.sampled_from([1, 8])),
        overlap=overlap,
        continues=draw(st.booleans()),
    )


@st.composite
def shots(draw: st.DrawFn, longest: int = 300) -> Shot:
    """A slot at any position of its scene."""
    frames = draw(st.integers(1, longest))
    start = draw(st.integers(0, 60))
    span = start + frames + draw(st.integers(0, 60))
    places = sorted(draw(st.sets(st.integers(0, span - 1), min_size=1, max_size=4)))
    return Shot(
        width=2 * draw(st.integers(16, 64)),
        height=2 * draw(st.integers(16, 96)),
        fps=draw(st.sampled_from(RATES)),
        frames=frames,
        head=0,
        tail=draw(st.integers(0, min(12, frames - 1))),
        start=start,
        span=span,
        keyframes=tuple(Keyframe(Path(f"{n}.png"), place) for n, place in enumerate(places)),
        seed=draw(st.integers(0, 2**31)),
        previous=Path("before.mp4") if draw(st.booleans()) else None,
    )


@given(shots(), limits())
def test_every_call_is_within_the_limits(shot: Shot, can: Limits) -> None:
    for call in plan(shot, can).calls:
        assert count_for(call.frames, can.frames) == call.frames
        assert call.width % can.multiple == call.height % can.multiple == 0
        smallest = can.multiple in (call.width, call.height)
        fits = can.max_pixels is None or call.width * call.height <= can.max_pixels
        assert fits or smallest
        assert can.fps in (None, call.fps)
        assert can.max_fps is None or call.fps <= can.max_fps


@given(shots(), limits())
def test_calls_cover_the_slot_without_gaps_and_none_is_superfluous(shot: Shot, can: Limits) -> None:
    made = plan(shot, can)
    lead = can.overlap if can.continues and shot.previous else 0
    ends = ends_on_its_last_keyframe(shot, can)
    if lead or not ends:
        assert made.calls[0].first == -lead
    for one, other in itertools.pairwise(made.calls):
        assert other.first + other.overlap == one.first + one.frames
        assert one.first + one.frames < made.native_frames
    last = made.calls[-1]
    assert ends or last.first + last.frames >= made.native_frames
    # The last finished frame lies between two native frames.
    assert (made.native_frames - 1) / last.fps >= (shot.frames - 1) / shot.fps
    assert (made.native_frames - 2) / last.fps < (shot.frames - 1) / shot.fps


@given(st.integers(1, 2000), st.data())
def test_the_number_of_chunks_is_minimal(frames: int, data: st.DataObject) -> None:
    overlap = data.draw(st.sampled_from([0, 1, 9, 17]))
    grid = data.draw(grids(overlap))
    lengths = chunk_lengths(frames, grid, overlap)
    longest = longest_count(grid)
    assert longest is not None
    assert sum(lengths) - overlap * (len(lengths) - 1) >= frames
    if len(lengths) > 1:
        assert len(lengths) == math.ceil((frames - overlap) / (longest - overlap))


@given(shots(), limits())
def test_keyframes_are_at_positions_that_the_model_accepts(shot: Shot, can: Limits) -> None:
    for call in plan(shot, can).calls:
        continued = call.overlap if can.overlap else 0
        frames = [key.frame for key in call.keyframes]
        assert frames == sorted(set(frames))
        for frame in frames:
            assert continued <= frame < call.frames
            if "any" in can.conditions:
                assert frame % can.keyframe_step == 0
            else:
                assert frame in (0, call.frames - 1)
                assert "last" in can.conditions or frame == 0
        assert frames or continued or "any" in can.conditions


@given(shots(), limits())
def test_a_keyframe_is_hit_within_half_a_step_or_reported(shot: Shot, can: Limits) -> None:
    made = plan(shot, can)
    step = can.keyframe_step if "any" in can.conditions else 1
    for key in shot.keyframes:
        place = round((key.frame - shot.start) * made.calls[0].fps / shot.fps)
        if not 0 <= place < made.native_frames or key.frame == shot.span - 1:
            continue
        found = [
            abs(call.first + met.frame - place)
            for call in made.calls
            for met in call.keyframes
            if met.image == key.image
        ]
        near = bool(found) and min(found) == 0
        assert near or any(key.image.name in note for note in made.notes)
        if near and step == 1:
            assert min(found) == 0


def ends_on_its_last_keyframe(shot: Shot, can: Limits) -> bool:
    """Whether a model that honours a first and a last frame alone gets a last one."""
    call = plan(shot, can).calls[-1]
    reached = [key.frame for key in call.keyframes]
    return can.conditions == {"first", "last"} and call.frames - 1 in reached


MODELS = {
    "ltx": Limits(
        FrameGrid(8, 1, 9, 257), max_fps=Fraction(30), multiple=32, overlap=17, continues=True
    ),
    "wan": Limits(
        FrameGrid(4, 1, 9, 81),
        fps=Fraction(16),
        multiple=16,
        conditions=frozenset({"first", "last"}),
        overlap=1,
        continues=True,
    ),
    "animatediff": Limits(FrameGrid(least=16, most=96), fps=Fraction(8), multiple=8),
}


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=40)
@given(
    seconds=st.fractions(2, 10),
    fps=st.sampled_from(RATES),
    head=st.integers(0, 15),
    tail=st.integers(0, 15),
)
def test_a_keyframe_at_the_end_is_on_the_last_visible_frame(
    name: str, seconds: Fraction, fps: Fraction, head: int, tail: int
) -> None:
    can = MODELS[name]
    frames = head + math.ceil(seconds * fps) + tail
    keys = (Keyframe(Path("a.png"), 0), Keyframe(Path("b.png"), frames - 1))
    shot = Shot(64, 96, fps, frames, head, tail, 0, frames, keys)
    made = plan(shot, can)
    call = made.calls[-1]
    key = call.keyframes[-1]
    assert key.image.name == "b.png"
    # The visible frame shows the native frames beside it.
    visible = (frames - 1 - tail) * call.fps / fps
    assert 0 <= visible - (call.first + key.frame) < 1
    assert not any("b.png" in note for note in made.notes)
    # The first keyframe is no more than a step of the grid before the slot.
    first = made.calls[0]
    assert first.keyframes[0] == Keyframe(Path("a.png"), 0)
    assert -can.frames.step < first.first <= 0
    # What a model that ends on the keyframe lacks is held.
    native = list(native_frames(Numbered(can), shot, made, lambda *_: None))
    assert len(native) == made.native_frames
    held = native[call.first + key.frame :]
    assert "any" in can.conditions or all((frame == held[0]).all() for frame in held)


@given(shots(), limits())
def test_the_crop_lies_in_the_frame_and_has_the_aspect_ratio_of_the_slot(
    shot: Shot, can: Limits
) -> None:
    made = plan(shot, can)
    call = made.calls[0]
    wide, high = shot.width / made.scale, shot.height / made.scale
    assert min(made.crop) >= 0
    assert made.crop[0] * 2 + wide == call.width
    assert made.crop[1] * 2 + high == call.height
    assert 0 in made.crop


@given(shots(), limits())
def test_a_plan_is_deterministic_and_every_call_has_its_own_seed(shot: Shot, can: Limits) -> None:
    made = plan(shot, can)
    assert made == plan(shot, can)
    assert (made.calls[0].seed == shot.seed) == (shot.start == 0)
    assert len({call.seed for call in made.calls}) == len(made.calls)
    text = describe(made)
    assert text[-len(made.notes) - 1].startswith(f"{shot.frames} frames")
    assert any(line.endswith("of the slot before") for line in text) == (made.calls[0].overlap > 0)
    assert ("overlap" in text[0]) == (made.calls[-1].overlap > 0 and len(made.calls) > 1)


@given(st.integers(64, 2200), st.integers(64, 2200), st.sampled_from([8, 16, 32, 64]))
def test_the_chosen_size_keeps_the_most_resolution_within_the_budget(
    width: int, height: int, multiple: int
) -> None:
    budget = 544 * 960
    wide, high = native_size(width, height, multiple, budget)

    def kept(w: int, h: int) -> Fraction:
        return min(Fraction(w, width), Fraction(h, height), Fraction(1))

    sides = range(multiple, 2304 + 1, multiple)
    best = max(
        kept(w, h)
        for w in sides
        for h in {budget // w // multiple * multiple, math.ceil(height / multiple) * multiple}
        if h >= multiple and w * h <= budget
    )
    assert kept(wide, high) >= best * Fraction(999, 1000)


def test_a_reel_is_generated_at_known_sizes() -> None:
    assert native_size(1080, 1920, 32, 544 * 960) == (544, 960)
    assert native_size(1080, 1920, 64, 1088 * 1920) == (1088, 1920)
    assert native_size(1920, 1080, 32, 544 * 960) == (960, 544)
    assert native_size(1080, 1920, 64, 576 * 1024) == (576, 1024)
    assert native_size(1080, 1920, 32, 704 * 1280) == (704, 1280)


class Numbered:
    """A model whose native frame ``n`` is grey of level ``n % 200``, of the slot's own count."""

    name: ClassVar[str] = "numbered"
    version: ClassVar[int] = 1

    def __init__(self, can: Limits):
        self.can = can
        self.calls: list[Call] = []
        self.before: list[int] = []

    @property
    def limits(self) -> Limits:
        return self.can

    def generate(
        self, shot: Shot, call: Call, before: list[Frame], on_step: OnStep
    ) -> Iterator[Frame]:
        self.calls.append(call)
        self.before.append(len(before))
        for n in range(call.frames):
            level = (call.first + n) % 200
            yield np.full((call.height, call.width, 3), level, np.uint8)
            on_step(n + 1, call.frames)

    def close(self) -> None:
        return None


@settings(max_examples=25)
@given(shots(longest=90), limits())
def test_the_output_has_exactly_the_frames_of_the_slot(shot: Shot, can: Limits) -> None:
    if shot.previous is not None and can.continues:
        return  # Needs media on disk; see tests/renderers/fit/test_chunks.py.
    model = Numbered(can)
    steps: list[tuple[int, int]] = []
    frames = list(run_renderer.frames(model, shot, lambda *step: steps.append(step)))
    assert len(frames) == shot.frames
    if not can.is_unbounded:
        assert {frame.shape for frame in frames} == {(shot.height * 3 // 2, shot.width)}
    assert model.calls == list(plan(shot, can).calls)
    assert model.before == [call.overlap for call in model.calls]
    assert steps == sorted(steps)
    assert steps[-1] == (shot.frames, shot.frames)
