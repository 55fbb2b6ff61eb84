"""A clip fills exactly its frames of the reel, with frames of its range alone."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.sync.clip_runs import ClipFit, ClipRange, ClipRun, clip_runs

from .strategies import rates

SPEEDS = st.fractions(Fraction(1, 50), Fraction(20), max_denominator=200)
FITS: st.SearchStrategy[ClipFit] = st.sampled_from(["trim", "hold", "loop", "speed"])
LENGTHS = st.integers(1, 400)


@st.composite
def ranges(draw: st.DrawFn, *, stated: bool = False) -> ClipRange:
    frames = draw(st.integers(1, 2000))
    first = draw(st.integers(0, frames - 1))
    end = draw(st.integers(first + 1, frames))
    return ClipRange(
        draw(rates),
        frames,
        first if stated or draw(st.booleans()) else None,
        end if stated or draw(st.booleans()) else None,
    )


def shown(video: ClipRange, run: ClipRun, fps: Fraction) -> list[int]:
    """Return the frames of the video that a run shows: the nearest, of two the earlier."""
    return [
        math.ceil(run.first + frame * run.speed * video.fps / fps - Fraction(1, 2))
        for frame in range(run.frames)
    ]


@given(ranges(), LENGTHS, rates, FITS, SPEEDS, st.integers(0, 30), st.integers(0, 30))
def test_runs_fill_the_frames_and_stay_in_the_range(
    video: ClipRange,
    frames: int,
    fps: Fraction,
    fit: ClipFit,
    speed: Fraction,
    head: int,
    tail: int,
) -> None:
    runs = clip_runs(video, frames, fps, fit, speed, (head, tail))
    assert sum(run.frames for run in runs) == frames
    assert all(run.frames > 0 for run in runs)
    low = video.first or 0
    high = video.frames if video.end is None else video.end
    assert all(low <= at < high for run in runs for at in shown(video, run, fps))


@given(ranges(stated=True), LENGTHS, rates, st.sampled_from(["trim", "hold"]), SPEEDS)
def test_a_clip_plays_once_from_its_in_point_and_its_last_frame_is_held(
    video: ClipRange, frames: int, fps: Fraction, fit: ClipFit, speed: Fraction
) -> None:
    first, *held = clip_runs(video, frames, fps, fit, speed)
    assert first.first == video.first
    if not first.speed:  # Its range is seen for one frame.
        assert shown(video, ClipRun(2, first.first, speed), fps)[-1] >= (video.end or 0)
        return
    assert first.speed == speed
    assert video.end is not None
    assert [(run.first, run.speed) for run in held] in ([], [(video.end - 1, 0)])
    if held:  # One more frame would lie beyond the range.
        assert shown(video, ClipRun(first.frames + 1, first.first, speed), fps)[-1] >= video.end


@given(ranges(stated=True), LENGTHS, rates, SPEEDS)
def test_a_loop_repeats_one_run(
    video: ClipRange, frames: int, fps: Fraction, speed: Fraction
) -> None:
    runs = clip_runs(video, frames, fps, "loop", speed)
    assert all(one == other for one, other in pairwise(runs[:-1]))
    assert runs[-1].frames <= runs[0].frames
    if runs[0].speed:
        assert (runs[-1].first, runs[-1].speed) == (video.first, speed)


@given(
    ranges(stated=True),
    LENGTHS,
    rates,
    st.sampled_from(["trim", "hold", "loop"]),
    st.integers(0, 30),
    st.integers(0, 30),
)
def test_the_last_run_has_room_for_the_transition_out_of_it(
    video: ClipRange, frames: int, fps: Fraction, fit: ClipFit, head: int, tail: int
) -> None:
    """Unless the run before it would have none for the transition into it."""
    runs = clip_runs(video, frames, fps, fit, handles=(head, tail))
    if len(runs) > 1:
        longest = clip_runs(video, frames, fps, fit)[0].frames
        is_enough = runs[-1].frames >= min(tail, longest if fit == "loop" else tail)
        assert is_enough or runs[-2].frames <= head + 1


@given(ranges(stated=True), st.integers(2, 400), rates)
def test_a_fitted_speed_begins_and_ends_with_the_range(
    video: ClipRange, frames: int, fps: Fraction
) -> None:
    (run,) = clip_runs(video, frames, fps, "speed")
    assert video.end is not None
    assert run.first == video.first
    last = shown(video, run, fps)[-1]
    assert video.end - 1 - max(1, run.speed * video.fps / fps) <= last < video.end


@given(st.integers(1, 400), rates, st.integers(0, 30), st.integers(0, 30))
def test_an_unstated_in_point_leaves_room_for_the_handle_of_a_long_enough_video(
    frames: int, fps: Fraction, head: int, tail: int
) -> None:
    video = ClipRange(fps, head + frames + tail)
    for fit in ("trim", "speed"):
        (run,) = clip_runs(video, frames, fps, fit, handles=(head, tail))
        assert (run.first, run.speed) == (head, 1)
