"""A script's motion as prompts, conditioning strengths and LoRAs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.renderers.base import CAMERA_MOVES, Keyframe, Motion, Shot
from otio_gvideo.renderers.diffusion import local_weights
from otio_gvideo.renderers.diffusion.loras import camera_lora
from otio_gvideo.renderers.diffusion.motion_strength import (
    MOST_NOISE,
    condition_noise,
    keyframe_crf,
    keyframe_noise,
    keyframe_strength,
    motion_bucket,
)
from otio_gvideo.renderers.diffusion.prompt import (
    DEFAULT_NEGATIVE_PROMPT,
    camera_phrase,
    prompt_of,
)
from otio_gvideo.renderers.diffusion.weight_source import WeightSource
from otio_gvideo.renderers.fit.planner import describe, plan
from otio_gvideo.renderers.registry import renderer_class

from . import hub

strengths = st.floats(0, 1)


def test_every_camera_move_has_a_phrase_with_its_pace() -> None:
    said = [camera_phrase(Motion(camera=move, amount=0.3)) for move in CAMERA_MOVES]
    assert len(set(said)) == len(CAMERA_MOVES)
    assert all(said)
    paces = [camera_phrase(Motion("pan_left", amount)) for amount in (0.2, 0.5, 0.9)]
    assert paces == [
        "the camera slowly pans to the left",
        "the camera steadily pans to the left",
        "the camera quickly pans to the left",
    ]
    assert camera_phrase(Motion("pan_left", 0.0)) == camera_phrase(Motion("static"))


def test_motion_is_appended_to_the_prompt(shot: Shot) -> None:
    positive, negative = prompt_of(shot)
    assert positive.startswith("a lamp above the sea, the camera slowly pushes in, ")
    assert negative == DEFAULT_NEGATIVE_PROMPT
    own = replace(shot, negative_prompt="rain", prompt="")
    assert prompt_of(own)[1] == "rain"
    assert prompt_of(own)[0].startswith("the camera")


@given(strengths, strengths)
def test_motion_parameters_grow_with_strength(one: float, other: float) -> None:
    less, more = (Motion(strength=value) for value in sorted((one, other)))
    assert motion_bucket(less) <= motion_bucket(more)
    assert keyframe_crf(29, less.strength) <= keyframe_crf(29, more.strength)


def test_keyframe_strength_falls_with_motion_strength_and_on_retries(shot: Shot) -> None:
    def held(strength: float, image_strength: float = 1.0) -> float:
        moving = replace(shot, motion=Motion(strength=strength), image_strength=image_strength)
        return keyframe_strength(0.9, moving)

    assert held(0.5) == pytest.approx(0.9)
    assert held(0.0) == 1.0
    assert held(1.0) == pytest.approx(0.75)
    assert held(0.5, 0.7) == pytest.approx(0.63)
    noisy = replace(shot, image_strength=0.7)
    assert keyframe_noise(0.02, noisy) > 3 * keyframe_noise(0.02, shot)


@given(strengths, strengths, st.floats(0.5, 1), st.floats(0.5, 1))
def test_the_noise_on_ltx_keyframes_grows_with_strength_and_retries_up_to_a_bound(
    strength: float, other: float, hold: float, other_hold: float
) -> None:
    still = Keyframe(Path("a.png"), 0)
    shot = Shot(64, 96, Fraction(24), 48, 0, 0, 0, 48, (still,))

    def noise(base: float, strength: float, hold: float) -> float:
        moving = replace(shot, motion=Motion(strength=strength), image_strength=hold)
        return condition_noise(base, moving)

    less, more = sorted((strength, other))
    tight, loose = sorted((hold, other_hold), reverse=True)
    assert noise(0.15, 0.5, 1.0) == pytest.approx(0.15)
    assert 0 < noise(0.15, less, tight) <= noise(0.15, more, loose) <= MOST_NOISE
    assert noise(0.6, more, loose) <= 0.6
    assert noise(0.0, more, loose) == 0


def test_the_motion_bucket_is_the_published_one_by_default_and_in_range() -> None:
    assert motion_bucket(Motion("push_in", 0.3, strength=0.5)) == 127
    assert motion_bucket(Motion("static", strength=0.5)) < 127
    assert motion_bucket(Motion("push_in", 0.9, strength=0.5)) > 127
    assert motion_bucket(Motion("static", strength=0.0)) >= 1
    assert motion_bucket(Motion("push_in", 1.0, strength=1.0)) == 255


def test_a_larger_move_has_a_larger_lora_weight() -> None:
    loras = {"push_in": WeightSource("a/b")}
    weights = [camera_lora(Motion("push_in", amount), loras) for amount in (0.3, 0.6)]
    assert weights == [(WeightSource("a/b"), 0.7), (WeightSource("a/b"), 0.85)]
    assert camera_lora(Motion("push_in", 0.0), loras) is None
    assert camera_lora(Motion("pan_left", 0.5), loras) is None


@pytest.mark.parametrize(
    ("name", "settings", "note"),
    [
        ("ltx", {}, "motion.camera push_in is only described in the prompt"),
        ("ltx", {"presets": {"draft": {"guide": 0.4}}}, None),
        ("svd", {}, "motion.camera push_in only decides how much moves"),
        ("wan", {}, "motion.camera push_in is only described in the prompt"),
        ("animatediff", {}, None),
        ("animatediff", {"ip_adapter": "a/b/c.safetensors", "camera_loras": "published"}, None),
        (
            "animatediff",
            {"ip_adapter": "a/b/c.safetensors"},
            "motion.camera push_in is only described in the prompt",
        ),
    ],
)
def test_the_plan_notes_how_a_camera_move_is_honoured(
    name: str, settings: dict[str, Any], note: str | None, shot: Shot
) -> None:
    lines = describe(plan(shot, renderer_class(name)(settings, "draft").limits))
    assert [line for line in lines if line.startswith("motion.camera")] == ([note] if note else [])


def test_a_move_without_a_published_lora_is_noted_as_words_only(shot: Shot) -> None:
    settings = {"ip_adapter": "a/b/c.safetensors", "camera_loras": "published"}
    orbit = replace(shot, motion=Motion("orbit_left"))
    lines = describe(plan(orbit, renderer_class("animatediff")(settings, "draft").limits))
    assert "motion.camera orbit_left is only described in the prompt" in lines


def test_recipes_pin_the_cached_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: Callable[[str], Path]
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    settings = {"model": "acme/tiny", "weights": "acme/files/x.safetensors"}
    assert local_weights.pin_revisions("ltx", settings) == settings
    for name in ("tiny", "files"):
        storage = tmp_path / f"models--acme--{name}"
        (storage / "snapshots" / hub.COMMIT).mkdir(parents=True)
        (storage / "refs").mkdir()
        (storage / "refs" / "main").write_text(hub.COMMIT)
    assert local_weights.pin_revisions("ltx", settings) == {
        "model": "acme/tiny",
        "revision": hub.COMMIT,
        "weights": {"model": "acme/files", "revision": hub.COMMIT, "file": "x.safetensors"},
    }
    stated = {"model": "acme/tiny", "revision": "v2"}
    assert local_weights.pin_revisions("svd", stated) == stated
    assert local_weights.pin_revisions("camera", {}) == {}
