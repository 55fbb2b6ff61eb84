"""Stable Video Diffusion held against its authors' sampler: ``reference/record_svd.py``."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from otio_gvideo.renderers.base import Call, Motion, Shot
from otio_gvideo.renderers.registry import renderer_class
from safetensors.torch import save_file

from .conftest import lasting
from .reference import record_svd as recording
from .reference.fixed_weights import fixed_weights
from .test_families import difference, rendered, settings_for

FOLDER = Path(__file__).parent / "reference"
SIDE = 8 * recording.LATENT[1]


def unet_file(path: Path) -> Path:
    """Save the UNet of the recording as its authors publish theirs, with a VAE beside it."""
    shapes = json.loads((FOLDER / "svd_shapes.json").read_text())
    tensors = {f"model.diffusion_model.{n}": t for n, t in fixed_weights(shapes).items()}
    save_file({**tensors, "first_stage_model.x.weight": torch.ones(2)}, path)
    return path


def test_every_step_is_that_of_the_authors_sampler(
    models: Callable[[str], Path], tmp_path: Path, shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = {"steps": recording.STEPS, "fps": recording.FPS_ID + 1}
    settings = {
        "model": str(models("svd")),
        "weights": str(unet_file(tmp_path / "svd_xt.safetensors")),
        "device": "cpu",
        "presets": {"draft": preset},
    }
    frames = recording.FRAMES
    call = Call(SIDE, SIDE, Fraction(recording.FPS_ID + 1), frames, 0, (), 1, 3)
    still = np.zeros((SIDE, SIDE, 3), np.uint8)
    found: dict[str, list[Any]] = {"x": [], "t": [], "times": []}
    with closing(renderer_class("svd")(settings, "draft")) as renderer:
        made: Any = renderer
        pipe = made._model.placed(call)
        monkeypatch.setattr(made, "first_frame", lambda *_: still)
        image = recording.conditioning()
        for name, value in (
            ("_encode_image", image["embedding"]),
            ("_encode_vae_image", image["latents"]),
        ):
            both = torch.cat([torch.zeros_like(value), value])
            monkeypatch.setattr(pipe, name, lambda *_, both=both, **__: both)
        monkeypatch.setattr(
            pipe,
            "prepare_latents",
            lambda *_: recording.noise()[None] * pipe.scheduler.init_noise_sigma,
        )
        forward = pipe.unet.forward

        def noted(x: Any, t: Any, **more: Any) -> Any:
            found["x"].append(x[1, :, :4])
            found["t"].append(t)
            found["times"].append(more["added_time_ids"][1])
            return forward(x, t, **more)

        monkeypatch.setattr(pipe.unet, "forward", noted)
        with torch.inference_mode():
            latents = made.denoise(pipe, shot, call, [still], lambda *_: None)
        sigmas = pipe.scheduler.sigmas[:-1]
    with np.load(FOLDER / "svd.npz") as file:
        recorded = {name: torch.from_numpy(file[name]) for name in file.files}
    torch.testing.assert_close(sigmas, recorded["sigmas"], rtol=2e-5, atol=1e-6)
    torch.testing.assert_close(torch.stack(found["t"]), 0.25 * sigmas.log())
    assert torch.equal(found["times"][0], torch.tensor([6.0, 127.0, 0.02]))
    inputs = torch.stack(found["x"])[:, ::6] * (sigmas**2 + 1).sqrt().view(-1, 1, 1, 1, 1)
    torch.testing.assert_close(inputs, recorded["inputs"], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(latents[0], recorded["latents"], rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_the_noise_on_the_keyframe_and_the_bucket_change_the_video(
    models: Callable[[str], Path], shot: Shot
) -> None:
    short = replace(lasting(shot, 9), motion=Motion(strength=0.5))
    settings = settings_for("svd", models)

    def with_noise(noise: float) -> list[Any]:
        presets = {"draft": {**settings["presets"]["draft"], "noise": noise}}
        return rendered("svd", {**settings, "presets": presets}, short)

    assert difference(with_noise(0.02), with_noise(0.3)) > 0.05
    lively = replace(short, motion=Motion(strength=0.6))
    assert difference(rendered("svd", settings, short), rendered("svd", settings, lively)) > 0.05


@pytest.mark.slow
def test_the_vae_computes_in_32_bits_beside_a_unet_in_16(
    models: Callable[[str], Path], shot: Shot
) -> None:
    settings = settings_for("svd", models, dtype="bfloat16")
    with closing(renderer_class("svd")(settings, "draft")) as renderer:
        made: Any = renderer
        call = Call(64, 64, Fraction(6), 14, 0, shot.keyframes, 0, 3)
        assert len(list(made.generate(shot, call, [], lambda *_: None))) == 14
        assert made._model.pipe.vae.dtype == torch.float32
        assert made._model.pipe.unet.dtype == torch.bfloat16
