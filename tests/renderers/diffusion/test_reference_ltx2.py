"""LTX-2 held against Lightricks' own, by the figures of ``reference/record_ltx2.py``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
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


@contextmanager
def renderer(
    quality: str,
    weights: str,
    folder: Path,
    shot: Shot,
    monkeypatch: pytest.MonkeyPatch,
    **settings: Any,
) -> Iterator[Any]:
    """Yield a renderer on the recording's weights, text, noise and latents of stills."""
    from diffusers import AutoencoderKLLTX2Video
    from diffusers.pipelines.ltx2 import pipeline_ltx2_condition as pipeline

    shapes = json.loads((FOLDER / "ltx2_shapes.json").read_text())
    named = {f"model.diffusion_model.{n}": v for n, v in fixed_weights(shapes).items()}
    save_file(named, folder / f"{weights}.safetensors")
    settings |= {
        "model": str(folder / "model"),
        "weights": str(folder / f"{weights}.safetensors"),
        "device": "cpu",
    }
    stills: list[int] = []

    def encoded(self: Any, image: Any, **_: Any) -> Any:
        at = recording.STILLS[len(stills) % len(recording.STILLS)][0]
        stills.append(at)
        still = recording.still(at, image.shape[-1] // recording.SIZE)
        latents = denormalised(still)
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: latents))

    def conditions(*_: Any) -> list[Any]:
        grey = Image.new("RGB", (recording.SIZE, recording.SIZE))
        return [
            pipeline.LTX2VideoCondition(
                grey, index=1 + (at - 1) / 8 if at else 0, strength=strength, crf=0
            )
            for at, strength in recording.STILLS
        ]

    monkeypatch.setattr(AutoencoderKLLTX2Video, "encode", encoded)
    monkeypatch.setattr(pipeline, "randn_tensor", recording.Noise())
    with closing(renderer_class("ltx2")(settings, quality)) as made:
        prepared: Any = made
        monkeypatch.setattr(prepared, "conditions", conditions)
        embeddings = {}
        for kind, suffix in (("", ""), ("negative_", ".negative")):
            texts = [recording.text(f"{of}{suffix}") for of in ("video", "sound")]
            both = torch.cat(texts, dim=-1)
            embeddings[f"{kind}prompt_embeds"] = both
            mask = torch.ones(both.shape[:2], dtype=torch.int64)
            embeddings[f"{kind}prompt_attention_mask"] = mask
        if prepared.preset.guidance <= 1:
            embeddings = {n: v for n, v in embeddings.items() if not n.startswith("negative")}
        prepared._embeddings[prepared.prompt(shot)] = embeddings
        yield prepared


def denormalised(latents: Any) -> Any:
    mean, std = (one.view(1, -1, 1, 1, 1) for one in recording.statistics())
    return latents * std + mean


def latents_of(renderer: Any, shot: Shot, factor: int = 1) -> Any:
    """Return the normalised latents of a call, at a multiple of the recording's size."""
    side = factor * recording.SIZE
    fps = Fraction(recording.FPS)
    call = Call(side, side, fps, recording.FRAMES, 0, keyframes=(), overlap=0, seed=1)
    mean, std = recording.statistics()
    with torch.inference_mode():
        pipe = renderer._model.placed(call)
        pipe.vae.latents_mean.copy_(mean)
        pipe.vae.latents_std.copy_(std)
        latents = renderer.denoise(pipe, shot, call, [], lambda *_: None)
    return (latents - mean.view(1, -1, 1, 1, 1)) / std.view(1, -1, 1, 1, 1)


@pytest.fixture
def folder(models: Callable[[str], Path], tmp_path: Path) -> Path:
    shutil.copytree(models("ltx2"), tmp_path / "model")
    return tmp_path


@pytest.fixture(scope="module")
def theirs() -> dict[str, Any]:
    with np.load(FOLDER / "ltx2.npz") as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


def test_every_step_of_the_distilled_model_is_lightricks(
    folder: Path, theirs: dict[str, Any], shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import LTX2VideoTransformer3DModel

    found: dict[str, list[Any]] = {"inputs": [], "timesteps": [], "places": []}
    forward = LTX2VideoTransformer3DModel.forward

    def watched(self: Any, *args: Any, **more: Any) -> Any:
        found["inputs"].append(more["hidden_states"])
        found["timesteps"].append(more["timestep"] / 1000)
        found["places"].append(more["video_coords"])
        return forward(self, *args, **more)

    monkeypatch.setattr(LTX2VideoTransformer3DModel, "forward", watched)
    with renderer("draft", "distilled", folder, shot, monkeypatch) as made:
        latents = latents_of(made, shot)
    for name in ("timesteps", "places", "inputs"):
        made_here = torch.stack(found[name]).float()
        torch.testing.assert_close(made_here, theirs[name], rtol=1e-4, atol=1e-4, msg=name)
    torch.testing.assert_close(latents, theirs["latents"], rtol=1e-4, atol=1e-4)


def test_the_upsampler_and_the_second_pass_are_lightricks(
    folder: Path, theirs: dict[str, Any], shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers.pipelines.ltx2.latent_upsampler import LTX2LatentUpsamplerModel

    shapes = json.loads((FOLDER / "ltx2_upsampler_shapes.json").read_text())
    upsampler = LTX2LatentUpsamplerModel(in_channels=4, mid_channels=32, num_blocks_per_stage=1)
    kernel = {n: v for n, v in upsampler.state_dict().items() if n.endswith("blur_down.kernel")}
    upsampler.load_state_dict({**fixed_weights(shapes), **kernel})
    upsampler.save_pretrained(folder / "upsampler" / "latent_upsampler")
    from_here = {"upsampler": str(folder / "upsampler")}
    with renderer("high", "distilled", folder, shot, monkeypatch, **from_here) as made:
        upsampled: list[Any] = []
        inner = made._upsampled

        def watched(pipe: Any, latents: Any) -> Any:
            upsampled.append(inner(pipe, latents))
            return upsampled[0]

        monkeypatch.setattr(made, "_upsampled", watched)
        latents = latents_of(made, shot, factor=2)
    larger = denormalised(theirs["upsampled"])
    torch.testing.assert_close(upsampled[0], larger, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(latents, theirs["refined"], rtol=1e-4, atol=1e-4)


def test_the_guidance_of_the_model_before_distillation_is_lightricks(
    folder: Path, theirs: dict[str, Any], shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = {"presets": {"draft": {"steps": recording.DEV_STEPS}}}
    with renderer("draft", "dev", folder, shot, monkeypatch, **steps) as made:
        latents = latents_of(made, shot)
    torch.testing.assert_close(latents, theirs["dev"], rtol=1e-4, atol=1e-4)
