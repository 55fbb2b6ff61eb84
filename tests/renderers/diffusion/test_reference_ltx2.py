"""LTX-2 held against Lightricks' own, by the figures of ``reference/record_ltx2.py``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from otio_gvideo.renderers.base import Call, Shot
from otio_gvideo.renderers.registry import renderer_class
from PIL import Image
from safetensors.torch import save_file

from .reference import record_ltx2 as recording
from .reference.fixed_weights import fixed_weights

FOLDER = Path(__file__).parent / "reference"


def test_every_step_of_the_distilled_model_is_lightricks(
    models: Callable[[str], Path], shot: Shot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import AutoencoderKLLTX2Video, LTX2VideoTransformer3DModel
    from diffusers.pipelines.ltx2 import pipeline_ltx2_condition as pipeline

    folder = tmp_path / "model"
    shutil.copytree(models("ltx2"), folder)
    shapes = json.loads((FOLDER / "ltx2_shapes.json").read_text())
    weights = {f"model.diffusion_model.{n}": v for n, v in fixed_weights(shapes).items()}
    save_file(weights, tmp_path / "distilled.safetensors")
    settings = {
        "model": str(folder),
        "weights": str(tmp_path / "distilled.safetensors"),
        "device": "cpu",
    }
    found: dict[str, list[Any]] = {"inputs": [], "timesteps": [], "places": []}
    forward = LTX2VideoTransformer3DModel.forward

    def watched(self: Any, *args: Any, **more: Any) -> Any:
        found["inputs"].append(more["hidden_states"])
        found["timesteps"].append(more["timestep"] / 1000)
        found["places"].append(more["video_coords"])
        return forward(self, *args, **more)

    stills = iter([recording.still(at) for at, _ in recording.STILLS])

    def encoded(self: Any, *_: Any) -> Any:
        mean, std = (t.view(1, -1, 1, 1, 1) for t in (self.latents_mean, self.latents_std))
        latents = next(stills) * std + mean
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: latents))

    monkeypatch.setattr(LTX2VideoTransformer3DModel, "forward", watched)
    monkeypatch.setattr(AutoencoderKLLTX2Video, "encode", encoded)
    monkeypatch.setattr(pipeline, "randn_tensor", recording.Noise())
    size = recording.SIZE
    fps = Fraction(recording.FPS)
    call = Call(size, size, fps, recording.FRAMES, 0, keyframes=(), overlap=0, seed=1)
    with closing(renderer_class("ltx2")(settings, "draft")) as made:
        renderer: Any = made
        grey = Image.new("RGB", (size, size))
        monkeypatch.setattr(
            renderer,
            "conditions",
            lambda *_: [
                pipeline.LTX2VideoCondition(
                    grey, index=1 + (at - 1) / 8 if at else 0, strength=strength, crf=0
                )
                for at, strength in recording.STILLS
            ],
        )
        both = torch.cat([recording.text("video"), recording.text("sound")], dim=-1)
        renderer._embeddings[renderer.prompt(shot)] = {
            "prompt_embeds": both,
            "prompt_attention_mask": torch.ones(both.shape[:2], dtype=torch.int64),
        }
        with torch.inference_mode():
            pipe = renderer._model.placed(call)
            latents = renderer.denoise(pipe, shot, call, [], lambda *_: None)
            vae = pipe.vae
            mean, std = (t.view(1, -1, 1, 1, 1) for t in (vae.latents_mean, vae.latents_std))
            latents = (latents - mean) / std
    with np.load(FOLDER / "ltx2.npz") as file:
        theirs = {name: torch.from_numpy(file[name]) for name in file.files}
    for name in ("timesteps", "places", "inputs"):
        made_here = torch.stack(found[name]).float()
        torch.testing.assert_close(made_here, theirs[name], rtol=1e-4, atol=1e-4, msg=name)
    torch.testing.assert_close(latents, theirs["latents"], rtol=1e-4, atol=1e-4)
