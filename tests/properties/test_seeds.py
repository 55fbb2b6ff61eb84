"""Rules of random numbers: no two uses of noise in a reel share a seed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.assembly.recipes import seed_of
from otio_gvideo.renderers.base import FrameGrid, Keyframe, Limits, Shot
from otio_gvideo.renderers.fit.planner import call_seed, plan
from otio_gvideo.renderers.run.motion_guard import attempt_shots

USES = ("", "refine", "decode", "global")
CAN = Limits(FrameGrid(8, 1, 9, 33), multiple=32, overlap=9, continues=True)


@st.composite
def reels(draw: st.DrawFn) -> list[Shot]:
    """The slots of a few scenes, each split at any frames, of any length."""
    quality = draw(st.sampled_from(["draft", "standard", "high"]))
    shots = []
    for number in range(draw(st.integers(1, 3))):
        stated = st.just(seed_of(f"scene {number}")) | st.integers(0, 2**31 - 1)
        starts = [0, *sorted(draw(st.sets(st.integers(1, 500), max_size=3)))]
        span = starts[-1] + draw(st.integers(1, 120))
        whole = Shot(
            *(64, 96, Fraction(24), span, 0, 0, 0, span, (Keyframe(Path("a.png"), 0),)),
            seed=draw(stated),
            quality=quality,
        )
        ends = [*starts[1:], span]
        shots += [
            replace(whole, start=start, frames=end - start)
            for start, end in zip(starts, ends, strict=True)
        ]
    return shots


@given(reels())
def test_slots_chunks_retries_and_uses_of_noise_have_seeds_of_their_own(reel: list[Shot]) -> None:
    scenes = {shot.seed for shot in reel}
    # Scenes with the same stated seed are meant to share it.
    reel = reel if len(scenes) == sum(shot.start == 0 for shot in reel) else reel[:1]
    seeds = [
        call_seed(call.seed, use)
        for shot in reel
        for attempt in attempt_shots(shot)
        for call in plan(attempt, CAN).calls
        for use in USES
    ]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**48 for seed in seeds)


@given(st.integers(0, 2**31 - 1))
def test_the_first_use_of_a_scenes_noise_has_its_stated_seed(seed: int) -> None:
    assert call_seed(seed) == call_seed(seed, 0, 0) == call_seed(seed, "") == seed
