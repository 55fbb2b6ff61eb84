"""Conditioning: keyframes arrive whole and at their frames, with frames before and camera moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from otio_gvideo.renderers.base import Call, Frame, Keyframe, Shot
from otio_gvideo.renderers.diffusion import conditioning
from otio_gvideo.renderers.fit.planner import describe, plan
from otio_gvideo.renderers.registry import renderer_class
from PIL import Image

from . import tiny
from .conftest import SETTINGS, lasting
from .test_families import difference, rendered, settings_for


def call_of(shot: Shot, frames: int = 33, **more: Any) -> Call:
    fields = {"first": 0, "keyframes": shot.keyframes, "overlap": 0, "seed": 3, **more}
    return Call(width=64, height=128, fps=Fraction(24), frames=frames, **fields)


def grey(level: int, call: Call) -> Frame:
    return np.full((call.height, call.width, 3), level, np.uint8)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[torch.Tensor]]:
    """All tensors that a VAE encodes, as levels 0..255 of shape (frames, height, width, 3)."""
    import diffusers

    tensors: list[torch.Tensor] = []
    for name in ("AutoencoderKLLTXVideo", "AutoencoderKLLTX2Video", "AutoencoderKLWan"):
        kind = getattr(diffusers, name)
        original = kind.encode

        def encode(self: Any, x: torch.Tensor, *args: Any, _of: Any = original, **kw: Any) -> Any:
            tensors.append((x[0].float().permute(1, 2, 3, 0) + 1) * 127.5)
            return _of(self, x, *args, **kw)

        monkeypatch.setattr(kind, "encode", encode)
    yield tensors


def as_levels(frame: Frame) -> torch.Tensor:
    return torch.from_numpy(frame.astype(np.float32))


def test_a_disc_stays_round_in_a_frame_of_another_shape(tmp_path: Path, shot: Shot) -> None:
    y, x = np.mgrid[:200, :400]
    disc = (np.hypot(x - 200, y - 100) < 50).astype(np.uint8) * 255
    Image.fromarray(disc).save(tmp_path / "disc.png")
    frame = conditioning.conditioning_image(tmp_path / "disc.png", shot, call_of(shot))
    assert frame.shape == (128, 64, 3)
    columns, rows = (np.flatnonzero((frame[..., 0] > 127).any(axis=axis)) for axis in (0, 1))
    assert np.ptp(columns) == pytest.approx(np.ptp(rows), abs=1)
    assert np.ptp(rows) == pytest.approx(128 / 200 * 100, abs=2)


@pytest.mark.parametrize(("side", "zoom"), [(0.15, 1.0), (0.85, 1.0), (0.85, 1.4)])
def test_a_keyframe_is_cropped_as_the_camera_crops_it(
    tmp_path: Path, shot: Shot, side: float, zoom: float
) -> None:
    y, x = np.mgrid[:200, :400]
    disc = (np.hypot(x - side * 400, y - 100) < 25).astype(np.uint8) * 255
    Image.fromarray(disc).save(tmp_path / "disc.png")
    asked = replace(
        shot,
        keyframes=(Keyframe(tmp_path / "disc.png", 0),),
        motion=replace(shot.motion, camera="static", focus=(side, 0.5), zoom=zoom),
    )
    call = call_of(asked)
    frame = conditioning.conditioning_image(tmp_path / "disc.png", asked, call)
    assert np.ptp(np.flatnonzero((frame[..., 0] > 127).any(axis=0))) > 25  # The whole disc.
    assert difference([frame], conditioning.camera_clip(asked, call)[:1]) < 0.01


@pytest.mark.parametrize("fit", ["contain", "blur"])
def test_contain_and_blur_letterbox_a_still(tmp_path: Path, shot: Shot, fit: Any) -> None:
    Image.new("RGB", (100, 100), (240, 240, 240)).save(tmp_path / "square.png")
    call = call_of(shot)
    frame = conditioning.conditioning_image(tmp_path / "square.png", replace(shot, fit=fit), call)
    assert frame[64, 32].min() > 230
    assert frame[4, 32].max() < (20 if fit == "contain" else 160)


def test_a_still_compressed_by_h264_is_coarser_at_a_higher_crf(
    stills: tuple[Path, Path], shot: Shot
) -> None:
    rng = np.random.default_rng(3)
    grain = cv2.GaussianBlur(rng.integers(0, 256, (128, 64, 3), np.uint8), (3, 3), 0)
    losses = [
        float(np.abs(conditioning.compress(grain, crf).astype(float) - grain).mean())
        for crf in (1, 29, 45)
    ]
    assert 0.5 < losses[0] < losses[1] < losses[2]
    clean = conditioning.conditioning_image(stills[0], shot, call_of(shot))
    assert np.array_equal(
        clean, conditioning.conditioning_image(stills[0], shot, call_of(shot), crf=0)
    )
    assert not np.array_equal(
        clean, conditioning.conditioning_image(stills[0], shot, call_of(shot), crf=29)
    )


def test_a_camera_clip_has_the_slots_own_part_of_the_move(shot: Shot) -> None:
    call = Call(64, 128, Fraction(8), 16, 0, shot.keyframes, 0, 1)
    first = conditioning.camera_clip(shot, call)
    assert len(first) == 16
    assert difference(first[:1], first[-1:]) > 1
    whole = replace(shot, frames=96, span=96)
    later = conditioning.camera_clip(replace(whole, start=48, frames=48), call)
    through = conditioning.camera_clip(whole, replace(call, frames=32))
    assert difference(later, through[16:]) < 0.5


@pytest.mark.slow
@pytest.mark.parametrize("name", ("ltx", "ltx2"))
def test_keyframes_reach_the_model_unchanged_at_their_frames(
    name: str,
    models: Callable[[str], Path],
    shot: Shot,
    stills: tuple[Path, Path],
    seen: list[torch.Tensor],
) -> None:
    presets = {"draft": {**SETTINGS[name]["presets"]["draft"], "crf": 0}}
    keys = (Keyframe(stills[0], 0), Keyframe(stills[1], 16), Keyframe(stills[0], 32))
    asked = replace(lasting(shot, 33), keyframes=keys)
    call = call_of(asked)
    with closing(renderer_class(name)(settings_for(name, models, presets=presets), "draft")) as r:
        renderer: Any = r
        assert len(list(renderer.generate(asked, call, [], lambda *_: None))) == 33
        given = renderer.conditions(asked, call, [])
    assert [tuple(tensor.shape) for tensor in seen] == [(1, 128, 64, 3)] * 3
    for tensor, key in zip(seen, keys, strict=True):
        still = as_levels(conditioning.conditioning_image(key.image, asked, call))
        assert float((tensor[0] - still).abs().max()) < 1
    # LTX-Video counts frames; LTX-2 counts latent frames, the first of one frame.
    places = [c.frame_index if name == "ltx" else max(0, 1 + 8 * (c.index - 1)) for c in given]
    assert places == [0, 16, 32]


@pytest.mark.slow
@pytest.mark.parametrize("name", ("ltx", "ltx2"))
def test_every_keyframe_changes_the_video(
    name: str, models: Callable[[str], Path], shot: Shot, stills: tuple[Path, Path]
) -> None:
    settings = settings_for(name, models)
    asked = lasting(shot, 33)
    keys = [(Keyframe(stills[0], 0), Keyframe(stills[n], 16)) for n in (0, 1)]
    one, other = (rendered(name, settings, replace(asked, keyframes=key)) for key in keys)
    assert difference(one, other) > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("name", ("ltx", "ltx2"))
def test_the_frames_before_reach_the_model_whole(
    name: str, models: Callable[[str], Path], shot: Shot, seen: list[torch.Tensor]
) -> None:
    settings = settings_for(name, models)
    with closing(renderer_class(name)(settings, "draft")) as renderer:
        overlap = renderer.limits.overlap
        call = call_of(shot, overlap=overlap, keyframes=())
        before = [grey(60 + 5 * n, call) for n in range(overlap)]
        list(renderer.generate(shot, call, before, lambda *_: None))
    (tensor,) = seen
    assert tuple(tensor.shape) == (17, 128, 64, 3)
    levels = tensor.mean(dim=(1, 2, 3))
    assert torch.allclose(levels, torch.tensor([60.0 + 5 * n for n in range(17)]), atol=1)


def test_limits_round_an_overlap_down_to_the_latent_grid(
    models: Callable[[str], Path],
) -> None:
    presets = {"draft": {"overlap": 15, "steps": 2}}
    assert renderer_class("ltx")({"presets": presets}, "draft").limits.overlap == 9


@pytest.mark.slow
def test_a_camera_move_can_condition_ltx_as_video(
    models: Callable[[str], Path], shot: Shot, seen: list[torch.Tensor]
) -> None:
    presets = {"draft": {**SETTINGS["ltx"]["presets"]["draft"], "guide": 0.5}}
    with closing(
        renderer_class("ltx")(settings_for("ltx", models, presets=presets), "draft")
    ) as renderer:
        assert "camera" in renderer.limits.controls
        call = call_of(shot)
        list(renderer.generate(shot, call, [], lambda *_: None))
    clip = np.stack(conditioning.camera_clip(shot, call))
    assert tuple(seen[0].shape) == (33, 128, 64, 3)
    assert float((seen[0] - torch.from_numpy(clip.astype(np.float32))).abs().mean()) < 1


@pytest.mark.slow
def test_svd_chains_from_the_last_frame_in_the_stills_colours(
    models: Callable[[str], Path], shot: Shot
) -> None:
    renderer: Any = renderer_class("svd")(settings_for("svd", models), "draft")
    call = call_of(shot, frames=14, overlap=1)
    still = conditioning.conditioning_image(shot.keyframes[0].image, shot, call)
    drifted = np.clip(still.astype(float) * 0.8 + 25, 0, 255).astype(np.uint8)
    given = renderer.first_frame(shot, call, [drifted])
    for channel in range(3):
        assert given[..., channel].mean() == pytest.approx(still[..., channel].mean(), abs=2)
    assert difference([given], [still]) < difference([drifted], [still]) / 3


@pytest.mark.slow
def test_wan_gets_a_last_frame_if_it_honours_one(
    models: Callable[[str], Path], shot: Shot, stills: tuple[Path, Path], seen: list[torch.Tensor]
) -> None:
    presets = {"draft": {"steps": 2, "frames": 33}}
    settings = settings_for("wan_a14b", models, presets=presets)
    asked = replace(lasting(shot, 37), keyframes=(*shot.keyframes, Keyframe(stills[1], 36)))
    first, other = (
        rendered("wan", settings, one)
        for one in (asked, replace(asked, keyframes=(*shot.keyframes, Keyframe(stills[0], 36))))
    )
    assert len(first) == 37
    assert difference(first, other) > 0
    call = plan(asked, renderer_class("wan")(settings, "draft").limits).calls[0]
    assert call.keyframes[-1].frame == call.frames - 1
    assert len(seen[0]) == call.frames
    shown = as_levels(conditioning.conditioning_image(stills[1], asked, call))
    assert float((seen[0][-1] - shown).abs().max()) < 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ("wan", "wan_5b"))
def test_other_wan_models_get_no_last_frame_and_the_plan_says_so(
    name: str, models: Callable[[str], Path], shot: Shot, stills: tuple[Path, Path]
) -> None:
    settings = settings_for(name, models)
    asked = replace(lasting(shot, 20), keyframes=(*shot.keyframes, Keyframe(stills[1], 19)))
    with closing(renderer_class("wan")(settings, "draft")) as renderer:
        made = plan(asked, renderer.limits)
    assert "keyframe blue.png at frame 19 is not honoured" in describe(made)
    assert len(rendered("wan", settings, asked)) == 20


def test_wan_models_are_recognised_by_their_folders(
    models: Callable[[str], Path], tmp_path: Path
) -> None:
    flf2v = tiny.wan(tmp_path / "flf2v", pos_embed_seq_len=10)
    folders = {"2.1": models("wan"), "5B": models("wan_5b"), "A14B": models("wan_a14b")}
    limits = {
        name: renderer_class("wan")({"model": str(folder)}, "standard").limits
        for name, folder in {**folders, "FLF2V": flf2v}.items()
    }
    assert [(one.fps, one.multiple) for one in limits.values()] == [
        (16, 16), (24, 32), (16, 16), (16, 16),
    ]  # fmt: skip
    assert ["last" in one.conditions for one in limits.values()] == [False, False, True, True]
    assert [one.frames.most for one in limits.values()] == [81, 121, 81, 81]
    # By name before they are downloaded.
    named = {"Wan-AI/Wan2.2-TI2V-5B-Diffusers": False, "Wan-AI/Wan2.2-I2V-A14B-Diffusers": True}
    for name, takes_last in named.items():
        can = renderer_class("wan")({"model": name}, "standard").limits
        assert ("last" in can.conditions) is takes_last
