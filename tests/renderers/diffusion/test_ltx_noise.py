"""Noise in LTX-Video's latents: none is left in the video, and what its settings change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from otio_gvideo.renderers.base import Call, Frame, Keyframe, Motion, Shot
from otio_gvideo.renderers.diffusion import prompt
from otio_gvideo.renderers.registry import renderer_class
from otio_gvideo.renderers.run.motion_guard import attempt_shots

from .conftest import lasting
from .test_conditions import call_of, grey
from .test_families import difference, settings_for

FIRST, MIDDLE, LAST = 0, 13, 24
OVERLAP = 9
FRAMES = 25


@pytest.fixture
def ideal(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[torch.Tensor]]:
    """A denoiser that knows the video, and an encoder without random numbers.

    The prediction is right for the timestep that each token is given. Yields the initial latents of
    every pass.
    """
    from diffusers import LTXConditionPipeline, LTXVideoTransformer3DModel
    from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution

    monkeypatch.setattr(DiagonalGaussianDistribution, "sample", lambda self, _=None: self.mean)
    noises: list[torch.Tensor] = []
    prepare = LTXConditionPipeline.prepare_latents

    def noted(self: Any, *args: Any, **more: Any) -> Any:
        found = prepare(self, *args, **more)
        noises.append(found[0][:, found[3] :])
        return found

    def predict(_: Any, hidden_states: torch.Tensor, timestep: torch.Tensor, **__: Any) -> Any:
        video = torch.linspace(-1, 1, hidden_states.shape[1])[None, :, None].sin()
        return ((hidden_states - video) / (timestep[..., None] / 1000).clamp(min=1e-3),)

    monkeypatch.setattr(LTXConditionPipeline, "prepare_latents", noted)
    monkeypatch.setattr(LTXVideoTransformer3DModel, "forward", predict)
    yield noises


def ltx(models: Callable[[str], Path], quality: str = "draft", **fields: Any) -> Any:
    """Return the renderer with the presets of its table, apart from ``fields``."""
    folder = models("ltx")
    settings = settings_for("ltx", models, upsampler=str(folder / "upsampler"))
    return renderer_class("ltx")({**settings, "presets": {quality: fields}}, quality)


def latents_of(renderer: Any, shot: Shot, call: Call, before: list[Frame]) -> torch.Tensor:
    renderer._encode(renderer.prompt(shot))
    with torch.inference_mode():
        pipe = renderer._model.placed(call)
        made: torch.Tensor = renderer.denoise(pipe, shot, call, before, lambda *_: None)
    return made


def leaves_no_noise(
    renderer: Any,
    quality: str,
    place: str,
    shot: Shot,
    stills: tuple[Path, Path],
    ideal: list[torch.Tensor],
) -> None:
    """Check that two seeds give the same latents at a keyframe, for all retries."""
    keys = [Keyframe(stills[0], FIRST)]
    keys += [Keyframe(stills[1], frame) for frame in (MIDDLE, LAST) if place in ("middle", "last")]
    call = call_of(shot, FRAMES, keyframes=tuple(keys))
    before: list[Frame] = []
    if place == "overlap":
        call = replace(call, keyframes=(), overlap=OVERLAP)
        before = [grey(50 + n, call) for n in range(OVERLAP)]
    for strength in (0.0, 1.0):
        moving = replace(lasting(shot, FRAMES), quality=quality, motion=Motion(strength=strength))
        for attempt in attempt_shots(moving):
            one, other = (
                latents_of(renderer, attempt, replace(call, seed=seed), before)
                for seed in (attempt.seed, attempt.seed + 1)
            )
            passes = 2 if quality == "high" else 1
            noise = float((ideal[-1 - passes] - ideal[-1]).std())
            assert noise > 0.2
            assert float((one - other).abs().max()) < 0.005 * noise


@pytest.mark.parametrize("place", ["first", "middle", "last", "overlap", "guide"])
@pytest.mark.parametrize(
    "quality", ["draft", pytest.param("standard", marks=pytest.mark.slow), "high"]
)
def test_no_noise_is_left_at_a_keyframe(
    quality: str,
    place: str,
    models: Callable[[str], Path],
    shot: Shot,
    stills: tuple[Path, Path],
    ideal: list[torch.Tensor],
) -> None:
    fields = {"guide": 0.4} if place == "guide" else {}
    with closing(ltx(models, quality, **fields)) as renderer:
        leaves_no_noise(renderer, quality, place, shot, stills, ideal)


@pytest.mark.parametrize(
    "changes",
    [
        {"motion": Motion(strength=0.55)},
        {"image_strength": 0.85},
    ],
)
def test_motion_strength_and_retries_loosen_the_keyframes(
    changes: dict[str, Any], models: Callable[[str], Path], shot: Shot
) -> None:
    # The prompt is the same.
    shot = replace(lasting(shot, FRAMES), motion=Motion(strength=0.5))
    other = replace(shot, **changes)
    assert prompt.prompt_of(other) == prompt.prompt_of(shot)
    call = call_of(shot, FRAMES)
    with closing(ltx(models, crf=0)) as renderer:
        tight, loose = (latents_of(renderer, one, call, []) for one in (shot, other))
    assert torch.equal(tight[:, :, 0], loose[:, :, 0])
    assert float((tight - loose)[:, :, 1:].abs().max()) > 1e-5


@pytest.mark.parametrize("field", ["noise", "decode_noise", "decode_timestep", "crf", "guide"])
def test_the_settings_of_noise_change_the_video(
    field: str, models: Callable[[str], Path], shot: Shot
) -> None:
    shot = lasting(shot, FRAMES)
    call = call_of(shot, FRAMES)
    videos = []
    for changes in ({}, {field: 0.5 if field != "crf" else 45}):
        with closing(ltx(models, **changes)) as renderer:
            videos.append(list(renderer.generate(shot, call, [], lambda *_: None)))
    assert difference(*videos) > 0


def test_every_pass_and_the_decoder_draw_from_streams_of_their_own(
    models: Callable[[str], Path], shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shot = replace(lasting(shot, FRAMES), quality="high")
    with closing(ltx(models, "high")) as renderer:
        seeds: list[int] = []
        seeded = type(renderer).generator

        def noted(self: Any, call: Call, use: str = "") -> torch.Generator:
            made: torch.Generator = seeded(self, call, use)
            seeds.append(made.initial_seed())
            return made

        monkeypatch.setattr(type(renderer), "generator", noted)
        list(renderer.generate(shot, call_of(shot, FRAMES, seed=7), [], lambda *_: None))
    assert seeds[0] == 7
    assert len(set(seeds)) == len(seeds) == 3


def test_denoising_starts_from_the_camera_move_at_a_timestep_of_the_schedule(
    models: Callable[[str], Path], shot: Shot
) -> None:
    shot = lasting(shot, FRAMES)

    def last_step(guide: float) -> tuple[int, int]:
        steps: list[tuple[int, int]] = []
        with closing(ltx(models, guide=guide)) as renderer:
            frames = renderer.generate(shot, call_of(shot, FRAMES), [], lambda *s: steps.append(s))
            assert len(list(frames)) == FRAMES
        return steps[-1]

    # From noise; from 909, the nearest to 900; from 725, the last.
    assert [last_step(guide) for guide in (0.0, 0.1, 0.4)] == [(7, 7), (2, 2), (1, 1)]


def test_a_still_at_any_frame_keeps_the_rate_of_the_reel(
    models: Callable[[str], Path], shot: Shot
) -> None:
    with closing(ltx(models)) as renderer:
        assert renderer.limits.keyframe_step == 1
        call = call_of(shot, FRAMES, keyframes=(Keyframe(shot.keyframes[0].image, MIDDLE),))
        assert [one.frame_index for one in renderer.conditions(shot, call, [])] == [MIDDLE]
        assert call.fps == Fraction(24)
